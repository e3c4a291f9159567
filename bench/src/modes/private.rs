//! A private message on an idle server: from the send until the other person has it, which is after
//! its commit. The two write in turn, and between them stand one message through a bare relay and one
//! disk sync, as in [`super::ack`].

use std::{path::PathBuf, time::Instant};

use clap::Args;

use super::{
    ack::{self, Failure},
    relay::Relay,
};
use crate::{blocking::Socket, flags, report::Report, target, wire};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    /// A folder on the server's disk, where the relay and the plain syncs write
    #[arg(long, value_parser = flags::folder, value_name = "DIR")]
    disk: PathBuf,
    /// Messages to send
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 2000, value_name = "N")]
    count: usize,
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let target = flags.target.target()?;
    let names = [wire::name(0), wire::name(1)];
    let [one, other] = &names;
    let mut from = (Socket::sign_in(&target.server, &wire::person(0))?, one);
    let mut to = (Socket::sign_in(&target.server, &wire::person(1))?, other);
    let relay = Some(Relay::start(&flags.disk)?);
    let report = ack::beside_syncs("private", &flags.disk, flags.count, relay, |number| {
        let id = format!("{}-{number}", crate::run_id());
        let text = wire::private_message(to.1, &id, &wire::content(ack::CONTENT_BYTES));
        let started = Instant::now();
        from.0.send(text)?;
        while to.0.message()?.msg_id.as_str() != id {}
        let took = started.elapsed();
        from.0.ack()?;
        std::mem::swap(&mut from, &mut to);
        Ok(took)
    })?;
    flags.target.keep(&report)?;
    Ok(report)
}
