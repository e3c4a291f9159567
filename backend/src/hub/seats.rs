//! Who is here, on which connections, and what the others have not heard of it yet.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{
    ConversationId, ServerFrame, UserId,
    frame::{Person, Presence, TypingBy, User, UserJoined},
};

use super::{
    frame::{Burst, Frame, Kind},
    mailbox::Mailbox,
    presence::Attendance,
    roster::Roster,
};
use crate::{auth::Session, bus::ConnectionId, store::TokenHash};

#[derive(Default)]
pub(super) struct Seats {
    /// In the order in which they came, so that a burst goes through the memory in the order in which the
    /// system laid out what it keeps for each of them.
    connections: BTreeMap<ConnectionId, Seat>,
    people: HashMap<UserId, Attendance>,
    /// The same connections as a list, made when it is asked for and somebody came or went.
    roster: Option<Roster>,
    /// About whom there is something to tell, the longest waiting first; each is here once.
    news: VecDeque<UserId>,
    /// Who is typing where everybody sees it.
    typing: VecDeque<TypingBy>,
    /// Sessions that were signed out a moment ago, and when: whoever was looked up before that and sits
    /// down after it is sent away.
    ended: HashMap<TokenHash, Instant>,
}

struct Seat {
    mailbox: Arc<Mailbox>,
    session: Session,
}

impl Seats {
    pub(super) fn join(&mut self, id: ConnectionId, session: &Session, mailbox: Arc<Mailbox>) {
        let attendance = self
            .people
            .entry(session.user.id)
            .or_insert_with(|| Attendance::of(session.user.clone()));
        attendance.arrive(id);
        if self.has_ended(session) {
            mailbox.close();
        }
        let session = session.clone();
        let user = session.user.id;
        self.connections.insert(id, Seat { mailbox, session });
        self.roster = None;
        self.changed(user);
    }

    pub(super) fn has_ended(&self, session: &Session) -> bool {
        (session.token).is_some_and(|token| self.ended.contains_key(&token))
    }

    pub(super) fn leave(&mut self, id: ConnectionId) {
        let Some(seat) = self.connections.remove(&id) else {
            return;
        };
        self.roster = None;
        let user = seat.session.user.id;
        if let Some(attendance) = self.people.get_mut(&user) {
            attendance.depart(id, Instant::now());
            self.changed(user);
        }
    }

    pub(super) fn set_presence(
        &mut self,
        session: &Session,
        connection: Option<ConnectionId>,
        presence: Presence,
    ) {
        let user = session.user.id;
        let meant: Vec<_> = match connection {
            Some(connection) => vec![connection],
            None => self
                .seats_of(user)
                .filter(|(_, seat)| seat.session.is_same(session))
                .map(|(id, _)| id)
                .collect(),
        };
        if let Some(attendance) = self.people.get_mut(&user) {
            for connection in meant {
                attendance.set(connection, presence);
            }
            self.changed(user);
        }
    }

    pub(super) fn let_go(&mut self, now: Instant) {
        for (user, attendance) in &mut self.people {
            attendance.let_go(now);
            if attendance.enqueue() {
                self.news.push_back(*user);
            }
        }
        self.people.retain(|_, attendance| !attendance.is_over());
        self.ended
            .retain(|_, ended| now.saturating_duration_since(*ended) < ENDED_FOR);
    }

    pub(super) fn presence_of(&self, user: UserId) -> Presence {
        self.people
            .get(&user)
            .map_or(Presence::Offline, Attendance::shown)
    }

    pub(super) fn people_here(&self) -> impl Iterator<Item = Person> {
        let here = |one: &&Attendance| one.shown() != Presence::Offline;
        self.people.values().filter(here).map(|one| {
            let User { id, name } = one.user().clone();
            let presence = one.shown();
            Person { id, name, presence }
        })
    }

    pub(super) fn end_session(&mut self, session: &Session, now: Instant) {
        if let Some(token) = session.token {
            self.ended.insert(token, now);
        }
        for (_, seat) in self.seats_of(session.user.id) {
            if seat.session.is_same(session) {
                seat.mailbox.close();
            }
        }
    }

