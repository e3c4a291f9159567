//! What a person sees while a long step runs: step k of n, how long, how far.
//!
//! Owns standard error while it lives. On a terminal each running step is one line that is redrawn;
//! elsewhere a plain line is printed when a step starts, ends, and now and then in between.
//! Knows nothing of what the steps do.

use std::{
    io::{IsTerminal, Write, stderr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::failure::Result;

/// The steps of one run of this tool. Steps may run at the same time on several threads.
pub(crate) struct Board {
    shared: Arc<Shared>,
    painter: Option<JoinHandle<()>>,
    logs: PathBuf,
}

/// A step that is running; through it the work says how far it is.
pub(crate) struct Step {
    shared: Arc<Shared>,
    number: usize,
    log: PathBuf,
}

struct Shared {
    total: usize,
    /// Columns of the terminal, or `None` where output is not a terminal.
    width: Option<usize>,
    state: Mutex<State>,
    finished: Condvar,
}

struct State {
    begun: usize,
    running: Vec<Running>,
    /// Lines of the live area now on the terminal.
    painted: usize,
    over: bool,
}

struct Running {
    number: usize,
    name: String,
    detail: String,
    started: Instant,
    /// When it was last printed, where output is not a terminal.
    reported: Option<Instant>,
}

impl Board {
    /// A board for `total` steps, whose children write their output to files in `logs`.
    pub(crate) fn new(total: usize, logs: &Path) -> Self {
        let shared = Arc::new(Shared {
            total,
            width: stderr().is_terminal().then(terminal_width),
            state: Mutex::new(State {
                begun: 0,
                running: Vec::new(),
                painted: 0,
                over: false,
            }),
            finished: Condvar::new(),
        });
        let painter = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.paint_until_over()
        });
        Self {
            shared,
            painter: Some(painter),
            logs: logs.to_owned(),
        }
    }

    /// Runs `work` as the next step.
    ///
    /// # Errors
    /// Whatever `work` returns.
    pub(crate) fn step<T>(&self, name: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let number = self.shared.begin(name, started);
        let log = self.logs.join(format!("{}.log", slug(name)));
        let step = Step {
            shared: Arc::clone(&self.shared),
            number,
            log,
        };
        let result = work(&step);
        self.shared
            .end(number, name, started.elapsed(), result.is_ok());
        result
    }

    /// Prints one line above the running steps.
    pub(crate) fn note(&self, line: &str) {
        self.shared.note(line);
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.finished.notify_all();
        if let Some(painter) = self.painter.take() {
            // The painter only draws: if it panicked there is nothing to save.
            let _ = painter.join();
        }
    }
}

impl Step {
    /// Says how far the step is; shown until the next call.
    pub(crate) fn says(&self, detail: &str) {
        let mut state = self.shared.lock();
        if let Some(running) = state
            .running
            .iter_mut()
            .find(|running| running.number == self.number)
        {
            detail.clone_into(&mut running.detail);
        }
    }

    /// Prints one line that stays, above the running steps.
    pub(crate) fn note(&self, line: &str) {
        self.shared.note(line);
    }

    /// Where the output of this step's child processes goes.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, name: &str, now: Instant) -> usize {
        let mut state = self.lock();
        state.begun += 1;
        let number = state.begun;
        state.running.push(Running {
            number,
            name: name.to_owned(),
            detail: String::new(),
            started: now,
            reported: None,
        });
        number
    }

    fn end(&self, number: usize, name: &str, took: Duration, succeeded: bool) {
        let mut state = self.lock();
        state.running.retain(|running| running.number != number);
        let word = if succeeded { "done" } else { "failed" };
        Self::clear(&mut state);
        if took >= WORTH_A_LINE || !succeeded {
            let total = self.total;
            eprintln!("[{number}/{total}] {name}: {word} in {}", spoken(took));
        }
        self.paint(&mut state);
    }

    fn note(&self, line: &str) {
        let mut state = self.lock();
        Self::clear(&mut state);
        eprintln!("{line}");
        self.paint(&mut state);
    }

    fn paint_until_over(&self) {
        let mut state = self.lock();
        while !state.over {
            if self.width.is_some() {
                Self::clear(&mut state);
                self.paint(&mut state);
            } else {
                self.report(&mut state);
            }
            let waited = self.finished.wait_timeout(state, REDRAW_EVERY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Self::clear(&mut state);
    }

    fn clear(state: &mut State) {
        if state.painted > 0 {
            eprint!("\x1b[{}A\x1b[J", state.painted);
            state.painted = 0;
        }
    }

    fn paint(&self, state: &mut State) {
        let Some(width) = self.width else { return };
        for running in &state.running {
            eprintln!("{}", clipped(&self.line(running), width));
        }
        state.painted = state.running.len();
        let _ = stderr().flush();
    }

    fn report(&self, state: &mut State) {
        for running in &mut state.running {
            let (since, wait) = match running.reported {
                Some(last) => (last, REPORT_EVERY),
                None => (running.started, WORTH_A_LINE),
            };
            if since.elapsed() >= wait {
                running.reported = Some(Instant::now());
                eprintln!("{}", self.line(running));
            }
        }
    }

    fn line(&self, running: &Running) -> String {
        let Running {
            number,
            name,
            detail,
            started,
            ..
        } = running;
        let total = self.total;
        format!(
            "[{number}/{total}] {name}: {}  {detail}",
            spoken(started.elapsed())
        )
    }
}

/// A time as people say it: `4.2 s`, `2 min 05 s`.
pub(crate) fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 10 {
        format!("{:.1} s", time.as_secs_f32())
    } else if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// How far cargo is, out of its own progress bar: `Building [==> ] 12/340: syn` gives `12/340 syn`.
pub(crate) fn cargo_progress(line: &str) -> Option<String> {
    let (_, after_bar) = line.split_once("] ")?;
    let (count, names) = after_bar.split_once(':').unwrap_or((after_bar, ""));
    let (done, of) = count.trim().split_once('/')?;
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (numeric(done) && numeric(of)).then(|| format!("{done}/{of} {}", names.trim()))
}

fn slug(name: &str) -> String {
    name.chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char
            } else {
                '-'
            }
        })
        .collect()
}

fn clipped(line: &str, width: usize) -> String {
    line.chars().take(width.saturating_sub(1)).collect()
}

/// `stty` reads the size from standard input, which is the terminal in every case that matters.
fn terminal_width() -> usize {
    Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|size| size.split_whitespace().nth(1)?.parse().ok())
        .filter(|width| *width > 0)
        .unwrap_or(80)
}

/// Often enough to look alive.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// A step that is shorter had nothing to do, and leaves no line.
const WORTH_A_LINE: Duration = Duration::from_secs(1);

/// Where output is a file or a CI log: often enough to tell slow from stuck.
const REPORT_EVERY: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_bar_is_read_as_a_count_and_names() {
        let line = "    Building [=====>    ] 134/310: lightningcss, oxipng";
        assert_eq!(
            cargo_progress(line).unwrap(),
            "134/310 lightningcss, oxipng"
        );
        assert_eq!(cargo_progress("   Compiling syn v2.0.100"), None);
        assert_eq!(cargo_progress("note: see [E0464] 1.2: x"), None);
    }

    #[test]
    fn times_are_said_in_the_unit_that_fits() {
        assert_eq!(spoken(Duration::from_millis(4_210)), "4.2 s");
        assert_eq!(spoken(Duration::from_secs(42)), "42 s");
        assert_eq!(spoken(Duration::from_secs(125)), "2 min 05 s");
    }
}
