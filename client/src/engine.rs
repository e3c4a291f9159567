//! The engine: takes what happened, asks for what is to be done, tells what changed.
//!
//! Owns everything a client knows. Each method takes the time, changes the state at once and puts
//! effects and changes into two queues that the owner drains after each call.
//! Read next: [`crate::Timeline`] for the rule of the log; here `connecting` and `transports` for the
//! connection, `asking`, `taking`, `sending` and `telling` for what goes over it, `restored` for a
//! server that came back from a backup, `memory` for what is kept.

mod asking;
mod connecting;
mod memory;
mod restored;
mod sending;
mod taking;
mod telling;
mod transports;

pub use memory::HELD;

use std::collections::VecDeque;

use shared::{
    ClientFrame, Code, ConversationId, Event, RequestId, ServerFrame, UserId,
    frame::{Person, Presence, PresenceSet, User},
};

use crate::{
    Change, Closed, Conversation, Effect, Link, Moment, SortedMap, ladder::Ladder, link::Heart,
    link::Pulse, outbox::Outbox,
};
use asking::{Asked, Question};
use transports::Poll;

/// A client of one person.
pub struct Client {
    me: User,
    token: Option<String>,
    heart: Heart,
    ladder: Ladder,
    poll: Option<Poll>,
    /// Somebody's name was not taken, since it may be another person's.
    are_names_held: bool,
    /// Somebody looks.
    is_attended: bool,
    conversations: SortedMap<ConversationId, Conversation>,
    people: SortedMap<UserId, Person>,
    outbox: Outbox,
    asked: SortedMap<RequestId, Asked>,
    /// How long an answer may take on this connection.
    patience: Moment,
    last_request: u64,
    summary_wanted: bool,
    /// Private conversations with nobody, as the server said: a page was refused once.
    with_nobody: Vec<ConversationId>,
    /// The server's build, once it has said so.
    build: Option<String>,
    /// The server's database, once it has said so.
    incarnation: Option<String>,
    presence: Presence,
    /// Why the last message was not taken now.
    refusal: Option<Code>,
    /// Events that a conversation keeps while it is not open.
    most_held: usize,
    typed_at: SortedMap<ConversationId, Moment>,
    effects: VecDeque<Effect>,
    changes: VecDeque<Change>,
}

impl Client {
    /// A client of `me`; the server's word on who that is goes before, and an id of 0 waits for it.
    /// With a `token` it signs in by `AUTH_REQUEST`, without one the socket's
    /// cookie says who it is. `seed` spreads the reconnects of many clients; any number will do.
    pub fn new(me: User, token: Option<String>, seed: u64) -> Self {
        let mut people = SortedMap::new();
        let myself = Person {
            id: me.id,
            name: me.name.clone(),
            presence: Presence::Offline,
        };
        people.insert(me.id, myself);
        let everyone = Conversation::new(ConversationId::EVERYONE);
        Self {
            me,
            token,
            heart: Heart::new(seed),
            ladder: Ladder::default(),
            poll: None,
            are_names_held: false,
            is_attended: false,
            conversations: SortedMap::from_iter([(everyone.id, everyone)]),
            people,
            outbox: Outbox::default(),
            asked: SortedMap::new(),
            patience: asking::ANSWER_OVERDUE,
            last_request: 0,
            summary_wanted: false,
            with_nobody: Vec::new(),
            build: None,
            incarnation: None,
            presence: Presence::Online,
            refusal: None,
            most_held: MOST_HELD,
            typed_at: SortedMap::new(),
            effects: VecDeque::new(),
            changes: VecDeque::new(),
        }
    }

    /// The next thing to do.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The next thing that is different.
    pub fn next_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// Whose client this is.
    pub fn me(&self) -> &User {
        &self.me
    }

    /// Where the connection stands.
    pub fn link(&self) -> Link {
        self.heart.link
    }

    /// Connected, but what was asked stays unanswered: the connection may be dead without a word.
    pub fn is_in_doubt(&self) -> bool {
        self.heart.answers.are_doubted()
    }

    /// The build of the server, from its sign-in answer.
    pub fn server_build(&self) -> Option<&str> {
        self.build.as_deref()
    }

