//! Sockets that speak Protobuf: the same is said on them as on all others.

use serde_json::json;
use shared::{
    Code, ConversationId, Encoding, MsgId, Seq, ServerFrame, frame::SendToAll,
    limits::MAX_FRAME_BYTES,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message as WsMessage;

use super::support::{Peer, TestServer, assert_acked};

/// What the server agrees to when it is offered this.
async fn agreed(server: &TestServer, offer: &str) -> Option<String> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "GET /ws?accessToken=Ana HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    let kind = stream.read_u8().await.unwrap();
    let agreed = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
    let is_binary = agreed == Some(Encoding::Protobuf.subprotocol());
    assert_eq!(kind, if is_binary { 0x82 } else { 0x81 }, "{head}");
    agreed.map(str::to_owned)
}

#[tokio::test]
async fn the_first_subprotocol_that_is_known_is_spoken() {
    let server = TestServer::demo();
    let (json, protobuf) = ("pond.v1.json", "pond.v1.proto");
    for (offer, expected) in [
        ("", None),
        ("Sec-WebSocket-Protocol: pond.v1.json\r\n", Some(json)),
        ("Sec-WebSocket-Protocol: pond.v1.proto\r\n", Some(protobuf)),
        (
            "sec-websocket-protocol: pond.v1.proto,pond.v1.json\r\n",
            Some(protobuf),
        ),
        (
            "Sec-WebSocket-Protocol: pond.v1.json, pond.v1.proto\r\n",
            Some(json),
        ),
        (
            "Sec-WebSocket-Protocol: pond.v9.cbor , pond.v1.proto\r\n",
            Some(protobuf),
        ),
        (
            "Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: pond.v1.proto\r\n",
            Some(protobuf),
        ),
        ("Sec-WebSocket-Protocol: chat, superchat\r\n", None),
        ("Sec-WebSocket-Protocol: \r\n", None),
        ("Sec-WebSocket-Protocol: POND.V1.PROTO\r\n", None),
    ] {
        assert_eq!(agreed(&server, offer).await.as_deref(), expected, "{offer}");
    }
}

#[tokio::test]
async fn a_protobuf_client_and_a_json_client_see_the_same() {
    let server = TestServer::demo();
    let mut ana = server.protobuf_peer("Ana").await;
    let mut bo = server.peer("Bo").await;
    assert_eq!(
        ana.next_of("USER_JOIN_NOTICE_REQUEST").await["nickname"],
        "Bo"
    );
    assert_acked(
        &ana.say("5f0c2d7e9a1b4c3d8e6f7a8b9c0d1e2f", "你好").await,
        1,
    );
    let first = bo.next_message().await;
    assert_eq!(
        (ana.next_message().await, &*first.content),
        (first.clone(), "你好")
    );
    assert_acked(&bo.say("m2", "hi\nthere").await, 2);
    assert_eq!(ana.next_message().await, bo.next_message().await);

    assert_acked(&ana.whisper("Bo", "m3", "psst").await, 1);
    assert_eq!(bo.next_message().await.content, "psst");
    assert!(
        ana.messages_so_far().await.is_empty(),
        "who sent it has its ack"
    );
    let place = ConversationId::EVERYONE;
    let (anas, bos) = (
        ana.pull(place, Some(Seq::NONE), None).await,
        bo.pull(place, Some(Seq::NONE), None).await,
    );
    assert_eq!(anas.events, bos.events);
    assert_eq!(anas.events.len(), 2);
    let (anas, bos) = (ana.summary().await, bo.summary().await);
    assert_eq!(anas.conversations.len(), bos.conversations.len());

    bo.send_json(json!({"type": "TYPING_NOTICE", "body": {"conversation": "r1"}}))
        .await;
    assert_eq!(ana.next_of("TYPING_NOTICE").await["user"]["name"], "Bo");
}

#[tokio::test]
async fn an_ack_that_was_lost_in_one_encoding_comes_again_in_the_other() {
    let server = TestServer::demo();
    let id = "5f0c2d7e9a1b4c3d8e6f7a8b9c0d1e2f";
    let mut ana = server.protobuf_peer("Ana").await;
    let first = ana.say(id, "hi").await;
    ana.leave().await;
    let mut ana = server.peer("Ana").await;
    assert_eq!(ana.say(id, "hi").await, first);
    let other = ana.say(id, "something else").await;
    assert_eq!(other.code, Code::MsgIdReused);
}

