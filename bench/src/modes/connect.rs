//! A storm: so many sockets come in as fast as the server takes them, and stay.
//!
//! In a demo everybody is somebody else, so each one's coming is told to all who are there. With
//! `--accounts` few people have many sockets each; then it is the check of the token that is
//! measured.

use clap::Args;

use crate::{
    crew::{self, Failure},
    crowd::Crowd,
    flags,
    meter::Meter,
    process::Process,
    progress::Progress,
    report::{self, Case, Report},
    target,
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    #[command(flatten)]
    crew: crew::Flags,
    /// Sockets that come in
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 5000, value_name = "N")]
    sockets: usize,
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let target = flags.target.target_in(flags.crew.world())?;
    let people = flags.crew.people(&target.server, flags.sockets)?;
    let mut crowd = Crowd::new(&target.server)?;
    let meter = Meter::start(target.process);
    let mut progress = Progress::of("connect");
    let arrived = flags.crew.arrive(&mut crowd, &people, &mut progress)?;
    let used = meter.read();
    let (sockets, frames) = (report::count(flags.sockets), report::count(arrived.frames));
    let held = target.process.and_then(Process::resident_kib);
    let case = Case::new("connect")
        .with("connects_per_s", sockets / arrived.took.as_secs_f64())
        .with_any("connects_per_server_cpu_s", used.per_server_cpu_s(sockets))
        .with_quantiles(&arrived.each)
        .with("frames_per_connect", frames / sockets)
        .with_any("server_cpu_share", used.server_share())
        .with_any("generator_cpu_share", used.own_share())
        .with_any("server_rss_mib", held.map(report::mib));
    let report = Report::new("connect")
        .setting("sockets", flags.sockets)
        .setting("at_once", flags.crew.at_once)
        .setting("accounts", flags.crew.accounts)
        .case(case);
    flags.target.keep(&report)?;
    Ok(report)
}
