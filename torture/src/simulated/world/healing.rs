//! How a world ends: nothing goes wrong any more, and everybody comes to hold everything.

use client::Link;
use shared::ConversationId;

use super::{NODES, World, conversations_of};
use crate::simulated::{PATIENCE, steps::Told};

impl World {
    /// Nothing goes wrong any more but on the bus, and time goes by until everybody holds everything.
    pub(in crate::simulated) fn heal(&mut self) {
        self.is_parted = [false; NODES];
        let healed = self.now;
        self.healed_at = Some(healed);
        while self.now < healed + PATIENCE * 2 {
            if !self.settle() {
                // Asked and answered for ever: a broken server can do that.
                return;
            }
            if self.has_converged() {
                self.converged_at = Some(self.now);
                break;
            }
            self.wait();
        }
        for at in 0..self.peers.len() {
            for conversation in conversations_of(at) {
                self.page_back(at, conversation);
            }
        }
    }

    /// Everything on its way arrives; says whether there is an end to it.
    fn settle(&mut self) -> bool {
        for _ in 0..MOST_ROUNDS {
            let is_idle = self.bus.is_empty()
                && self.nodes.iter().all(Vec::is_empty)
                && self
                    .peers
                    .iter()
                    .all(|peer| peer.up.is_empty() && peer.down.is_empty());
            if is_idle {
                return true;
            }
            for at in 0..self.peers.len() {
                self.upward(at, false);
                self.downward(at);
            }
            for node in 0..NODES {
                self.work(node, 0, HEALED);
                self.tell(node);
            }
        }
        false
    }

    fn page_back(&mut self, at: usize, conversation: ConversationId) {
        for _ in 0..1000 {
            let held = self.peers[at].client.conversation(conversation);
            if held.is_none_or(|one| one.timeline().is_complete()) {
                return;
            }
            let now = self.now;
            self.peers[at].client.page_back(now, conversation);
            self.follow(at);
            if !self.settle() {
                return;
            }
        }
    }

    fn has_converged(&self) -> bool {
        self.peers.iter().enumerate().all(|(at, peer)| {
            let client = &peer.client;
            let holds_all = |id: &ConversationId| {
                let held = client.conversation(*id).map(|one| one.timeline().cursor());
                held == Some(self.store.head(*id)) && client.outgoing(*id).count() == 0
            };
            client.link() == Link::Connected && conversations_of(at).iter().all(holds_all)
        })
    }
}

/// What the bus makes of each message while all is well: a push is a hint, so one node hears nothing.
/// It is the same for all messages, so that leaving out a step moves nothing here.
const HEALED: [Told; NODES] = [Told::Once, Told::Twice, Told::Never];
/// Longer and it is for ever. Source: four times the most that some hundred healthy worlds took.
const MOST_ROUNDS: u32 = 600;
