//! Who is here, and who is typing.

use serde_json::json;
use shared::frame::Presence;

use super::support::TestServer;

#[tokio::test]
async fn a_closed_client_is_gone_from_who_is_here() {
    let server = TestServer::demo();
    let (mut ana, bo) = (server.peer("Ana").await, server.peer("Bo").await);
    ana.next_of("USER_JOIN_NOTICE_REQUEST").await;
    bo.leave().await;
    loop {
        let told = ana.next_of("PRESENCE_NOTICE").await;
        if told["presence"] == "offline" {
            assert_eq!(told["name"], "Bo");
            break;
        }
    }
    let people = ana.summary().await.people;
    assert!(
        people
            .iter()
            .all(|one| one.name != "Bo" || one.presence == Presence::Offline)
    );
}

#[tokio::test]
async fn who_leaves_the_desk_is_away() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    assert_eq!(ana.next_of("PRESENCE_NOTICE").await["presence"], "online");
    bo.send_json(json!({"type": "PRESENCE_NOTICE", "body": {"presence": "away"}}))
        .await;
    assert_eq!(ana.next_of("PRESENCE_NOTICE").await["presence"], "away");
}

#[tokio::test]
async fn typing_is_told_to_those_it_concerns() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    let mut eve = server.peer("Eve").await;
    ana.send_json(json!({"type": "TYPING_NOTICE", "body": {"conversation": "d1-2"}}))
        .await;
    let told = bo.next_of("TYPING_NOTICE").await;
    assert_eq!(
        (&told["user"]["name"], &told["conversation"]),
        (&json!("Ana"), &json!("d1-2"))
    );
    eve.send_json(json!({"type": "TYPING_NOTICE", "body": {"conversation": "d1-2"}}))
        .await;
    assert_eq!(eve.next_of("ERROR_RESPONSE").await["code"], 4030);
    ana.send_json(json!({"type": "TYPING_NOTICE", "body": {"conversation": "r1"}}))
        .await;
    assert_eq!(
        eve.next_of("TYPING_NOTICE").await["conversation"],
        "r1",
        "and nothing before it"
    );
}

#[tokio::test]
async fn people_are_found_by_a_part_of_their_name() {
    let server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    server.peer("Banana").await.leave().await;
    server.peer("番茄").await.leave().await;
    for (query, found) in [
        ("an", json!(["Ana", "Banana"])),
        ("茄", json!(["番茄"])),
        ("zs", json!([])),
    ] {
        let body = json!({"requestId": 7, "query": query});
        ana.send_json(json!({"type": "FIND_USERS_REQUEST", "body": body}))
            .await;
        let people = ana.next_of("FIND_USERS_RESPONSE").await["people"].clone();
        let names: Vec<_> = people
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].clone())
            .collect();
        assert_eq!(json!(names), found);
    }
}
