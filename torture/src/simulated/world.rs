//! The world: devices on nodes, frames on their way. It does what the steps say and draws nothing.
//!
//! Read next: `nodes` for what the servers do, `faults` for what goes wrong, `healing` for how it
//! ends, `always` for what holds all the while.

mod always;
mod faults;
mod healing;
mod nodes;

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
    frame::{AuthAnswer, User},
};

use super::{
    PATIENCE,
    model::{Flaw, Sending, Store, is_member},
    steps::{CrashPoint, Step},
};
use crate::{
    dice::Dice,
    recorder::{Clock, Recorder, place},
};

/// One device, and the two directions of its socket.
struct Peer {
    client: Client,
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
}

/// The truth, the clients, and what is between them.
pub(super) struct World {
    flaw: Option<Flaw>,
    store: Store,
    peers: Vec<Peer>,
    /// What each node is working on.
    nodes: [Vec<Sending>; NODES],
    /// Which nodes hear nothing of the bus.
    is_parted: [bool; NODES],
    /// What the bus still has to tell, and to which node.
    bus: Vec<(usize, Message)>,
    /// The clients' clock.
    now: Moment,
    /// The history's clock: every step is a time of its own.
    clock: Arc<AtomicU64>,
    written: usize,
    seen: Seen,
    healed_at: Option<Moment>,
    converged_at: Option<Moment>,
}

impl World {
    pub(super) fn new(flaw: Option<Flaw>) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let peer = |(at, user): (usize, u64)| Peer {
            client: Client::new(user_of(user), None, seed(at, 0)),
            recorder: Recorder::new(client_id(at), Clock::Simulated(Arc::clone(&clock))),
            node: None,
            connections: 0,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_touched: false,
        };
        let mut world = Self {
            flaw,
            store: Store::default(),
            peers: USERS.into_iter().enumerate().map(peer).collect(),
            nodes: Default::default(),
            is_parted: [false; NODES],
            bus: Vec::new(),
            now: Moment::from_secs(1),
            clock,
            written: 0,
            seen: Seen::default(),
            healed_at: None,
            converged_at: None,
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
            Step::Wait { seconds } => (0..seconds).for_each(|_| self.wait()),
            Step::Upward { who } => self.upward(who, false),
            Step::Refuse { who } => self.upward(who, true),
            Step::Downward { who } => self.downward(who),
            Step::Work { node, which, told } => self.work(node, which, told),
            Step::Tell { which } => self.tell(which),
            Step::Cut { who } => self.cut(who),
            Step::Crash { node } => self.crash(node),
            Step::CrashAt { point } => self.crash_at(point),
            Step::Overflow { who } => self.overflow(who),
            Step::Spoil { who, how } => self.spoil(who, how),
            Step::Part { node } => self.is_parted[node] = true,
            Step::Join { node } => self.is_parted[node] = false,
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
            clients: USERS
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
        self.store.log(conversation)
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

    fn wait(&mut self) {
        self.now += Moment::from_secs(1);
        for at in 0..self.peers.len() {
            let now = self.now;
            self.peers[at].client.tick(now);
            self.follow(at);
        }
    }

    fn downward(&mut self, at: usize) {
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
        let (now, peer) = (self.now, &mut self.peers[at]);
        peer.up.clear();
        peer.down.clear();
        if peer.node.take().is_some() {
            peer.client.closed(now, Closed::Lost);
        }
        self.follow(at);
    }

    /// Does what a client asks.
    fn follow(&mut self, at: usize) {
        self.tick();
        let now = self.now;
        let peer = &mut self.peers[at];
        peer.is_touched = true;
        while let Some(effect) = peer.client.next_effect() {
            match effect {
                Effect::Connect(_) => {
                    peer.node = Some((at + peer.connections) % NODES);
                    peer.connections += 1;
                    peer.up.clear();
                    peer.client.opened(now);
                    peer.down = [ServerFrame::Auth(hello(USERS[at]))].into();
                }
                Effect::Disconnect => {
                    peer.node = None;
                    peer.up.clear();
                    peer.down.clear();
                }
                Effect::Transmit(frame) => peer.up.push_back(frame),
                Effect::Poll(_) | Effect::Probe => {}
            }
        }
        peer.recorder.observe(&mut peer.client);
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
    let mine = |id: &ConversationId| is_member(UserId(USERS[at]), *id);
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

fn hello(user: u64) -> AuthAnswer {
    AuthAnswer {
        code: Code::Success,
        message: String::new(),
        user: Some(user_of(user)),
        build: None,
        incarnation: Some("the same".into()),
    }
}

fn user_of(id: u64) -> User {
    User {
        id: UserId(id),
        name: format!("Peer{id}"),
    }
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
pub(super) const USERS: [u64; 6] = [1, 2, 3, 4, 1, 2];
pub(super) const NODES: usize = 3;