    /// Tells all devices of a person, but the one it came from.
    pub(super) fn tell(
        &self,
        user: UserId,
        frame: &Frame,
        kind: Kind,
        origin: Option<ConnectionId>,
    ) {
        for (id, seat) in self.seats_of(user) {
            if Some(id) != origin {
                seat.mailbox.push(frame, kind);
            }
        }
    }

    /// Tells both people of a private conversation.
    pub(super) fn tell_pair(
        &self,
        conversation: ConversationId,
        frame: &Frame,
        kind: Kind,
        origin: Option<ConnectionId>,
    ) {
        let ConversationId::Direct(pair) = conversation else {
            return;
        };
        let [one, other] = pair.people();
        self.tell(one, frame, kind, origin);
        if one != other {
            self.tell(other, frame, kind, origin);
        }
    }

    /// Somebody is typing: the other person of a private conversation sees it at once, the room when
    /// it hears who came and went; where many type at once, some of it is not told.
    pub(super) fn types(&mut self, typing: TypingBy) {
        match typing.conversation {
            ConversationId::Direct(_) => {
                if let Some(peer) = typing.conversation.peer_of(typing.user.id)
                    && peer != typing.user.id
                {
                    self.tell(peer, &ServerFrame::Typing(typing).into(), Kind::Hint, None);
                }
            }
            ConversationId::Room(_) if self.typing.len() < MAX_TYPING => {
                self.typing.push_back(typing);
            }
            ConversationId::Room(_) => {}
        }
    }

    /// Everybody's mailbox, as of now.
    pub(super) fn roster(&mut self) -> Roster {
        let seats = &self.connections;
        let list = || {
            let seat = |seat: &Seat| (seat.session.user.id, Arc::clone(&seat.mailbox));
            seats.values().map(seat).collect()
        };
        Arc::clone(self.roster.get_or_insert_with(list))
    }

    /// How often news of who is here are told; nothing where there are none.
    pub(super) fn news_each(&self) -> Option<Duration> {
        let has_news = !self.news.is_empty() || !self.typing.is_empty();
        let people = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        has_news.then(|| (NEWS_EACH_PER_SOCKET * people).min(NEWS_EACH_AT_MOST))
    }

    /// What is told of it now. Nobody is told of themselves.
    pub(super) fn news(&mut self) -> Burst {
        let mut burst = Burst::default();
        let now = self.news.len().min(MAX_NEWS);
        for user in self.news.drain(..now) {
            let Some(attendance) = self.people.get_mut(&user) else {
                continue;
            };
            let Some((before, presence)) = attendance.dequeue() else {
                continue;
            };
            let User { id, name } = attendance.user().clone();
            if before == Presence::Offline {
                let joined = UserJoined {
                    nickname: name.clone(),
                    user: Some(id),
                };
                let joined = ServerFrame::UserJoined(joined).into();
                burst.add(joined, Kind::Hint, Some(user));
            }
            let person = ServerFrame::Presence(Person { id, name, presence });
            burst.add(person.into(), Kind::Hint, Some(user));
        }
        for typing in self.typing.drain(..) {
            let by = typing.user.id;
            burst.add(ServerFrame::Typing(typing).into(), Kind::Hint, Some(by));
        }
        burst
    }

    fn changed(&mut self, user: UserId) {
        if self.people.get_mut(&user).is_some_and(Attendance::enqueue) {
            self.news.push_back(user);
        }
    }

    fn seats_of(&self, user: UserId) -> impl Iterator<Item = (ConnectionId, &Seat)> {
        let ids = self
            .people
            .get(&user)
            .into_iter()
            .flat_map(Attendance::connections);
        ids.filter_map(|id| self.connections.get(&id).map(|seat| (id, seat)))
    }
}

/// Far longer than from the look-up of a session to its seat, or to the last frame of its request.
const ENDED_FOR: Duration = Duration::from_mins(10);
/// A write to a socket costs about 6 µs, so this keeps news below a tenth of a core.
const NEWS_EACH_PER_SOCKET: Duration = Duration::from_micros(100);
/// Nobody waits longer than this for news, unless there are more than [`MAX_NEWS`] at once.
const NEWS_EACH_AT_MOST: Duration = Duration::from_secs(2);
/// People that are told of at once; the others come next.
const MAX_NEWS: usize = 64;
/// Notes of who is typing that are told at once; one that is not told comes again while they type.
const MAX_TYPING: usize = 8;
