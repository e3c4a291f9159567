//! The bodies of `/api/v1`: JSON, camelCase.

use serde::{Deserialize, Serialize};

use crate::{
    check::Check,
    event::{Event, Position},
    frame::{ConversationSummary, User},
    ids::{ConversationId, MsgId, Seq, Timestamp},
};

/// `POST /accounts` and `POST /sessions`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// See [`crate::name::parse`].
    pub name: String,
    /// [`crate::limits::MIN_PASSWORD_CHARS`] characters to [`crate::limits::MAX_PASSWORD_BYTES`]
    /// bytes; not looked at in demo mode.
    #[serde(default)]
    pub password: String,
}

/// 201 of `POST /accounts` and `POST /sessions`; the same token is in the browser's cookie.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// For `Authorization: Bearer` and `AUTH_REQUEST`.
    pub access_token: String,
}

/// 201 of `POST /tickets`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Taken once as `accessToken` on the socket.
    pub ticket: String,
    /// Milliseconds.
    pub expires_in_ms: u64,
}

/// 200 of `GET /server`: what a sign-in page must know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    /// Names are enough to sign in.
    pub demo: bool,
    /// The build of the server and of the app in it.
    pub build: String,
    /// As in [`crate::frame::AuthAnswer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<String>,
    /// Who the cookie says is asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
}

/// 200 of `GET /conversations`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversations {
    /// The most recent first.
    pub conversations: Vec<ConversationSummary>,
}

/// 200 of `GET /conversations/{id}/events`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    /// Ascending by `seq`, without holes.
    pub events: Vec<Event>,
    /// The newest `seq` of the conversation.
    pub head: Seq,
}

/// `POST /conversations/{id}/messages`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    /// See [`MsgId`].
    pub msg_id: MsgId,
    /// See [`crate::text::check`].
    pub content: String,
}

/// 200 of `POST /conversations/{id}/messages`: it is on disk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// Which message.
    pub msg_id: MsgId,
    /// Where it stands.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// When it was stored.
    pub sent_at: Timestamp,
    /// Of the log up to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
}

/// `POST /sync`: what a long poll holds and how long it may wait.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sync {
    /// The last event held of each conversation that is followed, with its check value where it is
    /// known; at most [`crate::limits::MAX_SUMMARY_CONVERSATIONS`]. None: heads alone are told.
    #[serde(default)]
    pub cursors: Vec<Position>,
    /// Milliseconds to wait while there is nothing; at most [`crate::limits::MAX_SYNC_WAIT`].
    #[serde(default)]
    pub wait_ms: u64,
}

/// 200 of `POST /sync`: what follows the cursors.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncAnswer {
    /// Ascending by `seq` within each conversation, without holes after the cursor.
    pub events: Vec<Event>,
    /// The newest `seq` of every conversation of this person, also of those not asked for.
    pub heads: Vec<Position>,
    /// As in [`crate::frame::HeartbeatAnswer`]; of these there are no events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diverged: Vec<ConversationId>,
}

/// The answer to a request that failed, as `application/problem+json` (RFC 9457).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What went wrong, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable name, see [`crate::Code::name`].
    pub code: String,
    /// For a refusal that passes: milliseconds until it is worth trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
