//! What a generator says and what it looks for in what it hears.
//!
//! A frame that is pushed to thousands is looked at where it must be and nowhere else: its type at
//! the beginning, its `seq` near the end, its `msgId` once. The rest of the protocol is `shared`'s.

use shared::{
    Check, ClientFrame, ConversationId, Message, MsgId, Seq, ServerFrame, Timestamp, UserId,
    frame::{SendToAll, SendToOne},
};

use crate::crowd::upgrade::Person;

/// Which server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wire {
    /// Pond: a message is a request, and what is pushed is made of it.
    Pond,
    /// The limit, which pushes what it gets: it gets what Pond would push.
    Limit,
}

impl Wire {
    /// Whether a frame tells its socket that it is in; none where the upgrade says it all.
    pub(crate) fn welcome(self) -> Option<fn(&[u8]) -> bool> {
        match self {
            Self::Pond => Some(is_welcome),
            Self::Limit => None,
        }
    }

    /// A message to everybody.
    pub(crate) fn message(self, id: &str, content: &str) -> String {
        let Ok(msg_id) = MsgId::parse(id) else {
            return String::new();
        };
        let content = content.to_owned();
        match self {
            Self::Pond => ClientFrame::SendToAll(SendToAll {
                msg_id,
                content,
                conversation: None,
            })
            .encode(),
            Self::Limit => pushed(msg_id, content),
        }
    }
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

/// Reads frames, and remembers where the last ones had their `seq`: counted from their ends, that
/// is one of a few places as long as the same people write.
#[derive(Default)]
pub(crate) struct Reader {
    seen_from_end: [usize; REMEMBERED],
    oldest: usize,
}

impl Reader {
    /// What a frame is.
    pub(crate) fn read<'a>(&mut self, frame: &'a [u8]) -> Push<'a> {
        if frame.starts_with(MESSAGE) {
            let digits = self.digits(frame);
            let seq = digits.and_then(number);
            return seq.map_or(Push::Other, |seq| Push::Message { seq, frame });
        }
        if frame.starts_with(HEADS) {
            Push::Heads
        } else if frame.starts_with(ACK) {
            Push::Ack
        } else {
            Push::Other
        }
    }

    /// What follows the `"seq":`.
    fn digits<'a>(&mut self, frame: &'a [u8]) -> Option<&'a [u8]> {
        for from_end in self.seen_from_end {
            let tail = frame.get(frame.len().checked_sub(from_end)?..)?;
            if let Some(digits) = tail.strip_prefix(SEQ) {
                return Some(digits);
            }
        }
        let at = seq_at(frame)?;
        if let Some(place) = self.seen_from_end.get_mut(self.oldest % REMEMBERED) {
            *place = frame.len() - at;
        }
        self.oldest += 1;
        frame.get(at + SEQ.len()..)
    }
}

/// The `msgId` of a pushed message, where this generator made it: it needs no unescaping then.
pub(crate) fn msg_id(message: &[u8]) -> Option<&str> {
    let rest = message.strip_prefix(MESSAGE)?.strip_prefix(MSG_ID)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(rest.get(..end)?).ok()
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
    ServerFrame::decode(std::str::from_utf8(frame).ok()?).ok()
}

fn number(digits: &[u8]) -> Option<u64> {
    let mut number = None;
    for byte in digits {
        match byte {
            b' ' if number.is_none() => {}
            b'0'..=b'9' => number = Some(number.unwrap_or(0) * 10 + u64::from(byte - b'0')),
            _ => break,
        }
    }
    number
}

/// Where the last `"seq":` begins; in a text its quotes would be escaped, so it is the key. From the
/// end, since texts are long and what follows it is short.
fn seq_at(frame: &[u8]) -> Option<usize> {
    let mut end = frame.len();
    loop {
        // A `q` is rare behind the `seq`: the name of the sender may have one.
        let q = frame.get(..end)?.iter().rposition(|byte| *byte == b'q')?;
        let start = (q + 1).checked_sub(SEQ.len() - 2)?;
        if frame.get(start..)?.starts_with(SEQ) {
            return Some(start);
        }
        end = q;
    }
}

