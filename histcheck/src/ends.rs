//! What is held at the end: everybody everything, once, in one order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    check::{Held, Walked},
    history::{ClientId, Event, History, Key, Place},
    report::{Class, Report},
};

/// One conversation's log, put together from all who hold it.
type Log = BTreeMap<u64, Event>;

pub(crate) fn compare(history: &History, walked: &Walked<'_>, report: &mut Report) {
    let mut logs: BTreeMap<Place, Log> = BTreeMap::new();
    for ((place, client), held) in &walked.held {
        let log = logs.entry(*place).or_default();
        join(*place, *client, held, log, report);
    }
    let mut seq_of: HashMap<Key, u64> = HashMap::new();
    for (place, log) in &logs {
        report.counts.stored += log.len() as u64;
        seq_of.extend(log.values().map(|event| (event.key, event.seq)));
        find_doubled(*place, log, report);
        find_reordered(*place, log, walked, report);
    }
    for ((place, client), held) in &walked.held {
        if let Some(log) = logs.get(place)
            && history.is_entitled(*client, *place)
        {
            find_missing(*place, *client, held, log, walked, report);
        }
    }
    find_unkept(walked, &logs, &seq_of, report);
}

/// Adds one client's log to the log of all, and looks at it alone.
fn join(place: Place, client: ClientId, held: &Held<'_>, log: &mut Log, report: &mut Report) {
    let mut last = held.from.saturating_sub(1);
    for event in held.events {
        let seq = event.seq;
        if seq > last + 1 {
            report.add(Class::Hole, || {
                format!("{client:?} holds {seq} of {place:x?} after {last}")
            });
        } else if seq <= last {
            report.add(Class::Doubled, || {
                format!("{client:?} holds {seq} of {place:x?} after {last}")
            });
        }
        last = seq.max(last);
        let known = *log.entry(seq).or_insert(*event);
        if known != *event {
            report.add(Class::Diverged, || {
                format!("{client:?} holds {event:x?} in {place:x?}, and another holds {known:x?}")
            });
        }
    }
}

fn find_doubled(place: Place, log: &Log, report: &mut Report) {
    let (mut keys, mut texts) = (HashSet::new(), HashSet::new());
    for event in log.values() {
        if !keys.insert(event.key) || !texts.insert((event.sender, event.digest)) {
            report.add(Class::Doubled, || {
                format!(
                    "{:x?} stands a second time in {place:x?}, at {}",
                    event.key, event.seq
                )
            });
        }
    }
}

fn find_reordered(place: Place, log: &Log, walked: &Walked<'_>, report: &mut Report) {
    let mut turns: HashMap<ClientId, u64> = HashMap::new();
    for event in log.values() {
        let Some(written) = walked.written.get(&event.key) else {
            continue;
        };
        let turn = turns.entry(written.by).or_default();
        if written.turn < *turn {
            report.add(Class::Reordered, || {
                format!(
                    "{:x?} at {} of {place:x?} was written before what stands before it",
                    event.key, event.seq
                )
            });
        }
        *turn = written.turn.max(*turn);
        if event.seq <= written.after {
            report.add(Class::Reordered, || {
                format!(
                    "{:x?} stands at {} of {place:x?}; when it was written {} was acknowledged",
                    event.key, event.seq, written.after
                )
            });
        }
    }
}

/// What others hold and this client does not.
fn find_missing(
    place: Place,
    client: ClientId,
    held: &Held<'_>,
    log: &Log,
    walked: &Walked<'_>,
    report: &mut Report,
) {
    let from = held.from;
    let held: BTreeSet<u64> = held.events.iter().map(|event| event.seq).collect();
    for (seq, event) in log.range(from..) {
        if held.contains(seq) {
            continue;
        }
        let part = part(*seq, held.first().copied(), held.last().copied());
        let is_acked = walked
            .written
            .get(&event.key)
            .is_some_and(|one| one.is_acked);
        let class = if is_acked { Class::Lost } else { Class::Stuck };
        report.add(class, || {
            format!(
                "{client:?} does not hold {:x?}, {seq} of {place:x?} ({part})",
                event.key
            )
        });
    }
}

/// What its sender was promised, or wrote, and nobody holds.
fn find_unkept(
    walked: &Walked<'_>,
    logs: &BTreeMap<Place, Log>,
    seq_of: &HashMap<Key, u64>,
    report: &mut Report,
) {
    let finished: HashSet<ClientId> = walked.held.keys().map(|(_, client)| *client).collect();
    for (key, written) in &walked.written {
        let place = written.place;
        match (seq_of.get(key), written.acked_seq) {
            (Some(seq), Some(acked)) if *seq != acked => report.add(Class::FalseAck, || {
                format!("{key:x?} was acknowledged at {acked} of {place:x?} and stands at {seq}")
            }),
            (Some(_), _) if written.is_refused => report.add(Class::Phantom, || {
                format!("{key:x?} was refused and stands in {place:x?}")
            }),
            (None, acked) if written.is_acked => {
                let log = logs.get(&place);
                let first = log.and_then(|log| log.keys().next().copied());
                let last = log.and_then(|log| log.keys().next_back().copied());
                let (at, part) = acked.map_or_else(
                    || ("some number".to_owned(), "before a backup"),
                    |seq| (seq.to_string(), part(seq, first, last)),
                );
                report.add(Class::Lost, || {
                    format!(
                        "{key:x?} was acknowledged at {at} of {place:x?}; nobody holds it ({part})"
                    )
                });
            }
            (None, _)
                if !written.is_refused && !written.is_waiting && finished.contains(&written.by) =>
            {
                report.add(Class::Lost, || {
                    format!(
                        "{key:x?} left the outbox of {:?} and is nowhere",
                        written.by
                    )
                });
            }
            _ => {}
        }
        if written.is_waiting {
            report.add(Class::Stuck, || {
                format!("{key:x?} is still in the outbox of {:?}", written.by)
            });
        }
    }
}

/// Where a missing number lies in what is held: the middle is the worst, since nobody looks there.
fn part(seq: u64, first: Option<u64>, last: Option<u64>) -> &'static str {
    match (first, last) {
        (Some(first), _) if seq < first => "prefix",
        (_, Some(last)) if seq < last => "middle",
        _ => "tail",
    }
}
