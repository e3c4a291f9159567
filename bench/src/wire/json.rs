//! Frames in JSON: what is pushed comes by the million, so it is looked at and not decoded.

use super::Push;

/// Reads frames, and remembers where the last ones had their `seq`: counted from their ends, that
/// is one of a few places as long as the same people write.
#[derive(Default)]
pub(super) struct Reader {
    seen_from_end: [usize; REMEMBERED],
    oldest: usize,
}

impl Reader {
    /// What a frame is.
    pub(super) fn read<'a>(&mut self, frame: &'a [u8]) -> Push<'a> {
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
pub(super) fn msg_id(message: &[u8]) -> Option<&str> {
    let rest = message.strip_prefix(MESSAGE)?.strip_prefix(MSG_ID)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(rest.get(..end)?).ok()
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
pub(super) fn is_welcome(frame: &[u8]) -> bool {
    frame.starts_with(WELCOME)
}

/// Whether it is a summary.
pub(crate) fn is_summary(frame: &[u8]) -> bool {
    frame.starts_with(SUMMARY)
}

/// Whether it is the answer to a heartbeat.
pub(crate) fn is_heartbeat(frame: &[u8]) -> bool {
    frame.starts_with(HEARTBEAT)
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
const HEARTBEAT: &[u8] = br#"{"type":"HEARTBEAT_RESPONSE""#;
const PAGE: &[u8] = br#"{"type":"PULL_RESPONSE""#;
const SEQ: &[u8] = br#""seq":"#;
const SEQ_DIGITS: usize = 8;
const REMEMBERED: usize = 4;
