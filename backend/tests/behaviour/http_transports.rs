//! What a network lets through that has no WebSockets: a stream or a long poll, and frames by request.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::support::{Answer, Peer, TestServer};

/// Somebody with a session token, in a demo.
pub(crate) struct Caller {
    bearer: String,
}

impl Caller {
    pub(crate) async fn new(server: &TestServer, name: &str) -> Self {
        let answer = server
            .post("/api/v1/sessions", &[], json!({"name": name}))
            .await;
        let token = answer.json()["accessToken"].as_str().unwrap().to_owned();
        Self {
            bearer: format!("Bearer {token}"),
        }
    }

    pub(crate) async fn post(&self, server: &TestServer, path: &str, body: Value) -> Answer {
        let headers = [("Authorization", &*self.bearer)];
        server.post(path, &headers, body).await
    }

    pub(crate) async fn frames(&self, server: &TestServer, frames: Value) -> Vec<Value> {
        let answer = self.post(server, "/api/v1/frames", frames).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json().as_array().unwrap().clone()
    }

    pub(crate) async fn stream(&self, server: &TestServer) -> EventStream {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\r\n",
            server.address, self.bearer
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        EventStream {
            stream,
            seen: String::new(),
        }
    }
}

/// The frames of `GET /events`.
pub(crate) struct EventStream {
    stream: TcpStream,
    seen: String,
}

impl EventStream {
    /// The next frame; none when the stream is over.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.seen.find("\n\n") {
                let event: String = self.seen.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let frame = data.map(|text| serde_json::from_str(text).unwrap());
                if frame.is_some() {
                    return frame;
                }
                continue;
            }
            let mut piece = [0; 4096];
            let read = timeout(Duration::from_secs(20), self.stream.read(&mut piece));
            match read.await.expect("nothing comes").unwrap_or(0) {
                0 => return None,
                read => self.seen += &String::from_utf8_lossy(&piece[..read]),
            }
        }
    }

    async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await.expect("the stream is over");
            if frame["type"] == kind {
                return frame["body"].clone();
            }
        }
    }
}

fn say(id: &str, content: &str) -> Value {
    json!({"type": "SEND_TO_ALL_REQUEST", "body": {"msgId": id, "content": content}})
}

fn types(frames: &[Value]) -> Vec<&str> {
    frames
        .iter()
        .map(|frame| frame["type"].as_str().unwrap())
        .collect()
}

async fn presence_of(peer: &mut Peer, name: &str) -> String {
    loop {
        let told = peer.next_of("PRESENCE_NOTICE").await;
        if told["name"] == name {
            return told["presence"].as_str().unwrap().to_owned();
        }
    }
}

