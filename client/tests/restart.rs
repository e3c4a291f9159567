//! A log is begun at its end: where too much was missed, whatever was asked before, and where nothing
//! is known of it yet.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail")]

mod ana;

use client::{Client, Closed, Effect, Moment, Transport};
use shared::{
    ClientFrame, ConversationId, Event, Message, MsgId, RequestId, Seq, ServerFrame, Timestamp,
    UserId,
    event::Position,
    frame::{ConversationSummary, Heads, Page, Pull, Summary},
};

use ana::{ana, hello};

const ROOM: ConversationId = ConversationId::EVERYONE;
const NOW: Moment = Moment::from_secs(1);

fn event(seq: u64) -> Event {
    Event::MessageSent(Message {
        msg_id: MsgId::parse(&format!("m{seq}")).unwrap(),
        content: format!("message {seq}"),
        conversation: ROOM,
        seq: Seq(seq),
        from: UserId(2),
        from_user: "Bo".into(),
        sent_at: Timestamp(0),
        check: None,
    })
}

/// What the client asks, and what it is told of a log that goes up to `head`.
struct Server {
    client: Client,
    head: u64,
}

impl Server {
    /// Somebody who has just opened the room.
    fn with_an_open_room(head: u64) -> Self {
        let client = Client::new(ana(), None, 7);
        let mut server = Self { client, head };
        server.client.start(NOW);
        server.client.open(NOW, ROOM);
        server.client.opened(NOW);
        server.client.received(NOW, hello("first"));
        while let Some(asked) = server.next_question() {
            server.answer(asked);
        }
        server
    }

    fn next_question(&mut self) -> Option<ClientFrame> {
        while let Some(effect) = self.client.next_effect() {
            if let Effect::Transmit(frame @ (ClientFrame::Pull(_) | ClientFrame::Summary(_))) =
                effect
            {
                return Some(frame);
            }
        }
        None
    }

    fn next_pull(&mut self) -> Option<Pull> {
        loop {
            match self.next_question()? {
                ClientFrame::Pull(pull) => return Some(pull),
                other => self.answer(other),
            }
        }
    }

    fn answer(&mut self, question: ClientFrame) {
        let answer = match question {
            ClientFrame::Summary(asked) => summary(asked.request_id, self.head),
            ClientFrame::Pull(pull) => ServerFrame::Pull(self.page(&pull)),
            other => panic!("{other:?}"),
        };
        self.client.received(NOW, answer);
    }

    fn page(&self, pull: &Pull) -> Page {
        let limit = u64::from(pull.limit.unwrap_or(shared::limits::PAGE_EVENTS));
        let before = pull.before.map_or(self.head + 1, |seq| seq.0);
        let seqs = match pull.after {
            Some(after) => after.0 + 1..(after.0 + 1 + limit).min(self.head + 1),
            None => before.saturating_sub(limit).max(1)..before,
        };
        Page {
            request_id: pull.request_id,
            conversation: pull.conversation,
            head: Seq(self.head),
            events: seqs.map(event).collect(),
        }
    }

    fn grow(&mut self, by: u64) {
        self.head += by;
        let heads = vec![Position::new(ROOM, Seq(self.head))];
        self.client
            .received(NOW, ServerFrame::Heads(Heads { heads }));
    }

    fn held(&self) -> (u64, u64) {
        let timeline = self.client.conversation(ROOM).unwrap().timeline();
        (timeline.floor().0, timeline.cursor().0)
    }
}

fn summary(request_id: RequestId, head: u64) -> ServerFrame {
    let room = ConversationSummary {
        id: ROOM,
        title: None,
        head: Seq(head),
        read: Seq::NONE,
        unread: head,
        last_at: Timestamp(0),
        delivered: None,
        peer_delivered: None,
        peer_read: None,
    };
    ServerFrame::Summary(Summary {
        request_id,
        me: ana(),
        conversations: vec![room],
        people: vec![],
    })
}

#[test]
fn an_open_conversation_shows_its_newest_page_although_an_older_one_was_on_its_way() {
    let mut server = Server::with_an_open_room(400);
    assert_eq!(server.held(), (350, 400));
    server.client.page_back(NOW, ROOM);
    let older = server.next_pull().unwrap();
    assert_eq!(older.before, Some(Seq(351)));
    server.grow(600);
    assert_eq!(server.held(), (1000, 1000), "it starts again");
    // In the worst order: what the summary tells comes first, the page of the former view after it.
    let mut pulls: Vec<_> = std::iter::from_fn(|| server.next_pull()).collect();
    server.answer(ClientFrame::Pull(older));
    pulls.extend(server.next_pull());
    for pull in pulls {
        server.answer(ClientFrame::Pull(pull));
    }
    assert_eq!(server.held(), (950, 1000), "and shows its newest page");
}

#[test]
fn a_client_that_knows_nothing_yet_does_not_poll_for_a_log_from_its_beginning() {
    let mut client = Client::new(ana(), None, 7);
    client.allow_fallbacks();
    client.start(NOW);
    client.open(NOW, ROOM);
    while client.transport() != Transport::LongPoll {
        // Nothing but long polls can be had: a stream breaks when it is open.
        match client.next_effect() {
            Some(Effect::Connect(Transport::WebSocket)) => client.closed(NOW, Closed::Lost),
            Some(Effect::Connect(Transport::EventStream)) => {
                client.opened(NOW);
                client.closed(NOW, Closed::Lost);
            }
            _ => client.tick(NOW + Moment::from_mins(1)),
        }
    }
    client.opened(NOW);
    client.received(NOW, hello("first"));
    let effects: Vec<_> = std::iter::from_fn(|| client.next_effect()).collect();
    let polls: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Poll(sync) => Some(sync.cursors.len()),
            _ => None,
        })
        .collect();
    assert_eq!(polls, [0], "{effects:?}");
}
