//! What a generator says and what it looks for in what it hears.
//!
//! A frame that is pushed to thousands is looked at where it must be and nowhere else: its type at
//! the beginning, its `seq` near the end, its `msgId` once. The rest of the protocol is `shared`'s.

mod json;
mod packed;

use shared::{
    Check, ClientFrame, Code, ConversationId, Encoding, Message, MsgId, Seq, ServerFrame,
    Timestamp, UserId,
    frame::{AuthAnswer, SendToAll, SendToOne},
};

pub(crate) use self::json::{is_heartbeat, is_page, is_summary, seqs, stamp};

use crate::crowd::upgrade::Person;

/// Which server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wire {
    /// Pond: a message is a request, and what is pushed is made of it.
    Pond(Encoding),
    /// The limit, which pushes what it gets: it gets what Pond would push.
    Limit,
}

impl Wire {
    /// Whether a frame tells its socket that it is in; none where the upgrade says it all.
    pub(crate) fn welcome(self) -> Option<fn(&[u8]) -> bool> {
        match self {
            Self::Pond(_) => Some(is_welcome),
            Self::Limit => None,
        }
    }

    /// What its sockets speak.
    pub(crate) fn encoding(self) -> Encoding {
        match self {
            Self::Pond(encoding) => encoding,
            Self::Limit => Encoding::Json,
        }
    }

    /// A message to everybody.
    pub(crate) fn message(self, id: &str, content: &str) -> Vec<u8> {
        let Ok(msg_id) = MsgId::parse(id) else {
            return Vec::new();
        };
        let content = content.to_owned();
        match self {
            Self::Pond(Encoding::Json) => to_all(msg_id, content).encode().into_bytes(),
            Self::Pond(Encoding::Protobuf) => to_all(msg_id, content).encode_protobuf(),
            Self::Limit => pushed(msg_id, content).into_bytes(),
        }
    }
}

/// A message to everybody, in JSON.
pub(crate) fn message(id: &str, content: &str) -> String {
    let msg_id = MsgId::parse(id).ok();
    msg_id.map_or_else(String::new, |id| to_all(id, content.to_owned()).encode())
}

fn to_all(msg_id: MsgId, content: String) -> ClientFrame {
    ClientFrame::SendToAll(SendToAll {
        msg_id,
        content,
        conversation: None,
    })
}

/// A private message to somebody.
pub(crate) fn private_message(to: &str, id: &str, content: &str) -> String {
    let Ok(msg_id) = MsgId::parse(id) else {
        return String::new();
    };
    ClientFrame::SendToOne(SendToOne {
        to_user: to.to_owned(),
        msg_id,
        content: content.to_owned(),
        conversation: None,
    })
    .encode()
}

/// A push as Pond makes them, of the same length to a byte or two.
fn pushed(msg_id: MsgId, content: String) -> String {
    ServerFrame::Message(Message {
        msg_id,
        content,
        conversation: ConversationId::EVERYONE,
        seq: Seq(SEQ_TO_STAMP),
        from: UserId(17),
        from_user: "bench".into(),
        sent_at: Timestamp(1_795_500_000_000),
        check: Some(Check(0x553f_c01c_8038_d07a)),
    })
    .encode()
}

/// Somebody with a name that is free in every demo.
pub(crate) fn person(number: usize) -> Person {
    Person::Named(name(number))
}

/// Their name.
pub(crate) fn name(number: usize) -> String {
    format!("bench-{number}")
}

/// A text of so many bytes.
pub(crate) fn content(bytes: usize) -> String {
    "The quick brown fox jumps over the lazy dog. "
        .chars()
        .cycle()
        .take(bytes)
        .collect()
}

/// What a pushed frame is, as far as it matters to most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Push<'a> {
    /// A message, with its place.
    Message { seq: u64, frame: &'a [u8] },
    /// Pushes were left out: [`room_head`] says how far.
    Heads,
    /// The answer to a message of one's own: [`ServerFrame::decode`] says more.
    Ack,
    /// Whatever else.
    Other,
}

/// Reads frames in either encoding.
#[derive(Default)]
pub(crate) struct Reader {
    json: json::Reader,
}

impl Reader {
    /// What a frame is.
    pub(crate) fn read<'a>(&mut self, frame: &'a [u8]) -> Push<'a> {
        if is_json(frame) {
            self.json.read(frame)
        } else {
            packed::read(frame)
        }
    }
}

/// The `msgId` of a pushed message, where this generator made it: it needs no unescaping then.
pub(crate) fn msg_id(message: &[u8]) -> Option<&str> {
    if is_json(message) {
        json::msg_id(message)
    } else {
        packed::msg_id(message)
    }
}

