//! The tutorial's own run, to the letter, by clients that know nothing of ours.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message as WsMessage;

use super::support::{TestServer, close_code, next_json};

#[tokio::test]
async fn three_clients_meet_whisper_and_talk_to_all() {
    let server = TestServer::demo();
    let (taro, answer) = server.try_peer("/?accessToken=芋艿").await;
    assert_eq!(
        (&answer["code"], &answer["message"]),
        (&json!(0), &json!(""))
    );
    let mut taro = taro.unwrap();
    let mut tomato = server.peer("番茄").await;
    assert_eq!(
        taro.next_of("USER_JOIN_NOTICE_REQUEST").await["nickname"],
        "番茄"
    );
    let mut potato = server.peer("%E5%9C%9F%E8%B1%86").await;
    for there in [&mut taro, &mut tomato] {
        assert_eq!(
            there.next_of("USER_JOIN_NOTICE_REQUEST").await["nickname"],
            "土豆"
        );
    }

    let body = json!({"toUser": "番茄", "msgId": "id-1", "content": "悄悄话"});
    taro.send_json(json!({"type": "SEND_TO_ONE_REQUEST", "body": body}))
        .await;
    let answer = taro.next_of("SEND_RESPONSE").await;
    assert_eq!(
        (&answer["msgId"], &answer["code"]),
        (&json!("id-1"), &json!(0))
    );
    let pushed = tomato.next_of("SEND_TO_USER_REQUEST").await;
    assert_eq!(
        (&pushed["msgId"], &pushed["content"]),
        (&json!("id-1"), &json!("悄悄话"))
    );
    assert!(
        potato.messages_so_far().await.is_empty(),
        "it reaches 番茄 alone"
    );
    assert!(
        taro.messages_so_far().await.is_empty(),
        "the sender's own connection has its ack"
    );

    let body = json!({"msgId": "id-2", "content": "大家好"});
    taro.send_json(json!({"type": "SEND_TO_ALL_REQUEST", "body": body}))
        .await;
    for there in [&mut taro, &mut tomato, &mut potato] {
        let pushed = there.next_of("SEND_TO_USER_REQUEST").await;
        assert_eq!(
            (&pushed["msgId"], &pushed["content"]),
            (&json!("id-2"), &json!("大家好"))
        );
    }
}

#[tokio::test]
async fn a_raw_nickname_in_the_request_line_is_taken_as_it_is() {
    // Some clients do not percent-encode. The bytes go over the wire as they are.
    let server = TestServer::demo();
    let upgrade = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let mut request = format!(
        "GET /?accessToken=芋艿 HTTP/1.1\r\nHost: {}\r\n",
        server.address
    );
    for (name, value) in upgrade {
        request += &format!("{name}: {value}\r\n");
    }
    stream
        .write_all((request + "\r\n").as_bytes())
        .await
        .unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("芋艿") {
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend(&piece[..read]);
    }
    assert!(String::from_utf8_lossy(&seen).contains("101 Switching Protocols"));
}

#[tokio::test]
async fn a_missing_token_is_told_by_a_frame() {
    let server = TestServer::demo();
    for path in ["/?accessToken=", "/?accessToken", "/ws?accessToken="] {
        let mut socket = server.socket(path, &[]).await;
        let answer = next_json(&mut socket).await;
        assert_eq!(answer["type"], "AUTH_RESPONSE");
        assert_ne!(answer["body"]["code"], 0);
        assert!(!answer["body"]["message"].as_str().unwrap().is_empty());
        assert_eq!(close_code(&mut socket).await, 4401);
    }
}

#[tokio::test]
async fn what_is_not_understood_is_answered_and_the_connection_lives_on() {
    let server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    for (wrong, code) in [
        ("{", 4000),
        ("\"text\"", 4000),
        (r#"{"body":{}}"#, 4000),
        (r#"{"type":"DANCE_REQUEST","body":{}}"#, 4001),
        (
            r#"{"type":"PULL_REQUEST","body":{"conversation":"x"}}"#,
            4000,
        ),
    ] {
        ana.send_text(wrong).await;
        let error = ana.next_of("ERROR_RESPONSE").await;
        assert_eq!(error["code"], code, "{wrong}: {error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    let body = json!({"toUser": "Nobody", "msgId": "m", "content": "hi"});
    ana.send_json(json!({"type": "SEND_TO_ONE_REQUEST", "body": body}))
        .await;
    let answer = ana.next_of("SEND_RESPONSE").await;
    assert_eq!(
        (&answer["msgId"], &answer["code"]),
        (&json!("m"), &json!(4040))
    );
    ana.send_json(json!({"type": "SEND_TO_ALL_REQUEST", "body": {"msgId": "n"}}))
        .await;
    let answer = ana.next_of("SEND_RESPONSE").await;
    assert_eq!(
        (&answer["msgId"], &answer["code"]),
        (&json!("n"), &json!(4000))
    );
    assert_eq!(ana.say("o", "still here").await.code, shared::Code::Success);
}

#[tokio::test]
async fn the_first_frame_can_say_who_it_is() {
    let server = TestServer::demo();
    let mut socket = server.socket("/ws", &[]).await;
    use futures_util::SinkExt as _;
    let early = json!({"type": "SEND_TO_ALL_REQUEST", "body": {"msgId": "m", "content": "hi"}});
    socket
        .send(WsMessage::text(early.to_string()))
        .await
        .unwrap();
    assert_eq!(next_json(&mut socket).await["body"]["code"], 4010);
    let auth = json!({"type": "AUTH_REQUEST", "body": {"accessToken": "Ana"}});
    socket
        .send(WsMessage::text(auth.to_string()))
        .await
        .unwrap();
    let answer = next_json(&mut socket).await;
    assert_eq!(
        (&answer["type"], &answer["body"]["code"]),
        (&json!("AUTH_RESPONSE"), &json!(0))
    );
}

#[tokio::test]
async fn a_socket_that_does_not_say_who_it_is_is_closed() {
    let server = TestServer::demo();
    let mut socket = server.socket("/ws", &[]).await;
    let answer = next_json(&mut socket).await;
    assert_eq!(answer["type"], "AUTH_RESPONSE");
    assert_ne!(answer["body"]["code"], 0);
    assert_eq!(close_code(&mut socket).await, 4401);
}

#[tokio::test]
async fn frames_against_the_protocol_end_the_connection_with_the_right_code() {
    let server = TestServer::demo();
    let mut big = server.peer("Big").await;
    big.send_text(&"x".repeat(70_000)).await;
    assert_eq!(big.close_code().await, 1009);
    let mut binary = server.peer("Binary").await;
    binary.send_message(WsMessage::binary(vec![1, 2, 3])).await;
    assert_eq!(binary.close_code().await, 1003);
}
