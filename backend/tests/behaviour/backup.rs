//! Check values: what tells a client that the server came back from an older backup.

use serde_json::json;
use shared::{Check, ConversationId, Event, Seq, event::Position};

use super::support::{Peer, TestServer, assert_acked};

const EVERYONE: ConversationId = ConversationId::EVERYONE;

/// A copy of the database of a server that is stopped.
fn backup(server: &TestServer) -> Vec<u8> {
    std::fs::read(server.config.data.join("pond.db")).unwrap()
}

async fn restore(server: &mut TestServer, backup: &[u8]) {
    server.stop().await;
    std::fs::write(server.config.data.join("pond.db"), backup).unwrap();
    server.restart().await;
}

async fn log(peer: &mut Peer, conversation: ConversationId) -> Vec<Event> {
    peer.pull(conversation, Some(Seq::NONE), None).await.events
}

fn cursor_of(event: &Event) -> Position {
    event.position()
}

#[tokio::test]
async fn every_event_has_the_check_value_of_the_log_up_to_it() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    let answer = ana.say("m1", "hi").await;
    let pushed = bo.next_message().await;
    bo.say("m2", "ho").await;
    let log = log(&mut bo, EVERYONE).await;
    assert_eq!(answer.check, log[0].check());
    assert_eq!(pushed.check, log[0].check());
    assert!(log[0].check().is_some() && log[0].follows(Some(Check::START)));
    assert!(log[1].check().is_some() && log[1].follows(log[0].check()));
    assert!(!log[1].follows(Some(Check::START)));
    let again = ana.say("m1", "hi").await;
    assert_eq!(again.check, answer.check, "a repetition is answered alike");
}

#[tokio::test]
async fn a_client_hears_that_the_server_came_back_from_an_older_backup() {
    let mut server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    server.peer("Bo").await.leave().await;
    ana.say("m1", "kept").await;
    ana.leave().await;
    server.stop().await;
    let copy = backup(&server);
    server.restart().await;
    let mut ana = server.peer("Ana").await;
    ana.say("m2", "lost").await;
    ana.whisper("Bo", "m3", "lost, with its conversation").await;
    let direct: ConversationId = "d1-2".parse().unwrap();
    let lost = log(&mut ana, EVERYONE).await;
    let private = cursor_of(&log(&mut ana, direct).await[0]);
    let held = [cursor_of(&lost[1]), private];
    assert_eq!(ana.heartbeat(&held).await.diverged, []);

    restore(&mut server, &copy).await;
    let mut ana = server.peer("Ana").await;
    let beat = ana.heartbeat(&held).await;
    assert_eq!(beat.diverged, [EVERYONE, direct]);
    assert_eq!(beat.heads, [Position::new(EVERYONE, Seq(1))]);
    let kept = ana.heartbeat(&[cursor_of(&lost[0])]).await;
    assert_eq!(kept.diverged, [], "what the backup has is the same log");

    // Others write on: the number is there again, with another event.
    assert_acked(&server.peer("Bo").await.say("m9", "new").await, 2);
    let beat = ana.heartbeat(&held[..1]).await;
    assert_eq!(beat.diverged, [EVERYONE]);
    let without = Position::new(EVERYONE, Seq(2));
    assert_eq!(
        ana.heartbeat(&[without]).await.diverged,
        [],
        "without a check value only the number can be compared"
    );
    // Sending again what was lost stores it once, and what was kept not again.
    assert_acked(&ana.say("m1", "kept").await, 1);
    assert_acked(&ana.say("m2", "lost").await, 3);
    let mut eve = server.peer("Eve").await;
    assert_eq!(
        eve.heartbeat(&[private]).await.diverged,
        [],
        "others' conversations are no business of hers"
    );
}

#[tokio::test]
async fn a_long_poll_tells_of_a_backup_too() {
    let mut server = TestServer::with_accounts();
    let bearer = format!("Bearer {}", server.account("Ana").await);
    let headers = [("Authorization", &*bearer)];
    server.stop().await;
    let copy = backup(&server);
    server.restart().await;
    let said = json!({"msgId": "m1", "content": "lost"});
    let path = "/api/v1/conversations/r1/messages";
    let stored = server.post(path, &headers, said).await.json();
    let cursor = json!({"conversation": "r1", "seq": 1, "check": stored["check"]});
    restore(&mut server, &copy).await;
    let asked = json!({"cursors": [cursor], "waitMs": 30_000});
    let answer = server.post("/api/v1/sync", &headers, asked).await.json();
    assert_eq!(
        (&answer["diverged"], &answer["events"]),
        (&json!(["r1"]), &json!([]))
    );
}

#[tokio::test]
async fn a_database_keeps_its_incarnation_and_another_has_another() {
    let mut server = TestServer::demo();
    let told = async |server: &TestServer| {
        let (_, answer) = server.try_peer("/?accessToken=Ana").await;
        let info = server.get("/api/v1/server", &[]).await.json();
        assert_eq!(info["incarnation"], answer["incarnation"]);
        answer["incarnation"].as_str().unwrap().to_owned()
    };
    let first = told(&server).await;
    server.restart().await;
    assert_eq!(told(&server).await, first);
    assert_ne!(told(&TestServer::demo()).await, first);
}

#[tokio::test]
async fn a_database_without_check_values_is_given_them() {
    let mut server = TestServer::demo();
    server.stop().await;
    let file = server.config.data.join("pond.db");
    std::fs::remove_file(&file).unwrap();
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(include_str!("../../src/store/migrations/0001_start.sql"))
        .unwrap();
    old.execute_batch(
        "PRAGMA application_id = 0x506f6e64; PRAGMA user_version = 1;
         INSERT INTO meta VALUES ('incarnation', 'old'), ('world', 'demo');
         INSERT INTO users VALUES (1, 'Ana', 'ana', NULL, 0), (2, 'Bo', 'bo', NULL, 0);
         INSERT INTO conversations (id, key, created_at, last_seq) VALUES (2, 'd1-2', 0, 1);
         UPDATE conversations SET last_seq = 3 WHERE id = 1;
         INSERT INTO members VALUES (1, 1, 0), (2, 1, 0), (1, 2, 0), (2, 2, 0);
         INSERT INTO events VALUES
             (1, 1, 0, 1, 'a', 5, 'one'), (1, 2, 0, 2, 'b', 6, 'two'), (1, 3, 0, 1, 'c', 7, '三'),
             (2, 1, 0, 2, 'd', 8, 'private');",
    )
    .unwrap();
    drop(old);
    server.restart().await;
    let mut ana = server.peer("Ana").await;
    assert_acked(&ana.say("e", "four").await, 4);
    assert_acked(&ana.whisper("Bo", "f", "also private").await, 2);
    for (conversation, count) in [(EVERYONE, 4), ("d1-2".parse().unwrap(), 2)] {
        let log = log(&mut ana, conversation).await;
        assert_eq!(log.len(), count);
        let mut before = Some(Check::START);
        for event in &log {
            assert!(
                event.check().is_some() && event.follows(before),
                "{event:?}"
            );
            before = event.check();
        }
    }
}
