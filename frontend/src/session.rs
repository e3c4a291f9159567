//! The session: the one engine of this page, and who looks at which part of it.
//!
//! Owns the [`Client`], carries out its effects (the socket) and wakes the views that depend on what
//! changed. Never draws and never decides: that is the views' and the engine's business.
//! Read next: [`crate::net::socket`], which feeds it; [`crate::memory`], which stores what it holds.

use client::{Change, Client, Closed, Effect, Link, Moment, SortedMap, Transport};
use leptos::prelude::*;
use shared::{ClientFrame, ConversationId, ServerFrame, frame::User};

use crate::{
    beacon::Beacon,
    live::spawn,
    memory::Memory,
    net::{
        clock, fallback,
        line::{Line, line},
        random, socket, store,
    },
};

/// What a view may depend on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Topic {
    /// Where the connection stands.
    Link,
    /// The list of conversations, their order, titles, read marks and unread counts.
    Conversations,
    /// People and their presence.
    People,
    /// The events of a conversation and the messages on their way to it.
    Timeline(ConversationId),
    /// Who is typing there.
    Typing(ConversationId),
    /// Time, while there is no connection: for the countdowns on screen.
    Time,
}

/// A handle to the engine of the person who is signed in. There is at most one for each page load:
/// another person means another load, so nothing of the first can be left over.
#[derive(Clone, Copy)]
pub struct Session {
    client: StoredValue<Client, LocalStorage>,
    /// Frames to the open socket; dropping it closes the socket.
    line: StoredValue<Option<Line>, LocalStorage>,
    beacons: StoredValue<SortedMap<Topic, Beacon>, LocalStorage>,
    pub(crate) memory: StoredValue<Memory, LocalStorage>,
    /// The browser stores nothing, or nothing more: what waits to be sent lives in this page alone.
    pub is_forgetful: RwSignal<bool>,
}

impl Session {
    /// An engine for `me`; the cookie says so to the server.
    pub fn new(me: User) -> Self {
        Self {
            client: StoredValue::new_local(Client::new(me, None, random::seed())),
            line: StoredValue::new_local(None),
            beacons: StoredValue::new_local(SortedMap::new()),
            memory: StoredValue::new_local(Memory::default()),
            is_forgetful: RwSignal::new(false),
        }
    }

    /// The session of the page, from its context: for components, not for event handlers, which
    /// keep a copy of it.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Reads and tracks: the caller runs again when the topic changes.
    pub fn with<T>(self, topic: Topic, look: impl FnOnce(&Client) -> T) -> T {
        self.beacon(topic).track();
        self.client.with_value(look)
    }

    /// Reads without tracking.
    pub fn peek<T>(self, look: impl FnOnce(&Client) -> T) -> T {
        self.client.with_value(look)
    }

    /// Does something, then carries out what the engine asks for and wakes who looks at what changed.
    /// Not to be called from within [`Session::with`] or itself.
    pub fn act<T>(self, act: impl FnOnce(&mut Client, Moment) -> T) -> T {
        let (mut act, mut done) = (Some(act), None);
        self.carry_out(&mut |client, now| done = act.take().map(|act| act(client, now)));
        match done {
            Some(done) => done,
            None => unreachable!("it runs what it is given, once"),
        }
    }

    /// Compiled once for all that is done.
    fn carry_out(self, act: &mut dyn FnMut(&mut Client, Moment)) {
        let now = clock::now();
        let mut effects = Vec::new();
        let mut topics = Vec::new();
        self.client.update_value(|client| {
            act(client, now);
            effects.extend(std::iter::from_fn(|| client.next_effect()));
            topics.extend(std::iter::from_fn(|| client.next_change()).map(Topic::from));
        });
        self.remember(&topics);
        for topic in topics {
            self.wake(topic);
        }
        for effect in effects {
            if !self.perform(effect) {
                // The rest was for the connection that is no more.
                break;
            }
        }
    }

    /// A frame came in.
    pub fn receive(self, frame: ServerFrame) {
        if let ServerFrame::Auth(answer) = &frame
            && let Some(user) = &answer.user
            && user.name != self.me().name
        {
            // Somebody else came in, in another tab. What this person wrote is not theirs to send.
            self.perform(Effect::Disconnect);
            store::note_user(Some(user));
            _ = window().location().reload();
            return;
        }
        self.act(|client, now| client.received(now, frame));
    }

    /// Who is signed in.
    pub fn me(self) -> User {
        self.peek(|client| client.me().clone())
    }

    /// Time went by: once a second.
    pub fn tick(self) {
        self.act(Client::tick);
        self.keep_log();
        if self.peek(Client::link) != Link::Connected {
            self.wake(Topic::Time);
        }
    }

    /// The time. Tracks: while there is no connection the caller runs again each second.
    pub fn now(self) -> Moment {
        self.beacon(Topic::Time).track();
        clock::now()
    }

    fn beacon(self, topic: Topic) -> Beacon {
        let known = self.beacons.with_value(|all| all.get(&topic).cloned());
        known.unwrap_or_else(|| {
            let beacon = Beacon::default();
            self.beacons
                .update_value(|all| _ = all.insert(topic, beacon.clone()));
            beacon
        })
    }

    fn wake(self, topic: Topic) {
        let known = self.beacons.with_value(|all| all.get(&topic).cloned());
        if let Some(beacon) = known {
            beacon.notify();
        }
    }

    /// Says whether it could be done.
    fn perform(self, effect: Effect) -> bool {
        match effect {
            Effect::Connect(Transport::WebSocket) => {
                let (line, outgoing) = line();
                self.line.set_value(Some(line));
                spawn(socket::run(self, outgoing));
            }
            Effect::Connect(transport) => {
                self.line.set_value(None);
                fallback::connect(transport);
            }
            Effect::Disconnect => {
                self.line.set_value(None);
                fallback::drop_it();
            }
            Effect::Transmit(frame) => {
                if self.line.with_value(Option::is_some) {
                    return self.transmit(frame);
                }
                fallback::send(&frame);
            }
            Effect::Poll(asked) => fallback::poll(&asked),
            Effect::Probe => fallback::probe(),
        }
        true
    }

    fn transmit(self, frame: ClientFrame) -> bool {
        let send = |line: &Option<Line>| line.as_ref().is_none_or(|line| line.send(frame));
        let is_sent = self.line.with_value(send);
        if !is_sent {
            // The socket does not keep up: a new one starts from what is on disk.
            self.line.set_value(None);
            self.act(|client, now| client.closed(now, Closed::Lost));
        }
        is_sent
    }
}

impl From<Change> for Topic {
    fn from(change: Change) -> Self {
        match change {
            Change::Link => Self::Link,
            Change::Conversations => Self::Conversations,
            Change::People => Self::People,
            Change::Timeline(conversation) | Change::Restored(conversation) => {
                Self::Timeline(conversation)
            }
            Change::Typing(conversation) => Self::Typing(conversation),
        }
    }
}
