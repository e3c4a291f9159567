//! Child processes: started with a clean environment, logged, and never left behind.
//!
//! Every child leads its own process group. A watcher, a small shell script, holds the list of
//! groups and the reading end of a pipe from us: when we die in whatever way (Ctrl-C, a kill, a
//! panic) the pipe closes and the watcher ends the groups. So no signal handler is needed here.

use std::{
    collections::VecDeque,
    env,
    ffi::OsStr,
    fs::File,
    io::{BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    failure::{Failure, Result},
    progress::{Step, cargo_progress},
};

/// A command without what cargo set for this process alone: a child cargo or build script would
/// take it as its own.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_ours_alone) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command to its end and shows how far it is; its output goes to the step's log.
///
/// # Errors
/// When it cannot start or does not succeed; the failure carries the end of the output.
pub(crate) fn run_logged(command: &mut Command, step: &Step) -> Result<()> {
    let logged = Mutex::new(Log::append_to(step.log())?);
    command
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "120");
    command.env("CARGO_TERM_COLOR", "never");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Ward::start(command)?;
    let outputs = (child.child.stdout.take(), child.child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(|| follow(outputs.0, step, &logged));
        follow(outputs.1, step, &logged);
    });
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    let tail = logged
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .tail();
    let what = format!("`{}` failed ({status})\n{tail}", shown(command));
    Err(Failure::new(what).remedy(format!("the whole output is in {}", step.log().display())))
}

/// Runs a command whose output belongs to the person: tests, linters.
///
/// # Errors
/// When it cannot start or does not succeed.
pub(crate) fn run_shown(command: &mut Command) -> Result<()> {
    let status = Ward::start(command.stdin(Stdio::null()))?.wait()?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "`{}` failed ({status})",
        shown(command)
    )))
}

/// What a command prints on standard output, or `None` if it is missing or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A running child in the watcher's care. Dropping it ends the child and everything it started.
pub(crate) struct Ward {
    child: Child,
    ended: bool,
}

impl Ward {
    /// # Errors
    /// When the program cannot be started.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        if ENDING.load(Ordering::SeqCst) {
            return Err(Failure::new("Something else failed first"));
        }
        let child = command.process_group(0).spawn().map_err(|error| {
            Failure::new(format!("Could not start `{}`: {error}", shown(command)))
        })?;
        tell_watcher('+', child.id());
        Ok(Self {
            child,
            ended: false,
        })
    }

    /// # Errors
    /// When the system cannot say how the child ended.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().map_err(|error| lost_child(&error))?;
        self.has_ended();
        Ok(status)
    }

    /// The exit status if the child has ended.
    ///
    /// # Errors
    /// When the system cannot say.
    pub(crate) fn poll(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait().map_err(|error| lost_child(&error))?;
        if status.is_some() {
            self.has_ended();
        }
        Ok(status)
    }

    fn has_ended(&mut self) {
        self.ended = true;
        tell_watcher('-', self.child.id());
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        signal_group("TERM", self.child.id());
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return self.has_ended();
            }
            thread::sleep(Duration::from_millis(50));
        }
        signal_group("KILL", self.child.id());
        let _ = self.child.wait();
        self.has_ended();
    }
}

/// Ends every child in the watcher's care and lets none start, so that work on other threads fails
/// and returns: the failure that led here is the one to tell.
pub(crate) fn end_all() {
    ENDING.store(true, Ordering::SeqCst);
    tell_watcher('!', 0);
}

/// What a child printed: in a file, and its last lines in memory.
struct Log {
    file: File,
    last: VecDeque<String>,
}

impl Log {
    fn append_to(path: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path);
        let file = file.map_err(|error| Failure::io("write the log", path, &error))?;
        Ok(Self {
            file,
            last: VecDeque::new(),
        })
    }

    fn add(&mut self, line: &str) {
        // A full disk costs the log, not the work.
        let _ = writeln!(self.file, "{line}");
        if self.last.len() == TAIL_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    fn tail(&self) -> String {
        self.last
            .iter()
            .flat_map(|line| ["    ", line, "\n"])
            .collect()
    }
}

