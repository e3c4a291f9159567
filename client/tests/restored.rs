//! A server that came back from a backup, or with another database: what is kept, what is sent again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

use client::{Change, Client, Closed, Delivery, Effect, Link, Moment};
use shared::{
    Check, ClientFrame, Code, ConversationId, Message, MsgId, Seq, ServerFrame, Timestamp, UserId,
    event::Position,
    frame::{
        AuthAnswer, ConversationSummary, Heartbeat, HeartbeatAnswer, Person, Presence, ReadMark,
        Summary, User,
    },
};

const ROOM: ConversationId = ConversationId::EVERYONE;
const NOW: Moment = Moment::from_secs(9);

fn ana(id: u64) -> User {
    User {
        id: UserId(id),
        name: "Ana".into(),
    }
}

fn hello(id: u64, incarnation: &str) -> ServerFrame {
    ServerFrame::Auth(AuthAnswer {
        code: Code::Success,
        message: String::new(),
        user: Some(ana(id)),
        build: None,
        incarnation: Some(incarnation.into()),
    })
}

/// Ana is connected, and holds nothing.
fn connected() -> Client {
    let mut client = Client::new(ana(1), None, 7);
    client.start(NOW);
    client.opened(NOW);
    client.received(NOW, hello(1, "first"));
    client
}

/// Ana is connected, and holds her `m1` and Bo's `m2` in the room.
fn holding_two() -> Client {
    let mut client = Client::new(ana(1), None, 7);
    client.start(NOW);
    client.open(NOW, ROOM);
    client.opened(NOW);
    client.received(NOW, hello(1, "first"));
    let mut check = Check::START;
    for (seq, from) in [(1, 1), (2, 2)] {
        let msg_id = MsgId::parse(&format!("m{seq}")).unwrap();
        check = check.then(UserId(from), &msg_id, "hi");
        let message = Message {
            msg_id,
            content: "hi".into(),
            conversation: ROOM,
            seq: Seq(seq),
            from: UserId(from),
            from_user: "Somebody".into(),
            sent_at: Timestamp(5),
            check: Some(check),
        };
        client.received(NOW, ServerFrame::Message(message));
    }
    sent(&mut client);
    client
}

/// The connection breaks, and another one signs in.
fn comes_back(client: &mut Client, hello: ServerFrame) -> Vec<ClientFrame> {
    client.closed(NOW, Closed::Lost);
    client.retry_now(NOW);
    client.opened(NOW);
    client.received(NOW, hello);
    sent(client)
}

fn person(id: u64, name: &str) -> ServerFrame {
    ServerFrame::Presence(Person {
        id: UserId(id),
        name: name.into(),
        presence: Presence::Online,
    })
}

fn sent(client: &mut Client) -> Vec<ClientFrame> {
    let effects = std::iter::from_fn(|| client.next_effect());
    effects
        .filter_map(|effect| match effect {
            Effect::Transmit(frame) => Some(frame),
            _ => None,
        })
        .collect()
}

fn write(client: &mut Client, to: ConversationId, id: &str) {
    let id = MsgId::parse(id).unwrap();
    client.send(NOW, Timestamp(6), to, id, "later".into());
}

fn ids(frames: &[ClientFrame]) -> Vec<&str> {
    let sends = frames.iter().filter_map(|frame| match frame {
        ClientFrame::SendToAll(send) => Some(send.msg_id.as_str()),
        ClientFrame::SendToOne(send) => Some(send.msg_id.as_str()),
        _ => None,
    });
    sends.collect()
}

/// What a client asks to be compared.
fn comparison(frames: &[ClientFrame]) -> Heartbeat {
    let asked = frames.iter().find_map(|frame| match frame {
        ClientFrame::Heartbeat(beat) => Some(beat.clone()),
        _ => None,
    });
    asked.expect("it asks right after signing in")
}

/// The read marks that a client tells.
fn marks(frames: &[ClientFrame]) -> Vec<u64> {
    let marks = frames.iter().filter_map(|frame| match frame {
        ClientFrame::Read(mark) => Some(mark.seq.0),
        _ => None,
    });
    marks.collect()
}

