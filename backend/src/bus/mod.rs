//! The bus: says that something happened, to whoever has connections that want to know.
//!
//! A wake-up, never the truth: what is lost here is found again by `seq`. In one process it is a
//! bounded queue from the store's commits to the hub.

use shared::{
    Message,
    frame::{Marks, ReadMark, TypingBy},
    ids::UserId,
};
use tokio::sync::mpsc;

/// One live connection on this node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnectionId(pub u64);

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message is on disk. `origin` has its ack, and for a private message needs no more.
    MessageSent {
        /// As stored.
        message: Message,
        /// The connection it came by, if it was one.
        origin: Option<ConnectionId>,
    },
    /// A person read up to a place.
    Read {
        /// Whose devices are told.
        user: UserId,
        /// How far.
        mark: ReadMark,
    },
    /// One of the two people of a private conversation has taken or read more.
    Marks {
        /// Whose, and how far.
        marks: Marks,
    },
    /// A person is typing.
    Typing {
        /// Who and where.
        typing: TypingBy,
    },
}

/// The way in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    queue: mpsc::Sender<Event>,
}

/// The way out, for the hub.
#[derive(Debug)]
pub struct Subscription {
    queue: mpsc::Receiver<Event>,
}

impl Bus {
    /// A bus and its one subscription.
    pub fn local() -> (Self, Subscription) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        (Self { queue: sender }, Subscription { queue: receiver })
    }

    /// Tells of an event from a task. Waits while the queue is full.
    pub async fn publish(&self, event: Event) {
        // Without a hub the server stops, and nobody is left to be told.
        let _ = self.queue.send(event).await;
    }

    /// Tells of an event from the store's writer thread, in the order of the commits. Waits while
    /// the queue is full, which holds back writing to what can be delivered.
    pub fn publish_committed(&self, event: Event) {
        let _ = self.queue.blocking_send(event);
    }
}

impl Subscription {
    /// The next event; none when the server stops.
    pub async fn next(&mut self) -> Option<Event> {
        self.queue.recv().await
    }

    /// Adds the events that wait already, until there are `most`.
    pub fn take_waiting(&mut self, events: &mut Vec<Event>, most: usize) {
        while events.len() < most
            && let Ok(event) = self.queue.try_recv()
        {
            events.push(event);
        }
    }
}

/// Events on their way to the hub. Source: some milliseconds of what a disk can commit.
const MAX_WAITING: usize = 4096;