/// Sends bytes; gives the answer.
async fn answer_to(peer: &mut Peer, bytes: Vec<u8>) -> ServerFrame {
    peer.send_message(WsMessage::binary(bytes)).await;
    ServerFrame::decode(&peer.next_json().await.to_string()).unwrap()
}

#[tokio::test]
async fn what_is_wrong_with_a_frame_is_told_and_the_connection_lives_on() {
    let server = TestServer::demo();
    let mut ana = server.protobuf_peer("Ana").await;
    for (what, bytes, expected) in [
        ("nothing", vec![], Code::BadFrame),
        (
            "JSON",
            br#"{"type":"SUMMARY_REQUEST"}"#.to_vec(),
            Code::BadFrame,
        ),
        ("half a frame", vec![0x22, 0x02, 0x08], Code::BadFrame),
        ("field 99", vec![0x9a, 0x06, 0x01, b'x'], Code::UnknownType),
        ("typing nowhere", vec![0x52, 0x00], Code::BadFrame),
    ] {
        match answer_to(&mut ana, bytes).await {
            ServerFrame::Error(error) => {
                assert_eq!((error.code, error.request_id), (expected, None), "{what}");
                assert!(!error.message.is_empty());
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    // A page of no conversation names the question, a message to room 0 the message.
    let pull = answer_to(&mut ana, vec![0x2a, 0x02, 0x08, 0x07]).await;
    assert!(
        matches!(pull, ServerFrame::Error(error) if error.request_id.is_some_and(|id| id.0 == 7))
    );
    let send = answer_to(&mut ana, b"\x1a\x09\x0a\x01m\x1a\x02hi\x22\x00".to_vec()).await;
    let ServerFrame::Send(send) = send else {
        panic!("{send:?}");
    };
    assert_eq!((send.code, send.msg_id.as_str()), (Code::BadFrame, "m"));
    // A text that is not there is empty.
    let frame = shared::ClientFrame::SendToAll(SendToAll {
        msg_id: MsgId::parse("m").unwrap(),
        content: String::new(),
        conversation: None,
    });
    let blank = answer_to(&mut ana, frame.encode_protobuf()).await;
    assert!(matches!(blank, ServerFrame::Send(answer) if answer.code == Code::BadText));
    assert_acked(&ana.say("m", "hi").await, 1);
}

#[tokio::test]
async fn a_frame_of_the_other_kind_or_over_the_limit_ends_the_connection() {
    let server = TestServer::demo();
    for (message, code) in [
        (
            WsMessage::text(r#"{"type":"SUMMARY_REQUEST","body":{"requestId":1}}"#),
            1003,
        ),
        (WsMessage::binary(vec![0; MAX_FRAME_BYTES + 1]), 1009),
    ] {
        let mut ana = server.protobuf_peer("Ana").await;
        ana.send_message(message).await;
        assert_eq!(ana.close_code().await, code);
    }
}

#[tokio::test]
async fn a_protobuf_client_may_sign_in_by_its_first_frame() {
    let server = TestServer::demo();
    let mut ana = server.protobuf_socket("/ws").await;
    ana.send_json(json!({"type": "PULL_REQUEST", "body": {"requestId": 7, "conversation": "r1"}}))
        .await;
    let refused = ana.next_of("ERROR_RESPONSE").await;
    assert_eq!(
        (&refused["code"], &refused["requestId"]),
        (&json!(4010), &json!(7))
    );
    ana.send_json(json!({"type": "AUTH_REQUEST", "body": {"accessToken": "Ana"}}))
        .await;
    assert_eq!(ana.next_of("AUTH_RESPONSE").await["user"]["name"], "Ana");
    assert_acked(&ana.say("m", "hi").await, 1);

    let accounts = TestServer::with_accounts();
    let mut nobody = accounts.protobuf_socket("/ws").await;
    nobody
        .send_json(json!({"type": "AUTH_REQUEST", "body": {"accessToken": "x"}}))
        .await;
    assert_eq!(nobody.next_of("AUTH_RESPONSE").await["code"], 4011);
    assert_eq!(nobody.close_code().await, 4401);
}
