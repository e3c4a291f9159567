//! The hub: which live connections want which conversations.
//!
//! Owns one mailbox per connection and turns what the bus tells into one write for each that is
//! concerned; many events that come at once leave as one burst. Never reads the store and never waits
//! for a reader: a slow one costs only itself. Who comes and goes is told a little later than what is
//! said, the more people are here the later, so that it costs no more than a tenth of a core.
//! Read next: [`mailbox`], [`frame`], then [`crate::gateway::connection`].

mod backlog;
pub mod frame;
pub mod mailbox;
mod presence;
mod roster;
mod seats;

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use shared::{
    ConversationId, Message, ServerFrame,
    event::Position,
    frame::{Person, Presence, User},
};
use tokio::{
    sync::Notify,
    task::yield_now,
    time::{Instant, sleep_until},
};

use self::seats::Seats;
use crate::{
    auth::Session,
    bus::{ConnectionId, Event, Subscription},
    sabotage::{self, Defect},
};

pub use self::{
    frame::{Burst, Frame, Kind, Wire},
    mailbox::Mailbox,
};

/// All live connections of this node.
#[derive(Default)]
pub struct Hub {
    seats: Mutex<Seats>,
    last_connection: AtomicU64,
    /// There is news of who is here.
    stirred: Notify,
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
    /// Takes a connection in. `hello` is the first thing that it is told, before anything else.
    pub fn join(
        self: &Arc<Self>,
        session: &Session,
        mailbox: Arc<Mailbox>,
        hello: Option<ServerFrame>,
    ) -> Seated {
        let id = ConnectionId(self.last_connection.fetch_add(1, Ordering::Relaxed) + 1);
        let mut seats = self.seats();
        if let Some(hello) = hello {
            mailbox.push(&hello.into(), Kind::Answer);
        }
        seats.join(id, session, Arc::clone(&mailbox));
        self.tell_later(seats);
        Seated {
            hub: Arc::clone(self),
            id,
            mailbox,
        }
    }

    /// Delivers what the bus tells until it ends.
    pub async fn run(self: Arc<Self>, mut bus: Subscription) {
        let mut told_at = Instant::now();
        let mut events = Vec::new();
        loop {
            let due = self.seats().news_each().map(|each| told_at + each);
            let due = pin!(async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            });
            tokio::select! {
                event = bus.next() => match event {
                    Some(event) => events.push(event),
                    None => return,
                },
                () = due => {
                    self.tell_news().await;
                    told_at = Instant::now();
                }
                () = self.stirred.notified() => {}
            }
            if !events.is_empty() {
                // Whoever is about to say something says it into this burst.
                yield_now().await;
                bus.take_waiting(&mut events, MAX_BURST);
                self.deliver(events.drain(..)).await;
            }
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
        seats.set_presence(session, connection, presence);
        self.tell_later(seats);
    }

    /// Lets those go who left long enough ago that it was no reload; called about once a second.
    pub fn let_go(&self, now: std::time::Instant) {
        let mut seats = self.seats();
        seats.let_go(now);
        self.tell_later(seats);
    }

    /// These people, and whether they are here.
    pub fn with_presence(&self, users: Vec<User>) -> Vec<Person> {
        let seats = self.seats();
        let person = |User { id, name }| Person {
            presence: seats.presence_of(id),
            id,
            name,
        };
        users.into_iter().map(person).collect()
    }

    /// Up to `limit` people who are here.
    pub fn people_here(&self, limit: usize) -> Vec<Person> {
        self.seats().people_here().take(limit).collect()
    }

    /// Ends every connection of a session that was signed out, also one that is about to be seated.
    pub fn end_session(&self, session: &Session) {
        (self.seats()).end_session(session, std::time::Instant::now());
    }

    /// Whether a session was signed out a moment ago, after whoever acts for it looked it up.
    pub fn has_ended(&self, session: &Session) -> bool {
        self.seats().has_ended(session)
    }

    /// Tells everybody who came and went since the last time, as much as is told at once.
    async fn tell_news(&self) {
        let (burst, roster) = {
            let mut seats = self.seats();
            (seats.news(), seats.roster())
        };
        if !burst.is_empty() {
            roster::tell_all(&roster, burst).await;
        }
    }

    /// Tells these events, in this order, to whom they concern. [`Hub::run`] does it for all that its bus
    /// says.
    pub async fn deliver(&self, events: impl Iterator<Item = Event>) {
        let mut to_all = Burst::default();
        // They speak of messages, and follow them.
        let mut reads = Vec::new();
        let roster = {
            let mut seats = self.seats();
            for event in events {
                if sabotage::now_and_then(Defect::LosesPushes)
                    || sabotage::now_and_then(Defect::HidesHeads)
                {
                    continue;
                }
                match event {
                    Event::MessageSent { message, origin } => {
                        said(&seats, &mut to_all, message, origin);
                    }
                    Event::Read { user, mark } => {
                        reads.push((user, Frame::from(ServerFrame::Read(mark))));
                    }
                    Event::Marks { marks } => {
                        let conversation = marks.conversation;
                        let frame = ServerFrame::Marks(marks).into();
                        seats.tell_pair(conversation, &frame, Kind::Hint, None);
                    }
                    Event::Typing { typing } => {
                        seats.types(typing);
                        self.stirred.notify_one();
                    }
                }
            }
            seats.roster()
        };
        if !to_all.is_empty() {
            roster::tell_all(&roster, to_all).await;
        }
        let seats = self.seats();
        for (user, frame) in reads {
            seats.tell(user, &frame, Kind::Hint, None);
        }
    }

