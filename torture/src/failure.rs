//! What stops a run: not a broken promise, which is a finding, but a harness that cannot go on.

use std::fmt;

/// A sentence that says what could not be done.
#[derive(Debug)]
pub(crate) struct Failure(String);

/// What every part of this tool returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// `what` is a sentence without a final full stop.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(format!("The system refused: {error}"))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self(format!("The database could not be looked at: {error}"))
    }
}