#[tokio::test]
async fn frames_by_request_are_run_and_answered_in_order() {
    let server = TestServer::demo();
    let ana = Caller::new(&server, "Ana").await;
    let frames = json!([
        {"type": "AUTH_REQUEST", "body": {"accessToken": ""}},
        say("m1", "one"),
        {"type": "NONSENSE", "body": {}},
        {"type": "PULL_REQUEST", "body": {"requestId": 3}},
        "no frame at all",
        {"type": "READ_NOTICE", "body": {"conversation": "r1", "seq": 1}},
        say("m2", "two"),
        {"type": "SEND_TO_ALL_REQUEST", "body": {"msgId": "m3"}},
        {"type": "PULL_REQUEST", "body": {"requestId": 4, "conversation": "r1", "after": 0}},
    ]);
    let answers = ana.frames(&server, frames).await;
    assert_eq!(
        types(&answers),
        [
            "AUTH_RESPONSE",
            "SEND_RESPONSE",
            "ERROR_RESPONSE",
            "ERROR_RESPONSE",
            "ERROR_RESPONSE",
            "SEND_RESPONSE",
            "SEND_RESPONSE",
            "PULL_RESPONSE"
        ]
    );
    let body = |at: usize| &answers[at]["body"];
    assert_eq!(body(0)["user"]["name"], "Ana");
    assert_eq!((&body(1)["seq"], &body(5)["seq"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&body(2)["code"], &body(3)["requestId"]),
        (&json!(4001), &json!(3))
    );
    assert_eq!(
        (&body(6)["code"], &body(6)["msgId"]),
        (&json!(4000), &json!("m3"))
    );
    assert_eq!(body(7)["events"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_request_of_frames_has_bounds_and_needs_a_session_of_our_own_pages() {
    let server = TestServer::demo();
    let ana = Caller::new(&server, "Ana").await;
    for (count, status) in [(0, 400), (1, 200), (32, 200), (33, 400)] {
        let frames = (0..count).map(|n| say(&format!("m{n}"), "hi")).collect();
        let answer = ana
            .post(&server, "/api/v1/frames", Value::Array(frames))
            .await;
        assert_eq!(answer.status, status, "{count} frames");
    }
    let long = Value::Array(
        (0..5)
            .map(|n| say(&format!("l{n}"), &"x".repeat(16_000)))
            .collect(),
    );
    assert_eq!(ana.post(&server, "/api/v1/frames", long).await.status, 413);
    let not_a_list = ana.post(&server, "/api/v1/frames", say("x", "hi")).await;
    assert_eq!(not_a_list.json()["code"], "bad-frame");
    let one = json!([say("x", "hi")]);
    let nobody = server.post("/api/v1/frames", &[], one.clone()).await;
    assert_eq!(nobody.status, 401);
    let headers = [
        ("Authorization", &*ana.bearer),
        ("Origin", "https://elsewhere.example"),
    ];
    let foreign = server.post("/api/v1/frames", &headers, one).await;
    assert_eq!(foreign.json()["code"], "foreign-origin");
}

#[tokio::test]
async fn a_stream_begins_with_who_one_is_and_carries_every_push() {
    let server = TestServer::demo();
    let mut watcher = server.peer("Watcher").await;
    let ana = Caller::new(&server, "Ana").await;
    let mut stream = ana.stream(&server).await;
    let hello = stream.next().await.unwrap();
    assert_eq!(hello["type"], "AUTH_RESPONSE");
    assert_eq!(hello["body"]["user"]["name"], "Ana");
    assert!(hello["body"]["incarnation"].is_string());
    assert_eq!(presence_of(&mut watcher, "Ana").await, "online");
    watcher.say("w1", "to all").await;
    assert_eq!(
        stream.next_of("SEND_TO_USER_REQUEST").await["content"],
        "to all"
    );
    watcher.whisper("Ana", "w2", "to one").await;
    assert_eq!(
        stream.next_of("SEND_TO_USER_REQUEST").await["content"],
        "to one"
    );
    ana.frames(&server, json!([say("m1", "by request")])).await;
    assert_eq!(
        stream.next_of("SEND_TO_USER_REQUEST").await["content"],
        "by request"
    );
    let away = json!([{"type": "PRESENCE_NOTICE", "body": {"presence": "away"}}]);
    ana.frames(&server, away).await;
    assert_eq!(presence_of(&mut watcher, "Ana").await, "away");
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_with_the_server() {
    let mut server = TestServer::demo();
    let (ana, bo) = (
        Caller::new(&server, "Ana").await,
        Caller::new(&server, "Bo").await,
    );
    let (mut anas, mut bos) = (ana.stream(&server).await, bo.stream(&server).await);
    assert_eq!(anas.next_of("AUTH_RESPONSE").await["code"], 0);
    assert_eq!(bos.next_of("AUTH_RESPONSE").await["code"], 0);
    let headers = [("Authorization", &*ana.bearer)];
    let out = server.http("DELETE", "/api/v1/sessions/current", &headers, None);
    assert_eq!(out.await.status, 204);
    assert_eq!(anas.next_of("AUTH_RESPONSE").await["code"], 4011);
    assert_eq!(anas.next().await, None);
    server.stop().await;
    while let Some(frame) = bos.next().await {
        assert_ne!(frame["type"], "AUTH_RESPONSE");
    }
}

#[tokio::test]
async fn a_poll_counts_as_being_here_and_ends_with_its_session() {
    let server = TestServer::demo();
    let mut watcher = server.peer("Watcher").await;
    let ana = Caller::new(&server, "Ana").await;
    let poll = json!({"cursors": [], "waitMs": 30_000});
    let polling = ana.post(&server, "/api/v1/sync", poll);
    let signing_out = async {
        assert_eq!(presence_of(&mut watcher, "Ana").await, "online");
        let headers = [("Authorization", &*ana.bearer)];
        let out = server.http("DELETE", "/api/v1/sessions/current", &headers, None);
        assert_eq!(out.await.status, 204);
    };
    let (answer, ()) = tokio::join!(polling, signing_out);
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (401, &json!("bad-token"))
    );
}

#[tokio::test]
async fn a_poll_hears_of_a_conversation_that_it_did_not_know() {
    let server = TestServer::demo();
    let mut bo = server.peer("Bo").await;
    let ana = Caller::new(&server, "Ana").await;
    bo.say("m1", "not followed, and not news").await;
    let poll = json!({"cursors": [{"conversation": "r1", "seq": 1}], "waitMs": 30_000});
    let polling = ana.post(&server, "/api/v1/sync", poll);
    let whispering = async {
        assert_eq!(presence_of(&mut bo, "Ana").await, "online");
        bo.whisper("Ana", "m2", "psst").await;
    };
    let (answer, ()) = tokio::join!(polling, whispering);
    let heads = answer.json()["heads"].clone();
    assert!(
        heads
            .as_array()
            .unwrap()
            .contains(&json!({"conversation": "d1-2", "seq": 1})),
        "{heads}"
    );
}

#[tokio::test]
async fn a_poll_is_over_when_something_was_read_elsewhere() {
    let server = TestServer::demo();
    let mut bo = server.peer("Bo").await;
    let ana = Caller::new(&server, "Ana").await;
    bo.say("m1", "read me").await;
    let poll = json!({"cursors": [{"conversation": "r1", "seq": 1}], "waitMs": 30_000});
    let began = std::time::Instant::now();
    let polling = ana.post(&server, "/api/v1/sync", poll);
    let reading = async {
        assert_eq!(presence_of(&mut bo, "Ana").await, "online");
        let notice = json!({"type": "READ_NOTICE", "body": {"conversation": "r1", "seq": 1}});
        ana.frames(&server, json!([notice])).await;
    };
    let (answer, ()) = tokio::join!(polling, reading);
    assert_eq!(answer.json()["events"], json!([]));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "it was waited out"
    );
}
