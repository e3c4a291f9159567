//! The engine: takes what happened, asks for what is to be done, tells what changed.
//!
//! Owns everything a client knows. Each method takes the time, changes the state at once and puts
//! effects and changes into two queues that the owner drains after each call.
//! Read next: [`crate::Timeline`] for the rule of the log, `link` for the connection, `restored` for
//! a server that came back from a backup, `transports` for the ways to it.

mod memory;
mod restored;
mod transports;

pub use memory::HELD;

use std::collections::VecDeque;

use shared::{
    ClientFrame, Code, ConversationId, Event, Message, MsgId, RequestId, Seq, ServerFrame,
    Timestamp, UserId,
    event::Position,
    frame::{
        Ask, Auth, ErrorAnswer, FindUsers, Page, Person, Presence, PresenceSet, Pull, SendAnswer,
        SendToAll, SendToOne, Summary, Typing, User,
    },
    http::Sync,
    limits::{PAGE_EVENTS, TYPING_REPEAT},
};

use crate::{
    Closed, Conversation, Delivery, Link, Moment, Outgoing, SortedMap, Taken, Timeline, Transport,
    ladder::Ladder,
    link::{Heart, Pulse},
    outbox::{Outbox, QUEUED},
    sabotage::{self, Defect},
};
use transports::Poll;

/// What the owner is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Open this, and call [`Client::opened`] or [`Client::closed`]. A socket is open when it can be
    /// written to, a stream when its head is there; a long poll has nothing to open, so it is at once.
    /// A stream on which nothing came for [`shared::limits::STREAM_SILENCE`], not even a comment, is at
    /// its end, and an answer 401 to any request is [`Closed::SignedOut`].
    Connect(Transport),
    /// Drop it, with all that is on its way: nothing more of it may come to [`Client::received`] or
    /// [`Client::polled`]. [`Client::closed`] need not be called for it.
    Disconnect,
    /// Write this frame to the socket. On the other transports, post it with those that wait, in
    /// their order and one request after the other, and give the answers to [`Client::received`]; a
    /// request that fails is the end of the connection.
    Transmit(ClientFrame),
    /// Post this, and give the answer to [`Client::polled`].
    Poll(Sync),
    /// Open a WebSocket beside the present connection, close it after its first frame, and call
    /// [`Client::probed`]; nothing of it may come to [`Client::received`].
    Probe,
}

/// What is different now, so that the owner redraws that alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// [`Client::link`].
    Link,
    /// The list of conversations, their order, titles or unread counts.
    Conversations,
    /// People and their presence.
    People,
    /// The events of a conversation, the messages on their way to it, or the other person's marks.
    Timeline(ConversationId),
    /// Who is typing there.
    Typing(ConversationId),
    /// [`Conversation::restored`].
    Restored(ConversationId),
}

/// A client of one person.
pub struct Client {
    me: User,
    token: Option<String>,
    heart: Heart,
    ladder: Ladder,
    poll: Option<Poll>,
    conversations: SortedMap<ConversationId, Conversation>,
    people: SortedMap<UserId, Person>,
    outbox: Outbox,
    asked: SortedMap<RequestId, Asked>,
    last_request: u64,
    summary_wanted: bool,
    /// The server's build, once it has said so.
    build: Option<String>,
    /// The server's database, once it has said so.
    incarnation: Option<String>,
    presence: Presence,
    typed_at: SortedMap<ConversationId, Moment>,
    effects: VecDeque<Effect>,
    changes: VecDeque<Change>,
}

