//! A few threads with read-only connections, so that reading never waits for a commit.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::{OpenError, StoreError, open::open_for_reading};

type Job = Box<dyn FnOnce(&Connection) + Send>;

pub(super) struct Readers {
    queues: Vec<mpsc::Sender<Job>>,
    next: AtomicUsize,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(file: &Path) -> Result<Self, OpenError> {
        let mut readers = Self {
            queues: vec![],
            next: AtomicUsize::new(0),
            threads: vec![],
        };
        for n in 0..READERS {
            let connection = open_for_reading(file)?;
            let (queue, mut jobs) = mpsc::channel::<Job>(MAX_WAITING);
            let thread = std::thread::Builder::new()
                .name(format!("store-reader-{n}"))
                .spawn(move || {
                    while let Some(job) = jobs.blocking_recv() {
                        job(&connection);
                    }
                })
                .map_err(|source| OpenError::Folder {
                    path: file.to_owned(),
                    source,
                })?;
            readers.queues.push(queue);
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may be gone.
            let _ = answer.send(work(connection));
        });
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let queue = self.queues.get(turn).ok_or(StoreError::Stopped)?;
        queue.send(job).await.map_err(|_| StoreError::Stopped)?;
        Ok(answered.await.map_err(|_| StoreError::Stopped)??)
    }

    pub(super) fn stop(self) {
        drop(self.queues);
        for thread in self.threads {
            if thread.join().is_err() {
                error!("a reader of the store had panicked");
            }
        }
    }
}

const READERS: usize = 2;
/// Reads that may wait on one thread; whoever comes then waits outside.
const MAX_WAITING: usize = 1024;
