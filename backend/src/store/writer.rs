//! Group commit: one thread owns the connection that writes.
//!
//! It takes all that waits, writes it in one transaction, syncs once, then answers everybody. While
//! one commit syncs the next batch gathers, so there is no timer. What was refused by a rule is a
//! value, not an error. Where a job fails in SQL, which is rare, all of them are undone and run once
//! more, each in a savepoint of its own: so none pays for one while nothing fails.

use std::{cell::Cell, path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use rusqlite::Connection;
use tokio::{
    runtime::{self, Runtime},
    sync::{mpsc, oneshot},
    time::timeout,
};
use tracing::{error, warn};

use super::{OpenError, StoreError, log::Log, pages::Pages, transaction::Transaction};
use crate::sabotage::{self, Defect};

/// The thread and the way to it.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

/// One piece of a transaction: runs in it, and hears how the commit went.
pub(super) struct Job(Box<dyn Run>);

trait Run: Send {
    /// Runs; once more, where the transaction was undone because of another job.
    fn run(&mut self, within: &mut Transaction<'_>) -> Result<(), rusqlite::Error>;
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Task<T, Work, Committed> {
    work: Work,
    value: Option<T>,
    committed: Committed,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl Writer {
    pub(super) fn start(
        mut connection: Connection,
        file: &Path,
        pages: Arc<Pages>,
    ) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder {
            path: file.to_owned(),
            source,
        };
        let (jobs, queue) = mpsc::channel(MAX_WAITING);
        let log =
            Log::watch(&mut connection).map_err(|source| OpenError::of(file.to_owned(), source))?;
        let clock = runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(failed)?;
        let worker = Worker {
            connection,
            queue,
            log,
            pages,
            was_full: Cell::new(false),
            clock,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || worker.run())
            .map_err(failed)?;
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
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
        committed: impl FnOnce(&T) + Send + 'static,
        answer: oneshot::Sender<Result<T, StoreError>>,
    ) -> Self {
        Self(Box::new(Task {
            work,
            value: None,
            committed,
            answer,
        }))
    }
}

impl<T, Work, Committed> Run for Task<T, Work, Committed>
where
    T: Send,
    Work: FnMut(&mut Transaction<'_>) -> Result<T, rusqlite::Error> + Send,
    Committed: FnOnce(&T) + Send,
{
    fn run(&mut self, within: &mut Transaction<'_>) -> Result<(), rusqlite::Error> {
        self.value = None;
        self.value = Some((self.work)(within)?);
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
    log: Log,
    pages: Arc<Pages>,
    was_full: Cell<bool>,
    /// For the one wait that has an end.
    clock: Runtime,
}

impl Worker {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while self.next_batch(&mut batch) > 0 {
            self.commit(&mut batch);
            self.log.checkpoint_if_large(&self.connection);
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
        let mut jobs = std::mem::take(batch);
        let written = self.write_together(&mut jobs);
        let has_appended = matches!(written, Ok(true));
        let may_have_appended = !matches!(written, Ok(false));
        let written = written.map(drop);
        let written = written.or_else(|error| self.write_each(&mut jobs, error));
        if sabotage::is(Defect::AcksBeforeCommit) {
            jobs.drain(..).for_each(|job| job.0.finish(Ok(())));
        }
        let committed = written.and_then(|()| self.execute("COMMIT"));
        match &committed {
            Err(error) if is_full(error) => self.note_room(false),
            // What writes next to nothing says nothing, nor does what failed of something else.
            Ok(()) if has_appended => self.note_room(true),
            _ => {}
        }
        if may_have_appended {
            self.pages.appended();
        }
        match committed {
            Ok(()) => jobs.drain(..).for_each(|job| job.0.finish(Ok(()))),
            Err(error) => {
                self.roll_back();
                if sabotage::is(Defect::IgnoresErrors) {
                    jobs.drain(..).for_each(|job| job.0.finish(Ok(())));
                }
                fail(jobs.drain(..), &error);
            }
        }
        // Its memory serves the next batch.
        *batch = jobs;
    }

    /// Says once that there is no room, and once that there is again.
    fn note_room(&self, has_room: bool) {
        if self.was_full.replace(!has_room) == has_room {
            if has_room {
                warn!("there is room on the disk again");
            } else {
                error!(
                    "the disk is full: nothing is stored, and people are told, until there is room"
                );
            }
        }
    }

    /// Runs all jobs in a transaction that stays open; says whether a log has grown.
    fn write_together(&self, jobs: &mut [Job]) -> Result<bool, rusqlite::Error> {
        self.execute("BEGIN IMMEDIATE")?;
        let mut transaction = Transaction::on(&self.connection);
        for job in jobs {
            job.0.run(&mut transaction)?;
        }
        transaction.write_heads()?;
        Ok(transaction.has_appended())
    }

    /// Runs one statement, which is read by SQLite the first time alone.
    fn execute(&self, statement: &str) -> Result<(), rusqlite::Error> {
        let mut prepared = self.connection.prepare_cached(statement)?;
        prepared.execute([]).map(drop)
    }

    /// After a job failed: undoes all, and runs each so that its failure leaves no trace in the
    /// others' transaction. Those that fail again have their answer and are taken out.
    fn write_each(
        &self,
        jobs: &mut Vec<Job>,
        error: rusqlite::Error,
    ) -> Result<(), rusqlite::Error> {
        if self.connection.is_autocommit() {
            // It never began, or SQLite rolled everything back, as it does on a full disk.
            return Err(error);
        }
        self.connection.execute_batch("ROLLBACK; BEGIN IMMEDIATE")?;
        let mut waiting = std::mem::take(jobs).into_iter();
        while let Some(mut job) = waiting.next() {
            match self.run_alone(&mut job) {
                Ok(Ok(())) => jobs.push(job),
                Ok(Err(refused)) => {
                    if is_full(&refused) {
                        self.note_room(false);
                    }
                    job.0.finish(Err(refused.into()));
                }
                Err(error) => {
                    jobs.push(job);
                    jobs.extend(waiting);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// What came of a job on its own. An error is the whole transaction's: SQLite rolled it back, or
    /// what a failed job wrote could not be taken out of it.
    fn run_alone(&self, job: &mut Job) -> Result<Result<(), rusqlite::Error>, rusqlite::Error> {
        self.connection.execute_batch("SAVEPOINT job")?;
        let mut within = Transaction::on(&self.connection);
        let outcome = job.0.run(&mut within).and_then(|()| within.write_heads());
        if let Err(error) = outcome {
            if self.connection.is_autocommit() {
                return Err(error);
            }
            let undone = "ROLLBACK TO job; RELEASE job";
            return self.connection.execute_batch(undone).map(|()| Err(error));
        }
        self.connection.execute_batch("RELEASE job").map(Ok)
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            error!(%error, "a transaction could not be rolled back");
        }
    }

    /// What waits, or what comes next; none when nobody can send any more. Where the log is worth it,
    /// a silence is used to empty it.
    fn next_batch(&mut self, batch: &mut Vec<Job>) -> usize {
        if self.log.bytes() > IDLE_LOG_BYTES {
            let more = self.queue.recv_many(batch, MAX_BATCH);
            match self.clock.block_on(async { timeout(SILENCE, more).await }) {
                Ok(taken) => return taken,
                Err(_) => self.log.checkpoint(&self.connection),
            }
        }
        self.queue.blocking_recv_many(batch, MAX_BATCH)
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

fn fail(jobs: impl Iterator<Item = Job>, error: &rusqlite::Error) {
    let is_full = is_full(error);
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
/// A log of this size is emptied when nobody writes for [`SILENCE`].
const IDLE_LOG_BYTES: u64 = 4 << 20;
/// Longer than a busy sender takes from an ack to the next message.
const SILENCE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use shared::{ConversationId, MsgId, Seq, Timestamp, UserId};
    use tempfile::TempDir;

    use super::super::{
        Append, Appended, Direction, Store, StoreError, World, probe::in_one_batch,
    };

    const EVERYONE: ConversationId = ConversationId::EVERYONE;

    fn message(n: u64) -> Append {
        Append {
            conversation: EVERYONE,
            peer_name: None,
            sender: UserId(1),
            msg_id: MsgId::parse(&format!("m{n}")).unwrap(),
            content: "hi".into(),
            now: Timestamp(n.cast_signed()),
        }
    }

    #[tokio::test]
    async fn a_write_that_fails_leaves_no_trace_in_the_transaction_of_the_others() {
        let folder = TempDir::new().unwrap();
        let store = Store::open(folder.path(), World::Demo, None).unwrap();
        store
            .create_user("Ana".into(), None, Timestamp(0))
            .await
            .unwrap();
        let write = async |n: u64| {
            if n != 5 {
                return store.append(message(n), |_| {}).await;
            }
            // Writes twice, and fails after that.
            let fails = store.write_then(
                |to| {
                    super::super::append::append(to, &message(50))?;
                    to.settled()?.execute("UPDATE users SET name = 'Eve'", [])?;
                    to.db().execute("INSERT INTO meta VALUES (NULL, '')", [])?;
                    Ok(Appended::NotMember)
                },
                |_| panic!("it was not written"),
            );
            fails.await
        };
        let written = in_one_batch(&store, || (), (1..=9).map(write)).await;
        for (n, appended) in (1..).zip(written) {
            match appended {
                Ok(Appended::Stored(message)) => {
                    assert_eq!(message.seq, Seq(if n < 5 { n } else { n - 1 }));
                    assert_eq!(message.from_user, "Ana");
                }
                other => assert!(n == 5 && matches!(other, Err(StoreError::Sqlite(_))), "{n}"),
            }
        }
        let log = store.slice(EVERYONE, Direction::Newest, 50).await.unwrap();
        assert_eq!((log.head, log.events.len()), (Seq(8), 8));
        assert!(
            log.events
                .windows(2)
                .all(|two| two[1].follows(two[0].check()))
        );
    }
}
