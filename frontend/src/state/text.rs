//! A message's text as a short list of pieces: words, links, code. No HTML at any stage.
//!
//! Only what is certainly a web or mail address becomes a link, and a link always shows the address
//! it leads to. Everything that is not understood stays as it was written.

/// A piece of a text; all of them in order are the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Piece<'a> {
    /// As it is.
    Words(&'a str),
    /// An address, shown as it is written and followed as it is written.
    Link(&'a str),
    /// Between backticks.
    Code(&'a str),
    /// Between lines of three backticks.
    Block(&'a str),
}

/// Takes a text apart.
pub(crate) fn parse(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(Fenced {
        before,
        code,
        after,
    }) = fenced(rest)
    {
        inline(before, &mut pieces);
        pieces.push(Piece::Block(code));
        rest = after;
    }
    inline(rest, &mut pieces);
    pieces
}

struct Fenced<'a> {
    before: &'a str,
    code: &'a str,
    after: &'a str,
}

/// The first block of code, whose fences stand on lines of their own. One that is never closed is
/// no block.
fn fenced(text: &str) -> Option<Fenced<'_>> {
    let mut at = 0;
    let mut open: Option<(usize, usize)> = None;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let bare = line.trim_end();
        match open {
            None if bare.starts_with(FENCE) && !bare.trim_start_matches('`').contains('`') => {
                open = Some((at, end));
            }
            Some((before, start)) if bare == FENCE => {
                let code = text.get(start..at)?;
                return Some(Fenced {
                    // The line break next to a block is the block's own.
                    before: text
                        .get(..before)
                        .map(|text| text.strip_suffix('\n').unwrap_or(text))?,
                    code: code.strip_suffix('\n').unwrap_or(code),
                    after: text.get(end..)?,
                });
            }
            _ => {}
        }
        at = end;
    }
    None
}

/// Code between backticks and links, within text that has no blocks.
fn inline<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    let mut words = 0;
    let mut at = 0;
    let mut previous = ' ';
    while let Some((here, c)) = text
        .get(at..)
        .and_then(|rest| rest.chars().next().map(|c| (rest, c)))
    {
        let found = match c {
            '`' => code(here).map(|code| (Piece::Code(code), code.len() + 2)),
            'h' | 'H' | 'm' | 'M' if !previous.is_ascii_alphanumeric() => {
                link(here).map(|link| (Piece::Link(link), link.len()))
            }
            _ => None,
        };
        if let Some((piece, length)) = found {
            pieces.extend(words_of(text, words, at));
            pieces.push(piece);
            at += length;
            words = at;
            previous = ' ';
        } else {
            at += c.len_utf8();
            previous = c;
        }
    }
    pieces.extend(words_of(text, words, text.len()));
}

fn words_of(text: &str, from: usize, to: usize) -> Option<Piece<'_>> {
    text.get(from..to)
        .filter(|words| !words.is_empty())
        .map(Piece::Words)
}

/// What stands between the backtick that `text` begins with and the next one in the same line.
fn code(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('`')?;
    let code = inside.get(..inside.find(['`', '\n'])?)?;
    let is_closed = inside
        .get(code.len()..)
        .is_some_and(|rest| rest.starts_with('`'));
    (is_closed && !code.is_empty()).then_some(code)
}

/// The address that `text` begins with.
fn link(text: &str) -> Option<&str> {
    let (scheme, address) = SCHEMES.iter().find_map(|scheme| {
        let start = text.get(..scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme)
            .then(|| text.split_at(scheme.len()))
    })?;
    let end = address.find(ends_link).unwrap_or(address.len());
    let address = trim(address.get(..end)?);
    let is_real = if scheme.eq_ignore_ascii_case(MAIL) {
        let (name, host) = address.split_once('@')?;
        !name.is_empty() && host.starts_with(char::is_alphanumeric)
    } else {
        let host = address.split(['/', '?', '#']).next()?;
        // What stands before an @ is a name, made to look like a host by those who deceive.
        host.starts_with(|c: char| c.is_alphanumeric() || c == '[') && !host.contains(['@', '\\'])
    };
    is_real
        .then(|| text.get(..scheme.len() + address.len()))
        .flatten()
}

