//! The rules for a message's text, the same in the composer and on the server.

use crate::limits::MAX_CONTENT_BYTES;

/// Why a text is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// Nothing to read.
    #[error("The message is empty")]
    Blank,
    /// Over the limit. Sizes in bytes of UTF-8.
    #[error("The message is {size} bytes long and the limit is {limit}", limit = MAX_CONTENT_BYTES)]
    TooLong {
        /// Bytes of UTF-8.
        size: usize,
    },
    /// A NUL, which no database keeps alike.
    #[error("The message has a NUL character")]
    Nul,
    /// Characters that are no text, and take six bytes each on their way: it would fit no frame.
    #[error("The message has too many control characters")]
    Controls,
}

/// Whether `text` can be a message; it is stored as it came, byte by byte.
///
/// # Errors
/// [`BadText`], which says the rule that is broken.
pub fn check(text: &str) -> Result<(), BadText> {
    if text.len() > MAX_CONTENT_BYTES {
        return Err(BadText::TooLong { size: text.len() });
    }
    if text.trim().is_empty() {
        return Err(BadText::Blank);
    }
    if text.contains('\0') {
        return Err(BadText::Nul);
    }
    if json_bytes(text) > MAX_JSON_BYTES {
        return Err(BadText::Controls);
    }
    Ok(())
}

/// What a text takes in JSON: a control character takes six bytes there.
pub fn json_bytes(text: &str) -> usize {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    });
    bytes.sum()
}

/// Source: twice [`MAX_CONTENT_BYTES`] is a text of nothing but quotes or ends of lines, and four times is
/// a whole frame.
const MAX_JSON_BYTES: usize = 3 * MAX_CONTENT_BYTES;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_exact() {
        assert_eq!(check(&"x".repeat(MAX_CONTENT_BYTES)), Ok(()));
        let size = MAX_CONTENT_BYTES + 1;
        assert_eq!(check(&"x".repeat(size)), Err(BadText::TooLong { size }));
        assert_eq!(check(" \n\t"), Err(BadText::Blank));
        assert_eq!(check("a\0b"), Err(BadText::Nul));
        assert_eq!(check(&"\n\"".repeat(MAX_CONTENT_BYTES / 2)), Ok(()));
        assert_eq!(check(&"\x01".repeat(9_000)), Err(BadText::Controls));
    }

    #[test]
    fn what_a_text_takes_is_what_it_takes() {
        let all: String = (1..0x100).filter_map(char::from_u32).collect();
        for text in ["", "水", "\\\u{8}\u{c}", &all] {
            let written = serde_json::to_string(text).unwrap();
            assert!(json_bytes(text) + 2 >= written.len(), "{text:?}");
        }
    }
}
