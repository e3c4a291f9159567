//! The hub: which live connections want which conversations.
//!
//! Owns one mailbox per connection and turns one bus event into one push per interested mailbox.
//! Never touches a socket, never reads the store, never awaits: a slow reader costs only itself.
//! Read next: [`mailbox`], then [`crate::gateway::connection`], which drains the mailboxes.

pub mod mailbox;
mod presence;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use shared::{
    ConversationId, Seq, ServerFrame, UserId,
    event::Position,
    frame::{Person, Presence, ReadMark, User, UserJoined},
};

use self::presence::Attendance;
use crate::{
    auth::Session,
    bus::{ConnectionId, Event, Subscription},
    sabotage::{self, Defect},
};

pub use self::mailbox::{Frame, Mailbox};

/// All live connections of this node.
#[derive(Default)]
pub struct Hub {
    seats: Mutex<Seats>,
    last_connection: AtomicU64,
}

#[derive(Default)]
struct Seats {
    connections: HashMap<ConnectionId, Seat>,
    people: HashMap<UserId, Attendance>,
}

struct Seat {
    mailbox: Arc<Mailbox>,
    session: Session,
}

/// A connection's place in the hub; given up when dropped.
pub struct Seated {
    hub: Arc<Hub>,
    /// Which connection.
    pub id: ConnectionId,
    /// What is for it.
    pub mailbox: Arc<Mailbox>,
}

impl Hub {
    /// Takes a connection in, and tells the others of somebody who was not here.
    pub fn join(self: &Arc<Self>, session: &Session) -> Seated {
        let id = ConnectionId(self.last_connection.fetch_add(1, Ordering::Relaxed) + 1);
        let mailbox = Arc::new(Mailbox::default());
        let mut seats = self.seats();
        let attendance = seats
            .people
            .entry(session.user.id)
            .or_insert_with(|| Attendance::of(session.user.clone()));
        let (was_listed, before) = (attendance.is_listed(), attendance.shown());
        attendance.arrive(id);
        let shown = attendance.shown();
        if !was_listed {
            let joined = UserJoined {
                nickname: session.user.name.clone(),
                user: Some(session.user.id),
            };
            seats.tell_all(&encode(&ServerFrame::UserJoined(joined)), None);
        }
        if before != shown {
            seats.tell_presence(&session.user, shown);
        }
        let seat = Seat {
            mailbox: Arc::clone(&mailbox),
            session: session.clone(),
        };
        seats.connections.insert(id, seat);
        Seated {
            hub: Arc::clone(self),
            id,
            mailbox,
        }
    }

    /// Delivers what the bus tells until it ends.
    pub async fn run(self: Arc<Self>, mut bus: Subscription) {
        while let Some(event) = bus.next().await {
            self.deliver(event);
        }
    }

    /// A person left the desk or came back, on this connection; or, where the word came by none, on
    /// those of the same session.
    pub fn set_presence(
        &self,
        session: &Session,
        connection: Option<ConnectionId>,
        presence: Presence,
    ) {
        let mut seats = self.seats();
        let meant: Vec<_> = match connection {
            Some(connection) => vec![connection],
            None => seats
                .seats_of(session.user.id)
                .filter(|(_, seat)| seat.session.is_same(session))
                .map(|(id, _)| id)
                .collect(),
        };
        if let Some(attendance) = seats.people.get_mut(&session.user.id) {
            let before = attendance.shown();
            for connection in meant {
                attendance.set(connection, presence);
            }
            let shown = attendance.shown();
            if before != shown {
                seats.tell_presence(&session.user, shown);
            }
        }
    }

    /// Lets those go who left long enough ago that it was no reload; called about once a second.
    pub fn let_go(&self, now: Instant) {
        let mut seats = self.seats();
        let mut gone = Vec::new();
        seats.people.retain(|_, attendance| {
            let is_gone = attendance.is_gone(now);
            if is_gone {
                gone.push(attendance.user().clone());
            }
            !is_gone
        });
        for user in gone {
            seats.tell_presence(&user, Presence::Offline);
        }
    }

    /// Whether this person is here.
    pub fn presence_of(&self, user: UserId) -> Presence {
        self.seats()
            .people
            .get(&user)
            .map_or(Presence::Offline, Attendance::shown)
    }

    /// Up to `limit` people who are here.
    pub fn people_here(&self, limit: usize) -> Vec<Person> {
        let seats = self.seats();
        let here = seats
            .people
            .values()
            .filter(|one| one.shown() != Presence::Offline);
        here.take(limit)
            .map(|one| {
                let User { id, name } = one.user().clone();
                Person {
                    id,
                    name,
                    presence: one.shown(),
                }
            })
            .collect()
    }

    /// Ends every connection of a session that was signed out.
    pub fn end_session(&self, session: &Session) {
        let seats = self.seats();
        let ended = seats
            .connections
            .values()
            .filter(|seat| seat.session.is_same(session));
        for seat in ended {
            seat.mailbox.close();
        }
    }

