//! The world: devices on nodes, frames on their way. It does what the steps say and draws nothing.
//!
//! Read next: `faults` for what goes wrong, `healing` for how it ends, `always` and `marks` for
//! what holds all the while.

mod always;
mod faults;
mod healing;
mod marks;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use client::{Client, Closed, Effect, Moment};
use histcheck::{ClientId, History, Members, Person};
use shared::{
    ClientFrame, Code, ConversationId, Message, MsgId, ServerFrame, Timestamp, UserId,
    frame::{SendAnswer, SendToAll, SendToOne},
};

use self::marks::Marks;
use super::{
    PATIENCE,
    servers::{Flaw, NODES, Servers, user},
    steps::{CrashPoint, Step},
};
use crate::{
    dice::Dice,
    recorder::{Clock, Recorder, place},
};

/// One device, and the two directions of its socket.
struct Peer {
    client: Client,
    /// How far it has read, as of the last look since its app started.
    read: Marks,
    recorder: Recorder,
    /// The node it is connected to.
    node: Option<usize>,
    /// How often it has connected. Each time it comes to the next node.
    connections: usize,
    up: VecDeque<ClientFrame>,
    down: VecDeque<ServerFrame>,
    /// Whether its engine heard something in this step.
    is_touched: bool,
}

/// What is rare, counted, so that a fault that no step reaches is not taken for one that is survived.
#[derive(Default)]
pub(super) struct Seen {
    /// How often a node died just there.
    pub(super) crashes: BTreeMap<CrashPoint, u32>,
    /// What the bus told to nodes that were parted from it.
    pub(super) unheard: u32,
    /// Messages that waited while their device started again.
    pub(super) resumed: u32,
    /// How often a read mark moved on a device.
    pub(super) read: u32,
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
    seen: Seen,
    healed_at: Option<Moment>,
    converged_at: Option<Moment>,
    /// There was no end to asking and answering.
    is_endless: bool,
}

impl World {
    pub(super) fn new(flaw: Option<Flaw>) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let peer = |(at, id): (usize, u64)| Peer {
            client: Client::new(user(UserId(id)), None, seed(at, 0)),
            read: Marks::new(),
            recorder: Recorder::new(client_id(at), Clock::Simulated(Arc::clone(&clock))),
            node: None,
            connections: 0,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_touched: false,
        };
        let mut world = Self {
            servers: Servers::new(PEOPLE, flaw),
            peers: DEVICES.into_iter().enumerate().map(peer).collect(),
            now: Moment::from_secs(1),
            clock,
            written: 0,
            seen: Seen::default(),
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
            Step::Upward { who } => self.upward(who, false),
            Step::Refuse { who } => self.upward(who, true),
            Step::Downward { who } => self.downward(who),
            Step::Read { who, place } => self.read(who, place),
            Step::Work { node, which, heard } => self.servers.work(node, which, heard),
            Step::Tell { which } => self.seen.unheard += u32::from(self.servers.tell(which)),
            Step::Cut { who } => self.cut(who),
            Step::Crash { node } => self.crash(node),
            Step::CrashAt { point } => self.crash_at(point),
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

    /// What happened so far of what is rare.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The engine of a device begins.
    fn start(&mut self, at: usize) {
        let (now, client) = (self.now, &mut self.peers[at].client);
        client.start(now);
        for conversation in conversations_of(at) {
            client.open(now, conversation);
        }
        self.follow(at);
    }

    fn write(&mut self, at: usize, place: usize) {
        let mine = conversations_of(at);
        let conversation = mine[place % mine.len()];
        self.written += 1;
        let msg_id = msg_id(self.written);
        let content = format!("message {}", self.written);
        self.tick();
        let (now, peer) = (self.now, &mut self.peers[at]);
        peer.recorder.invoked(conversation, &msg_id, &content);
        peer.client
            .send(now, Timestamp(0), conversation, msg_id, content);
        self.follow(at);
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Moment::from_secs(seconds);
        for at in 0..self.peers.len() {
            let now = self.now;
            self.peers[at].client.tick(now);
            self.follow(at);
        }
    }

    /// A frame of a device comes to its node, which may be too busy for messages.
    fn upward(&mut self, at: usize, is_busy: bool) {
        let (Some(node), Some(frame)) = (self.peers[at].node, self.peers[at].up.pop_front()) else {
            return;
        };
        match &frame {
            ClientFrame::SendToAll(SendToAll { msg_id, .. })
            | ClientFrame::SendToOne(SendToOne { msg_id, .. })
                if is_busy =>
            {
                self.peers[at].down.push_back(refused(msg_id.clone()));
            }
            _ => self.servers.receive(node, at, frame),
        }
    }

    /// What was written to a device's socket is on its way.
    fn collect(&mut self, at: usize) {
        if let Some(node) = self.peers[at].node {
            let sent = self.servers.sent(node, at);
            for frame in &sent {
                self.check_counts(at, frame);
            }
            self.peers[at].down.extend(sent);
        }
    }

    fn downward(&mut self, at: usize) {
        if self.peers[at].down.is_empty() {
            self.collect(at);
        }
        if let Some(frame) = self.peers[at].down.pop_front() {
            self.tick();
            let (now, peer) = (self.now, &mut self.peers[at]);
            peer.recorder.received(&frame, None);
            peer.client.received(now, frame);
            self.follow(at);
        }
    }

    /// A socket breaks; what was on its way is gone, in both directions.
    fn cut(&mut self, at: usize) {
        if self.hang_up(at) {
            let now = self.now;
            self.peers[at].client.closed(now, Closed::Lost);
        }
        self.follow(at);
    }

    /// Says whether there was a socket.
    fn hang_up(&mut self, at: usize) -> bool {
        let peer = &mut self.peers[at];
        peer.up.clear();
        peer.down.clear();
        let node = peer.node.take();
        if let Some(node) = node {
            self.servers.disconnect(node, at);
        }
        node.is_some()
    }

    /// Does what a client asks.
    fn follow(&mut self, at: usize) {
        self.tick();
        self.peers[at].is_touched = true;
        while let Some(effect) = self.peers[at].client.next_effect() {
            match effect {
                Effect::Connect(_) => self.connect(at),
                Effect::Disconnect => {
                    self.hang_up(at);
                }
                Effect::Transmit(frame) => self.peers[at].up.push_back(frame),
                Effect::Poll(_) | Effect::Probe => {}
            }
        }
        let peer = &mut self.peers[at];
        peer.recorder.observe(&mut peer.client);
        self.note_read(at);
    }

    fn connect(&mut self, at: usize) {
        self.hang_up(at);
        let (now, peer) = (self.now, &mut self.peers[at]);
        let node = (at + peer.connections) % NODES;
        peer.connections += 1;
        peer.node = Some(node);
        self.servers.connect(node, at, UserId(DEVICES[at]));
        peer.client.opened(now);
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

/// A refusal that passes.
fn refused(msg_id: MsgId) -> ServerFrame {
    ServerFrame::Send(SendAnswer {
        msg_id,
        code: Code::Unavailable,
        message: String::new(),
        conversation: None,
        seq: None,
        sent_at: None,
        check: None,
        retry_after_ms: None,
    })
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
