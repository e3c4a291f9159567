//! `pond-bench`: measures a Pond server as its clients see it. Aim it at your own.
//!
//! Each mode is a file: [`ack`], [`start`].

mod ack;
mod histogram;
mod start;

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
    /// How long a start takes until the first page is served, and what the server holds then
    Start(start::Flags),
}

fn main() -> ExitCode {
    let report: Result<String, Box<dyn std::error::Error>> = match CommandLine::parse().mode {
        Mode::Ack(flags) => ack::run(&flags)
            .map(|report| report.to_string())
            .map_err(Into::into),
        Mode::Start(flags) => start::run(&flags)
            .map(|report| report.to_string())
            .map_err(Into::into),
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
