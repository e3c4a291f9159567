//! What others are told of this person besides messages: read and delivered marks, typing, presence.

use shared::{
    ClientFrame, ConversationId, Seq,
    event::Position,
    frame::{Presence, PresenceSet, Typing},
    limits::TYPING_REPEAT,
};

use super::{Client, Question};
use crate::{Change, Link, Moment};

impl Client {
    /// The person saw everything up to `seq`. Read marks only grow.
    pub fn mark_read(&mut self, conversation: ConversationId, seq: Seq) {
        let marked = self.conversation_mut(conversation);
        if seq <= marked.read || seq > marked.timeline.cursor() {
            return;
        }
        marked.mark_read(seq);
        self.change(Change::Conversations);
        self.tell_reads();
    }

    /// The person says, or shows by writing under it, that they read all that is held. Of what is not
    /// here yet, or is another log since, they have seen nothing.
    pub fn mark_all_read(&mut self, conversation: ConversationId) {
        let marked = self.conversation_mut(conversation);
        let is_here = marked.timeline.events().len() > 0 && !marked.awaits_mark();
        let cursor = marked.timeline.cursor();
        if is_here {
            self.mark_read(conversation, cursor);
        }
    }

    /// Only where the logs were compared: in another one the same number means other messages. And
    /// only once it is known what the server knows already.
    pub(super) fn tell_reads(&mut self) {
        if self.heart.link != Link::Connected || !self.knows_what_was_told() {
            return;
        }
        let all = self.conversations.values_mut();
        let due: Vec<_> = all
            .filter_map(|one| Some(Position::new(one.id, one.read_to_tell()?)))
            .collect();
        for place in due {
            self.transmit(ClientFrame::Read(place));
        }
    }

    /// The person is typing; said to others at most every [`TYPING_REPEAT`].
    pub fn typing(&mut self, now: Moment, conversation: ConversationId) {
        let is_new = self
            .typed_at
            .get(&conversation)
            .is_none_or(|at| now.saturating_sub(*at) >= TYPING_REPEAT);
        if is_new && self.heart.link == Link::Connected {
            self.typed_at.insert(conversation, now);
            self.transmit(ClientFrame::Typing(Typing { conversation }));
        }
    }

    /// Whether the person looks, or did a moment ago: a connection that died without a word is found
    /// while they do, for a question every few seconds on one that is silent. Not so unless told.
    pub fn set_attended(&mut self, is_attended: bool) {
        self.is_attended = is_attended;
    }

    /// Whether a connection may be asked often: the answer names each conversation.
    pub(super) fn is_asked_often(&self) -> bool {
        self.is_attended && self.conversations.len() <= FEW
    }

    /// The person left the desk ([`Presence::Away`]) or is back ([`Presence::Online`]).
    pub fn set_presence(&mut self, presence: Presence) {
        if self.presence != presence {
            self.presence = presence;
            if self.heart.link == Link::Connected {
                self.transmit(ClientFrame::Presence(PresenceSet { presence }));
            }
        }
    }

    /// Whether the summary of this connection has come, by which marks the server knows already.
    fn knows_what_was_told(&self) -> bool {
        !self.summary_wanted && !self.is_asked(Question::Summary)
    }

    /// Only once it is known what the server knows already.
    pub(super) fn tell_delivered(&mut self, now: Moment) {
        if !self.knows_what_was_told() {
            return;
        }
        let me = self.me.id;
        let all = self.conversations.values_mut();
        let due: Vec<_> = all
            .filter_map(|one| Some(Position::new(one.id, one.delivered_to_tell(me, now)?)))
            .collect();
        for place in due {
            self.transmit(ClientFrame::Delivered(place));
        }
    }
}

/// Source: the answer has some 40 bytes for each, which for these is less than 1 KB each second.
const FEW: usize = 64;
