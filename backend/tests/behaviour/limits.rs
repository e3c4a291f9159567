//! Limits on trying and on sending, each with an answer that says when to try again.

use std::time::{Duration, Instant};

use backend::store::World;
use serde_json::{Value, json};
use shared::{Code, frame::ServerFrame};

use super::support::TestServer;

#[tokio::test]
async fn who_sends_too_fast_is_told_when_to_try_again_and_nothing_is_lost() {
    let server = TestServer::start(World::Demo, |config| config.rate_limits = true);
    let mut ana = server.peer("Ana").await;
    for n in 0..100 {
        let body = json!({"msgId": format!("m{n}"), "content": "hi"});
        ana.send_json(json!({"type": "SEND_TO_ALL_REQUEST", "body": body}))
            .await;
    }
    let mut refused = Vec::new();
    for _ in 0..100 {
        let answer = json!({"type": "SEND_RESPONSE", "body": ana.next_of("SEND_RESPONSE").await});
        let Ok(ServerFrame::Send(answer)) = ServerFrame::decode(&answer.to_string()) else {
            panic!("{answer}");
        };
        if answer.code == Code::TooFast {
            assert!(answer.retry_after_ms.unwrap() > 0);
            refused.push(answer.msg_id);
        }
    }
    assert!(!refused.is_empty());
    let head = ana
        .pull(shared::ConversationId::EVERYONE, None, None)
        .await
        .head;
    assert_eq!(
        head.0 + refused.len() as u64,
        100,
        "what was refused was not stored, the rest was"
    );
}

#[tokio::test]
async fn who_asks_without_end_is_answered_slowly_and_others_are_not() {
    let server = TestServer::start(World::Demo, |config| config.rate_limits = true);
    let mut ana = server.peer("Ana").await;
    let mut bo = server.peer("Bo").await;
    let asked = Instant::now();
    for n in 0..BURST + 50 {
        let body = json!({"requestId": n, "query": "a"});
        ana.send_json(json!({"type": "FIND_USERS_REQUEST", "body": body}))
            .await;
    }
    let everyone = shared::ConversationId::EVERYONE;
    bo.pull(everyone, None, None).await;
    let others = asked.elapsed();
    for n in 0..BURST + 50 {
        let answer = ana.next_of("FIND_USERS_RESPONSE").await;
        assert_eq!(
            answer["requestId"], n,
            "every question is answered, in order"
        );
    }
    let all = asked.elapsed();
    assert!(all > Duration::from_millis(980), "{all:?}");
    assert!(others < all, "{others:?}");
}

#[tokio::test]
async fn who_is_signed_out_while_their_questions_wait_says_nothing_more() {
    let server = TestServer::start(World::Accounts, |config| config.rate_limits = true);
    let bearer = format!("Bearer {}", server.account("Ana").await);
    let mut ana = server.peer_with("Authorization", &bearer).await;
    let others = format!("Bearer {}", server.account("Bo").await);
    let mut bo = server.peer_with("Authorization", &others).await;
    for n in 0..BURST {
        ana.send_json(question(n)).await;
    }
    // Within one turn at reading, so that nothing but a look at the session ends it.
    let waiting = (0..30).flat_map(|n| [question(BURST + n), message(n)]);
    ana.send_together(waiting).await;
    while ana.next_of("FIND_USERS_RESPONSE").await["requestId"] != BURST + 2 {}
    let header = [("Authorization", bearer.as_str())];
    let out = server.http("DELETE", "/api/v1/sessions/current", &header, None);
    assert_eq!(out.await.status, 204);
    let everyone = shared::ConversationId::EVERYONE;
    let said = bo.pull(everyone, None, None).await.head;
    assert_eq!(ana.close_code().await, 4401);
    let in_the_end = bo.pull(everyone, None, None).await.head;
    assert!(said.0 < 20, "signed out too late to see anything: {said:?}");
    assert!(in_the_end.0 <= said.0 + 1, "{said:?}, then {in_the_end:?}");
}

#[tokio::test]
async fn frames_by_request_end_with_the_session_that_sent_them() {
    let server = TestServer::start(World::Accounts, |config| config.rate_limits = true);
    let bearer = format!("Bearer {}", server.account("Ana").await);
    let header = [("Authorization", bearer.as_str())];
    let mut ana = server.peer_with("Authorization", &bearer).await;
    let others = format!("Bearer {}", server.account("Bo").await);
    let mut bo = server.peer_with("Authorization", &others).await;
    // More than are given back while they are asked.
    ana.send_together((0..BURST + 200).map(question)).await;
    while ana.next_of("FIND_USERS_RESPONSE").await["requestId"] != BURST - 1 {}
    // Each question waits now, and what stands behind it with it.
    let frames: Vec<_> = (0..16).flat_map(|n| [question(n), message(n)]).collect();
    let posted = server.post("/api/v1/frames", &header, json!(frames));
    let out = async {
        bo.next_message().await;
        let out = server.http("DELETE", "/api/v1/sessions/current", &header, None);
        assert_eq!(out.await.status, 204);
        bo.pull(shared::ConversationId::EVERYONE, None, None)
            .await
            .head
    };
    let (answer, said) = tokio::join!(posted, out);
    assert_eq!(answer.status, 401, "{}", answer.body);
    let in_the_end = bo
        .pull(shared::ConversationId::EVERYONE, None, None)
        .await
        .head;
    assert!(said.0 < 12, "signed out too late to see anything: {said:?}");
    assert!(in_the_end.0 <= said.0 + 1, "{said:?}, then {in_the_end:?}");
}

