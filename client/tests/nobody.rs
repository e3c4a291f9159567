//! A private conversation with somebody who does not exist is asked for once, and said to be none.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod ana;

use client::{Change, Client, Closed, Effect, Moment};
use shared::{
    ClientFrame, Code, ConversationId, Message, MsgId, RequestId, Seq, ServerFrame, Timestamp,
    UserId,
    frame::{ErrorAnswer, Person, Presence},
};

use ana::{ana, hello};

const NOW: Moment = Moment::from_secs(9);

fn connected() -> Client {
    let mut client = Client::new(ana(), None, 7);
    client.start(NOW);
    client.opened(NOW);
    client.received(NOW, hello("one database"));
    client
}

/// The pulls since this was called last.
fn pulls(client: &mut Client) -> Vec<RequestId> {
    let effects = std::iter::from_fn(|| client.next_effect());
    let pulls = effects.filter_map(|effect| match effect {
        Effect::Transmit(ClientFrame::Pull(pull)) => Some(pull.request_id),
        _ => None,
    });
    pulls.collect()
}

fn refuse(client: &mut Client, request_id: RequestId, code: Code) {
    let answer = ErrorAnswer {
        request_id: Some(request_id),
        code,
        message: String::new(),
        retry_after_ms: None,
    };
    client.received(NOW, ServerFrame::Error(answer));
}

#[test]
fn what_is_refused_for_good_is_not_asked_again() {
    let mut client = connected();
    let with_nobody = ConversationId::direct(UserId(1), UserId(99));
    client.open(NOW, with_nobody);
    assert!(!client.is_with_nobody(with_nobody), "nothing is known yet");
    let asked = pulls(&mut client);
    refuse(&mut client, asked[0], Code::NoSuchUser);
    assert!(client.is_with_nobody(with_nobody));
    for seconds in 1..60 {
        client.tick(NOW + Moment::from_secs(seconds));
        client.page_back(NOW + Moment::from_secs(seconds), with_nobody);
    }
    assert_eq!(pulls(&mut client), []);

    let message = Message {
        msg_id: MsgId::parse("m1").unwrap(),
        content: "hi".into(),
        conversation: with_nobody,
        seq: Seq(1),
        from: UserId(99),
        from_user: "Zoe".into(),
        sent_at: Timestamp(0),
        check: None,
    };
    client.received(NOW, ServerFrame::Message(message));
    assert!(!client.is_with_nobody(with_nobody), "they came after all");
}

#[test]
fn somebody_who_signs_up_meanwhile_is_not_nobody() {
    let mut client = connected();
    let with_nobody = ConversationId::direct(UserId(1), UserId(99));
    client.open(NOW, with_nobody);
    let asked = pulls(&mut client);
    refuse(&mut client, asked[0], Code::NoSuchUser);
    while client.next_change().is_some() {}
    let zoe = Person {
        id: UserId(99),
        name: "Zoe".into(),
        presence: Presence::Online,
    };
    client.received(NOW, ServerFrame::Presence(zoe));
    assert!(!client.is_with_nobody(with_nobody));
    let mut changes = std::iter::from_fn(|| client.next_change());
    assert!(changes.any(|change| change == Change::Conversations));
    client.page_back(NOW, with_nobody);
    assert_eq!(pulls(&mut client).len(), 1);
}

#[test]
fn another_database_may_know_them() {
    let mut client = connected();
    let with_nobody = ConversationId::direct(UserId(1), UserId(99));
    client.open(NOW, with_nobody);
    let asked = pulls(&mut client);
    refuse(&mut client, asked[0], Code::NoSuchUser);
    client.closed(NOW, Closed::Lost);
    client.retry_now(NOW);
    client.opened(NOW);
    client.received(NOW, hello("another database"));
    assert!(!client.is_with_nobody(with_nobody));
}

#[test]
fn what_is_refused_for_now_is_asked_again() {
    let mut client = connected();
    let with_somebody = ConversationId::direct(UserId(1), UserId(2));
    client.open(NOW, with_somebody);
    let asked = pulls(&mut client);
    refuse(&mut client, asked[0], Code::Unavailable);
    assert!(!client.is_with_nobody(with_somebody));
    client.page_back(NOW, with_somebody);
    assert_eq!(pulls(&mut client), [], "not at once");
    client.tick(NOW + Moment::from_secs(3));
    client.page_back(NOW + Moment::from_secs(3), with_somebody);
    assert_eq!(pulls(&mut client).len(), 1);
}
