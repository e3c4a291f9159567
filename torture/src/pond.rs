//! The server under test: the real binary in a process of its own, started, killed, paused.

use std::{
    ffi::OsString,
    fs,
    net::SocketAddr,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::failure::{Failure, Result};

/// How a server is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The server's binary.
    pub(crate) binary: PathBuf,
    /// Its data folder.
    pub(crate) data: PathBuf,
    /// What runs it, such as `strace` with its flags; empty for nothing.
    pub(crate) wrapper: Vec<String>,
    /// Whether it ends with this process, however that ends; where it cannot, it ends when dropped.
    pub(crate) is_leashed: bool,
    /// A defect that the binary is to have, if it can.
    pub(crate) sabotage: Option<String>,
}

/// A running server. Killed when dropped.
pub(crate) struct Pond {
    child: Child,
    /// The server itself, where the child is its wrapper.
    server: u32,
    address: SocketAddr,
    /// Kept, so that the server can go on printing.
    _output: Lines<BufReader<ChildStdout>>,
}

/// Signals that a server is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Signal {
    /// Ends it at once: nothing is flushed, nobody is told.
    Kill,
    /// Asks it to stop.
    Terminate,
    /// Pauses it.
    Pause,
    /// Lets it go on.
    Resume,
}

impl Launch {
    /// A server of this binary on this folder.
    pub(crate) fn new(binary: &Path, data: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            data: data.to_owned(),
            wrapper: Vec::new(),
            is_leashed: true,
            sabotage: None,
        }
    }

    /// The same, run by `strace` with these injections.
    #[must_use]
    pub(crate) fn traced(mut self, injections: &[String]) -> Self {
        self.wrapper = ["strace", "-f", "-qq", "-o", "/dev/null"]
            .map(String::from)
            .into();
        // Stops at the chosen calls alone, which is faster by far; an injected signal gets lost so.
        if !injections.iter().any(|one| one.contains("signal=")) {
            self.wrapper.push("--seccomp-bpf".into());
        }
        let calls: Vec<_> = injections
            .iter()
            .filter_map(|one| one.split(':').next())
            .collect();
        self.wrapper
            .extend(["-e".into(), format!("trace={}", calls.join(","))]);
        for injection in injections {
            self.wrapper
                .extend(["-e".into(), format!("inject={injection}")]);
        }
        self
    }

    /// Whether it is run to be killed at one of its calls.
    pub(crate) fn is_deadly(&self) -> bool {
        self.wrapper.iter().any(|word| word.contains("signal="))
    }

    /// Starts it and waits until it listens. None when it ended before, as a kill during the start
    /// makes it.
    ///
    /// # Errors
    /// [`Failure`] when nothing can be started, or it neither listens nor ends.
    pub(crate) async fn start(&self) -> Result<Option<Pond>> {
        // A server never outlives its wrapper, nor the wrapper this process.
        let leash: &[&str] = if self.is_leashed { &LEASH } else { &[] };
        let mut words: Vec<OsString> = leash.iter().map(OsString::from).collect();
        if !self.wrapper.is_empty() {
            words.extend(self.wrapper.iter().map(OsString::from));
            words.extend(leash.iter().map(OsString::from));
        }
        words.push(self.binary.clone().into());
        let flags = [
            "--demo",
            "--rate-limits",
            "off",
            "--listen",
            "127.0.0.1:0",
            "--data",
        ];
        words.extend(flags.map(OsString::from));
        words.push(self.data.clone().into());
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| Failure::new("Nothing to start"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if std::env::var_os("POND_LOG").is_none() {
            // What it complains of under torture is expected; what counts is what its clients see.
            command.stderr(Stdio::null());
        }
        command.env_remove("POND_SABOTAGE");
        if let Some(defect) = &self.sabotage {
            command.env("POND_SABOTAGE", defect);
        }
        let mut child = command.spawn().map_err(|error| {
            Failure::new(format!(
                "Could not start {}: {error}",
                self.binary.display()
            ))
        })?;
        let output = child
            .stdout
            .take()
            .ok_or_else(|| Failure::new("The server has no output"))?;
        let mut output = BufReader::new(output).lines();
        let line = timeout(START, output.next_line()).await;
        let line = line.map_err(|_| Failure::new("The server does not start"))?;
        let Ok(Some(line)) = line else {
            let _ = child.wait().await;
            return Ok(None);
        };
        let address = line
            .trim()
            .strip_prefix("Pond is at http://")
            .and_then(|at| at.parse().ok());
        let address = address.ok_or_else(|| Failure::new(format!("The server said: {line}")))?;
        let child_id = child.id().unwrap_or_default();
        // Some wrappers stay and have it as their child, others become it.
        let server = child_of(child_id).unwrap_or(child_id);
        Ok(Some(Pond {
            child,
            server,
            address,
            _output: output,
        }))
    }
}

impl Pond {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a signal to the server itself.
    pub(crate) async fn signal(&self, signal: Signal) {
        let name = match signal {
            Signal::Kill => "KILL",
            Signal::Terminate => "TERM",
            Signal::Pause => "STOP",
            Signal::Resume => "CONT",
        };
        let process = self.server.to_string();
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &process]).stderr(Stdio::null());
        // It may be gone already, which is what most callers want.
        let _ = kill.status().await;
    }

    /// Kills it and waits for its end.
    pub(crate) async fn kill(mut self) {
        if self.child.id() == Some(self.server) {
            let _ = self.child.start_kill();
        } else {
            self.signal(Signal::Kill).await;
        }
        if timeout(END, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    /// Waits for its end, which something else brings; says whether it came in time, by a kill.
    pub(crate) async fn was_killed_within(&mut self, patience: Duration) -> bool {
        let ended = timeout(patience, self.child.wait()).await;
        ended.is_ok_and(|status| status.is_ok_and(|status| status.signal() == Some(SIGKILL)))
    }

    /// Memory that is resident, in KiB.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server)).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }
}

/// The first process whose parent is `parent`.
fn child_of(parent: u32) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.find(|process| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name in brackets may hold anything; what follows it is state and parent.
        let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        rest.split(' ').nth(1).and_then(|found| found.parse().ok()) == Some(parent)
    })
}

const LEASH: [&str; 4] = ["setpriv", "--pdeathsig", "KILL", "--"];
const SIGKILL: i32 = 9;
/// A start under `strace` with a slow disk stays far below.
const START: Duration = Duration::from_secs(30);
/// A killed process ends at once.
const END: Duration = Duration::from_secs(10);
