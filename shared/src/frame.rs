//! Everything that crosses a socket: one enum for each direction, as `{"type": …, "body": {…}}`.
//!
//! The seven messages of the tutorial keep their names, directions and fields; what is ours is
//! added as optional fields and further types. A client ignores the types it does not know; a
//! server answers them with an error.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Check, Code,
    event::{Event, Message, Position},
    ids::{ConversationId, MsgId, RequestId, Seq, Timestamp, UserId},
    read::{self, Json, Read},
};

/// What a client sends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "type", content = "body")]
pub enum ClientFrame {
    /// Signs in.
    #[serde(rename = "AUTH_REQUEST")]
    Auth(Auth),
    /// Writes to one person.
    #[serde(rename = "SEND_TO_ONE_REQUEST")]
    SendToOne(SendToOne),
    /// Writes to a room.
    #[serde(rename = "SEND_TO_ALL_REQUEST")]
    SendToAll(SendToAll),
    /// Asks for conversations and people.
    #[serde(rename = "SUMMARY_REQUEST")]
    Summary(Ask),
    /// Asks for a piece of a conversation's log.
    #[serde(rename = "PULL_REQUEST")]
    Pull(Pull),
    /// Looks for people by name.
    #[serde(rename = "FIND_USERS_REQUEST")]
    FindUsers(FindUsers),
    /// Says that it is alive and asks for heads.
    #[serde(rename = "HEARTBEAT_REQUEST")]
    Heartbeat(Heartbeat),
    /// The person has read so far.
    #[serde(rename = "READ_NOTICE")]
    Read(Position),
    /// The device has everything so far.
    #[serde(rename = "DELIVERED_NOTICE")]
    Delivered(Position),
    /// The person is typing.
    #[serde(rename = "TYPING_NOTICE")]
    Typing(Typing),
    /// The person is here, or has left the desk.
    #[serde(rename = "PRESENCE_NOTICE")]
    Presence(PresenceSet),
}

/// What a server sends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "type", content = "body")]
pub enum ServerFrame {
    /// Whether the sign-in was taken.
    #[serde(rename = "AUTH_RESPONSE")]
    Auth(AuthAnswer),
    /// Somebody came in.
    #[serde(rename = "USER_JOIN_NOTICE_REQUEST")]
    UserJoined(UserJoined),
    /// What became of a message.
    #[serde(rename = "SEND_RESPONSE")]
    Send(SendAnswer),
    /// A message.
    #[serde(rename = "SEND_TO_USER_REQUEST")]
    Message(Message),
    /// Conversations and people.
    #[serde(rename = "SUMMARY_RESPONSE")]
    Summary(Summary),
    /// A piece of a log.
    #[serde(rename = "PULL_RESPONSE")]
    Pull(Page),
    /// People found.
    #[serde(rename = "FIND_USERS_RESPONSE")]
    FindUsers(People),
    /// The answer to a heartbeat.
    #[serde(rename = "HEARTBEAT_RESPONSE")]
    Heartbeat(HeartbeatAnswer),
    /// Events were left out for this connection: these are the newest numbers.
    #[serde(rename = "HEADS_NOTICE")]
    Heads(Heads),
    /// The same person has read so far on another device.
    #[serde(rename = "READ_NOTICE")]
    Read(ReadMark),
    /// How far one of the two people of a private conversation is.
    #[serde(rename = "MARKS_NOTICE")]
    Marks(Marks),
    /// Somebody is typing.
    #[serde(rename = "TYPING_NOTICE")]
    Typing(TypingBy),
    /// Somebody came, went or left the desk.
    #[serde(rename = "PRESENCE_NOTICE")]
    Presence(Person),
    /// A frame was not understood, or what it asked was refused.
    #[serde(rename = "ERROR_RESPONSE")]
    Error(ErrorAnswer),
    /// An event of a type this build does not know.
    #[serde(skip)]
    Unknown(Position),
}

/// `AUTH_REQUEST`, client → server, first frame unless the URL or a cookie said who it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// A session token or a ticket; in demo mode a nickname.
    pub access_token: String,
}

/// `SEND_TO_ONE_REQUEST`, client → server: a private message. Answered by `SEND_RESPONSE`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendToOne {
    /// The receiver's name.
    pub to_user: String,
    /// See [`MsgId`].
    pub msg_id: MsgId,
    /// See [`crate::text::check`].
    pub content: String,
    /// The private conversation; where it is given, `toUser` is its other person or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
}

