//! A history that comes as lines of JSON is read as it was written, and judged by the binary.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail")]

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use histcheck::{Class, check, lines};

/// Two tabs: Ana writes to Bo, who loaded the page later.
const GOOD: &str = r#"
{"place": {"id": "d1-2", "members": [1, 2]}}
{"client": {"id": "ana", "person": 1}}
{"client": {"id": "bo", "person": 2}}
{"healed": {"at": 100}}
{"converged": {"at": 900}}
{"entry": {"at": 1, "client": "ana", "what": {"invoked": {"place": "d1-2", "msgId": "m-one", "text": "hi"}}}}
{"entry": {"at": 2.5, "client": "ana", "what": {"acked": {"place": "d1-2", "msgId": "m-one", "seq": 1}}}}
{"entry": {"at": 3, "client": "ana", "what": {"invoked": {"place": "d1-2", "msgId": "m-two", "text": "水塘"}}}}
{"entry": {"at": 4, "client": "ana", "what": {"acked": {"place": "d1-2", "msgId": "m-two", "seq": 2}}}}
{"entry": {"at": 5, "client": "bo", "what": {"head": {"place": "d1-2", "seq": 2}}}}
{"entry": {"at": 6, "client": "bo", "what": {"shown": {"place": "d1-2", "event": {"seq": 2, "msgId": "m-two", "from": 1, "text": "水塘"}}}}}
{"entry": {"at": 7, "client": "ana", "what": {"invoked": {"place": "d1-2", "msgId": "m-three", "text": "too long"}}}}
{"entry": {"at": 8, "client": "ana", "what": {"refused": {"msgId": "m-three"}}}}
{"entry": {"at": 20, "client": "ana", "what": {"held": {"place": "d1-2", "events": [
"#;

fn good() -> String {
    let one = r#"{"seq": 1, "msgId": "m-one", "from": 1, "text": "hi"}"#;
    let two = r#"{"seq": 2, "msgId": "m-two", "from": 1, "text": "水塘"}"#;
    let bo = r#"{"entry": {"at": 20, "client": "bo", "what": {"held": {"place": "d1-2", "from": 2, "events": ["#;
    format!(
        "{}{one}, {two}]}}}}}}}}\n{bo}{two}]}}}}}}}}\n",
        GOOD.trim_end()
    )
}

/// What the binary says of these lines, and how it ends.
fn verdict(lines: &str) -> (Option<i32>, String) {
    let mut judge = Command::new(env!("CARGO_BIN_EXE_histcheck"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    judge
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let output = judge.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn lines_are_judged_as_what_they_say() {
    let report = check(&lines::parse(&good()).unwrap().history);
    assert!(report.is_good(), "{report}");
    let counts = report.counts;
    assert_eq!((counts.invoked, counts.acked, counts.refused), (3, 2, 1));
    assert_eq!((counts.stored, counts.shown), (2, 1));
    for (was, is, class) in [
        (
            r#""shown": {"place": "d1-2", "event": {"seq": 2"#,
            r#""shown": {"place": "d1-2", "event": {"seq": 3"#,
            Class::Doubled,
        ),
        (
            "\"refused\": {\"msgId\": \"m-three\"}",
            "\"head\": {\"place\": \"d1-2\", \"seq\": 1}",
            Class::Lost,
        ),
        (r#""members": [1, 2]"#, r#""members": [1]"#, Class::Leaked),
        (
            r#""converged": {"at": 900}"#,
            r#""converged": {"at": 10101}"#,
            Class::Stuck,
        ),
    ] {
        assert!(good().contains(was));
        let report = check(&lines::parse(&good().replacen(was, is, 1)).unwrap().history);
        assert!(report.has(class), "{class}: {report}");
    }
}

#[test]
fn the_binary_says_whether_every_promise_held_and_names_what_did_not() {
    let (code, said) = verdict(&good());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Every promise held"), "{said}");
    let lost = good().replace(
        r#""seq": 2, "msgId": "m-two""#,
        r#""seq": 2, "msgId": "m-other""#,
    );
    let (code, said) = verdict(&lost);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("‹m-two› was acknowledged") && said.contains("‹d1-2›"),
        "{said}"
    );
}

#[test]
fn lines_of_nothing_and_lines_with_a_slip_are_no_good_history() {
    assert_eq!(verdict("").0, Some(1));
    let only = "{\"client\": {\"id\": \"ana\", \"person\": 1}}\n";
    assert_eq!(verdict(only).0, Some(1));
    for slip in [
        "{\"entry\": {\"at\": 1, \"client\": \"cy\", \"what\": {\"restored\": {}}}}",
        "{\"entry\": {\"at\": -1, \"client\": \"ana\", \"what\": {\"restored\": {}}}}",
        "{\"entry\": {\"at\": 1, \"client\": \"ana\", \"what\": {\"acknowledged\": {}}}}",
        "{\"healed\": {\"at\": 1, \"by\": \"ana\"}}",
        "{\"client\": {\"id\": \"ana\", \"person\": 2}}",
        "healed",
    ] {
        let bad = lines::parse(&format!("{only}{slip}")).unwrap_err();
        assert_eq!(bad.number, 2, "{bad}");
        assert_eq!(verdict(&format!("{only}{slip}")).0, Some(2), "{slip}");
    }
}
