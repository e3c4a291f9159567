//! What goes wrong with the nodes and on the way.

use std::collections::BTreeMap;

use shared::{ConversationId, ServerFrame, event::Position, frame::Heads};

use super::{NODES, World};
use crate::simulated::steps::{CrashPoint, Spoiled};

impl World {
    /// A node dies with all that it was at, wherever it was.
    pub(super) fn crash(&mut self, node: usize) {
        self.nodes[node].clear();
        self.bus.retain(|(to, _)| *to != node);
        for at in 0..self.peers.len() {
            if self.peers[at].node == Some(node) {
                self.cut(at);
            }
        }
    }

    /// So does the first one that has a send just there.
    pub(super) fn crash_at(&mut self, point: CrashPoint) {
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
            point => self.nodes[node].iter().any(|sending| sending.at() == point),
        }
    }

    /// A mailbox is full: its pushes are forgotten, and their newest numbers told.
    pub(super) fn overflow(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        let mut heads: BTreeMap<ConversationId, Position> = BTreeMap::new();
        peer.down.retain(|frame| {
            let ServerFrame::Message(message) = frame else {
                return true;
            };
            let head = Position::new(message.conversation, message.seq);
            let known = heads.entry(message.conversation).or_insert(head);
            known.seq = known.seq.max(message.seq);
            false
        });
        let heads = heads.into_values().collect();
        peer.down.push_back(ServerFrame::Heads(Heads { heads }));
    }

    /// One push on its way is lost, late, or late and twice. None comes before an answer that was
    /// given before it, since one socket keeps its order.
    pub(super) fn spoil(&mut self, at: usize, how: Spoiled) {
        let is_push = |frame: &ServerFrame| matches!(frame, ServerFrame::Message(_));
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
}
