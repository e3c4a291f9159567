//! What the nodes and the bus do.

use shared::{ClientFrame, ConversationId, Message, ServerFrame, UserId};

use super::{NODES, USERS, World, conversations_of, user_of};
use crate::simulated::{
    model::{Flaw, Sending, is_member, sent},
    steps::Told,
};

impl World {
    /// A frame of a client comes to its node, which may be too busy for messages.
    pub(super) fn upward(&mut self, at: usize, is_busy: bool) {
        let (Some(node), Some(frame)) = (self.peers[at].node, self.peers[at].up.pop_front()) else {
            return;
        };
        let me = user_of(USERS[at]);
        let (conversation, msg_id, content) = match frame {
            ClientFrame::SendToAll(send) => (
                send.conversation.unwrap_or(ConversationId::EVERYONE),
                send.msg_id,
                send.content,
            ),
            ClientFrame::SendToOne(send) => {
                let Some(conversation) = send.conversation else {
                    return;
                };
                (conversation, send.msg_id, send.content)
            }
            other => {
                let mine = conversations_of(at);
                let answer = self.store.answer(&me, &mine, other, self.flaw);
                self.peers[at].down.extend(answer);
                return;
            }
        };
        if is_busy {
            self.peers[at].down.push_back(sent(msg_id, None));
            return;
        }
        self.nodes[node].push(Sending {
            peer: at,
            connection: self.peers[at].connections,
            by: me,
            conversation,
            msg_id,
            content,
            stored: None,
            is_published: false,
            is_answered: false,
        });
    }

    /// A node takes one of its sends a step further.
    pub(super) fn work(&mut self, node: usize, which: usize, told: [Told; NODES]) {
        if self.nodes[node].is_empty() {
            return;
        }
        let which = which % self.nodes[node].len();
        let mut sending = self.nodes[node].remove(which);
        let flaw = self.flaw;
        let is_early = |step: Flaw| flaw == Some(step) && sending.stored.is_none();
        let is_answer_early = is_early(Flaw::AcksBeforeCommit) && !sending.is_answered;
        let is_publish_early = is_early(Flaw::PublishesEarly) && !sending.is_published;
        if sending.stored.is_none() && !is_answer_early && !is_publish_early {
            let message = self.foresee(node, &sending);
            self.store.commit(&message);
            sending.stored = Some(message);
        } else if !sending.is_published && !is_answer_early {
            let message = sending
                .stored
                .clone()
                .unwrap_or_else(|| self.foresee(node, &sending));
            // To every node, this one as well.
            for (to, told) in told.into_iter().enumerate() {
                let times = match told {
                    Told::Never => 0,
                    Told::Once => 1,
                    Told::Twice => 2,
                };
                self.bus
                    .extend(std::iter::repeat_n((to, message.clone()), times));
            }
            sending.is_published = true;
        } else if !sending.is_answered {
            let message = sending
                .stored
                .clone()
                .unwrap_or_else(|| self.foresee(node, &sending));
            let peer = &mut self.peers[sending.peer];
            // Another connection to this node is none of this send's business.
            if peer.node == Some(node) && peer.connections == sending.connection {
                peer.down
                    .push_back(sent(sending.msg_id.clone(), Some(&message)));
            }
            sending.is_answered = true;
        }
        if sending.stored.is_none() || !sending.is_published || !sending.is_answered {
            self.nodes[node].insert(which, sending);
        }
    }

    /// How a send would be stored now. A node that counts by itself knows nothing of the others.
    fn foresee(&self, node: usize, sending: &Sending) -> Message {
        let mut head = self.store.head(sending.conversation);
        if self.flaw == Some(Flaw::CountsOnEachNode) && node > 0 {
            head = head.previous();
        }
        self.store.next(sending, head, self.flaw)
    }

    /// The bus tells one thing, in whatever order; who is parted from it does not hear.
    pub(super) fn tell(&mut self, which: usize) {
        if self.bus.is_empty() {
            return;
        }
        let (node, message) = self.bus.swap_remove(which % self.bus.len());
        if self.is_parted[node] {
            self.seen.unheard += 1;
            return;
        }
        let tells_all = self.flaw == Some(Flaw::TellsEverybody);
        for (at, peer) in self.peers.iter_mut().enumerate() {
            let is_theirs = is_member(UserId(USERS[at]), message.conversation) || tells_all;
            if peer.node == Some(node) && is_theirs {
                peer.down.push_back(ServerFrame::Message(message.clone()));
            }
        }
    }
}
