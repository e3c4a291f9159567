//! The store: what is true.
//!
//! Owns the database: users, sessions, conversations and their logs. Gives each event its `seq` in
//! the transaction that writes it, and answers a write after the commit is on disk, never before.
//! Knows nothing of sockets and tells nobody; whoever writes says what happens after the commit.
//! Read next: `writer` for group commit, `append` for the one write that everything stands on.

mod accounts;
mod append;
mod checks;
mod conversations;
#[cfg(test)]
mod costs;
mod error;
mod events;
mod log;
mod marks;
mod members;
mod open;
mod pages;
#[cfg(test)]
mod probe;
mod readers;
mod transaction;
mod writer;

use std::{
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rusqlite::Connection;
use shared::Timestamp;
use tokio::sync::oneshot;

use self::{
    open::Locked, pages::Pages, readers::Readers, transaction::Transaction, writer::Writer,
};

pub use accounts::{NewUser, TokenHash};
pub use append::{Append, Appended};
pub use checks::Compared;
pub use error::{OpenError, StoreError};
pub use events::{Direction, Slice};
pub use marks::Marked;
pub use open::World;

/// Durable state in one SQLite file. Cheap to share; all of it is behind channels.
pub struct Store {
    writer: Writer,
    readers: Readers,
    pages: Arc<Pages>,
    incarnation: String,
    /// Held until the last connection is closed: nobody else opens this folder meanwhile.
    _locked: Locked,
}

/// What comes of a write, once its commit is on disk. The write goes on without whoever awaits it.
#[derive(Debug)]
pub struct Answered<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Future for Answered<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answered = Pin::new(&mut self.0).poll(context);
        answered.map(|answer| answer.unwrap_or(Err(StoreError::Stopped)))
    }
}

impl Store {
    /// Opens, and where needed makes and migrates, the database in `folder`.
    ///
    /// `page_limit` is the most pages the file may have, for tests of a full disk.
    ///
    /// # Errors
    /// [`OpenError`], in words for whoever starts the server.
    pub fn open(folder: &Path, world: World, page_limit: Option<u32>) -> Result<Self, OpenError> {
        let locked = Locked::take(folder)?;
        let file = folder.join("pond.db");
        let opened = open::open_for_writing(&file, world, page_limit)?;
        let readers = Readers::start(&file)?;
        let pages = Arc::<Pages>::default();
        let writer = Writer::start(opened.connection, &file, Arc::clone(&pages))?;
        Ok(Self {
            writer,
            readers,
            pages,
            incarnation: opened.incarnation,
            _locked: locked,
        })
    }

    /// The random id this database got when it was made.
    pub fn incarnation(&self) -> &str {
        &self.incarnation
    }

    /// Finishes what is queued, moves the log into the database file and closes both.
    pub fn close(self) {
        self.readers.stop();
        self.writer.stop();
    }

    /// Runs `work` in the next transaction and answers after its commit is on disk. It runs once more
    /// where the transaction was undone because of another write in it.
    async fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_then(move |transaction| work(transaction.settled()?), |_| {})
            .await
    }

    /// As [`Store::write`]; `committed` runs after the commit, in the order of the commits.
    async fn write_then<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
        committed: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, StoreError> {
        self.start_write(work, committed).await?.await
    }

    /// As [`Store::write_then`]; does not wait for the commit.
    async fn start_write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
        committed: impl FnOnce(&T) + Send + 'static,
    ) -> Result<Answered<T>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.writer
            .submit(writer::Job::new(work, committed, answer))
            .await?;
        Ok(Answered(answered))
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(work).await
    }
}

/// The wall clock, for people to read.
pub fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// SQLite's integers are signed; ours never reach the sign.
fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
