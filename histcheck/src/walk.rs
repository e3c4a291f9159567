//! Once through time: what each client was told and showed, in the order in which it happened.

use std::{collections::HashMap, time::Duration};

use crate::{
    check::{Held, Walked, Written},
    history::{ClientId, Entry, Event, History, Key, Members, Person, Place, What},
    marks::{Marks, Said},
    report::{Class, Report},
};

struct Walk<'a, 'r> {
    history: &'a History,
    report: &'r mut Report,
    walked: Walked<'a>,
    /// The largest number acknowledged to anybody.
    acked: HashMap<Place, u64>,
    /// The newest number a client was told, and since when.
    newest: HashMap<(ClientId, Place), Vec<(Duration, u64)>>,
    /// What each client's screen shows: its first and last number.
    screens: HashMap<(ClientId, Place), (u64, u64)>,
    turns: HashMap<(ClientId, Place), u64>,
    /// Which message has a number, and which number a message, for everybody and the whole time.
    keys: HashMap<(Place, u64), Key>,
    seqs: HashMap<Key, u64>,
    marks: Marks,
}

pub(crate) fn walk<'a>(history: &'a History, report: &mut Report) -> Walked<'a> {
    let mut walk = Walk {
        history,
        report,
        walked: Walked::default(),
        acked: HashMap::new(),
        newest: HashMap::new(),
        screens: HashMap::new(),
        turns: HashMap::new(),
        keys: HashMap::new(),
        seqs: HashMap::new(),
        marks: Marks::default(),
    };
    let mut in_time: Vec<&Entry> = history.entries.iter().collect();
    // Stable: what one client entered at one time stays in its order.
    in_time.sort_by_key(|entry| entry.at);
    // What was written is known before anything is judged: a frame may be entered on another
    // thread at the very moment of its writing.
    for entry in &in_time {
        if let What::Invoked { place, key, digest } = entry.what {
            walk.register(entry.client, place, key, digest);
        }
    }
    for entry in in_time {
        walk.take(entry);
    }
    walk.walked
}