#[tokio::test]
async fn questions_that_wait_do_not_hold_up_the_end_of_the_server() {
    let mut server = TestServer::start(World::Accounts, |config| config.rate_limits = true);
    let bearer = format!("Bearer {}", server.account("Ana").await);
    let mut first = server.peer_with("Authorization", &bearer).await;
    for n in 0..BURST {
        first.send_json(question(n)).await;
    }
    while first.next_of("FIND_USERS_RESPONSE").await["requestId"] != BURST - 1 {}
    // What ten of one person's devices ask now is more than half a minute of waiting.
    let mut devices = Vec::new();
    for _ in 0..10 {
        let mut device = server.peer_with("Authorization", &bearer).await;
        device.send_together((0..200).map(question)).await;
        assert_eq!(device.next_of("FIND_USERS_RESPONSE").await["requestId"], 0);
        devices.push(device);
    }
    let stopped = Instant::now();
    let codes = async {
        for device in devices {
            assert_eq!(device.close_code().await, 1012);
        }
    };
    tokio::join!(server.stop(), codes, first.close_code());
    let took = stopped.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_guesser_has_to_wait() {
    let server = TestServer::start(World::Accounts, |config| config.rate_limits = true);
    server.account("Ana").await;
    let mut answers = Vec::new();
    for n in 0..12 {
        let guess = json!({"name": "Ana", "password": format!("guess {n}")});
        answers.push(server.post("/api/v1/sessions", &[], guess).await);
    }
    let last = answers.last().unwrap();
    assert_eq!(
        (last.status, &last.json()["code"]),
        (429, &json!("too-fast"))
    );
    assert!(last.json()["retryAfterMs"].as_u64().unwrap() > 0);
    assert!(last.header("retry-after").is_some());
}

#[tokio::test]
async fn behind_a_proxy_people_are_told_apart_and_others_are_not_believed() {
    let tries = async |trusted: &[&str]| {
        let trusted: Vec<_> = trusted.iter().map(|proxy| proxy.parse().unwrap()).collect();
        let server = TestServer::start(World::Accounts, |config| {
            config.rate_limits = true;
            config.trusted_proxies = trusted;
        });
        let mut refused = 0;
        for n in 0..70 {
            let guess = json!({"name": format!("Nobody{n}"), "password": "short"});
            let from = format!("203.0.113.{n}");
            let headers = [("X-Forwarded-For", &*from)];
            let answer = server.post("/api/v1/accounts", &headers, guess).await;
            refused += u32::from(answer.status == 429);
        }
        refused
    };
    assert_eq!(tries(&["127.0.0.1"]).await, 0);
    assert!(tries(&["10.0.0.1"]).await > 0, "all came from one address");
}

#[tokio::test]
async fn a_reader_that_never_reads_holds_nobody_back_and_gets_the_heads() {
    let server = TestServer::demo();
    let mut stalled = server.peer("Stalled").await;
    let mut bo = server.peer("Bo").await;
    let long = "x".repeat(16_000);
    let mut talkers = Vec::new();
    for n in 0..5 {
        talkers.push((n, server.peer(&format!("Talker{n}")).await));
    }
    let talking = talkers.into_iter().map(|(n, mut talker)| {
        let long = &long;
        async move {
            for m in 0..200 {
                assert_eq!(
                    talker.say(&format!("{n}-{m}"), long).await.code,
                    Code::Success
                );
            }
        }
    });
    let listening = async {
        for n in 1..=1000_u64 {
            assert_eq!(
                bo.next_message().await.seq.0,
                n,
                "the others see all of it, in order"
            );
        }
    };
    tokio::join!(futures_util::future::join_all(talking), listening);
    // 16 MB do not fit between: some pushes were left out, and the heads say so.
    let mut last = 0;
    let head = loop {
        let frame = stalled.next_json().await;
        match frame["type"].as_str().unwrap() {
            "SEND_TO_USER_REQUEST" => {
                assert_eq!(frame["body"]["seq"], last + 1);
                last += 1;
            }
            "HEADS_NOTICE" => break frame["body"]["heads"][0]["seq"].as_u64().unwrap(),
            _ => {}
        }
    };
    assert!(last < head && head <= 1000, "{last} {head}");
    let page = stalled
        .pull(
            shared::ConversationId::EVERYONE,
            Some(shared::Seq(last)),
            None,
        )
        .await;
    assert_eq!(
        page.events[0].seq().0,
        last + 1,
        "and a pull gives what was left out"
    );
}

fn question(n: u32) -> Value {
    json!({"type": "FIND_USERS_REQUEST", "body": {"requestId": n, "query": "a"}})
}

fn message(n: u32) -> Value {
    let body = json!({"msgId": format!("m{n}"), "content": "hi"});
    json!({"type": "SEND_TO_ALL_REQUEST", "body": body})
}

/// Questions that are answered at once.
const BURST: u32 = 1500;
