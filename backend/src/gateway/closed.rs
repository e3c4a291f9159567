//! Why a connection ended, and the close code that says so.

use axum::extract::ws::{CloseFrame, close_code};

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
    /// A binary frame, which has no meaning here.
    Binary,
    /// The server stops; the client is to come back.
    ServerStopping,
}

impl Closed {
    /// What the peer is told; nothing where nobody listens any more.
    pub fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::ByPeer => return None,
            Self::NotSignedIn => (4401, "Sign in first"),
            Self::TooSlow => (4408, "Reading too slowly"),
            Self::Silent => (4408, "Nothing was heard for too long"),
            Self::TooBig => (close_code::SIZE, "A frame was over the limit"),
            Self::NotUtf8 => (close_code::INVALID, "A text frame was not UTF-8"),
            Self::Protocol => (close_code::PROTOCOL, "A frame broke the protocol"),
            Self::Binary => (close_code::UNSUPPORTED, "Only text frames are understood"),
            Self::ServerStopping => (close_code::RESTART, "The server restarts, come back soon"),
        };
        Some(CloseFrame {
            code,
            reason: reason.into(),
        })
    }

    /// What the failure of a read or a write means.
    pub fn from_error(error: axum::Error) -> Self {
        use tungstenite::error::{Error, ProtocolError};
        let Ok(error) = error.into_inner().downcast::<Error>() else {
            return Self::ByPeer;
        };
        match *error {
            Error::Capacity(_) => Self::TooBig,
            Error::Utf8(_) => Self::NotUtf8,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::ByPeer,
            Error::Protocol(_) => Self::Protocol,
            _ => Self::ByPeer,
        }
    }
}
