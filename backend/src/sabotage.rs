//! Defects on purpose, to see that `cargo xtask torture` catches them.
//!
//! Without the feature `sabotage`, which nothing that is shipped has, every question here is a
//! constant no and the compiler leaves nothing of it. With it, `POND_SABOTAGE` names one defect.

/// One way to be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Defect {
    /// Answers and publishes before the commit.
    AcksBeforeCommit,
    /// Syncs the log only at checkpoints.
    SyncsLate,
    /// Never syncs.
    NeverSyncs,
    /// Stores a repeated message again.
    StoresTwice,
    /// Knows repetitions only of what came since the start.
    DedupesInMemory,
    /// Knows repetitions only for a moment.
    DedupesForAMoment,
    /// Counts `seq` outside the transaction.
    CountsInMemory,
    /// Publishes before the commit.
    PublishesEarly,
    /// Has mailboxes of one frame, forgets what does not fit, and does not say so.
    DropsWhenFull,
    /// Takes a failed commit for a good one.
    IgnoresErrors,
    /// Loses some pushes. No defect: what is lost here must be found again.
    LosesPushes,
    /// Loses some pushes, and says no heads in heartbeats.
    HidesHeads,
    /// Pushes private messages to everybody.
    TellsEverybody,
    /// Lets everybody read everything.
    LetsEverybodyRead,
    /// Now and then says an older head.
    ReadsStale,
    /// Now and then stores another text.
    Garbles,
    /// Now and then acknowledges with another `seq`.
    AcksWrongSeq,
    /// Now and then acknowledges what it does not store.
    AcksWithoutStoring,
    /// Now and then leaves a number out.
    SkipsNumbers,
    /// Now and then puts a private message into the room.
    MisplacesPrivate,
    /// Leaves every fifth event out of a page.
    SkipsInPages,
    /// Says of no device that it holds another log.
    HidesDivergence,
    /// Loses the last event of each log when it starts.
    ForgetsTails,
    /// Starts without what was committed and not moved into the database's file yet.
    DropsLog,
    /// Takes the mark that was told last for the one that stands.
    LowersMarks,
    /// Takes all for seen when something was.
    MarksTheHead,
    /// Tells of marks that it does not keep.
    ForgetsMarks,
}

#[cfg(not(feature = "sabotage"))]
mod choice {
    use super::Defect;

    /// Never.
    pub(crate) const fn is(_: Defect) -> bool {
        false
    }
    /// Never.
    pub(crate) const fn now_and_then(_: Defect) -> bool {
        false
    }
    /// Never.
    pub(crate) const fn forgets(_: &str, _: i64) -> bool {
        false
    }
    /// As it was given.
    pub(crate) const fn count(_: i64, seq: u64) -> u64 {
        seq
    }
    /// Never.
    pub(crate) const fn looks_first() -> bool {
        false
    }
}

#[cfg(feature = "sabotage")]
mod choice {
    use std::{
        collections::{HashMap, HashSet},
        env,
        sync::{
            LazyLock, Mutex, PoisonError,
            atomic::{AtomicU32, Ordering},
        },
    };

    use super::Defect;

    static CHOSEN: LazyLock<Option<String>> = LazyLock::new(|| env::var("POND_SABOTAGE").ok());
    static TURN: AtomicU32 = AtomicU32::new(0);
    static SEEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    static COUNTS: LazyLock<Mutex<HashMap<i64, u64>>> = LazyLock::new(Mutex::default);

    /// Whether this is the defect chosen.
    pub(crate) fn is(defect: Defect) -> bool {
        CHOSEN.as_deref() == Some(&format!("{defect:?}"))
    }

    /// As [`is`], one time in ten.
    pub(crate) fn now_and_then(defect: Defect) -> bool {
        is(defect) && TURN.fetch_add(1, Ordering::Relaxed).is_multiple_of(10)
    }

    /// Whether it is forgotten that this message was stored, so many milliseconds ago.
    pub(crate) fn forgets(msg_id: &str, age_ms: i64) -> bool {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        is(Defect::StoresTwice)
            || (is(Defect::DedupesInMemory) && seen.insert(msg_id.to_owned()))
            || (is(Defect::DedupesForAMoment) && age_ms > 50)
    }

    /// Whether a message is looked for before it is stored, since the index does not keep it single.
    pub(crate) fn looks_first() -> bool {
        is(Defect::StoresTwice) || is(Defect::DedupesInMemory) || is(Defect::DedupesForAMoment)
    }

    /// The next number of this conversation by another count.
    pub(crate) fn count(conversation: i64, seq: u64) -> u64 {
        let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(conversation).or_insert(seq - 1);
        *count += 1;
        *count
    }
}

pub(crate) use choice::{count, forgets, is, looks_first, now_and_then};
