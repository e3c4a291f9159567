//! `pond-bench`: measures a Pond server as its clients see it. Aim it at your own.
//!
//! Each mode is a file. Read next: [`ack`].

mod ack;
mod histogram;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
}

fn main() -> ExitCode {
    let Mode::Ack(flags) = CommandLine::parse().mode;
    match ack::run(&flags) {
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