/// A question that awaits its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Asked {
    what: Question,
    /// When the answer is overdue and the question is forgotten, to be asked again if it still stands.
    until: Moment,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Question {
    Summary,
    /// What follows the cursor.
    Newer(ConversationId),
    /// What lies before the floor.
    Older(ConversationId),
    People,
    Alive,
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
            conversations: SortedMap::from_iter([(everyone.id, everyone)]),
            people,
            outbox: Outbox::default(),
            asked: SortedMap::new(),
            last_request: 0,
            summary_wanted: false,
            build: None,
            incarnation: None,
            presence: Presence::Online,
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

    /// Messages on their way to a conversation, oldest first.
    pub fn outgoing(&self, to: ConversationId) -> impl Iterator<Item = &Outgoing> {
        self.outbox
            .entries()
            .filter(move |entry| entry.conversation == to)
    }

    /// Whether an older page of this conversation is on its way.
    pub fn is_paging_back(&self, conversation: ConversationId) -> bool {
        self.is_asked(Question::Older(conversation))
    }

    /// Begins to connect.
    pub fn start(&mut self, now: Moment) {
        if matches!(self.heart.link, Link::Idle | Link::SignedOut) {
            self.connect(now);
        }
    }

    /// What [`Effect::Connect`] asked for is open.
    pub fn opened(&mut self, now: Moment) {
        self.ladder.opened();
        match (self.transport(), self.token.clone()) {
            (Transport::WebSocket, Some(access_token)) => {
                self.heart.heard(now);
                self.transmit(ClientFrame::Auth(Auth { access_token }));
            }
            (Transport::WebSocket, None) => self.heart.heard(now),
            // Its first frame says who one is, and soon, or it is held back.
            (Transport::EventStream, _) => {}
            // The request's header or cookie says who one is; the answer is a sign-in's.
            (Transport::LongPoll, _) => {
                let access_token = String::new();
                self.transmit(ClientFrame::Auth(Auth { access_token }));
            }
        }
    }

    /// The connection is no more, or could not be made.
    pub fn closed(&mut self, now: Moment, why: Closed) {
        if matches!(self.heart.link, Link::Connecting { .. } | Link::Connected) {
            self.ended(now, why, Some(self.end_now(now)));
        }
    }

    /// Time went by; to be called about once a second.
    pub fn tick(&mut self, now: Moment) {
        let pulse = if self.is_poll_overdue(now) {
            Pulse::Dead
        } else {
            self.heart.tick(now, self.ladder.patience())
        };
        self.follow_pulse(now, pulse);
        if self.heart.link == Link::Connected && self.ladder.is_probe_due(now) {
            self.effects.push_back(Effect::Probe);
        }
        if let Link::Waiting { until, .. } = self.heart.link
            && until <= now
        {
            self.connect(now);
        }
        self.asked.retain(|_, asked| asked.until > now);
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

    /// Something says that the network is back, or a person asks for a try now.
    pub fn retry_now(&mut self, now: Moment) {
        let pulse = self.heart.probe(now);
        if self.heart.is_opening_slowly(now) {
            // It may be stuck in the network that was.
            self.effects.push_back(Effect::Disconnect);
            self.connect(now);
        } else if let Link::Waiting { .. } = self.heart.link {
            self.connect(now);
        } else {
            self.follow_pulse(now, pulse);
            if self.heart.link == Link::Connected && self.ladder.begin_probe(now) {
                self.effects.push_back(Effect::Probe);
            }
        }
    }

    /// Something says that the network is gone: nothing is waited for.
    pub fn network_lost(&mut self, now: Moment) {
        if matches!(self.heart.link, Link::Connecting { .. } | Link::Connected) {
            self.effects.push_back(Effect::Disconnect);
            self.ladder.network_lost();
            self.ended(now, Closed::Lost, None);
        }
    }

    /// A frame came in.
    pub fn received(&mut self, now: Moment, frame: ServerFrame) {
        self.heart.heard(now);
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
            let is_more = !self.asked.is_empty() || self.outbox.is_any_sent();
            self.heart.answered(now, is_more);
        }
        self.ask_what_is_missing(now);
        self.drain_outbox(now);
        self.poll(now);
    }

    /// Takes a message into the outbox and sends it as soon as it can go. It was checked with
    /// [`shared::text::check`], and `msg_id` is random and new.
    pub fn send(
        &mut self,
        now: Moment,
        written_at: Timestamp,
        conversation: ConversationId,
        msg_id: MsgId,
        content: String,
    ) {
        self.conversation_mut(conversation);
        self.outbox.push(Outgoing {
            msg_id,
            conversation,
            to_user: self.name_of_peer(conversation),
            content,
            written_at,
            delivery: QUEUED,
        });
        self.typed_at.remove(&conversation);
        self.change(Change::Timeline(conversation));
        self.drain_outbox(now);
    }

    /// Takes up, before the start, what a former process or page kept of [`Client::outgoing`] on disk,
    /// oldest first, and for which database ([`Client::incarnation`]). It goes again under the same ids.
    pub fn resume(
        &mut self,
        incarnation: Option<String>,
        outbox: impl IntoIterator<Item = Outgoing>,
    ) {
        self.incarnation = incarnation;
        for message in outbox {
            self.conversation_mut(message.conversation);
            self.change(Change::Timeline(message.conversation));
            self.outbox.push(message);
        }
        self.outbox.requeue();
    }

    /// Sends a message again that was refused.
    pub fn retry(&mut self, now: Moment, msg_id: &MsgId) {
        if let Some(entry) = self.outbox.find(msg_id)
            && matches!(entry.delivery, Delivery::Failed { .. })
        {
            entry.delivery = QUEUED;
            let conversation = entry.conversation;
            self.change(Change::Timeline(conversation));
            self.drain_outbox(now);
        }
    }

    /// Forgets a message that was refused; one that may be on the server stays.
    pub fn discard(&mut self, msg_id: &MsgId) -> Option<Outgoing> {
        let entry = self.outbox.find(msg_id)?;
        if !matches!(entry.delivery, Delivery::Failed { .. }) {
            return None;
        }
        let gone = self.outbox.remove(msg_id)?;
        self.change(Change::Timeline(gone.conversation));
        Some(gone)
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

    /// A conversation leaves the screen.
    pub fn leave(&mut self, conversation: ConversationId) {
        if let Some(left) = self.conversations.get_mut(&conversation) {
            left.is_open = false;
        }
    }

    /// Fetches the page before what is held, if there is one.
    pub fn page_back(&mut self, now: Moment, conversation: ConversationId) {
        let question = Question::Older(conversation);
        let is_asked = self.is_asked(question);
        let asked = self.conversation_mut(conversation);
        let is_whole = asked.is_heard_of && asked.timeline.is_complete();
        if is_whole || is_asked {
            return;
        }
        // Of one that nothing is known of, the newest page.
        let floor = asked.timeline.floor().next();
        let before = asked.is_heard_of.then_some(floor);
        self.ask(now, question, |request_id| {
            let limit = Some(PAGE_EVENTS);
            ClientFrame::Pull(Pull {
                request_id,
                conversation,
                after: None,
                before,
                limit,
            })
        });
    }

    /// The person saw everything up to `seq`. Read marks only grow.
    pub fn mark_read(&mut self, conversation: ConversationId, seq: Seq) {
        let marked = self.conversation_mut(conversation);
        if seq <= marked.read || seq > marked.timeline.cursor() {
            return;
        }
        marked.read = seq;
        self.change(Change::Conversations);
        if self.heart.link == Link::Connected {
            self.transmit(ClientFrame::Read(Position::new(conversation, seq)));
        }
    }

    /// The person is typing; said to others at most every [`TYPING_REPEAT`].
    pub fn typing(&mut self, now: Moment, conversation: ConversationId) {
        let is_new = self
            .typed_at
            .get(&conversation)
            .is_none_or(|at| now.saturating_sub(*at) >= TYPING_REPEAT);
        if is_new && self.heart.link == Link::Connected {
            self.typed_at.insert(conversation, now);
            self.transmit(ClientFrame::Typing(Typing { conversation }));
        }
    }

    /// The person left the desk ([`Presence::Away`]) or is back ([`Presence::Online`]).
    pub fn set_presence(&mut self, presence: Presence) {
        if self.presence != presence {
            self.presence = presence;
            if self.heart.link == Link::Connected {
                self.transmit(ClientFrame::Presence(PresenceSet { presence }));
            }
        }
    }

    /// Looks for people on the server; those found join [`Client::people`].
    pub fn find_people(&mut self, now: Moment, query: String) {
        // Only the newest question counts.
        self.asked.retain(|_, asked| asked.what != Question::People);
        self.ask(now, Question::People, |request_id| {
            ClientFrame::FindUsers(FindUsers { request_id, query })
        });
    }

    /// Whether the answer to [`Client::find_people`] is awaited.
    pub fn is_finding_people(&self) -> bool {
        self.is_asked(Question::People)
    }

    fn connect(&mut self, now: Moment) {
        self.heart.connecting(now);
        self.ladder.connecting();
        self.effects.push_back(Effect::Connect(self.transport()));
        self.change(Change::Link);
    }

    fn follow_pulse(&mut self, now: Moment, pulse: Pulse) {
        match pulse {
            Pulse::Quiet => {}
            Pulse::Beat => self.beat(now),
            Pulse::Dead => self.give_up(now),
        }
    }

    fn take(&mut self, now: Moment, event: Event) {
        let Position {
            conversation: id,
            seq,
            ..
        } = event.position();
        if let Event::MessageSent(message) = &event {
            let (from, name) = (message.from, message.from_user.clone());
            if from == self.me.id {
                // Its event is the best ack there is.
                self.outbox.acknowledge(&message.msg_id, seq);
            } else {
                self.people.get_or_insert_with(from, || Person {
                    id: from,
                    name,
                    presence: Presence::Offline,
                });
            }
            let conversation = self.conversation_mut(id);
            conversation.last_at = conversation.last_at.max(message.sent_at);
            if conversation.stopped_typing(from) {
                self.change(Change::Typing(id));
            }
        }
        let conversation = self.conversation_mut(id);
        let holds_nothing = conversation.timeline.events().len() == 0 && !conversation.is_open;
        match conversation.timeline.take(event.clone()) {
            Taken::Gap if holds_nothing => {
                // Nothing is shown of it, so nothing between is missed yet; the count is.
                conversation.timeline = Timeline::starting_at(seq.previous());
                conversation.timeline.take(event);
                self.summary_wanted = true;
            }
            Taken::Diverged => {
                self.replace_log(now, id, seq.previous());
                if let Event::MessageSent(message) = &event
                    && message.from == self.me.id
                {
                    self.outbox.acknowledge(&message.msg_id, seq);
                }
                self.conversation_mut(id).timeline.take(event);
            }
            Taken::Applied | Taken::Known | Taken::Gap => {}
        }
        self.timeline_changed(id);
    }

    fn take_answer(&mut self, now: Moment, answer: SendAnswer) {
        let Some(entry) = self.outbox.find(&answer.msg_id) else {
            return;
        };
        let conversation = entry.conversation;
        match (answer.code, answer.seq) {
            (Code::Success, Some(seq)) => {
                entry.delivery = Delivery::Acked { seq };
                let event = Event::MessageSent(Message {
                    msg_id: answer.msg_id,
                    content: entry.content.clone(),
                    conversation,
                    seq,
                    from: self.me.id,
                    from_user: self.me.name.clone(),
                    sent_at: answer.sent_at.unwrap_or(entry.written_at),
                    check: answer.check,
                });
                self.take(now, event);
            }
            (code, _) if code.is_passing() => {
                let pause = answer.retry_after_ms.map_or(PAUSE, Moment::from_millis);
                entry.delivery = Delivery::Queued {
                    not_before: now + pause.max(SHORTEST_PAUSE),
                };
                self.change(Change::Timeline(conversation));
            }
            (code, _) => {
                entry.delivery = Delivery::Failed { code };
                self.change(Change::Timeline(conversation));
            }
        }
    }

    fn take_summary(&mut self, summary: Summary) {
        self.asked.remove(&summary.request_id);
        self.me = summary.me;
        for entry in &summary.conversations {
            let connected = self.heart.link == Link::Connected;
            let conversation = self.conversation_mut(entry.id);
            let (grew, read) = (conversation.timeline.head() < entry.head, conversation.read);
            conversation.apply_summary(entry);
            if read > entry.read && connected {
                // Read while there was no connection: the server hears of it now.
                self.transmit(ClientFrame::Read(Position::new(entry.id, read)));
            }
            if grew {
                self.timeline_changed(entry.id);
            }
        }
        for person in self.people.values_mut() {
            person.presence = Presence::Offline;
        }
        self.take_people(summary.people);
        self.change(Change::Conversations);
        self.fetch_first_pages();
    }

    fn take_page(&mut self, now: Moment, page: Page) {
        self.asked.remove(&page.request_id);
        for event in &page.events {
            if let Event::MessageSent(message) = event {
                self.people.get_or_insert_with(message.from, || Person {
                    id: message.from,
                    name: message.from_user.clone(),
                    presence: Presence::Offline,
                });
                if message.from == self.me.id {
                    self.outbox.acknowledge(&message.msg_id, message.seq);
                }
            }
        }
        let conversation = self.conversation_mut(page.conversation);
        if !conversation.is_heard_of {
            conversation.note_head(page.head);
        }
        if conversation
            .timeline
            .take_page(page.events, page.head)
            .is_err()
        {
            self.replace_log(now, page.conversation, page.head);
        }
        self.timeline_changed(page.conversation);
    }

    fn take_heads(&mut self, heads: Vec<Position>) {
        for Position {
            conversation: id,
            seq,
            ..
        } in heads
        {
            let conversation = self.conversation_mut(id);
            if conversation.timeline.head() < seq {
                conversation.note_head(seq);
                // Events were missed, so what they would have told is asked for as well.
                self.summary_wanted = true;
                self.timeline_changed(id);
            }
        }
    }

    fn take_people(&mut self, people: Vec<Person>) {
        for person in people {
            self.people.insert(person.id, person);
        }
        self.change(Change::People);
    }

    fn take_error(&mut self, now: Moment, error: &ErrorAnswer) {
        let Some(asked) = error.request_id.and_then(|id| self.asked.get_mut(&id)) else {
            return;
        };
        if asked.what == Question::People {
            asked.until = now;
        } else {
            // The question stands until then, so it is asked again and not at once.
            asked.until = now + error.retry_after_ms.map_or(PAUSE, Moment::from_millis);
        }
    }

    fn timeline_changed(&mut self, id: ConversationId) {
        let cursor = self.conversation_mut(id).timeline.cursor();
        self.outbox.settle(id, cursor);
        self.change(Change::Timeline(id));
        self.change(Change::Conversations);
    }

    /// Whatever is open and shows nothing yet asks for its newest page.
    fn fetch_first_pages(&mut self) {
        let empty: Vec<_> = self
            .conversations
            .values()
            .filter(|one| one.is_open && one.timeline.events().len() == 0)
            .map(|one| one.id)
            .collect();
        let now = self.now();
        for conversation in empty {
            self.page_back(now, conversation);
        }
    }

    fn ask_what_is_missing(&mut self, now: Moment) {
        if self.heart.link != Link::Connected {
            return;
        }
        if !self.unverified().is_empty() && !self.is_asked(Question::Alive) {
            self.beat(now);
        }
        if self.summary_wanted && !self.is_asked(Question::Summary) {
            self.summary_wanted = false;
            self.ask(now, Question::Summary, |request_id| {
                ClientFrame::Summary(Ask { request_id })
            });
        }
        self.tell_delivered(now);
        let behind: Vec<_> = self
            .conversations
            .values()
            .filter(|one| one.timeline.is_behind() && !one.is_unverified())
            .map(|one| {
                let cursor = one.timeline.cursor();
                let is_ahead = sabotage::is(Defect::CursorAhead);
                (one.id, if is_ahead { cursor.next() } else { cursor })
            })
            .filter(|(id, _)| !self.is_asked(Question::Newer(*id)))
            .collect();
        for (conversation, cursor) in behind {
            self.ask(now, Question::Newer(conversation), |request_id| {
                let (after, limit) = (Some(cursor), None);
                ClientFrame::Pull(Pull {
                    request_id,
                    conversation,
                    after,
                    before: None,
                    limit,
                })
            });
        }
    }

    /// Only once it is known what the server knows already.
    fn tell_delivered(&mut self, now: Moment) {
        if self.summary_wanted || self.is_asked(Question::Summary) {
            return;
        }
        let me = self.me.id;
        let all = self.conversations.values_mut();
        let due: Vec<_> = all
            .filter_map(|one| Some(Position::new(one.id, one.delivered_to_tell(me, now)?)))
            .collect();
        for place in due {
            self.transmit(ClientFrame::Delivered(place));
        }
    }

    fn drain_outbox(&mut self, now: Moment) {
        if self.heart.link != Link::Connected {
            return;
        }
        for entry in self.outbox.take_ready(now, self.unverified()) {
            self.change(Change::Timeline(entry.conversation));
            let frame = self.frame_of(entry);
            self.heart.asked(now);
            self.transmit(frame);
        }
    }

    /// The name of the other person of a private conversation, as far as it is known.
    fn name_of_peer(&self, conversation: ConversationId) -> String {
        let peer = conversation.peer_of(self.me.id);
        let person = peer.and_then(|peer| self.people.get(&peer));
        person.map_or_else(String::new, |person| person.name.clone())
    }

    fn frame_of(&self, entry: Outgoing) -> ClientFrame {
        let Outgoing {
            msg_id,
            to_user,
            content,
            conversation,
            ..
        } = entry;
        match conversation.peer_of(self.me.id) {
            None => ClientFrame::SendToAll(SendToAll {
                msg_id,
                content,
                conversation: Some(conversation),
            }),
            Some(_) => ClientFrame::SendToOne(SendToOne {
                to_user,
                msg_id,
                content,
                conversation: Some(conversation),
            }),
        }
    }

    fn ask(&mut self, now: Moment, what: Question, frame: impl FnOnce(RequestId) -> ClientFrame) {
        if self.heart.link != Link::Connected {
            return;
        }
        self.heart.asked(now);
        self.last_request += 1;
        let request_id = self.last_request_id();
        self.asked.insert(
            request_id,
            Asked {
                what,
                until: now + ANSWER_OVERDUE,
            },
        );
        self.transmit(frame(request_id));
    }

    fn last_request_id(&self) -> RequestId {
        RequestId(self.last_request)
    }

    fn is_asked(&self, what: Question) -> bool {
        self.asked.values().any(|asked| asked.what == what)
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

/// A question without an answer is asked again after this long.
const ANSWER_OVERDUE: Moment = Moment::from_secs(10);
/// Where the server names no pause.
const PAUSE: Moment = Moment::from_secs(2);
/// However soon the server lets us.
const SHORTEST_PAUSE: Moment = Moment::from_millis(100);
