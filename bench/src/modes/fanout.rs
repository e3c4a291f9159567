//! One room: so many receivers, of whom some send. How much comes through, how late, and whether
//! anything is missing.
//!
//! In a closed loop a sender waits while `window` of its messages have not come back to it; at a
//! fixed rate nobody waits, and a message that is sent late counts from when it was due.

use std::{collections::VecDeque, io, time::Duration};

use clap::Args;
use shared::{Code, ServerFrame};

use crate::{
    crowd::{
        Crowd, Ended, Happening,
        arrive::{Arrival, NotIn},
    },
    moment::Moment,
    process::Process,
    progress::Progress,
    report::{self, Case, Report},
    room::{Room, Tally},
    target::{self, Meter, NoServer, Target, Used},
    wire::{self, Push, Reader, Wire},
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(crate) target: target::Flags,
    #[command(flatten)]
    pub(crate) load: Load,
}

/// What is put on the server.
#[derive(Args, Clone)]
pub(crate) struct Load {
    /// Sockets in the room
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub(crate) receivers: usize,
    /// How many of them send
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) senders: usize,
    /// Messages that each sender has under way
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub(crate) window: usize,
    /// Messages a second in all, instead of a window
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<f64>,
    /// Length of a text, in bytes
    #[arg(long, default_value_t = 128, value_name = "BYTES")]
    pub(crate) content: usize,
    /// Seconds before anything is counted
    #[arg(long, default_value_t = 2.0, value_name = "S")]
    pub(crate) warm_up: f64,
    /// Seconds that are counted
    #[arg(long, default_value_t = 10.0, value_name = "S")]
    pub(crate) seconds: f64,
    /// Sockets that come in at a time
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub(crate) at_once: usize,
    /// How many of the receivers never read; they are counted no further
    #[arg(skip)]
    pub(crate) stalled: usize,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NoServer(#[from] NoServer),
    #[error(transparent)]
    NotIn(#[from] NotIn),
    #[error("The server answered {0:?}: start it with --demo --rate-limits off")]
    Refused(Code),
    #[error("{missing} of {receivers} receivers did not get the first message")]
    NotSeated { missing: usize, receivers: usize },
    #[error("No sender is left: {0}")]
    NobodySends(String),
    #[error(transparent)]
    System(#[from] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let target = flags.target.target()?;
    let case = measure(&target, Wire::Pond, &flags.load, "fanout")?;
    let report = flags.load.describe(Report::new("fanout")).case(case);
    flags.target.keep(&report)?;
    Ok(report)
}

impl Load {
    /// Says in a report what the load was.
    pub(crate) fn describe(&self, report: Report) -> Report {
        let report = report
            .setting("receivers", self.receivers)
            .setting("senders", self.senders)
            .setting("content", self.content)
            .setting("seconds", self.seconds);
        match self.rate {
            Some(rate) => report.setting("rate", rate),
            None => report.setting("window", self.window),
        }
    }
}

/// Puts the load on a server and says what came of it.
///
/// # Errors
/// [`Failure`] if it could not be put there; what gets lost is no failure but a figure.
pub(crate) fn measure(
    target: &Target,
    wire: Wire,
    load: &Load,
    name: &str,
) -> Result<Case, Failure> {
    let mut progress = Progress::of(name);
    let mut crowd = Crowd::new(&target.server)?;
    let people: Vec<_> = (0..load.receivers).map(wire::person).collect();
    let arrival = Arrival {
        people: &people,
        at_once: load.at_once,
        is_welcome: wire.welcome(),
    };
    arrival.run(&mut crowd, &mut progress)?;
    let mut run = Run::seat(crowd, wire, load, &mut progress)?;
    for at in load.receivers.saturating_sub(load.stalled)..load.receivers {
        run.crowd.stall(at)?;
        run.judge.room.leave(at, Moment::now());
    }
    run.send_for(seconds(load.warm_up), &mut progress)?;
    run.judge.room.measure();
    let meter = Meter::start(target.process);
    run.send_for(seconds(load.seconds), &mut progress)?;
    let (tally, used) = (run.judge.room.tally, meter.read());
    let resident_kib = target.process.and_then(Process::resident_kib);
    run.drain(&mut progress)?;
    Ok(run.case(name, tally, used, resident_kib))
}

/// A load that is under way.
struct Run<'a> {
    crowd: Crowd,
    judge: Judge,
    wire: Wire,
    load: &'a Load,
    content: String,
    /// At a fixed rate: when the next message is due, and by whom.
    due: Moment,
    turn_of: usize,
    /// Messages that were not sent, since too many were under way.
    held_back: u64,
}

impl<'a> Run<'a> {
    /// One message is sent, and everybody gets it: so all are in the room, and their numbers begin
    /// behind it.
    fn seat(
        mut crowd: Crowd,
        wire: Wire,
        load: &'a Load,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        let content = wire::content(load.content);
        crowd.queue(0, &wire.message(&message_id(0, 0), &content));
        crowd
            .flush(0)
            .map_err(|ended| Failure::NobodySends(ended.to_string()))?;
        let mut reader = Reader::default();
        let mut newest = vec![0; load.receivers];
        let (mut missing, mut refused) = (load.receivers, None);
        let patience = Moment::now() + PATIENCE;
        while missing > 0 {
            crowd.turn(TURN, &mut |at, _, happening| {
                let Happening::Text(text) = happening else {
                    return;
                };
                let seq = match reader.read(text) {
                    Push::Message { seq, .. } => Some(seq),
                    Push::Heads => wire::room_head(text),
                    Push::Ack => {
                        refused = refused.or(refusal(text));
                        None
                    }
                    Push::Other => None,
                };
                if let (Some(seq), Some(newest)) = (seq, newest.get_mut(at)) {
                    missing -= usize::from(*newest == 0);
                    *newest = seq.max(*newest);
                }
            })?;
            if let Some(code) = refused {
                return Err(Failure::Refused(code));
            }
            if Moment::now() > patience {
                let receivers = load.receivers;
                return Err(Failure::NotSeated { missing, receivers });
            }
            progress.tell(|| format!("{missing} wait for the first message"));
        }
        let head = newest.into_iter().max().unwrap_or_default();
        Ok(Self {
            crowd,
            judge: Judge::new(load, head, reader),
            wire,
            load,
            content,
            due: Moment::now(),
            turn_of: 0,
            held_back: 0,
        })
    }

    fn send_for(&mut self, time: Duration, progress: &mut Progress) -> Result<(), Failure> {
        let until = Moment::now() + time;
        self.due = Moment::now();
        loop {
            let now = Moment::now();
            if now >= until {
                return Ok(());
            }
            let wait = match self.load.rate {
                Some(rate) => self.send_what_is_due(now, rate),
                None => self.fill_windows(now),
            };
            self.turn(wait.min(until.since(now)))?;
            let judge = &self.judge;
            progress.tell(|| {
                let Tally { messages, lost, .. } = judge.room.tally;
                format!(
                    "{messages} messages to all of {}, {lost} lost",
                    judge.room.here()
                )
            });
        }
    }

    fn turn(&mut self, wait: Duration) -> Result<(), Failure> {
        let judge = &mut self.judge;
        self.crowd.turn(wait, &mut |at, now, happening| {
            judge.happened(at, now, happening);
        })?;
        if let Some(code) = self.judge.refused {
            return Err(Failure::Refused(code));
        }
        if self.judge.senders.iter().all(|sender| sender.is_gone) {
            let why = self.judge.why_ended.clone().unwrap_or_default();
            return Err(Failure::NobodySends(why));
        }
        Ok(())
    }

    /// The time until something is to be sent again.
    fn fill_windows(&mut self, now: Moment) -> Duration {
        for at in 0..self.load.senders {
            let sender = self.judge.senders.get(at);
            let under_way = sender.map_or(usize::MAX, |sender| sender.under_way.len());
            for _ in under_way..self.load.window {
                self.queue(at, now);
            }
            if under_way < self.load.window {
                self.flush(at, now);
            }
        }
        TURN
    }

    /// The time until something is to be sent again.
    fn send_what_is_due(&mut self, now: Moment, rate: f64) -> Duration {
        let each = Duration::from_secs_f64(1.0 / rate.max(0.001));
        while self.due <= now {
            let (at, due) = (self.turn_of % self.load.senders.max(1), self.due);
            self.turn_of += 1;
            self.due = self.due + each;
            let sender = self.judge.senders.get(at);
            if sender.is_some_and(|sender| sender.under_way.len() < MAX_UNDER_WAY) {
                self.queue(at, due);
                self.flush(at, now);
            } else {
                self.held_back += 1;
            }
        }
        // The system's wait counts in whole milliseconds: what is left of one is waited for here.
        let left = self.due.since(now).as_millis();
        Duration::from_millis(left.try_into().unwrap_or(u64::MAX)).min(TURN)
    }

    fn queue(&mut self, at: usize, when: Moment) {
        let Some(sender) = self.judge.senders.get_mut(at) else {
            return;
        };
        if sender.is_gone {
            return;
        }
        let id = message_id(at, sender.next);
        sender.under_way.push_back(Sent {
            number: sender.next,
            when,
            seq: None,
        });
        sender.next += 1;
        self.crowd.queue(at, &self.wire.message(&id, &self.content));
    }

    fn flush(&mut self, at: usize, now: Moment) {
        if let Err(ended) = self.crowd.flush(at) {
            self.crowd.cut(at);
            self.judge.ended(at, now, &ended);
        }
    }

    /// Waits until all that was sent is there, or nothing comes any more.
    fn drain(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        let (mut seen, mut moved_at) = (0, Moment::now());
        while !self.judge.is_done() {
            self.turn(TURN)?;
            let deliveries = self.judge.room.tally.deliveries;
            if deliveries != seen {
                (seen, moved_at) = (deliveries, Moment::now());
            }
            if moved_at.elapsed() > PATIENCE {
                break;
            }
            progress.tell(|| "waiting for the last messages".into());
        }
        self.judge.room.finish(self.judge.head);
        Ok(())
    }

    fn case(&self, name: &str, tally: Tally, used: Used, resident_kib: Option<u64>) -> Case {
        let room = &self.judge.room;
        let wall = used.wall.as_secs_f64();
        let (messages, deliveries) = (
            report::count(tally.messages),
            report::count(tally.deliveries),
        );
        let mut case = Case::new(name)
            .with("messages_per_s", messages / wall)
            .with("deliveries_per_s", deliveries / wall)
            .with_any(
                "deliveries_per_server_cpu_s",
                used.per_server_cpu_s(deliveries),
            )
            .with_any("server_cpu_share", used.server_share())
            .with_any("generator_cpu_share", used.own_share());
        for (name, per_mille) in [
            ("each_p50_ms", 500),
            ("each_p99_ms", 990),
            ("each_p99.9_ms", 999),
        ] {
            case = case.with(name, room.each.quantile_ms(per_mille));
        }
        for (name, per_mille) in [
            ("last_p50_ms", 500),
            ("last_p99_ms", 990),
            ("last_p99.9_ms", 999),
        ] {
            case = case.with(name, room.last.quantile_ms(per_mille));
        }
        case.with_any("server_rss_mib", resident_kib.map(report::mib))
            .with("lost", report::count(room.tally.lost))
            .with("doubled", report::count(room.tally.doubled))
            .with("left_to_pull", report::count(room.tally.left_to_pull))
            .with("dropped_sockets", report::count(self.judge.dropped))
            .with("held_back", report::count(self.held_back))
    }
}

/// What came, and who may send again.
struct Judge {
    room: Room,
    senders: Vec<Sender>,
    reader: Reader,
    /// The newest `seq` that anybody saw.
    head: u64,
    dropped: u64,
    why_ended: Option<String>,
    refused: Option<Code>,
}

#[derive(Default)]
struct Sender {
    /// Without their own copy yet, oldest first.
    under_way: VecDeque<Sent>,
    next: u64,
    is_gone: bool,
}

struct Sent {
    number: u64,
    when: Moment,
    /// Known once it is acked.
    seq: Option<u64>,
}

impl Sender {
    /// Their own copy of a message came.
    fn is_back(&mut self, number: u64) {
        if self
            .under_way
            .front()
            .is_some_and(|sent| sent.number == number)
        {
            self.under_way.pop_front();
        } else {
            self.under_way.retain(|sent| sent.number != number);
        }
    }
}

impl Judge {
    fn new(load: &Load, head: u64, reader: Reader) -> Self {
        let sender = || Sender {
            next: 1,
            ..Sender::default()
        };
        Self {
            room: Room::new(load.receivers, head),
            senders: (0..load.senders).map(|_| sender()).collect(),
            reader,
            head,
            dropped: 0,
            why_ended: None,
            refused: None,
        }
    }

    fn happened(&mut self, at: usize, now: Moment, happening: Happening<'_>) {
        match happening {
            Happening::Text(text) => match self.reader.read(text) {
                Push::Message { seq, frame } => self.message(at, now, seq, frame),
                Push::Heads => {
                    let head = wire::room_head(text).unwrap_or_default();
                    self.head = self.head.max(head);
                    self.room.heads(at, head, now);
                    self.forgive(at);
                }
                Push::Ack => self.acked(at, text),
                Push::Other => {}
            },
            Happening::Ended(why) => self.ended(at, now, why),
            Happening::Opened | Happening::Pinged => {}
        }
    }

    fn message(&mut self, at: usize, now: Moment, seq: u64, frame: &[u8]) {
        self.head = self.head.max(seq);
        let senders = &self.senders;
        self.room.message(at, seq, now, || {
            let (by, number) = wire::msg_id(frame).and_then(sender_of)?;
            let under_way = &senders.get(by)?.under_way;
            let found = under_way.binary_search_by_key(&number, |sent| sent.number);
            under_way.get(found.ok()?).map(|sent| sent.when)
        });
        let Some(sender) = self.senders.get_mut(at) else {
            return;
        };
        if let Some((by, number)) = wire::msg_id(frame).and_then(sender_of)
            && by == at
        {
            sender.is_back(number);
        }
    }

    fn acked(&mut self, at: usize, text: &[u8]) {
        self.refused = self.refused.or(refusal(text));
        let Some(ServerFrame::Send(answer)) = wire::decode(text) else {
            return;
        };
        let number = sender_of(answer.msg_id.as_str()).map(|(_, number)| number);
        let mut sender = self.senders.get_mut(at);
        let mut under_way = sender.iter_mut().flat_map(|sender| &mut sender.under_way);
        if let Some(sent) = under_way.find(|sent| Some(sent.number) == number) {
            sent.seq = answer.seq.map(|seq| seq.0);
        }
        self.forgive(at);
    }

    /// A sender does not wait for copies that were left out.
    fn forgive(&mut self, at: usize) {
        let position = self.room.position(at);
        if let Some(sender) = self.senders.get_mut(at) {
            let has_passed = |sent: &Sent| sent.seq.is_some_and(|seq| seq <= position);
            sender.under_way.retain(|sent| !has_passed(sent));
        }
    }

    fn ended(&mut self, at: usize, now: Moment, why: &Ended) {
        self.dropped += 1;
        self.why_ended.get_or_insert_with(|| why.to_string());
        self.room.leave(at, now);
        if let Some(sender) = self.senders.get_mut(at) {
            sender.is_gone = true;
            sender.under_way.clear();
        }
    }

    fn is_done(&self) -> bool {
        let mut senders = self.senders.iter();
        senders.all(|sender| sender.under_way.is_empty()) && self.room.is_level(self.head)
    }
}

/// The id of a message: of this run, by this sender, this one.
fn message_id(sender: usize, number: u64) -> String {
    format!("{}-{sender}-{number}", crate::run_id())
}

fn sender_of(id: &str) -> Option<(usize, u64)> {
    let (rest, number) = id.rsplit_once('-')?;
    let (run, sender) = rest.rsplit_once('-')?;
    if run != crate::run_id() {
        return None;
    }
    Some((sender.parse().ok()?, number.parse().ok()?))
}

fn refusal(text: &[u8]) -> Option<Code> {
    match wire::decode(text) {
        Some(ServerFrame::Send(answer)) if answer.code != Code::Success => Some(answer.code),
        _ => None,
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// How long a turn waits for something to happen.
const TURN: Duration = Duration::from_millis(50);
/// So long nothing comes: what is missing then is missing.
const PATIENCE: Duration = Duration::from_secs(15);
/// Messages of one sender under way, at a fixed rate: a server that lets so many lie does not hold it.
const MAX_UNDER_WAY: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use super::*;
    use crate::modes::limit::Limit;

    fn measured(load: &Load) -> Case {
        let mut limit = Limit::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let target = Target::running(limit.address().unwrap().to_string());
        let stop = AtomicBool::new(false);
        let case = thread::scope(|scope| {
            let serving = scope.spawn(|| limit.serve(&stop));
            let case = measure(&target, Wire::Limit, load, "test");
            stop.store(true, Ordering::Relaxed);
            serving.join().unwrap().unwrap();
            case
        });
        case.unwrap()
    }

    fn load() -> Load {
        Load {
            receivers: 20,
            senders: 3,
            window: 5,
            rate: None,
            content: 128,
            warm_up: 0.05,
            seconds: 0.3,
            at_once: 7,
            stalled: 0,
        }
    }

    #[test]
    fn all_that_goes_through_the_limit_reaches_everybody_once() {
        let case = measured(&load());
        let figure = |name| case.figure(name).unwrap();
        let each = figure("deliveries_per_s") / figure("messages_per_s");
        assert!(figure("messages_per_s") > 100.0 && (each - 20.0).abs() < 1.0);
        for name in ["lost", "doubled", "left_to_pull", "dropped_sockets"] {
            assert!(figure(name) < 0.5, "{name}");
        }
    }

    #[test]
    fn a_rate_is_kept_and_who_never_reads_is_not_waited_for() {
        let load = Load {
            rate: Some(200.0),
            stalled: 4,
            ..load()
        };
        let case = measured(&load);
        let figure = |name| case.figure(name).unwrap();
        // The time is short, and a busy machine ends it late.
        assert!((100.0..220.0).contains(&figure("messages_per_s")));
        let each = figure("deliveries_per_s") / figure("messages_per_s");
        assert!((each - 16.0).abs() < 1.0, "{each}");
        assert!(figure("lost") < 0.5 && figure("each_p50_ms") > 0.0);
    }

    #[test]
    fn an_id_says_who_sent_it_and_others_say_nothing() {
        assert_eq!(sender_of(&message_id(7, 42)), Some((7, 42)));
        assert_eq!(sender_of("another-7-42"), None);
        assert_eq!(sender_of("42"), None);
    }
}
