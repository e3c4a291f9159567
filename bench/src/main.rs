//! `pond-bench`: measures a Pond server as its clients see it. Aim it at your own.
//!
//! Each mode is a file under [`modes`]. Those with one socket ask and wait; those with thousands
//! stand on the [`crowd`], look at frames by [`wire`], and let [`room`] judge what came.

mod accounts;
mod blocking;
mod crew;
mod crowd;
mod disk;
mod flags;
mod histogram;
mod meter;
mod modes;
mod moment;
mod process;
mod progress;
mod report;
mod room;
mod target;
mod wire;

use std::{process::ExitCode, sync::OnceLock, time::SystemTime};

use clap::{Parser, Subcommand};

use crate::modes::{
    ack, compare, connect, fanout, idle, limit, mixed, private, relay, resume, sends, stalled,
    start,
};

/// Measures a Pond server
#[derive(Parser)]
#[command(name = "pond-bench", version)]
struct CommandLine {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// How long one message takes from send to ack, beside one disk sync on the same disk
    Ack(ack::Flags),
    /// How long a private message takes to the other person, beside one disk sync and a bare relay
    Private(private::Flags),
    /// How long a start takes until the first page is served, and what the server holds then
    Start(start::Flags),
    /// How much a room takes, how late it comes and whether anything is missing
    Fanout(fanout::Flags),
    /// How many sockets come in in a second
    Connect(connect::Flags),
    /// What sockets cost that do nothing
    Idle(idle::Flags),
    /// How long it takes until all are in sync after all were cut
    Resume(resume::Flags),
    /// How many messages are on disk and acked in a second
    Sends(sends::Flags),
    /// What everything takes while everything happens
    Mixed(mixed::Flags),
    /// What receivers who never read cost the others
    Stalled(stalled::Flags),
    /// A room on a server and on the limit in turn, and how much of the limit the server reaches
    Compare(compare::Flags),
    /// Be the limit: a server that does nothing but send what it gets to everybody
    Limit(limit::Flags),
    /// Be the relay: a server that syncs what it gets from one and passes it to the other
    Relay(relay::Flags),
}

fn main() -> ExitCode {
    let report: Result<String, Box<dyn std::error::Error>> = match CommandLine::parse().mode {
        Mode::Ack(flags) => told(ack::run(&flags)),
        Mode::Start(flags) => told(start::run(&flags)),
        Mode::Fanout(flags) => told(fanout::run(&flags)),
        Mode::Private(flags) => told(private::run(&flags)),
        Mode::Connect(flags) => told(connect::run(&flags)),
        Mode::Idle(flags) => told(idle::run(&flags)),
        Mode::Resume(flags) => told(resume::run(&flags)),
        Mode::Sends(flags) => told(sends::run(&flags)),
        Mode::Mixed(flags) => told(mixed::run(&flags)),
        Mode::Stalled(flags) => told(stalled::run(&flags)),
        Mode::Compare(flags) => told(compare::run(&flags)),
        Mode::Limit(flags) => told(limit::run(&flags)),
        Mode::Relay(flags) => told(relay::run(&flags)),
    };
    match report {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("pond-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn told<R: ToString, E: std::error::Error + 'static>(
    outcome: Result<R, E>,
) -> Result<String, Box<dyn std::error::Error>> {
    Ok(outcome?.to_string())
}

/// A word that no other run of this tool has: ids of messages are unique for ever.
fn run_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let millis = now.map_or(0, |now| now.as_millis());
        format!("{:x}{:x}", std::process::id(), millis)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::CommandLine;

    #[test]
    fn no_two_flags_of_a_mode_are_in_each_others_way() {
        CommandLine::command().debug_assert();
    }
}
