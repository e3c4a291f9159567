//! One room: so many receivers, of whom some send. How much comes through, how late, and whether
//! anything is missing.
//!
//! In a closed loop a sender waits while `window` of its messages have not come back to it; at a
//! fixed rate nobody waits, and a message that is sent late counts from when it was due.
//! Read next: [`load`], which sends, and [`judge`], which listens.

mod judge;
mod load;

use std::{io, time::Duration};

use clap::{Args, ValueEnum};
use shared::{Code, Encoding};

use self::load::Run;
use crate::{
    crowd::{
        Crowd,
        arrive::{Arrival, NotIn},
    },
    flags,
    meter::Meter,
    moment::Moment,
    process::Process,
    progress::Progress,
    report::{Case, Report},
    target::{self, NoServer, Target},
    wire::{self, Wire},
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(crate) target: target::Flags,
    #[command(flatten)]
    pub(crate) load: Load,
    /// What the sockets speak
    #[arg(long, value_enum, default_value_t = Speech::Json)]
    encoding: Speech,
}

/// An encoding, as the command line calls it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Speech {
    Json,
    Protobuf,
}

/// What is put on the server.
#[derive(Args, Clone)]
pub(crate) struct Load {
    /// Sockets in the room
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 1000, value_name = "N")]
    pub(crate) receivers: usize,
    /// How many of them send
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 1, value_name = "N")]
    pub(crate) senders: usize,
    /// Messages that each sender has under way
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 64, value_name = "N")]
    pub(crate) window: usize,
    /// Messages a second in all, instead of a window
    #[arg(long, value_parser = flags::positive, value_name = "N")]
    pub(crate) rate: Option<f64>,
    /// Length of a text, in bytes
    #[arg(long, value_parser = flags::content, default_value_t = 128, value_name = "BYTES")]
    pub(crate) content: usize,
    /// Seconds before anything is counted
    #[arg(long, value_parser = flags::not_negative, default_value_t = 2.0, value_name = "S")]
    pub(crate) warm_up: f64,
    /// Seconds that are counted
    #[arg(long, value_parser = flags::positive, default_value_t = 10.0, value_name = "S")]
    pub(crate) seconds: f64,
    /// Sockets that come in at a time
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 64, value_name = "N")]
    pub(crate) at_once: usize,
    /// How many of the receivers never read; they are counted no further
    #[arg(skip)]
    pub(crate) stalled: usize,
    /// Where the messages' numbers begin: a server that has seen one takes it for the same again
    #[arg(skip)]
    pub(crate) first: u64,
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
    #[error(
        "{0} receivers are too few: those who send, and those who never read, are among them, and not the same"
    )]
    TooFew(usize),
    #[error(transparent)]
    System(#[from] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let target = flags.target.target()?;
    let (name, encoding) = match flags.encoding {
        Speech::Json => ("JSON", Encoding::Json),
        Speech::Protobuf => ("Protobuf", Encoding::Protobuf),
    };
    let case = measure(&target, Wire::Pond(encoding), &flags.load, name)?;
    let report = flags.load.describe(Report::new("fanout"));
    let report = flags.load.noting_a_full_generator(report, &case);
    let report = report.case(case);
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

    /// Says so if it was not the server that set the pace. At a fixed rate it is neither of them, and
    /// the generator waits awake for what is due.
    pub(super) fn noting_a_full_generator(&self, report: Report, case: &Case) -> Report {
        match case.figure("generator_cpu_share") {
            Some(share) if share > FULL && self.rate.is_none() => report.note(format!(
                "{}: the generator's core was full, the server may do more; its figures per CPU second stand",
                case.name()
            )),
            _ => report,
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
    if load.senders + load.stalled > load.receivers {
        return Err(Failure::TooFew(load.receivers));
    }
    let mut progress = Progress::of(name);
    let mut crowd = Crowd::speaking(wire.encoding(), &target.server)?;
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

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// The part of a core from which on it sets the pace.
const FULL: f64 = 0.95;

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use super::{
        judge::{message_id, sender_of},
        *,
    };
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
            first: 0,
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
