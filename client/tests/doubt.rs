//! A connection that may be dead without a word: another one is tried beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod ana;

use client::{Client, Effect, Link, Moment, Transport};
use shared::{
    ClientFrame, Code, ConversationId, MsgId, Seq, ServerFrame, Timestamp, UserId,
    frame::{HeartbeatAnswer, Person, Presence, SendAnswer, Summary},
};

use ana::{ana, hello};

const ROOM: ConversationId = ConversationId::EVERYONE;

struct Line {
    client: Client,
    now: Moment,
    frames: Vec<ClientFrame>,
    probes: u32,
    connects: u32,
    stored: u32,
}

impl Line {
    /// Ana is connected, and had her first answer.
    fn new() -> Self {
        let mut line = Self {
            client: Client::new(ana(), None, 7),
            now: Moment::from_secs(9),
            frames: Vec::new(),
            probes: 0,
            connects: 0,
            stored: 0,
        };
        line.client.allow_fallbacks();
        line.client.start(line.now);
        line.follow();
        line.answer();
        line
    }

    fn follow(&mut self) {
        while let Some(effect) = self.client.next_effect() {
            match effect {
                Effect::Connect(_) => {
                    self.connects += 1;
                    self.frames.clear();
                    self.client.opened(self.now);
                    self.client.received(self.now, hello("first"));
                }
                Effect::Transmit(frame) => self.frames.push(frame),
                Effect::Probe => self.probes += 1,
                Effect::Disconnect | Effect::Poll(_) => {}
            }
        }
    }

    /// The server answers all that it was asked.
    fn answer(&mut self) {
        for frame in std::mem::take(&mut self.frames) {
            let answer = match frame {
                ClientFrame::Heartbeat(asked) => ServerFrame::Heartbeat(HeartbeatAnswer {
                    request_id: asked.request_id,
                    heads: vec![],
                    diverged: vec![],
                }),
                ClientFrame::Summary(asked) => ServerFrame::Summary(Summary {
                    request_id: asked.request_id,
                    me: ana(),
                    conversations: vec![],
                    people: vec![],
                }),
                ClientFrame::SendToAll(sent) => {
                    self.stored += 1;
                    ServerFrame::Send(SendAnswer {
                        msg_id: sent.msg_id,
                        code: Code::Success,
                        message: String::new(),
                        conversation: Some(ROOM),
                        seq: Some(Seq(1)),
                        sent_at: Some(Timestamp(6)),
                        check: None,
                        retry_after_ms: None,
                    })
                }
                _ => continue,
            };
            self.client.received(self.now, answer);
        }
        self.follow();
    }

    fn hear(&mut self) {
        let somebody = Person {
            id: UserId(2),
            name: "Bo".into(),
            presence: Presence::Online,
        };
        self.client
            .received(self.now, ServerFrame::Presence(somebody));
        self.follow();
    }

    fn write(&mut self) {
        let msg_id = MsgId::parse("m1").unwrap();
        self.client
            .send(self.now, Timestamp(6), ROOM, msg_id, "hi".into());
        self.follow();
    }

    fn wait(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.now += Moment::from_secs(1);
            self.client.tick(self.now);
            self.follow();
        }
    }

    fn probed(&mut self, is_good: bool) {
        self.client.probed(self.now, is_good);
        self.follow();
    }
}

#[test]
fn what_is_written_on_a_dead_connection_goes_over_another_within_seconds() {
    let mut line = Line::new();
    line.hear();
    line.wait(1);
    line.write();
    line.wait(3);
    assert_eq!((line.probes, line.client.is_in_doubt()), (0, false));
    line.wait(1);
    assert_eq!((line.probes, line.client.is_in_doubt()), (1, true));
    line.probed(true);
    assert_eq!((line.connects, line.client.is_in_doubt()), (2, false));
    line.answer();
    assert_eq!(line.stored, 1);
}

#[test]
fn a_dead_connection_that_somebody_looks_at_is_left_within_ten_seconds() {
    let mut line = Line::new();
    line.client.set_attended(true);
    line.hear();
    line.wait(8);
    assert_eq!((line.probes, line.client.is_in_doubt()), (1, true));
    line.probed(true);
    assert_eq!((line.connects, line.client.is_in_doubt()), (2, false));
    // And the next one, too.
    line.answer();
    line.wait(8);
    line.probed(true);
    assert_eq!(line.connects, 3);
}

