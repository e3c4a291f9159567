//! The log: order, repetition, absence, paging, read marks.

use shared::{Code, ConversationId, Event, Seq, UserId};

use super::support::{TestServer, assert_acked};

const EVERYONE: ConversationId = ConversationId::EVERYONE;

#[tokio::test]
async fn a_message_sent_twice_is_stored_once_and_answered_alike() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    let first = ana.say("m1", "hi").await;
    assert_eq!(first, ana.say("m1", "hi").await);
    assert_acked(&first, 1);
    assert_eq!(
        ana.say("m1", "something else").await.code,
        Code::MsgIdReused
    );
    assert_acked(&bo.say("m1", "hi").await, 2); // another sender's id is another id
    let seqs: Vec<_> = bo
        .pull(EVERYONE, None, None)
        .await
        .events
        .iter()
        .map(Event::seq)
        .collect();
    assert_eq!(seqs, [Seq(1), Seq(2)]);
}

#[tokio::test]
async fn a_message_sent_twice_is_pushed_once() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    for _ in 0..3 {
        assert_acked(&ana.say("m1", "hi").await, 1);
    }
    let pushed: Vec<_> = bo
        .messages_so_far()
        .await
        .into_iter()
        .map(|one| one.seq)
        .collect();
    assert_eq!(pushed, [Seq(1)]);
}

#[tokio::test]
async fn a_private_conversation_with_nobody_is_refused_and_an_empty_one_is_not() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    let (ana_id, bo_id) = (ana.summary().await.me.id, bo.summary().await.me.id);
    let with_nobody = ConversationId::direct(ana_id, UserId(bo_id.0 + 90));
    let refusal = ana.try_pull(with_nobody, None, None).await.unwrap_err();
    assert_eq!(refusal.code, Code::NoSuchUser);
    let with_bo = ConversationId::direct(ana_id, bo_id);
    assert_eq!(ana.pull(with_bo, None, None).await.head, Seq::NONE);
}

#[tokio::test]
async fn a_page_of_control_characters_fits_a_socket() {
    let server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    // One byte that takes six in JSON; as many as a message may have.
    let text = "\u{1}".repeat(8_000);
    for n in 1..=12 {
        assert_acked(&ana.say(&format!("m{n}"), &text).await, n);
    }
    let page = ana.pull(EVERYONE, None, None).await;
    assert!(!page.events.is_empty() && page.head == Seq(12));
}

#[tokio::test]
async fn a_message_sent_twice_at_once_is_stored_once() {
    let server = TestServer::demo();
    let (mut desk, mut phone) = (server.peer("Ana").await, server.peer("Ana").await);
    for n in 1..=20 {
        let id = format!("m{n}");
        let (one, other) = tokio::join!(desk.say(&id, "hi"), phone.say(&id, "hi"));
        assert_eq!((one.seq, one.code), (other.seq, Code::Success));
        assert_acked(&one, n);
    }
}

#[tokio::test]
async fn everybody_sees_one_order_without_holes() {
    let server = TestServer::demo();
    let mut listener = server.peer("Listener").await;
    let mut talkers = Vec::new();
    for n in 0..8 {
        talkers.push(server.peer(&format!("Talker{n}")).await);
    }
    let talking = talkers
        .into_iter()
        .enumerate()
        .map(|(n, mut talker)| async move {
            for m in 0..25 {
                assert_eq!(
                    talker.say(&format!("{n}-{m}"), "hi").await.code,
                    Code::Success
                );
            }
        });
    futures_util::future::join_all(talking).await;
    let mut pushed = Vec::new();
    while pushed.len() < 200 {
        pushed.push(listener.next_message().await);
    }
    let seqs: Vec<_> = pushed.iter().map(|message| message.seq.0).collect();
    assert_eq!(
        seqs,
        (1..=200).collect::<Vec<_>>(),
        "pushes come in the order of the log"
    );
    let mut pulled = Vec::new();
    while pulled.len() < 200 {
        let after = Some(Seq(pulled.len() as u64));
        pulled.extend(listener.pull(EVERYONE, after, None).await.events);
    }
    let pushed: Vec<_> = pushed.into_iter().map(Event::MessageSent).collect();
    assert_eq!(pushed, pulled, "a push is what a pull gives");
}

#[tokio::test]
async fn who_was_away_finds_what_was_written_meanwhile() {
    let mut server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    ana.say("m1", "you are here").await;
    bo.leave().await;
    ana.say("m2", "you are not").await;
    ana.whisper("Bo", "m3", "read this later").await;
    server.restart().await;
    bo = server.peer("Bo").await;
    let summary = bo.summary().await;
    let mut unread: Vec<_> = summary
        .conversations
        .iter()
        .map(|one| (one.id.to_string(), one.head.0, one.unread))
        .collect();
    // Both may have been written within one millisecond, and then either is the most recent.
    unread.sort_unstable();
    assert_eq!(unread, [("d1-2".to_owned(), 1, 1), ("r1".to_owned(), 2, 2)]);
    assert!(
        summary.people.iter().any(|person| person.name == "Ana"),
        "a private peer is known"
    );
    let direct = bo.pull("d1-2".parse().unwrap(), None, None).await;
    assert!(
        matches!(&direct.events[..], [Event::MessageSent(m)] if m.content == "read this later")
    );
}

