//! How a world ends: nothing goes wrong any more, and everybody comes to hold everything.

use client::Link;
use shared::ConversationId;

use super::{World, conversations_of};
use crate::simulated::{PATIENCE, servers::NODES, steps::Heard};

impl World {
    /// Nothing goes wrong any more but on the bus, and time goes by until everybody holds everything.
    pub(in crate::simulated) fn heal(&mut self) {
        self.servers.calm();
        self.healed_at = Some(self.now);
        if self.converge() {
            self.converged_at = Some(self.now);
        }
        for at in 0..self.peers.len() {
            for conversation in conversations_of(at) {
                self.page_back(at, conversation);
            }
        }
    }

    /// Time goes by until everybody holds everything; says whether that came.
    pub(super) fn converge(&mut self) -> bool {
        let start = self.now;
        while self.now <= start + PATIENCE {
            if !self.settle() {
                return false;
            }
            if self.has_converged() {
                return true;
            }
            self.wait(SLOW_TICK);
        }
        false
    }

    /// Everything on its way arrives; says whether there is an end to it: a broken server
    /// can be asked, and answer, for ever.
    pub(super) fn settle(&mut self) -> bool {
        for _ in 0..MOST_ROUNDS {
            let is_flooded = self.stored() > 2 * self.written;
            if self.is_endless || is_flooded {
                break;
            }
            let is_idle = self.servers.is_idle()
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
                for _ in 0..AT_A_TIME {
                    self.servers.work(node, 0, self.heard);
                    self.servers.tell(0, 1);
                }
            }
        }
        self.is_endless = true;
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
                held == Some(self.servers.head(*id)) && client.outgoing(*id).count() == 0
            };
            client.link() == Link::Connected && conversations_of(at).iter().all(holds_all)
        })
    }
}

/// What the bus makes of each message while all is well: a push is a hint, so one node hears nothing.
/// It is the same for all messages, so that leaving out a step moves nothing here.
pub(super) const HEALED: [Heard; NODES] = [Heard::Once, Heard::Twice, Heard::Never];
/// Seconds between two looks at the clock. Source: as rarely as in a tab that nobody looks at.
const SLOW_TICK: u64 = 5;
/// Things that a node does while a frame comes and goes.
const AT_A_TIME: usize = 4;
/// Longer and it is for ever. Source: three times the most that some hundred healthy worlds took.
const MOST_ROUNDS: u32 = 380;
