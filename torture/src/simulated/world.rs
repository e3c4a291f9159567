//! The world: devices on nodes, frames on their way. It does what the steps say and draws nothing.
//!
//! Read next: `devices` for what goes to and fro, `faults` for what goes wrong, `healing` for how it ends, `always` and `marks` for
//! what holds all the while.

mod always;
mod devices;
mod faults;
mod healing;
mod marks;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use client::Moment;
use histcheck::{ClientId, History, Members, Person};
use shared::{ConversationId, Message, MsgId, Seq, UserId};

use self::{devices::Peer, healing::HEALED};
use super::{
    PATIENCE,
    servers::{self, Flaw, NODES, Servers},
    steps::{CrashPoint, Heard, Spoiled, Step},
};
use crate::{
    dice::Dice,
    recorder::{Clock, place},
};

/// What is rare on the side of the devices, counted where it takes effect.
#[derive(Default)]
pub(super) struct Seen {
    /// How often a node died just there.
    pub(super) crashes: BTreeMap<CrashPoint, u32>,
    /// Pushes to which this happened.
    pub(super) spoiled: BTreeMap<Spoiled, u32>,
    /// Mailboxes that were full.
    pub(super) overflowed: u32,
    /// Messages that waited while their device started again.
    pub(super) resumed: u32,
}

/// The truth, the clients, and what is between them.
pub(super) struct World {
    servers: Servers,
    peers: Vec<Peer>,
    /// The clients' clock.
    now: Moment,
    /// The history's clock: every step is a time of its own.
    clock: Arc<AtomicU64>,
    written: usize,
    /// How far each person has really read, and how far one of their devices has held.
    marked: BTreeMap<(UserId, ConversationId), Seq>,
    held: BTreeMap<(UserId, ConversationId), Seq>,
    seen: Seen,
    /// What the bus makes of a message once nothing else goes wrong.
    heard: [Heard; NODES],
    healed_at: Option<Moment>,
    converged_at: Option<Moment>,
    /// There was no end to asking and answering.
    is_endless: bool,
}

impl World {
    pub(super) fn new(flaw: Option<Flaw>) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let peer = |at| Peer::new(at, Clock::Simulated(Arc::clone(&clock)));
        let mut world = Self {
            servers: Servers::new(PEOPLE, flaw),
            peers: (0..DEVICES.len()).map(peer).collect(),
            now: Moment::from_secs(1),
            clock,
            written: 0,
            marked: BTreeMap::new(),
            held: BTreeMap::new(),
            seen: Seen::default(),
            heard: HEALED,
            healed_at: None,
            converged_at: None,
            is_endless: false,
        };
        for at in 0..world.peers.len() {
            world.start(at);
        }
        world
    }

    /// This happens.
    pub(super) fn take(&mut self, step: Step) {
        for peer in &mut self.peers {
            peer.is_touched = false;
        }
        match step {
            Step::Write { who, place } => self.write(who, place),
            Step::Wait { seconds } => (0..seconds).for_each(|_| self.wait(1)),
            Step::Upward { who, many } => (0..many).for_each(|_| self.upward(who, false)),
            Step::Refuse { who } => self.upward(who, true),
            Step::Downward { who, many } => (0..many).for_each(|_| self.downward(who)),
            Step::Read { who, place } => self.read(who, place),
            Step::Work {
                node,
                which,
                many,
                heard,
            } => (0..many).for_each(|_| self.servers.work(node, which, heard)),
            Step::Tell { which, many } => self.servers.tell(which, many),
            Step::Cut { who } => self.cut(who),
            Step::Crash { node } => self.crash(node),
            Step::CrashAt { which } => self.crash_at(which),
            Step::Overflow { who } => self.overflow(who),
            Step::Spoil { who, how } => self.spoil(who, how),
            Step::Part { node } => self.servers.part(node, true),
            Step::Join { node } => self.servers.part(node, false),
            Step::Reload { who, holds_log } => self.reload(who, holds_log),
        }
    }

    pub(super) fn history(self) -> History {
        let members = |id: &ConversationId| match id {
            ConversationId::Room(_) => Members::Everybody,
            ConversationId::Direct(pair) => {
                Members::Only(pair.people().map(|user| Person(user.0)).into())
            }
        };
        let mut entries = Vec::new();
        for (at, peer) in self.peers.into_iter().enumerate() {
            let mine: Vec<_> = conversations_of(at).iter().map(|id| (*id, 1)).collect();
            entries.extend(peer.recorder.finish(&peer.client, &mine));
        }
        History {
            places: conversations()
                .iter()
                .map(|id| (place(*id), members(id)))
                .collect(),
            clients: DEVICES
                .into_iter()
                .enumerate()
                .map(|(at, user)| (client_id(at), Person(user)))
                .collect(),
            entries,
            healed_at: self.healed_at,
            converged_at: self.converged_at,
            patience: PATIENCE,
        }
    }

    pub(super) fn log(&self, conversation: ConversationId) -> &[Message] {
        self.servers.log(conversation)
    }

    /// How many messages are stored.
    pub(super) fn stored(&self) -> usize {
        conversations().iter().map(|id| self.log(*id).len()).sum()
    }

    /// How many were written.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// What happened so far of what is rare.
    pub(super) fn seen(&self) -> (&Seen, &servers::Seen) {
        (&self.seen, &self.servers.seen)
    }

    fn tick(&mut self) {
        self.clock.fetch_add(1, Ordering::Relaxed);
    }
}

/// All there are: the room, and two private ones.
pub(super) fn conversations() -> [ConversationId; 3] {
    let direct = |one, other| ConversationId::direct(UserId(one), UserId(other));
    [ConversationId::EVERYONE, direct(1, 2), direct(2, 3)]
}

/// Those that a device is to hold.
pub(super) fn conversations_of(at: usize) -> Vec<ConversationId> {
    let mine = |id: &ConversationId| is_member(UserId(DEVICES[at]), *id);
    conversations().into_iter().filter(mine).collect()
}

/// The id of what was written as this one, from 1.
fn msg_id(number: usize) -> MsgId {
    MsgId::parse(&format!("{number:016x}")).unwrap()
}

/// As which one this was written.
pub(super) fn number(msg_id: &MsgId) -> usize {
    usize::from_str_radix(msg_id.as_str(), 16).unwrap()
}

/// Whose a conversation is.
pub(super) fn is_member(user: UserId, conversation: ConversationId) -> bool {
    matches!(conversation, ConversationId::Room(_)) || conversation.peer_of(user).is_some()
}

/// What spreads the reconnects of a device, another one each time that its app starts.
fn seed(at: usize, connections: usize) -> u64 {
    Dice::new((at * 1000 + connections) as u64).roll()
}

/// The judge's name for a device: the steps' number.
fn client_id(at: usize) -> ClientId {
    ClientId(u32::try_from(at).unwrap())
}

/// Whose device each peer is: two people have two.
pub(super) const DEVICES: [u64; 6] = [1, 2, 3, 4, 1, 2];
const PEOPLE: u64 = 4;
