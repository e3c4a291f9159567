//! `/api/v1`: the same conversations as on the socket.

use serde_json::{Value, json};

use super::support::{Answer, TestServer, config_in, next_json};

struct Ana {
    server: TestServer,
    bearer: String,
}

impl Ana {
    async fn new() -> Self {
        let server = TestServer::with_accounts();
        let bearer = format!("Bearer {}", server.account("Ana").await);
        Self { server, bearer }
    }

    async fn get(&self, path: &str) -> Answer {
        self.server
            .get(path, &[("Authorization", &self.bearer)])
            .await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.server
            .post(path, &[("Authorization", &self.bearer)], body)
            .await
    }

    async fn say(&self, id: &str, content: &str) -> Answer {
        let body = json!({"msgId": id, "content": content});
        self.post("/api/v1/conversations/r1/messages", body).await
    }
}

#[tokio::test]
async fn a_message_by_http_is_one_on_the_socket_and_idempotent() {
    let ana = Ana::new().await;
    let mut socket = ana
        .server
        .socket("/ws", &[("Authorization", &ana.bearer)])
        .await;
    next_json(&mut socket).await;
    let (first, again) = (ana.say("m1", "hi").await, ana.say("m1", "hi").await);
    assert_eq!((first.status, &first.json()["seq"]), (200, &json!(1)));
    assert_eq!(first.body, again.body);
    let reused = ana.say("m1", "else").await;
    assert_eq!(
        (reused.status, &reused.json()["code"]),
        (409, &json!("msg-id-reused"))
    );
    let pushed = next_json(&mut socket).await;
    assert_eq!(
        (&pushed["type"], &pushed["body"]["content"]),
        (&json!("SEND_TO_USER_REQUEST"), &json!("hi"))
    );
    let listed = ana.get("/api/v1/conversations").await.json();
    assert_eq!(
        (
            &listed["conversations"][0]["id"],
            &listed["conversations"][0]["head"]
        ),
        (&json!("r1"), &json!(1))
    );
}

#[tokio::test]
async fn events_are_read_from_either_end() {
    let ana = Ana::new().await;
    for n in 1..=5 {
        ana.say(&format!("m{n}"), "hi").await;
    }
    let seqs = async |query: &str| {
        let answer = ana
            .get(&format!("/api/v1/conversations/r1/events{query}"))
            .await
            .json();
        assert_eq!(answer["head"], 5);
        let events = answer["events"].as_array().unwrap().clone();
        events
            .iter()
            .map(|event| event["body"]["seq"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(seqs("").await, [1, 2, 3, 4, 5]);
    assert_eq!(seqs("?limit=2").await, [4, 5]);
    assert_eq!(seqs("?after=2&limit=2").await, [3, 4]);
    assert_eq!(seqs("?before=4&limit=2").await, [2, 3]);
    for wrong in [
        "r1/events?limit=x",
        "x7/events",
        "r1/events?after=1&before=3",
        "r1/events?limit=0",
    ] {
        let answer = ana.get(&format!("/api/v1/conversations/{wrong}")).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("bad-frame")),
            "{wrong}"
        );
    }
    assert_eq!(ana.get("/api/v1/conversations/r9/events").await.status, 403);
    assert_eq!(
        ana.get("/api/v1/conversations/d7-9/events").await.status,
        403
    );
}

#[tokio::test]
async fn a_long_poll_answers_when_there_is_news() {
    let ana = Ana::new().await;
    let ask = |seq: u64, wait_ms: u64| json!({"cursors": [{"conversation": "r1", "seq": seq}], "waitMs": wait_ms});
    let nothing = ana.post("/api/v1/sync", ask(0, 0)).await.json();
    assert_eq!(
        (&nothing["events"], &nothing["heads"][0]["seq"]),
        (&json!([]), &json!(0))
    );
    let (news, _) = tokio::join!(
        ana.post("/api/v1/sync", ask(0, 30_000)),
        ana.say("m1", "hi")
    );
    assert_eq!(news.json()["events"][0]["body"]["content"], "hi");
    ana.say("m2", "ho").await;
    let rest = ana.post("/api/v1/sync", ask(1, 30_000)).await.json();
    assert_eq!(
        (
            rest["events"].as_array().unwrap().len(),
            &rest["events"][0]["body"]["seq"]
        ),
        (1, &json!(2))
    );
}

#[tokio::test]
async fn a_stream_carries_the_frames_of_a_socket() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let ana = Ana::new().await;
    let mut stream = tokio::net::TcpStream::connect(ana.server.address)
        .await
        .unwrap();
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\r\n",
        ana.server.address, ana.bearer
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = String::new();
    let mut read_until = async |wanted: &str| {
        while !seen.contains(wanted) {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.unwrap();
            assert_ne!(read, 0, "{seen}");
            seen += &String::from_utf8_lossy(&piece[..read]);
        }
    };
    read_until("text/event-stream").await;
    ana.say("m1", "over the stream").await;
    read_until("data: {\"type\":\"SEND_TO_USER_REQUEST\"").await;
    read_until("over the stream").await;
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_and_not_the_app() {
    let ana = Ana::new().await;
    for (method, path, status) in [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v2/accounts", 404),
        ("POST", "/api/v1", 404),
        ("GET", "/api/v1/", 404),
        ("GET", "/api", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/v1/accounts", 405),
    ] {
        let answer = ana.server.http(method, path, &[], None).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some("not-found"))
        );
    }
    assert_eq!(
        ana.server.get("/api/v1/conversations", &[]).await.json()["code"],
        "not-signed-in"
    );
}

