//! Delivered and read marks in the engine: told once in a while, never going back.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use client::{Client, Effect, Moment};
use proptest::prelude::*;
use shared::{
    ClientFrame, Code, ConversationId, Message, MsgId, RequestId, Seq, ServerFrame, Timestamp,
    UserId,
    frame::{AuthAnswer, ConversationSummary, Marks, ReadMark, Summary, User},
};

fn ana() -> User {
    User {
        id: UserId(1),
        name: "Ana".into(),
    }
}

fn with_bo() -> ConversationId {
    ConversationId::direct(UserId(1), UserId(2))
}

fn summary(request_id: u64, delivered: u64, peer: (u64, u64)) -> ServerFrame {
    let one = ConversationSummary {
        id: with_bo(),
        title: None,
        head: Seq::NONE,
        read: Seq::NONE,
        unread: 0,
        last_at: Timestamp(0),
        delivered: Some(Seq(delivered)),
        peer_delivered: Some(Seq(peer.0)),
        peer_read: Some(Seq(peer.1)),
    };
    ServerFrame::Summary(Summary {
        request_id: RequestId(request_id),
        me: ana(),
        conversations: vec![one],
        people: vec![],
    })
}

fn connected(now: Moment, delivered: u64) -> Client {
    let mut client = Client::new(ana(), None, 7);
    client.start(now);
    client.opened(now);
    let hello = AuthAnswer {
        code: Code::Success,
        message: String::new(),
        user: Some(ana()),
        build: None,
        incarnation: None,
    };
    client.received(now, ServerFrame::Auth(hello));
    client.received(now, summary(1, delivered, (0, 0)));
    client
}

fn message(seq: u64, from: u64) -> ServerFrame {
    ServerFrame::Message(Message {
        msg_id: MsgId::parse(&format!("m{seq}")).unwrap(),
        content: "hi".into(),
        conversation: with_bo(),
        seq: Seq(seq),
        from: UserId(from),
        from_user: "x".into(),
        sent_at: Timestamp(0),
        check: None,
    })
}

fn told(client: &mut Client) -> Vec<u64> {
    let effects = std::iter::from_fn(|| client.next_effect());
    effects
        .filter_map(|effect| match effect {
            Effect::Transmit(ClientFrame::Delivered(place)) => Some(place.seq.0),
            _ => None,
        })
        .collect()
}

#[test]
fn a_burst_of_messages_is_told_by_two_notices() {
    let now = Moment::from_secs(9);
    let mut client = connected(now, 0);
    for seq in 1..=5 {
        client.received(now, message(seq, 2));
    }
    assert_eq!(told(&mut client), [1]);
    client.tick(now + Moment::from_secs(1));
    assert_eq!(told(&mut client), [5]);
    client.tick(now + Moment::from_secs(5));
    client.received(now + Moment::from_secs(6), message(6, 1));
    client.tick(now + Moment::from_secs(8));
    assert_eq!(told(&mut client), [0; 0], "ones own need not be told");
}

#[test]
fn what_another_device_told_is_not_told_again() {
    let now = Moment::from_secs(9);
    let mut client = connected(now, 3);
    for seq in 1..=3 {
        client.received(now, message(seq, 2));
    }
    assert_eq!(told(&mut client), [0; 0]);
    client.received(now, message(4, 2));
    assert_eq!(told(&mut client), [4]);
}

#[test]
fn who_writes_before_anything_is_shown_has_read_nothing() {
    let mut client = connected(Moment::from_secs(9), 0);
    let mark = ReadMark {
        conversation: with_bo(),
        seq: Seq::NONE,
        unread: 5,
        head: Some(Seq(5)),
    };
    client.received(Moment::from_secs(9), ServerFrame::Read(mark));
    let read = |client: &Client| client.conversation(with_bo()).unwrap().read;
    client.mark_all_read(with_bo());
    assert_eq!(read(&client), Seq::NONE);
    client.received(Moment::from_secs(10), message(6, 2));
    client.mark_all_read(with_bo());
    assert_eq!(read(&client), Seq(6));
}

#[test]
fn a_read_mark_that_was_counted_before_a_message_came_leaves_it_unread() {
    let now = Moment::from_secs(9);
    let mut client = connected(now, 0);
    // More than is held, so that the count is the server's.
    let mark = |seq, head, unread| {
        ServerFrame::Read(ReadMark {
            conversation: with_bo(),
            seq: Seq(seq),
            unread,
            head: Some(Seq(head)),
        })
    };
    let unread = |client: &Client| client.conversation(with_bo()).unwrap().unread(UserId(1));
    client.received(now, message(7, 2));
    client.received(now, mark(3, 6, 3));
    assert_eq!(unread(&client), 4);
    client.received(now, mark(3, 5, 2));
    assert_eq!(unread(&client), 4, "an older count says nothing new");
    let effects = std::iter::from_fn(|| client.next_effect());
    let is_read = |effect: &Effect| matches!(effect, Effect::Transmit(ClientFrame::Read(_)));
    assert_eq!(effects.filter(|one| is_read(one)).count(), 0, "no echo");
}

proptest! {
    #[test]
    fn a_mark_never_goes_back_whatever_the_order(
        steps in prop::collection::vec((any::<bool>(), 0u64..9, 0u64..9), 0..30),
    ) {
        let now = Moment::from_secs(9);
        let mut client = connected(now, 0);
        let mut before = (Seq::NONE, Seq::NONE);
        for (is_summary, delivered, read) in steps {
            client.received(now, if is_summary {
                summary(1, 0, (delivered, read))
            } else {
                ServerFrame::Marks(Marks {
                    conversation: with_bo(),
                    user: UserId(2),
                    delivered: Seq(delivered),
                    read: Seq(read),
                })
            });
            let one = client.conversation(with_bo()).unwrap();
            let marks = (one.peer_delivered(), one.peer_read());
            let expected = (
                before.0.max(Seq(delivered)).max(Seq(read)),
                before.1.max(Seq(read)),
            );
            prop_assert_eq!(marks, expected);
            before = marks;
        }
    }
}
