//! The plain sync that a durable message cannot be faster than, on the same disk in the same minute.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A file that is appended to and synced, as a commit does to the database's log.
pub(crate) struct Disk {
    file: fs::File,
    path: PathBuf,
}

/// Why it cannot be measured.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be written: {source}")]
pub(crate) struct Failure {
    path: PathBuf,
    source: io::Error,
}

impl Disk {
    /// In this folder.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn of(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(format!("pond-bench-sync-{}", std::process::id()));
        match fs::File::create_new(&path) {
            Ok(file) => Ok(Self { file, path }),
            Err(source) => Err(Failure { path, source }),
        }
    }

    /// Appends what one commit appends, and syncs it; how long that took.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn sync(&mut self) -> Result<Duration, Failure> {
        let started = Instant::now();
        let written = self.file.write_all(&vec![7; COMMIT_BYTES]);
        match written.and_then(|()| self.file.sync_data()) {
            Ok(()) => Ok(started.elapsed()),
            Err(source) => Err(Failure {
                path: self.path.clone(),
                source,
            }),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Three pages of 4 KiB with their headers: what SQLite's log grows by for a message in a long
/// conversation (the row, its index, the conversation's head).
const COMMIT_BYTES: usize = 3 * (4096 + 24);
