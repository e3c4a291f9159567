//! Read and delivered marks: when one is a phantom, and when it travels in time.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "the small world is shared by several test binaries"
)]

mod world;

use std::time::Duration;

use histcheck::{Class, History, Report, What};
use world::{ANA, CY, PRIVATE, ROOM, add, spoiled};

/// What the third device, Bo's, is told of Ana's marks in private, where she took 2.
fn marked(at_ms: u64, delivered: u64, read: u64, asked_ms: Option<u64>) -> impl Fn(&mut History) {
    move |history| {
        let what = What::Marked {
            place: PRIVATE,
            person: ANA,
            delivered: Some(delivered),
            read,
            asked: asked_ms.map(Duration::from_millis),
        };
        add(history, at_ms, 3, what);
    }
}

/// The six, of which Ana saw the first in private.
fn one_read(spoil: impl FnOnce(&mut History)) -> Report {
    spoiled(|history| {
        let (place, seq) = (PRIVATE, 1);
        add(history, 100_000, 2, What::Read { place, seq });
        marked(110_000, 2, 1, None)(history);
        spoil(history);
    })
}

#[test]
fn a_mark_that_nobody_made_is_a_phantom() {
    assert!(one_read(|_| ()).is_good());
    for (delivered, read) in [(2, 2), (3, 1)] {
        let report = one_read(marked(120_000, delivered, read, None));
        assert_eq!(
            report.classes().collect::<Vec<_>>(),
            [Class::Phantom],
            "{report}"
        );
    }
    let early = one_read(marked(99_000, 0, 1, None));
    assert!(early.has(Class::Phantom), "told before it was read");
}

#[test]
fn a_mark_that_goes_back_is_time_travel_unless_it_was_overtaken() {
    for (delivered, read) in [(1, 1), (2, 0)] {
        let told = |asked| one_read(marked(120_000, delivered, read, asked));
        assert!(told(None).is_good(), "a push may come late");
        assert!(told(Some(109_999)).is_good(), "asked before it was told");
        let report = told(Some(110_000));
        assert_eq!(
            report.classes().collect::<Vec<_>>(),
            [Class::TimeTravel],
            "{report}"
        );
    }
    let restored = one_read(|history| {
        add(history, 130_000, 0, What::Restored);
        marked(150_000, 0, 0, Some(140_000))(history);
    });
    assert!(!restored.has(Class::TimeTravel), "{restored}");
}

#[test]
fn who_comes_into_a_room_has_seen_what_was_there() {
    let told = |read| What::Marked {
        place: ROOM,
        person: CY,
        delivered: Some(0),
        read,
        asked: None,
    };
    let report = spoiled(|history| add(history, 120_000, 4, told(900)));
    assert!(report.is_good(), "{report}");
    let report = spoiled(|history| {
        add(history, 120_000, 4, told(900));
        add(history, 130_000, 4, told(901));
    });
    assert!(report.has(Class::Phantom), "{report}");
}

#[test]
fn a_strangers_marks_are_a_leak() {
    let report = one_read(|history| {
        let what = What::Marked {
            place: PRIVATE,
            person: ANA,
            delivered: None,
            read: 1,
            asked: None,
        };
        add(history, 120_000, 4, what);
    });
    assert_eq!(
        report.classes().collect::<Vec<_>>(),
        [Class::Leaked],
        "{report}"
    );
}