impl<'a> Walk<'a, '_> {
    fn register(&mut self, by: ClientId, place: Place, key: Key, digest: crate::Digest) {
        self.report.counts.invoked += 1;
        let turn = self.turns.entry((by, place)).or_default();
        *turn += 1;
        let turn = *turn;
        self.walked.written.entry(key).or_insert(Written {
            by,
            place,
            digest,
            after: 0,
            is_acked: false,
            acked_seq: None,
            is_refused: false,
            is_waiting: false,
            turn,
        });
    }

    fn take(&mut self, entry: &'a Entry) {
        let client = entry.client;
        match &entry.what {
            What::Invoked { place, key, .. } => {
                let after = self.acked.get(place).copied().unwrap_or_default();
                if let Some(written) = self.walked.written.get_mut(key) {
                    written.after = after;
                }
            }
            What::Acked { place, key, seq } => {
                self.marks.took(self.person_of(client), *place, *seq);
                self.acked(client, *place, *key, *seq);
            }
            What::Refused { key } => {
                self.report.counts.refused += 1;
                if let Some(written) = self.walked.written.get_mut(key) {
                    written.is_refused = true;
                }
            }
            What::Waiting { key } => {
                if let Some(written) = self.walked.written.get_mut(key) {
                    written.is_waiting = true;
                }
            }
            What::Received { place, event } => {
                self.report.counts.received += 1;
                self.see(client, *place, event);
                self.hear(entry, *place, event.seq);
                self.marks.took(self.person_of(client), *place, event.seq);
            }
            What::Head { place, seq, asked } => {
                self.head(entry, *place, *seq, asked.unwrap_or(entry.at));
            }
            What::Read { place, seq } => {
                self.marks.read(self.person_of(client), *place, *seq);
            }
            What::Marked {
                place,
                person,
                delivered,
                read,
                asked,
            } => {
                self.report.counts.marked += 1;
                let said = Said {
                    place: *place,
                    person: *person,
                    delivered: *delivered,
                    read: *read,
                };
                self.marked(entry, said, *asked);
            }
            What::Shown { place, event } => {
                self.report.counts.shown += 1;
                self.see(client, *place, event);
                self.show(client, *place, event.seq);
            }
            What::Twin { place, key } => self.report.add(Class::Doubled, || {
                format!(
                    "{client:?} showed {key:x?} in {place:x?} in the log and on its way at once"
                )
            }),
            What::Restarted { place } => {
                self.screens.remove(&(client, *place));
            }
            What::Held {
                place,
                from,
                events,
            } => {
                for event in events {
                    self.see(client, *place, event);
                }
                let held = Held {
                    from: *from,
                    events,
                };
                self.walked.held.insert((*place, client), held);
            }
            What::Restored => self.restored(),
            What::Survived { place, head } => {
                let acked = self.acked.get(place).copied().unwrap_or_default();
                if acked > *head {
                    self.report.add(Class::Lost, || {
                        format!("{acked} of {place:x?} was acknowledged and after a crash it goes to {head} (tail)")
                    });
                }
            }
            What::Unsound { why } => self.report.add(Class::Unsound, || why.clone()),
        }
    }

    fn acked(&mut self, client: ClientId, place: Place, key: Key, seq: u64) {
        let Some(written) = self.walked.written.get_mut(&key) else {
            return self.report.add(Class::Phantom, || {
                format!("{client:?} had an acknowledgement of {key:x?}, which nobody wrote")
            });
        };
        self.report.counts.acked += u64::from(!written.is_acked);
        written.is_acked = true;
        if let Some(before) = written.acked_seq.replace(seq)
            && before != seq
        {
            self.report.add(Class::FalseAck, || {
                format!("{key:x?} was acknowledged at {before} and then at {seq}")
            });
        }
        let newest = self.acked.entry(place).or_default();
        *newest = seq.max(*newest);
    }

    fn head(&mut self, entry: &Entry, place: Place, seq: u64, asked: Duration) {
        let client = entry.client;
        if !self.history.is_entitled(client, place) {
            self.report.add(Class::Leaked, || {
                format!("{client:?} was told how far {place:x?} goes, which is not theirs")
            });
        }
        let told = self.newest.get(&(client, place)).map(Vec::as_slice);
        let told = told.unwrap_or_default();
        let known = told.partition_point(|(at, _)| *at <= asked);
        let before = told.get(..known).and_then(<[_]>::last);
        if let Some((_, before)) = before.copied()
            && seq < before
        {
            self.report.add(Class::TimeTravel, || {
                format!("{client:?} was told that {place:x?} goes to {seq}, after {before}")
            });
        }
        self.hear(entry, place, seq);
    }

    fn marked(&mut self, entry: &Entry, said: Said, asked: Option<Duration>) {
        let client = entry.client;
        if !self.history.is_entitled(client, said.place) {
            self.report.add(Class::Leaked, || {
                format!(
                    "{client:?} was told of marks in {:x?}, which is not theirs",
                    said.place
                )
            });
        }
        if !matches!(self.history.places.get(&said.place), Some(Members::Only(_))) {
            self.marks.came(said);
        }
        self.marks.judge(client, said, entry.at, asked, self.report);
    }

    fn person_of(&self, client: ClientId) -> Option<&'a Person> {
        self.history.clients.get(&client)
    }

    /// A client knows now that the log goes up to here, if not further.
    fn hear(&mut self, entry: &Entry, place: Place, seq: u64) {
        let told = self.newest.entry((entry.client, place)).or_default();
        if told.last().is_none_or(|(_, newest)| *newest < seq) {
            told.push((entry.at, seq));
        }
    }

    /// Judges one event as it was told, shown or held, whoever it was.
    fn see(&mut self, client: ClientId, place: Place, event: &Event) {
        let Event {
            seq,
            key,
            sender,
            digest,
        } = *event;
        if !self.history.is_entitled(client, place) {
            self.report.add(Class::Leaked, || {
                format!("{client:?} was told of {key:x?} in {place:x?}, which is not theirs")
            });
        }
        match self.walked.written.get(&key) {
            None => self.report.add(Class::Phantom, || {
                format!("{client:?} saw {key:x?} at {seq}, which nobody wrote")
            }),
            Some(written) => {
                let by = self.history.clients.get(&written.by);
                if by.is_some_and(|by| *by != sender) || written.place != place {
                    self.report.add(Class::Phantom, || {
                        format!("{client:?} saw {key:x?} as by {sender:?} in {place:x?}; {by:?} wrote it in {:x?}", written.place)
                    });
                }
                if written.digest != digest {
                    self.report.add(Class::Corrupt, || {
                        format!("{client:?} saw another text of {key:x?} at {seq}")
                    });
                }
            }
        }
        let known = *self.keys.entry((place, seq)).or_insert(key);
        if known != key {
            self.report.add(Class::Diverged, || {
                format!("{client:?} saw {key:x?} at {seq} of {place:x?}, where {known:x?} was seen")
            });
        }
        let known = *self.seqs.entry(key).or_insert(seq);
        if known != seq {
            self.report.add(Class::Doubled, || {
                format!(
                    "{client:?} saw {key:x?} at {seq} of {place:x?}, and it was seen at {known}"
                )
            });
        }
    }

    fn show(&mut self, client: ClientId, place: Place, seq: u64) {
        let screen = self
            .screens
            .entry((client, place))
            .or_insert((seq, seq - 1));
        let (first, last) = *screen;
        if seq == last + 1 {
            screen.1 = seq;
            return;
        }
        let class = match seq {
            seq if seq > last => Class::Hole,
            seq if seq >= first => Class::Doubled,
            _ => Class::Reordered,
        };
        screen.1 = seq.max(last);
        self.report.add(class, || {
            format!("{client:?} showed {seq} of {place:x?} after {last}")
        });
    }

    fn restored(&mut self) {
        self.acked.clear();
        self.newest.clear();
        self.keys.clear();
        self.seqs.clear();
        self.marks.restored();
        for written in self.walked.written.values_mut() {
            written.acked_seq = None;
            written.after = 0;
        }
    }
}
