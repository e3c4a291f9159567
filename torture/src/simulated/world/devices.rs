//! The devices: their engines, and what is on its way to and from them.

use std::collections::VecDeque;

use client::{Client, Closed, Effect, Moment};
use shared::{ClientFrame, ServerFrame, Timestamp, UserId};

use super::{DEVICES, World, client_id, conversations_of, marks::Marks, msg_id, seed};
use crate::{
    recorder::{Clock, Recorder},
    simulated::servers::{NODES, user},
};

/// One device, and the two directions of its socket.
pub(super) struct Peer {
    pub(super) client: Client,
    /// How far it has read, as of the last look since its app started.
    pub(super) read: Marks,
    pub(super) recorder: Recorder,
    /// The node it is connected to.
    pub(super) node: Option<usize>,
    /// How often it has connected. Each time it comes to the next node.
    pub(super) connections: usize,
    pub(super) up: VecDeque<ClientFrame>,
    pub(super) down: VecDeque<ServerFrame>,
    /// Whether its engine heard something in this step.
    pub(super) is_touched: bool,
}

impl Peer {
    pub(super) fn new(at: usize, clock: Clock) -> Self {
        Self {
            client: Client::new(user(UserId(DEVICES[at])), None, seed(at, 0)),
            read: Marks::new(),
            recorder: Recorder::new(client_id(at), clock),
            node: None,
            connections: 0,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_touched: false,
        }
    }
}

impl World {
    /// The engine of a device begins.
    pub(super) fn start(&mut self, at: usize) {
        let (now, client) = (self.now, &mut self.peers[at].client);
        client.start(now);
        for conversation in conversations_of(at) {
            client.open(now, conversation);
        }
        self.follow(at);
    }

    pub(super) fn write(&mut self, at: usize, place: usize) {
        let mine = conversations_of(at);
        let conversation = mine[place % mine.len()];
        self.written += 1;
        let msg_id = msg_id(self.written);
        let content = format!("message {}", self.written);
        self.tick();
        let (now, peer) = (self.now, &mut self.peers[at]);
        peer.recorder.invoked(conversation, &msg_id, &content);
        // As a page does, whose clock goes where it wants.
        let clock = Timestamp(i64::try_from(self.written * 7919 % 1000).unwrap_or(0));
        let id = msg_id.clone();
        peer.client.write(clock, conversation, id, content);
        peer.client.kept(now, &[msg_id]);
        self.follow(at);
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += Moment::from_secs(seconds);
        for at in 0..self.peers.len() {
            let now = self.now;
            self.peers[at].client.tick(now);
            self.follow(at);
        }
    }

    /// A frame of a device comes to its node, which may be too busy for messages.
    pub(super) fn upward(&mut self, at: usize, is_busy: bool) {
        let (Some(node), Some(frame)) = (self.peers[at].node, self.peers[at].up.pop_front()) else {
            return;
        };
        self.servers.receive(node, at, frame, is_busy);
    }

    /// What was written to a device's socket is on its way.
    pub(super) fn collect(&mut self, at: usize) {
        if let Some(node) = self.peers[at].node {
            let sent = self.servers.sent(node, at);
            for frame in &sent {
                self.check_counts(at, frame);
            }
            self.peers[at].down.extend(sent);
        }
    }

    pub(super) fn downward(&mut self, at: usize) {
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
    pub(super) fn cut(&mut self, at: usize) {
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
    pub(super) fn follow(&mut self, at: usize) {
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
        self.note_marks(at);
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
}
