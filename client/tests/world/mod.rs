//! A model of the server, of the network and of the people, for tests of whole runs.

use std::collections::VecDeque;

use client::{Client, Closed, Effect, Link, Moment, Transport};
use proptest::{prelude::*, sample::Index};
use shared::{
    Check, ClientFrame, Code, ConversationId, Event, Message, MsgId, Seq, ServerFrame, Timestamp,
    UserId,
    event::Position,
    frame::{
        AuthAnswer, ConversationSummary, Heads, HeartbeatAnswer, Page, SendAnswer, Summary, User,
    },
    http::{Sync, SyncAnswer},
};

pub(crate) const ROOM: ConversationId = ConversationId::EVERYONE;

/// What may happen next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A client writes.
    Write(Index),
    /// Some time goes by.
    Wait(u64),
    /// A frame on its way from a client comes to the server.
    Upward(Index),
    /// A frame on its way to a client comes to it.
    Downward(Index),
    /// One on its way to a client never comes.
    Lose(Index, Index),
    /// One comes twice.
    Repeat(Index, Index),
    /// One overtakes others.
    Overtake(Index, Index),
    /// A socket breaks; what was on its way is gone, in both directions.
    Break(Index),
    /// The server leaves pushes out and says so by heads.
    Overflow(Index),
    /// The server is too busy for the next message.
    Refuse(Index),
    /// The server comes back from a backup: an earlier piece of its log.
    Restore(Index),
    /// A person goes elsewhere: the room is not open.
    Leave(Index),
    /// And comes back.
    Open(Index),
    /// A person looks at what lies before.
    PageBack(Index),
    /// A client comes to another network, whose connections break.
    Move(Index, Lets),
}

/// What a network lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lets {
    /// All.
    Everything,
    /// No WebSocket.
    Requests,
    /// No WebSocket, and of an answer nothing before its end.
    WholeAnswers,
    /// Nothing.
    Nothing,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let one = any::<Index>;
    prop_oneof![
        4 => one().prop_map(Step::Write),
        2 => (0u64..4).prop_map(Step::Wait),
        8 => one().prop_map(Step::Upward),
        8 => one().prop_map(Step::Downward),
        1 => (one(), one()).prop_map(|(client, frame)| Step::Lose(client, frame)),
        1 => (one(), one()).prop_map(|(client, frame)| Step::Repeat(client, frame)),
        1 => (one(), one()).prop_map(|(client, frame)| Step::Overtake(client, frame)),
        1 => one().prop_map(Step::Break),
        1 => one().prop_map(Step::Overflow),
        1 => one().prop_map(Step::Refuse),
    ]
}

pub(crate) fn step_or_restore() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => step(),
        1 => any::<Index>().prop_map(Step::Restore),
    ]
}

pub(crate) fn step_or_leave() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => step(),
        2 => any::<Index>().prop_map(Step::Leave),
        1 => any::<Index>().prop_map(Step::Open),
        1 => any::<Index>().prop_map(Step::PageBack),
    ]
}

pub(crate) fn step_or_move() -> impl Strategy<Value = Step> {
    let lets = prop_oneof![
        Just(Lets::Everything),
        Just(Lets::Requests),
        Just(Lets::WholeAnswers),
        Just(Lets::Nothing),
    ];
    prop_oneof![
        20 => step_or_restore(),
        2 => (0u64..40).prop_map(Step::Wait),
        2 => (any::<Index>(), lets).prop_map(|(who, lets)| Step::Move(who, lets)),
    ]
}

/// One client, and the two directions of its socket.
pub(crate) struct Peer {
    pub(crate) client: Client,
    /// Which transports its network lets through.
    lets: Lets,
    poll: Option<Sync>,
    is_open: bool,
    up: VecDeque<ClientFrame>,
    down: VecDeque<ServerFrame>,
    is_refused_next: bool,
}

/// The truth, the clients, and the network between.
pub(crate) struct World {
    log: Vec<Message>,
    pub(crate) peers: Vec<Peer>,
    now: Moment,
    /// By whose device each message was written.
    written: Vec<usize>,
    was_restored: bool,
}

