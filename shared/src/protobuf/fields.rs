//! How each type of ours stands on the wire.
//!
//! Most structs stand there field by field; the few that do not are written out: ids that are packed
//! tighter than in JSON, and events, whose place comes before what happened.

use super::wire;
use crate::{
    Check, Code, ConversationId, Event, Message, MsgId, RequestId, RoomId, Seq, Timestamp, UserId,
    event::Position,
    frame::{
        Ask, Auth, AuthAnswer, ConversationSummary, ErrorAnswer, FindUsers, Heads, Heartbeat,
        HeartbeatAnswer, Marks, Page, People, Person, Presence, PresenceSet, Pull, ReadMark,
        SendAnswer, SendToAll, SendToOne, Summary, Typing, TypingBy, User, UserJoined,
    },
};

/// What stands on the wire as a `W`.
pub(super) trait Wire<W>: Sized {
    /// What is written.
    fn to_wire(&self) -> W;

    /// Takes what was read.
    fn from_wire(wire: W) -> Result<Self, Wrong>;
}

/// The name of the field that is missing or wrong; empty where it is the value itself.
pub(super) type Wrong = &'static str;

/// What is the same here and there.
macro_rules! as_it_is {
    ($($name:ident),*) => {$(
        impl Wire<$name> for $name {
            fn to_wire(&self) -> $name {
                self.clone()
            }

            fn from_wire(wire: $name) -> Result<Self, Wrong> {
                Ok(wire)
            }
        }
    )*};
}
as_it_is!(String, u32, u64);

/// Numbers in a newtype.
macro_rules! as_number {
    ($($name:ident($number:ident)),*) => {$(
        impl Wire<$number> for $name {
            fn to_wire(&self) -> $number {
                self.0
            }

            fn from_wire(wire: $number) -> Result<Self, Wrong> {
                Ok(Self(wire))
            }
        }
    )*};
}
as_number!(
    UserId(u64),
    Seq(u64),
    RequestId(u64),
    Check(u64),
    Timestamp(i64)
);

impl<W, T: Wire<W>> Wire<Option<W>> for Option<T> {
    fn to_wire(&self) -> Option<W> {
        self.as_ref().map(T::to_wire)
    }

    fn from_wire(wire: Option<W>) -> Result<Self, Wrong> {
        wire.map(T::from_wire).transpose()
    }
}

impl<W, T: Wire<W>> Wire<Vec<W>> for Vec<T> {
    fn to_wire(&self) -> Vec<W> {
        self.iter().map(T::to_wire).collect()
    }

    fn from_wire(wire: Vec<W>) -> Result<Self, Wrong> {
        // `collect` would keep the memory of what was read, however little is left of it.
        let mut taken = Vec::with_capacity(wire.len());
        for one in wire {
            taken.push(T::from_wire(one)?);
        }
        Ok(taken)
    }
}

/// Messages within messages, which must be there.
macro_rules! must_be_there {
    ($($name:ident as $wire:ident),*) => {$(
        impl Wire<Option<wire::$wire>> for $name {
            fn to_wire(&self) -> Option<wire::$wire> {
                Some(self.to_wire())
            }

            fn from_wire(wire: Option<wire::$wire>) -> Result<Self, Wrong> {
                wire.ok_or("").and_then(Self::from_wire)
            }
        }
    )*};
}
must_be_there!(ConversationId as Conversation, User as User);

impl Wire<wire::Conversation> for ConversationId {
    fn to_wire(&self) -> wire::Conversation {
        match self {
            Self::Room(room) => wire::Conversation {
                room: room.0,
                ..Default::default()
            },
            Self::Direct(pair) => {
                let [low, high] = pair.people();
                wire::Conversation {
                    low: low.0,
                    high: high.0,
                    ..Default::default()
                }
            }
        }
    }

    fn from_wire(wire: wire::Conversation) -> Result<Self, Wrong> {
        // One spelling for each: as in JSON, the smaller id first and no id 0.
        match (wire.room, wire.low, wire.high) {
            (room @ 1.., 0, 0) => Ok(Self::Room(RoomId(room))),
            (0, low @ 1.., high) if low <= high => Ok(Self::direct(UserId(low), UserId(high))),
            _ => Err(""),
        }
    }
}

impl Wire<i32> for Presence {
    fn to_wire(&self) -> i32 {
        i32::from(match self {
            Self::Online => wire::Presence::Online,
            Self::Away => wire::Presence::Away,
            Self::Offline => wire::Presence::Offline,
        })
    }

    fn from_wire(wire: i32) -> Result<Self, Wrong> {
        match wire::Presence::try_from(wire) {
            Ok(wire::Presence::Online) => Ok(Self::Online),
            Ok(wire::Presence::Away) => Ok(Self::Away),
            Ok(wire::Presence::Offline) => Ok(Self::Offline),
            Ok(wire::Presence::Unspecified) | Err(_) => Err(""),
        }
    }
}

