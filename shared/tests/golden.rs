//! One JSON file per type of frame and body, which every later build must still read and write.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use shared::{ClientFrame, Event, Message, Read, ServerFrame, http};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn files(name: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            (stem, fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Reads each line of each file and writes it again the same.
fn each_is_read_and_written_the_same<T: Serialize>(
    name: &str,
    text: &str,
    decode: impl Fn(&str) -> T,
) {
    for line in text.lines().filter(|line| !line.is_empty()) {
        let written = serde_json::to_string(&decode(line)).unwrap();
        let (written, read): (Value, Value) = (
            serde_json::from_str(&written).unwrap(),
            serde_json::from_str(line).unwrap(),
        );
        assert_eq!(written, read, "{name}");
    }
}

/// `name.json` has frames of type `name`, or of `name` up to a dot.
fn type_of(name: &str) -> &str {
    name.split('.').next().unwrap()
}

#[test]
fn every_frame_of_a_client_has_a_file_and_is_read_the_same() {
    let mut seen = BTreeSet::new();
    for (name, text) in files("client") {
        each_is_read_and_written_the_same(&name, &text, |line| ClientFrame::decode(line).unwrap());
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["type"], type_of(&name));
        seen.insert(type_of(&name).to_owned());
    }
    assert_eq!(seen, ClientFrame::TYPES.map(String::from).into());
}

#[test]
fn every_frame_of_a_server_has_a_file_and_is_read_the_same() {
    let mut seen = BTreeSet::new();
    for (name, text) in files("server") {
        each_is_read_and_written_the_same(&name, &text, |line| ServerFrame::decode(line).unwrap());
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["type"], type_of(&name));
        seen.insert(type_of(&name).to_owned());
    }
    assert_eq!(seen, ServerFrame::TYPES.map(String::from).into());
}

#[test]
fn every_file_is_an_example_in_the_protocols_page() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let page = fs::read_to_string(page).unwrap();
    for (name, text) in ["client", "server", "http"].into_iter().flat_map(files) {
        for line in text.lines().filter(|line| !line.is_empty()) {
            assert!(
                page.lines().any(|of_page| of_page == line),
                "{name} has an example that docs/protocol.md lacks: {line}"
            );
        }
    }
}

#[test]
fn a_pushed_message_is_an_event_of_the_log() {
    let text = fs::read_to_string(folder("server").join("SEND_TO_USER_REQUEST.json")).unwrap();
    each_is_read_and_written_the_same("event", &text, |line| {
        serde_json::from_str::<Event>(line).unwrap()
    });
    for line in text.lines().filter(|line| !line.is_empty()) {
        let frame: Value = serde_json::from_str(line).unwrap();
        let message: Message = serde_json::from_value(frame["body"].clone()).unwrap();
        let read = Event::from_text(line).unwrap();
        assert_eq!(read, Event::MessageSent(message), "as serde reads it");
    }
}

#[test]
fn every_body_of_http_has_a_file_and_is_read_the_same() {
    fn check<T: DeserializeOwned + Serialize>(name: &str, text: &str) {
        each_is_read_and_written_the_same(name, text, |line| {
            serde_json::from_str::<T>(line).unwrap()
        });
    }
    /// What a client reads by itself, it reads as serde does.
    fn check_both<T>(name: &str, text: &str)
    where
        T: DeserializeOwned + Serialize + Read + PartialEq + std::fmt::Debug,
    {
        check::<T>(name, text);
        for line in text.lines().filter(|line| !line.is_empty()) {
            let read = T::from_text(line).unwrap();
            assert_eq!(read, serde_json::from_str(line).unwrap(), "{name}");
        }
    }
    let files = files("http");
    for (name, text) in &files {
        match name.as_str() {
            "conversations" => check::<http::Conversations>(name, text),
            "credentials" => check::<http::Credentials>(name, text),
            "events" => check::<http::Events>(name, text),
            "new-message" => check::<http::NewMessage>(name, text),
            "problem" => check_both::<http::Problem>(name, text),
            "server" => check_both::<http::ServerInfo>(name, text),
            "signed-in" => check::<http::SignedIn>(name, text),
            "stored" => check::<http::Stored>(name, text),
            "sync" => check::<http::Sync>(name, text),
            "sync-answer" => check_both::<http::SyncAnswer>(name, text),
            "ticket" => check::<http::Ticket>(name, text),
            other => panic!("{other} stands for no body"),
        }
    }
    assert_eq!(files.len(), 11, "one for each");
}