#[test]
fn one_that_nobody_looks_at_is_asked_less_often() {
    let mut line = Line::new();
    line.hear();
    line.wait(24);
    assert_eq!((line.frames.len(), line.probes), (0, 0));
    line.wait(5);
    assert_eq!((line.frames.len(), line.probes), (1, 1));
}

#[test]
fn one_that_speaks_after_all_is_kept() {
    let mut line = Line::new();
    line.wait(1);
    line.write();
    line.wait(5);
    assert_eq!(line.probes, 1);
    line.hear();
    assert!(!line.client.is_in_doubt());
    line.probed(true);
    assert_eq!(line.connects, 1);
}

#[test]
fn one_that_brings_what_others_say_and_carries_nothing_up_is_left() {
    let mut line = Line::new();
    line.write();
    for _ in 0..7 {
        line.wait(1);
        line.hear();
    }
    assert_eq!((line.probes, line.client.is_in_doubt()), (1, true));
    line.hear();
    line.probed(true);
    line.answer();
    assert_eq!((line.connects, line.stored), (2, 1));
}

#[test]
fn where_no_websocket_gets_through_what_was_asked_by_a_request_is_asked_by_another() {
    let mut line = Line::new();
    for _ in 0..2 {
        line.client.closed(line.now, client::Closed::Lost);
        line.client.retry_now(line.now);
        line.follow();
    }
    assert_eq!(line.client.transport(), Transport::EventStream);
    line.answer();
    line.wait(1);
    line.write();
    line.wait(4);
    assert!(line.client.is_in_doubt());
    let before = line.connects;
    line.probed(false);
    assert_eq!(line.client.transport(), Transport::EventStream);
    line.answer();
    assert_eq!((line.connects - before, line.stored), (1, 1));
}

#[test]
fn where_no_other_can_be_made_the_present_one_has_its_time() {
    let mut line = Line::new();
    line.wait(1);
    line.write();
    let written_at = line.now;
    for _ in 0..24 {
        line.wait(1);
        line.probed(false);
    }
    assert_eq!((line.probes, line.connects), (3, 1));
    assert!(line.client.is_in_doubt());
    line.wait(1);
    // Its person was told of it all the while.
    let Link::Waiting { down_since, .. } = line.client.link() else {
        panic!("{:?}", line.client.link());
    };
    assert_eq!(down_since, written_at);
}

#[test]
fn a_crowd_that_waits_for_its_first_answers_asks_for_no_more() {
    let mut line = Line::new();
    line.client.closed(line.now, client::Closed::Lost);
    line.client.retry_now(line.now);
    line.follow();
    line.wait(20);
    assert_eq!(line.probes, 0);
}

#[test]
fn websockets_that_answer_at_first_and_then_no_more_give_way() {
    let mut line = Line::new();
    line.client.set_attended(true);
    for _ in 0..2 {
        assert_eq!(line.client.transport(), Transport::WebSocket);
        line.answer();
        line.wait(8);
        line.probed(true);
    }
    assert_eq!(line.client.transport(), Transport::EventStream);
}

#[test]
fn a_line_that_is_only_slow_is_left_alone_in_the_end() {
    for is_attended in [false, true] {
        is_left_alone(is_attended);
    }
}

fn is_left_alone(is_attended: bool) {
    let mut line = Line::new();
    line.client.set_attended(is_attended);
    line.write();
    let (mut since, mut connects) = (line.now, line.connects);
    for _ in 0..100 {
        line.wait(1);
        // What is opened beside is as slow, but for its first frame.
        line.probed(true);
        if line.connects > connects {
            (since, connects) = (line.now, line.connects);
        } else if line.now >= since + Moment::from_secs(15) {
            line.answer();
            since = line.now;
        }
    }
    assert_eq!(line.client.outgoing(ROOM).count(), 0, "it went");
    assert!(line.connects <= 3, "{} connections", line.connects);
    assert_eq!(line.client.link(), Link::Connected);
}