#[tokio::test]
async fn a_body_that_is_too_long_hears_how_long_it_may_be() {
    let ana = Ana::new().await;
    let path = "/api/v1/conversations/r1/messages";
    let body = json!({ "msgId": "m", "content": "x".repeat(200_000) });
    let answer = ana.post(path, body).await;
    let title = answer.json()["title"].as_str().unwrap().to_owned();
    assert_eq!(answer.status, 413, "{title}");
    assert!(title.contains("65536 bytes"), "{title}");
}

#[tokio::test]
async fn a_refusal_says_what_was_wrong() {
    let ana = Ana::new().await;
    let title = async |path: &str, body: Option<Value>| {
        let path = format!("/api/v1/{path}");
        let answer = match body {
            Some(body) => ana.post(&path, body).await,
            None => ana.get(&path).await,
        };
        answer.json()["title"].as_str().unwrap().to_owned()
    };
    let said = title("conversations/r1/events?limit=0", None).await;
    assert!(said.contains("1 to 200"), "{said}");
    let message = json!({"msgId": "m", "content": "hi"});
    let to_nobody = title("conversations/d1-99/messages", Some(message)).await;
    assert_eq!(
        to_nobody,
        "There is no conversation d1-99: nobody has the number 99"
    );
    assert_eq!(title("conversations/d1-99/events", None).await, to_nobody);
    let cursor = json!({"conversation": "r1", "seq": 1, "check": "zz"});
    let said = title("sync", Some(json!({"cursors": [cursor]}))).await;
    assert!(
        said.contains("cursors[0].check") && said.contains("16 hexadecimal digits"),
        "{said}"
    );
}

#[tokio::test]
async fn a_full_disk_refuses_sends_keeps_reading_and_goes_on_when_there_is_room() {
    let mut server = TestServer::start(backend::store::World::Demo, |config| {
        config.page_limit = Some(60);
    });
    let mut ana = server.peer("Ana").await;
    let long = "x".repeat(16_000);
    let mut stored = 0;
    let refused = loop {
        let answer = ana.say(&format!("m{stored}"), &long).await;
        if answer.code != shared::Code::Success {
            break answer;
        }
        stored += 1;
        assert!(stored < 100, "the disk never gets full");
    };
    assert_eq!(refused.code, shared::Code::StorageFull);
    assert!(refused.retry_after_ms.is_some() && refused.message.contains("full"));
    let page = ana.pull(shared::ConversationId::EVERYONE, None, None).await;
    assert_eq!(
        page.head.0, stored,
        "reading goes on, and nothing half-written is there"
    );
    server.config = config_in(&server.config.data, backend::store::World::Demo);
    server.restart().await;
    let mut ana = server.peer("Ana").await;
    let again = ana.say(&format!("m{stored}"), &long).await;
    assert_eq!(
        again.seq,
        Some(shared::Seq(stored + 1)),
        "the refused one takes the next number"
    );
}
