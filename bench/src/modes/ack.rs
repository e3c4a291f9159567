//! Send → ack: one client, one message at a time, and between them one disk sync of the same size,
//! so that both are measured on the same disk in the same minute.

use std::{
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;

use super::relay::{self, Relay};
use crate::{
    blocking::{self, Socket},
    crowd::upgrade::Person,
    disk::{self, Disk},
    flags,
    histogram::Histogram,
    report::{Case, Report},
    target::{self, NoServer},
    wire,
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    /// A folder on the server's disk, where the plain syncs are written
    #[arg(long, value_parser = flags::folder, value_name = "DIR")]
    disk: PathBuf,
    /// Messages to send
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 2000, value_name = "N")]
    count: usize,
}

/// Why nothing was measured; also of [`super::private`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NoServer(#[from] NoServer),
    #[error(transparent)]
    Disk(#[from] disk::Failure),
    #[error(transparent)]
    Socket(#[from] blocking::Failure),
    #[error(transparent)]
    Relay(#[from] relay::Failure),
    #[error("The figures cannot be written: {0}")]
    Json(#[from] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let target = flags.target.target()?;
    let mut socket = Socket::sign_in(&target.server, &Person::Named("Bench".into()))?;
    let report = beside_syncs("ack", &flags.disk, flags.count, None, |number| {
        let id = format!("{}-{number}", crate::run_id());
        let text = wire::message(&id, &wire::content(CONTENT_BYTES));
        let started = Instant::now();
        socket.send(text)?;
        socket.ack()?;
        Ok(started.elapsed())
    })?;
    flags.target.keep(&report)?;
    Ok(report)
}

/// `count` messages, each followed by one through the relay, if there is one, and by one sync. `send`
/// says how long one took. The two at the end take turns in who goes first.
///
/// # Errors
/// [`Failure`].
pub(super) fn beside_syncs(
    mode: &'static str,
    folder: &std::path::Path,
    count: usize,
    mut relay: Option<Relay>,
    mut send: impl FnMut(usize) -> Result<Duration, Failure>,
) -> Result<Report, Failure> {
    let mut disk = Disk::of(folder)?;
    let [mut messages, mut relayed, mut syncs] = [(); 3].map(|()| Histogram::new());
    // The first ones fill caches, on both sides.
    for number in 0..count + WARM_UP {
        let message = send(number)?;
        let early_sync = (number % 2 == 0).then(|| disk.sync()).transpose()?;
        let passed = relay.as_mut().map(Relay::pass).transpose()?;
        let sync = early_sync.map_or_else(|| disk.sync(), Ok)?;
        if number >= WARM_UP {
            messages.record(message);
            if let Some(passed) = passed {
                relayed.record(passed);
            }
            syncs.record(sync);
        }
    }
    let of = |name: &str, quantile: &dyn Fn(u64) -> f64| {
        let case = Case::new(name).with("p50_ms", quantile(500));
        let case = case.with("p90_ms", quantile(900));
        case.with("p99_ms", quantile(990))
            .with("p99.9_ms", quantile(999))
    };
    let beyond = |base: &Histogram, at| messages.quantile_ms(at) - base.quantile_ms(at);
    let report = Report::new(mode)
        .setting("messages", count)
        .case(of("message", &|at| messages.quantile_ms(at)))
        .case(of("disk sync", &|at| syncs.quantile_ms(at)))
        .case(of("difference", &|at| beyond(&syncs, at)));
    if relay.is_none() {
        return Ok(report);
    }
    Ok(report
        .case(of("relay", &|at| relayed.quantile_ms(at)))
        .case(of("beyond relay", &|at| beyond(&relayed, at))))
}

const WARM_UP: usize = 200;
pub(super) const CONTENT_BYTES: usize = 128;