/// Without the punctuation that belongs to the sentence around it.
fn trim(mut address: &str) -> &str {
    while let Some(last) = address.chars().next_back() {
        let is_sentences = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' => true,
            ')' => address.matches('(').count() < address.matches(')').count(),
            ']' => address.matches('[').count() < address.matches(']').count(),
            '}' => address.matches('{').count() < address.matches('}').count(),
            _ => false,
        };
        if !is_sentences {
            break;
        }
        address = address
            .get(..address.len() - last.len_utf8())
            .unwrap_or_default();
    }
    address
}

/// What no address goes beyond: white space, quotes, what cannot be seen, and the punctuation of
/// Chinese and Japanese, which is written without a space after the address.
fn ends_link(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '`' | '|' | '^')
        || matches!(c,
            '\u{2018}'..='\u{201f}' | '\u{2026}' | '\u{2014}' | '\u{3000}'..='\u{303f}'
            | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff3d}'
            | '\u{ff5b}'..='\u{ff65}')
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

const FENCE: &str = "```";
const MAIL: &str = "mailto:";
const SCHEMES: [&str; 3] = ["https://", "http://", MAIL];

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<&str> {
        let link = |piece| match piece {
            Piece::Link(link) => Some(link),
            _ => None,
        };
        parse(text).into_iter().filter_map(link).collect()
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        for text in [
            "",
            "hello",
            " a\n\n b ",
            "你好！<b>x</b> & co",
            "a ` b",
            "``` x",
        ] {
            let words: Vec<_> = Some(Piece::Words(text))
                .filter(|_| !text.is_empty())
                .into_iter()
                .collect();
            assert_eq!(parse(text), words, "{text:?}");
        }
    }

    #[test]
    fn an_address_ends_where_the_sentence_goes_on() {
        for (text, link) in [
            ("see https://a.example/x.", "https://a.example/x"),
            ("(https://a.example/x)", "https://a.example/x"),
            ("https://a.example/x_(y)!", "https://a.example/x_(y)"),
            ("看https://a.example/路径。好", "https://a.example/路径"),
            ("“https://a.example”", "https://a.example"),
            ("（http://a.example：8080）", "http://a.example"),
            (
                "http://a.example:8080/?q=1&r=2#z,",
                "http://a.example:8080/?q=1&r=2#z",
            ),
            ("HTTPS://A.EXAMPLE", "HTTPS://A.EXAMPLE"),
            ("mailto:ana@a.example；", "mailto:ana@a.example"),
            ("http://[::1]:80/", "http://[::1]:80/"),
            ("https://中文.example、", "https://中文.example"),
        ] {
            assert_eq!(links(text), [link], "{text:?}");
        }
        assert_eq!(
            links("https://a.example\u{202e}gpj.exe"),
            ["https://a.example"]
        );
    }

    #[test]
    fn what_is_no_address_of_the_web_or_of_mail_is_no_link() {
        for text in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "<img src=x onerror=alert(1)>",
            "xhttps://a.example",
            "https://",
            "https:// a",
            "http://.",
            "https://bank.example@evil.example",
            "https://bank.example\\@evil.example",
            "mailto:",
            "mailto:@x",
            "http:/a",
            "`https://a.example`",
        ] {
            assert_eq!(links(text), Vec::<&str>::new(), "{text:?}");
        }
        assert_eq!(
            links("https://a.example/\"onmouseover=alert(1)"),
            ["https://a.example/"]
        );
    }

    #[test]
    fn code_stands_between_backticks_and_fences() {
        assert_eq!(
            parse("run `a b`, then\n```rust\nlet x = `1`;\n\n```\ndone"),
            [
                Piece::Words("run "),
                Piece::Code("a b"),
                Piece::Words(", then"),
                Piece::Block("let x = `1`;\n"),
                Piece::Words("done"),
            ]
        );
        assert_eq!(parse("```\n```"), [Piece::Block("")]);
        assert_eq!(parse("```\nopen"), [Piece::Words("```\nopen")]);
    }

    #[test]
    fn no_text_panics_or_loses_a_letter() {
        for text in [
            "h",
            "ht`",
            "`",
            "``",
            "```",
            "é`é`é",
            "mailto",
            "m你",
            "h\u{301}ttp://",
        ] {
            let all: usize = parse(text)
                .iter()
                .map(|piece| match piece {
                    Piece::Words(text) | Piece::Link(text) | Piece::Block(text) => text.len(),
                    Piece::Code(text) => text.len() + 2,
                })
                .sum();
            assert_eq!(all, text.len(), "{text:?}");
        }
    }
}
