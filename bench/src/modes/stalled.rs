//! Some of the receivers never read: what that costs the others, and the server in memory, beside
//! the same room where everybody reads.

use clap::Args;
use shared::Encoding;

use super::fanout::{self, Failure, Load};
use crate::{
    flags,
    report::Report,
    target::{self, Target},
    wire::Wire,
};

#[derive(Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: target::Flags,
    /// How many of the receivers never read
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 100, value_name = "N")]
    stalled: usize,
    #[command(flatten)]
    load: Load,
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    // With `--bin`, each run has a server of its own.
    let target = flags.target.target()?;
    let without = fanout::measure(&target, Wire::Pond(Encoding::Json), &flags.load, "all read")?;
    let (target, first): (Target, _) = match flags.target.bin {
        Some(_) => {
            drop(target);
            (flags.target.target()?, 0)
        }
        None => (target, OTHER_NUMBERS),
    };
    let load = Load {
        stalled: flags.stalled,
        first,
        ..flags.load.clone()
    };
    let with = fanout::measure(&target, Wire::Pond(Encoding::Json), &load, "some stall")?;
    let ratio = with.over(
        &without,
        "ratio",
        &["each_p50_ms", "each_p99_ms", "last_p99_ms"],
    );
    let grown = with
        .figure("server_rss_mib")
        .zip(without.figure("server_rss_mib"));
    let mut report = flags.load.describe(Report::new("stalled"));
    report = report.setting("stalled", flags.stalled);
    report = report.case(without).case(with).case(ratio);
    if let Some((with, without)) = grown {
        report = report.note(format!(
            "RSS beside the other run: {:+.1} MiB",
            with - without
        ));
    }
    flags.target.keep(&report)?;
    Ok(report)
}

/// More than one run has.
const OTHER_NUMBERS: u64 = 1 << 32;
