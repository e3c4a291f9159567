//! A server beside the limit: the same load on both, in turn, in the same minutes.
//!
//! Each server runs on one core and the generator on another. What is told is the ratio within a round,
//! since that depends less on the machine than any figure: the median of the rounds, and what it lies
//! between. Who goes first changes from round to round, so that a machine that gets slower favours neither.

use std::{env, path::PathBuf};

use clap::Args;
use shared::Encoding;

use super::fanout::{self, Failure, Load};
use crate::{
    flags,
    report::{Case, Output, Report},
    target::{self, Target},
    wire::Wire,
};

#[derive(Args)]
pub(crate) struct Flags {
    /// The server's binary
    #[arg(long, default_value = "target/dist/pond", value_name = "FILE")]
    bin: PathBuf,
    /// Where its data folders are made [default: the system's folder for such]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Runs of each
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 6, value_name = "N")]
    rounds: usize,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    load: Load,
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    target::is_there(&flags.bin)?;
    let own_binary = env::current_exe()?;
    let (mut limits, mut ponds) = (Vec::new(), Vec::new());
    let mut of_limit = || {
        let limit = Target::start_limit(&own_binary)?;
        limits.push(fanout::measure(&limit, Wire::Limit, &flags.load, "limit")?);
        Ok::<_, Failure>(())
    };
    let mut of_pond = || {
        let pond = target::Flags::starting(flags.bin.clone(), flags.data.clone()).target()?;
        let wire = Wire::Pond(Encoding::Json);
        ponds.push(fanout::measure(&pond, wire, &flags.load, "pond")?);
        Ok::<_, Failure>(())
    };
    for round in 0..flags.rounds {
        if round % 2 == 0 {
            of_limit()?;
            of_pond()?;
        } else {
            of_pond()?;
            of_limit()?;
        }
    }
    let report = flags.load.describe(Report::new("compare"));
    let report = of(
        report.setting("rounds", flags.rounds),
        flags,
        &limits,
        &ponds,
    );
    flags.output.keep(&report)?;
    Ok(report)
}

fn of(mut report: Report, flags: &Flags, limits: &[Case], ponds: &[Case]) -> Report {
    let limit = Case::median("limit", limits);
    let pond = Case::median("pond", ponds);
    let rounds = limits.iter().zip(ponds);
    let ratios: Vec<_> = rounds
        .map(|(limit, pond)| pond.over(limit, "pond/limit", &COMPARED))
        .collect();
    let ratio = Case::median("pond/limit", &ratios);
    report = report.note("pond/limit is the median of the rounds' own ratios");
    for (name, cases) in [("limit", limits), ("pond", ponds)] {
        for figure in ["deliveries_per_s", "deliveries_per_server_cpu_s"] {
            let seen = cases.iter().filter_map(|case| case.figure(figure));
            let seen: Vec<_> = seen.map(|figure| format!("{figure:.0}")).collect();
            let figure = figure.replace('_', " ");
            report = report.note(format!("{name}, {figure}, each run: {}", seen.join(", ")));
        }
    }
    for case in [&limit, &pond] {
        report = flags.load.noting_a_full_generator(report, case);
    }
    let report = report.case(limit).case(pond).case(ratio);
    match Case::median_between(["low (95 %)", "high (95 %)"], &ratios) {
        Some([low, high]) => report.case(low).case(high),
        None => report.note("these are too few rounds to say what it lies between: --rounds 6"),
    }
}

const COMPARED: [&str; 9] = [
    "messages_per_s",
    "deliveries_per_s",
    "deliveries_per_server_cpu_s",
    "each_p50_ms",
    "each_p99_ms",
    "each_p99.9_ms",
    "last_p50_ms",
    "last_p99_ms",
    "last_p99.9_ms",
];
