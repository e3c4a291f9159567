//! The write-ahead log: how long it is, and when it is moved into the database file.
//!
//! The file keeps its length and is written again from its start: making it longer costs each commit
//! as much as writing it does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;
use tracing::warn;

/// The log of the connection that writes.
pub(super) struct Log {
    /// Pages in it, told by SQLite after each commit.
    pages: Arc<AtomicU64>,
    page_bytes: u64,
    /// Its bytes after the last attempt; 0 where that emptied it.
    left_bytes: u64,
}

impl Log {
    /// Follows this connection's log from now on.
    pub(super) fn watch(connection: &mut Connection) -> Result<Self, rusqlite::Error> {
        let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&pages);
        connection.wal_hook(Some(move |_: &mut _, now: i32| {
            told.store(u64::try_from(now).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self {
            pages,
            page_bytes: u64::from(page_bytes) + FRAME_HEADER_BYTES,
            left_bytes: 0,
        })
    }

    /// What is in it, not what the file takes.
    pub(super) fn bytes(&self) -> u64 {
        self.pages.load(Ordering::Relaxed) * self.page_bytes
    }

    /// Where it is long, empties it before the next commit.
    pub(super) fn checkpoint_if_large(&mut self, connection: &Connection) {
        let bytes = self.bytes();
        if bytes < self.left_bytes {
            // SQLite has begun it anew by itself.
            self.left_bytes = 0;
        }
        if bytes > self.left_bytes + LARGE_BYTES {
            self.checkpoint(connection);
        }
    }

    /// Moves the log into the database file, so that the next commit begins it anew. Somebody who reads
    /// it just now holds up the latter and not the senders.
    pub(super) fn checkpoint(&mut self, connection: &Connection) {
        let bytes = self.bytes();
        let patience = if bytes > MOST_BYTES {
            READERS_END_WITHIN
        } else {
            Duration::ZERO
        };
        // Nobody else writes, so this is the only thing that the connection ever waits for.
        let done = connection.busy_timeout(patience).and_then(|()| {
            connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0))
        });
        let is_held_up = done.unwrap_or_else(|error| {
            warn!(%error, "a checkpoint failed; the next one makes up for it");
            true
        });
        if is_held_up {
            self.left_bytes = bytes;
        } else {
            self.left_bytes = 0;
            self.pages.store(0, Ordering::Relaxed);
        }
    }
}

/// What SQLite writes before each page. Source: its file format.
const FRAME_HEADER_BYTES: u64 = 24;
/// Emptied at this size even while many write. Source: what a start after a crash reads through in less
/// than 100 ms.
const LARGE_BYTES: u64 = 32 << 20;
/// A log that readers kept from being emptied for so long is worth a pause.
const MOST_BYTES: u64 = 256 << 20;
/// A reader reads one page or one summary.
const READERS_END_WITHIN: Duration = Duration::from_secs(1);
