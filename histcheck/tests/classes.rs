//! For each way to break a promise the smallest history that shows it.
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

use histcheck::{Class, ClientId, Digest, Event, History, Key, What, check};
use std::time::Duration;
use world::{ANA, PRIVATE, ROOM, add, good, six, spoiled};

fn held(history: &mut History, device: u32, place: histcheck::Place) -> &mut Vec<Event> {
    let mut entries = history
        .entries
        .iter_mut()
        .filter(|entry| entry.client == ClientId(device));
    entries
        .find_map(|entry| match &mut entry.what {
            What::Held {
                place: of, events, ..
            } if *of == place => Some(events),
            _ => None,
        })
        .unwrap()
}

fn hold_without(history: &mut History, place: histcheck::Place, seqs: &[u64]) {
    for device in 1..=4 {
        if device < 4 || place == ROOM {
            held(history, device, place).retain(|event| !seqs.contains(&event.seq));
        }
    }
}

#[test]
fn a_good_history_passes_and_is_counted() {
    let report = check(&good(&six()));
    assert!(report.is_good(), "{report}");
    let counts = report.counts;
    assert_eq!((counts.invoked, counts.acked, counts.stored), (6, 6, 6));
    assert_eq!(counts.shown, 4 * 4 + 2 * 3);
}

#[test]
fn who_holds_only_the_newest_page_lacks_nothing_before_it_and_everything_after() {
    let mut history = good(&six());
    let late = |history: &mut History, seqs: &[u64]| {
        let whole = held(history, 3, ROOM).clone();
        let kept = whole.into_iter().filter(|event| seqs.contains(&event.seq));
        let events: Vec<_> = kept.collect();
        for entry in &mut history.entries {
            if let What::Held {
                place: ROOM,
                from,
                events: held,
            } = &mut entry.what
                && entry.client == ClientId(3)
            {
                (*from, *held) = (3, events.clone());
            }
        }
    };
    late(&mut history, &[3, 4]);
    assert!(check(&history).is_good(), "{}", check(&history));
    let mut spoiled = history.clone();
    late(&mut spoiled, &[3]);
    assert!(check(&spoiled).has(Class::Lost));
    late(&mut history, &[4]);
    let report = check(&history);
    assert!(
        report.has(Class::Lost) && report.has(Class::Hole),
        "{report}"
    );
}

#[test]
fn an_acknowledged_message_that_nobody_holds_is_lost() {
    for (seqs, part) in [(&[4][..], "tail"), (&[2], "middle"), (&[1], "prefix")] {
        let report = spoiled(|history| hold_without(history, ROOM, seqs));
        assert!(report.has(Class::Lost), "{report}");
        assert!(
            report.examples().any(|one| one.detail.contains(part)),
            "{report}"
        );
    }
}

#[test]
fn an_acknowledged_message_that_one_client_lacks_is_lost() {
    let report = spoiled(|history| {
        held(history, 4, ROOM).pop();
    });
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::Lost],
        "{report}"
    );
}

#[test]
fn an_acknowledged_message_that_did_not_survive_a_crash_is_lost() {
    let crash = |head| {
        let survived = What::Survived { place: ROOM, head };
        spoiled(|history| add(history, 150_000, 1, survived))
    };
    assert!(crash(4).is_good());
    assert_eq!(crash(3).classes().collect::<Vec<_>>(), [Class::Lost]);
}

#[test]
fn a_message_that_left_the_outbox_without_an_answer_is_lost() {
    let report = spoiled(|history| {
        history
            .entries
            .retain(|entry| !matches!(entry.what, What::Acked { key: Key(5), .. }));
        hold_without(history, ROOM, &[4]);
    });
    assert!(report.has(Class::Lost), "{report}");
}

#[test]
fn a_message_at_two_numbers_is_doubled() {
    let report = spoiled(|history| {
        for device in 1..=4 {
            let log = held(history, device, ROOM);
            log.push(Event { seq: 5, ..log[3] });
        }
    });
    assert!(report.has(Class::Doubled), "{report}");
}

