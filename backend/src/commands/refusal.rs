//! Why a command was refused, and its one code on the wire.

use std::time::Duration;

use shared::{Code, ConversationId, UserId, limits::MAX_PAGE_EVENTS, text::BadText};

use crate::store::StoreError;

/// Why a command was refused. The text is shown to the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not a member or no such conversation: one answer, so nobody can probe.
    #[error("You are not a member of this conversation")]
    NotMember,
    /// Nobody has this name.
    #[error("There is nobody called {0}")]
    NoSuchUser(String),
    /// A private conversation with a number that nobody has.
    #[error("There is no conversation {0}: nobody has the number {1}")]
    WithNobody(ConversationId, UserId),
    /// A private conversation where a room is needed, or the other way round.
    #[error("{0}")]
    WrongKind(&'static str),
    /// A page without events.
    #[error("A limit is 1 to {MAX_PAGE_EVENTS} and this one is 0")]
    EmptyPage,
    /// The text cannot be a message.
    #[error("{0}")]
    BadText(#[from] BadText),
    /// This sender used the `msgId` there for another text.
    #[error("This msgId was used for another message: give each message its own")]
    MsgIdReused,
    /// Too many messages, or too many questions at once.
    #[error("Too much in too short a time: wait {} ms", .0.as_millis())]
    TooFast(Duration),
    /// The disk is full.
    #[error("The server's disk is full: reading works, sending does not until there is room")]
    StorageFull,
    /// Our fault: the source goes to the log and never to the person.
    #[error("The server could not do this, please try again")]
    Unavailable(#[source] StoreError),
}

impl Refusal {
    /// The code on the wire.
    pub fn code(&self) -> Code {
        match self {
            Self::NotMember => Code::NotMember,
            Self::NoSuchUser(_) | Self::WithNobody(..) => Code::NoSuchUser,
            Self::WrongKind(_) | Self::EmptyPage => Code::BadFrame,
            Self::BadText(BadText::TooLong { .. }) => Code::TooLong,
            Self::BadText(BadText::Blank | BadText::Nul | BadText::Controls) => Code::BadText,
            Self::MsgIdReused => Code::MsgIdReused,
            Self::TooFast(_) => Code::TooFast,
            Self::StorageFull => Code::StorageFull,
            Self::Unavailable(_) => Code::Unavailable,
        }
    }

    /// How long to wait before the same may succeed.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooFast(wait) => Some(*wait),
            Self::StorageFull | Self::Unavailable(_) => Some(OUR_FAULT),
            _ => None,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::StorageFull,
            error => Self::Unavailable(error),
        }
    }
}

/// Where only we can help, a client need not hurry.
const OUR_FAULT: Duration = Duration::from_secs(5);
