//! Random good histories pass; one random change to one of them is caught under its class.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail"
)]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "the small world is shared by several test binaries"
)]

mod world;

use std::time::Duration;

use histcheck::{Class, Digest, Event, History, Key, Members, Person, What, check};
use proptest::{prelude::*, sample::Index};
use world::{PRIVATE, ROOM, Said, add, good};

fn said() -> impl Strategy<Value = Said> {
    (1u32..=4, any::<bool>(), any::<bool>(), 0..8u8).prop_map(|(by, is_room, is_acked, refused)| {
        Said {
            by,
            place: if is_room || by == 4 { ROOM } else { PRIVATE },
            is_acked,
            is_refused: refused == 0,
        }
    })
}

/// One entry that `wanted` likes, if there is one.
fn pick(history: &History, index: Index, wanted: impl Fn(&What) -> bool) -> Option<usize> {
    let fitting: Vec<_> = (0..history.entries.len())
        .filter(|at| wanted(&history.entries[*at].what))
        .collect();
    (!fitting.is_empty()).then(|| fitting[index.index(fitting.len())])
}

#[allow(clippy::too_many_lines, reason = "one arm a class")]
/// Makes one change of this class; says whether the history had something to change.
fn spoil(history: &mut History, class: Class, index: Index) -> Option<()> {
    let late = 190_000;
    match class {
        Class::Lost => {
            let at = pick(history, index, |what| matches!(what, What::Acked { .. }))?;
            let What::Acked { key: lost, .. } = history.entries[at].what else {
                return None;
            };
            for entry in &mut history.entries {
                if let What::Held { events, .. } = &mut entry.what {
                    events.retain(|event| event.key != lost);
                }
            }
        }
        Class::Doubled => {
            let at = pick(history, index, |what| matches!(what, What::Shown { .. }))?;
            let (client, what) = (
                history.entries[at].client.0,
                history.entries[at].what.clone(),
            );
            add(history, late, client, what);
        }
        Class::Phantom => {
            let at = pick(history, index, |what| matches!(what, What::Received { .. }))?;
            if let What::Received { event, .. } = &mut history.entries[at].what {
                event.key = Key(u64::MAX);
            }
        }
        Class::Corrupt => {
            let at = pick(history, index, |what| {
                matches!(what, What::Received { .. } | What::Shown { .. })
            })?;
            if let What::Received { event, .. } | What::Shown { event, .. } =
                &mut history.entries[at].what
            {
                event.digest = Digest(event.digest.0 + 1);
            }
        }
        Class::FalseAck => {
            let at = pick(history, index, |what| matches!(what, What::Acked { .. }))?;
            if let What::Acked { seq, .. } = &mut history.entries[at].what {
                *seq += 1 + index.index(5) as u64;
            }
        }
        Class::Reordered => {
            // An acknowledgement is entered before anything, and so before what stands before it.
            let at = pick(
                history,
                index,
                |what| matches!(what, What::Acked { seq, .. } if *seq > 1),
            )?;
            let What::Acked { place, seq, .. } = history.entries[at].what else {
                return None;
            };
            let before = history.entries.iter().find_map(|entry| match entry.what {
                What::Received { place: of, event } if of == place && event.seq + 1 == seq => {
                    Some(event.key)
                }
                _ => None,
            })?;
            history.entries[at].at = Duration::ZERO;
            for entry in &mut history.entries {
                entry.at += Duration::from_millis(5);
                if matches!(entry.what, What::Invoked { key, .. } if key == before) {
                    entry.at = entry.at.max(Duration::from_millis(6));
                }
            }
            history.entries[at].at = Duration::ZERO;
        }
        Class::Hole => {
            let at = pick(
                history,
                index,
                |what| matches!(what, What::Held { events, .. } if events.len() > 1),
            )?;
            if let What::Held { events, .. } = &mut history.entries[at].what {
                events.remove(index.index(events.len() - 1));
            }
        }
        Class::Diverged => {
            let at = pick(
                history,
                index,
                |what| matches!(what, What::Held { events, .. } if events.len() > 1),
            )?;
            if let What::Held { events, .. } = &mut history.entries[at].what {
                let at = index.index(events.len() - 1);
                let (one, other) = (events[at], events[at + 1]);
                events[at] = Event {
                    seq: one.seq,
                    ..other
                };
                events[at + 1] = Event {
                    seq: other.seq,
                    ..one
                };
            }
        }
        Class::Stuck => {
            history.converged_at = index.index(2).eq(&0).then(|| Duration::from_secs(1000));
        }
        Class::Leaked => {
            pick(history, index, |what| {
                matches!(what, What::Received { place: PRIVATE, .. })
            })?;
            let members = if index.index(2) == 0 {
                vec![Person(12)]
            } else {
                vec![]
            };
            history.places.insert(PRIVATE, Members::Only(members));
        }
        Class::TimeTravel => {
            let at = pick(history, index, |what| matches!(what, What::Head { .. }))?;
            let What::Head { place, seq, .. } = history.entries[at].what else {
                return None;
            };
            let client = history.entries[at].client.0;
            add(
                history,
                late,
                client,
                What::Head {
                    place,
                    seq: seq - 1,
                    asked: None,
                },
            );
        }
        Class::Unsound => add(history, late, 1, What::Unsound { why: String::new() }),
    }
    Some(())
}

const CLASSES: [Class; 12] = [
    Class::Lost,
    Class::Doubled,
    Class::Phantom,
    Class::Corrupt,
    Class::FalseAck,
    Class::Reordered,
    Class::Hole,
    Class::Diverged,
    Class::Stuck,
    Class::Leaked,
    Class::TimeTravel,
    Class::Unsound,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_good_history_passes_in_whatever_order_it_was_entered(
        said in prop::collection::vec(said(), 0..60),
        turn in any::<Index>(),
    ) {
        let mut history = good(&said);
        // Clients hand over what they entered one after another, not in the order of time.
        history.entries.sort_by_key(|entry| entry.client);
        let middle = turn.index(history.entries.len());
        if history.entries.get(middle).is_some_and(|one| one.at > Duration::ZERO) {
            let of_one = history.entries[middle].client;
            history.entries.sort_by_key(|entry| entry.client == of_one);
        }
        let report = check(&history);
        prop_assert!(report.is_good(), "{}", report);
    }

    #[test]
    fn one_change_is_caught_under_its_class(
        said in prop::collection::vec(said(), 1..40),
        class in prop::sample::select(&CLASSES[..]),
        index in any::<Index>(),
    ) {
        let mut history = good(&said);
        if spoil(&mut history, class, index).is_some() {
            let report = check(&history);
            prop_assert!(report.has(class), "{} was not caught: {}", class, report);
        }
    }
}
