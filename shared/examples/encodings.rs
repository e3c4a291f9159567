//! What each type of frame costs in JSON and in Protobuf: bytes, and time to write and to read one.
//!
//! ```text
//! cargo run --release -p shared --features protobuf --example encodings
//! ```
//! prints the table of `docs/performance.md`. The frames are of the size that an office has: ids of four
//! digits, a `msgId` of random bytes, 128 bytes of text, 20 conversations, pages of 50 messages.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use shared::{ClientFrame, DecodeError, ServerFrame};

fn main() -> Result<(), DecodeError> {
    println!(
        "| frame | bytes, JSON | Protobuf | | write, ns, JSON | Protobuf | read, ns, JSON | Protobuf |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for text in client_frames() {
        let frame = ClientFrame::decode(&text)?;
        let (json, packed) = (frame.encode(), frame.encode_protobuf());
        print(
            &json,
            &packed,
            [
                nanoseconds(|| frame.encode()),
                nanoseconds(|| frame.encode_protobuf()),
                nanoseconds(|| ClientFrame::decode(&json)),
                nanoseconds(|| ClientFrame::decode_protobuf(&packed)),
            ],
        );
    }
    for text in server_frames() {
        let frame = ServerFrame::decode(&text)?;
        let (json, packed) = (frame.encode(), frame.encode_protobuf());
        print(
            &json,
            &packed,
            [
                nanoseconds(|| frame.encode()),
                nanoseconds(|| frame.encode_protobuf()),
                nanoseconds(|| ServerFrame::decode(&json)),
                nanoseconds(|| ServerFrame::decode_protobuf(&packed)),
            ],
        );
    }
    Ok(())
}

fn print(json: &str, packed: &[u8], [write, write_packed, read, read_packed]: [u128; 4]) {
    let kind = json.split('"').nth(3).unwrap_or_default();
    let (bytes, fewer) = (json.len(), packed.len());
    let percent = fewer * 100 / bytes;
    println!(
        "| `{kind}` | {bytes} | {fewer} | {percent} % | {write} | {write_packed} | {read} | {read_packed} |"
    );
}

/// The least time that one call takes, over many batches: whatever disturbs only adds to it.
fn nanoseconds<T>(call: impl Fn() -> T) -> u128 {
    let batch = || {
        let started = Instant::now();
        for _ in 0..CALLS {
            black_box(call());
        }
        started.elapsed()
    };
    let least = (0..BATCHES).map(|_| batch()).min().unwrap_or(Duration::MAX);
    least.as_nanos() / u128::from(CALLS)
}

