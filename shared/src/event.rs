//! What happened in a conversation: the entries of its log.
//!
//! An event has one encoding. It is the frame that is pushed, the element of a page of history and
//! the element of a long poll's answer.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    check::Check,
    ids::{ConversationId, MsgId, Seq, Timestamp, UserId},
    read::{Json, Read as _, wrong},
};

/// One entry of a conversation's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Somebody said something.
    MessageSent(Message),
    /// Something a newer server knows: it takes its place in the log and is not shown.
    Unknown(Position),
}

/// `SEND_TO_USER_REQUEST`, server → client: a message, as pushed and as stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The sender's id for it.
    pub msg_id: MsgId,
    /// The text, 1 byte to [`crate::limits::MAX_CONTENT_BYTES`] of UTF-8, as it was sent.
    pub content: String,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// Who said it.
    pub from: UserId,
    /// The sender's name when it was read from the store.
    pub from_user: String,
    /// When the store took it.
    pub sent_at: Timestamp,
    /// Of the log up to it; none from a server that does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
}

/// Where an event stands: all that a client needs of one it does not know. Also a cursor, a head, a
/// mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Position {
    /// Where it happened.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// Of the log up to it, where an event or a cursor tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
}

impl Position {
    /// A place, without a check value.
    pub fn new(conversation: ConversationId, seq: Seq) -> Self {
        Self {
            conversation,
            seq,
            check: None,
        }
    }
}

impl Event {
    /// The `type` of [`Event::MessageSent`].
    pub const MESSAGE_SENT: &'static str = "SEND_TO_USER_REQUEST";

    /// Where it stands.
    pub fn position(&self) -> Position {
        match self {
            Self::MessageSent(message) => Position {
                conversation: message.conversation,
                seq: message.seq,
                check: message.check,
            },
            Self::Unknown(position) => *position,
        }
    }

    /// Its place in its conversation.
    pub fn seq(&self) -> Seq {
        self.position().seq
    }

    /// The check value of the log up to it, if it is known.
    pub fn check(&self) -> Option<Check> {
        self.position().check
    }

    /// Whether it can stand right after an event with the check value `before`. Where one of the
    /// two is not known, or this build cannot compute it, nothing speaks against it.
    pub fn follows(&self, before: Option<Check>) -> bool {
        match (self, before) {
            (Self::MessageSent(message), Some(before)) => message.check.is_none_or(|check| {
                check == before.then(message.from, &message.msg_id, &message.content)
            }),
            _ => true,
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Tagged<'a, B> {
            r#type: &'a str,
            body: &'a B,
        }
        match self {
            Self::MessageSent(body) => Tagged {
                r#type: Self::MESSAGE_SENT,
                body,
            }
            .serialize(serializer),
            Self::Unknown(body) => Tagged {
                r#type: "UNKNOWN",
                body,
            }
            .serialize(serializer),
        }
    }
}

/// By hand, as the app reads it: what is tagged and kept as text takes far more code.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Self::read(&json).map_err(|field| D::Error::custom(wrong(field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_newer_server_keeps_its_place() {
        let newer =
            r#"{"type":"MESSAGE_EDITED_NOTICE","body":{"conversation":"r1","seq":7,"of":3}}"#;
        let event: Event = serde_json::from_str(newer).unwrap();
        assert_eq!(event.seq(), Seq(7));
        assert!(matches!(event, Event::Unknown(_)));
    }
}
