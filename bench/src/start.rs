//! Start → first page: the binary is started on an existing database until it has served the app,
//! and what it then holds in memory without a user.

use std::{
    fmt, fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use clap::Args;

use crate::histogram::Times;

#[derive(Args)]
pub(crate) struct Flags {
    /// The server's binary
    #[arg(long, default_value = "target/dist/pond", value_name = "FILE")]
    bin: PathBuf,
    /// Its data folder; made, and started once before anything is measured
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// How many starts
    #[arg(long, default_value_t = 20, value_name = "N")]
    count: usize,
}

/// What was measured.
pub(crate) struct Report {
    pages: Times,
    /// The largest seen, in KiB, where the system tells.
    resident_kib: Option<u64>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{path} cannot be started: {source}. Build it: cargo xtask dist")]
    Start { path: PathBuf, source: io::Error },
    #[error("{0} did not say where it is; run it by hand to see why")]
    Silent(PathBuf),
    #[error("The page was not served: {0}")]
    Page(#[from] io::Error),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    drop(start(flags)?);
    let (mut pages, mut resident_kib) = (Vec::new(), None);
    for _ in 0..flags.count {
        let started = Instant::now();
        let server = start(flags)?;
        page(&server.address)?;
        pages.push(started.elapsed());
        resident_kib = resident_kib.max(resident(server.child.id()));
    }
    Ok(Report {
        pages: Times::of(pages),
        resident_kib,
    })
}

struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Killed without a word: what starts next finds the database as a crash leaves it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(flags: &Flags) -> Result<Server, Failure> {
    let failed = |source| Failure::Start {
        path: flags.bin.clone(),
        source,
    };
    let mut child = Command::new(&flags.bin)
        .args(["--demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(&flags.data)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(failed)?;
    }
    let address = line.trim().strip_prefix("Pond is at http://");
    let mut server = Server {
        child,
        address: String::new(),
    };
    let address = address.ok_or(Failure::Silent(flags.bin.clone()))?;
    address.clone_into(&mut server.address);
    Ok(server)
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

fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, nearly] = [500, 990].map(|at| self.pages.quantile_ms(at));
        writeln!(f, "start to first page, ms: p50 {half:.1}, p99 {nearly:.1}")?;
        match self.resident_kib {
            #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
            Some(kib) => write!(f, "resident without users: {:.1} MB", kib as f64 / 976.6),
            None => write!(f, "resident memory is told by Linux alone"),
        }
    }
}
