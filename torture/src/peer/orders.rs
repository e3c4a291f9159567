//! What ties a peer to its stage: what it is told, how it behaves, where it stands.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use histcheck::ClientId;
use shared::{ConversationId, Encoding, UserId};
use tokio::sync::watch;

use super::Lets;
use crate::{carried::Counter, dice::Dice};

/// What a peer is to do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Orders {
    /// The conversations it has open and writes to.
    pub(crate) conversations: Vec<ConversationId>,
    /// What it does now.
    pub(crate) phase: Phase,
    /// At the end, the first number of the room that it is to hold.
    pub(crate) room_from: u64,
    /// When this grows, its network goes away at once.
    pub(crate) cuts: u32,
    /// When this grows, something tells it that the network is back, as browsers do.
    pub(crate) hints: u32,
}

/// What a peer does now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Phase {
    /// Follows.
    #[default]
    Follow,
    /// Follows and writes.
    Write,
    /// Fetches each log from its beginning, and ends when all are held.
    Finish,
    /// Ends with what it has.
    GiveUp,
}

/// Where a peer stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Status {
    /// Who it is, once the server has said so.
    pub(crate) user: Option<UserId>,
    /// Signed in now.
    pub(crate) is_connected: bool,
    /// Somebody looks at it.
    pub(crate) is_attended: bool,
    /// Messages in its outbox.
    pub(crate) waiting: usize,
    /// The last `seq` it holds of each open conversation.
    pub(crate) cursors: BTreeMap<ConversationId, u64>,
}

/// How a peer behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Messages on their way in one conversation while it writes.
    pub(crate) depth: usize,
    /// The engine's clock goes this much faster, so that its waits do not fill the run.
    pub(crate) clock_scale: u32,
    /// How often the engine hears the time, by the real clock.
    pub(crate) tick: Duration,
    /// Longest text, in bytes.
    pub(crate) longest: u64,
    /// Of its WebSockets.
    pub(crate) encoding: Encoding,
    /// What its network lets through at first; none for one that knows WebSockets alone.
    pub(crate) lets: Option<Lets>,
    /// Whether it comes into other networks while it writes.
    pub(crate) moves: bool,
    /// Whether somebody looks at it all the time.
    pub(crate) is_attended: bool,
}

/// What ties a peer to its stage.
pub(crate) struct Ties {
    /// Which it is in the history.
    pub(crate) id: ClientId,
    /// Its person's name, which is its token in a demo.
    pub(crate) name: String,
    /// The episode's clock.
    pub(crate) began: Instant,
    /// Where to connect; none while nothing is there.
    pub(crate) address: watch::Receiver<Option<SocketAddr>>,
    /// What to do.
    pub(crate) orders: watch::Receiver<Orders>,
    /// Where it says how it stands.
    pub(crate) status: watch::Sender<Status>,
    /// Counts the acknowledgements of all peers.
    pub(crate) carried: Arc<Counter>,
    /// Its chance.
    pub(crate) dice: Dice,
}
