//! The one error of this tool: what went wrong and what a person can do about it.

use std::{fmt, io, path::Path};

/// A sentence for the person at the terminal, and the next step if there is one.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    remedy: Option<String>,
}

/// What every part of this tool returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// `what` says what is wrong, in a sentence without a final full stop.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            remedy: None,
        }
    }

    /// For an operation on a file or folder that the system refused.
    pub(crate) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(format!("Could not {doing} {}: {error}", path.display()))
    }

    /// Adds what to do, best of all a command to copy.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n\nWhat to do: {remedy}"),
            None => Ok(()),
        }
    }
}