fn client_frames() -> Vec<String> {
    let cursors: Vec<_> = (0..20).map(|n| position(n, true)).collect();
    [
        (
            "AUTH_REQUEST",
            r#""accessToken":"pond_5f0c2d7e9a1b4c3d8e6f7a8b9c0d1e2f5f0c2d7e9a1b4c3d""#.to_owned(),
        ),
        (
            "SEND_TO_ONE_REQUEST",
            format!(
                r#""toUser":"","msgId":"{MSG_ID}","content":"{TEXT}","conversation":"d1003-2017""#
            ),
        ),
        (
            "SEND_TO_ALL_REQUEST",
            format!(r#""msgId":"{MSG_ID}","content":"{TEXT}","conversation":"r12""#),
        ),
        ("SUMMARY_REQUEST", r#""requestId":1021"#.to_owned()),
        (
            "PULL_REQUEST",
            r#""requestId":1022,"conversation":"r12","after":40123"#.to_owned(),
        ),
        (
            "FIND_USERS_REQUEST",
            r#""requestId":1023,"query":"ana""#.to_owned(),
        ),
        (
            "HEARTBEAT_REQUEST",
            format!(r#""requestId":1024,"cursors":[{}]"#, cursors.join(",")),
        ),
        (
            "READ_NOTICE",
            r#""conversation":"r12","seq":40123"#.to_owned(),
        ),
        (
            "DELIVERED_NOTICE",
            r#""conversation":"d1003-2017","seq":4012"#.to_owned(),
        ),
        ("TYPING_NOTICE", r#""conversation":"d1003-2017""#.to_owned()),
        ("PRESENCE_NOTICE", r#""presence":"away""#.to_owned()),
    ]
    .map(|(kind, body)| frame(kind, &body))
    .into()
}

fn server_frames() -> Vec<String> {
    let heads: Vec<_> = (0..20).map(|n| position(n, false)).collect();
    let heads = heads.join(",");
    let people: Vec<_> = (0..20).map(|n| format!("{{{}}}", person(n))).collect();
    let people = people.join(",");
    let conversations: Vec<_> = (0..20)
        .map(|n| format!(
            r#"{{"id":"d1003-{}","head":{},"read":401,"unread":2,"lastAt":1795500000000,"delivered":401,"peerDelivered":402,"peerRead":401}}"#,
            2000 + n, 403 + n
        ))
        .collect();
    let events: Vec<_> = (0..50)
        .map(|n| frame("SEND_TO_USER_REQUEST", &message(n)))
        .collect();
    [
        ("AUTH_RESPONSE", r#""code":0,"message":"","user":{"id":1003,"name":"Ana Lima"},"build":"0.1.0+abcdef0","incarnation":"5f0c2d7e9a1b4c3d8e6f7a8b9c0d1e2f""#.to_owned()),
        ("USER_JOIN_NOTICE_REQUEST", r#""nickname":"Ana Lima","user":1003"#.to_owned()),
        ("SEND_RESPONSE", format!(r#""msgId":"{MSG_ID}","code":0,"message":"","conversation":"r12","seq":40123,"sentAt":1795500000000,"check":"553fc01c8038d07a""#)),
        ("SEND_TO_USER_REQUEST", message(0)),
        ("SUMMARY_RESPONSE", format!(r#""requestId":1021,"me":{{"id":1003,"name":"Ana Lima"}},"conversations":[{}],"people":[{people}]"#, conversations.join(","))),
        ("PULL_RESPONSE", format!(r#""requestId":1022,"conversation":"r12","events":[{}],"head":40200"#, events.join(","))),
        ("FIND_USERS_RESPONSE", format!(r#""requestId":1023,"people":[{people}]"#)),
        ("HEARTBEAT_RESPONSE", format!(r#""requestId":1024,"heads":[{heads}]"#)),
        ("HEADS_NOTICE", format!(r#""heads":[{heads}]"#)),
        ("READ_NOTICE", r#""conversation":"r12","seq":40123,"unread":0"#.to_owned()),
        ("MARKS_NOTICE", r#""conversation":"d1003-2017","user":2017,"delivered":4012,"read":4011"#.to_owned()),
        ("TYPING_NOTICE", r#""conversation":"d1003-2017","user":{"id":2017,"name":"Bo Ek"}"#.to_owned()),
        ("PRESENCE_NOTICE", person(0)),
        ("ERROR_RESPONSE", r#""requestId":1022,"code":4030,"message":"You are not a member of this conversation""#.to_owned()),
    ]
    .map(|(kind, body)| frame(kind, &body))
    .into()
}

fn frame(kind: &str, body: &str) -> String {
    format!(r#"{{"type":"{kind}","body":{{{body}}}}}"#)
}

fn message(n: u64) -> String {
    format!(
        r#""msgId":"{MSG_ID}","content":"{TEXT}","conversation":"r12","seq":{},"from":1003,"fromUser":"Ana Lima","sentAt":1795500000000,"check":"553fc01c8038d07a""#,
        40123 + n
    )
}

fn person(n: u64) -> String {
    format!(
        r#""id":{},"name":"Colleague {n}","presence":"online""#,
        2000 + n
    )
}

fn position(n: u64, has_check: bool) -> String {
    let check = if has_check {
        r#","check":"553fc01c8038d07a""#
    } else {
        ""
    };
    format!(
        r#"{{"conversation":"d1003-{}","seq":{}{check}}}"#,
        2000 + n,
        403 + n
    )
}

const CALLS: u32 = 2_000;
const BATCHES: usize = 20;
const MSG_ID: &str = "5f0c2d7e9a1b4c3d8e6f7a8b9c0d1e2f";
/// 128 bytes.
const TEXT: &str = "The build is green again: the fix was one line, and the test that should have caught it is in too. Lunch at twelve as usual? Ana";