impl World {
    /// One device for each of these users.
    pub(crate) fn new(users: &[u64]) -> Self {
        let peers = users.iter().map(|&id| {
            let me = User {
                id: UserId(id),
                name: format!("Peer{id}"),
            };
            Peer {
                client: Client::new(me, None, id * 7919),
                lets: Lets::Everything,
                poll: None,
                is_open: false,
                up: VecDeque::new(),
                down: VecDeque::new(),
                is_refused_next: false,
            }
        });
        let mut world = Self {
            log: vec![],
            peers: peers.collect(),
            now: Moment::from_secs(1),
            written: vec![],
            was_restored: false,
        };
        for at in 0..world.peers.len() {
            let now = world.now;
            world.peers[at].client.allow_fallbacks();
            world.peers[at].client.start(now);
            world.peers[at].client.open(now, ROOM);
            world.follow(at);
        }
        world
    }

    pub(crate) fn take(&mut self, step: &Step) {
        let count = self.peers.len();
        let pick = |index: &Index, of: usize| (of > 0).then(|| index.index(of));
        match step {
            Step::Write(who) => self.write(who.index(count)),
            Step::Wait(seconds) => self.wait(*seconds),
            Step::Upward(who) => self.upward(who.index(count)),
            Step::Downward(who) => self.downward(who.index(count)),
            Step::Lose(who, which) => {
                let down = &mut self.peers[who.index(count)].down;
                // Answers come or the socket breaks; pushes are hints and may be lost alone.
                if let Some(at) = pick(which, down.len())
                    && matches!(down[at], ServerFrame::Message(_))
                {
                    down.remove(at);
                }
            }
            Step::Repeat(who, which) => {
                let down = &mut self.peers[who.index(count)].down;
                if let Some(at) = pick(which, down.len()) {
                    down.push_back(down[at].clone());
                }
            }
            Step::Overtake(who, which) => {
                let down = &mut self.peers[who.index(count)].down;
                if let Some(at) = pick(which, down.len()) {
                    let frame = down.remove(at).unwrap();
                    down.push_front(frame);
                }
            }
            Step::Break(who) => self.cut(who.index(count)),
            Step::Overflow(who) => {
                let seq = Seq(self.log.len() as u64);
                let peer = &mut self.peers[who.index(count)];
                if !peer.is_open {
                    return;
                }
                peer.down
                    .retain(|frame| !matches!(frame, ServerFrame::Message(_)));
                let heads = vec![Position::new(ROOM, seq)];
                peer.down.push_back(ServerFrame::Heads(Heads { heads }));
            }
            Step::Refuse(who) => self.peers[who.index(count)].is_refused_next = true,
            Step::Leave(who) => self.peers[who.index(count)].client.leave(ROOM),
            Step::Open(who) => self.open(who.index(count)),
            Step::PageBack(who) => self.page_back(who.index(count)),
            Step::Move(who, lets) => self.move_to(who.index(count), *lets),
            Step::Restore(to) => self.restore(to.index(self.log.len() + 1)),
        }
        for peer in &self.peers {
            check_chain(peer);
            if !self.was_restored {
                check(peer, &self.log);
            }
        }
    }

    pub(crate) fn open(&mut self, at: usize) {
        let now = self.now;
        self.peers[at].client.open(now, ROOM);
        self.follow(at);
    }

    pub(crate) fn page_back(&mut self, at: usize) {
        let now = self.now;
        self.peers[at].client.page_back(now, ROOM);
        self.follow(at);
    }

