//! The outbox as it lies in the browser's storage: one entry for each message, in their order.
//!
//! Knows what is in the storage as far as this tab heard of it, and what must change for it to be
//! the engine's outbox. Does no I/O: [`crate::memory`] does.

use client::{Delivery, HELD, Outgoing, SortedMap, order};
use shared::{Code, MsgId, Timestamp};

use crate::net::store::Entry;

/// What the storage holds of the outbox.
#[derive(Default)]
pub(crate) struct Kept {
    entries: SortedMap<MsgId, Placed>,
    /// Which of them was seen last time.
    round: u32,
}

/// An entry, without its words, which never change.
#[derive(Clone, Copy)]
struct Placed {
    /// Grows from message to message.
    place: u64,
    /// The number of the refusal, or 0.
    refusal: u16,
    round: u32,
}

impl Kept {
    /// What makes the storage equal to the outbox.
    pub(crate) fn changes<'a>(&mut self, outbox: impl Iterator<Item = &'a Outgoing>) -> Vec<Entry> {
        self.round = self.round.wrapping_add(1);
        let mut changes = Vec::new();
        let mut last = 0;
        for message in outbox {
            let refusal = match message.delivery {
                Delivery::Failed { code } => code.number(),
                _ => 0,
            };
            let known = self.entries.get_mut(&message.msg_id);
            let is_kept = known.as_ref().is_some_and(|known| known.refusal == refusal);
            last = match known {
                Some(known) => {
                    known.round = self.round;
                    known.place
                }
                // Room for those that are written within one millisecond.
                None => (message.written_at.0.unsigned_abs() * 1000).max(last + 1),
            };
            if !is_kept {
                let Outgoing {
                    conversation,
                    to_user,
                    content,
                    ..
                } = message;
                let text = format!("{last}\n{conversation}\n{to_user}\n{refusal}\n{content}");
                changes.push((key(&message.msg_id), Some(text)));
            }
        }
        for (msg_id, placed) in self.entries.iter() {
            if placed.round != self.round {
                changes.push((key(msg_id), None));
            }
        }
        changes
    }

    /// The storage took these changes.
    pub(crate) fn applied(&mut self, changes: &[Entry]) {
        for (key, text) in changes {
            match text.as_deref().and_then(|text| parse(key, text)) {
                Some((place, message)) => self.place(place, &message),
                None => drop(id_of(key).and_then(|id| self.entries.remove(&id))),
            }
        }
    }

    /// Another tab changed the storage, and this is all of it: what is new here, in order, and what
    /// is gone.
    pub(crate) fn heard(&mut self, entries: &[Entry]) -> (Vec<Outgoing>, Vec<MsgId>) {
        self.round = self.round.wrapping_add(1);
        let stored = entries
            .iter()
            .filter_map(|(key, text)| parse(key, text.as_deref()?))
            .collect();
        let stored = order::by_key(stored, |(place, _): &(u64, _)| *place);
        let mut news = Vec::new();
        for (place, message) in stored {
            let before = self.entries.get(&message.msg_id).map(|known| known.refusal);
            self.place(place, &message);
            let after = self.entries.get(&message.msg_id).map(|known| known.refusal);
            if before != after {
                news.push(message);
            }
        }
        let mut gone = Vec::new();
        let round = self.round;
        self.entries.retain(|msg_id, placed| {
            let is_there = placed.round == round;
            if !is_there {
                gone.push(msg_id.clone());
            }
            is_there
        });
        (news, gone)
    }

    /// Whether it is in the storage.
    pub(crate) fn holds(&self, msg_id: &MsgId) -> bool {
        self.entries.contains_key(msg_id)
    }

    /// All that is in the storage.
    pub(crate) fn ids(&self) -> Vec<MsgId> {
        self.entries.keys().cloned().collect()
    }

    fn place(&mut self, place: u64, message: &Outgoing) {
        let refusal = match message.delivery {
            Delivery::Failed { code } => code.number(),
            _ => 0,
        };
        let placed = Placed {
            place,
            refusal,
            round: self.round,
        };
        self.entries.insert(message.msg_id.clone(), placed);
    }
}

fn key(msg_id: &MsgId) -> String {
    format!("{OUTBOX}{}", msg_id.as_str())
}

fn id_of(key: &str) -> Option<MsgId> {
    MsgId::parse(key.strip_prefix(OUTBOX)?).ok()
}

