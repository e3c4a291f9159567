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
    Ok(())
}

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
    }
}
