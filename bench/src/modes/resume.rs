//! All come back at once: so many sockets are cut, something is said meanwhile, and all sign in
//! again, compare cursors, ask for a summary and pull what they missed, as the app does.

use std::{io, time::Duration};

use clap::Args;
use shared::{
    ClientFrame, ConversationId, RequestId, Seq, ServerFrame,
    event::Position,
    frame::{Ask, Heartbeat, Pull},
};

use super::idle::settle;
use crate::{
    blocking::{self, Socket},
    crew::{self, Failure as CrewFailure},
    crowd::{Crowd, Happening, arrive::NotIn, upgrade::Person},
    flags,
    histogram::Histogram,
    meter::Meter,
    moment::Moment,
    process::Process,
    progress::Progress,
    report::{self, Case, Report},
    target::{self, NoServer},
    wire,
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    /// Sockets that are cut and come back
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 1000, value_name = "N")]
    sockets: usize,
    /// They belong to this many people with accounts, on a server that is no demo; without it, each
    /// belongs to somebody else in a demo
    #[arg(long, value_parser = flags::at_least_one, value_name = "N")]
    accounts: Option<usize>,
    /// Messages that they miss
    #[arg(long, default_value_t = 100, value_name = "N")]
    missed: u64,
    /// How many are on their way back at a time
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 256, value_name = "N")]
    at_once: usize,
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
    #[error(transparent)]
    Writer(#[from] blocking::Failure),
    #[error("Socket {at} did not come back: {why}")]
    NotBack { at: usize, why: String },
    #[error("{waiting} sockets are not in sync and nothing comes any more")]
    Silence { waiting: usize },
    #[error(transparent)]
    System(#[from] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let crew = crew::Flags {
        accounts: flags.accounts,
        at_once: flags.at_once.min(64),
    };
    let target = flags.target.target_in(crew.world())?;
    let people = crew.people(&target.server, flags.sockets)?;
    let writer = match (flags.accounts, people.first()) {
        (Some(_), Some(person)) => person.clone(),
        _ => Person::Named("bench-writer".into()),
    };
    let mut crowd = Crowd::new(&target.server)?;
    let mut progress = Progress::of("resume");
    crew.arrive(&mut crowd, &people, &mut progress)?;
    let cursor = write(&target.server, &writer, 1)?;
    settle(&mut crowd, &mut progress)?;
    for at in 0..flags.sockets {
        crowd.cut(at);
    }
    let head = write(&target.server, &writer, flags.missed)?;
    let meter = Meter::start(target.process);
    let mut storm = Storm::new(crowd, cursor, head);
    storm.run(&people, flags.at_once, &mut progress)?;
    let used = meter.read();
    let sockets = report::count(flags.sockets);
    let took = storm.back.finished.since(storm.back.started);
    let resident = target.process.and_then(Process::resident_kib);
    let case = Case::new("resume")
        .with("all_in_sync_s", took.as_secs_f64())
        .with("resumes_per_s", sockets / took.as_secs_f64())
        .with_any("resumes_per_server_cpu_s", used.per_server_cpu_s(sockets))
        .with_quantiles(&storm.back.times)
        .with("pulled_events", report::count(storm.back.pulled))
        .with("pages", report::count(storm.back.pages))
        .with("holes", report::count(storm.back.holes))
        .with_any("server_cpu_share", used.server_share())
        .with_any("generator_cpu_share", used.own_share())
        .with_any("server_rss_mib", resident.map(report::mib));
    let report = Report::new("resume")
        .setting("sockets", flags.sockets)
        .setting("accounts", flags.accounts)
        .setting("missed", flags.missed)
        .setting("at_once", flags.at_once)
        .case(case);
    flags.target.keep(&report)?;
    Ok(report)
}

/// Somebody says so many things; where the last one stands.
fn write(server: &str, by: &Person, count: u64) -> Result<Position, Failure> {
    let mut writer = Socket::sign_in(server, by)?;
    let mut last = Position::new(ConversationId::EVERYONE, Seq::NONE);
    let part = Moment::now().nanos_since(Moment::ZERO);
    for number in 0..count {
        let id = format!("{}-{part}-{number}", crate::run_id());
        writer.send(wire::message(&id, &wire::content(128)))?;
        let answer = writer.ack()?;
        last.seq = answer.seq.unwrap_or_default();
        last.check = answer.check;
    }
    Ok(last)
}

struct Storm {
    crowd: Crowd,
    back: Back,
}

/// Who is back.
struct Back {
    started: Moment,
    finished: Moment,
    steps: Vec<Step>,
    /// What all had when they were cut.
    cursor: Position,
    /// What they are to have.
    head: u64,
    in_sync: usize,
    times: Histogram,
    pulled: u64,
    pages: u64,
    holes: u64,
    /// What is to be said next, and by whom.
    to_say: Vec<(usize, String)>,
    failed: Option<Failure>,
    moved_at: Moment,
}

