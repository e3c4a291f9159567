//! How many acknowledgements came over each transport, counted by all peers together.

use std::sync::atomic::{AtomicU64, Ordering};

use client::Transport;

/// Counts while an episode goes on.
#[derive(Default, Debug)]
pub(crate) struct Counter {
    acked: [AtomicU64; 3],
    changes: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Carried {
    /// Over WebSockets, streams and long polls.
    pub(crate) acked: [u64; 3],
    /// How often a client that was connected came back over another transport.
    pub(crate) changes: u64,
}

impl Counter {
    /// This many acknowledgements came over this.
    pub(crate) fn acked(&self, over: Transport, count: u64) {
        let [sockets, streams, polls] = &self.acked;
        let counter = match over {
            Transport::WebSocket => sockets,
            Transport::EventStream => streams,
            Transport::LongPoll => polls,
        };
        counter.fetch_add(count, Ordering::Relaxed);
    }

    /// Somebody came back over another transport.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// All acknowledgements.
    pub(crate) fn total(&self) -> u64 {
        self.carried().acked.iter().sum()
    }

    /// What was counted so far.
    pub(crate) fn carried(&self) -> Carried {
        Carried {
            acked: self
                .acked
                .each_ref()
                .map(|counter| counter.load(Ordering::Relaxed)),
            changes: self.changes.load(Ordering::Relaxed),
        }
    }
}

impl std::ops::AddAssign for Carried {
    fn add_assign(&mut self, other: Self) {
        for (sum, more) in self.acked.iter_mut().zip(other.acked) {
            *sum += more;
        }
        self.changes += other.changes;
    }
}

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [sockets, streams, polls] = self.acked;
        write!(
            f,
            "acknowledged over WebSocket {sockets}, stream {streams}, long poll {polls}; {} changes of transport",
            self.changes
        )
    }
}