/// `SEND_TO_ALL_REQUEST`, client → server: a message to a room. Answered by `SEND_RESPONSE`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendToAll {
    /// See [`MsgId`].
    pub msg_id: MsgId,
    /// See [`crate::text::check`].
    pub content: String,
    /// The room; without it, the one that everybody is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
}

/// `SUMMARY_REQUEST`, client → server: a question without more words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// Comes back in the answer.
    pub request_id: RequestId,
}

/// `HEARTBEAT_REQUEST`, client → server: first after signing in, and then every
/// [`crate::limits::HEARTBEAT`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    /// Comes back in the answer.
    pub request_id: RequestId,
    /// The last event that the client holds of each conversation, with its check value; at most
    /// [`crate::limits::MAX_CURSORS`], those that were not compared on this connection first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cursors: Vec<Position>,
}

/// `PULL_REQUEST`, client → server. With `after`: the events that follow it, oldest first. With
/// `before`: the newest ones below it. With neither: the newest. Both are exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pull {
    /// Comes back in the answer.
    pub request_id: RequestId,
    /// Whose log.
    pub conversation: ConversationId,
    /// Only events with a larger `seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// Only events with a smaller `seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Most events wanted, from 1; [`crate::limits::PAGE_EVENTS`] unless said, never over
    /// [`crate::limits::MAX_PAGE_EVENTS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `FIND_USERS_REQUEST`, client → server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindUsers {
    /// Comes back in the answer.
    pub request_id: RequestId,
    /// Part of a name, in any case; empty finds everybody, up to the limit.
    pub query: String,
}

/// `TYPING_NOTICE`, client → server, at most every [`crate::limits::TYPING_REPEAT`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Typing {
    /// Where.
    pub conversation: ConversationId,
}

/// `PRESENCE_NOTICE`, client → server, when the person leaves the desk or comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PresenceSet {
    /// Of this connection; a person is online while one of theirs is. Offline counts as away.
    pub presence: Presence,
}

/// `AUTH_RESPONSE`, server → client. Code 0: signed in. Otherwise the connection is closed next.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthAnswer {
    /// 0 is success.
    pub code: Code,
    /// For people; empty on success.
    pub message: String,
    /// Who this connection is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// The server's build, so that a client can notice that a newer app is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// The random id that the server's database got when it was made. Another one is another
    /// database, whose ids mean other people and other messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<String>,
}

/// `USER_JOIN_NOTICE_REQUEST`, server → everyone else: somebody who was not here is here now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserJoined {
    /// The name.
    pub nickname: String,
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

/// `SEND_RESPONSE`, server → sender. Code 0: the message is on disk at `seq`, once and for ever; a
/// repeated `msgId` gets the first answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendAnswer {
    /// Which message.
    pub msg_id: MsgId,
    /// 0 is success.
    pub code: Code,
    /// For people; empty on success.
    pub message: String,
    /// Where it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// Its place there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// When it was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// Of the log up to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// For a refusal that passes: milliseconds until it is worth trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// `SUMMARY_RESPONSE`, server → client: where everything stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Of the question.
    pub request_id: RequestId,
    /// Who asks.
    pub me: User,
    /// The newest [`crate::limits::MAX_SUMMARY_CONVERSATIONS`], the most recent first.
    pub conversations: Vec<ConversationSummary>,
    /// Everybody here, and those with whom there is a private conversation, up to
    /// [`crate::limits::MAX_PEOPLE`].
    pub people: Vec<Person>,
}

/// One conversation in a [`Summary`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationSummary {
    /// Which.
    pub id: ConversationId,
    /// A room's name; none for a private conversation and for the room that everybody is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The newest `seq`; [`Seq::NONE`] while nothing was said.
    pub head: Seq,
    /// The last `seq` this person saw.
    pub read: Seq,
    /// Messages of others after that one, computed from the log.
    pub unread: u64,
    /// When the newest event was stored; 0 while there is none.
    pub last_at: Timestamp,
    /// The last `seq` that one of this person's devices has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Seq>,
    /// In a private conversation, the last `seq` that one of the other person's devices has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_delivered: Option<Seq>,
    /// In a private conversation, the last `seq` that the other person saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_read: Option<Seq>,
}

