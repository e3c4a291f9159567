//! How far people took and read a log: what the server says of it, beside what they did.
//!
//! After a restored backup a mark of the part that was lost is not told from one that was made since:
//! how far the backup went is in no history.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use crate::{
    history::{ClientId, Person, Place},
    report::{Class, Report},
};

/// How far one person took and read one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Mark {
    delivered: u64,
    read: u64,
}

/// What the server says of somebody's marks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) place: Place,
    pub(crate) person: Person,
    /// Where that is said.
    pub(crate) delivered: Option<u64>,
    pub(crate) read: u64,
}

/// What is known of all marks up to a time.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// The most that a device was told of a log, and that its person saw.
    done: HashMap<(Place, Person), Mark>,
    /// Who was told of their own mark in a place that is everybody's.
    came: HashSet<(Place, Person)>,
    /// The most that anybody was told, and since when. After a restored backup it begins anew.
    told: HashMap<(Place, Person), Vec<(Duration, Mark)>>,
}

impl Marks {
    /// One of this person's devices was told of the event with this number.
    pub(crate) fn took(&mut self, person: Option<&Person>, place: Place, seq: u64) {
        if let Some(person) = person {
            let done = self.done.entry((place, *person)).or_default();
            done.delivered = done.delivered.max(seq);
        }
    }

    /// This person saw everything up to there.
    pub(crate) fn read(&mut self, person: Option<&Person>, place: Place, seq: u64) {
        if let Some(person) = person {
            let done = self.done.entry((place, *person)).or_default();
            done.read = done.read.max(seq);
        }
    }

    /// Who comes into a place that is everybody's has seen what was there: the first that is told.
    pub(crate) fn came(&mut self, said: Said) {
        if self.came.insert((said.place, said.person)) {
            self.read(Some(&said.person), said.place, said.read);
        }
    }

    /// Judges what this client was told at this time; `asked` is when, where it is an answer.
    pub(crate) fn judge(
        &mut self,
        client: ClientId,
        said: Said,
        at: Duration,
        asked: Option<Duration>,
        report: &mut Report,
    ) {
        let Said {
            place,
            person,
            delivered,
            read,
        } = said;
        let done = self.done.get(&(place, person)).copied().unwrap_or_default();
        let has = delivered.unwrap_or_default();
        // Who has seen it has it.
        if read > done.read || has > done.delivered.max(done.read) {
            report.add(Class::Phantom, || {
                format!("{client:?} was told that {person:?} has {has} of {place:x?} and saw {read}; it was {} and {}", done.delivered, done.read)
            });
        }
        let told = self.told.entry((place, person)).or_default();
        // A push may be overtaken by another; an answer knows all that was told before its question.
        if let Some(asked) = asked {
            let known = told.partition_point(|(at, _)| *at <= asked);
            let before = known.checked_sub(1).and_then(|last| told.get(last));
            if let Some((_, before)) = before
                && (read < before.read || delivered.is_some_and(|has| has < before.delivered))
            {
                report.add(Class::TimeTravel, || {
                    format!("{client:?} was told that {person:?} has {has} of {place:x?} and saw {read}, after {} and {}", before.delivered, before.read)
                });
            }
        }
        let newest = told.last().map(|(_, mark)| *mark).unwrap_or_default();
        let most = Mark {
            delivered: has.max(newest.delivered),
            read: read.max(newest.read),
        };
        if most != newest {
            told.push((at, most));
        }
    }

    /// An older backup was restored: what was told before may be forgotten.
    pub(crate) fn restored(&mut self) {
        self.told.clear();
    }
}