/// Copies output to the log, line by line; cargo's progress bar becomes the detail of the step
/// instead. The bar ends in a carriage return, so that counts as the end of a line.
fn follow(output: Option<impl Read>, step: &Step, log: &Mutex<Log>) {
    let Some(output) = output else { return };
    let mut line = Vec::new();
    for byte in BufReader::new(output)
        .bytes()
        .map_while(std::result::Result::ok)
    {
        if byte != b'\n' && byte != b'\r' {
            line.push(byte);
            continue;
        }
        let text = String::from_utf8_lossy(&line).into_owned();
        line.clear();
        match cargo_progress(&text) {
            Some(progress) => step.says(&progress),
            None if text.trim().is_empty() => {}
            None => log
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(text.trim_end()),
        }
    }
}

fn is_ours_alone(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || [
            "CARGO",
            "CARGO_CRATE_NAME",
            "OUT_DIR",
            "RUST_RECURSION_COUNT",
        ]
        .contains(&name)
}

fn shown(command: &Command) -> String {
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

fn lost_child(error: &std::io::Error) -> Failure {
    Failure::new(format!("Lost track of a child process: {error}"))
}

fn signal_group(signal: &str, leader: u32) {
    let group = format!("-{leader}");
    let _ = Command::new("kill")
        .args(["-s", signal, "--", &group])
        .stderr(Stdio::null())
        .status();
}

fn tell_watcher(sign: char, group: u32) {
    let stdin = WATCHER.get_or_init(|| Mutex::new(start_watcher()));
    if let Some(stdin) = stdin
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_mut()
    {
        let _ = writeln!(stdin, "{sign} {group}");
    }
}

fn start_watcher() -> Option<ChildStdin> {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", WATCHER_SCRIPT])
        .process_group(0)
        .stdin(Stdio::piped());
    shell.stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().ok()?.stdin
}

static ENDING: AtomicBool = AtomicBool::new(false);

static WATCHER: OnceLock<Mutex<Option<ChildStdin>>> = OnceLock::new();

/// Reads `+ GROUP`, `- GROUP` and `! 0` (end them all now) until the pipe closes, then ends the rest.
const WATCHER_SCRIPT: &str = r#"
groups=
end() { for group in $groups; do kill -s TERM -- "-$group"; done; }
while read -r sign group; do
  case $sign in
    +) groups="$groups $group" ;;
    !) end ;;
    -) kept=; for other in $groups; do [ "$other" = "$group" ] || kept="$kept $other"; done; groups=$kept ;;
  esac
done
end
"#;

/// A server closes its store in this time; after it the child is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Enough for a compiler error with its notes.
const TAIL_LINES: usize = 40;

#[cfg(test)]
mod tests {
    use std::io::BufRead;

    use super::*;

    #[test]
    fn only_what_cargo_set_for_this_process_is_removed() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO"] {
            assert!(is_ours_alone(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_NET_OFFLINE",
            "PATH",
        ] {
            assert!(!is_ours_alone(name), "{name}");
        }
    }

    #[test]
    fn a_dropped_child_is_ended_with_all_it_started() {
        let mut shell = command("sh");
        shell
            .args(["-c", "sleep 60 & echo $!; wait"])
            .stdout(Stdio::piped());
        let mut ward = Ward::start(&mut shell).unwrap();
        let mut line = String::new();
        BufReader::new(ward.child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        drop(ward);
        let grandchild = Path::new("/proc").join(line.trim()).join("cmdline");
        let is_gone = || std::fs::read(&grandchild).map_or(true, |text| text.is_empty());
        let asked = Instant::now();
        while !is_gone() {
            assert!(asked.elapsed() < GRACE, "{line} is still running");
            thread::yield_now();
        }
    }
}
