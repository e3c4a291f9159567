//! A server beside the limit: the same load on both, in turn, in the same minutes.
//!
//! Each server runs on one core and the generator on another. What is told is the ratio within a round,
//! since that depends less on the machine than any figure: the median of the rounds, and what it lies
//! between.

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
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 3, value_name = "N")]
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
    for _ in 0..flags.rounds {
        let limit = Target::start_limit(&own_binary)?;
        limits.push(fanout::measure(&limit, Wire::Limit, &flags.load, "limit")?);
        drop(limit);
        let pond = target::Flags::starting(flags.bin.clone(), flags.data.clone()).target()?;
        ponds.push(fanout::measure(
            &pond,
            Wire::Pond(Encoding::Json),
            &flags.load,
            "pond",
        )?);
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
    let [low, high] = Case::median_between(["95 %, from", "to"], &ratios);
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
    report
        .case(limit)
        .case(pond)
        .case(ratio)
        .case(low)
        .case(high)
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