    fn deliver(&self, event: Event) {
        if sabotage::now_and_then(Defect::LosesPushes) || sabotage::now_and_then(Defect::HidesHeads)
        {
            return;
        }
        let seats = self.seats();
        match event {
            Event::MessageSent { message, origin } => {
                let at = Position::new(message.conversation, message.seq);
                let frame = encode(&ServerFrame::Message(message));
                match at.conversation {
                    // Everybody is in the one room there is.
                    ConversationId::Room(_) => seats.tell_all(&frame, Some(at)),
                    ConversationId::Direct(_) if sabotage::is(Defect::TellsEverybody) => {
                        seats.tell_all(&frame, Some(at));
                    }
                    ConversationId::Direct(_) => seats.tell_pair(&frame, at, origin),
                }
            }
            Event::Read { user, mark } => seats.tell_read(user, mark),
            Event::Marks { marks } => {
                let at = Position::new(marks.conversation, Seq::NONE);
                seats.tell_pair(&encode(&ServerFrame::Marks(marks)), at, None);
            }
            Event::Typing { typing } => {
                let (by, conversation) = (typing.user.id, typing.conversation);
                let frame = encode(&ServerFrame::Typing(typing));
                for seat in seats.connections.values() {
                    let user = seat.session.user.id;
                    let is_here = match conversation {
                        ConversationId::Room(_) => true,
                        ConversationId::Direct(_) => conversation.peer_of(user).is_some(),
                    };
                    if user != by && is_here {
                        seat.mailbox.push(frame.clone(), None);
                    }
                }
            }
        }
    }

    fn leave(&self, connection: ConnectionId) {
        let mut seats = self.seats();
        let Some(seat) = seats.connections.remove(&connection) else {
            return;
        };
        let user = seat.session.user;
        if let Some(attendance) = seats.people.get_mut(&user.id) {
            let before = attendance.shown();
            attendance.depart(connection, Instant::now());
            let shown = attendance.shown();
            if before != shown {
                seats.tell_presence(&user, shown);
            }
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        // Nothing that runs under the lock can panic half-way through a change.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    fn tell_all(&self, frame: &Frame, at: Option<Position>) {
        for seat in self.connections.values() {
            seat.mailbox.push(frame.clone(), at);
        }
    }

    /// What happened in a private conversation reaches both people's devices, a message all but the
    /// one that sent it, which has its ack. Without a `seq` it is no event of the log.
    fn tell_pair(&self, frame: &Frame, at: Position, origin: Option<ConnectionId>) {
        let ConversationId::Direct(pair) = at.conversation else {
            return;
        };
        let [one, other] = pair.people();
        let users = if one == other {
            &[one][..]
        } else {
            &[one, other]
        };
        for user in users {
            for (id, seat) in self.seats_of(*user) {
                if Some(id) != origin {
                    let event = (at.seq > Seq::NONE).then_some(at);
                    seat.mailbox.push(frame.clone(), event);
                }
            }
        }
    }

    fn tell_read(&self, user: UserId, mark: ReadMark) {
        let frame = encode(&ServerFrame::Read(mark));
        for (_, seat) in self.seats_of(user) {
            seat.mailbox.push(frame.clone(), None);
        }
    }

    fn tell_presence(&self, user: &User, presence: Presence) {
        let User { id, name } = user.clone();
        self.tell_all(
            &encode(&ServerFrame::Presence(Person { id, name, presence })),
            None,
        );
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

impl Drop for Seated {
    fn drop(&mut self) {
        self.hub.leave(self.id);
    }
}

/// Encodes once; every mailbox shares the bytes.
fn encode(frame: &ServerFrame) -> Frame {
    frame.encode().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: u64, name: &str) -> Session {
        Session {
            user: User {
                id: UserId(id),
                name: name.into(),
            },
            token: None,
        }
    }

    fn types(seated: &Seated) -> Vec<String> {
        let mut frames = Vec::new();
        seated.mailbox.take(&mut frames);
        let decoded = frames.iter().map(Frame::as_str);
        decoded
            .map(|text| match ServerFrame::decode(text).unwrap() {
                ServerFrame::UserJoined(joined) => format!("join {}", joined.nickname),
                ServerFrame::Presence(person) => format!("{} {:?}", person.name, person.presence),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn those_here_hear_who_comes_and_a_reload_is_not_heard() {
        let hub = Arc::new(Hub::default());
        let ana = hub.join(&session(1, "Ana"));
        assert!(types(&ana).is_empty(), "nobody is told of themselves");
        let bo = hub.join(&session(2, "Bo"));
        assert_eq!(types(&ana), ["join Bo", "Bo Online"]);
        let left_at = Instant::now();
        drop(bo);
        hub.let_go(left_at);
        let _bo = hub.join(&session(2, "Bo"));
        assert!(types(&ana).is_empty(), "a reload is not a coming and going");
    }

    #[test]
    fn who_leaves_is_gone_after_the_grace() {
        let hub = Arc::new(Hub::default());
        let ana = hub.join(&session(1, "Ana"));
        drop(hub.join(&session(2, "Bo")));
        types(&ana);
        hub.let_go(Instant::now() + presence::GRACE * 2);
        assert_eq!(types(&ana), ["Bo Offline"]);
        assert_eq!(hub.presence_of(UserId(2)), Presence::Offline);
    }

    #[test]
    fn one_person_is_away_only_when_all_their_devices_are() {
        let hub = Arc::new(Hub::default());
        let ana = hub.join(&session(1, "Ana"));
        let bo = session(2, "Bo");
        let (desk, phone) = (hub.join(&bo), hub.join(&bo));
        types(&ana);
        hub.set_presence(&bo, Some(desk.id), Presence::Away);
        assert!(types(&ana).is_empty());
        hub.set_presence(&bo, Some(phone.id), Presence::Away);
        assert_eq!(types(&ana), ["Bo Away"]);
    }
}