#[tokio::test]
async fn a_newcomer_has_nothing_unread_and_all_of_the_history() {
    let server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    ana.say("m1", "before you came").await;
    let mut bo = server.peer("Bo").await;
    let summary = bo.summary().await;
    let room = &summary.conversations[0];
    assert_eq!((room.unread, room.head), (0, Seq(1)));
    assert_eq!(
        (room.read, room.delivered),
        (Seq(1), Some(Seq(1))),
        "who has read has it delivered"
    );
    assert_eq!(bo.pull(EVERYONE, None, None).await.events.len(), 1);
}

#[tokio::test]
async fn history_pages_back_by_seq() {
    let server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    for n in 1..=120 {
        ana.say(&format!("m{n}"), "hi").await;
    }
    let (mut before, mut pages) = (None, Vec::new());
    loop {
        let page = ana.pull(EVERYONE, None, before).await;
        let Some(first) = page.events.first() else {
            break;
        };
        assert_eq!(page.head, Seq(120));
        before = Some(first.seq());
        pages.push((first.seq().0, page.events.last().unwrap().seq().0));
    }
    assert_eq!(pages, [(71, 120), (21, 70), (1, 20)]);
}

#[tokio::test]
async fn a_page_of_long_messages_is_cut_short_and_never_has_a_hole() {
    let server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    let long = "\"".repeat(16 * 1024);
    for n in 1..=12 {
        assert_acked(&ana.say(&format!("m{n}"), &long).await, n);
    }
    let mut seqs = Vec::new();
    while seqs.len() < 12 {
        let after = Some(Seq(seqs.len() as u64));
        let page = ana.pull(EVERYONE, after, None).await;
        assert!(!page.events.is_empty() && page.events.len() < 12);
        seqs.extend(page.events.iter().map(|event| event.seq().0));
    }
    assert_eq!(seqs, (1..=12).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_private_conversation_is_closed_to_others() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    let mut eve = server.peer("Eve").await;
    ana.whisper("Bo", "m1", "secret").await;
    assert_eq!(bo.next_message().await.content, "secret");
    let body = serde_json::json!({"requestId": 1, "conversation": "d1-2"});
    eve.send_json(serde_json::json!({"type": "PULL_REQUEST", "body": body}))
        .await;
    assert_eq!(eve.next_of("ERROR_RESPONSE").await["code"], 4030);
    let body = serde_json::json!(
        {"toUser": "Bo", "conversation": "d1-2", "msgId": "x", "content": "I am Ana"});
    eve.send_json(serde_json::json!({"type": "SEND_TO_ONE_REQUEST", "body": body}))
        .await;
    assert_eq!(eve.next_of("SEND_RESPONSE").await["code"], 4030);
    assert_eq!(
        bo.pull("d1-2".parse().unwrap(), None, None).await.head,
        Seq(1)
    );
}

#[tokio::test]
async fn a_private_message_reaches_the_senders_other_devices() {
    let server = TestServer::demo();
    let (mut desk, mut phone) = (server.peer("Ana").await, server.peer("Ana").await);
    let _bo = server.peer("Bo").await;
    desk.whisper("Bo", "m1", "from the desk").await;
    assert_eq!(phone.next_message().await.content, "from the desk");
    assert!(desk.messages_so_far().await.is_empty());
}

#[tokio::test]
async fn a_private_message_goes_to_nobody_but_who_has_the_id_and_the_name() {
    let server = TestServer::demo();
    let (mut ana, mut bo) = (server.peer("Ana").await, server.peer("Bo").await);
    let mut eve = server.peer("Eve").await;
    for (name, id, code) in [("Eve", "m1", 4040), ("bo", "m2", 0), ("", "m3", 0)] {
        let body = serde_json::json!(
            {"toUser": name, "conversation": "d1-2", "msgId": id, "content": id});
        ana.send_json(serde_json::json!({"type": "SEND_TO_ONE_REQUEST", "body": body}))
            .await;
        assert_eq!(ana.next_of("SEND_RESPONSE").await["code"], code, "{name}");
    }
    assert_eq!(bo.next_message().await.content, "m2");
    assert_eq!(bo.next_message().await.content, "m3");
    assert_eq!(eve.messages_so_far().await, []);
}

#[tokio::test]
async fn notes_to_oneself_have_a_conversation_too() {
    let server = TestServer::demo();
    let (mut desk, mut phone) = (server.peer("Ana").await, server.peer("Ana").await);
    assert_acked(&desk.whisper("Ana", "m1", "remember").await, 1);
    assert_eq!(phone.next_message().await.content, "remember");
    assert_eq!(phone.messages_so_far().await, [], "once is enough");
}

#[tokio::test]
async fn a_read_mark_moves_forward_on_all_devices_and_survives() {
    let mut server = TestServer::demo();
    let mut ana = server.peer("Ana").await;
    let (mut desk, mut phone) = (server.peer("Bo").await, server.peer("Bo").await);
    for n in 1..=5 {
        ana.say(&format!("m{n}"), "hi").await;
    }
    let mark = |seq| serde_json::json!({"type": "READ_NOTICE", "body": {"conversation": "r1", "seq": seq}});
    for (sent, stands, unread) in [(3, 3, 2), (1, 3, 2), (99, 5, 0)] {
        desk.send_json(mark(sent)).await;
        let told = phone.next_of("READ_NOTICE").await;
        assert_eq!(
            (&told["seq"], &told["unread"]),
            (&stands.into(), &unread.into())
        );
    }
    server.restart().await;
    let summary = server.peer("Bo").await.summary().await;
    assert_eq!(
        (
            summary.conversations[0].read,
            summary.conversations[0].unread
        ),
        (Seq(5), 0)
    );
}
