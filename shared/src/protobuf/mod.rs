//! Frames in Protobuf, for sockets whose subprotocol is [`Encoding::Protobuf`]'s.
//!
//! Owns the way from a frame to bytes and back. What a frame says, and what is wrong with one, is the
//! same as in JSON; `proto/pond.proto` is published, and [`wire`] is made of it. Read next: [`fields`].
//!
//! [`Encoding::Protobuf`]: crate::Encoding::Protobuf

mod fields;
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "generated; `tests/protobuf_types.rs` holds it to the published file"
)]
#[rustfmt::skip]
mod wire;

use prost::Message as _;

use self::{
    fields::{Wire, Wrong, said, unpack_msg_id},
    wire::{client_frame::Body as Asked, server_frame::Body as Said},
};
use crate::{
    ClientFrame, DecodeError, Event, MsgId, RequestId, ServerFrame, limits::MAX_CURSORS, read,
};

impl ClientFrame {
    /// Reads one binary frame. Cursors after the [`MAX_CURSORS`]th are not looked at.
    ///
    /// # Errors
    /// [`DecodeError`], whose text says what was wrong.
    pub fn decode_protobuf(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (frame, kind) = match open_client(bytes)?.ok_or_else(|| unknown(bytes))? {
            Asked::AuthRequest(it) => (read_as(it, Self::Auth), "AUTH_REQUEST"),
            Asked::SendToOneRequest(it) => (read_as(it, Self::SendToOne), "SEND_TO_ONE_REQUEST"),
            Asked::SendToAllRequest(it) => (read_as(it, Self::SendToAll), "SEND_TO_ALL_REQUEST"),
            Asked::SummaryRequest(it) => (read_as(it, Self::Summary), "SUMMARY_REQUEST"),
            Asked::PullRequest(it) => (read_as(it, Self::Pull), "PULL_REQUEST"),
            Asked::FindUsersRequest(it) => (read_as(it, Self::FindUsers), "FIND_USERS_REQUEST"),
            Asked::HeartbeatRequest(mut it) => {
                it.cursors.truncate(MAX_CURSORS);
                (read_as(it, Self::Heartbeat), "HEARTBEAT_REQUEST")
            }
            Asked::ReadNotice(it) => (read_as(it, Self::Read), "READ_NOTICE"),
            Asked::DeliveredNotice(it) => (read_as(it, Self::Delivered), "DELIVERED_NOTICE"),
            Asked::TypingNotice(it) => (read_as(it, Self::Typing), "TYPING_NOTICE"),
            Asked::PresenceNotice(it) => (read_as(it, Self::Presence), "PRESENCE_NOTICE"),
        };
        frame.map_err(|field| bad_body(kind, field))
    }

    /// The binary frame.
    pub fn encode_protobuf(&self) -> Vec<u8> {
        let body = match self {
            Self::Auth(it) => Asked::AuthRequest(it.to_wire()),
            Self::SendToOne(it) => Asked::SendToOneRequest(it.to_wire()),
            Self::SendToAll(it) => Asked::SendToAllRequest(it.to_wire()),
            Self::Summary(it) => Asked::SummaryRequest(it.to_wire()),
            Self::Pull(it) => Asked::PullRequest(it.to_wire()),
            Self::FindUsers(it) => Asked::FindUsersRequest(it.to_wire()),
            Self::Heartbeat(it) => Asked::HeartbeatRequest(it.to_wire()),
            Self::Read(it) => Asked::ReadNotice(it.to_wire()),
            Self::Delivered(it) => Asked::DeliveredNotice(it.to_wire()),
            Self::Typing(it) => Asked::TypingNotice(it.to_wire()),
            Self::Presence(it) => Asked::PresenceNotice(it.to_wire()),
        };
        wire::ClientFrame { body: Some(body) }.encode_to_vec()
    }
}

impl ServerFrame {
    /// Reads one binary frame. Of an event of a kind it does not know the place in the log is kept.
    ///
    /// # Errors
    /// [`DecodeError`]; a [`DecodeError::UnknownType`] is to be ignored.
    pub fn decode_protobuf(bytes: &[u8]) -> Result<Self, DecodeError> {
        let frame = wire::ServerFrame::decode(bytes).map_err(not_protobuf)?;
        let (frame, kind) = match frame.body.ok_or_else(|| unknown(bytes))? {
            Said::AuthResponse(it) => (read_as(it, Self::Auth), "AUTH_RESPONSE"),
            Said::UserJoinNoticeRequest(it) => {
                (read_as(it, Self::UserJoined), "USER_JOIN_NOTICE_REQUEST")
            }
            Said::SendResponse(it) => (read_as(it, Self::Send), "SEND_RESPONSE"),
            Said::Event(it) => (read_as(it, pushed), Event::MESSAGE_SENT),
            Said::SummaryResponse(it) => (read_as(it, Self::Summary), "SUMMARY_RESPONSE"),
            Said::PullResponse(it) => (read_as(it, Self::Pull), "PULL_RESPONSE"),
            Said::FindUsersResponse(it) => (read_as(it, Self::FindUsers), "FIND_USERS_RESPONSE"),
            Said::HeartbeatResponse(it) => (read_as(it, Self::Heartbeat), "HEARTBEAT_RESPONSE"),
            Said::HeadsNotice(it) => (read_as(it, Self::Heads), "HEADS_NOTICE"),
            Said::ReadNotice(it) => (read_as(it, Self::Read), "READ_NOTICE"),
            Said::MarksNotice(it) => (read_as(it, Self::Marks), "MARKS_NOTICE"),
            Said::TypingNotice(it) => (read_as(it, Self::Typing), "TYPING_NOTICE"),
            Said::PresenceNotice(it) => (read_as(it, Self::Presence), "PRESENCE_NOTICE"),
            Said::ErrorResponse(it) => (read_as(it, Self::Error), "ERROR_RESPONSE"),
        };
        frame.map_err(|field| bad_body(kind, field))
    }