#[test]
fn the_same_text_under_a_new_id_is_doubled() {
    let report = spoiled(|history| {
        let (place, key) = (ROOM, Key(99));
        let first = held(history, 1, ROOM)[0];
        add(
            history,
            150_000,
            1,
            What::Invoked {
                place,
                key,
                digest: first.digest,
            },
        );
        for device in 1..=4 {
            held(history, device, ROOM).push(Event {
                seq: 5,
                key,
                ..first
            });
        }
    });
    assert!(report.has(Class::Doubled), "{report}");
}

#[test]
fn what_is_shown_again_or_beside_itself_is_doubled() {
    let again = spoiled(|history| {
        let event = held(history, 3, ROOM)[3];
        add(history, 150_000, 3, What::Shown { place: ROOM, event });
    });
    assert_eq!(
        again.classes().collect::<Vec<_>>(),
        [Class::Doubled],
        "{again}"
    );
    let beside = spoiled(|history| {
        add(
            history,
            5,
            1,
            What::Twin {
                place: ROOM,
                key: Key(0),
            },
        );
    });
    assert_eq!(
        beside.classes().collect::<Vec<_>>(),
        [Class::Doubled],
        "{beside}"
    );
}

#[test]
fn a_message_that_nobody_wrote_or_that_was_refused_is_a_phantom() {
    let event = Event {
        seq: 5,
        key: Key(99),
        sender: ANA,
        digest: Digest(1),
    };
    let unwritten =
        spoiled(|history| add(history, 150_000, 1, What::Received { place: ROOM, event }));
    assert!(unwritten.has(Class::Phantom), "{unwritten}");
    let refused = spoiled(|history| add(history, 150_000, 3, What::Refused { key: Key(3) }));
    assert_eq!(
        refused.classes().collect::<Vec<_>>(),
        [Class::Phantom],
        "{refused}"
    );
}

#[test]
fn a_message_under_anothers_name_is_a_phantom() {
    let report = spoiled(|history| {
        for device in 1..=4 {
            held(history, device, ROOM)[2].sender = ANA;
        }
    });
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::Phantom],
        "{report}"
    );
}

#[test]
fn another_text_is_corrupt() {
    let report = spoiled(|history| {
        let event = Event {
            digest: Digest(77),
            ..held(history, 2, ROOM)[1]
        };
        add(history, 150_000, 2, What::Received { place: ROOM, event });
    });
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::Corrupt],
        "{report}"
    );
}

#[test]
fn an_acknowledgement_of_another_number_is_false() {
    let report = spoiled(|history| {
        for entry in &mut history.entries {
            if let What::Acked {
                seq, key: Key(5), ..
            } = &mut entry.what
            {
                *seq += 1;
            }
        }
    });
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::FalseAck],
        "{report}"
    );
}

#[test]
fn what_overtakes_an_acknowledged_message_is_reordered() {
    let report = spoiled(|history| {
        let acked = |what: &What| matches!(what, What::Acked { key: Key(1), .. });
        for entry in &mut history.entries {
            // Key 1 has the number 2; it is said to be acknowledged before key 0 was written.
            if acked(&entry.what) {
                entry.at = Duration::ZERO;
            } else if matches!(entry.what, What::Invoked { key: Key(0), .. }) {
                entry.at = Duration::from_millis(2);
            }
        }
    });
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::Reordered],
        "{report}"
    );
}

#[test]
fn one_devices_messages_out_of_their_order_are_reordered() {
    let mut said = six();
    for one in &mut said {
        (one.by, one.place, one.is_acked) = (1, ROOM, false);
    }
    let mut history = good(&said);
    assert!(check(&history).is_good());
    for entry in &mut history.entries {
        if matches!(entry.what, What::Invoked { key: Key(2), .. }) {
            entry.at = Duration::from_secs(150);
        }
    }
    let report = check(&history);
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::Reordered],
        "{report}"
    );
}

