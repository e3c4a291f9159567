//! Start → first page: the binary is started on an existing database until it has served the app,
//! and what it then holds in memory without a user.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use clap::Args;

use crate::{
    flags,
    histogram::Histogram,
    report::{self, Case, Output, Report},
    target::{self, NoServer, Started},
};

#[derive(Args)]
pub(crate) struct Flags {
    /// The server's binary
    #[arg(long, default_value = "target/dist/pond", value_name = "FILE")]
    bin: PathBuf,
    /// Its data folder; made, and started once before anything is measured
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// How many starts
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 20, value_name = "N")]
    count: usize,
    #[command(flatten)]
    output: Output,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NoServer(#[from] NoServer),
    #[error("The page was not served: {0}")]
    Page(#[source] io::Error),
    #[error("The figures cannot be written: {0}")]
    Json(#[source] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    drop(start(flags)?);
    let (mut pages, mut resident_kib) = (Histogram::new(), None);
    for _ in 0..flags.count {
        let started = Instant::now();
        let server = start(flags)?;
        page(&server.address).map_err(Failure::Page)?;
        pages.record(started.elapsed());
        resident_kib = resident_kib.max(server.process().resident_kib());
    }
    let case = Case::new("start to page")
        .with("p50_ms", pages.quantile_ms(500))
        .with("p99_ms", pages.quantile_ms(990))
        .with_any("server_rss_mib", resident_kib.map(report::mib));
    let report = Report::new("start").setting("starts", flags.count);
    let report = report.case(case);
    flags.output.keep(&report).map_err(Failure::Json)?;
    Ok(report)
}

fn start(flags: &Flags) -> Result<Started, NoServer> {
    let mut command = Command::new(&flags.bin);
    command.args(["--demo", "--data"]).arg(&flags.data);
    target::start(command, &flags.bin)
}

fn page(address: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") && answer.contains("</html>") {
        Ok(())
    } else {
        Err(io::Error::other(
            answer.lines().next().unwrap_or("nothing").to_owned(),
        ))
    }
}
