//! Which server is measured: one that runs, or one that is started for it.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, BufRead as _, BufReader},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use clap::Args;

use crate::{
    process::Process,
    report::{Output, Report},
};

/// The flags of every mode that puts load on a server.
#[derive(Args, Clone)]
#[group(skip)]
pub(crate) struct Flags {
    /// The server's address; a demo with its rate limits off
    #[arg(
        long,
        default_value = "127.0.0.1:8080",
        value_name = "HOST:PORT",
        conflicts_with = "bin"
    )]
    pub(crate) server: String,
    /// Start this binary instead, as a demo on a new data folder and on a core of its own
    #[arg(long, value_name = "FILE")]
    pub(crate) bin: Option<PathBuf>,
    /// Where its data folder is made, for `--bin` [default: the system's folder for such]
    #[arg(long, value_name = "DIR", requires = "bin", conflicts_with = "server")]
    pub(crate) data: Option<PathBuf>,
    /// The server's process [default: the one that listens, if it is on this machine]
    #[arg(long, value_name = "PID", conflicts_with = "bin")]
    pub(crate) pid: Option<u32>,
    #[command(flatten)]
    output: Output,
}

/// Who gets in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum World {
    /// Anybody, by a nickname.
    Demo,
    /// People with accounts.
    Accounts,
}

/// A server under load.
pub(crate) struct Target {
    /// `HOST:PORT`.
    pub(crate) server: String,
    /// Its process, where it is known.
    pub(crate) process: Option<Process>,
    /// The one that was started; it ends with this.
    _started: Option<Started>,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoServer {
    #[error("{path} cannot be started: {source}. Build it: cargo xtask dist")]
    Start { path: PathBuf, source: io::Error },
    #[error("{0} did not say where it is; run it by hand to see why")]
    Silent(PathBuf),
    #[error("{path} cannot be made: {source}")]
    Folder { path: PathBuf, source: io::Error },
    #[error(
        "--server {server}: {source}. It is HOST:PORT, as 127.0.0.1:8080, of a server that runs: pond --demo --rate-limits off. Or let --bin start one"
    )]
    Unreachable { server: String, source: io::Error },
}

impl Target {
    /// The limit, which is this same binary, on the core that servers get.
    ///
    /// # Errors
    /// [`NoServer`].
    pub(crate) fn start_limit(own_binary: &Path) -> Result<Self, NoServer> {
        let mut command = on_core(SERVERS_CORE, own_binary);
        command.arg("limit");
        start(command, own_binary).map(Self::of)
    }

    /// The relay, likewise, with its file in this folder.
    ///
    /// # Errors
    /// [`NoServer`].
    pub(crate) fn start_relay(own_binary: &Path, disk: &Path) -> Result<Self, NoServer> {
        let folder = DataFolder::make(Some(disk), "-relay")?;
        let mut command = on_core(SERVERS_CORE, own_binary);
        command.arg("relay").arg("--disk").arg(&folder.path);
        let mut started = start(command, own_binary)?;
        started.folder = Some(folder);
        Ok(Self::of(started))
    }

    /// One that runs already, of which no process is known.
    #[cfg(test)]
    pub(crate) fn running(server: String) -> Self {
        Self {
            server,
            process: None,
            _started: None,
        }
    }

    fn of(started: Started) -> Self {
        pin_self();
        Self {
            server: started.address.clone(),
            process: Some(started.process()),
            _started: Some(started),
        }
    }
}

impl Flags {
    /// Those that start this binary.
    pub(crate) fn starting(bin: PathBuf, data: Option<PathBuf>) -> Self {
        Self {
            server: String::new(),
            bin: Some(bin),
            data,
            pid: None,
            output: Output::default(),
        }
    }

    /// The server, started if it is to be.
    ///
    /// # Errors
    /// [`NoServer`], of one that was to be started.
    pub(crate) fn target(&self) -> Result<Target, NoServer> {
        self.target_in(World::Demo)
    }