    /// Wakes whoever tells who is here, if there is news.
    fn tell_later(&self, seats: MutexGuard<'_, Seats>) {
        let has_news = seats.news_each().is_some();
        drop(seats);
        if has_news {
            self.stirred.notify_one();
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        // Nothing that runs under the lock can panic half-way through a change.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message of a room is for everybody, and leaves with what else is; a private one goes to both
/// people's devices at once, but the one that sent it, which has its ack.
fn said(seats: &Seats, to_all: &mut Burst, message: Message, origin: Option<ConnectionId>) {
    let at = Position::new(message.conversation, message.seq);
    let frame = Frame::from(ServerFrame::Message(message));
    let is_room = matches!(at.conversation, ConversationId::Room(_));
    if is_room || sabotage::is(Defect::TellsEverybody) {
        to_all.add(frame, Kind::Event(at), None);
    } else {
        seats.tell_pair(at.conversation, &frame, Kind::Event(at), origin);
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let mut seats = self.hub.seats();
        seats.leave(self.id);
        self.hub.tell_later(seats);
    }
}

/// Events that leave together. Source: as many as a mailbox takes.
const MAX_BURST: usize = backlog::MAX_FRAMES;

#[cfg(test)]
mod tests {
    use shared::UserId;

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

    async fn join(hub: &Arc<Hub>, session: &Session) -> Seated {
        let seated = hub.join(session, Arc::default(), None);
        hub.tell_news().await;
        seated
    }

    fn types(seated: &Seated) -> Vec<String> {
        let name = |bytes: &[u8]| match decoded(bytes) {
            ServerFrame::UserJoined(joined) => format!("join {}", joined.nickname),
            ServerFrame::Presence(person) => format!("{} {:?}", person.name, person.presence),
            other => format!("{other:?}"),
        };
        let frames = seated.mailbox.take();
        frames.iter().map(|bytes| name(bytes)).collect()
    }

    fn decoded(bytes: &[u8]) -> ServerFrame {
        ServerFrame::decode(std::str::from_utf8(bytes).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn those_here_hear_who_comes_and_a_reload_is_not_heard() {
        let hub = Arc::new(Hub::default());
        let ana = join(&hub, &session(1, "Ana")).await;
        assert!(types(&ana).is_empty(), "nobody is told of themselves");
        let bo = join(&hub, &session(2, "Bo")).await;
        assert_eq!(types(&ana), ["join Bo", "Bo Online"]);
        assert!(types(&bo).is_empty(), "nobody is told of themselves");
        let left_at = std::time::Instant::now();
        drop(bo);
        hub.let_go(left_at);
        let _bo = join(&hub, &session(2, "Bo")).await;
        assert!(types(&ana).is_empty(), "a reload is not a coming and going");
    }

    #[tokio::test]
    async fn who_leaves_is_gone_after_the_grace() {
        let hub = Arc::new(Hub::default());
        let ana = join(&hub, &session(1, "Ana")).await;
        drop(join(&hub, &session(2, "Bo")).await);
        types(&ana);
        hub.let_go(std::time::Instant::now() + presence::GRACE * 2);
        hub.tell_news().await;
        assert_eq!(types(&ana), ["Bo Offline"]);
        let bo = session(2, "Bo").user;
        assert_eq!(hub.with_presence(vec![bo])[0].presence, Presence::Offline);
    }

    #[tokio::test]
    async fn who_was_looked_up_before_signing_out_is_not_seated_after_it() {
        let hub = Arc::new(Hub::default());
        let signed_in = |token| Session {
            token: Some([token; 32]),
            ..session(1, "Ana")
        };
        hub.end_session(&signed_in(1));
        let late = join(&hub, &signed_in(1)).await;
        let other = join(&hub, &signed_in(2)).await;
        assert!(late.mailbox.is_closed() && !other.mailbox.is_closed());
    }

    #[tokio::test]
    async fn one_person_is_away_only_when_all_their_devices_are() {
        let hub = Arc::new(Hub::default());
        let ana = join(&hub, &session(1, "Ana")).await;
        let bo = session(2, "Bo");
        let (desk, phone) = (join(&hub, &bo).await, join(&hub, &bo).await);
        types(&ana);
        hub.set_presence(&bo, Some(desk.id), Presence::Away);
        hub.tell_news().await;
        assert!(types(&ana).is_empty());
        hub.set_presence(&bo, Some(phone.id), Presence::Away);
        hub.tell_news().await;
        assert_eq!(types(&ana), ["Bo Away"]);
    }

    #[tokio::test]
    async fn many_who_come_at_once_are_told_bit_by_bit_and_all_of_them() {
        let hub = Arc::new(Hub::default());
        let ana = join(&hub, &session(1, "Ana")).await;
        let crowd: Vec<_> = (2..202).map(|id| session(id, &format!("n{id}"))).collect();
        let seats: Vec<_> = crowd
            .iter()
            .map(|one| hub.join(one, Arc::default(), None))
            .collect();
        hub.tell_news().await;
        let first = types(&ana);
        assert!(first.len() < 200, "not all at once: {}", first.len());
        let mut joined = first;
        while hub.seats().news_each().is_some() {
            hub.tell_news().await;
            joined.extend(types(&ana));
        }
        joined.retain(|told| told.starts_with("join"));
        assert_eq!(joined.len(), seats.len());
    }
}
