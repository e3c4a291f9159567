//! What goes wrong with the nodes, on the way, and with the devices.

use client::{Client, Delivery, Moment, Outgoing};
use shared::{ServerFrame, UserId};

use super::{DEVICES, World, seed};
use crate::simulated::{
    servers::{NODES, user},
    steps::{CrashPoint, Spoiled},
};

impl World {
    /// A node dies with all that it was at, wherever it was. What starts in its place hears the bus.
    pub(super) fn crash(&mut self, node: usize) {
        self.servers.crash(node);
        for at in 0..self.peers.len() {
            if self.peers[at].node == Some(node) {
                self.cut(at);
            }
        }
    }

    /// So does the first one that has a send just there.
    pub(super) fn crash_at(&mut self, point: CrashPoint) {
        (0..self.peers.len()).for_each(|at| self.collect(at));
        if let Some(node) = (0..NODES).find(|node| self.is_at(*node, point)) {
            *self.seen.crashes.entry(point).or_default() += 1;
            self.crash(node);
        }
    }

    fn is_at(&self, node: usize, point: CrashPoint) -> bool {
        let is_ack =
            |frame: &ServerFrame| matches!(frame, ServerFrame::Send(one) if one.seq.is_some());
        let mut answered = self.peers.iter().filter(|peer| peer.node == Some(node));
        match point {
            CrashPoint::Answered => answered.any(|peer| peer.down.iter().any(is_ack)),
            point => self.servers.is_at(node, point),
        }
    }

    /// A mailbox is full: its pushes are forgotten, and their newest numbers told.
    pub(super) fn overflow(&mut self, at: usize) {
        if let Some(node) = self.peers[at].node {
            self.servers.overflow(node, at);
        }
    }

    /// One push on its way is lost, late, or late and twice. None comes before an answer that was
    /// given before it, since one socket keeps its order.
    pub(super) fn spoil(&mut self, at: usize, how: Spoiled) {
        let is_push = |frame: &ServerFrame| matches!(frame, ServerFrame::Message(_));
        self.collect(at);
        let down = &mut self.peers[at].down;
        if let Some(which) = down.iter().position(is_push)
            && let Some(frame) = down.remove(which)
        {
            match how {
                Spoiled::Lost => {}
                Spoiled::Late => down.push_back(frame),
                Spoiled::LateAndTwice => {
                    down.push_back(frame.clone());
                    down.push_back(frame);
                }
            }
        }
    }

    /// The app of a device ends and starts again, with what was stored there.
    pub(super) fn reload(&mut self, at: usize, holds_log: bool) {
        self.cut(at);
        let peer = &mut self.peers[at];
        let seed = seed(at, peer.connections);
        let client = Client::new(user(UserId(DEVICES[at])), None, seed);
        let former = std::mem::replace(&mut peer.client, client);
        peer.read.clear();
        if let (true, Some(incarnation)) = (holds_log, former.incarnation()) {
            let ids = former.conversations().map(|one| one.id);
            let pages = ids.filter_map(|id| former.page(id)).collect();
            let incarnation = incarnation.to_owned();
            peer.client.recall(incarnation, former.summary(), pages);
        }
        for message in former.outbox() {
            let delivery = Delivery::Queued {
                not_before: Moment::ZERO,
            };
            self.seen.resumed += 1;
            peer.client.adopt(Outgoing {
                delivery,
                ..message.clone()
            });
        }
        self.start(at);
    }
}
