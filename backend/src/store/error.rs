//! What can go wrong with the database: while it is opened, and later.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why a read or a write failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the room the database may take, is full. Reading goes on.
    #[error("the disk is full")]
    Full,
    /// The server stops.
    #[error("the store is closed")]
    Stopped,
    /// Too many wait already.
    #[error("too many reads or writes wait")]
    Busy,
    /// The transaction was rolled back because of another write in it.
    #[error("the transaction was rolled back: {0}")]
    RolledBack(String),
    /// SQLite failed.
    #[error("the database failed")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Sqlite(error),
        }
    }
}

/// Why a data folder was not opened. Each text says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No folder can be made or written there.
    #[error("The data folder {} cannot be used: {source}. Choose another with --data DIR", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another server has it.
    #[error("Another pond is running on the data folder {}. Stop it, or choose another folder with --data DIR", .0.display())]
    InUse(PathBuf),
    /// Made by a newer build.
    #[error(
        "The data in {} was written by a newer pond (format {found}; this one knows {known}). Start the newer one, or choose another folder with --data DIR",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest this build knows.
        known: u32,
    },
    /// No SQLite database, or a damaged one.
    #[error("The database {} cannot be read: {source}. It was not touched; restore a backup in its place, or choose another folder with --data DIR", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// No room to open it.
    #[error("The disk of {} is full. Nothing was lost; make room there, or choose another folder with --data DIR", .0.display())]
    Full(PathBuf),
    /// A database of another program.
    #[error("The file {} is a database of another program. It was not touched; choose another folder with --data DIR", .0.display())]
    Foreign(PathBuf),
    /// Accounts in a demo, or a demo's nicknames among accounts.
    #[error("The data folder {} belongs to a server {}. Start it so, or choose another folder with --data DIR", path.display(), if *demo { "in demo mode, where any name gets in" } else { "with accounts, and in demo mode anybody could take their names" })]
    OtherWorld {
        /// The folder.
        path: PathBuf,
        /// Whether it is a demo's.
        demo: bool,
    },
}

impl OpenError {
    /// What SQLite said of this file.
    pub(super) fn of(path: PathBuf, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(path),
            _ => Self::Unreadable { path, source },
        }
    }
}
