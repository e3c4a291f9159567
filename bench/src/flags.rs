//! Values on the command line that make sense.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
};

use shared::limits::MAX_CONTENT_BYTES;

/// A number of things, of which there is to be one at least.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err("a whole number from 1 on".into()),
    }
}

/// A time or a rate.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|number| *number > 0.0)
        .ok_or_else(|| format!("a number above 0, {MOST} at most"))
}

/// A time that may be none.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|number| *number >= 0.0)
        .ok_or_else(|| format!("a number from 0 to {MOST}"))
}

/// The length of a text that a server takes.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn content(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes @ 1..=MAX_CONTENT_BYTES) => Ok(bytes),
        _ => Err(format!("a whole number from 1 to {MAX_CONTENT_BYTES}")),
    }
}

/// A file that can be written: looked for before anything is measured.
///
/// # Errors
/// Why it cannot.
pub(crate) fn file_to_write(path: &str) -> Result<PathBuf, String> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened
        .map(|_| path.into())
        .map_err(|error| error.to_string())
}

/// A folder that is there: what was mistyped would be made on another disk.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn folder(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).is_dir() {
        return Ok(path.into());
    }
    Err("a folder that is there".into())
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (number <= MOST).then_some(number)
}

const MOST: f64 = 1e6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_no_number() {
        for text in ["0", "-1", "x", "1.5", ""] {
            assert!(at_least_one(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "nan", "inf", "1e300", ""] {
            assert!(positive(text).is_err(), "{text}");
            assert_eq!(not_negative(text).is_ok(), text == "0", "{text}");
        }
        assert!(content("0").is_err() && content("1000000").is_err());
        assert_eq!((at_least_one("3"), content("128")), (Ok(3), Ok(128)));
        assert_eq!(positive("3.5"), Ok(3.5));
    }
}
