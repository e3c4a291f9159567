//! What a client keeps over its end: a summary, the newest events, what waits in the outbox.
//!
//! The owner stores all of it as plain data, in the wire's own types, and gives it back to a fresh
//! client before [`Client::start`]. A message that is to be stored before it is sent enters by
//! [`Client::write`] and leaves once [`Client::kept`] says that it is stored.

use shared::{
    ConversationId, MsgId, RequestId, Timestamp, UserId,
    frame::{ConversationSummary, Page, Person, Presence, Summary},
    limits::{MAX_PAGE_EVENTS, MAX_PEOPLE},
};

use super::Client;
use crate::{Change, Conversation, Delivery, Moment, Outgoing, Timeline, outbox::QUEUED};

impl Client {
    /// Takes a message into the outbox like [`Client::send`]; it goes once [`Client::kept`] was
    /// called for it, and those behind it wait for it. It stands behind all that waits there already,
    /// whatever the clock says: that may have been set back, or go behind the server's.
    pub fn write(
        &mut self,
        written_at: Timestamp,
        conversation: ConversationId,
        msg_id: MsgId,
        content: String,
    ) {
        self.conversation_mut(conversation);
        self.typed_at.remove(&conversation);
        let waiting = self.outgoing(conversation).map(|entry| entry.written_at);
        let written_at = waiting.fold(written_at, Timestamp::max);
        self.adopt(Outgoing {
            msg_id,
            conversation,
            to_user: self.name_of_peer(conversation),
            content,
            written_at,
            delivery: HELD,
        });
    }

    /// These messages are stored and may go.
    pub fn kept(&mut self, now: Moment, msg_ids: &[MsgId]) {
        let mut is_news = false;
        for msg_id in msg_ids {
            if let Some(entry) = self.outbox.find(msg_id)
                && entry.delivery == HELD
            {
                entry.delivery = QUEUED;
                is_news = true;
            }
        }
        if is_news {
            self.wish(now);
        }
        self.drain_outbox(now);
    }

    /// Takes over a message that this person wrote elsewhere on this device, or what became of one
    /// that is known here. What is on its way already, or in the log, stays as it is.
    pub fn adopt(&mut self, message: Outgoing) {
        let conversation = message.conversation;
        let has_failed = |delivery: &Delivery| matches!(delivery, Delivery::Failed { .. });
        if let Some(entry) = self.outbox.find(&message.msg_id) {
            let is_news = has_failed(&entry.delivery) != has_failed(&message.delivery);
            let is_in_log = matches!(entry.delivery, Delivery::Acked { .. });
            if entry.delivery == HELD || (is_news && !is_in_log) {
                entry.delivery = message.delivery;
            }
        } else if !self.has_in_log(conversation, &message.msg_id) {
            self.conversation_mut(conversation);
            self.outbox.insert(message);
        }
        self.change(Change::Timeline(conversation));
        self.change(Change::Conversations);
    }

    /// All messages on their way, oldest first.
    pub fn outbox(&self) -> impl Iterator<Item = &Outgoing> {
        self.outbox.entries()
    }

    /// What is known of conversations and people, to be kept.
    pub fn summary(&self) -> Summary {
        let me = self.me.id;
        let is_known = |person: &&Person| !person.name.is_empty();
        Summary {
            request_id: RequestId(0),
            me: self.me.clone(),
            conversations: self
                .conversations
                .values()
                .map(|one| summary_of(one, me))
                .collect(),
            people: self
                .people
                .values()
                .filter(is_known)
                .take(MAX_PEOPLE as usize)
                .cloned()
                .collect(),
        }
    }

    /// The newest events held of a conversation, to be kept; none where none are held.
    pub fn page(&self, conversation: ConversationId) -> Option<Page> {
        let timeline = self.conversation(conversation)?.timeline();
        let newest = timeline.events().rev().take(MAX_PAGE_EVENTS as usize);
        let mut events: Vec<_> = newest.cloned().collect();
        events.reverse();
        (!events.is_empty()).then(|| Page {
            request_id: RequestId(0),
            conversation,
            head: timeline.cursor(),
            events,
        })
    }

    /// Takes back what was kept of a client of the same person, before [`Client::start`]. All of it
    /// is compared with the server's log before anything is sent or asked.
    pub fn recall(&mut self, incarnation: String, summary: Summary, pages: Vec<Page>) {
        self.incarnation = Some(incarnation);
        for entry in &summary.conversations {
            self.conversation_mut(entry.id).apply_summary(entry);
        }
        let offline = |person| Person {
            presence: Presence::Offline,
            ..person
        };
        self.take_people(summary.people.into_iter().map(offline).collect());
        for page in pages {
            if let Some(first) = page.events.first() {
                let timeline = &mut self.conversation_mut(page.conversation).timeline;
                *timeline = Timeline::starting_at(first.seq().previous());
                for event in page.events {
                    timeline.take(event);
                }
            }
        }
        for conversation in self.conversations.values_mut() {
            conversation.connection_lost();
        }
        self.change(Change::Conversations);
    }

    /// Whether a message of this person is in the log as far as it is held.
    fn has_in_log(&self, conversation: ConversationId, msg_id: &MsgId) -> bool {
        let me = self.me.id;
        self.conversation(conversation).is_some_and(|one| {
            one.timeline().events().rev().any(|event| {
                matches!(event, shared::Event::MessageSent(sent)
                    if sent.from == me && sent.msg_id == *msg_id)
            })
        })
    }
}

fn summary_of(conversation: &Conversation, me: UserId) -> ConversationSummary {
    ConversationSummary {
        id: conversation.id,
        title: conversation.title.clone(),
        // What is newer is counted when it comes.
        head: conversation.timeline().cursor(),
        read: conversation.read,
        unread: conversation.unread(me),
        last_at: conversation.last_at,
        delivered: None,
        peer_delivered: Some(conversation.peer_delivered()),
        peer_read: Some(conversation.peer_read()),
    }
}

/// Waits to be stored, or for another window to send it.
pub const HELD: Delivery = Delivery::Queued {
    not_before: Moment::MAX,
};