impl Wire<u32> for Code {
    fn to_wire(&self) -> u32 {
        self.number().into()
    }

    fn from_wire(wire: u32) -> Result<Self, Wrong> {
        u16::try_from(wire).map(Self::from).map_err(|_| "")
    }
}

/// The two fields of a `msgId`: its text, or the 16 bytes that it spells.
fn pack_msg_id(id: &MsgId) -> (String, Vec<u8>) {
    match id.random_bytes() {
        Some(bytes) => (String::new(), bytes.into()),
        None => (id.as_str().to_owned(), Vec::new()),
    }
}

/// The `msgId` out of its two fields, of which one is empty.
pub(super) fn unpack_msg_id(text: &str, packed: &[u8]) -> Result<MsgId, Wrong> {
    let id = if packed.is_empty() {
        MsgId::parse(text).ok()
    } else {
        let bytes = packed.try_into().ok().filter(|_| text.is_empty());
        bytes.map(MsgId::from_random)
    };
    id.ok_or("msg_id")
}

/// Structs that have the same fields here and there. A field that is not listed does not compile; a
/// `msg_id` has two on the wire.
macro_rules! field_by_field {
    ($($name:ident { $($field:ident),* } $(+ $msg_id:ident)?)*) => {$(
        impl Wire<wire::$name> for $name {
            fn to_wire(&self) -> wire::$name {
                $(let (text, packed) = pack_msg_id(&self.$msg_id);)?
                wire::$name {
                    $($field: self.$field.to_wire(),)*
                    $($msg_id: text, msg_id_packed: packed,)?
                }
            }

            fn from_wire(wire: wire::$name) -> Result<Self, Wrong> {
                Ok(Self {
                    $($field: Wire::from_wire(wire.$field).map_err(|_| stringify!($field))?,)*
                    $($msg_id: unpack_msg_id(&wire.$msg_id, &wire.msg_id_packed)?,)?
                })
            }
        }
    )*};
}

field_by_field! {
    Position { conversation, seq, check }
    Auth { access_token }
    SendToOne { to_user, content, conversation } + msg_id
    SendToAll { content, conversation } + msg_id
    Ask { request_id }
    Pull { request_id, conversation, after, before, limit }
    FindUsers { request_id, query }
    Heartbeat { request_id, cursors }
    Typing { conversation }
    PresenceSet { presence }
    AuthAnswer { code, message, user, build, incarnation }
    UserJoined { nickname, user }
    SendAnswer { code, message, conversation, seq, sent_at, check, retry_after_ms } + msg_id
    Summary { request_id, me, conversations, people }
    ConversationSummary {
        id, title, head, read, unread, last_at, delivered, peer_delivered, peer_read
    }
    Page { request_id, conversation, events, head }
    People { request_id, people }
    HeartbeatAnswer { request_id, heads, diverged }
    Heads { heads }
    ReadMark { conversation, seq, unread, head }
    Marks { conversation, user, delivered, read }
    TypingBy { conversation, user }
    User { id, name }
    Person { id, name, presence }
    ErrorAnswer { request_id, code, message, retry_after_ms }
}

impl Wire<wire::Event> for Event {
    fn to_wire(&self) -> wire::Event {
        match self {
            Self::MessageSent(message) => said(message),
            Self::Unknown(position) => wire::Event {
                conversation: position.conversation.to_wire(),
                seq: position.seq.0,
                check: position.check.to_wire(),
                what: None,
            },
        }
    }

    fn from_wire(wire: wire::Event) -> Result<Self, Wrong> {
        let position = Position {
            conversation: Wire::from_wire(wire.conversation).map_err(|_| "conversation")?,
            seq: Seq(wire.seq),
            check: wire.check.map(Check),
        };
        let Some(wire::event::What::MessageSent(sent)) = wire.what else {
            return Ok(Self::Unknown(position));
        };
        Ok(Self::MessageSent(Message {
            msg_id: unpack_msg_id(&sent.msg_id, &sent.msg_id_packed)?,
            content: sent.content,
            conversation: position.conversation,
            seq: position.seq,
            from: UserId(sent.from),
            from_user: sent.from_user,
            sent_at: Timestamp(sent.sent_at),
            check: position.check,
        }))
    }
}

/// What is pushed when somebody said something, and what stands in a page.
pub(super) fn said(message: &Message) -> wire::Event {
    let (msg_id, msg_id_packed) = pack_msg_id(&message.msg_id);
    wire::Event {
        conversation: message.conversation.to_wire(),
        seq: message.seq.0,
        check: message.check.to_wire(),
        what: Some(wire::event::What::MessageSent(wire::MessageSent {
            msg_id,
            msg_id_packed,
            content: message.content.clone(),
            from: message.from.0,
            from_user: message.from_user.clone(),
            sent_at: message.sent_at.0,
        })),
    }
}
