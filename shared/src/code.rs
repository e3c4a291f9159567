//! Answer codes: one number for machines, one name for HTTP, and words left to the client.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How a request ended. 0 is success; any other is ten times an HTTP status plus a digit, so a
/// client that does not know a code still knows its class.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Code {
    /// Done.
    Success,
    /// Not JSON, or not of the form `{type, body}`, or a body that lacks something.
    BadFrame,
    /// A `type` this server does not know.
    UnknownType,
    /// Something is asked before signing in.
    NotSignedIn,
    /// The token is missing, unknown, expired or revoked.
    BadToken,
    /// The name or the password is wrong; one answer for both, so nobody can probe.
    BadPassword,
    /// Not a member, or no such conversation: one answer, so nobody can probe.
    NotMember,
    /// Another site's page asked, or under a name that is not the server's.
    ForeignOrigin,
    /// Nobody has this name, or this number.
    NoSuchUser,
    /// No such address under `/api`.
    NotFound,
    /// The name is taken.
    NameTaken,
    /// This `msgId` was used for another text.
    MsgIdReused,
    /// The text is over the limit.
    TooLong,
    /// The text is empty or blank, or has a NUL character.
    BadText,
    /// The name breaks the rules for names.
    BadName,
    /// The password is too short or too long.
    WeakPassword,
    /// Too many in too short a time; the answer says when to try again.
    TooFast,
    /// The server could not do it, try again.
    Unavailable,
    /// The server's disk is full: reading works, writing does not.
    StorageFull,
    /// A code of a newer server.
    Other(u16),
}

const TABLE: [(Code, u16, &str); 19] = [
    (Code::Success, 0, "success"),
    (Code::BadFrame, 4000, "bad-frame"),
    (Code::UnknownType, 4001, "unknown-type"),
    (Code::NotSignedIn, 4010, "not-signed-in"),
    (Code::BadToken, 4011, "bad-token"),
    (Code::BadPassword, 4012, "bad-password"),
    (Code::NotMember, 4030, "not-member"),
    (Code::ForeignOrigin, 4031, "foreign-origin"),
    (Code::NoSuchUser, 4040, "no-such-user"),
    (Code::NotFound, 4041, "not-found"),
    (Code::NameTaken, 4090, "name-taken"),
    (Code::MsgIdReused, 4091, "msg-id-reused"),
    (Code::TooLong, 4130, "too-long"),
    (Code::BadText, 4220, "bad-text"),
    (Code::BadName, 4221, "bad-name"),
    (Code::WeakPassword, 4222, "weak-password"),
    (Code::TooFast, 4290, "too-fast"),
    (Code::Unavailable, 5030, "unavailable"),
    (Code::StorageFull, 5070, "storage-full"),
];

impl Code {
    /// Every code this build knows.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// The number on the socket.
    pub fn number(self) -> u16 {
        match self {
            Self::Other(number) => number,
            known => TABLE
                .iter()
                .find(|row| row.0 == known)
                .map_or(0, |row| row.1),
        }
    }

    /// The stable name in a `problem+json` answer.
    pub fn name(self) -> &'static str {
        TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or("other", |row| row.2)
    }

    /// The HTTP status that goes with it.
    pub fn http_status(self) -> u16 {
        match self.number() {
            0 => 200,
            number => number / 10,
        }
    }

    /// Whether the same request may succeed later without a change.
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::TooFast | Self::Unavailable | Self::StorageFull | Self::NotSignedIn
        )
    }
}

impl From<u16> for Code {
    fn from(number: u16) -> Self {
        TABLE
            .iter()
            .find(|row| row.1 == number)
            .map_or(Self::Other(number), |row| row.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.number())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u16::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_and_name_stands_for_one_code() {
        for (at, (code, number, name)) in TABLE.iter().enumerate() {
            assert_eq!(Code::from(*number), *code);
            assert_eq!((code.number(), code.name()), (*number, *name));
            assert!(
                TABLE[..at]
                    .iter()
                    .all(|other| other.1 != *number && other.2 != *name)
            );
        }
        assert_eq!(Code::from(4999), Code::Other(4999));
        assert_eq!(Code::NoSuchUser.http_status(), 404);
    }
}
