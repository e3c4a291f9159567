//! What goes wrong with the nodes, on the way, and with the devices.

use std::collections::BTreeMap;

use client::{Client, Delivery, Moment, Outgoing};
use shared::{ServerFrame, UserId};

use super::{DEVICES, World, seed};
use crate::simulated::{
    servers::user,
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

    /// So does one that has a send at one of the points, each as likely as the others.
    pub(super) fn crash_at(&mut self, which: usize) {
        (0..self.peers.len()).for_each(|at| self.collect(at));
        let mut places: BTreeMap<_, _> = self.answered().into_iter().collect();
        places.extend(self.servers.places().map(|(node, point)| (point, node)));
        if places.is_empty() {
            return;
        }
        if let Some((point, node)) = places.iter().nth(which % places.len()) {
            *self.seen.crashes.entry(*point).or_default() += 1;
            self.crash(*node);
        }
    }

    /// A node from which an answer is on its way.
    fn answered(&self) -> Option<(CrashPoint, usize)> {
        let is_ack =
            |frame: &ServerFrame| matches!(frame, ServerFrame::Send(one) if one.seq.is_some());
        let mut answered = self
            .peers
            .iter()
            .filter(|peer| peer.down.iter().any(is_ack));
        Some((CrashPoint::Answered, answered.next()?.node?))
    }

    /// A mailbox is full: its pushes are forgotten, and their newest numbers told. It is this one, or the
    /// next in which something waits.
    pub(super) fn overflow(&mut self, at: usize) {
        let mut from = self.from(at);
        let is_some = from.any(|at| self.fill(at));
        self.seen.overflowed += u32::from(is_some);
    }

    /// Fills the mailbox of this one, if something waits in it.
    pub(super) fn fill(&mut self, at: usize) -> bool {
        let node = self.peers[at].node;
        node.is_some_and(|node| self.servers.overflow(node, at))
    }

    /// One push on its way is lost, late, or late and twice: to this device, or to the next to which one
    /// is on its way. Answers keep their order among each other.
    pub(super) fn spoil(&mut self, at: usize, how: Spoiled) {
        let is_push = |frame: &ServerFrame| matches!(frame, ServerFrame::Message(_));
        for at in self.from(at) {
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
                *self.seen.spoiled.entry(how).or_default() += 1;
                return;
            }
        }
    }

    fn from(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let all = self.peers.len();
        (0..all).map(move |more| (at + more) % all)
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
