//! What clients send, as a server reads it: first the type, then the body that belongs to it, and where
//! that is wrong, in which field.
//!
//! A derived reader of such enums buffers the whole body in a form of its own and is compiled twice,
//! once for each order of the two fields. Behind the feature `server`: a body that is kept as text needs
//! `serde_json`'s `raw_value`, which makes every writer of a field larger, in the app by 1.7 KiB.

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    frame::{ClientFrame, DecodeError, unknown},
    ids::{MsgId, RequestId},
};

impl ClientFrame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`DecodeError`], whose text says what was wrong.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let envelope = open(text)?;
        let frame = match &*envelope.kind {
            "AUTH_REQUEST" => envelope.body().map(Self::Auth),
            "SEND_TO_ONE_REQUEST" => envelope.body().map(Self::SendToOne),
            "SEND_TO_ALL_REQUEST" => envelope.body().map(Self::SendToAll),
            "SUMMARY_REQUEST" => envelope.body().map(Self::Summary),
            "PULL_REQUEST" => envelope.body().map(Self::Pull),
            "FIND_USERS_REQUEST" => envelope.body().map(Self::FindUsers),
            "HEARTBEAT_REQUEST" => envelope.body().map(Self::Heartbeat),
            "READ_NOTICE" => envelope.body().map(Self::Read),
            "DELIVERED_NOTICE" => envelope.body().map(Self::Delivered),
            "TYPING_NOTICE" => envelope.body().map(Self::Typing),
            "PRESENCE_NOTICE" => envelope.body().map(Self::Presence),
            other => return Err(unknown(other)),
        };
        frame.map_err(|why| bad_body(&envelope, why))
    }
}

/// The question's id out of a frame whose body may be wrong otherwise, so that the error can name it.
pub fn request_id_of(text: &str) -> Option<RequestId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Asking {
        request_id: RequestId,
    }
    body_of(text).map(|asking: Asking| asking.request_id)
}

/// The message's id out of a frame whose body may be wrong otherwise, so that the error can name it.
pub fn msg_id_of(text: &str) -> Option<MsgId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sending {
        msg_id: MsgId,
    }
    body_of(text).map(|sending: Sending| sending.msg_id)
}

fn body_of<Body: DeserializeOwned>(text: &str) -> Option<Body> {
    open(text).ok()?.body().ok()
}

fn open(text: &str) -> Result<Envelope<'_>, DecodeError> {
    serde_json::from_str(text).map_err(|error| DecodeError::NotAFrame(error.to_string()))
}

/// A frame whose body is still text.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

impl Envelope<'_> {
    /// Reads the body.
    ///
    /// # Errors
    /// What is wrong with it, and in which field.
    fn body<Body: DeserializeOwned>(&self) -> Result<Body, String> {
        let text = self.body.as_deref().map_or("null", RawValue::get);
        serde_json::from_str(text).or_else(|_| {
            if !text.starts_with('{') {
                return Err("it is no object".to_owned());
            }
            // Once more and slower, to know where.
            let mut reader = serde_json::Deserializer::from_str(text);
            serde_path_to_error::deserialize(&mut reader).map_err(|error| explain(&error))
        })
    }
}

/// The field and what is wrong there; not the line, which would count from where the body begins.
fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let text = error.inner().to_string();
    let why = text.rsplit_once(" at line ").map_or(&*text, |(why, _)| why);
    match error.path().to_string().as_str() {
        // The body itself.
        "." => why.to_owned(),
        field => format!("`{field}`: {why}"),
    }
}

fn bad_body(envelope: &Envelope<'_>, why: String) -> DecodeError {
    DecodeError::BadBody {
        frame: envelope.kind.clone().into_owned(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_wrong() {
        let error = |text| ClientFrame::decode(text).unwrap_err();
        assert!(matches!(error("{"), DecodeError::NotAFrame(_)));
        assert!(matches!(error("[]"), DecodeError::NotAFrame(_)));
        assert!(matches!(error(r#"{"body":{}}"#), DecodeError::NotAFrame(_)));
        assert_eq!(
            error(r#"{"type":"X","body":{}}"#),
            DecodeError::UnknownType("X".into())
        );
        let wrong = r#"{"type":"SEND_TO_ALL_REQUEST","body":{"msgId":"m"}}"#;
        assert!(
            error(wrong).to_string().contains("content"),
            "{}",
            error(wrong)
        );
        assert_eq!(msg_id_of(wrong).unwrap().as_str(), "m");
    }

    #[test]
    fn an_error_names_the_field_it_is_in() {
        for (body, why) in [
            (r#"{"msgId":"a\":\\"}"#, "missing field `requestId`"),
            (
                "{\"requestId\":1,\n\"query\" : 5}",
                "`query`: invalid type: integer `5`, expected a string",
            ),
            (
                r#"{"query":"\":\\","requestId":"q"}"#,
                "`requestId`: invalid type: string \"q\", expected u64",
            ),
            ("\"requestId\"", "it is no object"),
            ("null", "it is no object"),
        ] {
            let text = format!(r#"{{"type":"FIND_USERS_REQUEST","body":{body}}}"#);
            let error = ClientFrame::decode(&text).unwrap_err().to_string();
            let wanted = format!("The body of FIND_USERS_REQUEST is wrong: {why}");
            assert_eq!(error, wanted, "{body}");
        }
        let cursors = r#"[{"conversation":"r1","seq":1,"check":"zz"},{"conversation":"r2"}]"#;
        let beat = format!(
            r#"{{"type":"HEARTBEAT_REQUEST","body":{{"requestId":5,"cursors":{cursors}}}}}"#
        );
        let error = ClientFrame::decode(&beat).unwrap_err().to_string();
        let why = "`cursors[0].check`: A check value has 16 hexadecimal digits";
        assert!(error.ends_with(why), "{error}");
    }
}
