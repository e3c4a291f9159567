//! Frames in Protobuf, looked at as those in JSON are: field by field, and no further than needed.
//!
//! The numbers of the fields are those of `shared/proto/pond.proto`.

use super::Push;

/// What a frame is.
pub(super) fn read(frame: &[u8]) -> Push<'_> {
    match fields(frame).next() {
        Some((EVENT, Value::Bytes(event))) => seq_of(event)
            .zip(sent(event))
            .map_or(Push::Other, |(seq, _)| Push::Message { seq, frame }),
        Some((HEADS, _)) => Push::Heads,
        Some((ACK, _)) => Push::Ack,
        _ => Push::Other,
    }
}

/// The `msgId` of a pushed message, where this generator made it: it is not packed then.
pub(super) fn msg_id(message: &[u8]) -> Option<&str> {
    let (EVENT, Value::Bytes(event)) = fields(message).next()? else {
        return None;
    };
    match fields(sent(event)?).next()? {
        (MSG_ID, Value::Bytes(id)) => std::str::from_utf8(id).ok(),
        _ => None,
    }
}

fn seq_of(event: &[u8]) -> Option<u64> {
    fields(event).find_map(|field| match field {
        (SEQ, Value::Number(seq)) => Some(seq),
        _ => None,
    })
}

fn sent(event: &[u8]) -> Option<&[u8]> {
    fields(event).find_map(|field| match field {
        (MESSAGE_SENT, Value::Bytes(sent)) => Some(sent),
        _ => None,
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The fields of a message, up to what is not understood.
fn fields(mut rest: &[u8]) -> impl Iterator<Item = (u64, Value<'_>)> {
    std::iter::from_fn(move || {
        let tag = varint(&mut rest)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut rest)?),
            1 => {
                rest = rest.get(8..)?;
                Value::Fixed
            }
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                let (bytes, after) = rest.split_at_checked(length)?;
                rest = after;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        Some((tag >> 3, value))
    })
}

/// Seven bits a byte, the lowest first; the last byte is below 128.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

const ACK: u64 = 3;
const EVENT: u64 = 4;
const HEADS: u64 = 9;
const SEQ: u64 = 2;
const MESSAGE_SENT: u64 = 4;
const MSG_ID: u64 = 1;
