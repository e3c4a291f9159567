//! The world: peers on nodes, frames on their way, and chance.
//!
//! Read next: `nodes` for what the servers do, `faults` for what goes wrong, `healing` for how it ends.

mod faults;
mod healing;
mod nodes;

use std::{
    collections::VecDeque,
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
    up: VecDeque<ClientFrame>,
    down: VecDeque<ServerFrame>,
}

/// The truth, the clients, and what is between them.
pub(super) struct World {
    dice: Dice,
    flaw: Option<Flaw>,
    store: Store,
    peers: Vec<Peer>,
    conversations: Vec<ConversationId>,
    /// What each node is working on.
    nodes: Vec<Vec<Sending>>,
    /// What the bus still has to tell, and to which node.
    bus: Vec<(usize, Message)>,
    /// The clients' clock.
    now: Moment,
    /// The history's clock: every step is a time of its own.
    clock: Arc<AtomicU64>,
    written: u64,
    is_healing: bool,
    healed_at: Option<Moment>,
    converged_at: Option<Moment>,
}

impl World {
    pub(super) fn new(seed: u64, flaw: Option<Flaw>) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let mut dice = Dice::new(seed);
        let peer = |(n, user): (u32, u64), dice: &mut Dice| Peer {
            client: Client::new(user_of(user), None, dice.roll()),
            recorder: Recorder::new(ClientId(n), Clock::Simulated(Arc::clone(&clock))),
            node: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
        };
        let peers = (1..).zip(USERS).map(|one| peer(one, &mut dice)).collect();
        let direct = |one, other| ConversationId::direct(UserId(one), UserId(other));
        let mut world = Self {
            dice,
            flaw,
            store: Store::default(),
            peers,
            conversations: vec![ConversationId::EVERYONE, direct(1, 2), direct(2, 3)],
            nodes: (0..NODES).map(|_| Vec::new()).collect(),
            bus: Vec::new(),
            now: Moment::from_secs(1),
            clock,
            written: 0,
            is_healing: false,
            healed_at: None,
            converged_at: None,
        };
        for at in 0..world.peers.len() {
            let (now, mine) = (world.now, world.conversations_of(at));
            world.peers[at].client.start(now);
            for conversation in mine {
                world.peers[at].client.open(now, conversation);
            }
            world.follow(at);
        }
        world
    }

    /// Something happens.
    pub(super) fn step(&mut self) {
        let at = self.draw(self.peers.len());
        match self.dice.between(0, 100) {
            0..8 => self.write(at),
            8..13 => self.wait(),
            13..45 => self.upward(at),
            45..77 => self.downward(at),
            77..90 => self.work(),
            90..96 => self.tell(),
            96 => self.cut(at),
            97 => self.crash(),
            98 => self.overflow(at),
            _ => self.spoil(at),
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
        let conversations = self.conversations;
        for (peer, user) in self.peers.into_iter().zip(USERS) {
            let mine = conversations
                .iter()
                .filter(|id| is_member(UserId(user), **id));
            let mine: Vec<_> = mine.map(|id| (*id, 1)).collect();
            entries.extend(peer.recorder.finish(&peer.client, &mine));
        }
        History {
            places: conversations
                .iter()
                .map(|id| (place(*id), members(id)))
                .collect(),
            clients: (1..)
                .zip(USERS)
                .map(|(n, user)| (ClientId(n), Person(user)))
                .collect(),
            entries,
            healed_at: self.healed_at,
            converged_at: self.converged_at,
            patience: PATIENCE,
        }
    }

    fn write(&mut self, at: usize) {
        let mine = self.conversations_of(at);
        let conversation = mine[self.draw(mine.len())];
        self.written += 1;
        let msg_id = MsgId::parse(&format!("{:016x}", self.written)).unwrap();
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
        let node = self.draw(NODES);
        let peer = &mut self.peers[at];
        while let Some(effect) = peer.client.next_effect() {
            match effect {
                Effect::Connect(_) => {
                    peer.node = Some(node);
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

    fn conversations_of(&self, at: usize) -> Vec<ConversationId> {
        let mine = |id: &&ConversationId| is_member(UserId(USERS[at]), **id);
        self.conversations.iter().filter(mine).copied().collect()
    }

    fn draw(&mut self, of: usize) -> usize {
        usize::try_from(self.dice.between(0, of as u64)).unwrap_or(0)
    }

    fn tick(&mut self) {
        self.clock.fetch_add(1, Ordering::Relaxed);
    }
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

/// Whose device each peer is: two people have two.
const USERS: [u64; 6] = [1, 2, 3, 4, 1, 2];
const NODES: usize = 3;