    /// The server; if it is to be started, one of this kind.
    ///
    /// # Errors
    /// [`NoServer`], of one that was to be started.
    pub(crate) fn target_in(&self, world: World) -> Result<Target, NoServer> {
        let Some(bin) = &self.bin else {
            TcpStream::connect(&self.server).map_err(|source| NoServer::Unreachable {
                server: self.server.clone(),
                source,
            })?;
            let port = self.server.rsplit_once(':');
            let port = port.and_then(|(_, port)| port.parse().ok());
            let process = self.pid.map(Process);
            return Ok(Target {
                server: self.server.clone(),
                process: process.or_else(|| port.and_then(Process::listening_on)),
                _started: None,
            });
        };
        is_there(bin)?;
        let folder = DataFolder::make(self.data.as_deref(), "")?;
        let mut command = on_core(SERVERS_CORE, bin);
        if world == World::Demo {
            command.arg("--demo");
        }
        command
            .args(["--rate-limits", "off", "--data"])
            .arg(&folder.path);
        let mut started = start(command, bin)?;
        started.folder = Some(folder);
        Ok(Target::of(started))
    }

    /// Writes the report where it is wanted.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn keep(&self, report: &Report) -> io::Result<()> {
        self.output.keep(report)
    }
}

/// Looks for the binary, which a tool that starts it would not name.
///
/// # Errors
/// [`NoServer::Start`].
pub(crate) fn is_there(bin: &Path) -> Result<(), NoServer> {
    fs::metadata(bin)
        .map(drop)
        .map_err(|source| NoServer::Start {
            path: bin.to_owned(),
            source,
        })
}

/// A server that was started; it is killed when this is dropped.
pub(crate) struct Started {
    child: Child,
    /// `HOST:PORT`.
    pub(crate) address: String,
    folder: Option<DataFolder>,
}

impl Started {
    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Killed without a word: what starts next finds the database as a crash leaves it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Now nobody writes there.
        self.folder = None;
    }
}

/// Starts a server on a port that the system chooses, and waits until it says which.
///
/// # Errors
/// [`NoServer`].
pub(crate) fn start(mut command: Command, bin: &Path) -> Result<Started, NoServer> {
    let failed = |source| NoServer::Start {
        path: bin.to_owned(),
        source,
    };
    let mut child = command
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let stdout = child.stdout.take();
    let mut started = Started {
        child,
        address: String::new(),
        folder: None,
    };
    let mut line = String::new();
    if let Some(stdout) = stdout {
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(failed)?;
    }
    let (_, address) = line
        .trim()
        .split_once(" is at http://")
        .ok_or_else(|| NoServer::Silent(bin.to_owned()))?;
    address.clone_into(&mut started.address);
    Ok(started)
}

/// The command to run a binary on one core, and not longer than this process, where the system has
/// tools for that.
fn on_core(core: usize, bin: &Path) -> Command {
    let mut words: Vec<OsString> = Vec::new();
    if works("setpriv", &["--pdeathsig", "KILL", "true"]) {
        words.extend(["setpriv", "--pdeathsig", "KILL"].map(OsString::from));
    }
    if can_pin() {
        words.extend(["taskset", "--cpu-list", &core.to_string()].map(OsString::from));
    }
    words.push(bin.into());
    let mut command = Command::new(words.remove(0));
    command.args(words);
    command
}

/// Keeps this process off the server's core.
fn pin_self() {
    if can_pin() {
        let pid = std::process::id().to_string();
        let core = GENERATORS_CORE.to_string();
        let _ = Command::new("taskset")
            .args(["--all-tasks", "--cpu-list", "--pid", &core, &pid])
            .stdout(Stdio::null())
            .status();
    }
}

/// Whether there are both cores and the tool.
fn can_pin() -> bool {
    let can_be_on = |core: &usize| works("taskset", &["--cpu-list", &core.to_string(), "true"]);
    [SERVERS_CORE, GENERATORS_CORE].iter().all(can_be_on)
}

fn works(tool: &str, words: &[&str]) -> bool {
    let tried = Command::new(tool)
        .args(words)
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

/// A new folder that goes with this.
struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// In `parent`; several of one process differ in how they are `called`.
    ///
    /// # Errors
    /// [`NoServer::Folder`].
    fn make(parent: Option<&Path>, called: &str) -> Result<Self, NoServer> {
        let parent = parent.map_or_else(env::temp_dir, Path::to_owned);
        let path = parent.join(format!("pond-bench-{}{called}", std::process::id()));
        fs::create_dir_all(&path).map_err(|source| NoServer::Folder {
            path: path.clone(),
            source,
        })?;
        Ok(Self { path })
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

const SERVERS_CORE: usize = 0;
const GENERATORS_CORE: usize = 1;
