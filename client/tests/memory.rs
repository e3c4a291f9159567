//! What a device keeps of a client: it comes back the same, and is sent once it is stored.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod ana;

use std::collections::VecDeque;

use client::{Client, Delivery, Effect, HELD, Moment, Outgoing};
use shared::{
    Check, ClientFrame, Code, ConversationId, Message, MsgId, Seq, ServerFrame, Timestamp, UserId,
    event::Position,
    frame::{ConversationSummary, HeartbeatAnswer, Page, Summary},
};

use ana::{ana, hello};

const ROOM: ConversationId = ConversationId::EVERYONE;
const NOW: Moment = Moment::from_secs(9);

fn id(text: &str) -> MsgId {
    MsgId::parse(text).unwrap()
}

/// Ana is connected, and holds `m1` to `m5` of Bo in the room, of which she has read two.
fn holding_five() -> Client {
    let mut client = Client::new(ana(), None, 7);
    client.start(NOW);
    client.opened(NOW);
    client.received(NOW, hello("first"));
    let summary = client.summary();
    let room = ConversationSummary {
        title: Some("Pond".into()),
        ..summary.conversations[0].clone()
    };
    let conversations = vec![room];
    client.received(
        NOW,
        ServerFrame::Summary(Summary {
            conversations,
            ..summary
        }),
    );
    let mut check = Check::START;
    for seq in 1..=5 {
        let msg_id = id(&format!("m{seq}"));
        check = check.then(UserId(2), &msg_id, "hi");
        let message = Message {
            msg_id,
            content: "hi".into(),
            conversation: ROOM,
            seq: Seq(seq),
            from: UserId(2),
            from_user: "Bo".into(),
            sent_at: Timestamp(seq.cast_signed()),
            check: Some(check),
        };
        client.received(NOW, ServerFrame::Message(message));
    }
    client.mark_read(ROOM, Seq(2));
    sent(&mut client);
    client
}

/// A client as it starts again with what was kept of `former`.
fn recalled(former: &Client) -> Client {
    let mut client = Client::new(ana(), None, 8);
    let incarnation = former.incarnation().unwrap().to_owned();
    let pages: Vec<Page> = former
        .conversations()
        .filter_map(|one| former.page(one.id))
        .collect();
    client.recall(incarnation, former.summary(), pages);
    client
}

fn signed_in(client: &mut Client, incarnation: &str) -> Vec<ClientFrame> {
    client.start(NOW);
    client.opened(NOW);
    client.received(NOW, hello(incarnation));
    sent(client)
}

fn sent(client: &mut Client) -> Vec<ClientFrame> {
    std::iter::from_fn(|| client.next_effect())
        .filter_map(|effect| match effect {
            Effect::Transmit(frame) => Some(frame),
            _ => None,
        })
        .collect()
}

fn texts(frames: &[ClientFrame]) -> Vec<&str> {
    frames
        .iter()
        .filter_map(|frame| match frame {
            ClientFrame::SendToAll(send) => Some(&*send.content),
            _ => None,
        })
        .collect()
}

fn queued(text: &str) -> Outgoing {
    Outgoing {
        msg_id: id(text),
        conversation: ROOM,
        to_user: String::new(),
        content: text.into(),
        written_at: Timestamp(7),
        delivery: Delivery::Queued {
            not_before: Moment::ZERO,
        },
    }
}

#[test]
fn what_is_kept_comes_back_the_same() {
    let former = holding_five();
    let client = recalled(&former);
    let (before, after) = (
        former.conversation(ROOM).unwrap(),
        client.conversation(ROOM).unwrap(),
    );
    assert!(
        before.timeline().events().eq(after.timeline().events()),
        "the events"
    );
    assert_eq!((after.read, after.unread(UserId(1))), (Seq(2), 3));
    assert_eq!(after.title.as_deref(), Some("Pond"));
    assert_eq!(after.last_at, before.last_at);
    assert_eq!(client.incarnation(), Some("first"));
    assert_eq!(client.person(UserId(2)).unwrap().name, "Bo");
    // And what comes back is kept the same.
    assert_eq!(client.summary(), former.summary());
    assert_eq!(client.page(ROOM), former.page(ROOM));
}

#[test]
fn a_page_holds_the_newest_two_hundred() {
    let mut client = holding_five();
    for seq in 6..=250 {
        let message = Message {
            msg_id: id(&format!("m{seq}")),
            content: "more".into(),
            conversation: ROOM,
            seq: Seq(seq),
            from: UserId(2),
            from_user: "Bo".into(),
            sent_at: Timestamp(9),
            check: None,
        };
        client.received(NOW, ServerFrame::Message(message));
    }
    let page = client.page(ROOM).unwrap();
    assert_eq!(page.events.len(), 200);
    assert_eq!(page.events[0].seq(), Seq(51));
    let again = recalled(&client);
    let timeline = again.conversation(ROOM).unwrap().timeline();
    assert_eq!((timeline.floor(), timeline.cursor()), (Seq(50), Seq(250)));
}

