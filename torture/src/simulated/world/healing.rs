//! How a world ends: nothing goes wrong any more, and everybody comes to hold everything.

use client::Link;
use shared::ConversationId;

use super::World;
use crate::simulated::PATIENCE;

impl World {
    /// Nothing goes wrong any more but on the bus, and time goes by until everybody holds everything.
    pub(in crate::simulated) fn heal(&mut self) {
        self.is_healing = true;
        let healed = self.now;
        self.healed_at = Some(healed);
        while self.now < healed + PATIENCE * 2 {
            if !self.settle() {
                // Asked and answered for ever: a broken server can do that.
                break;
            }
            if self.has_converged() {
                self.converged_at = Some(self.now);
                break;
            }
            self.wait();
        }
        for at in 0..self.peers.len() {
            for conversation in self.conversations_of(at) {
                self.page_back(at, conversation);
            }
        }
    }

    /// Everything on its way arrives; says whether there is an end to it.
    fn settle(&mut self) -> bool {
        for _ in 0..2_000 {
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
                self.upward(at);
                self.downward(at);
            }
            self.work();
            self.tell();
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
        (0..self.peers.len()).all(|at| {
            let client = &self.peers[at].client;
            let holds_all = |id: &ConversationId| {
                let held = client.conversation(*id).map(|one| one.timeline().cursor());
                held == Some(self.store.head(*id)) && client.outgoing(*id).count() == 0
            };
            client.link() == Link::Connected && self.conversations_of(at).iter().all(holds_all)
        })
    }
}
