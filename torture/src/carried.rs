//! How many acknowledgements came over what, counted by all peers together.

use std::sync::atomic::{AtomicU64, Ordering};

use client::Transport;
use shared::Encoding;

/// What a frame comes over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carrier {
    /// A WebSocket that speaks JSON.
    Json,
    /// A WebSocket that speaks Protobuf.
    Protobuf,
    /// A stream.
    Stream,
    /// A long poll.
    Poll,
}

/// Counts while an episode goes on.
#[derive(Default, Debug)]
pub(crate) struct Counter {
    acked: [AtomicU64; 4],
    changes: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Carried {
    /// In the order of [`Carrier`].
    pub(crate) acked: [u64; 4],
    /// How often a client that was connected came back over another transport.
    pub(crate) changes: u64,
}

impl Carrier {
    /// A transport, whose WebSockets are in this encoding.
    pub(crate) fn of(transport: Transport, encoding: Encoding) -> Self {
        match (transport, encoding) {
            (Transport::WebSocket, Encoding::Json) => Self::Json,
            (Transport::WebSocket, Encoding::Protobuf) => Self::Protobuf,
            (Transport::EventStream, _) => Self::Stream,
            (Transport::LongPoll, _) => Self::Poll,
        }
    }
}

impl Counter {
    /// This many acknowledgements came over this.
    pub(crate) fn acked(&self, over: Carrier, count: u64) {
        let [json, protobuf, streams, polls] = &self.acked;
        let counter = match over {
            Carrier::Json => json,
            Carrier::Protobuf => protobuf,
            Carrier::Stream => streams,
            Carrier::Poll => polls,
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
        let [json, protobuf, streams, polls] = self.acked;
        write!(
            f,
            "acknowledged over WebSocket {json} in JSON and {protobuf} in Protobuf, stream {streams}, long poll {polls}; {} changes of transport",
            self.changes
        )
    }
}
