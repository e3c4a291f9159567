//! Many questions without waiting for the answers.

use serde_json::{Value, json};

use tokio_tungstenite::tungstenite::Message as WsMessage;

use super::support::TestServer;

#[tokio::test]
async fn what_is_asked_in_one_go_is_answered_in_that_order() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    // More than may be on their way at once.
    let count = 600;
    for number in 1..=count {
        let body = json!({"msgId": format!("m{number}"), "content": format!("{number}")});
        ana.send_json(json!({"type": "SEND_TO_ALL_REQUEST", "body": body}))
            .await;
        if number % 100 == 0 {
            let body = json!({"requestId": number, "conversation": "r1", "limit": 1});
            ana.send_json(json!({"type": "PULL_REQUEST", "body": body}))
                .await;
        }
    }
    let mut answers = Vec::new();
    while answers.len() < count + count / 100 {
        let frame = ana.next_json().await;
        match frame["type"].as_str() {
            Some("SEND_RESPONSE") => answers.push(frame["body"]["seq"].clone()),
            Some("PULL_RESPONSE") => {
                answers.push(json!(format!("page {}", frame["body"]["requestId"])));
            }
            _ => {}
        }
    }
    let expected: Vec<Value> = (1..=count)
        .flat_map(|number| {
            let page = (number % 100 == 0).then(|| json!(format!("page {number}")));
            std::iter::once(json!(number)).chain(page)
        })
        .collect();
    assert_eq!(answers, expected);
    let heard = bo.messages_so_far().await;
    let numbers: Vec<_> = heard.iter().map(|message| message.seq.0).collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "pushed in order: {numbers:?}"
    );
}

#[tokio::test]
async fn a_client_that_says_goodbye_still_gets_its_answers() {
    let server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    for number in 1..=20 {
        let body = json!({"msgId": format!("m{number}"), "content": "x"});
        ana.send_json(json!({"type": "SEND_TO_ALL_REQUEST", "body": body}))
            .await;
    }
    ana.send_message(WsMessage::Close(None)).await;
    for number in 1..=20 {
        assert_eq!(ana.next_of("SEND_RESPONSE").await["seq"], number);
    }
}

#[tokio::test]
async fn what_comes_in_one_piece_is_answered_to_the_last() {
    let server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    // Some more than may be under way at once, so the last ones wait where they were read to.
    for count in 257..262 {
        let frames = (0..count).map(|number| {
            let body = json!({"msgId": format!("{count}-{number}"), "content": "x"});
            json!({"type": "SEND_TO_ALL_REQUEST", "body": body})
        });
        ana.send_together(frames).await;
        for number in 0..count {
            let answer = ana.next_of("SEND_RESPONSE").await;
            assert_eq!(answer["msgId"], format!("{count}-{number}"));
        }
    }
}
