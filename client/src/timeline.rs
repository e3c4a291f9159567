//! One conversation's log as far as this client holds it: a piece without holes.
//!
//! The one rule: `seq == cursor + 1` is taken, older is ignored, newer shows that something is
//! missing. Never asks for anything; says what is missing and leaves asking to the engine.

use std::collections::VecDeque;

use shared::{Event, Seq};

/// The events `floor + 1 ..= cursor`, without holes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Timeline {
    /// Events up to here are on the server alone; [`Seq::NONE`] when all are held.
    floor: Seq,
    events: VecDeque<Event>,
    /// The newest `seq` known to exist.
    head: Seq,
}

/// What became of an event that came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is the next one and is held now.
    Applied,
    /// It is held already, or lies before what is held.
    Known,
    /// It lies behind a hole, and is not held: what follows the cursor must be pulled.
    Gap,
}

impl Timeline {
    /// Holds nothing yet, and knows that the log goes up to `head`.
    pub fn starting_at(head: Seq) -> Self {
        Self {
            floor: head,
            events: VecDeque::new(),
            head,
        }
    }

    /// The last `seq` held.
    pub fn cursor(&self) -> Seq {
        Seq(self.floor.0 + self.events.len() as u64)
    }

    /// The last `seq` before what is held.
    pub fn floor(&self) -> Seq {
        self.floor
    }

    /// The newest `seq` known to exist.
    pub fn head(&self) -> Seq {
        self.head
    }

    /// What is held, ascending by `seq`.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        self.events.iter()
    }

    /// The events with a larger `seq` than this one, as far as they are held.
    pub fn after(&self, seq: Seq) -> impl DoubleEndedIterator<Item = &Event> {
        let skipped = usize::try_from(seq.0.saturating_sub(self.floor.0)).unwrap_or(usize::MAX);
        self.events.iter().skip(skipped)
    }

    /// Whether something newer exists than what is held.
    pub fn is_behind(&self) -> bool {
        self.cursor() < self.head
    }

    /// Whether the first event of the conversation is held (or there is none).
    pub fn is_complete(&self) -> bool {
        self.floor == Seq::NONE
    }

    /// Hears that the log goes up to `head`.
    pub fn note_head(&mut self, head: Seq) {
        self.head = self.head.max(head);
    }

    /// Takes one event that was pushed, or an own one that was acknowledged.
    pub fn take(&mut self, event: Event) -> Taken {
        let (seq, cursor) = (event.seq(), self.cursor());
        self.note_head(seq);
        if seq == cursor.next() {
            self.events.push_back(event);
            Taken::Applied
        } else if seq <= cursor {
            Taken::Known
        } else {
            Taken::Gap
        }
    }

    /// Takes a pulled page from either end; what does not join what is held is left out.
    /// Says how many events were new.
    pub fn take_page(&mut self, events: Vec<Event>, head: Seq) -> usize {
        self.note_head(head);
        let count_before = self.events.len();
        let (older, newer): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|event| event.seq() <= self.floor);
        for event in older.into_iter().rev() {
            if event.seq() == self.floor && self.floor != Seq::NONE {
                self.floor = self.floor.previous();
                self.events.push_front(event);
            }
        }
        for event in newer {
            self.take(event);
        }
        self.events.len() - count_before
    }

    /// Forgets what is held and starts again at `head`: too much was missed to fill the hole.
    pub fn restart_at(&mut self, head: Seq) {
        *self = Self::starting_at(head.max(self.head));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use shared::{ConversationId, Message, MsgId, Timestamp, UserId};

    use super::*;

    pub(crate) fn event(seq: u64) -> Event {
        Event::MessageSent(Message {
            msg_id: MsgId::parse(&format!("m{seq}")).unwrap(),
            content: format!("message {seq}"),
            conversation: ConversationId::EVERYONE,
            seq: Seq(seq),
            from: UserId(2),
            from_user: "Bo".into(),
            sent_at: Timestamp(seq.cast_signed()),
        })
    }

    fn held(timeline: &Timeline) -> Vec<u64> {
        timeline.events().map(|event| event.seq().0).collect()
    }

    #[test]
    fn the_next_is_taken_the_older_ignored_the_newer_shows_a_gap() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.take(event(1)), Taken::Applied);
        assert_eq!(timeline.take(event(1)), Taken::Known);
        assert_eq!(timeline.take(event(3)), Taken::Gap);
        assert!(timeline.is_behind());
        assert_eq!(timeline.take_page(vec![event(2), event(3)], Seq(3)), 2);
        assert_eq!(held(&timeline), [1, 2, 3]);
    }

    #[test]
    fn a_page_of_older_events_joins_in_front() {
        let mut timeline = Timeline::starting_at(Seq(5));
        assert_eq!(timeline.take_page(vec![event(4), event(5)], Seq(5)), 2);
        assert_eq!(
            timeline.take_page(vec![event(1)], Seq(5)),
            0,
            "it does not join"
        );
        assert_eq!(timeline.take_page(vec![event(2), event(3)], Seq(6)), 2);
        assert_eq!(
            (held(&timeline), timeline.floor()),
            (vec![2, 3, 4, 5], Seq(1))
        );
        assert!(timeline.is_behind() && !timeline.is_complete());
        let after: Vec<_> = timeline.after(Seq(3)).map(Event::seq).collect();
        assert_eq!(after, [Seq(4), Seq(5)]);
    }

    proptest! {
        #[test]
        fn whatever_comes_in_whatever_order_there_is_never_a_hole(
            floor in 0u64..20,
            steps in prop::collection::vec((1u64..40, 0usize..6), 0..60),
        ) {
            let mut timeline = Timeline::starting_at(Seq(floor));
            for (first, more) in steps {
                if more == 0 {
                    timeline.take(event(first));
                } else {
                    let page: Vec<_> = (first..first + more as u64).map(event).collect();
                    timeline.take_page(page, Seq(first));
                }
                let expected: Vec<_> = (timeline.floor().0 + 1..=timeline.cursor().0).collect();
                prop_assert_eq!(held(&timeline), expected);
                prop_assert!(timeline.cursor() <= timeline.head());
            }
        }
    }
}
