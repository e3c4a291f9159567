//! What goes wrong with the nodes and on the way.

use std::collections::BTreeMap;

use shared::{ConversationId, ServerFrame, event::Position, frame::Heads};

use super::World;

impl World {
    /// A node dies with all that it was at, wherever it was.
    pub(super) fn crash(&mut self) {
        let node = self.draw(self.nodes.len());
        self.nodes[node].clear();
        self.bus.retain(|(to, _)| *to != node);
        for at in 0..self.peers.len() {
            if self.peers[at].node == Some(node) {
                self.cut(at);
            }
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
    pub(super) fn spoil(&mut self, at: usize) {
        let is_push = |frame: &ServerFrame| matches!(frame, ServerFrame::Message(_));
        let how = self.dice.between(0, 3);
        let down = &mut self.peers[at].down;
        if let Some(which) = down.iter().position(is_push)
            && let Some(frame) = down.remove(which)
        {
            match how {
                0 => {}
                1 => {
                    down.push_back(frame.clone());
                    down.push_back(frame);
                }
                _ => down.push_back(frame),
            }
        }
    }
}