    fn write(&mut self, at: usize) {
        self.written.push(at);
        let number = self.written.len();
        let id = MsgId::parse(&format!("m{number}")).unwrap();
        let content = format!("message {number}");
        let now = self.now;
        self.peers[at]
            .client
            .send(now, Timestamp(0), ROOM, id, content);
        self.follow(at);
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += Moment::from_secs(1);
            for at in 0..self.peers.len() {
                let now = self.now;
                self.peers[at].client.tick(now);
                self.follow(at);
            }
        }
    }

    /// From now on it lets other things through; what is open goes on.
    pub(crate) fn change_network(&mut self, at: usize, lets: Lets) {
        self.peers[at].lets = lets;
    }

    pub(crate) fn move_to(&mut self, at: usize, lets: Lets) {
        self.peers[at].lets = lets;
        self.cut(at);
    }

    fn restore(&mut self, length: usize) {
        self.log.truncate(length);
        self.was_restored = true;
        for at in 0..self.peers.len() {
            self.cut(at);
        }
    }

    fn cut(&mut self, at: usize) {
        let now = self.now;
        let peer = &mut self.peers[at];
        peer.up.clear();
        peer.down.clear();
        peer.poll = None;
        if std::mem::take(&mut peer.is_open) {
            peer.client.closed(now, Closed::Lost);
        }
        self.follow(at);
    }

    /// Does what a client asks.
    fn follow(&mut self, at: usize) {
        let now = self.now;
        let peer = &mut self.peers[at];
        while let Some(effect) = peer.client.next_effect() {
            match effect {
                Effect::Connect(transport) => {
                    assert!(!peer.is_open, "one transport at a time");
                    peer.up.clear();
                    peer.down.clear();
                    let is_let = match transport {
                        Transport::WebSocket => peer.lets == Lets::Everything,
                        Transport::EventStream | Transport::LongPoll => peer.lets != Lets::Nothing,
                    };
                    if !is_let {
                        peer.client.closed(now, Closed::Lost);
                        continue;
                    }
                    peer.is_open = true;
                    peer.client.opened(now);
                    let is_held_back = peer.lets == Lets::WholeAnswers;
                    if transport != Transport::LongPoll && !is_held_back {
                        peer.down.push_back(hello(peer.client.me()));
                    }
                }
                Effect::Disconnect => {
                    peer.is_open = false;
                    peer.up.clear();
                    peer.down.clear();
                    peer.poll = None;
                }
                Effect::Poll(sync) => {
                    assert_eq!(peer.client.transport(), Transport::LongPoll);
                    peer.poll = Some(sync);
                }
                Effect::Probe => {
                    let is_up = peer.client.transport() == Transport::WebSocket;
                    assert!(!is_up || peer.client.is_in_doubt());
                    peer.client.probed(now, peer.lets == Lets::Everything);
                }
                Effect::Transmit(frame) => peer.up.push_back(frame),
            }
        }
        while peer.client.next_change().is_some() {}
    }

    /// A poll comes back, if there is news or it waited long enough.
    fn answer_poll(&mut self, at: usize) {
        let now = self.now;
        let peer = &mut self.peers[at];
        let Some(sync) = peer.poll.take() else {
            return;
        };
        let room = |cursor: &&Position| cursor.conversation == ROOM;
        // What is not followed is told of by its head alone.
        let cursor = sync.cursors.iter().find(room).copied();
        let has_diverged = cursor.is_some_and(|cursor| self.has_diverged(cursor));
        let is_after = |message: &&Message| cursor.is_some_and(|cursor| message.seq > cursor.seq);
        let after = self.log.iter().filter(is_after);
        let events: Vec<_> = after.cloned().map(Event::MessageSent).collect();
        let answer = SyncAnswer {
            events: if has_diverged { vec![] } else { events },
            heads: vec![Position::new(ROOM, Seq(self.log.len() as u64))],
            diverged: if has_diverged { vec![ROOM] } else { vec![] },
        };
        self.peers[at].client.polled(now, answer);
        self.follow(at);
    }

    fn downward(&mut self, at: usize) {
        if self.peers[at].down.is_empty() {
            self.answer_poll(at);
        }
        let now = self.now;
        if let Some(frame) = self.peers[at].down.pop_front() {
            self.peers[at].client.received(now, frame);
            self.follow(at);
        }
    }

    /// The server, as `docs/protocol.md` has it.
    fn upward(&mut self, at: usize) {
        let Some(frame) = self.peers[at].up.pop_front() else {
            return;
        };
        let me = self.peers[at].client.me().clone();
        let head = Seq(self.log.len() as u64);
        let answer = match frame {
            ClientFrame::SendToAll(send) => {
                let mut answer = SendAnswer {
                    msg_id: send.msg_id.clone(),
                    code: Code::Success,
                    message: String::new(),
                    conversation: Some(ROOM),
                    seq: None,
                    sent_at: None,
                    check: None,
                    retry_after_ms: None,
                };
                if std::mem::take(&mut self.peers[at].is_refused_next) {
                    answer.code = Code::TooFast;
                    answer.retry_after_ms = Some(1500);
                } else {
                    let stored = self.append(&me, send.msg_id, send.content);
                    answer.seq = Some(stored.seq);
                    answer.sent_at = Some(stored.sent_at);
                    answer.check = stored.check;
                }
                ServerFrame::Send(answer)
            }
            ClientFrame::Summary(ask) => {
                let others = self.log.iter().filter(|message| message.from != me.id);
                let room = ConversationSummary {
                    id: ROOM,
                    title: None,
                    head,
                    read: Seq::NONE,
                    unread: others.count() as u64,
                    last_at: Timestamp(0),
                    delivered: None,
                    peer_delivered: None,
                    peer_read: None,
                };
                let (request_id, conversations) = (ask.request_id, vec![room]);
                ServerFrame::Summary(Summary {
                    request_id,
                    me,
                    conversations,
                    people: vec![],
                })
            }
            ClientFrame::Heartbeat(beat) => {
                let diverged = beat
                    .cursors
                    .iter()
                    .filter(|cursor| self.has_diverged(**cursor));
                ServerFrame::Heartbeat(HeartbeatAnswer {
                    request_id: beat.request_id,
                    heads: vec![Position::new(ROOM, head)],
                    diverged: diverged.map(|cursor| cursor.conversation).collect(),
                })
            }
            ClientFrame::Pull(pull) => {
                // Pages of three, so that catching up takes several.
                let events = self.log.iter();
                let events: Vec<_> = match (pull.after, pull.before) {
                    (Some(after), _) => events.filter(|m| m.seq > after).take(3).cloned().collect(),
                    (None, before) => {
                        let below = events.rev().filter(|m| before.is_none_or(|b| m.seq < b));
                        let mut page: Vec<_> = below.take(3).cloned().collect();
                        page.reverse();
                        page
                    }
                };
                let events = events.into_iter().map(Event::MessageSent).collect();
                let (request_id, conversation) = (pull.request_id, pull.conversation);
                ServerFrame::Pull(Page {
                    request_id,
                    conversation,
                    events,
                    head,
                })
            }
            // On a long poll: a request that is answered.
            ClientFrame::Auth(_) => hello(&me),
            _ => return,
        };
        self.peers[at].down.push_back(answer);
    }

    fn has_diverged(&self, cursor: Position) -> bool {
        let here = self.check_at(cursor.seq);
        here.is_none() || cursor.check.is_some_and(|check| here != Some(check))
    }

    /// The check value of the log up to there; none past its end.
    fn check_at(&self, seq: Seq) -> Option<Check> {
        match usize::try_from(seq.0).unwrap().checked_sub(1) {
            None => Some(Check::START),
            Some(before) => self.log.get(before)?.check,
        }
    }

    fn append(&mut self, by: &User, msg_id: MsgId, content: String) -> Message {
        let first = self
            .log
            .iter()
            .find(|known| known.from == by.id && known.msg_id == msg_id);
        let before = self.check_at(Seq(self.log.len() as u64)).unwrap();
        let message = first.cloned().unwrap_or_else(|| Message {
            check: Some(before.then(by.id, &msg_id, &content)),
            msg_id,
            content,
            conversation: ROOM,
            seq: Seq(self.log.len() as u64 + 1),
            from: by.id,
            from_user: by.name.clone(),
            sent_at: Timestamp(0),
        });
        if message.seq.0 > self.log.len() as u64 {
            self.log.push(message.clone());
        }
        for peer in &mut self.peers {
            let is_pushed_to =
                peer.client.transport() != Transport::LongPoll && peer.lets != Lets::WholeAnswers;
            if peer.is_open && is_pushed_to {
                peer.down.push_back(ServerFrame::Message(message.clone()));
            }
        }
        message
    }

    /// The network is well and time goes by.
    pub(crate) fn heal(&mut self) {
        for at in 0..self.peers.len() {
            if self.peers[at].lets == Lets::Nothing {
                self.move_to(at, Lets::Requests);
            }
        }
        self.heal_for(200);
    }

    /// All that is on its way arrives, for so many seconds.
    pub(crate) fn heal_for(&mut self, seconds: u32) {
        for _ in 0..seconds {
            for at in 0..self.peers.len() {
                self.peers[at].is_refused_next = false;
                self.answer_poll(at);
                let mut turns = 0;
                while !self.peers[at].up.is_empty() || !self.peers[at].down.is_empty() {
                    turns += 1;
                    assert!(turns < 10_000, "they go on asking: {:?}", self.peers[at].up);
                    self.upward(at);
                    self.downward(at);
                }
            }
            self.wait(1);
        }
    }
}

