//! A storm: so many sockets come in as fast as the server takes them, and stay.
//!
//! In a demo everybody is somebody else, so each one's coming is told to all who are there. With
//! `--accounts` few people have many sockets each; then it is the check of the token that is
//! measured. Passwords are hashed before the clock runs.

use std::io;

use clap::Args;

use crate::{
    accounts,
    crowd::{
        Crowd,
        arrive::{Arrival, NotIn},
        upgrade::Person,
    },
    process::Process,
    progress::Progress,
    report::{self, Case, Report},
    target::{self, Meter, NoServer, World},
    wire::{self, Wire},
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    /// Sockets that come in
    #[arg(long, default_value_t = 5000, value_name = "N")]
    sockets: usize,
    /// Of this many people with accounts, on a server that is no demo
    #[arg(long, value_name = "N")]
    accounts: Option<usize>,
    /// How many are on their way at a time
    #[arg(long, default_value_t = 64, value_name = "N")]
    at_once: usize,
}

/// Why nothing was measured; also of [`super::idle`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NoServer(#[from] NoServer),
    #[error("No account was made: {0}. Start the server with --rate-limits off")]
    NoAccounts(#[source] io::Error),
    #[error(transparent)]
    NotIn(#[from] NotIn),
    #[error(transparent)]
    System(#[from] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let world = match flags.accounts {
        Some(_) => World::Accounts,
        None => World::Demo,
    };
    let target = flags.target.target_in(world)?;
    let people: Vec<Person> = match flags.accounts {
        Some(count) => {
            let accounts = accounts::sign_up(&target.server, count.max(1));
            let accounts = accounts.map_err(Failure::NoAccounts)?;
            accounts.into_iter().cycle().take(flags.sockets).collect()
        }
        None => (0..flags.sockets).map(wire::person).collect(),
    };
    let mut crowd = Crowd::new(&target.server)?;
    let arrival = Arrival {
        people: &people,
        at_once: flags.at_once,
        is_welcome: Wire::Pond.welcome(),
    };
    let meter = Meter::start(target.process);
    let arrived = arrival.run(&mut crowd, &mut Progress::of("connect"))?;
    let used = meter.read();
    #[expect(clippy::cast_precision_loss, reason = "shown with four digits")]
    let (sockets, frames) = (flags.sockets as f64, arrived.frames as f64);
    let each_cpu = used.server_cpu_s.filter(|cpu| *cpu > 0.0);
    let held = target.process.and_then(Process::resident_kib);
    let case = Case::new("connect")
        .with("connects_per_s", sockets / arrived.took.as_secs_f64())
        .with_any(
            "connects_per_server_cpu_s",
            each_cpu.map(|cpu| sockets / cpu),
        )
        .with("p50_ms", arrived.each.quantile_ms(500))
        .with("p99_ms", arrived.each.quantile_ms(990))
        .with("frames_per_connect", frames / sockets)
        .with_any("server_cpu_share", used.server_share())
        .with_any("generator_cpu_share", used.own_share())
        .with_any("server_rss_mib", held.map(report::mib));
    let report = Report::new("connect")
        .setting("sockets", flags.sockets)
        .setting("at_once", flags.at_once)
        .setting("accounts", flags.accounts)
        .case(case);
    flags.target.keep(&report)?;
    Ok(report)
}