    /// The binary frame.
    pub fn encode_protobuf(&self) -> Vec<u8> {
        let body = match self {
            Self::Auth(it) => Said::AuthResponse(it.to_wire()),
            Self::UserJoined(it) => Said::UserJoinNoticeRequest(it.to_wire()),
            Self::Send(it) => Said::SendResponse(it.to_wire()),
            Self::Message(it) => Said::Event(said(it)),
            Self::Unknown(it) => Said::Event(Event::Unknown(*it).to_wire()),
            Self::Summary(it) => Said::SummaryResponse(it.to_wire()),
            Self::Pull(it) => Said::PullResponse(it.to_wire()),
            Self::FindUsers(it) => Said::FindUsersResponse(it.to_wire()),
            Self::Heartbeat(it) => Said::HeartbeatResponse(it.to_wire()),
            Self::Heads(it) => Said::HeadsNotice(it.to_wire()),
            Self::Read(it) => Said::ReadNotice(it.to_wire()),
            Self::Marks(it) => Said::MarksNotice(it.to_wire()),
            Self::Typing(it) => Said::TypingNotice(it.to_wire()),
            Self::Presence(it) => Said::PresenceNotice(it.to_wire()),
            Self::Error(it) => Said::ErrorResponse(it.to_wire()),
        };
        wire::ServerFrame { body: Some(body) }.encode_to_vec()
    }
}

/// As `incoming::request_id_of`, out of a binary frame.
pub fn request_id_of(bytes: &[u8]) -> Option<RequestId> {
    let asked = match open_client(bytes).ok()?? {
        Asked::SummaryRequest(it) => it.request_id,
        Asked::PullRequest(it) => it.request_id,
        Asked::FindUsersRequest(it) => it.request_id,
        Asked::HeartbeatRequest(it) => it.request_id,
        Asked::AuthRequest(_)
        | Asked::SendToOneRequest(_)
        | Asked::SendToAllRequest(_)
        | Asked::ReadNotice(_)
        | Asked::DeliveredNotice(_)
        | Asked::TypingNotice(_)
        | Asked::PresenceNotice(_) => return None,
    };
    Some(RequestId(asked))
}

/// As `incoming::msg_id_of`, out of a binary frame.
pub fn msg_id_of(bytes: &[u8]) -> Option<MsgId> {
    match open_client(bytes).ok()?? {
        Asked::SendToOneRequest(it) => unpack_msg_id(&it.msg_id, &it.msg_id_packed).ok(),
        Asked::SendToAllRequest(it) => unpack_msg_id(&it.msg_id, &it.msg_id_packed).ok(),
        _ => None,
    }
}

fn open_client(bytes: &[u8]) -> Result<Option<Asked>, DecodeError> {
    let frame = wire::ClientFrame::decode(bytes).map_err(not_protobuf)?;
    Ok(frame.body)
}

fn read_as<W, T: Wire<W>, F>(body: W, into: impl FnOnce(T) -> F) -> Result<F, Wrong> {
    T::from_wire(body).map(into)
}

fn pushed(event: Event) -> ServerFrame {
    match event {
        Event::MessageSent(message) => ServerFrame::Message(message),
        Event::Unknown(position) => ServerFrame::Unknown(position),
    }
}

fn not_protobuf(error: prost::DecodeError) -> DecodeError {
    DecodeError::NotProtobuf(error.to_string())
}

/// Of bytes that are Protobuf and have no body that is known.
fn unknown(bytes: &[u8]) -> DecodeError {
    // What it begins with is a field's number and three bits, in the same form as a length.
    match prost::decode_length_delimiter(bytes) {
        Ok(key) => DecodeError::UnknownType((key >> 3).to_string()),
        Err(_) => DecodeError::NotProtobuf("it has no body".to_owned()),
    }
}

fn bad_body(kind: &str, field: Wrong) -> DecodeError {
    DecodeError::BadBody {
        frame: kind.to_owned(),
        why: read::wrong(field),
    }
}
