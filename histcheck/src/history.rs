//! The vocabulary: who there is, and what one client may enter into a history.

use std::{collections::BTreeMap, time::Duration};

/// One device of one person: whoever keeps a cursor and an outbox.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientId(pub u32);

/// One person, who may have several devices.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Person(pub u64);

/// One conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place(pub u64);

/// One message: the id its sender gave it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(pub u64);

/// The text of a message. Each text of a history is written once, so the same digest under another
/// key is the same message twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Digest(pub u64);

/// One entry of a log, as somebody saw it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// Its place in the conversation, from 1.
    pub seq: u64,
    /// Which message.
    pub key: Key,
    /// Who is said to have written it.
    pub sender: Person,
    /// What it says.
    pub digest: Digest,
}

/// What happened to one client, or to the world around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Its person wrote this; entered before the first try to send it.
    Invoked {
        /// Where.
        place: Place,
        /// Under which id.
        key: Key,
        /// What.
        digest: Digest,
    },
    /// The server promised that it is stored there; entered after the answer came.
    Acked {
        /// Where.
        place: Place,
        /// Which.
        key: Key,
        /// At which place in the log.
        seq: u64,
    },
    /// The server refused it for good.
    Refused {
        /// Which.
        key: Key,
    },
    /// A frame carried this event, by push or by pull.
    Received {
        /// Where.
        place: Place,
        /// Which.
        event: Event,
    },
    /// The server said that the log goes up to here.
    Head {
        /// Whose log.
        place: Place,
        /// How far.
        seq: u64,
        /// When it was asked, where the answer may have been overtaken by what came another way.
        asked: Option<Duration>,
    },
    /// Its person saw everything up to there; entered before the server hears of it.
    Read {
        /// Of which log.
        place: Place,
        /// Up to which number.
        seq: u64,
    },
    /// The server said how far a person has a log.
    Marked {
        /// Which log.
        place: Place,
        /// Whose marks.
        person: Person,
        /// What one of their devices has, where that is said.
        delivered: Option<u64>,
        /// What they saw.
        read: u64,
        /// When it was asked; none of a push, which may come late.
        asked: Option<Duration>,
    },
    /// The event was added at the end of what the person sees.
    Shown {
        /// Where.
        place: Place,
        /// Which.
        event: Event,
    },
    /// The message stood on the screen twice at one time: in the log and as one on its way.
    Twin {
        /// Where.
        place: Place,
        /// Which.
        key: Key,
    },
    /// What the person sees of this place was emptied and begins again.
    Restarted {
        /// Where.
        place: Place,
    },
    /// At the end: all that this client holds of a log.
    Held {
        /// Whose log.
        place: Place,
        /// The first number it was to hold: 1, or where the last page begins that it asked for.
        from: u64,
        /// In the order in which it is shown.
        events: Vec<Event>,
    },
    /// At the end: still in the outbox.
    Waiting {
        /// Which.
        key: Key,
    },
    /// The server came back from an older backup. Numbers told before mean nothing after; that
    /// nothing acknowledged is lost still holds, since the clients send it again.
    Restored,
    /// After a crash, before anybody wrote again: the log goes up to here. All that was acknowledged
    /// before must be in it, also what clients would send again by themselves.
    Survived {
        /// Whose log.
        place: Place,
        /// How far.
        head: u64,
    },
    /// The database itself was looked at and something is wrong with it.
    Unsound {
        /// What, in words.
        why: String,
    },
}

/// One line of a history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// On one clock for all clients that never goes back.
    pub at: Duration,
    /// Whose.
    pub client: ClientId,
    /// What.
    pub what: What,
}

/// Who may see a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Members {
    /// Everybody.
    Everybody,
    /// These.
    Only(Vec<Person>),
}

/// Everything that all clients entered, in any order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// Who may see what; a place that is not listed is everybody's.
    pub places: BTreeMap<Place, Members>,
    /// Whose device each client is.
    pub clients: BTreeMap<ClientId, Person>,
    /// What they entered.
    pub entries: Vec<Entry>,
    /// Since when no fault was in force.
    pub healed_at: Option<Duration>,
    /// Since when every client held every log and every outbox was empty; none if that never came.
    pub converged_at: Option<Duration>,
    /// How long that may take.
    pub patience: Duration,
}

impl History {
    /// Whether this client may see this place.
    pub(crate) fn is_entitled(&self, client: ClientId, place: Place) -> bool {
        match (self.places.get(&place), self.clients.get(&client)) {
            (Some(Members::Only(members)), Some(person)) => members.contains(person),
            (Some(Members::Only(_)), None) => false,
            (None | Some(Members::Everybody), _) => true,
        }
    }
}

impl Digest {
    /// The digest of a text: FNV-1a, 64 bits. It tells accidents apart, not forgers.
    pub fn of(text: &str) -> Self {
        Self(fnv(text))
    }
}

impl Key {
    /// The key of a message id. 16 hexadecimal digits are taken as the number they are, so that a
    /// report names the id as it stands on the wire; other ids are hashed.
    pub fn of(id: &str) -> Self {
        let number = (id.len() == 16).then(|| u64::from_str_radix(id, 16).ok());
        Self(number.flatten().unwrap_or_else(|| fnv(id)))
    }
}

impl Place {
    /// The place of a conversation's id.
    pub fn of(id: &str) -> Self {
        Self(fnv(id))
    }
}

fn fnv(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