#[test]
fn a_jump_on_the_screen_or_in_a_log_is_a_hole() {
    let shown = spoiled(|history| {
        history.entries.retain(|entry| {
            let is_second =
                matches!(entry.what, What::Shown { place: ROOM, event } if event.seq == 2);
            !(is_second && entry.client == ClientId(4))
        });
    });
    assert_eq!(
        shown.classes().collect::<Vec<_>>(),
        [Class::Hole],
        "{shown}"
    );
    let held = spoiled(|history| hold_without(history, PRIVATE, &[1]));
    assert!(held.has(Class::Hole), "{held}");
}

#[test]
fn two_messages_at_one_number_diverge() {
    let report = spoiled(|history| {
        let log = held(history, 2, ROOM);
        let (one, other) = (log[0], log[1]);
        log[0] = Event { seq: 1, ..other };
        log[1] = Event { seq: 2, ..one };
    });
    assert!(report.has(Class::Diverged), "{report}");
}

#[test]
fn what_is_not_there_in_time_is_stuck() {
    let late = spoiled(|history| history.converged_at = Some(Duration::from_secs(111)));
    assert_eq!(late.classes().collect::<Vec<_>>(), [Class::Stuck], "{late}");
    let never = spoiled(|history| history.converged_at = None);
    assert_eq!(
        never.classes().collect::<Vec<_>>(),
        [Class::Stuck],
        "{never}"
    );
    let waiting = spoiled(|history| add(history, 200_000, 1, What::Waiting { key: Key(0) }));
    assert_eq!(
        waiting.classes().collect::<Vec<_>>(),
        [Class::Stuck],
        "{waiting}"
    );
}

#[test]
fn a_strangers_frame_is_a_leak() {
    let report = spoiled(|history| {
        let event = held(history, 1, PRIVATE)[0];
        add(
            history,
            150_000,
            4,
            What::Received {
                place: PRIVATE,
                event,
            },
        );
    });
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::Leaked],
        "{report}"
    );
}

#[test]
fn a_smaller_newest_number_is_time_travel() {
    let report = spoiled(|history| {
        add(
            history,
            150_000,
            2,
            What::Head {
                place: ROOM,
                seq: 3,
                asked: None,
            },
        );
    });
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::TimeTravel],
        "{report}"
    );
}

#[test]
fn an_answer_that_news_have_overtaken_is_judged_by_what_was_known_when_it_was_asked() {
    let answered = |asked_ms: u64| {
        spoiled(|history| {
            let head = What::Head {
                place: ROOM,
                seq: 3,
                asked: Some(Duration::from_millis(asked_ms)),
            };
            add(history, 150_000, 2, head);
        })
    };
    // The fourth came at 53 ms.
    assert!(answered(52).is_good(), "{}", answered(52));
    assert!(answered(53).has(Class::TimeTravel));
}

#[test]
fn an_unsound_database_is_told() {
    let why = "a row is missing".to_owned();
    let report = spoiled(|history| add(history, 150_000, 1, What::Unsound { why }));
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::Unsound],
        "{report}"
    );
}

#[test]
fn after_a_restored_backup_numbers_begin_anew_and_losses_count() {
    let resent = |history: &mut History| {
        // The last two in the room were not in the backup, and come back in the other order.
        add(history, 150_000, 1, What::Restored);
        for device in 1..=4 {
            let log = held(history, device, ROOM);
            let (three, four) = (log[2], log[3]);
            log[2] = Event { seq: 3, ..four };
            log[3] = Event { seq: 4, ..three };
            add(history, 150_001, device, What::Restarted { place: ROOM });
            add(
                history,
                150_002,
                device,
                What::Head {
                    place: ROOM,
                    seq: 2,
                    asked: None,
                },
            );
        }
    };
    let report = spoiled(resent);
    assert!(report.is_good(), "{report}");
    let report = spoiled(|history| {
        resent(history);
        hold_without(history, ROOM, &[4]);
    });
    assert!(report.has(Class::Lost), "{report}");
}
