//! Group commit: one thread owns the connection that writes.
//!
//! It takes all that waits, writes it in one transaction, syncs once, then answers everybody. While
//! one commit syncs the next batch gathers, so there is no timer. What was refused by a rule is a
//! value, not an error; a job that fails in SQL is undone alone by its savepoint.

use std::{
    path::{Path, PathBuf},
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use super::{OpenError, StoreError};
use crate::sabotage::{self, Defect};

/// The thread and the way to it.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

/// One piece of a transaction: runs in it, and hears how the commit went.
pub(super) struct Job(Box<dyn Run>);

trait Run: Send {
    fn run(&mut self, connection: &Connection) -> Result<(), rusqlite::Error>;
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Task<T, Work, Committed> {
    work: Option<Work>,
    value: Option<T>,
    committed: Committed,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, file: &Path) -> Result<Self, OpenError> {
        let (jobs, queue) = mpsc::channel(MAX_WAITING);
        let mut log_file = file.as_os_str().to_owned();
        log_file.push("-wal");
        let worker = Worker {
            connection,
            queue,
            log_file: log_file.into(),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || worker.run())
            .map_err(|source| OpenError::Folder {
                path: file.to_owned(),
                source,
            })?;
        Ok(Self { jobs, thread })
    }

    /// Queues a job; waits while the queue is full, so senders slow down to what the disk can do.
    pub(super) async fn submit(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.send(job).await.map_err(|_| StoreError::Stopped)
    }

    /// Finishes what is queued and closes the connection.
    pub(super) fn stop(self) {
        drop(self.jobs);
        if self.thread.join().is_err() {
            error!("the store's writer had panicked");
        }
    }
}

impl Job {
    pub(super) fn new<T: Send + 'static>(
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
        committed: impl FnOnce(&T) + Send + 'static,
        answer: oneshot::Sender<Result<T, StoreError>>,
    ) -> Self {
        Self(Box::new(Task {
            work: Some(work),
            value: None,
            committed,
            answer,
        }))
    }
}

impl<T, Work, Committed> Run for Task<T, Work, Committed>
where
    T: Send,
    Work: FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send,
    Committed: FnOnce(&T) + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), rusqlite::Error> {
        if let Some(work) = self.work.take() {
            self.value = Some(work(connection)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.value) {
            (Ok(()), Some(value)) => {
                (self.committed)(&value);
                Ok(value)
            }
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(StoreError::Stopped),
        };
        // Whoever asked may be gone; what was written stands all the same.
        let _ = self.answer.send(answer);
    }
}

struct Worker {
    connection: Connection,
    queue: mpsc::Receiver<Job>,
    log_file: PathBuf,
}

impl Worker {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while self.queue.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
            self.commit(&mut batch);
            self.checkpoint_if_large();
        }
        if let Err(error) = self
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        {
            warn!(%error, "the last checkpoint failed; the next start makes up for it");
        }
        if let Err((_, error)) = self.connection.close() {
            warn!(%error, "the database did not close");
        }
    }

    fn commit(&self, batch: &mut Vec<Job>) {
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            return fail(batch.drain(..), &error);
        }
        let mut written = Vec::with_capacity(batch.len());
        let mut jobs = batch.drain(..);
        while let Some(mut job) = jobs.next() {
            let Err(error) = self.run_alone(&mut job) else {
                written.push(job);
                continue;
            };
            let whole_is_gone = self.connection.is_autocommit();
            if whole_is_gone {
                // SQLite rolled everything back, as it does on a full disk.
                return fail(written.into_iter().chain([job]).chain(jobs), &error);
            }
            job.0.finish(Err(error.into()));
        }
        if sabotage::is(Defect::AcksBeforeCommit) {
            written.drain(..).for_each(|job| job.0.finish(Ok(())));
        }
        match self.connection.execute_batch("COMMIT") {
            Ok(()) => written.into_iter().for_each(|job| job.0.finish(Ok(()))),
            Err(error) => {
                if !self.connection.is_autocommit()
                    && let Err(error) = self.connection.execute_batch("ROLLBACK")
                {
                    error!(%error, "a transaction could not be rolled back");
                }
                if sabotage::is(Defect::IgnoresErrors) {
                    return written.into_iter().for_each(|job| job.0.finish(Ok(())));
                }
                fail(written.into_iter(), &error);
            }
        }
    }

    /// Runs one job so that its failure leaves no trace in the others' transaction.
    fn run_alone(&self, job: &mut Job) -> Result<(), rusqlite::Error> {
        self.connection.execute_batch("SAVEPOINT job")?;
        let outcome = job.0.run(&self.connection);
        if outcome.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK TO job")?;
        }
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("RELEASE job")?;
        }
        outcome
    }

    /// Moves the log into the database file and cuts it to nothing: when it is large, or earlier when
    /// nobody waits. Somebody who reads the log just now holds up the cut and not the senders: it is
    /// tried again after the next commit.
    fn checkpoint_if_large(&self) {
        let bytes = std::fs::metadata(&self.log_file).map_or(0, |file| file.len());
        let is_idle = self.queue.is_empty();
        if bytes <= IDLE_CHECKPOINT_BYTES || (!is_idle && bytes <= CHECKPOINT_BYTES) {
            return;
        }
        let patience = if bytes > MOST_LOG_BYTES {
            READERS_END_WITHIN
        } else {
            Duration::ZERO
        };
        // Nobody else writes, so this is the only thing that the connection ever waits for.
        let done = self.connection.busy_timeout(patience).and_then(|()| {
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        });
        if let Err(error) = done {
            warn!(%error, "a checkpoint failed; the next one makes up for it");
        }
    }
}

fn fail(jobs: impl Iterator<Item = Job>, error: &rusqlite::Error) {
    let is_full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
    if !is_full {
        error!(%error, "a transaction failed");
    }
    for job in jobs {
        let told = if is_full {
            StoreError::Full
        } else {
            StoreError::RolledBack(error.to_string())
        };
        job.0.finish(Err(told));
    }
}

/// Jobs in one transaction. Source: beyond this one more job no longer lowers the cost of each.
const MAX_BATCH: usize = 512;
/// Jobs that may wait; whoever comes then waits outside, which slows its own connection alone.
const MAX_WAITING: usize = 4096;
const CHECKPOINT_BYTES: u64 = 32 << 20;
const IDLE_CHECKPOINT_BYTES: u64 = 4 << 20;
/// A log that readers kept from being cut for so long is worth a pause.
const MOST_LOG_BYTES: u64 = 256 << 20;
/// A reader reads one page or one summary.
const READERS_END_WITHIN: Duration = Duration::from_secs(1);