fn hello(user: &User) -> ServerFrame {
    ServerFrame::Auth(AuthAnswer {
        code: Code::Success,
        message: String::new(),
        user: Some(user.clone()),
        build: None,
        incarnation: Some("the same".into()),
    })
}

/// What holds at every moment: a client holds a piece of the log without holes, as it is.
fn check(peer: &Peer, log: &[Message]) {
    let timeline = peer.client.conversation(ROOM).unwrap().timeline();
    let first = usize::try_from(timeline.floor().0).unwrap();
    for (event, truth) in timeline.events().zip(log.iter().skip(first)) {
        assert!(matches!(event, Event::MessageSent(message) if message == truth));
    }
    assert!(timeline.cursor().0 <= log.len() as u64);
}

/// What holds even before a client knows of a restore: it never holds pieces of two logs.
pub(crate) fn check_chain(peer: &Peer) {
    let timeline = peer.client.conversation(ROOM).unwrap().timeline();
    let mut before = (timeline.floor() == Seq::NONE).then_some(Check::START);
    for event in timeline.events() {
        assert!(event.follows(before), "{event:?} does not follow");
        before = event.check();
    }
}

/// What holds in the end: one log, everything written in it once, everybody has it.
pub(crate) fn check_end(world: &World) {
    let mut ids: Vec<_> = world.log.iter().map(|message| &message.msg_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), world.log.len(), "nothing twice");
    assert_eq!(world.log.len(), world.written.len(), "nothing lost");
    for peer in &world.peers {
        assert_eq!(peer.client.link(), Link::Connected);
        assert_eq!(peer.client.outgoing(ROOM).count(), 0);
        let timeline = peer.client.conversation(ROOM).unwrap().timeline();
        assert_eq!(timeline.cursor(), Seq(world.log.len() as u64));
        check(peer, &world.log);
        check_chain(peer);
    }
    // What one device wrote stands in the order in which it was written.
    let number = |message: &Message| message.msg_id.as_str()[1..].parse::<usize>().unwrap();
    for device in 0..world.peers.len() {
        let numbers = world.log.iter().map(number);
        let of_one: Vec<_> = numbers
            .filter(|number| world.written[number - 1] == device)
            .collect();
        assert!(of_one.is_sorted(), "{of_one:?}");
    }
}

/// What holds in the end for people who left the room: they hold its end alone, know how much of it
/// they have not seen, and find all of it when they come back.
pub(crate) fn check_that_all_comes_back(world: &mut World, most_held: usize) {
    for at in 0..world.peers.len() {
        let peer = &mut world.peers[at];
        peer.client.leave(ROOM);
        let (room, me) = (peer.client.conversation(ROOM).unwrap(), peer.client.me().id);
        assert!(room.timeline().events().len() <= most_held);
        let of_others = world.log.iter().filter(|message| message.from != me);
        assert_eq!(room.unread(me), of_others.count() as u64);
        world.open(at);
        let is_whole = |world: &World| {
            let room = world.peers[at].client.conversation(ROOM).unwrap();
            room.timeline().is_complete()
        };
        for _ in 0..world.log.len() {
            if is_whole(world) {
                break;
            }
            world.page_back(at);
            world.heal_for(1);
        }
        assert!(is_whole(world), "all can be paged back in");
    }
}
