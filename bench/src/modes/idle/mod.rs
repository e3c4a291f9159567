//! Sockets that are held and do nothing, or nothing but ask whether the server is there: what each
//! costs in memory and in CPU, for several numbers of them. The larger numbers stand on the smaller
//! ones, on one server.

mod beats;

use std::{
    io,
    time::{Duration, Instant},
};

use clap::Args;

use self::beats::Beats;
use crate::{
    crew::{self, Failure},
    crowd::{Crowd, Happening},
    flags,
    meter::{Meter, Used},
    process::Process,
    progress::Progress,
    report::{self, Case, Report},
    target::{self, Target},
    wire,
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    #[command(flatten)]
    crew: crew::Flags,
    /// Numbers of sockets, rising
    #[arg(
        long, value_parser = flags::at_least_one,
        default_value = "1000,5000,10000",
        value_delimiter = ',',
        value_name = "N,N"
    )]
    sockets: Vec<usize>,
    /// Seconds that each number is held; a server pings within 35
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), default_value_t = 35, value_name = "S")]
    hold: u64,
    /// Seconds between two heartbeats of a socket, as of an app that somebody looks at: 3.5
    #[arg(long, value_parser = flags::positive, value_name = "S")]
    beat: Option<f64>,
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    if !flags.sockets.is_sorted_by(|one, next| one < next) {
        return Err(Failure::NotRising);
    }
    let target = flags.target.target_in(flags.crew.world())?;
    let most = flags.sockets.iter().copied().max().unwrap_or_default();
    let empty_kib = target.process.and_then(Process::resident_kib);
    let people = flags.crew.people(&target.server, most)?;
    let mut crowd = Crowd::new(&target.server)?;
    let mut before = (0, empty_kib);
    let mut progress = Progress::of("idle");
    let mut report = Report::new("idle")
        .setting("hold_s", flags.hold)
        .setting("beat_s", flags.beat)
        .setting("accounts", flags.crew.accounts);
    for sockets in &flags.sockets {
        let coming = people.get(crowd.len()..*sockets).unwrap_or_default();
        flags.crew.arrive(&mut crowd, coming, &mut progress)?;
        if flags.beat.is_some() && before.0 == 0 {
            // So that there is something to compare.
            crowd.queue(0, wire::message(crate::run_id(), "hello"));
            crowd.flush(0).map_err(io::Error::other)?;
        }
        settle(&mut crowd, &mut progress)?;
        let held = hold(&target, &mut crowd, flags, &mut progress)?;
        report = report.case(held.case(crowd.len(), empty_kib, before, flags.hold));
        before = (crowd.len(), held.resident_kib);
    }
    if let Some(kib) = empty_kib {
        report = report.note(format!("without anybody: {:.1} MiB", report::mib(kib)));
    }
    flags.target.keep(&report)?;
    Ok(report)
}

/// Waits until nothing has come for a moment: those who came are told of each other.
///
/// # Errors
/// Where the system's wait fails.
pub(super) fn settle(crowd: &mut Crowd, progress: &mut Progress) -> io::Result<()> {
    let started = Instant::now();
    let mut heard_at = started;
    while heard_at.elapsed() < QUIET && started.elapsed() < MOST_SETTLING {
        let mut has_heard = false;
        crowd.turn(TURN, &mut |_, _, _| has_heard = true)?;
        if has_heard {
            heard_at = Instant::now();
        }
        progress.tell(|| "waiting until it is quiet".into());
    }
    Ok(())
}

struct Held {
    used: Used,
    resident_kib: Option<u64>,
    is_pinged: Vec<bool>,
    ended: u64,
    beats: u64,
    answered: u64,
    frames: u64,
}

fn hold(
    target: &Target,
    crowd: &mut Crowd,
    flags: &Flags,
    progress: &mut Progress,
) -> io::Result<Held> {
    let until = Instant::now() + Duration::from_secs(flags.hold);
    let mut beats = Beats::each(flags.beat, crowd.len());
    let mut is_pinged = vec![false; crowd.len()];
    let (mut ended, mut answered, mut frames) = (0, 0, 0);
    let meter = Meter::start(target.process);
    while Instant::now() < until {
        ended += beats.send(crowd, until);
        crowd.turn(beats.wait(), &mut |at, _, happening| match happening {
            Happening::Pinged => is_pinged.get_mut(at).into_iter().for_each(|is| *is = true),
            Happening::Ended(_) => ended += 1,
            Happening::Frame(frame) if wire::is_heartbeat(frame) => answered += 1,
            Happening::Frame(_) => frames += 1,
            Happening::Opened => {}
        })?;
        progress.tell(|| format!("{} sockets are held", is_pinged.len()));
    }
    Ok(Held {
        used: meter.read(),
        resident_kib: target.process.and_then(Process::resident_kib),
        is_pinged,
        ended,
        beats: beats.sent(),
        answered,
        frames,
    })
}

impl Held {
    /// `before` is the number before this one, and what the server held then.
    fn case(
        &self,
        sockets: usize,
        empty_kib: Option<u64>,
        before: (usize, Option<u64>),
        seconds: u64,
    ) -> Case {
        let count = report::count(sockets);
        let grown_since = |then: Option<u64>| {
            // Less than nothing, where what hashed the passwords went after the first sockets came.
            Some(report::count(self.resident_kib?) - report::count(then?))
        };
        let further = report::count(sockets.saturating_sub(before.0));
        let cpu_us = self.used.server_cpu_s.map(|cpu| cpu * 1e6);
        let pinged = self.is_pinged.iter().filter(|is| **is).count();
        Case::new(format!("{sockets}"))
            .with_any("server_rss_mib", self.resident_kib.map(report::mib))
            .with_any(
                "rss_kib_per_socket",
                grown_since(empty_kib).map(|kib| kib / count),
            )
            .with_any(
                "rss_kib_per_further_socket",
                grown_since(before.1).map(|kib| kib / further),
            )
            .with_any("server_cpu_share", self.used.server_share())
            .with_any(
                "cpu_us_per_socket_and_s",
                cpu_us.map(|cpu| cpu / count / report::count(seconds)),
            )
            .with_any("generator_cpu_share", self.used.own_share())
            .with("pinged_sockets", report::count(pinged))
            .with("ended_sockets", report::count(self.ended))
            .with("heartbeats", report::count(self.beats))
            .with("answered_heartbeats", report::count(self.answered))
            .with("other_frames", report::count(self.frames))
    }
}

const TURN: Duration = Duration::from_millis(100);
/// Longer than a Pond lets those who came wait before it tells the next of them.
const QUIET: Duration = Duration::from_secs(3);
const MOST_SETTLING: Duration = Duration::from_mins(2);
