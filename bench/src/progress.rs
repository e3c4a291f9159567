//! One line on stderr, once a second, that says how far it is.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// The line.
pub(crate) struct Progress {
    what: String,
    next: Instant,
    is_terminal: bool,
}

impl Progress {
    /// Of this.
    pub(crate) fn of(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            next: Instant::now() + EACH,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Says it, if the last word is a second old.
    pub(crate) fn tell(&mut self, how_far: impl FnOnce() -> String) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + EACH;
        // On a terminal the line is written over, elsewhere each has its own.
        let (before, after) = if self.is_terminal {
            ("\r\x1b[K", "")
        } else {
            ("", "\n")
        };
        let _ = write!(io::stderr(), "{before}{}: {}{after}", self.what, how_far());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

const EACH: Duration = Duration::from_secs(1);
