//! The servers of the simulated world: one store, several nodes, a bus that loses and doubles.
//!
//! A send goes in steps, and a node may die between any two of them: stored, told to the bus,
//! answered.

use std::collections::BTreeMap;

use shared::{
    Check, ClientFrame, Code, ConversationId, Event, Message, MsgId, Seq, ServerFrame, Timestamp,
    UserId,
    event::Position,
    frame::{ConversationSummary, HeartbeatAnswer, Page, Pull, SendAnswer, Summary, User},
};

use super::steps::CrashPoint;

/// A way in which the model can be wrong, to see that it is caught.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flaw {
    AcksBeforeCommit,
    StoresTwice,
    CountsOnEachNode,
    PublishesEarly,
    HidesHeads,
    TellsEverybody,
}

/// What is on disk.
#[derive(Default)]
pub(super) struct Store {
    logs: BTreeMap<ConversationId, Vec<Message>>,
}

/// A send on its way through a node.
pub(super) struct Sending {
    pub(super) peer: usize,
    /// Which of the peer's connections it came over.
    pub(super) connection: usize,
    pub(super) by: User,
    pub(super) conversation: ConversationId,
    pub(super) msg_id: MsgId,
    pub(super) content: String,
    /// Once it is stored.
    pub(super) stored: Option<Message>,
    pub(super) is_published: bool,
    pub(super) is_answered: bool,
}

impl Sending {
    /// Where its node dies if it dies now.
    pub(super) fn at(&self) -> CrashPoint {
        match &self.stored {
            None => CrashPoint::Received,
            Some(_) if !self.is_published => CrashPoint::Stored,
            Some(_) => CrashPoint::Published,
        }
    }
}

impl Store {
    pub(super) fn log(&self, conversation: ConversationId) -> &[Message] {
        self.logs.get(&conversation).map_or(&[], Vec::as_slice)
    }

    pub(super) fn head(&self, conversation: ConversationId) -> Seq {
        Seq(self.log(conversation).len() as u64)
    }

    /// As it would be stored: the first time's message, or the next.
    pub(super) fn next(&self, sending: &Sending, head: Seq, flaw: Option<Flaw>) -> Message {
        let log = self.log(sending.conversation);
        let is_first = |known: &&Message| {
            known.from == sending.by.id
                && known.msg_id == sending.msg_id
                && flaw != Some(Flaw::StoresTwice)
        };
        if let Some(first) = log.iter().find(is_first) {
            return first.clone();
        }
        let before = log
            .last()
            .and_then(|last| last.check)
            .unwrap_or(Check::START);
        Message {
            msg_id: sending.msg_id.clone(),
            content: sending.content.clone(),
            conversation: sending.conversation,
            seq: head.next(),
            from: sending.by.id,
            from_user: sending.by.name.clone(),
            sent_at: Timestamp(0),
            check: Some(before.then(sending.by.id, &sending.msg_id, &sending.content)),
        }
    }

    pub(super) fn commit(&mut self, message: &Message) {
        let log = self.logs.entry(message.conversation).or_default();
        if !log
            .iter()
            .any(|known| known.seq == message.seq && known.msg_id == message.msg_id)
        {
            log.push(message.clone());
        }
    }

    /// Answers what needs only reading.
    pub(super) fn answer(
        &self,
        me: &User,
        mine: &[ConversationId],
        frame: ClientFrame,
        flaw: Option<Flaw>,
    ) -> Option<ServerFrame> {
        match frame {
            ClientFrame::Summary(ask) => Some(ServerFrame::Summary(Summary {
                request_id: ask.request_id,
                me: me.clone(),
                conversations: mine.iter().map(|id| self.summary(*id)).collect(),
                people: vec![],
            })),
            ClientFrame::Heartbeat(beat) => {
                let has_diverged = |cursor: &&Position| self.has_diverged(cursor);
                let diverged = beat.cursors.iter().filter(has_diverged);
                let heads = mine.iter().filter(|_| flaw != Some(Flaw::HidesHeads));
                Some(ServerFrame::Heartbeat(HeartbeatAnswer {
                    request_id: beat.request_id,
                    diverged: diverged.map(|cursor| cursor.conversation).collect(),
                    heads: heads.map(|id| Position::new(*id, self.head(*id))).collect(),
                }))
            }
            ClientFrame::Pull(pull) => Some(self.page(pull)),
            _ => None,
        }
    }

    fn summary(&self, id: ConversationId) -> ConversationSummary {
        ConversationSummary {
            id,
            title: None,
            head: self.head(id),
            read: Seq::NONE,
            unread: self.head(id).0,
            last_at: Timestamp(0),
            delivered: None,
            peer_delivered: None,
            peer_read: None,
        }
    }

    fn has_diverged(&self, cursor: &Position) -> bool {
        let log = self.log(cursor.conversation);
        let here = match log.iter().find(|message| message.seq == cursor.seq) {
            Some(message) => message.check,
            None if cursor.seq == Seq::NONE => Some(Check::START),
            None => return true,
        };
        cursor.check.is_some() && here != cursor.check
    }

    /// Pages of three, so that catching up takes several.
    fn page(&self, pull: Pull) -> ServerFrame {
        let log = self.log(pull.conversation).iter();
        let events: Vec<_> = match (pull.after, pull.before) {
            (Some(after), _) => log.filter(|one| one.seq > after).take(3).cloned().collect(),
            (None, before) => {
                let below = log
                    .rev()
                    .filter(|one| before.is_none_or(|before| one.seq < before));
                let mut page: Vec<_> = below.take(3).cloned().collect();
                page.reverse();
                page
            }
        };
        ServerFrame::Pull(Page {
            request_id: pull.request_id,
            conversation: pull.conversation,
            events: events.into_iter().map(Event::MessageSent).collect(),
            head: self.head(pull.conversation),
        })
    }
}

/// The answer to a send; without a message a refusal that passes.
pub(super) fn sent(msg_id: MsgId, stored: Option<&Message>) -> ServerFrame {
    ServerFrame::Send(SendAnswer {
        msg_id,
        code: if stored.is_some() {
            Code::Success
        } else {
            Code::Unavailable
        },
        message: String::new(),
        conversation: stored.map(|message| message.conversation),
        seq: stored.map(|message| message.seq),
        sent_at: stored.map(|message| message.sent_at),
        check: stored.and_then(|message| message.check),
        retry_after_ms: None,
    })
}

/// Whose a conversation is.
pub(super) fn is_member(user: UserId, conversation: ConversationId) -> bool {
    matches!(conversation, ConversationId::Room(_)) || conversation.peer_of(user).is_some()
}