/// An entry's place and its message: held, or refused as it was.
fn parse(key: &str, text: &str) -> Option<(u64, Outgoing)> {
    let mut parts = text.splitn(5, '\n');
    let place = parts.next()?.parse().ok()?;
    let conversation = parts.next()?.parse().ok()?;
    let to_user = parts.next()?.to_owned();
    let refusal: u16 = parts.next()?.parse().ok()?;
    let delivery = match refusal {
        0 => HELD,
        number => Delivery::Failed {
            code: Code::from(number),
        },
    };
    #[expect(
        clippy::cast_possible_wrap,
        reason = "a thousandth of a number fits half of its range"
    )]
    let written_at = Timestamp((place / 1000) as i64);
    let message = Outgoing {
        msg_id: id_of(key)?,
        conversation,
        to_user,
        content: parts.next()?.to_owned(),
        written_at,
        delivery,
    };
    Some((place, message))
}

/// How the keys of the outbox begin.
pub(crate) const OUTBOX: &str = "outbox/";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared::{ConversationId, UserId};

    use super::*;

    fn message(id: &str, at: i64) -> Outgoing {
        Outgoing {
            msg_id: MsgId::parse(id).unwrap(),
            conversation: ConversationId::direct(UserId(3), UserId(17)),
            to_user: "芋艿".into(),
            content: format!("first line of {id}\n\n第三行"),
            written_at: Timestamp(at),
            delivery: HELD,
        }
    }

    fn failed(id: &str, at: i64) -> Outgoing {
        let delivery = Delivery::Failed {
            code: Code::TooLong,
        };
        Outgoing {
            delivery,
            ..message(id, at)
        }
    }

    fn store(storage: &mut BTreeMap<String, String>, changes: Vec<Entry>) {
        for (key, text) in changes {
            match text {
                Some(text) => drop(storage.insert(key, text)),
                None => drop(storage.remove(&key)),
            }
        }
    }

    fn all(storage: &BTreeMap<String, String>) -> Vec<Entry> {
        let entries = storage.iter();
        entries
            .map(|(key, text)| (key.clone(), Some(text.clone())))
            .collect()
    }

    #[test]
    fn an_outbox_comes_back_the_same_and_in_order() {
        // Random ids, two within one millisecond, and a clock that was set back.
        let outbox = [
            message("z", 1_700_000_000_005),
            message("b", 1_700_000_000_005),
            failed("a/c", 1_700_000_000_009),
        ];
        let mut storage = BTreeMap::new();
        let mut kept = Kept::default();
        let changes = kept.changes(outbox.iter());
        kept.applied(&changes);
        store(&mut storage, changes);
        let (back, gone) = Kept::default().heard(&all(&storage));
        assert_eq!(back, outbox);
        assert!(gone.is_empty());
        assert!(
            kept.changes(outbox.iter()).is_empty(),
            "nothing is left to keep"
        );

        let late = [outbox.as_slice(), &[message("late", 1_600_000_000_000)]].concat();
        let changes = kept.changes(late.iter());
        assert_eq!(changes.len(), 1);
        store(&mut storage, changes);
        let (back, _) = Kept::default().heard(&all(&storage));
        let order: Vec<_> = back.iter().map(|one| one.msg_id.as_str()).collect();
        assert_eq!(order, ["z", "b", "a/c", "late"]);
    }

    #[test]
    fn what_left_the_outbox_leaves_the_storage() {
        let (one, two) = (message("one", 1), message("two", 2));
        let mut kept = Kept::default();
        let changes = kept.changes([&one, &two].into_iter());
        kept.applied(&changes);
        assert!(kept.holds(&one.msg_id));
        let changes = kept.changes([&two].into_iter());
        assert_eq!(changes, [("outbox/one".to_owned(), None)]);
        kept.applied(&changes);
        assert!(!kept.holds(&one.msg_id) && kept.holds(&two.msg_id));
    }

    #[test]
    fn another_tab_tells_what_is_new_what_became_of_it_and_what_is_gone() {
        let mut storage = BTreeMap::new();
        let (mut ours, mut theirs) = (Kept::default(), Kept::default());
        let own = message("own", 1);
        let changes = ours.changes([&own].into_iter());
        ours.applied(&changes);
        store(&mut storage, changes);
        assert_eq!(theirs.heard(&all(&storage)), (vec![own.clone()], vec![]));
        assert_eq!(ours.heard(&all(&storage)), (vec![], vec![]), "no news here");

        let refused = failed("own", 1);
        let changes = theirs.changes([&refused].into_iter());
        theirs.applied(&changes);
        store(&mut storage, changes);
        assert_eq!(ours.heard(&all(&storage)), (vec![refused], vec![]));

        store(&mut storage, theirs.changes([].into_iter()));
        assert_eq!(ours.heard(&all(&storage)), (vec![], vec![own.msg_id]));
    }

    #[test]
    fn an_entry_of_another_make_is_left_alone() {
        for text in ["", "1\nr1\n0", "x\nr1\n0\nhi", "1\nnowhere\n0\nhi"] {
            assert!(parse("outbox/m", text).is_none(), "{text}");
        }
    }
}