/// Writes its place into a frame of [`pushed`], for [`crate::modes::limit`].
pub(crate) fn stamp(frame: &mut [u8], seq: u64) {
    let Some(at) = seq_at(frame) else { return };
    let place = frame.get_mut(at + SEQ.len()..);
    let place = place.and_then(|rest| rest.first_chunk_mut::<SEQ_DIGITS>());
    if let Some(place) = place {
        let mut left = seq;
        for byte in place.iter_mut().rev() {
            // JSON allows spaces before a number, and no zeros.
            *byte = match (left, seq) {
                (0, 1..) => b' ',
                // A digit fits a byte.
                _ => b'0' + u8::try_from(left % 10).unwrap_or(0),
            };
            left /= 10;
        }
    }
}

/// Whether it says that its socket is in.
pub(crate) fn is_welcome(frame: &[u8]) -> bool {
    frame.starts_with(WELCOME)
}

/// Whether it is a summary.
pub(crate) fn is_summary(frame: &[u8]) -> bool {
    frame.starts_with(SUMMARY)
}

/// Whether it is a page of a log.
pub(crate) fn is_page(frame: &[u8]) -> bool {
    frame.starts_with(PAGE)
}

/// The numbers of the events in a page, in their order.
pub(crate) fn seqs(page: &[u8]) -> impl Iterator<Item = u64> {
    let mut rest = page;
    std::iter::from_fn(move || {
        loop {
            let quote = rest.iter().position(|byte| *byte == b'"')?;
            rest = rest.get(quote..)?;
            if let Some(digits) = rest.strip_prefix(SEQ) {
                rest = digits;
                return number(digits);
            }
            rest = rest.get(1..)?;
        }
    })
}

const MESSAGE: &[u8] = br#"{"type":"SEND_TO_USER_REQUEST","body":{"#;
const MSG_ID: &[u8] = br#""msgId":""#;
const HEADS: &[u8] = br#"{"type":"HEADS_NOTICE""#;
const ACK: &[u8] = br#"{"type":"SEND_RESPONSE""#;
const WELCOME: &[u8] = br#"{"type":"AUTH_RESPONSE","body":{"code":0,"#;
const SUMMARY: &[u8] = br#"{"type":"SUMMARY_RESPONSE""#;
const PAGE: &[u8] = br#"{"type":"PULL_RESPONSE""#;
const SEQ: &[u8] = br#""seq":"#;
/// A number of as many digits as are stamped.
const SEQ_TO_STAMP: u64 = 10_000_000;
const SEQ_DIGITS: usize = 8;
const REMEMBERED: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &str, from_user: &str) -> Vec<u8> {
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
        .encode()
        .into_bytes()
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
            let seen = reader.read(&frame);
            assert!(matches!(seen, Push::Message { seq: 42, .. }), "{seen:?}");
            assert_eq!(msg_id(&frame), Some("b1-0-7"));
        }
    }

    #[test]
    fn what_the_limit_pushes_is_a_message_of_pond() {
        for seq in [1, 42, 99_999_999] {
            let mut frame = Wire::Limit.message("b1-0-7", "hi").into_bytes();
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
            String::from_utf8(message(r#"{"seq":7}"#, "a")).unwrap(),
            String::from_utf8(message("hi", "seq")).unwrap(),
        );
        assert!(is_page(page.as_bytes()));
        assert!(seqs(page.as_bytes()).eq([42, 42]));
    }

    #[test]
    fn other_frames_are_told_apart() {
        let heads = br#"{"type":"HEADS_NOTICE","body":{"heads":[{"conversation":"d1-2","seq":7},{"conversation":"r1","seq":99}]}}"#;
        assert_eq!(Reader::default().read(heads), Push::Heads);
        assert_eq!(room_head(heads), Some(99));
        let ack = br#"{"type":"SEND_RESPONSE","body":{"msgId":"m","code":0,"message":""}}"#;
        assert_eq!(Reader::default().read(ack), Push::Ack);
        assert_eq!(
            Reader::default().read(br#"{"type":"TYPING_NOTICE","body":{}}"#),
            Push::Other
        );
        assert!(is_welcome(
            br#"{"type":"AUTH_RESPONSE","body":{"code":0,"message":""}}"#
        ));
        assert!(!is_welcome(
            br#"{"type":"AUTH_RESPONSE","body":{"code":4011,"message":""}}"#
        ));
    }
}