/// `PULL_RESPONSE`, server → client: a piece of a log without holes, ascending by `seq`. It may be
/// shorter than asked: what counts is whether it reaches `head`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// Of the question.
    pub request_id: RequestId,
    /// Whose log.
    pub conversation: ConversationId,
    /// The events.
    pub events: Vec<Event>,
    /// The newest `seq` when the page was read.
    pub head: Seq,
}

/// `FIND_USERS_RESPONSE`, server → client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct People {
    /// Of the question.
    pub request_id: RequestId,
    /// By name, up to [`crate::limits::MAX_PEOPLE`].
    pub people: Vec<Person>,
}

/// `HEARTBEAT_RESPONSE`, server → client: the newest numbers, so that a lost tail is noticed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatAnswer {
    /// Of the question.
    pub request_id: RequestId,
    /// Of this person's conversations, the most recent first.
    pub heads: Vec<Position>,
    /// Conversations of which the client holds what this server does not: the cursor lies after the
    /// head, or has another check value than the event there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diverged: Vec<ConversationId>,
}

/// `HEADS_NOTICE`, server → client: the connection was too slow and pushes were left out. A client
/// pulls what it lacks and asks for a new summary, since presence may be among it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Heads {
    /// The newest `seq` of each conversation that grew meanwhile.
    pub heads: Vec<Position>,
}

/// `READ_NOTICE`, server → the same person's other devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReadMark {
    /// Where.
    pub conversation: ConversationId,
    /// The last `seq` the person saw. It only grows.
    pub seq: Seq,
    /// Messages of others after it, computed from the log.
    pub unread: u64,
    /// How far the log went when they were counted; an older server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Seq>,
}

/// `MARKS_NOTICE`, server → all devices of both people of a private conversation: one of the two has
/// taken or seen more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Marks {
    /// Where.
    pub conversation: ConversationId,
    /// Whose marks they are.
    pub user: UserId,
    /// The last `seq` that one of their devices has. It only grows.
    pub delivered: Seq,
    /// The last `seq` they saw, never after `delivered`. It only grows.
    pub read: Seq,
}

/// `TYPING_NOTICE`, server → client; stands for [`crate::limits::TYPING_STANDS`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TypingBy {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub user: User,
}

/// A person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    /// The id, which never changes.
    pub id: UserId,
    /// The name, as it is shown.
    pub name: String,
}

/// A person and whether they are here. Also `PRESENCE_NOTICE`, server → client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// The id, which never changes.
    pub id: UserId,
    /// The name, as it is shown.
    pub name: String,
    /// Whether they are here.
    pub presence: Presence,
}

/// Whether a person is here: derived from connections, never stored.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// A device is in use.
    Online,
    /// Connected, and not in use for a while.
    Away,
    /// Not connected.
    #[default]
    Offline,
}

/// `ERROR_RESPONSE`, server → client. The connection lives on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorAnswer {
    /// Of the question, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// Never 0.
    pub code: Code,
    /// What was wrong, for people.
    pub message: String,
    /// For a refusal that passes: milliseconds until it is worth trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Why a text is not a frame. The text is sent back to whoever wrote it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or no object with a `type`.
    #[error("A frame is {{\"type\": …, \"body\": {{…}}}} in JSON: {0}")]
    NotAFrame(String),
    /// Not Protobuf, or without any body.
    #[cfg(feature = "protobuf")]
    #[error("A frame is a message of pond.proto in Protobuf: {0}")]
    NotProtobuf(String),
    /// A `type` that this end does not know.
    #[error("There is no frame of type {0}")]
    UnknownType(String),
    /// The `body` does not fit its `type`.
    #[error("The body of {frame} is wrong: {why}")]
    BadBody {
        /// The type.
        frame: String,
        /// What the decoder found.
        why: String,
    },
}

impl ClientFrame {
    /// Every `type` a client may send.
    pub const TYPES: [&str; 11] = [
        "AUTH_REQUEST",
        "SEND_TO_ONE_REQUEST",
        "SEND_TO_ALL_REQUEST",
        "SUMMARY_REQUEST",
        "PULL_REQUEST",
        "FIND_USERS_REQUEST",
        "HEARTBEAT_REQUEST",
        "READ_NOTICE",
        "DELIVERED_NOTICE",
        "TYPING_NOTICE",
        "PRESENCE_NOTICE",
    ];

    /// Whether it is a message: the one thing of which many may be under way.
    pub fn is_send(&self) -> bool {
        matches!(self, Self::SendToOne(_) | Self::SendToAll(_))
    }

