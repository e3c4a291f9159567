//! A small good history to spoil: two people, one with two devices, in one room and one private
//! conversation.

use std::time::Duration;

use histcheck::{
    ClientId, Digest, Entry, Event, History, Key, Members, Person, Place, Report, What, check,
};

/// Everybody's.
pub const ROOM: Place = Place(1);
/// Of [`ANA`] and [`BO`] alone.
pub const PRIVATE: Place = Place(2);
/// Has the devices 1 and 2.
pub const ANA: Person = Person(11);
/// Has the device 3.
pub const BO: Person = Person(12);
/// Has the device 4, and belongs to the room alone.
pub const CY: Person = Person(13);

/// Who sits at which device.
pub const DEVICES: [(u32, Person); 4] = [(1, ANA), (2, ANA), (3, BO), (4, CY)];

/// One message that is written, stored and shown: by which device, where.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// 1 to 4; the fourth says nothing in private.
    pub by: u32,
    /// Where.
    pub place: Place,
    /// Whether its sender hears of it, by the answer.
    pub is_acked: bool,
    /// Whether it is refused instead.
    pub is_refused: bool,
}

/// The history of these messages when everything goes well.
pub fn good(said: &[Said]) -> History {
    let mut history = History {
        clients: DEVICES.map(|(id, person)| (ClientId(id), person)).into(),
        places: [
            (ROOM, Members::Everybody),
            (PRIVATE, Members::Only(vec![ANA, BO])),
        ]
        .into(),
        healed_at: Some(Duration::from_secs(100)),
        converged_at: Some(Duration::from_secs(101)),
        patience: Duration::from_secs(10),
        ..History::default()
    };
    let mut logs = [(ROOM, vec![]), (PRIVATE, vec![])];
    for (n, said) in (0u64..).zip(said) {
        let (key, digest, place) = (Key(n), Digest(n * 31), said.place);
        add(
            &mut history,
            n * 10,
            said.by,
            What::Invoked { place, key, digest },
        );
        if said.is_refused {
            add(&mut history, n * 10 + 1, said.by, What::Refused { key });
            continue;
        }
        let Some((_, log)) = logs.iter_mut().find(|(of, _)| *of == place) else {
            continue;
        };
        let seq = log.len() as u64 + 1;
        let sender = person(said.by);
        let event = Event {
            seq,
            key,
            sender,
            digest,
        };
        log.push(event);
        if said.is_acked {
            add(
                &mut history,
                n * 10 + 2,
                said.by,
                What::Acked { place, key, seq },
            );
        }
        for (device, _) in entitled(place) {
            add(
                &mut history,
                n * 10 + 3,
                device,
                What::Received { place, event },
            );
            add(
                &mut history,
                n * 10 + 3,
                device,
                What::Shown { place, event },
            );
            add(
                &mut history,
                n * 10 + 4,
                device,
                What::Head {
                    place,
                    seq,
                    asked: None,
                },
            );
        }
    }
    for (place, log) in logs {
        for (device, _) in entitled(place) {
            let events = log.clone();
            add(
                &mut history,
                200_000,
                device,
                What::Held {
                    place,
                    from: 1,
                    events,
                },
            );
        }
    }
    history
}

/// Whose device this is.
pub fn person(device: u32) -> Person {
    DEVICES
        .into_iter()
        .find(|(id, _)| *id == device)
        .map_or(CY, |(_, person)| person)
}

/// The devices that may see this place.
pub fn entitled(place: Place) -> impl Iterator<Item = (u32, Person)> {
    DEVICES
        .into_iter()
        .filter(move |(_, person)| place == ROOM || *person != CY)
}

/// Enters one line.
pub fn add(history: &mut History, at_ms: u64, device: u32, what: What) {
    let (at, client) = (Duration::from_millis(at_ms), ClientId(device));
    history.entries.push(Entry { at, client, what });
}

/// Four in the room by all, two in private.
pub fn six() -> Vec<Said> {
    [
        (1, ROOM),
        (2, ROOM),
        (3, PRIVATE),
        (3, ROOM),
        (1, PRIVATE),
        (4, ROOM),
    ]
    .map(|(by, place)| Said {
        by,
        place,
        is_acked: true,
        is_refused: false,
    })
    .into()
}

/// What is found of the six, spoiled.
pub fn spoiled(spoil: impl FnOnce(&mut History)) -> Report {
    let mut history = good(&six());
    assert!(check(&history).is_good(), "{}", check(&history));
    spoil(&mut history);
    check(&history)
}