/// The newest `seq` of the room that everybody is in, out of a `HEADS_NOTICE`.
pub(crate) fn room_head(frame: &[u8]) -> Option<u64> {
    let Some(ServerFrame::Heads(heads)) = decode(frame) else {
        return None;
    };
    let mut heads = heads.heads.iter();
    heads
        .find(|head| head.conversation == ConversationId::EVERYONE)
        .map(|head| head.seq.0)
}

/// The whole frame, for those of which few come.
pub(crate) fn decode(frame: &[u8]) -> Option<ServerFrame> {
    if is_json(frame) {
        ServerFrame::decode(std::str::from_utf8(frame).ok()?).ok()
    } else {
        ServerFrame::decode_protobuf(frame).ok()
    }
}

/// Whether it says that its socket is in.
pub(crate) fn is_welcome(frame: &[u8]) -> bool {
    if is_json(frame) {
        return json::is_welcome(frame);
    }
    let is_good = |answer: &AuthAnswer| answer.code == Code::Success;
    matches!(decode(frame), Some(ServerFrame::Auth(answer)) if is_good(&answer))
}

/// In Protobuf a frame begins with the number of its one field, and none of them looks like this.
fn is_json(frame: &[u8]) -> bool {
    frame.first() == Some(&b'{')
}

/// A number of as many digits as are stamped.
const SEQ_TO_STAMP: u64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &str, from_user: &str) -> ServerFrame {
        ServerFrame::Message(Message {
            msg_id: MsgId::parse("b1-0-7").unwrap(),
            content: content.into(),
            conversation: ConversationId::EVERYONE,
            seq: Seq(42),
            from: UserId(3),
            from_user: from_user.into(),
            sent_at: Timestamp(1),
            check: None,
        })
    }

    #[test]
    fn a_message_is_found_whatever_its_text_and_its_sender_are_called() {
        let mut reader = Reader::default();
        for frame in [
            message("hi", "bench-1"),
            message("hi", "bench-2"),
            message(r#"{"seq":7,"x":"seq":8}"#, "quentin"),
            message("", r#""seq":9"#),
        ] {
            for bytes in [frame.encode().into_bytes(), frame.encode_protobuf()] {
                let seen = reader.read(&bytes);
                assert!(matches!(seen, Push::Message { seq: 42, .. }), "{seen:?}");
                assert_eq!(msg_id(&bytes), Some("b1-0-7"));
            }
        }
    }

    #[test]
    fn what_the_limit_pushes_is_a_message_of_pond() {
        for seq in [1, 42, 99_999_999] {
            let mut frame = Wire::Limit.message("b1-0-7", "hi");
            stamp(&mut frame, seq);
            let Some(ServerFrame::Message(message)) = decode(&frame) else {
                panic!("{}", String::from_utf8_lossy(&frame));
            };
            assert_eq!(message.seq, Seq(seq));
            assert!(
                matches!(Reader::default().read(&frame), Push::Message { seq: found, .. } if found == seq)
            );
        }
    }

    #[test]
    fn the_numbers_of_a_page_are_found_in_their_order() {
        let page = format!(
            r#"{{"type":"PULL_RESPONSE","body":{{"requestId":3,"conversation":"r1","events":[{},{}],"head":99}}}}"#,
            message(r#"{"seq":7}"#, "a").encode(),
            message("hi", "seq").encode(),
        );
        assert!(is_page(page.as_bytes()));
        assert!(seqs(page.as_bytes()).eq([42, 42]));
    }

    #[test]
    fn other_frames_are_told_apart_in_either_encoding() {
        let frames = |text: &str| {
            let frame = ServerFrame::decode(text).unwrap();
            [frame.encode().into_bytes(), frame.encode_protobuf()]
        };
        let heads = r#"{"type":"HEADS_NOTICE","body":{"heads":[{"conversation":"d1-2","seq":7},{"conversation":"r1","seq":99}]}}"#;
        for heads in frames(heads) {
            assert_eq!(Reader::default().read(&heads), Push::Heads);
            assert_eq!(room_head(&heads), Some(99));
        }
        for ack in frames(r#"{"type":"SEND_RESPONSE","body":{"msgId":"m","code":0,"message":""}}"#)
        {
            assert_eq!(Reader::default().read(&ack), Push::Ack);
        }
        for typing in frames(
            r#"{"type":"TYPING_NOTICE","body":{"conversation":"r1","user":{"id":3,"name":"Ana"}}}"#,
        ) {
            assert_eq!(Reader::default().read(&typing), Push::Other);
        }
        for (code, is_in) in [(0, true), (4011, false)] {
            let text =
                format!(r#"{{"type":"AUTH_RESPONSE","body":{{"code":{code},"message":""}}}}"#);
            for answer in frames(&text) {
                assert_eq!(is_welcome(&answer), is_in);
            }
        }
    }
}
