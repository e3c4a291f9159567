//! Why a connection ended, and the close code that says so.

use tungstenite::{
    error::{Error, ProtocolError},
    protocol::{CloseFrame, frame::coding::CloseCode},
};

/// Why a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// The peer said goodbye, or is simply gone.
    ByPeer,
    /// No valid sign-in, within [`super::greeting::DEADLINE`], or the session was ended.
    NotSignedIn,
    /// One write took longer than [`super::connection::WRITE_DEADLINE`].
    TooSlow,
    /// Nothing was heard for [`super::connection::SILENCE`].
    Silent,
    /// A frame over the limit.
    TooBig,
    /// A text frame that is not UTF-8.
    NotUtf8,
    /// A frame against RFC 6455.
    Protocol,
    /// A binary frame where JSON is spoken.
    Binary,
    /// A text frame where Protobuf is spoken.
    Text,
    /// The server stops; the client is to come back.
    ServerStopping,
}

impl Closed {
    /// What the peer is told; nothing where nobody listens any more.
    pub fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::ByPeer => return None,
            Self::NotSignedIn => (CloseCode::Library(4401), "Sign in first"),
            Self::TooSlow => (CloseCode::Library(4408), "Reading too slowly"),
            Self::Silent => (CloseCode::Library(4408), "Nothing was heard for too long"),
            Self::TooBig => (CloseCode::Size, "A frame was over the limit"),
            Self::NotUtf8 => (CloseCode::Invalid, "A text frame was not UTF-8"),
            Self::Protocol => (CloseCode::Protocol, "A frame broke the protocol"),
            Self::Binary => (CloseCode::Unsupported, "Only text frames are understood"),
            Self::Text => (CloseCode::Unsupported, "Only binary frames are understood"),
            Self::ServerStopping => (CloseCode::Restart, "The server restarts, come back soon"),
        };
        Some(CloseFrame {
            code,
            reason: reason.into(),
        })
    }

    /// Whether it came of something that the peer sent, and not of its silence or of us.
    pub fn is_asked_for(self) -> bool {
        match self {
            Self::ByPeer
            | Self::TooBig
            | Self::NotUtf8
            | Self::Protocol
            | Self::Binary
            | Self::Text => true,
            Self::NotSignedIn | Self::TooSlow | Self::Silent | Self::ServerStopping => false,
        }
    }

    /// What the failure of a read or a write means.
    pub fn from_error(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::TooBig,
            Error::Utf8(_) => Self::NotUtf8,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::ByPeer,
            Error::Protocol(_) => Self::Protocol,
            _ => Self::ByPeer,
        }
    }
}
