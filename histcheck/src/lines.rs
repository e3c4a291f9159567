//! A history as lines of JSON, for whoever is not written in Rust: browser tests, other clients.
//!
//! Each line is one object with one key. First everybody's names, then what they entered, in any
//! order; empty lines are skipped and a word that is not listed here is an error.
//!
//! ```json
//! {"place": {"id": "d1-2", "members": [1, 2]}}
//! {"client": {"id": "ana's tab", "person": 1}}
//! {"patience": {"ms": 10000}}
//! {"healed": {"at": 900}}
//! {"converged": {"at": 1200}}
//! {"entry": {"at": 12.5, "client": "ana's tab", "what": WHAT}}
//! ```
//!
//! - `place`: only where not everybody may see it. `id` is a conversation's id as it is on the wire.
//! - `client`: one device (a tab, a bot) and its person's user id. Each must be declared, before its
//!   first entry. Who reads the logs once more at the end is a client too.
//! - `healed`, `converged`, `patience`: since when no fault was in force, since when everybody held
//!   everything, and how long that may take (10 s if it is not said). Without `healed` nothing is
//!   judged of it; with `healed` and without `converged` it never came.
//! - `at`: milliseconds on one clock for all clients, which never goes back. Where several entries of
//!   one client have the same time, they happened in the order of their lines.
//!
//! `WHAT` is one of these; `EVENT` is `{"seq": 7, "msgId": "…", "from": 1, "text": "…"}`, `from` a
//! user id. Each text is to be written once, so that one that stands twice is the same message twice.
//!
//! ```json
//! {"invoked": {"place": "r1", "msgId": "…", "text": "…"}}
//! {"acked": {"place": "r1", "msgId": "…", "seq": 7}}
//! {"refused": {"msgId": "…"}}
//! {"received": {"place": "r1", "event": EVENT}}
//! {"head": {"place": "r1", "seq": 7, "asked": 12.5}}
//! {"read": {"place": "r1", "seq": 7}}
//! {"marked": {"place": "d1-2", "person": 2, "delivered": 7, "read": 5, "asked": 12.5}}
//! {"shown": {"place": "r1", "event": EVENT}}
//! {"restarted": {"place": "r1"}}
//! {"twin": {"place": "r1", "msgId": "…"}}
//! {"held": {"place": "r1", "from": 1, "events": [EVENT]}}
//! {"waiting": {"msgId": "…"}}
//! {"restored": {}}
//! {"survived": {"place": "r1", "head": 7}}
//! {"unsound": {"why": "…"}}
//! ```
//!
//! They mean what [`What`] says. In short: `invoked` before the first try to send; `acked` when the
//! answer, or the tick, came; `read` before the server hears that the person saw everything up to
//! there, `marked` when it said how far somebody is (the first that is said of somebody in a place of
//! everybody's is where they came in); `shown` when an event was added at the end of what the person
//! sees, and `restarted` when that was emptied (a reload); `held` at the end, all that is there in the
//! order in which it is shown. `asked` is only for an answer that other news may have overtaken on its way:
//! the time of its question. `from` is the first number that was to be held, 1 where it is not said: a tab
//! that loaded the newest page alone holds from that page on. A message that nobody holds at the end
//! is only found where somebody holds from 1.

mod said;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::Duration,
};

use self::said::{Line, SaidEvent, SaidWhat};
use crate::{ClientId, Digest, Entry, Event, History, Key, Members, Person, Place, What};

/// A history that was read, and what its numbers were called.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Named {
    /// What happened.
    pub history: History,
    /// By the form in which a report names it: what the lines called it.
    pub names: BTreeMap<String, String>,
}

impl Named {
    /// What a report says, with the names of the lines.
    pub fn translated(&self, report: &str) -> String {
        let names = self.names.iter();
        names.fold(report.to_owned(), |text, (form, name)| {
            text.replace(form, &format!("‹{name}›"))
        })
    }
}

/// A line that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadLine {
    /// Which, from 1.
    pub number: usize,
    /// What is wrong with it, in words.
    pub why: String,
}

/// Reads a history from lines of JSON, as the head of this module describes them.
///
/// # Errors
/// [`BadLine`] for the first that is none, or that names a client which was not declared.
pub fn parse(text: &str) -> Result<Named, BadLine> {
    let mut reading = Reading::default();
    reading.named.history.patience = PATIENCE;
    for (number, line) in (1..).zip(text.lines()) {
        let bad = |why| BadLine { number, why };
        if !line.trim().is_empty() {
            let line = serde_json::from_str(line).map_err(|error| bad(error.to_string()))?;
            reading.take(line).map_err(bad)?;
        }
    }
    Ok(reading.named)
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {} cannot be read: {}", self.number, self.why)
    }
}

