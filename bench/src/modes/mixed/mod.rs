//! A day in a few minutes: people write in pairs and in the room, are seen typing, read what comes,
//! leave the desk, go and come back. What everything takes while everything happens.
//!
//! Each person acts at random times around `pace`, by a seed, so that two runs are alike.

mod chance;
mod seen;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io,
    time::{Duration, Instant},
};

use clap::Args;
use shared::{
    ClientFrame, Code, ConversationId, Seq,
    event::Position,
    frame::{Presence, PresenceSet, Typing},
};

use self::{
    chance::Chance,
    seen::{Seen, Sent},
};
use crate::{
    crew::{self, Failure as CrewFailure},
    crowd::{
        Crowd,
        arrive::{NotIn, PATIENCE},
        upgrade::Person,
    },
    flags,
    meter::{Meter, Used},
    moment::Moment,
    process::Process,
    progress::Progress,
    report::{self, Case, Report},
    target::{self, NoServer, Target},
    wire,
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    /// How many people, in pairs who write to each other
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 500, value_name = "N")]
    people: usize,
    /// Seconds between two things that a person does, on average
    #[arg(long, value_parser = flags::positive, default_value_t = 10.0, value_name = "S")]
    pace: f64,
    /// Length of a text, in bytes
    #[arg(long, value_parser = flags::content, default_value_t = 128, value_name = "BYTES")]
    content: usize,
    /// Seconds before anything is counted
    #[arg(long, default_value_t = 5, value_name = "S")]
    warm_up: u64,
    /// Seconds that are counted
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), default_value_t = 60, value_name = "S")]
    seconds: u64,
    /// Of the chance by which they act
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NoServer(#[from] NoServer),
    #[error(transparent)]
    NotIn(#[from] NotIn),
    #[error(transparent)]
    Crew(#[from] CrewFailure),
    #[error("The server answered {0:?}: start it with --demo --rate-limits off")]
    Refused(Code),
    #[error(transparent)]
    System(#[from] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let target = flags.target.target()?;
    let crew = crew::Flags {
        accounts: None,
        at_once: 64,
    };
    let people = crew.people(&target.server, flags.people.next_multiple_of(2))?;
    let mut progress = Progress::of("mixed");
    let mut day = Day::begin(Crowd::new(&target.server)?, people, flags, &mut progress)?;
    day.go_on(Duration::from_secs(flags.warm_up), &mut progress)?;
    day.seen.measure();
    let meter = Meter::start(target.process);
    day.go_on(Duration::from_secs(flags.seconds), &mut progress)?;
    let used = meter.read();
    day.seen.end(Moment::now());
    let report = Report::new("mixed")
        .setting("people", flags.people)
        .setting("pace_s", flags.pace)
        .setting("content", flags.content)
        .setting("seconds", flags.seconds)
        .setting("seed", flags.seed)
        .case(case(&day.seen, used, &target));
    flags.target.keep(&report)?;
    Ok(report)
}

fn case(seen: &Seen, used: Used, target: &Target) -> Case {
    let wall = used.wall.as_secs_f64();
    let each_s = |count: u64| report::count(count) / wall;
    let resident = target.process.and_then(Process::resident_kib);
    let mut case = Case::new("mixed")
        .with("sends_per_s", each_s(seen.counts.sends))
        .with("frames_to_clients_per_s", each_s(seen.counts.frames))
        .with("comings_per_s", each_s(seen.counts.comings))
        .with_any("server_cpu_share", used.server_share())
        .with_any("generator_cpu_share", used.own_share())
        .with_any("server_rss_mib", resident.map(report::mib));
    for (name, times, per_mille) in [
        ("ack_p50_ms", &seen.acks, 500),
        ("ack_p99_ms", &seen.acks, 990),
        ("private_p50_ms", &seen.private, 500),
        ("private_p99_ms", &seen.private, 990),
        ("room_p50_ms", &seen.room, 500),
        ("room_p99_ms", &seen.room, 990),
        ("coming_p50_ms", &seen.comings, 500),
        ("coming_p99_ms", &seen.comings, 990),
    ] {
        case = case.with(name, times.quantile_ms(per_mille));
    }
    case.with("lost", report::count(seen.counts.lost))
        .with("doubled", report::count(seen.counts.doubled))
        .with("left_to_pull", report::count(seen.counts.left_to_pull))
        .with("cut_by_server", report::count(seen.counts.cut_by_server))
}

/// What people are about to do.
struct Day<'a> {
    crowd: Crowd,
    people: Vec<Person>,
    flags: &'a Flags,
    content: String,
    chance: Chance,
    /// By time: who does what.
    plan: BinaryHeap<Reverse<(Moment, usize, Act)>>,
    is_away: Vec<bool>,
    sent: u64,
    seen: Seen,
}

/// What somebody does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Act {
    /// Thinks of something to do.
    Choose,
    /// Has finished typing.
    Send(ConversationId),
    /// Has seen a message.
    Read(ConversationId, Seq),
    /// Comes back after a while offline.
    Return,
}

impl<'a> Day<'a> {
    fn begin(
        mut crowd: Crowd,
        people: Vec<Person>,
        flags: &'a Flags,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        let mut seen = Seen::new(people.len());
        let mut chance = Chance::of(flags.seed);
        let mut plan = BinaryHeap::new();
        // As they come in one by one, each says who they are.
        for (at, person) in people.iter().enumerate() {
            crowd
                .open(person)
                .map_err(|source| NotIn::NoRoom { at, source })?;
            seen.is_coming(at, Moment::now());
            let patience = Moment::now() + PATIENCE;
            while seen.here() + AT_ONCE <= at + 1 {
                turn(&mut crowd, &mut seen, TURN)?;
                if seen.counts.cut_by_server > 0 {
                    return Err(NotIn::Ended.into());
                }
                if Moment::now() > patience {
                    let waiting = at + 1 - seen.here();
                    return Err(NotIn::Silence { waiting }.into());
                }
            }
            plan.push(Reverse((
                Moment::now() + chance.around(flags.pace),
                at,
                Act::Choose,
            )));
            progress.tell(|| format!("{} of {} are in", seen.here(), people.len()));
        }
        Ok(Self {
            crowd,
            content: wire::content(flags.content),
            is_away: vec![false; people.len()],
            people,
            flags,
            chance,
            plan,
            sent: 0,
            seen,
        })
    }

    fn go_on(&mut self, time: Duration, progress: &mut Progress) -> Result<(), Failure> {
        let until = Instant::now() + time;
        let mut forgot_at = Moment::now();
        while Instant::now() < until {
            let now = Moment::now();
            while let Some(Reverse((when, at, act))) = self.plan.peek().copied()
                && when <= now
            {
                self.plan.pop();
                self.act(at, act, now)?;
            }
            let next = self
                .plan
                .peek()
                .map_or(TURN, |Reverse((when, ..))| when.since(now));
            turn(&mut self.crowd, &mut self.seen, next.clamp(SHORTEST, TURN))?;
            for (at, position) in std::mem::take(&mut self.seen.to_mark) {
                self.say(at, &ClientFrame::Delivered(position));
                let Position {
                    conversation, seq, ..
                } = position;
                self.later(READING, at, Act::Read(conversation, seq));
            }
            for at in std::mem::take(&mut self.seen.to_return) {
                self.later(GONE, at, Act::Return);
            }
            let seen = &mut self.seen;
            if now.since(forgot_at) > FORGETTING_EACH {
                seen.forget_before(now);
                forgot_at = now;
            }
            progress.tell(|| {
                let counts = &seen.counts;
                format!(
                    "{} sent, {} are here, {} lost",
                    counts.sends,
                    seen.here(),
                    counts.lost
                )
            });
        }
        Ok(())
    }

    fn act(&mut self, at: usize, act: Act, now: Moment) -> Result<(), Failure> {
        match act {
            Act::Choose => {
                self.choose(at);
                let next = self.chance.around(self.flags.pace);
                self.later(next, at, Act::Choose);
            }
            Act::Send(conversation) => self.send(at, conversation, now),
            Act::Read(conversation, seq) => {
                self.say(at, &ClientFrame::Read(Position::new(conversation, seq)));
            }
            Act::Return => {
                if let Some(person) = self.people.get(at) {
                    self.crowd.reopen(at, person)?;
                    self.seen.is_coming(at, now);
                }
            }
        }
        Ok(())
    }

    fn choose(&mut self, at: usize) {
        if !self.seen.is_here(at) {
            return;
        }
        match self.chance.next() % 100 {
            // Most of what is written is written to one person.
            0..60 => {
                if let Some(conversation) = self.seen.conversation_of(at) {
                    self.begin_to_write(at, conversation);
                }
            }
            60..75 => self.begin_to_write(at, ConversationId::EVERYONE),
            75..95 => {
                let Some(is_away) = self.is_away.get_mut(at) else {
                    return;
                };
                *is_away = !*is_away;
                let presence = if *is_away {
                    Presence::Away
                } else {
                    Presence::Online
                };
                self.say(at, &ClientFrame::Presence(PresenceSet { presence }));
            }
            _ => {
                self.crowd.cut(at);
                self.seen.is_gone(at);
                self.later(GONE, at, Act::Return);
            }
        }
    }

    fn begin_to_write(&mut self, at: usize, conversation: ConversationId) {
        self.say(at, &ClientFrame::Typing(Typing { conversation }));
        self.later(TYPING, at, Act::Send(conversation));
    }

    fn send(&mut self, at: usize, conversation: ConversationId, now: Moment) {
        if !self.seen.is_here(at) {
            return;
        }
        self.sent += 1;
        let id = format!("{}-{}", crate::run_id(), self.sent);
        let is_private = conversation != ConversationId::EVERYONE;
        let text = if is_private {
            wire::private_message(&wire::name(at ^ 1), &id, &self.content)
        } else {
            wire::message(&id, &self.content)
        };
        let to = is_private.then_some(at ^ 1);
        self.seen.sends(id, Sent::new(to, now));
        self.crowd.queue(at, &text);
        self.flush(at);
    }

    fn say(&mut self, at: usize, frame: &ClientFrame) {
        if self.seen.is_here(at) {
            self.crowd.queue(at, frame.encode());
            self.flush(at);
        }
    }

    fn flush(&mut self, at: usize) {
        if self.crowd.flush(at).is_err() {
            self.crowd.cut(at);
            self.seen.is_cut(at);
        }
    }

    fn later(&mut self, time: Duration, at: usize, act: Act) {
        self.plan.push(Reverse((Moment::now() + time, at, act)));
    }
}

fn turn(crowd: &mut Crowd, seen: &mut Seen, wait: Duration) -> Result<(), Failure> {
    crowd.turn(wait, &mut |at, now, happening| {
        seen.happened(at, now, happening);
    })?;
    match seen.refused {
        Some(code) => Err(Failure::Refused(code)),
        None => Ok(()),
    }
}

const TURN: Duration = Duration::from_millis(50);
/// The system's wait counts in whole milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);
/// From the first key to the send.
const TYPING: Duration = Duration::from_secs(1);
/// From a message on screen to its read mark.
const READING: Duration = Duration::from_millis(500);
/// Longer than a reload, so that the others are told.
const GONE: Duration = Duration::from_secs(7);
const FORGETTING_EACH: Duration = Duration::from_secs(1);
/// People who are on their way in at a time.
const AT_ONCE: usize = 64;