    /// The text frame.
    pub fn encode(&self) -> String {
        encode(self)
    }
}

impl ServerFrame {
    /// Every `type` a server may send.
    pub const TYPES: [&str; 14] = [
        "AUTH_RESPONSE",
        "USER_JOIN_NOTICE_REQUEST",
        "SEND_RESPONSE",
        "SEND_TO_USER_REQUEST",
        "SUMMARY_RESPONSE",
        "PULL_RESPONSE",
        "FIND_USERS_RESPONSE",
        "HEARTBEAT_RESPONSE",
        "HEADS_NOTICE",
        "READ_NOTICE",
        "MARKS_NOTICE",
        "TYPING_NOTICE",
        "PRESENCE_NOTICE",
        "ERROR_RESPONSE",
    ];

    /// Reads one text frame. Of a type it does not know only the place in a log is kept, if any.
    ///
    /// # Errors
    /// [`DecodeError`]; an [`DecodeError::UnknownType`] is to be ignored.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let json = serde_json::from_str(text);
        Self::read(&json.map_err(|error| DecodeError::NotAFrame(error.to_string()))?)
    }

    /// Reads one frame out of JSON.
    ///
    /// # Errors
    /// As [`ServerFrame::decode`].
    pub fn read(json: &Json<'_>) -> Result<Self, DecodeError> {
        let (kind, body) = (json.field("type").text(), json.field("body"));
        let kind = kind.ok_or_else(|| DecodeError::NotAFrame(read::wrong("type")))?;
        let frame = match kind {
            "AUTH_RESPONSE" => Read::read(body).map(Self::Auth),
            "USER_JOIN_NOTICE_REQUEST" => Read::read(body).map(Self::UserJoined),
            "SEND_RESPONSE" => Read::read(body).map(Self::Send),
            Event::MESSAGE_SENT => Read::read(body).map(Self::Message),
            "SUMMARY_RESPONSE" => Read::read(body).map(Self::Summary),
            "PULL_RESPONSE" => Read::read(body).map(Self::Pull),
            "FIND_USERS_RESPONSE" => Read::read(body).map(Self::FindUsers),
            "HEARTBEAT_RESPONSE" => Read::read(body).map(Self::Heartbeat),
            "HEADS_NOTICE" => Read::read(body).map(Self::Heads),
            "READ_NOTICE" => Read::read(body).map(Self::Read),
            "MARKS_NOTICE" => Read::read(body).map(Self::Marks),
            "TYPING_NOTICE" => Read::read(body).map(Self::Typing),
            "PRESENCE_NOTICE" => Read::read(body).map(Self::Presence),
            "ERROR_RESPONSE" => Read::read(body).map(Self::Error),
            other => {
                return Read::read(body)
                    .map(Self::Unknown)
                    .map_err(|_| unknown(other));
            }
        };
        frame.map_err(|field| DecodeError::BadBody {
            frame: kind.to_owned(),
            why: read::wrong(field),
        })
    }

    /// The text frame.
    pub fn encode(&self) -> String {
        encode(self)
    }
}

impl From<Message> for ServerFrame {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

impl AuthAnswer {
    /// A refusal.
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            user: None,
            build: None,
            incarnation: None,
        }
    }
}

/// Milliseconds of a wait, rounded up so that whoever waits them is not early.
pub fn wait_ms(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

fn encode<F: Serialize>(frame: &F) -> String {
    // Fails only for maps with keys that are no strings and for `Unknown`, which is never sent.
    serde_json::to_string(frame).unwrap_or_default()
}

pub(crate) fn unknown(kind: &str) -> DecodeError {
    DecodeError::UnknownType(kind.chars().take(LONGEST_TYPE_SHOWN).collect())
}

/// Characters of a stranger's `type` that an error repeats.
const LONGEST_TYPE_SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_a_newer_server_keeps_its_place_in_the_log() {
        let newer = r#"{"type":"REACTED_NOTICE","body":{"conversation":"r1","seq":9,"emoji":"x"}}"#;
        assert!(
            matches!(ServerFrame::decode(newer), Ok(ServerFrame::Unknown(at)) if at.seq == Seq(9))
        );
        let unplaced = r#"{"type":"WEATHER_NOTICE","body":{}}"#;
        assert!(matches!(
            ServerFrame::decode(unplaced),
            Err(DecodeError::UnknownType(_))
        ));
    }
}
