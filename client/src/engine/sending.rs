//! Messages of this person on their way: into the outbox, out of it, and what the server answers.

use shared::{
    ClientFrame, Code, ConversationId, Event, Message, MsgId, Timestamp,
    frame::{SendAnswer, SendToAll, SendToOne},
};

use super::{Client, asking::PAUSE};
use crate::{
    Change, Delivery, Link, Moment, Outgoing,
    outbox::QUEUED,
    sabotage::{self, Defect},
};

impl Client {
    /// Messages on their way to a conversation, oldest first.
    pub fn outgoing(&self, to: ConversationId) -> impl Iterator<Item = &Outgoing> {
        self.outbox
            .entries()
            .filter(move |entry| entry.conversation == to)
    }

    /// Takes a message into the outbox and sends it as soon as it can go. It was checked with
    /// [`shared::text::check`], and `msg_id` is random and new.
    pub fn send(
        &mut self,
        now: Moment,
        written_at: Timestamp,
        conversation: ConversationId,
        msg_id: MsgId,
        content: String,
    ) {
        self.conversation_mut(conversation);
        self.outbox.push(Outgoing {
            msg_id,
            conversation,
            to_user: self.name_of_peer(conversation),
            content,
            written_at,
            delivery: QUEUED,
        });
        self.typed_at.remove(&conversation);
        self.change(Change::Timeline(conversation));
        self.wish(now);
        self.drain_outbox(now);
    }

    /// Why the server took no message the last time, where it may take one later: a disk that is full, say.
    pub fn refusal(&self) -> Option<Code> {
        self.refusal
    }

    /// Takes up, before the start, what a former process or page kept of [`Client::outgoing`] on disk,
    /// oldest first, and for which database ([`Client::incarnation`]). It goes again under the same ids.
    pub fn resume(
        &mut self,
        incarnation: Option<String>,
        outbox: impl IntoIterator<Item = Outgoing>,
    ) {
        self.incarnation = incarnation;
        for message in outbox {
            self.conversation_mut(message.conversation);
            self.change(Change::Timeline(message.conversation));
            self.outbox.push(message);
        }
        self.outbox.requeue();
    }

    /// Sends a message again that was refused.
    pub fn retry(&mut self, now: Moment, msg_id: &MsgId) {
        if let Some(entry) = self.outbox.find(msg_id)
            && matches!(entry.delivery, Delivery::Failed { .. })
        {
            entry.delivery = QUEUED;
            let conversation = entry.conversation;
            self.change(Change::Timeline(conversation));
            self.drain_outbox(now);
        }
    }

    /// Forgets a message that was refused; one that may be on the server stays.
    pub fn discard(&mut self, msg_id: &MsgId) -> Option<Outgoing> {
        let entry = self.outbox.find(msg_id)?;
        if !matches!(entry.delivery, Delivery::Failed { .. }) {
            return None;
        }
        let gone = self.outbox.remove(msg_id)?;
        self.change(Change::Timeline(gone.conversation));
        Some(gone)
    }

    pub(super) fn take_answer(&mut self, now: Moment, answer: SendAnswer) {
        let Some(entry) = self.outbox.find(&answer.msg_id) else {
            return;
        };
        let conversation = entry.conversation;
        self.refusal = Some(answer.code).filter(|code| code.is_passing());
        match (answer.code, answer.seq) {
            (Code::Success, Some(seq)) => {
                entry.delivery = Delivery::Acked { seq };
                let event = Event::MessageSent(Message {
                    msg_id: answer.msg_id,
                    content: entry.content.clone(),
                    conversation,
                    seq,
                    from: self.me.id,
                    from_user: self.me.name.clone(),
                    sent_at: answer.sent_at.unwrap_or(entry.written_at),
                    check: answer.check,
                });
                self.take(now, event);
            }
            (code, _) if code.is_passing() && sabotage::is(Defect::GivesUpWhenRefused) => {
                self.outbox.remove(&answer.msg_id);
            }
            (code, _) if code.is_passing() => {
                let pause = answer.retry_after_ms.map_or(PAUSE, Moment::from_millis);
                entry.delivery = Delivery::Queued {
                    not_before: now + pause.max(SHORTEST_PAUSE),
                };
                self.change(Change::Timeline(conversation));
            }
            (code, _) => {
                entry.delivery = Delivery::Failed { code };
                self.change(Change::Timeline(conversation));
            }
        }
    }

    pub(super) fn drain_outbox(&mut self, now: Moment) {
        if self.heart.link != Link::Connected {
            return;
        }
        for entry in self.outbox.take_ready(now, self.held_back()) {
            self.change(Change::Timeline(entry.conversation));
            let frame = self.frame_of(entry);
            self.heart.answers.asked(now);
            self.transmit(frame);
        }
    }

    /// The name of the other person of a private conversation, as far as it is known.
    pub(super) fn name_of_peer(&self, conversation: ConversationId) -> String {
        let peer = conversation.peer_of(self.me.id);
        let person = peer.and_then(|peer| self.people.get(&peer));
        person.map_or_else(String::new, |person| person.name.clone())
    }

    pub(super) fn frame_of(&self, entry: Outgoing) -> ClientFrame {
        let Outgoing {
            msg_id,
            to_user,
            content,
            conversation,
            ..
        } = entry;
        match conversation.peer_of(self.me.id) {
            None => ClientFrame::SendToAll(SendToAll {
                msg_id,
                content,
                conversation: Some(conversation),
            }),
            Some(_) => ClientFrame::SendToOne(SendToOne {
                to_user,
                msg_id,
                content,
                conversation: Some(conversation),
            }),
        }
    }
}

/// However soon the server lets us.
const SHORTEST_PAUSE: Moment = Moment::from_millis(100);
