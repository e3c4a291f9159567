//! `kill -9` at the n-th call of one kind: between any two steps of a send, a start, a checkpoint
//! and a stop. `strace` counts the calls of each thread.

use std::time::Duration;

use super::{Episode, Fault, at_work};
use crate::{bench::Bench, dice::Dice, failure::Result, pond::Signal, stage::Stage};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let (_folder, mut stage) = at_work(bench, 4, dice).await?;
    let (mut exact, tries) = (0, bench.either(24, 64));
    for turn in 0..tries {
        stage.kill().await;
        let (calls, most) = dice.pick(&CALLS).copied().unwrap_or(("fsync,fdatasync", 9));
        let call = dice.between(1, most);
        let healthy = stage.launch().clone();
        *stage.launch() = healthy
            .clone()
            .traced(&[format!("{calls}:signal=KILL:when={call}")]);
        exact += u32::from(!stage.start().await? || struck(&mut stage, turn % 3 == 0).await?);
        *stage.launch() = healthy;
    }
    stage.kill().await;
    stage.start().await?;
    let mut episode = Fault::Exact.judge(stage, exact).await?;
    episode.note = format!("{exact} of {tries} came to their call");
    Ok(episode)
}

/// Waits for the kill: under load, or after a while in a stop that is asked for.
async fn struck(stage: &mut Stage, is_stop: bool) -> Result<bool> {
    let server = stage.server()?;
    if is_stop && !server.was_killed_within(UNDER_LOAD / 4).await {
        server.signal(Signal::Terminate).await;
    }
    Ok(server.was_killed_within(UNDER_LOAD).await)
}

/// Calls and the highest number drawn: writing to the log and the database, syncing, answering,
/// opening, cutting the log, reading at the start.
const CALLS: [(&str, u64); 6] = [
    ("pwrite64", 240),
    ("fsync,fdatasync", 40),
    ("sendto,writev", 120),
    ("openat", 30),
    ("ftruncate,unlink", 4),
    ("pread64", 20),
];
/// A call that does not come in this time does not come.
const UNDER_LOAD: Duration = Duration::from_millis(1200);
