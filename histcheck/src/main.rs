//! `histcheck FILE`: reads a history as lines of JSON, prints the verdict.
//!
//! The lines are described in [`histcheck::lines`]; `-` reads the standard input. Ends with 0 when
//! every promise held, 1 when one was broken or there was nothing to judge, 2 when it cannot be read.

use std::{io, process::ExitCode};

use histcheck::{Report, check, lines};

const USAGE: &str = "histcheck FILE: judges a history of lines of JSON; - reads the standard input
Ends with 0 when every promise held, 1 when one was broken or there was nothing to judge, 2 when it cannot be read";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [file] = words.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if ["--help", "-h"].contains(&&**file) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match judge(file) {
        Ok(is_good) => ExitCode::from(u8::from(!is_good)),
        Err(why) => {
            eprintln!("histcheck: {why}");
            ExitCode::from(2)
        }
    }
}

fn judge(file: &str) -> Result<bool, String> {
    let text = match file {
        "-" => io::read_to_string(io::stdin()),
        path => std::fs::read_to_string(path),
    };
    let text = text.map_err(|error| format!("{file} cannot be read: {error}"))?;
    let named = lines::parse(&text).map_err(|bad| format!("{file}: {bad}"))?;
    let report = check(&named.history);
    println!("{}", named.translated(&report.to_string()));
    println!("{}", verdict(&report));
    Ok(is_proof(&report) && report.is_good())
}

fn verdict(report: &Report) -> &'static str {
    match (report.is_good(), is_proof(report)) {
        (false, _) => "A promise was broken",
        (true, true) => "Every promise held",
        (true, false) => "Nothing was acknowledged, so nothing is shown",
    }
}

/// Whether there was anything to judge.
fn is_proof(report: &Report) -> bool {
    report.counts.acked > 0
}