/// The answer to the heartbeat among these frames.
fn beat(frames: &[ClientFrame], diverged: Vec<ConversationId>) -> ServerFrame {
    let asked = comparison(frames);
    assert_eq!(asked.cursors.len(), 1);
    assert!(asked.cursors[0].check.is_some());
    ServerFrame::Heartbeat(HeartbeatAnswer {
        request_id: asked.request_id,
        heads: vec![Position::new(ROOM, Seq(0))],
        diverged,
    })
}

#[test]
fn nothing_is_sent_before_the_logs_were_compared_and_what_was_lost_goes_first() {
    let mut client = holding_two();
    let frames = comes_back(&mut client, hello(1, "first"));
    write(&mut client, ROOM, "m3");
    assert_eq!(ids(&sent(&mut client)), [""; 0]);
    client.received(NOW, beat(&frames, vec![ROOM]));
    assert_eq!(ids(&sent(&mut client)), ["m1"]);
    let waiting: Vec<_> = client
        .outgoing(ROOM)
        .map(|one| one.msg_id.as_str())
        .collect();
    assert_eq!(waiting, ["m1", "m3"]);
    let room = client.conversation(ROOM).unwrap();
    assert_eq!(
        room.timeline().events().len(),
        0,
        "Bo's is Bo's to send again"
    );
    let restored = room.restored().unwrap();
    assert_eq!((restored.at, restored.resent), (NOW, 1));
    let changes: Vec<_> = std::iter::from_fn(|| client.next_change()).collect();
    assert!(changes.contains(&Change::Restored(ROOM)));
    client.dismiss_restored(ROOM);
    assert_eq!(client.conversation(ROOM).unwrap().restored(), None);
}

#[test]
fn a_server_that_only_restarted_changes_nothing() {
    let mut client = holding_two();
    let frames = comes_back(&mut client, hello(1, "first"));
    client.received(NOW, beat(&frames, vec![]));
    let room = client.conversation(ROOM).unwrap();
    assert_eq!((room.timeline().cursor(), room.restored()), (Seq(2), None));
    write(&mut client, ROOM, "m3");
    assert_eq!(ids(&sent(&mut client)), ["m3"]);
}

#[test]
fn another_database_gets_only_what_it_was_written_for() {
    let mut client = holding_two();
    client.closed(NOW, Closed::Lost);
    let private = ConversationId::direct(UserId(1), UserId(2));
    write(&mut client, ROOM, "m3");
    write(&mut client, private, "m4");
    client.retry_now(NOW);
    client.opened(NOW);
    client.received(NOW, hello(1, "second"));
    assert_eq!(
        ids(&sent(&mut client)),
        ["m3"],
        "m1 was said on the former one"
    );
    let held = &client.outgoing(private).next().unwrap().delivery;
    assert!(
        matches!(held, Delivery::Failed { .. }),
        "number 2 is a stranger here: {held:?}"
    );
    let room = client.conversation(ROOM).unwrap();
    assert_eq!(room.timeline().cursor(), Seq(0));
}

#[test]
fn a_backup_older_than_the_account_gets_what_was_said_in_rooms() {
    let mut client = holding_two();
    let frames = comes_back(&mut client, hello(8, "first"));
    assert_eq!(ids(&frames), ["m1"]);
    assert_eq!(client.me().id, UserId(8));
}

#[test]
fn another_person_on_the_same_browser_sends_nothing_of_the_first() {
    let mut client = holding_two();
    write(&mut client, ROOM, "m3");
    assert_eq!(ids(&sent(&mut client)), ["m3"]);
    let other = User {
        id: UserId(9),
        name: "Bo".into(),
    };
    let ServerFrame::Auth(mut answer) = hello(9, "first") else {
        unreachable!("a hello is a sign-in's answer");
    };
    answer.user = Some(other);
    let frames = comes_back(&mut client, ServerFrame::Auth(answer));
    assert_eq!(ids(&frames), [""; 0]);
    assert_eq!(
        (client.link(), client.me().id),
        (Link::SignedOut, UserId(1))
    );
    assert_eq!(client.outgoing(ROOM).count(), 1, "kept for the first");
}

