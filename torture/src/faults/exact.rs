//! `kill -9` at the n-th call of one kind: between any two steps of a send, a start, a checkpoint
//! and a stop. `strace` counts the calls of each thread.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::{Episode, Fault, at_work};
use crate::{bench::Bench, dice::Dice, failure::Result, pond::Signal, stage::Stage};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let (_folder, mut stage) = at_work(bench, 4, dice).await?;
    let (mut exact, tries) = (0, bench.either(24, 64));
    for turn in 0..tries {
        stage.kill().await;
        let (calls, call) = bench.places.next();
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
    let places = &bench.places;
    episode.note = format!("{exact} of {tries} came to their call; {places}");
    Ok(episode)
}

/// The places of a run, one after the other: all before one comes again.
#[derive(Default, Debug)]
pub(crate) struct Places {
    start: usize,
    taken: AtomicUsize,
}

impl Places {
    /// Each seed starts elsewhere, so that short runs see others.
    pub(crate) fn new(seed: u64) -> Self {
        let start = usize::try_from(seed % 1000).unwrap_or(0);
        Self {
            start,
            taken: AtomicUsize::new(0),
        }
    }

    /// A call, and its number.
    fn next(&self) -> (&'static str, u64) {
        let turn = self.start + self.taken.fetch_add(1, Ordering::Relaxed);
        let at = turn * STRIDE % Self::all().count();
        Self::all().nth(at).unwrap_or(("fsync,fdatasync", 1))
    }

    fn all() -> impl Iterator<Item = (&'static str, u64)> {
        CALLS
            .into_iter()
            .flat_map(|(calls, most)| (1..=most).map(move |call| (calls, call)))
    }
}

impl std::fmt::Display for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = Self::all().count();
        let taken = self.taken.load(Ordering::Relaxed).min(all);
        write!(f, "{taken} of {all} places tried so far")
    }
}

/// Waits for the kill: under load, or after a while in a stop that is asked for.
async fn struck(stage: &mut Stage, is_stop: bool) -> Result<bool> {
    let server = stage.server()?;
    if is_stop && !server.was_killed_within(UNDER_LOAD / 4).await {
        server.signal(Signal::Terminate).await;
    }
    Ok(server.was_killed_within(UNDER_LOAD).await)
}

/// Calls and the highest number: writing to the log and the database, syncing, answering,
/// opening, cutting the log, reading at the start.
const CALLS: [(&str, u64); 6] = [
    ("pwrite64", 240),
    ("fsync,fdatasync", 40),
    ("sendto,writev", 120),
    ("openat", 30),
    ("ftruncate,unlink", 4),
    ("pread64", 20),
];
/// Far from each other, and no divisor of how many there are.
const STRIDE: usize = 167;
/// A call that does not come in this time does not come.
const UNDER_LOAD: Duration = Duration::from_millis(1200);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_run_comes_to_every_place_before_one_comes_again() {
        let places = Places::new(77);
        let all = Places::all().count();
        let seen: BTreeSet<_> = (0..all).map(|_| places.next()).collect();
        assert_eq!(seen.len(), all);
        assert_eq!(places.to_string(), "454 of 454 places tried so far");
        assert_eq!(places.next(), Places::new(77).next());
    }
}