#[test]
fn what_is_kept_is_compared_before_anything_is_sent() {
    let mut client = recalled(&holding_five());
    client.adopt(queued("late"));
    let frames = signed_in(&mut client, "first");
    assert!(texts(&frames).is_empty());
    let beat = frames.iter().find_map(|frame| match frame {
        ClientFrame::Heartbeat(beat) => Some(beat.clone()),
        _ => None,
    });
    let beat = beat.expect("the cursors are compared");
    assert_eq!(beat.cursors[0].seq, Seq(5));
    client.received(
        NOW,
        ServerFrame::Heartbeat(HeartbeatAnswer {
            request_id: beat.request_id,
            heads: vec![Position::new(ROOM, Seq(5))],
            diverged: vec![],
        }),
    );
    assert_eq!(texts(&sent(&mut client)), ["late"]);
}

#[test]
fn on_a_line_on_which_an_answer_takes_fifteen_seconds_it_is_compared_all_the_same() {
    for is_attended in [false, true] {
        compares_on_a_slow_line(is_attended);
    }
}

fn compares_on_a_slow_line(is_attended: bool) {
    let mut client = recalled(&holding_five());
    client.set_attended(is_attended);
    client.adopt(queued("late"));
    client.start(NOW);
    client.opened(NOW);
    client.received(NOW, hello("first"));
    let mut answers = VecDeque::new();
    let (mut asked, mut sent_at) = (0, None);
    for second in 0..120 {
        let now = NOW + Moment::from_secs(second);
        client.tick(now);
        for frame in sent(&mut client) {
            match frame {
                ClientFrame::Heartbeat(beat) => {
                    asked += 1;
                    let answer = HeartbeatAnswer {
                        request_id: beat.request_id,
                        heads: vec![Position::new(ROOM, Seq(5))],
                        diverged: vec![],
                    };
                    answers.push_back((now + Moment::from_secs(15), answer));
                }
                ClientFrame::SendToAll(_) => sent_at = sent_at.or(Some(second)),
                _ => {}
            }
        }
        while let Some((_, answer)) = answers.pop_front_if(|(at, _)| *at <= now) {
            client.received(now, ServerFrame::Heartbeat(answer));
        }
    }
    assert!(
        sent_at.is_some_and(|at| at < 60),
        "sent after {sent_at:?} s"
    );
    assert!(asked < 10, "asked {asked} times");
}

#[test]
fn another_database_leaves_nothing_but_the_outbox() {
    let mut client = recalled(&holding_five());
    client.adopt(queued("still mine"));
    let frames = signed_in(&mut client, "second");
    assert_eq!(texts(&frames), ["still mine"]);
    let room = client.conversation(ROOM).unwrap();
    assert_eq!(room.timeline().events().len(), 0);
    assert_eq!(client.incarnation(), Some("second"));
}

#[test]
fn a_message_goes_only_once_it_is_stored_and_holds_back_those_behind_it() {
    let mut client = Client::new(ana(), None, 7);
    signed_in(&mut client, "first");
    client.write(Timestamp(1), ROOM, id("one"), "one".into());
    client.write(Timestamp(2), ROOM, id("two"), "two".into());
    client.tick(NOW);
    assert!(texts(&sent(&mut client)).is_empty());
    client.kept(NOW, &[id("two")]);
    assert!(
        texts(&sent(&mut client)).is_empty(),
        "the first is not stored"
    );
    client.kept(NOW, &[id("one")]);
    assert_eq!(texts(&sent(&mut client)), ["one"]);
}

#[test]
fn a_message_of_another_window_is_shown_and_takes_over_what_became_of_it() {
    let mut client = Client::new(ana(), None, 7);
    signed_in(&mut client, "first");
    let delivery = |client: &Client| client.outbox().next().map(|entry| entry.delivery.clone());
    let with = |delivery| Outgoing {
        delivery,
        ..queued("theirs")
    };
    client.adopt(with(HELD));
    assert!(texts(&sent(&mut client)).is_empty());
    assert_eq!(delivery(&client), Some(HELD));
    let failed = Delivery::Failed {
        code: Code::TooLong,
    };
    client.adopt(with(failed.clone()));
    assert_eq!(delivery(&client), Some(failed));
    client.adopt(with(HELD));
    assert_eq!(delivery(&client), Some(HELD));
    client.kept(NOW, &[id("theirs")]);
    assert_eq!(texts(&sent(&mut client)), ["theirs"]);
    assert!(matches!(delivery(&client), Some(Delivery::Sent { .. })));
    // News of how it stood before it went changes nothing.
    client.adopt(with(HELD));
    assert!(matches!(delivery(&client), Some(Delivery::Sent { .. })));
}

#[test]
fn what_stands_in_the_log_does_not_come_back_from_the_store() {
    let mut client = holding_five();
    let message = Message {
        msg_id: id("mine"),
        content: "mine".into(),
        conversation: ROOM,
        seq: Seq(6),
        from: UserId(1),
        from_user: "Ana".into(),
        sent_at: Timestamp(9),
        check: None,
    };
    client.received(NOW, ServerFrame::Message(message));
    client.adopt(queued("mine"));
    assert_eq!(client.outbox().count(), 0);
}

#[test]
fn what_two_windows_wrote_stands_in_the_order_of_writing() {
    let mut client = Client::new(ana(), None, 7);
    client.write(Timestamp(5), ROOM, id("five"), "five".into());
    for (at, text) in [(3, "three"), (9, "nine"), (7, "seven")] {
        client.adopt(Outgoing {
            written_at: Timestamp(at),
            delivery: HELD,
            ..queued(text)
        });
    }
    let order: Vec<_> = client.outbox().map(|entry| &*entry.content).collect();
    assert_eq!(order, ["three", "five", "seven", "nine"]);
}
