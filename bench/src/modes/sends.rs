//! Durable sends: how many messages a second are on disk and acked, with so many senders who each
//! have `window` of them under way. Privately, two and two write to each other; in the room, each
//! message also goes to all senders.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use shared::{Code, ServerFrame};

use crate::{
    crew::{self, Failure as CrewFailure},
    crowd::{Crowd, Happening, arrive::NotIn},
    flags,
    histogram::Histogram,
    meter::Meter,
    moment::Moment,
    progress::Progress,
    report::{self, Case, Report},
    target::{self, NoServer},
    wire::{self, Push, Reader},
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    /// Sockets that send
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 64, value_name = "N")]
    senders: usize,
    /// Messages that each has without an ack
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 1, value_name = "N")]
    window: usize,
    /// Where they write
    #[arg(long, default_value = "private", value_name = "WHERE")]
    to: Place,
    /// Length of a text, in bytes
    #[arg(long, value_parser = flags::content, default_value_t = 128, value_name = "BYTES")]
    content: usize,
    /// Seconds before anything is counted
    #[arg(long, default_value_t = 2, value_name = "S")]
    warm_up: u64,
    /// Seconds that are counted
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), default_value_t = 10, value_name = "S")]
    seconds: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Place {
    /// Two and two.
    Private,
    /// The room that everybody is in.
    Room,
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
    #[error("Sender {at} was cut off: {why}")]
    CutOff { at: usize, why: String },
    #[error(transparent)]
    System(#[from] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let target = flags.target.target()?;
    let crew = crew::Flags {
        accounts: None,
        at_once: flags.senders.clamp(1, 64),
    };
    // Two and two: nobody is left over.
    let people = crew.people(&target.server, flags.senders.next_multiple_of(2))?;
    let mut crowd = Crowd::new(&target.server)?;
    let mut progress = Progress::of("sends");
    crew.arrive(&mut crowd, &people, &mut progress)?;
    let mut run = Run {
        crowd,
        flags,
        content: wire::content(flags.content),
        next: 0,
        acks: Acks {
            under_way: vec![VecDeque::new(); people.len()],
            reader: Reader::default(),
            times: Histogram::new(),
            count: 0,
            pushes: 0,
            failed: None,
        },
    };
    run.send_for(Duration::from_secs(flags.warm_up), &mut progress)?;
    run.acks.times.clear();
    (run.acks.count, run.acks.pushes) = (0, 0);
    let meter = Meter::start(target.process);
    run.send_for(Duration::from_secs(flags.seconds), &mut progress)?;
    let used = meter.read();
    let (sends, pushes) = (
        report::count(run.acks.count),
        report::count(run.acks.pushes),
    );
    let wall = used.wall.as_secs_f64();
    let case = Case::new("sends")
        .with("sends_per_s", sends / wall)
        .with_any("sends_per_server_cpu_s", used.per_server_cpu_s(sends))
        .with_quantiles(&run.acks.times)
        .with("pushes_per_s", pushes / wall)
        .with_any("server_cpu_share", used.server_share())
        .with_any("generator_cpu_share", used.own_share());
    let report = Report::new("sends")
        .setting("senders", flags.senders)
        .setting("window", flags.window)
        .setting("to", format!("{:?}", flags.to).to_lowercase())
        .setting("content", flags.content)
        .case(case);
    flags.target.keep(&report)?;
    Ok(report)
}

struct Run<'a> {
    crowd: Crowd,
    flags: &'a Flags,
    content: String,
    next: u64,
    acks: Acks,
}

struct Acks {
    /// By sender: which messages wait, since when, oldest first.
    under_way: Vec<VecDeque<(String, Moment)>>,
    reader: Reader,
    times: Histogram,
    count: u64,
    pushes: u64,
    failed: Option<Failure>,
}

impl Run<'_> {
    fn send_for(&mut self, time: Duration, progress: &mut Progress) -> Result<(), Failure> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            for at in 0..self.flags.senders {
                self.fill_window(at)?;
            }
            let acks = &mut self.acks;
            self.crowd.turn(TURN, &mut |at, now, happening| {
                acks.happened(at, now, happening);
            })?;
            if let Some(failure) = self.acks.failed.take() {
                return Err(failure);
            }
            let count = self.acks.count;
            progress.tell(|| format!("{count} acked"));
        }
        Ok(())
    }

    fn fill_window(&mut self, at: usize) -> Result<(), Failure> {
        let Some(under_way) = self.acks.under_way.get_mut(at) else {
            return Ok(());
        };
        if under_way.len() >= self.flags.window {
            return Ok(());
        }
        while under_way.len() < self.flags.window {
            self.next += 1;
            let id = format!("{}-{}", crate::run_id(), self.next);
            let text = match self.flags.to {
                Place::Private => wire::private_message(&wire::name(at ^ 1), &id, &self.content),
                Place::Room => wire::message(&id, &self.content),
            };
            self.crowd.queue(at, &text);
            under_way.push_back((id, Moment::now()));
        }
        let flushed = self.crowd.flush(at);
        flushed.map_err(|ended| Failure::CutOff {
            at,
            why: ended.to_string(),
        })
    }
}

impl Acks {
    fn happened(&mut self, at: usize, now: Moment, happening: Happening<'_>) {
        match happening {
            Happening::Frame(text) => match self.reader.read(text) {
                Push::Ack => self.acked(at, now, text),
                Push::Message { .. } => self.pushes += 1,
                Push::Heads | Push::Other => {}
            },
            Happening::Ended(why) => {
                let why = why.to_string();
                self.failed.get_or_insert(Failure::CutOff { at, why });
            }
            Happening::Opened | Happening::Pinged => {}
        }
    }

    fn acked(&mut self, at: usize, now: Moment, text: &[u8]) {
        let Some(ServerFrame::Send(answer)) = wire::decode(text) else {
            return;
        };
        if answer.code != Code::Success {
            self.failed.get_or_insert(Failure::Refused(answer.code));
            return;
        }
        let Some(under_way) = self.under_way.get_mut(at) else {
            return;
        };
        let found = under_way
            .iter()
            .position(|(id, _)| id == answer.msg_id.as_str());
        if let Some((_, sent_at)) = found.and_then(|found| under_way.remove(found)) {
            self.times.record(now.since(sent_at));
            self.count += 1;
        }
    }
}

const TURN: Duration = Duration::from_millis(50);
