//! Which encoding a socket speaks, and a frame as it comes in one.

use axum::{
    body::Bytes,
    http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL},
};
use shared::{ClientFrame, DecodeError, Encoding, MsgId, RequestId, incoming, protobuf};
use tungstenite::{Message, Utf8Bytes};

use super::Closed;

/// A frame of a client, not decoded yet.
#[derive(Clone, Debug)]
pub enum Received {
    /// In JSON.
    Json(Utf8Bytes),
    /// In Protobuf.
    Protobuf(Bytes),
}

impl Received {
    /// Takes a message of the kind that the encoding uses; nothing for one that carries no frame.
    ///
    /// # Errors
    /// [`Closed`] for one of the other kind.
    pub fn of(message: Message, encoding: Encoding) -> Result<Option<Self>, Closed> {
        match (message, encoding) {
            (Message::Text(text), Encoding::Json) => Ok(Some(Self::Json(text))),
            (Message::Binary(bytes), Encoding::Protobuf) => Ok(Some(Self::Protobuf(bytes))),
            (Message::Binary(_), Encoding::Json) => Err(Closed::Binary),
            (Message::Text(_), Encoding::Protobuf) => Err(Closed::Text),
            _ => Ok(None),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`DecodeError`], whose text says what was wrong.
    pub fn decode(&self) -> Result<ClientFrame, DecodeError> {
        match self {
            Self::Json(text) => ClientFrame::decode(text),
            Self::Protobuf(bytes) => ClientFrame::decode_protobuf(bytes),
        }
    }

    /// See [`incoming::request_id_of`].
    pub fn request_id(&self) -> Option<RequestId> {
        match self {
            Self::Json(text) => incoming::request_id_of(text),
            Self::Protobuf(bytes) => protobuf::request_id_of(bytes),
        }
    }

    /// See [`incoming::msg_id_of`].
    pub fn msg_id(&self) -> Option<MsgId> {
        match self {
            Self::Json(text) => incoming::msg_id_of(text),
            Self::Protobuf(bytes) => protobuf::msg_id_of(bytes),
        }
    }
}

/// The first encoding that a request for an upgrade names, of those there are.
pub fn asked_for(headers: &HeaderMap) -> Option<Encoding> {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    offers
        .filter_map(|offer| offer.to_str().ok())
        .flat_map(|offer| offer.split(','))
        .find_map(|name| Encoding::of_subprotocol(name.trim()))
}