    /// All conversations, by id.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.values()
    }

    /// One conversation, if anything is known of it.
    pub fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.conversations.get(&id)
    }

    /// Everybody known, by id.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// One person, if known.
    pub fn person(&self, id: UserId) -> Option<&Person> {
        self.people.get(&id)
    }

    /// Time went by; to be called about once a second.
    pub fn tick(&mut self, now: Moment) {
        self.heart.is_attended = self.is_asked_often() && !self.is_asked(Question::Alive);
        let pulse = if self.is_poll_overdue(now) {
            Pulse::Dead
        } else {
            self.heart.tick(now, self.ladder.patience())
        };
        self.follow_pulse(now, pulse);
        if self.ladder.is_probe_over(now) {
            self.probed(now, false);
        }
        self.doubt(now);
        if self.heart.link == Link::Connected && self.ladder.is_probe_due(now) {
            self.effects.push_back(Effect::Probe);
        }
        if let Link::Waiting { until, .. } = self.heart.link
            && until <= now
        {
            self.connect(now);
        }
        self.forget_overdue(now);
        let typing_over: Vec<_> = self
            .conversations
            .values_mut()
            .filter_map(|conversation| conversation.forget_typing(now).then_some(conversation.id))
            .collect();
        for conversation in typing_over {
            self.change(Change::Typing(conversation));
        }
        self.ask_what_is_missing(now);
        self.drain_outbox(now);
    }

    /// A frame came in.
    pub fn received(&mut self, now: Moment, frame: ServerFrame) {
        self.hear(now);
        let is_answer = is_answer(&frame);
        match frame {
            ServerFrame::Auth(answer) if self.is_stranger(&answer) => {
                self.effects.push_back(Effect::Disconnect);
                self.closed(now, Closed::SignedOut);
            }
            ServerFrame::Auth(answer) if answer.code == Code::Success => {
                self.take_identity(answer);
                self.heart.connected(now);
                self.ladder.connected(now);
                self.summary_wanted = true;
                if self.presence == Presence::Away {
                    self.transmit(ClientFrame::Presence(PresenceSet {
                        presence: self.presence,
                    }));
                }
                self.change(Change::Link);
            }
            ServerFrame::Auth(answer) => {
                let why = if answer.code.is_passing() {
                    Closed::Lost
                } else {
                    Closed::SignedOut
                };
                self.effects.push_back(Effect::Disconnect);
                self.closed(now, why);
            }
            ServerFrame::Message(message) => self.take(now, Event::MessageSent(message)),
            ServerFrame::Unknown(position) => self.take(now, Event::Unknown(position)),
            ServerFrame::Send(answer) => self.take_answer(now, answer),
            ServerFrame::Summary(summary) => self.take_summary(summary),
            ServerFrame::Pull(page) => self.take_page(now, page),
            ServerFrame::FindUsers(found) => {
                self.asked.remove(&found.request_id);
                self.take_people(found.people);
            }
            ServerFrame::Heartbeat(answer) => self.take_heartbeat(now, answer),
            ServerFrame::Heads(heads) => {
                self.summary_wanted = true;
                self.take_heads(heads.heads);
            }
            ServerFrame::Read(mark) => {
                self.conversation_mut(mark.conversation).apply_read(mark);
                self.change(Change::Conversations);
            }
            ServerFrame::Marks(marks) => {
                let me = self.me.id;
                let marked = self.conversation_mut(marks.conversation);
                marked.apply_marks(marks, me);
                self.change(Change::Timeline(marks.conversation));
            }
            ServerFrame::Typing(typing) => {
                if typing.user.id != self.me.id {
                    self.conversation_mut(typing.conversation)
                        .typed(typing.user.id, now);
                    self.change(Change::Typing(typing.conversation));
                }
            }
            ServerFrame::Presence(person) => self.take_people(vec![person]),
            ServerFrame::Error(error) => self.take_error(now, &error),
            ServerFrame::UserJoined(_) => {}
        }
        if is_answer {
            let is_awaited = |asked: &Asked| !asked.is_put_off;
            let is_more = self.asked.values().any(is_awaited) || self.outbox.is_any_sent();
            self.heart.answers.answered(now, is_more);
            self.trust();
        }
        self.ask_what_is_missing(now);
        self.drain_outbox(now);
        self.poll(now);
    }

    /// A conversation comes on screen: its newest page is fetched and its holes are filled.
    pub fn open(&mut self, now: Moment, conversation: ConversationId) {
        let opened = self.conversation_mut(conversation);
        opened.is_open = true;
        let is_empty = opened.timeline.events().len() == 0;
        self.change(Change::Conversations);
        if is_empty {
            self.page_back(now, conversation);
        }
        self.ask_what_is_missing(now);
    }

    /// A conversation leaves the screen. Its oldest events are forgotten, and pulled again by
    /// [`Client::page_back`].
    pub fn leave(&mut self, conversation: ConversationId) {
        if let Some(left) = self.conversations.get_mut(&conversation) {
            left.is_open = false;
            left.keep_newest(self.me.id, self.most_held);
        }
    }

    /// How many events a conversation keeps that is not open; 500 unless told. An open one keeps all
    /// that it has shown.
    pub fn hold_at_most(&mut self, events: usize) {
        self.most_held = events;
    }

    fn now(&self) -> Moment {
        self.heart.last_heard()
    }

    fn conversation_mut(&mut self, id: ConversationId) -> &mut Conversation {
        self.conversations
            .get_or_insert_with(id, || Conversation::new(id))
    }

    fn transmit(&mut self, frame: ClientFrame) {
        self.effects.push_back(Effect::Transmit(frame));
    }

    /// A change that waits already is not told twice.
    fn change(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push_back(change);
        }
    }
}

/// Whether it came because something was asked, so that the way there is open.
fn is_answer(frame: &ServerFrame) -> bool {
    matches!(
        frame,
        ServerFrame::Send(_)
            | ServerFrame::Summary(_)
            | ServerFrame::Pull(_)
            | ServerFrame::FindUsers(_)
            | ServerFrame::Heartbeat(_)
            | ServerFrame::Error(_)
    )
}

/// Source: twice what is kept of it over the client's end, and what may be missed before a view starts
/// again; a hundred conversations of it are some 15 MB.
const MOST_HELD: usize = 500;