impl std::error::Error for BadLine {}

#[derive(Default)]
struct Reading {
    named: Named,
    clients: HashMap<String, ClientId>,
}

impl Reading {
    fn take(&mut self, line: Line) -> Result<(), String> {
        let history = &mut self.named.history;
        match line {
            Line::Place(place) => {
                let members = place.members.into_iter().map(Person).collect();
                let id = self.place(&place.id);
                let history = &mut self.named.history;
                history.places.insert(id, Members::Only(members));
            }
            Line::Client(client) => {
                let number = u32::try_from(self.clients.len()).unwrap_or(u32::MAX);
                let id = ClientId(number.saturating_add(1));
                if self.clients.insert(client.id.clone(), id).is_some() {
                    return Err(format!("the client {} is declared twice", client.id));
                }
                history.clients.insert(id, Person(client.person));
                self.named.names.insert(format!("{id:?}"), client.id);
            }
            Line::Patience(patience) => history.patience = Duration::from_millis(patience.ms),
            Line::Healed(moment) => history.healed_at = Some(time(moment.at)?),
            Line::Converged(moment) => history.converged_at = Some(time(moment.at)?),
            Line::Entry(entry) => {
                let client = self.clients.get(&entry.client).copied();
                let client =
                    client.ok_or_else(|| format!("no client {} is declared", entry.client))?;
                let (at, what) = (time(entry.at)?, self.what(entry.what)?);
                self.named.history.entries.push(Entry { at, client, what });
            }
        }
        Ok(())
    }

    fn what(&mut self, what: SaidWhat) -> Result<What, String> {
        Ok(match what {
            SaidWhat::Invoked(said) => What::Invoked {
                place: self.place(&said.place),
                key: self.key(&said.msg_id),
                digest: Digest::of(&said.text),
            },
            SaidWhat::Acked(said) => What::Acked {
                place: self.place(&said.place),
                key: self.key(&said.msg_id),
                seq: said.seq,
            },
            SaidWhat::Refused(said) => What::Refused {
                key: self.key(&said.msg_id),
            },
            SaidWhat::Received(said) => What::Received {
                place: self.place(&said.place),
                event: self.event(said.event),
            },
            SaidWhat::Head(said) => What::Head {
                place: self.place(&said.place),
                seq: said.seq,
                asked: said.asked.map(time).transpose()?,
            },
            SaidWhat::Read(said) => What::Read {
                place: self.place(&said.place),
                seq: said.seq,
            },
            SaidWhat::Marked(said) => What::Marked {
                place: self.place(&said.place),
                person: Person(said.person),
                delivered: said.delivered,
                read: said.read,
                asked: said.asked.map(time).transpose()?,
            },
            SaidWhat::Shown(said) => What::Shown {
                place: self.place(&said.place),
                event: self.event(said.event),
            },
            SaidWhat::Restarted(said) => What::Restarted {
                place: self.place(&said.place),
            },
            SaidWhat::Twin(said) => What::Twin {
                place: self.place(&said.place),
                key: self.key(&said.msg_id),
            },
            SaidWhat::Held(said) => What::Held {
                place: self.place(&said.place),
                from: said.from,
                events: said.events.into_iter().map(|one| self.event(one)).collect(),
            },
            SaidWhat::Waiting(said) => What::Waiting {
                key: self.key(&said.msg_id),
            },
            SaidWhat::Restored(_) => What::Restored,
            SaidWhat::Survived(said) => What::Survived {
                place: self.place(&said.place),
                head: said.head,
            },
            SaidWhat::Unsound(said) => What::Unsound { why: said.why },
        })
    }

    fn event(&mut self, said: SaidEvent) -> Event {
        Event {
            seq: said.seq,
            key: self.key(&said.msg_id),
            sender: Person(said.from),
            digest: Digest::of(&said.text),
        }
    }

    fn place(&mut self, id: &str) -> Place {
        let place = Place::of(id);
        self.named.names.insert(format!("{place:x?}"), id.into());
        place
    }

    fn key(&mut self, msg_id: &str) -> Key {
        let key = Key::of(msg_id);
        self.named.names.insert(format!("{key:x?}"), msg_id.into());
        key
    }
}

fn time(ms: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(ms / 1000.0).map_err(|_| format!("{ms} is no time in milliseconds"))
}

/// Where the lines do not say how long convergence may take: the goal of the project.
const PATIENCE: Duration = Duration::from_secs(10);
