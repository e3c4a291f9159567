//! The rules for a person's name, the same in the form, on the wire and in the store.

use crate::limits::MAX_NAME_CHARS;

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing but white space.
    #[error("A name has at least one character")]
    Empty,
    /// Over the limit.
    #[error("A name has at most {MAX_NAME_CHARS} characters and this one has {chars}")]
    TooLong {
        /// Characters.
        chars: usize,
    },
    /// Something that cannot be seen, or that starts a mention or a room.
    #[error("A name has no line breaks, invisible characters, @ or #")]
    Character,
}

/// The name as it is shown: white space at the ends gone and inside it single.
///
/// # Errors
/// [`BadName`], which says the rule that is broken.
pub fn parse(text: &str) -> Result<String, BadName> {
    let name = text
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if name.is_empty() {
        return Err(BadName::Empty);
    }
    if name.chars().any(is_forbidden) {
        return Err(BadName::Character);
    }
    let chars = name.chars().count();
    if chars > MAX_NAME_CHARS {
        return Err(BadName::TooLong { chars });
    }
    Ok(name)
}

/// What makes two names the same person: `Ana` and `ANA` are one.
pub fn key(name: &str) -> String {
    name.to_lowercase()
}

fn is_forbidden(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    c.is_control() || invisible || (c.is_whitespace() && c != ' ') || matches!(c, '@' | '＠' | '#')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_people_are_taken() {
        for name in ["芋艿", "番茄", "Ana", "Jean-Luc O'Neil", "Ľuboš", "🍅"] {
            assert_eq!(parse(name).as_deref(), Ok(name));
        }
        assert_eq!(parse("  a   b ").as_deref(), Ok("a b"));
        assert_eq!(key("ANA"), key("ana"));
    }

    #[test]
    fn what_cannot_be_seen_or_told_apart_is_refused() {
        assert_eq!(parse(" "), Err(BadName::Empty));
        for name in [
            "a\nb",
            "a\u{200b}b",
            "@ana",
            "#room",
            "a\u{3000}b",
            "\u{202e}ana",
        ] {
            assert_eq!(parse(name), Err(BadName::Character), "{name:?}");
        }
        assert_eq!(parse(&"x".repeat(33)), Err(BadName::TooLong { chars: 33 }));
    }

    proptest! {
        #[test]
        fn a_name_that_was_taken_is_taken_again(text in ".*") {
            if let Ok(name) = parse(&text) {
                prop_assert_eq!(parse(&name), Ok(name));
            }
        }
    }
}