#[test]
fn a_private_message_names_whom_it_was_written_to() {
    let mut client = holding_two();
    let private = ConversationId::direct(UserId(1), UserId(2));
    client.received(NOW, person(2, "Bo"));
    client.closed(NOW, Closed::Lost);
    write(&mut client, private, "m3");
    client.retry_now(NOW);
    client.opened(NOW);
    client.received(NOW, hello(1, "first"));
    client.received(NOW, person(2, "Cy"));
    let frames = sent(&mut client);
    let to: Vec<_> = frames
        .iter()
        .filter_map(|frame| match frame {
            ClientFrame::SendToOne(send) => Some(send.to_user.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(to, ["Bo"], "the server refuses it where number 2 is not Bo");
}

#[test]
fn what_was_kept_on_disk_goes_again_but_not_to_strangers() {
    let kept = |client: &mut Client| {
        let private = ConversationId::direct(UserId(1), UserId(2));
        write(client, ROOM, "m1");
        write(client, private, "m2");
        let all = [ROOM, private].map(|id| client.outgoing(id).cloned().collect::<Vec<_>>());
        all.concat()
    };
    let mut outbox = kept(&mut Client::new(ana(1), None, 7));
    outbox[0].delivery = Delivery::Sent { at: NOW };
    for (incarnation, expected) in [("first", vec!["m1", "m2"]), ("second", vec!["m1"])] {
        let mut client = Client::new(ana(1), None, 7);
        client.resume(Some("first".into()), outbox.clone());
        client.start(NOW);
        client.opened(NOW);
        client.received(NOW, hello(1, incarnation));
        assert_eq!(ids(&sent(&mut client)), expected, "{incarnation}");
    }
}

#[test]
fn what_is_held_is_compared_before_a_large_hole_is_given_up() {
    let mut client = holding_two();
    let frames = comes_back(&mut client, hello(1, "first"));
    let far = vec![Position::new(ROOM, Seq(900))];
    client.received(NOW, ServerFrame::Heads(shared::frame::Heads { heads: far }));
    let held = client.conversation(ROOM).unwrap().timeline().events().len();
    assert_eq!(held, 2, "nothing is dropped yet");
    client.received(NOW, beat(&frames, vec![ROOM]));
    assert_eq!(ids(&sent(&mut client)), ["m1"]);

    let mut client = holding_two();
    let frames = comes_back(&mut client, hello(1, "first"));
    let far = vec![Position::new(ROOM, Seq(900))];
    client.received(NOW, ServerFrame::Heads(shared::frame::Heads { heads: far }));
    client.received(NOW, beat(&frames, vec![]));
    let timeline = client.conversation(ROOM).unwrap().timeline();
    assert_eq!(
        timeline.floor(),
        Seq(900),
        "it is the same log, so the end will do"
    );
    assert_eq!(ids(&sent(&mut client)), [""; 0]);
}

#[test]
fn a_bot_that_is_told_who_it_is_keeps_its_private_messages() {
    let private = ConversationId::direct(UserId(1), UserId(2));
    let mut former = Client::new(ana(1), None, 7);
    write(&mut former, private, "m1");
    let outbox: Vec<_> = former.outgoing(private).cloned().collect();
    let mut client = Client::new(ana(0), None, 7);
    client.resume(Some("first".into()), outbox);
    client.start(NOW);
    client.opened(NOW);
    client.received(NOW, hello(1, "first"));
    assert_eq!(ids(&sent(&mut client)), ["m1"]);
}

/// Ana's device holds the end of the room alone: her `m5`, which her other device wrote after her `m4`.
/// The server comes back without both, and says so; gives what is asked then.
fn holding_the_end() -> (Client, Vec<ClientFrame>) {
    let mut client = connected();
    client.received(NOW, ServerFrame::Message(own("m5", 5)));
    sent(&mut client);
    let frames = comes_back(&mut client, hello(1, "first"));
    write(&mut client, ROOM, "m6");
    client.received(NOW, beat(&frames, vec![ROOM]));
    let frames = sent(&mut client);
    assert_eq!(ids(&frames), [""; 0], "m4 may be held elsewhere");
    (client, frames)
}

fn own(id: &str, seq: u64) -> Message {
    Message {
        msg_id: MsgId::parse(id).unwrap(),
        content: "hi".into(),
        conversation: ROOM,
        seq: Seq(seq),
        from: UserId(1),
        from_user: "Ana".into(),
        sent_at: Timestamp(5),
        check: Some(Check(seq)),
    }
}

#[test]
fn a_device_that_holds_all_that_was_lost_sends_it_at_once() {
    let (mut client, frames) = holding_the_end();
    let ClientFrame::Heartbeat(asked) = &frames[0] else {
        panic!("{frames:?}");
    };
    let first = Position {
        check: Some(Check(5)),
        ..Position::new(ROOM, Seq(5))
    };
    assert_eq!(asked.cursors, [first], "whether the lost part begins there");
    client.received(NOW, beat(&frames, vec![]));
    assert_eq!(ids(&sent(&mut client)), ["m5"]);
}

#[test]
fn a_device_that_holds_the_end_of_it_lets_others_send_first() {
    let (mut client, frames) = holding_the_end();
    client.received(NOW, beat(&frames, vec![ROOM]));
    assert_eq!(ids(&sent(&mut client)), [""; 0]);
    let waiting = |client: &Client| -> Vec<_> {
        let outgoing = client.outgoing(ROOM);
        outgoing.map(|one| one.msg_id.to_string()).collect()
    };
    for (id, seq) in [("m4", 3), ("m5", 4)] {
        let again = Message {
            check: None,
            ..own(id, seq)
        };
        client.received(NOW, ServerFrame::Message(again));
    }
    assert_eq!(waiting(&client), ["m6"], "the other device sent both");
}

#[test]
fn the_others_time_is_counted_on_connections_alone() {
    let (mut client, frames) = holding_the_end();
    client.received(NOW, beat(&frames, vec![ROOM]));
    let now = NOW + Moment::from_secs(20);
    client.received(now, person(2, "Bo"));
    client.closed(now, Closed::Lost);
    let now = NOW + Moment::from_mins(5);
    client.retry_now(now);
    client.opened(now);
    client.received(now, hello(1, "first"));
    client.tick(now);
    assert_eq!(ids(&sent(&mut client)), [""; 0]);
    let now = now + Moment::from_secs(24);
    client.received(now, person(2, "Bo"));
    client.tick(now);
    assert_eq!(ids(&sent(&mut client)), [""; 0]);
    let now = now + Moment::from_secs(1);
    client.tick(now);
    assert_eq!(ids(&sent(&mut client)), ["m5"]);
}

#[test]
fn what_was_read_is_told_once_the_logs_were_compared() {
    for diverged in [vec![], vec![ROOM]] {
        let client = || {
            let mut client = holding_two();
            client.closed(NOW, Closed::Lost);
            client.mark_read(ROOM, Seq(2));
            client
        };
        for summary_first in [true, false] {
            let mut client = client();
            let frames = comes_back(&mut client, hello(1, "first"));
            let answers = [
                summary(&frames, seen_one()),
                beat(&frames, diverged.clone()),
            ];
            let [first, second] = match (summary_first, answers) {
                (true, answers) => answers,
                (false, [one, other]) => [other, one],
            };
            client.received(NOW, first);
            let mut told = marks(&sent(&mut client));
            assert_eq!(told, [0; 0], "one of both is not known yet");
            if !diverged.is_empty() {
                // Nothing of the new log was shown.
                client.mark_all_read(ROOM);
            }
            client.received(NOW, second);
            client.tick(NOW);
            told.extend(marks(&sent(&mut client)));
            let expected = if diverged.is_empty() { vec![2] } else { vec![] };
            assert_eq!(told, expected, "summary first: {summary_first}");
        }
    }
}

#[test]
fn what_was_read_of_a_log_that_is_not_held_is_not_told() {
    for is_pushed_early in [true, false] {
        let mut client = connected();
        let frames = sent(&mut client);
        let seen_all = ConversationSummary {
            read: Seq(9),
            unread: 0,
            ..seen_one()
        };
        client.received(NOW, summary(&frames, seen_all));
        // An older backup, which has grown beyond that since: another ninth.
        let frames = comes_back(&mut client, hello(1, "first"));
        let pushed = ServerFrame::Message(own("m13", 13));
        let grown = ConversationSummary {
            head: Seq(12),
            ..seen_one()
        };
        // Not when something of the other log is held, either, nor when that is what is compared.
        let mut told = Vec::new();
        let mut last_beat = unchecked(&frames);
        if is_pushed_early {
            client.received(NOW, pushed.clone());
            client.retry_now(NOW);
            told = sent(&mut client);
            last_beat = unchecked(&told);
        }
        client.received(NOW, summary(&frames, grown));
        client.received(NOW, last_beat);
        if !is_pushed_early {
            client.received(NOW, pushed);
        }
        client.tick(NOW);
        told.extend(sent(&mut client));
        assert_eq!(marks(&told), [0; 0]);
        let room = client.conversation(ROOM).unwrap();
        assert_eq!((room.read, room.unread(UserId(1))), (Seq(1), 8));
    }
}

#[test]
fn a_mark_that_goes_beyond_what_was_compared_is_the_servers_to_say() {
    for summary_first in [true, false] {
        let mut client = holding_two();
        // Read on another device, of what has not come to this one.
        let frames = comes_back(&mut client, hello(1, "first"));
        client.received(NOW, beat(&frames, vec![]));
        let seen_all = ConversationSummary {
            read: Seq(9),
            unread: 0,
            ..seen_one()
        };
        client.received(NOW, summary(&frames, seen_all));
        assert_eq!(client.conversation(ROOM).unwrap().read, Seq(9));
        // A backup that shares the first two.
        let mut frames = comes_back(&mut client, hello(1, "first"));
        let same = beat(&frames, vec![]);
        if summary_first {
            client.received(NOW, summary(&frames, seen_one()));
            client.received(NOW, same);
            frames = sent(&mut client);
        } else {
            client.received(NOW, same);
        }
        client.received(NOW, summary(&frames, seen_one()));
        client.tick(NOW);
        let told = sent(&mut client);
        assert_eq!(marks(&told), [0; 0]);
        assert_eq!(client.conversation(ROOM).unwrap().read, Seq(1));
    }
}

#[test]
fn a_mark_does_not_go_back_by_a_summary_that_was_on_its_way_before_it() {
    let mut client = connected();
    let frames = sent(&mut client);
    let read_elsewhere = ReadMark {
        conversation: ROOM,
        seq: Seq(9),
        unread: 0,
        head: Some(Seq(9)),
    };
    client.received(NOW, ServerFrame::Read(read_elsewhere));
    client.received(NOW, summary(&frames, seen_one()));
    assert_eq!(client.conversation(ROOM).unwrap().read, Seq(9));
}

#[test]
fn what_was_said_to_one_person_does_not_go_to_another_who_got_their_number() {
    let private = ConversationId::direct(UserId(1), UserId(3));
    for (is_known, speaks) in [(true, false), (false, false), (true, true), (false, true)] {
        let mut client = holding_two();
        if is_known {
            client.received(NOW, person(3, "Cem"));
        }
        client.open(NOW, private);
        let to_cem = Message {
            conversation: private,
            check: Some(Check::START.then(UserId(1), &MsgId::parse("p1").unwrap(), "hi")),
            ..own("p1", 1)
        };
        client.received(NOW, ServerFrame::Message(to_cem));
        // The backup knows no Cem, and Eve came in before the answer to the heartbeat.
        let frames = comes_back(&mut client, hello(1, "first"));
        client.received(NOW, person(3, "Eve"));
        if speaks {
            let said = Message {
                from: UserId(3),
                from_user: "Eve".into(),
                check: None,
                ..own("e3", 3)
            };
            client.received(NOW, ServerFrame::Message(said));
        }
        let gone = HeartbeatAnswer {
            request_id: comparison(&frames).request_id,
            heads: vec![],
            diverged: vec![private],
        };
        client.received(NOW, ServerFrame::Heartbeat(gone));
        client.tick(NOW);
        let to_whom: Vec<_> = sent(&mut client)
            .into_iter()
            .filter_map(|frame| match frame {
                ClientFrame::SendToOne(send) => Some(send.to_user),
                _ => None,
            })
            .collect();
        // The server sends nothing to somebody who is called otherwise.
        let expected: &[&str] = if is_known { &["Cem"] } else { &[] };
        assert_eq!(to_whom, expected);
        let waits = client.outgoing(private).next().unwrap();
        let has_failed = matches!(waits.delivery, Delivery::Failed { .. });
        assert_eq!(has_failed, !is_known, "{waits:?}");
    }
}

#[test]
fn what_was_read_is_told_also_where_too_much_was_missed_to_hold_on() {
    let mut client = holding_two();
    client.closed(NOW, Closed::Lost);
    client.leave(ROOM);
    client.mark_read(ROOM, Seq(2));
    client.retry_now(NOW);
    client.opened(NOW);
    client.received(NOW, hello(1, "first"));
    let frames = sent(&mut client);
    let same = match beat(&frames, vec![]) {
        ServerFrame::Heartbeat(answer) => HeartbeatAnswer {
            heads: vec![Position::new(ROOM, Seq(900))],
            ..answer
        },
        other => panic!("{other:?}"),
    };
    client.received(NOW, ServerFrame::Heartbeat(same));
    let grown = ConversationSummary {
        head: Seq(900),
        read: Seq::NONE,
        unread: 899,
        ..seen_one()
    };
    client.received(NOW, summary(&frames, grown.clone()));
    // It asks once more, for what the answer to its heartbeat said is new.
    let frames = sent(&mut client);
    client.received(NOW, summary(&frames, grown));
    let told = sent(&mut client);
    assert_eq!(
        marks(&told).iter().filter(|seq| **seq == 2).count(),
        1,
        "{told:?}"
    );
}

/// The room as the server knows it: of nine Ana saw one.
fn seen_one() -> ConversationSummary {
    ConversationSummary {
        id: ROOM,
        title: None,
        head: Seq(9),
        read: Seq(1),
        unread: 8,
        last_at: Timestamp(5),
        delivered: None,
        peer_delivered: None,
        peer_read: None,
    }
}

/// The answer to the question for a summary among these frames.
fn summary(frames: &[ClientFrame], one: ConversationSummary) -> ServerFrame {
    let asked = frames.iter().find_map(|frame| match frame {
        ClientFrame::Summary(ask) => Some(ask.request_id),
        _ => None,
    });
    ServerFrame::Summary(Summary {
        request_id: asked.expect("it asks right after signing in"),
        me: ana(1),
        conversations: vec![one],
        people: vec![],
    })
}

/// The answer to the heartbeat among these frames, which had nothing to compare.
fn unchecked(frames: &[ClientFrame]) -> ServerFrame {
    ServerFrame::Heartbeat(HeartbeatAnswer {
        request_id: comparison(frames).request_id,
        heads: vec![Position::new(ROOM, Seq(12))],
        diverged: vec![],
    })
}

#[test]
fn what_is_written_after_a_restore_stands_behind_what_goes_again_whatever_the_clock_says() {
    let mut client = holding_two();
    let frames = comes_back(&mut client, hello(1, "first"));
    client.received(NOW, beat(&frames, vec![ROOM]));
    // The device's clock goes behind the server's, and is set back between two messages.
    for (id, clock) in [("new1", 4), ("new2", 2)] {
        let msg_id = MsgId::parse(id).unwrap();
        client.write(Timestamp(clock), ROOM, msg_id, "hi".into());
    }
    let waiting: Vec<_> = client
        .outgoing(ROOM)
        .map(|one| one.msg_id.as_str().to_owned())
        .collect();
    assert_eq!(waiting, ["m1", "new1", "new2"]);
}

#[test]
fn somebody_else_with_the_same_number_is_a_stranger() {
    let mut client = holding_two();
    client.closed(NOW, Closed::Lost);
    client.retry_now(NOW);
    client.opened(NOW);
    let eve = ServerFrame::Auth(AuthAnswer {
        code: Code::Success,
        message: String::new(),
        user: Some(User {
            id: UserId(1),
            name: "Eve".into(),
        }),
        build: None,
        incarnation: Some("first".into()),
    });
    client.received(NOW, eve);
    assert_eq!(client.link(), Link::SignedOut);
    assert_eq!(client.me(), &ana(1));
}
