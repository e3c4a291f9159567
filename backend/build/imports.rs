//! The names by which the app's code calls the browser.
//!
//! wasm-bindgen ends each of them with 16 hexadecimal digits of a hash, in the script and in the code: of
//! what the app's first visit loads, they are the part that cannot be compressed (4 of 220 KiB). Here
//! they become numbers of the same length, so nothing else in the code moves.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Failure, File, hash};

/// Numbers the imports of the app's code and of its script, and gives both files a name of their new
/// content, which the page asks for.
pub(crate) fn number(files: &mut [File]) -> Result<(), Failure> {
    let mut paths = files.iter().map(|(path, _)| path);
    let Some(stem) = paths.find_map(|path| path.strip_suffix("_bg.wasm")) else {
        return Ok(());
    };
    let stem = stem.to_owned();
    let (app, _) = stem.split_once('-').ok_or("the app's name has no hash")?;
    let is_of_app = |path: &str| path.starts_with(&stem);

    let script = format!("{stem}.js");
    let script = files.iter().find(|(path, _)| *path == script);
    let (_, script) = script.ok_or("the app's code has no script")?;
    let script = String::from_utf8(script.clone())?;
    let numbers = numbers(&script);
    let mut both = Vec::new();
    for (path, content) in files.iter_mut() {
        if is_of_app(path) {
            *content = replaced(content, &numbers);
            both.extend_from_slice(content);
        }
    }
    let renamed = format!("{app}-{}", hash(&both));
    for (path, content) in files {
        *path = path.replace(&stem, &renamed);
        if path == "index.html" {
            let page = std::str::from_utf8(content)?;
            *content = page.replace(&stem, &renamed).into_bytes();
        }
    }
    Ok(())
}

/// A number for each name with a hash, counted apart for names that differ in nothing else.
fn numbers(script: &str) -> BTreeMap<&str, String> {
    let words = script.split(|letter| !u8::try_from(letter).is_ok_and(is_part));
    let names: BTreeSet<_> = words.filter(|word| has_hash(word)).collect();
    let mut counts = BTreeMap::new();
    let numbered = names.into_iter().map(|name| {
        let bare = &name[..name.len() - DIGITS];
        let count = counts.entry(bare).and_modify(|count| *count += 1);
        (name, format!("{bare}{:0DIGITS$}", count.or_insert(0)))
    });
    numbered.collect()
}

fn has_hash(word: &str) -> bool {
    let is_hash =
        |end: &str| end.len() == DIGITS && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    word.starts_with(PREFIX) && word.rsplit_once('_').is_some_and(|(_, end)| is_hash(end))
}

/// The same bytes with the new names.
fn replaced(content: &[u8], numbers: &BTreeMap<&str, String>) -> Vec<u8> {
    let words = content.chunk_by(|one, next| is_part(*one) == is_part(*next));
    let mut new = Vec::with_capacity(content.len());
    for word in words {
        // In the code a name's length stands before it, which may look like a letter.
        let text = std::str::from_utf8(word).unwrap_or_default();
        let split = text.find(PREFIX).map(|at| text.split_at(at));
        match split.and_then(|(before, name)| Some((before, numbers.get(name)?))) {
            Some((before, number)) => new.extend([before, number].concat().bytes()),
            None => new.extend_from_slice(word),
        }
    }
    new
}

/// Whether it may stand in a name.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const PREFIX: &str = "__wb";
const DIGITS: usize = 16;
