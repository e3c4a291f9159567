//! WebSocket frames, as little of them as a load generator needs: one pass over the bytes that came,
//! nothing copied, nothing allocated.
//!
//! Both ends of a socket are here, since [`crate::modes::limit`] is a server.

/// A whole frame.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    /// As it came: a client's is still masked.
    pub(crate) payload: &'a [u8],
    /// A client's mask.
    pub(crate) mask: Option<[u8; 4]>,
}

/// What cannot be gone on with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("a frame of {0} bytes came, and {MAX_FRAME_BYTES} are the most")]
    TooLong(u64),
    #[error("a message came in several frames, which is not understood here")]
    InPieces,
}

/// The first frame of `bytes` and what follows it; nothing while it is not all there.
///
/// # Errors
/// [`Broken`], after which the socket is of no use.
pub(crate) fn first(bytes: &[u8]) -> Result<Option<(Frame<'_>, &[u8])>, Broken> {
    let [head, length, rest @ ..] = bytes else {
        return Ok(None);
    };
    let opcode = head & 0x0f;
    if head & FINAL == 0 || opcode == CONTINUATION {
        return Err(Broken::InPieces);
    }
    let Some((payload_bytes, rest)) = payload_length(length & !MASKED, rest) else {
        return Ok(None);
    };
    let payload_bytes = usize::try_from(payload_bytes)
        .ok()
        .filter(|bytes| *bytes <= MAX_FRAME_BYTES)
        .ok_or(Broken::TooLong(payload_bytes))?;
    let (mask, rest) = match (length & MASKED, rest.split_first_chunk()) {
        (0, _) => (None, rest),
        (_, Some((mask, rest))) => (Some(*mask), rest),
        (_, None) => return Ok(None),
    };
    let whole = rest.split_at_checked(payload_bytes);
    Ok(whole.map(|(payload, rest)| {
        let frame = Frame {
            opcode,
            payload,
            mask,
        };
        (frame, rest)
    }))
}

fn payload_length(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    match short {
        TWO_BYTES => {
            let (bytes, rest) = rest.split_first_chunk()?;
            Some((u16::from_be_bytes(*bytes).into(), rest))
        }
        EIGHT_BYTES => {
            let (bytes, rest) = rest.split_first_chunk()?;
            Some((u64::from_be_bytes(*bytes), rest))
        }
        short => Some((short.into(), rest)),
    }
}

/// Appends a client's frame.
pub(crate) fn put_masked(into: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_head(into, opcode, payload.len(), MASKED);
    into.extend_from_slice(&MASK);
    put_unmasked(into, payload, MASK);
}

/// Appends a server's frame.
pub(crate) fn put(into: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_head(into, opcode, payload.len(), 0);
    into.extend_from_slice(payload);
}

/// Appends a payload with the mask laid over it: that takes a mask off, too.
pub(crate) fn put_unmasked(into: &mut Vec<u8>, payload: &[u8], mask: [u8; 4]) {
    let masked = payload.iter().zip(mask.iter().cycle());
    into.extend(masked.map(|(byte, mask)| byte ^ mask));
}

/// Appends what stands before a payload: `masked` is [`MASKED`] or 0.
fn put_head(into: &mut Vec<u8>, opcode: u8, payload_bytes: usize, masked: u8) {
    into.push(FINAL | opcode);
    match (u8::try_from(payload_bytes), u16::try_from(payload_bytes)) {
        (Ok(bytes @ 0..=125), _) => into.push(masked | bytes),
        (_, Ok(bytes)) => {
            into.push(masked | TWO_BYTES);
            into.extend_from_slice(&bytes.to_be_bytes());
        }
        _ => {
            into.push(masked | EIGHT_BYTES);
            into.extend_from_slice(&(payload_bytes as u64).to_be_bytes());
        }
    }
}

const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
/// In the place of a length: it follows, in so many bytes.
const TWO_BYTES: u8 = 0x7e;
const EIGHT_BYTES: u8 = 0x7f;
/// A client has to mask, so that a page cannot make a proxy see what it likes. Here is no page.
const MASK: [u8; 4] = [0x5a, 0xa5, 0x3c, 0xc3];
/// The longest payload that is understood. Source: a summary of 500 conversations and 200 people
/// has about 120 KiB.
pub(crate) const MAX_FRAME_BYTES: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written_at_every_length() {
        for bytes in [0, 1, 125, 126, 65_535, 65_536] {
            let payload: Vec<u8> = (0..=255).cycle().take(bytes).collect();
            let (mut plain, mut masked) = (Vec::new(), Vec::new());
            put(&mut plain, TEXT, &payload);
            put_masked(&mut masked, TEXT, &payload);
            plain.extend_from_slice(b"next");
            let (frame, rest) = first(&plain).unwrap().unwrap();
            assert_eq!((frame.payload, rest), (&payload[..], &b"next"[..]));
            let (frame, rest) = first(&masked).unwrap().unwrap();
            assert!(rest.is_empty());
            let mut seen = Vec::new();
            put_unmasked(&mut seen, frame.payload, frame.mask.unwrap());
            assert_eq!(seen, payload);
        }
    }

    #[test]
    fn half_a_frame_is_waited_for_wherever_it_is_cut() {
        let mut whole = Vec::new();
        put_masked(&mut whole, TEXT, &[7; 300]);
        for cut in 0..whole.len() {
            assert_eq!(first(&whole[..cut]), Ok(None), "{cut}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told_and_not_skipped() {
        assert_eq!(first(&[TEXT, 0]), Err(Broken::InPieces));
        assert_eq!(first(&[FINAL | CONTINUATION, 0]), Err(Broken::InPieces));
        let mut long = Vec::new();
        put_head(&mut long, TEXT, MAX_FRAME_BYTES + 1, 0);
        assert!(matches!(first(&long), Err(Broken::TooLong(_))));
    }
}
