//! What one client enters into the history: what it wrote, was told, showed and holds.
//!
//! Watches an engine from outside. Knows no socket. Read next: `told`, for what the server tells.

mod told;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, Instant},
};

use client::{Change, Client};
use histcheck::{ClientId, Digest, Entry, Event, Key, Person, Place, What};
use shared::{ClientFrame, ConversationId, MsgId, RequestId, Seq, UserId};

/// What tells the time of an entry. It is one for all clients of a history.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// The real one, since then.
    Since(Instant),
    /// One that a simulated world moves on, in its own steps.
    #[cfg(test)]
    Simulated(std::sync::Arc<std::sync::atomic::AtomicU64>),
}

/// Collects entries of one client.
pub(crate) struct Recorder {
    client: ClientId,
    /// The one clock of an episode.
    clock: Clock,
    entries: Vec<Entry>,
    /// What the screen shows of each conversation.
    screens: BTreeMap<ConversationId, Screen>,
    acked: u64,
    /// Whose client it is, once the server has said so.
    me: UserId,
    /// When those were asked that are not answered yet.
    summaries: HashMap<RequestId, Instant>,
}

#[derive(Default)]
struct Screen {
    floor: u64,
    /// How many events were entered since the floor.
    count: u64,
    own: HashSet<Key>,
}

impl Recorder {
    /// A recorder of this client, on this clock.
    pub(crate) fn new(client: ClientId, clock: Clock) -> Self {
        Self {
            client,
            clock,
            entries: Vec::new(),
            screens: BTreeMap::new(),
            acked: 0,
            me: UserId(0),
            summaries: HashMap::new(),
        }
    }

    /// Messages acknowledged so far; a repeated answer counts again.
    pub(crate) fn acked(&self) -> u64 {
        self.acked
    }

    /// Its person writes; to be called before the engine hears of it.
    pub(crate) fn invoked(&mut self, to: ConversationId, msg_id: &MsgId, content: &str) {
        let place = place(to);
        self.enter(What::Invoked {
            place,
            key: key(msg_id),
            digest: Digest::of(content),
        });
    }

    /// Its person saw everything up to there; to be called before the engine hears of it.
    pub(crate) fn read(&mut self, conversation: ConversationId, seq: Seq) {
        let (place, seq) = (place(conversation), seq.0);
        self.enter(What::Read { place, seq });
    }

    /// A frame goes out.
    pub(crate) fn transmitted(&mut self, frame: &ClientFrame) {
        if let ClientFrame::Summary(ask) = frame {
            self.summaries.insert(ask.request_id, Instant::now());
        }
    }

    /// Enters what is different on the screen; to be called after each call of the engine.
    pub(crate) fn observe(&mut self, client: &mut Client) {
        while let Some(change) = client.next_change() {
            if let Change::Timeline(conversation) = change {
                self.observe_timeline(client, conversation);
            }
        }
    }

    fn observe_timeline(&mut self, client: &Client, conversation: ConversationId) {
        let Some(timeline) = client
            .conversation(conversation)
            .map(client::Conversation::timeline)
        else {
            return;
        };
        let place = place(conversation);
        let me = client.me().id;
        let mut screen = self.screens.remove(&conversation).unwrap_or_default();
        let (floor, count) = (timeline.floor().0, timeline.events().len() as u64);
        let is_empty = screen.count == 0;
        if is_empty {
            screen.floor = floor;
        } else if floor > screen.floor || floor + count < screen.floor + screen.count {
            self.enter(What::Restarted { place });
            screen = Screen {
                floor,
                ..Screen::default()
            };
        }
        // What was paged in lies in front and is judged with what is held at the end.
        let paged = screen.floor - floor;
        if paged > 0 {
            let older = timeline
                .events()
                .take(usize::try_from(paged).unwrap_or(usize::MAX));
            screen.own.extend(older.filter_map(|one| own(one, me)));
            screen.floor = floor;
            screen.count += paged;
        }
        let known = usize::try_from(screen.count).unwrap_or(usize::MAX);
        for one in timeline.events().skip(known) {
            if let shared::Event::MessageSent(message) = one {
                self.enter(What::Shown {
                    place,
                    event: event(message),
                });
            }
            screen.own.extend(own(one, me));
        }
        screen.count = count;
        for outgoing in client.outgoing(conversation) {
            let key = key(&outgoing.msg_id);
            if screen.own.contains(&key) {
                self.enter(What::Twin { place, key });
            }
        }
        self.screens.insert(conversation, screen);
    }

    /// The end: what is held of these, each from this number on, and what still waits.
    pub(crate) fn finish(
        mut self,
        client: &Client,
        conversations: &[(ConversationId, u64)],
    ) -> Vec<Entry> {
        for (id, from) in conversations {
            let Some(conversation) = client.conversation(*id) else {
                continue;
            };
            let events = conversation
                .timeline()
                .events()
                .filter(|one| one.seq().0 >= *from)
                .filter_map(|one| match one {
                    shared::Event::MessageSent(message) => Some(event(message)),
                    shared::Event::Unknown(_) => None,
                });
            let events = events.collect();
            self.enter(What::Held {
                place: place(*id),
                from: *from,
                events,
            });
            for outgoing in client.outgoing(*id) {
                self.enter(What::Waiting {
                    key: key(&outgoing.msg_id),
                });
            }
        }
        self.entries
    }

    fn asked(&self, asked: Option<Instant>) -> Option<Duration> {
        match self.clock {
            Clock::Since(began) => asked.map(|at| at.saturating_duration_since(began)),
            #[cfg(test)]
            Clock::Simulated(_) => None,
        }
    }

    fn enter(&mut self, what: What) {
        let at = match &self.clock {
            Clock::Since(began) => began.elapsed(),
            #[cfg(test)]
            Clock::Simulated(now) => {
                Duration::from_nanos(now.load(std::sync::atomic::Ordering::Relaxed))
            }
        };
        let client = self.client;
        self.entries.push(Entry { at, client, what });
    }
}

/// A message as the checker sees it.
pub(crate) fn event(message: &shared::Message) -> Event {
    Event {
        seq: message.seq.0,
        key: key(&message.msg_id),
        sender: Person(message.from.0),
        digest: Digest::of(&message.content),
    }
}

/// A conversation as the checker sees it.
pub(crate) fn place(conversation: ConversationId) -> Place {
    Place::of(&conversation.to_string())
}

fn key(msg_id: &MsgId) -> Key {
    Key::of(msg_id.as_str())
}

fn own(event: &shared::Event, me: shared::UserId) -> Option<Key> {
    match event {
        shared::Event::MessageSent(message) if message.from == me => Some(key(&message.msg_id)),
        _ => None,
    }
}
