//! The outbox: messages of this person that await an ack.
//!
//! In order for each conversation: one message is on its way at a time, so a retry cannot overtake
//! it. A message leaves only when its event is in the timeline or its person discards it.

use std::collections::VecDeque;

use shared::{Code, ConversationId, Message, MsgId, Seq, Timestamp};

use crate::{
    Moment,
    sabotage::{self, Defect},
};

/// One message on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// The same on every retry.
    pub msg_id: MsgId,
    /// Where it goes.
    pub conversation: ConversationId,
    /// The other person's name when it was written, where it is a private one: a server that came
    /// back from a backup may have given their number to somebody else. Empty where it is not known.
    pub to_user: String,
    /// What it says.
    pub content: String,
    /// When it was written, in the server's kind of time, for people to read.
    pub written_at: Timestamp,
    /// How far it came.
    pub delivery: Delivery,
}

/// How far an [`Outgoing`] message came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// Waits for a connection, for those before it, or until a time.
    Queued {
        /// Not tried before; the server asked for a pause.
        not_before: Moment,
    },
    /// Given to the socket; no answer yet.
    Sent {
        /// When.
        at: Moment,
    },
    /// On the server's disk; its event is not in the timeline yet.
    Acked {
        /// Its place.
        seq: Seq,
    },
    /// Refused, and trying again without a change would not help.
    Failed {
        /// Why.
        code: Code,
    },
}

/// All of them, oldest first.
#[derive(Clone, Default, Debug)]
pub(crate) struct Outbox {
    entries: VecDeque<Outgoing>,
}

impl Outbox {
    pub(crate) fn push(&mut self, message: Outgoing) {
        self.entries.push_back(message);
    }

    /// Puts a message among the others by when it was written.
    pub(crate) fn insert(&mut self, message: Outgoing) {
        let is_older = |entry: &Outgoing| entry.written_at <= message.written_at;
        let at = self.entries.iter().rposition(is_older);
        self.entries.insert(at.map_or(0, |at| at + 1), message);
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Outgoing> {
        self.entries.iter()
    }

    /// Whether an answer of the server is awaited.
    pub(crate) fn is_any_sent(&self) -> bool {
        let is_sent = |entry: &Outgoing| matches!(entry.delivery, Delivery::Sent { .. });
        self.entries.iter().any(is_sent)
    }

    pub(crate) fn find(&mut self, msg_id: &MsgId) -> Option<&mut Outgoing> {
        self.entries
            .iter_mut()
            .find(|entry| entry.msg_id == *msg_id)
    }

    pub(crate) fn remove(&mut self, msg_id: &MsgId) -> Option<Outgoing> {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.msg_id == *msg_id)?;
        self.entries.remove(at)
    }

    /// Drops what the timeline of `conversation` covers now.
    pub(crate) fn settle(&mut self, conversation: ConversationId, cursor: Seq) {
        self.entries.retain(|entry| {
            entry.conversation != conversation
                || !matches!(entry.delivery, Delivery::Acked { seq } if seq <= cursor)
        });
    }

    /// Nothing is known of what was on its way when the connection broke: it is sent again, with
    /// the same id, and the server keeps one. So is what was acknowledged and is in no timeline yet:
    /// the next server may be one that came back from a backup.
    pub(crate) fn requeue(&mut self) {
        if sabotage::is(Defect::DropsOutbox) {
            self.entries.clear();
        }
        for entry in &mut self.entries {
            if matches!(
                entry.delivery,
                Delivery::Sent { .. } | Delivery::Acked { .. }
            ) {
                if sabotage::is(Defect::NewIdOnRetry)
                    && let Ok(other) = MsgId::parse(&entry.msg_id.as_str().replace('0', "1"))
                {
                    entry.msg_id = other;
                }
                entry.delivery = QUEUED;
            }
        }
    }

    /// The message stands in the log at `seq`.
    pub(crate) fn acknowledge(&mut self, msg_id: &MsgId, seq: Seq) {
        if let Some(entry) = self.find(msg_id) {
            entry.delivery = Delivery::Acked { seq };
        }
    }

    /// Takes back messages that were in a log which is no more, oldest first, before all others of
    /// their conversation; those acknowledged there and not taken yet go again as well.
    pub(crate) fn put_back(
        &mut self,
        conversation: ConversationId,
        to_user: &str,
        own: Vec<Message>,
    ) {
        for entry in &mut self.entries {
            if entry.conversation == conversation
                && matches!(entry.delivery, Delivery::Acked { .. })
            {
                entry.delivery = QUEUED;
            }
        }
        // Of a private message the server would not know whether it goes to whom it was meant for.
        let is_for_nobody = to_user.is_empty() && matches!(conversation, ConversationId::Direct(_));
        let delivery = if is_for_nobody { GONE } else { QUEUED };
        for message in own.into_iter().rev() {
            self.remove(&message.msg_id);
            self.entries.push_front(Outgoing {
                msg_id: message.msg_id,
                conversation,
                to_user: to_user.to_owned(),
                content: message.content,
                written_at: message.sent_at,
                delivery: delivery.clone(),
            });
        }
    }

