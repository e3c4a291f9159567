//! Ids, `seq` and time: newtypes, so that one is never taken for another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::limits::MAX_MSG_ID_BYTES;

/// A person. Given by the server, from 1, never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub u64);

/// A room. Given by the server, from 1; 1 is the room that everybody is in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomId(pub u64);

/// Where messages are. On the wire `r1` is a room and `d3-17` what users 3 and 17 say to each other.
///
/// A private conversation is named by its two people, so both ends know its id before a word was
/// said in it, and a client can write the first one without a connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ConversationId {
    /// A room and everybody in it.
    Room(RoomId),
    /// Two people, or one person's notes to themselves.
    Direct(Pair),
}

/// Two people, the smaller id first, so that each pair has one spelling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pair {
    low: UserId,
    high: UserId,
}

/// Position in a conversation, from 1 without gaps, given by the store. As a cursor it is the last
/// one held, and [`Seq::NONE`] says that nothing is.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// The random id a sender gives a message, the same on every retry. 1 to 64 bytes of UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct MsgId(Box<str>);

/// Chosen by a client and repeated in the answer, so that it knows which question was answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// Wall-clock time of the server, in milliseconds since 1970-01-01 UTC. For people to read; order
/// is [`Seq`]'s business alone.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Why a text is not an id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Neither `r1` nor `d3-17`.
    #[error("A conversation is written r1 (a room) or d3-17 (two people, the smaller id first)")]
    Conversation,
    /// Empty, or too many bytes.
    #[error("A msgId has 1 to {MAX_MSG_ID_BYTES} bytes and this one has {size}")]
    MsgId {
        /// Bytes of UTF-8.
        size: usize,
    },
    /// A character nobody can see, such as a line break.
    #[error("A msgId has no control characters")]
    MsgIdControl,
}

impl ConversationId {
    /// The room that everybody is in.
    pub const EVERYONE: Self = Self::Room(RoomId(1));

    /// What these two say to each other, whichever of them is named first.
    pub fn direct(one: UserId, other: UserId) -> Self {
        Self::Direct(Pair {
            low: one.min(other),
            high: one.max(other),
        })
    }

    /// The other person of a private conversation, seen by `me`: oneself in one's own notes, and
    /// nobody for a room or where `me` does not belong.
    pub fn peer_of(self, me: UserId) -> Option<UserId> {
        match self {
            Self::Direct(pair) if pair.low == me => Some(pair.high),
            Self::Direct(pair) if pair.high == me => Some(pair.low),
            Self::Direct(_) | Self::Room(_) => None,
        }
    }
}

impl Pair {
    /// Both people, the smaller id first.
    pub fn people(self) -> [UserId; 2] {
        [self.low, self.high]
    }
}

impl Seq {
    /// Before the first event.
    pub const NONE: Self = Self(0);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number before this one; [`Seq::NONE`] has none before it.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl MsgId {
    /// Takes an id of another's making.
    ///
    /// # Errors
    /// [`BadId`] if it is empty, longer than [`MAX_MSG_ID_BYTES`] or has control characters.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        if text.is_empty() || text.len() > MAX_MSG_ID_BYTES {
            return Err(BadId::MsgId { size: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(BadId::MsgIdControl);
        }
        Ok(Self(text.into()))
    }

    /// Makes an id out of 16 random bytes: 32 hexadecimal digits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)).into())
    }

    /// The 16 bytes that [`MsgId::from_random`] makes this id of, if there are such.
    #[cfg(feature = "protobuf")]
    pub fn random_bytes(&self) -> Option<[u8; 16]> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_random = self.0.len() == 32 && self.0.bytes().all(is_digit);
        let number = is_random.then(|| u128::from_str_radix(&self.0, 16).ok());
        number.flatten().map(u128::to_be_bytes)
    }

    /// The id as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(room) => write!(f, "r{}", room.0),
            Self::Direct(pair) => write!(f, "d{}-{}", pair.low.0, pair.high.0),
        }
    }
}

impl FromStr for ConversationId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        // Only plain digits without leading zeros, so that each conversation has one spelling.
        let number = |digits: &str| {
            let plain =
                digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
            digits
                .parse::<u64>()
                .ok()
                .filter(|_| plain)
                .ok_or(BadId::Conversation)
        };
        if let Some(room) = text.strip_prefix('r') {
            return Ok(Self::Room(RoomId(number(room)?)));
        }
        let (low, high) = text
            .strip_prefix('d')
            .and_then(|pair| pair.split_once('-'))
            .ok_or(BadId::Conversation)?;
        let (low, high) = (UserId(number(low)?), UserId(number(high)?));
        if low > high {
            return Err(BadId::Conversation);
        }
        Ok(Self::Direct(Pair { low, high }))
    }
}

impl Serialize for ConversationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ConversationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for MsgId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_private_conversation_has_one_name_for_both() {
        let (three, seventeen) = (UserId(3), UserId(17));
        let id = ConversationId::direct(seventeen, three);
        assert_eq!(id, ConversationId::direct(three, seventeen));
        assert_eq!(id.to_string(), "d3-17");
        assert_eq!(id.peer_of(three), Some(seventeen));
        assert_eq!(id.peer_of(UserId(4)), None);
        assert_eq!(
            ConversationId::direct(three, three).peer_of(three),
            Some(three)
        );
    }

    #[test]
    fn a_conversation_has_one_spelling() {
        for wrong in [
            "", "r", "d", "r01", "r-1", "r+1", "d17-3", "d3", "d03-17", "x1", "r1 ", "d1-",
        ] {
            assert_eq!(
                wrong.parse::<ConversationId>(),
                Err(BadId::Conversation),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_msg_id_has_bounds() {
        assert!(MsgId::parse("").is_err());
        assert!(MsgId::parse(&"x".repeat(65)).is_err());
        assert!(MsgId::parse("a\nb").is_err());
        assert_eq!(MsgId::parse("芋艿-1").unwrap().as_str(), "芋艿-1");
        assert_eq!(MsgId::from_random([255; 16]).as_str(), "f".repeat(32));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_the_same(low in 1u64.., high in 1u64.., room in 1u64..) {
            for id in [
                ConversationId::direct(UserId(low), UserId(high)),
                ConversationId::Room(RoomId(room)),
            ] {
                prop_assert_eq!(id.to_string().parse::<ConversationId>(), Ok(id));
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<ConversationId>();
            let _ = MsgId::parse(&text);
        }
    }
}