#[derive(Clone, Copy)]
struct Step {
    cursor: u64,
    has_summary: bool,
    is_done: bool,
}

impl Storm {
    fn new(crowd: Crowd, cursor: Position, head: Position) -> Self {
        let step = Step {
            cursor: cursor.seq.0,
            has_summary: false,
            is_done: false,
        };
        let now = Moment::now();
        let back = Back {
            started: now,
            finished: now,
            steps: vec![step; crowd.len()],
            cursor,
            head: head.seq.0,
            in_sync: 0,
            times: Histogram::new(),
            pulled: 0,
            pages: 0,
            holes: 0,
            to_say: Vec::new(),
            failed: None,
            moved_at: now,
        };
        Self { crowd, back }
    }

    fn run(
        &mut self,
        people: &[Person],
        at_once: usize,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut coming = people.iter().enumerate();
        let mut begun = 0;
        while self.back.in_sync < people.len() {
            while begun < self.back.in_sync + at_once.max(1)
                && let Some((at, person)) = coming.next()
            {
                self.crowd.reopen(at, person)?;
                begun += 1;
            }
            let back = &mut self.back;
            self.crowd.turn(TURN, &mut |at, now, happening| {
                back.happened(at, now, happening);
            })?;
            if let Some(failure) = self.back.failed.take() {
                return Err(failure);
            }
            for (at, text) in std::mem::take(&mut self.back.to_say) {
                self.crowd.queue(at, &text);
                self.crowd.flush(at).map_err(|ended| not_back(at, &ended))?;
            }
            if self.back.moved_at.elapsed() > PATIENCE {
                let waiting = people.len() - self.back.in_sync;
                return Err(Failure::Silence { waiting });
            }
            let in_sync = self.back.in_sync;
            progress.tell(|| format!("{in_sync} of {} are in sync", people.len()));
        }
        Ok(())
    }
}

impl Back {
    fn happened(&mut self, at: usize, now: Moment, happening: Happening<'_>) {
        match happening {
            Happening::Frame(text) => self.hear(at, now, text),
            Happening::Ended(why) => {
                self.failed.get_or_insert(not_back(at, why));
            }
            Happening::Opened | Happening::Pinged => {}
        }
    }

    fn hear(&mut self, at: usize, now: Moment, text: &[u8]) {
        if wire::is_welcome(text) {
            // The server compares cursors before it is trusted; the summary is asked for beside it.
            self.say(
                at,
                &ClientFrame::Heartbeat(Heartbeat {
                    request_id: RequestId(1),
                    cursors: vec![self.cursor],
                }),
            );
            self.say(
                at,
                &ClientFrame::Summary(Ask {
                    request_id: RequestId(2),
                }),
            );
        } else if wire::is_summary(text) {
            // It is read as far as its time is measured: the room's head is the writer's last.
            let has_room = wire::decode(text).is_some_and(|frame| self.is_level(&frame));
            if let (true, Some(step)) = (has_room, self.steps.get_mut(at)) {
                step.has_summary = true;
            }
            self.go_on(at, now);
        } else if wire::is_page(text) {
            self.take_page(at, text);
            self.go_on(at, now);
        }
    }

    fn is_level(&self, frame: &ServerFrame) -> bool {
        let ServerFrame::Summary(summary) = frame else {
            return false;
        };
        let mut conversations = summary.conversations.iter();
        conversations.any(|one| one.id == ConversationId::EVERYONE && one.head.0 >= self.head)
    }

    fn take_page(&mut self, at: usize, text: &[u8]) {
        let Some(step) = self.steps.get_mut(at) else {
            return;
        };
        self.pages += 1;
        for seq in wire::seqs(text) {
            self.holes += u64::from(seq != step.cursor + 1);
            step.cursor = seq;
            self.pulled += 1;
        }
    }

    fn go_on(&mut self, at: usize, now: Moment) {
        let Some(step) = self.steps.get_mut(at) else {
            return;
        };
        if step.is_done || !step.has_summary {
            return;
        }
        self.moved_at = now;
        if step.cursor >= self.head {
            step.is_done = true;
            self.in_sync += 1;
            self.finished = now;
            self.times.record(now.since(self.started));
            return;
        }
        let pull = ClientFrame::Pull(Pull {
            request_id: RequestId(3),
            conversation: ConversationId::EVERYONE,
            after: Some(Seq(step.cursor)),
            before: None,
            limit: None,
        });
        self.say(at, &pull);
    }

    fn say(&mut self, at: usize, frame: &ClientFrame) {
        self.to_say.push((at, frame.encode()));
    }
}

fn not_back(at: usize, why: &dyn std::fmt::Display) -> Failure {
    Failure::NotBack {
        at,
        why: why.to_string(),
    }
}

const TURN: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(30);