    /// The ids of people mean others now, so no private message leaves by itself any more.
    pub(crate) fn hold_private(&mut self) {
        for entry in &mut self.entries {
            if let ConversationId::Direct(_) = entry.conversation {
                entry.delivery = GONE;
            }
        }
    }

    /// Marks as sent, and gives, the first message of each conversation that may go now: none
    /// before it is on its way, and the pause the server asked for is over. Those to `held` wait.
    pub(crate) fn take_ready(&mut self, now: Moment, held: Vec<ConversationId>) -> Vec<Outgoing> {
        let mut busy = held;
        let mut ready = Vec::new();
        if sabotage::is(Defect::TurnsTheOutbox) {
            self.entries.make_contiguous().reverse();
        }
        for entry in &mut self.entries {
            if busy.contains(&entry.conversation) && !sabotage::is(Defect::SendsTwoAtOnce) {
                continue;
            }
            match entry.delivery {
                Delivery::Queued { not_before } => {
                    busy.push(entry.conversation);
                    if not_before <= now {
                        entry.delivery = Delivery::Sent { at: now };
                        ready.push(entry.clone());
                    }
                }
                Delivery::Sent { at } => {
                    busy.push(entry.conversation);
                    if now.saturating_sub(at) >= ANSWER_OVERDUE {
                        entry.delivery = Delivery::Sent { at: now };
                        ready.push(entry.clone());
                    }
                }
                Delivery::Acked { .. } | Delivery::Failed { .. } => {}
            }
        }
        ready
    }
}

/// Goes as soon as it can.
pub(crate) const QUEUED: Delivery = Delivery::Queued {
    not_before: Moment::ZERO,
};
/// Its receiver is no more.
const GONE: Delivery = Delivery::Failed {
    code: Code::NoSuchUser,
};
/// An answer that takes longer is asked for again, with the same id. Source: far above one slow
/// disk sync, below a person's patience.
const ANSWER_OVERDUE: Moment = Moment::from_secs(15);

#[cfg(test)]
mod tests {
    use shared::RoomId;

    use super::*;

    fn outgoing(id: &str, room: u64) -> Outgoing {
        Outgoing {
            msg_id: MsgId::parse(id).unwrap(),
            conversation: ConversationId::Room(RoomId(room)),
            to_user: String::new(),
            content: id.into(),
            written_at: Timestamp(0),
            delivery: Delivery::Queued {
                not_before: Moment::ZERO,
            },
        }
    }

    fn ready(outbox: &mut Outbox, now: u64) -> Vec<String> {
        let taken = outbox.take_ready(Moment::from_secs(now), vec![]);
        taken.into_iter().map(|entry| entry.content).collect()
    }

    #[test]
    fn one_message_of_a_conversation_is_on_its_way_at_a_time() {
        let mut outbox = Outbox::default();
        for (id, room) in [("a", 1), ("b", 1), ("c", 2)] {
            outbox.push(outgoing(id, room));
        }
        assert_eq!(ready(&mut outbox, 1), ["a", "c"]);
        assert!(ready(&mut outbox, 2).is_empty());
        outbox.requeue();
        assert_eq!(
            ready(&mut outbox, 3),
            ["a", "c"],
            "after a break the same ones go first"
        );
        outbox.remove(&MsgId::parse("a").unwrap());
        assert_eq!(ready(&mut outbox, 4), ["b"]);
        assert_eq!(
            ready(&mut outbox, 18),
            ["c"],
            "an overdue answer is asked for again"
        );
    }

    #[test]
    fn what_comes_back_goes_first_and_once() {
        let mut outbox = Outbox::default();
        for (id, room) in [("x", 2), ("c", 1), ("d", 1)] {
            outbox.push(outgoing(id, room));
        }
        outbox.acknowledge(&MsgId::parse("c").unwrap(), Seq(3));
        let message = |id: &str| Message {
            msg_id: MsgId::parse(id).unwrap(),
            content: id.into(),
            conversation: ConversationId::Room(RoomId(1)),
            seq: Seq(1),
            from: shared::UserId(1),
            from_user: "Ana".into(),
            sent_at: Timestamp(0),
            check: None,
        };
        outbox.put_back(
            ConversationId::Room(RoomId(1)),
            "",
            vec![message("a"), message("b")],
        );
        let order: Vec<_> = outbox.entries().map(|entry| &*entry.content).collect();
        assert_eq!(order, ["a", "b", "x", "c", "d"]);
        assert!(outbox.entries().all(|entry| entry.delivery == QUEUED));
        let held = vec![ConversationId::Room(RoomId(1))];
        let ready = outbox.take_ready(Moment::from_secs(1), held);
        assert_eq!(ready.len(), 1, "only that of the room which is not held");
    }

    #[test]
    fn a_pause_holds_back_those_behind_it_and_a_refusal_does_not() {
        let mut outbox = Outbox::default();
        outbox.push(outgoing("a", 1));
        outbox.push(outgoing("b", 1));
        let first = MsgId::parse("a").unwrap();
        outbox.find(&first).unwrap().delivery = Delivery::Queued {
            not_before: Moment::from_secs(9),
        };
        assert!(ready(&mut outbox, 8).is_empty());
        outbox.find(&first).unwrap().delivery = Delivery::Failed {
            code: Code::TooLong,
        };
        assert_eq!(ready(&mut outbox, 8), ["b"]);
    }
}
