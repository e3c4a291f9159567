//! The check value: one number that stands for a conversation's log from its start up to an event.
//!
//! Two logs that are the same up to `seq` have the same check value there, and two that differ
//! anywhere before have not. So a client notices that the server came back from an older backup, on
//! whose log others have written since. It detects accidents; it is no defence against forgers.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::ids::{MsgId, UserId};

/// A check value. On the wire 16 hexadecimal digits, since JSON's numbers end at 53 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Check(pub u64);

impl Check {
    /// Of a log that has no event yet.
    pub const START: Self = Self(0);

    /// The value after a message: FNV-1a with 64 bits over the value before it (8 bytes, the highest
    /// first), the sender's id (likewise), the `msgId`, a zero byte, and the text.
    #[must_use]
    pub fn then(self, sender: UserId, msg_id: &MsgId, content: &str) -> Self {
        let hashed = FNV_OFFSET;
        let hashed = absorb(hashed, &self.0.to_be_bytes());
        let hashed = absorb(hashed, &sender.0.to_be_bytes());
        let hashed = absorb(hashed, msg_id.as_str().as_bytes());
        // Neither the id nor the text has a zero byte, so no two pairs of them read alike.
        Self(absorb(absorb(hashed, &[0]), content.as_bytes()))
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        u64::from_str_radix(&digits, 16)
            .map(Self)
            .map_err(|_| D::Error::custom("A check value has 16 hexadecimal digits"))
    }
}

fn absorb(hashed: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hashed, |hashed, byte| {
        (hashed ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
    })
}

/// Source: the FNV-1a parameters for 64 bits.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    fn after(check: Check, sender: u64, id: &str, content: &str) -> Check {
        check.then(UserId(sender), &MsgId::parse(id).unwrap(), content)
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(absorb(FNV_OFFSET, b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn whatever_differs_shows() {
        let first = after(Check::START, 3, "m", "hi");
        let others = [
            after(Check::START, 4, "m", "hi"),
            after(Check::START, 3, "n", "hi"),
            after(Check::START, 3, "m", "ho"),
            after(Check::START, 3, "mh", "i"),
            after(first, 3, "m", "hi"),
        ];
        for other in others {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn the_value_of_a_known_log_never_changes() {
        let log = after(after(Check::START, 3, "m1", "你好"), 17, "m2", "hi");
        assert_eq!(serde_json::to_string(&log).unwrap(), KNOWN);
    }

    /// Stored in databases and held by clients: a build that computes another breaks them all.
    const KNOWN: &str = "\"553fc01c8038d07a\"";
}
