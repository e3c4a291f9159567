//! For tests: what runs on the connections of a store, and how many steps SQLite takes for it.
//!
//! Steps are counted by SQLite's own machine, so they are the same on every computer.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use rusqlite::{
    Connection, StatementStatus,
    trace::{TraceEvent, TraceEventCodes},
};
use tokio::sync::Notify;

use super::Store;

/// One run of a statement.
pub(super) struct Run {
    pub(super) sql: String,
    pub(super) steps: i32,
    /// How often it was planned again since it was prepared.
    pub(super) replanned: i32,
}

/// What ran, in the order in which it ended.
#[derive(Clone, Default)]
pub(super) struct Ran(Arc<Mutex<Vec<Run>>>);

impl Ran {
    /// Takes what ran since the last time.
    pub(super) fn take(&self) -> Vec<Run> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, run: Run) {
        let mut ran = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ran.push(run);
    }
}

/// Watches what runs on this connection of the database in this file.
pub(super) fn watch(connection: &mut Connection, file: &Path) -> Result<(), rusqlite::Error> {
    let ran = of(file);
    // SQLite adds up the steps of a prepared statement over all its runs.
    let mut before = HashMap::<String, i32>::new();
    let note = move |event: TraceEvent<'_>| {
        if let TraceEvent::Profile(statement, _) = event {
            let sql = statement.sql().into_owned();
            let total = statement.get_status(StatementStatus::VmStep);
            let earlier = before.insert(sql.clone(), total).unwrap_or(0);
            let is_new = total <= earlier;
            ran.note(Run {
                sql,
                steps: if is_new { total } else { total - earlier },
                replanned: statement.get_status(StatementStatus::RePrepare),
            });
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note))
}

/// As [`watch`], for a connection that was just opened.
pub(super) fn watched(
    mut connection: Connection,
    file: &Path,
) -> Result<Connection, rusqlite::Error> {
    watch(&mut connection, file)?;
    Ok(connection)
}

/// What ran on the connections of the database in this file.
pub(super) fn of(file: &Path) -> Ran {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    all.entry(file.to_owned()).or_default().clone()
}

/// Does these writes in one transaction: they wait while the writer is kept busy, and `ready` is called
/// before it takes them.
pub(super) async fn in_one_batch<T, R>(
    store: &Store,
    ready: impl FnOnce() -> R,
    writes: impl Iterator<Item = impl Future<Output = T>>,
) -> Vec<T> {
    let is_in = Arc::new(Notify::new());
    let entered = Arc::clone(&is_in);
    let (leave, may_leave) = mpsc::sync_channel::<()>(1);
    let busy = store.write(move |_| {
        entered.notify_one();
        let _ = may_leave.recv();
        Ok(())
    });
    let waiting = async {
        is_in.notified().await;
        let mut writes: Vec<_> = writes.map(Box::pin).collect();
        // Each is in the queue once it was polled.
        for write in &mut writes {
            assert!(futures_util::poll!(write).is_pending());
        }
        ready();
        leave.send(()).unwrap();
        futures_util::future::join_all(writes).await
    };
    let (_, written) = tokio::join!(busy, waiting);
    written
}

static ALL: Mutex<Option<HashMap<PathBuf, Ran>>> = Mutex::new(None);
