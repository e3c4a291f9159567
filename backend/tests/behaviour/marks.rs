//! Delivered and read marks: stored, monotone, the same for both people and on every device.

use serde_json::json;
use shared::{ConversationId, Seq, event::Position, frame::ConversationSummary};

use super::support::{Peer, TestServer, assert_acked};

fn notice(kind: &str, conversation: &str, seq: u64) -> serde_json::Value {
    json!({"type": kind, "body": {"conversation": conversation, "seq": seq}})
}

/// The next `MARKS_NOTICE`: whose, delivered, read.
async fn next_marks(peer: &mut Peer) -> (u64, u64, u64) {
    let body = peer.next_of("MARKS_NOTICE").await;
    let number = |name: &str| body[name].as_u64().unwrap();
    (number("user"), number("delivered"), number("read"))
}

async fn summary_of(peer: &mut Peer, conversation: &str) -> ConversationSummary {
    let all = peer.summary().await.conversations;
    let id: ConversationId = conversation.parse().unwrap();
    all.into_iter().find(|one| one.id == id).unwrap()
}

#[tokio::test]
async fn the_sender_sees_on_all_devices_that_a_message_came_and_was_read() {
    let mut server = TestServer::demo();
    let (mut desk, mut phone) = (server.peer("Ana").await, server.peer("Ana").await);
    let (mut bo, mut bos_phone) = (server.peer("Bo").await, server.peer("Bo").await);
    for n in 1..=3 {
        assert_acked(&desk.whisper("Bo", &format!("m{n}"), "hi").await, n);
    }
    let start = summary_of(&mut desk, "d1-2").await;
    assert_eq!(start.peer_delivered, Some(Seq::NONE));
    bo.send_json(notice("DELIVERED_NOTICE", "d1-2", 2)).await;
    for device in [&mut desk, &mut phone, &mut bos_phone] {
        assert_eq!(next_marks(device).await, (2, 2, 0));
    }
    // Reading is having; what is past the end or before the mark moves nothing.
    bo.send_json(notice("READ_NOTICE", "d1-2", 3)).await;
    for stale in [1, 2, 3] {
        bo.send_json(notice("DELIVERED_NOTICE", "d1-2", stale))
            .await;
        bo.send_json(notice("READ_NOTICE", "d1-2", stale)).await;
    }
    bo.send_json(notice("DELIVERED_NOTICE", "d1-2", 99)).await;
    for device in [&mut desk, &mut phone] {
        assert_eq!(next_marks(device).await, (2, 3, 3));
    }
    assert_acked(&bo.whisper("Ana", "m4", "read it").await, 4);
    let before: Vec<_> = phone.everything_so_far().await;
    assert!(
        before.iter().all(|frame| frame["type"] != "MARKS_NOTICE"),
        "{before:?}"
    );
    server.restart().await;
    let of_ana = summary_of(&mut server.peer("Ana").await, "d1-2").await;
    assert_eq!(
        (of_ana.peer_delivered, of_ana.peer_read),
        (Some(Seq(3)), Some(Seq(3)))
    );
    let of_bo = summary_of(&mut server.peer("Bo").await, "d1-2").await;
    assert_eq!((of_bo.delivered, of_bo.read), (Some(Seq(3)), Seq(3)));
    assert_eq!(of_bo.peer_delivered, Some(Seq::NONE));
}

#[tokio::test]
async fn a_heartbeats_cursors_raise_the_mark_and_nobody_else_can() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    let mut eve = server.peer("Eve").await;
    let said = ana.say("m1", "hi").await;
    let told = ana.whisper("Bo", "m2", "hi").await;
    let held = |answer: &shared::frame::SendAnswer| Position {
        check: answer.check,
        ..Position::new(answer.conversation.unwrap(), answer.seq.unwrap())
    };
    let delivered = async |peer: &mut Peer, of| summary_of(peer, of).await.delivered;
    assert_eq!(delivered(&mut bo, "r1").await, Some(Seq::NONE));
    let number_alone = Position::new(ConversationId::EVERYONE, Seq(1));
    bo.heartbeat(&[number_alone]).await;
    assert_eq!(
        delivered(&mut bo, "r1").await,
        Some(Seq::NONE),
        "a number is no event that the device has"
    );
    bo.heartbeat(&[held(&said), held(&told)]).await;
    assert_eq!(delivered(&mut bo, "r1").await, Some(Seq(1)));
    assert_eq!(next_marks(&mut ana).await, (2, 1, 0));
    eve.heartbeat(&[held(&told)]).await;
    eve.send_json(notice("DELIVERED_NOTICE", "d1-2", 1)).await;
    assert_eq!(eve.next_of("ERROR_RESPONSE").await["code"], 4030);
    let none = eve.everything_so_far().await;
    assert!(none.iter().all(|frame| frame["type"] != "MARKS_NOTICE"));
}
