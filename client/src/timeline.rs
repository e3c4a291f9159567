//! One conversation's log as far as this client holds it: a piece without holes.
//!
//! The one rule: `seq == cursor + 1` is taken, older is ignored, newer shows that something is
//! missing. Never asks for anything; says what is missing and leaves asking to the engine.

use std::collections::VecDeque;

use shared::{Check, Event, Seq};

use crate::sabotage::{self, Defect};

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
    /// It is not held, for it belongs to another log than what is: see [`Diverged`].
    Diverged,
}

/// What came in and what is held are not of one log: their check values do not fit. The server came
/// back from an older backup, and others have written since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Diverged;

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

    /// The check value of the log up to the cursor, if it is known.
    pub fn check(&self) -> Option<Check> {
        match self.events.back() {
            Some(last) => last.check(),
            None => (self.floor == Seq::NONE).then_some(Check::START),
        }
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
        if (seq > cursor.next() && sabotage::is(Defect::IgnoresGaps))
            || (seq <= cursor && sabotage::is(Defect::TakesTwice))
            || (seq == cursor && sabotage::is(Defect::CursorBehind))
        {
            self.events.push_back(event);
            return Taken::Applied;
        }
        if seq == cursor.next() {
            if !event.follows(self.check()) {
                return Taken::Diverged;
            }
            self.events.push_back(event);
            Taken::Applied
        } else if seq <= cursor {
            let held = self.at(seq).and_then(Event::check);
            let differs = held.is_some() && event.check().is_some_and(|other| held != Some(other));
            if differs {
                Taken::Diverged
            } else {
                Taken::Known
            }
        } else {
            Taken::Gap
        }
    }

    /// Takes a pulled page from either end; what does not join what is held is left out.
    /// Says how many events were new.
    ///
    /// # Errors
    /// [`Diverged`]; what is held may be no piece of the page's log then.
    pub fn take_page(&mut self, events: Vec<Event>, head: Seq) -> Result<usize, Diverged> {
        self.note_head(head);
        let count_before = self.events.len();
        let (older, newer): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|event| event.seq() <= self.floor);
        let joint = self.events.front().cloned();
        for event in older.into_iter().rev() {
            if event.seq() == self.floor && self.floor != Seq::NONE {
                let is_joint = self.events.len() == count_before;
                if is_joint
                    && joint
                        .as_ref()
                        .is_some_and(|next| !next.follows(event.check()))
                {
                    return Err(Diverged);
                }
                self.floor = self.floor.previous();
                self.events.push_front(event);
            }
        }
        for event in newer {
            if self.take(event) == Taken::Diverged {
                return Err(Diverged);
            }
        }
        Ok(self.events.len() - count_before)
    }

    /// Forgets what is held and starts again at `head`: too much was missed to fill the hole.
    pub fn restart_at(&mut self, head: Seq) {
        *self = Self::starting_at(head.max(self.head));
    }

    /// Forgets what is held, to the last number: another log stands in its place, up to `head`.
    /// Gives what was held.
    pub fn replace(&mut self, head: Seq) -> impl Iterator<Item = Event> + use<> {
        std::mem::replace(self, Self::starting_at(head))
            .events
            .into_iter()
    }

    /// Forgets the oldest events, so that at most this many are held.
    pub(crate) fn keep_newest(&mut self, most: usize) {
        let old = self.events.len().saturating_sub(most);
        self.events.drain(..old);
        self.floor.0 += old as u64;
    }

    /// Forgets what it heard of newer events: whoever said so may be another server next time.
    pub fn forget_head(&mut self) {
        self.head = self.cursor();
    }

    fn at(&self, seq: Seq) -> Option<&Event> {
        let place = seq.0.checked_sub(self.floor.0)?.checked_sub(1)?;
        self.events.get(usize::try_from(place).ok()?)
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
            check: None,
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
        assert_eq!(timeline.take_page(vec![event(2), event(3)], Seq(3)), Ok(2));
        assert_eq!(held(&timeline), [1, 2, 3]);
    }

    #[test]
    fn a_page_of_older_events_joins_in_front() {
        let mut timeline = Timeline::starting_at(Seq(5));
        assert_eq!(timeline.take_page(vec![event(4), event(5)], Seq(5)), Ok(2));
        assert_eq!(
            timeline.take_page(vec![event(1)], Seq(5)),
            Ok(0),
            "it does not join"
        );
        assert_eq!(timeline.take_page(vec![event(2), event(3)], Seq(6)), Ok(2));
        assert_eq!(
            (held(&timeline), timeline.floor()),
            (vec![2, 3, 4, 5], Seq(1))
        );
        assert!(timeline.is_behind() && !timeline.is_complete());
        let after: Vec<_> = timeline.after(Seq(3)).map(Event::seq).collect();
        assert_eq!(after, [Seq(4), Seq(5)]);
    }

    #[test]
    fn the_oldest_are_forgotten_and_paged_back_in() {
        let mut timeline = Timeline::default();
        assert_eq!(
            timeline.take_page((1..=9).map(event).collect(), Seq(9)),
            Ok(9)
        );
        timeline.keep_newest(9);
        assert!(timeline.is_complete());
        timeline.keep_newest(4);
        assert_eq!(
            (held(&timeline), timeline.floor()),
            (vec![6, 7, 8, 9], Seq(5))
        );
        assert_eq!(timeline.take(event(3)), Taken::Known, "it is not doubled");
        assert_eq!(timeline.take(event(10)), Taken::Applied);
        assert_eq!(
            timeline.take_page((1..=5).map(event).collect(), Seq(10)),
            Ok(5)
        );
        assert_eq!(held(&timeline), (1..=10).collect::<Vec<_>>());
    }

    /// A log of these texts, with its check values.
    fn log(texts: &[&str]) -> Vec<Event> {
        let mut check = Check::START;
        let chain = (1..).zip(texts).map(|(seq, text)| {
            let Event::MessageSent(mut message) = event(seq) else {
                unreachable!()
            };
            message.content = (*text).into();
            check = check.then(message.from, &message.msg_id, text);
            message.check = Some(check);
            Event::MessageSent(message)
        });
        chain.collect()
    }

    #[test]
    fn events_of_another_log_are_noticed_wherever_they_join() {
        let (ours, theirs) = (log(&["a", "b", "c", "d"]), log(&["a", "x", "c", "d"]));
        let holding = |from: usize, to: usize| {
            let mut timeline = Timeline::starting_at(Seq(from as u64));
            assert!(timeline.take_page(ours[from..to].to_vec(), Seq(4)).is_ok());
            timeline
        };
        assert_eq!(holding(0, 2).take(theirs[0].clone()), Taken::Known);
        assert_eq!(holding(0, 2).take(theirs[1].clone()), Taken::Diverged);
        assert_eq!(holding(0, 2).take(theirs[2].clone()), Taken::Diverged);
        assert_eq!(holding(0, 2).take(theirs[3].clone()), Taken::Gap);
        assert_eq!(holding(0, 1).take(theirs[1].clone()), Taken::Applied);
        let page = |from: usize, to: usize| theirs[from..to].to_vec();
        assert_eq!(holding(0, 2).take_page(page(2, 4), Seq(4)), Err(Diverged));
        assert_eq!(holding(2, 4).take_page(page(0, 2), Seq(4)), Err(Diverged));
        assert_eq!(holding(1, 4).take_page(page(0, 1), Seq(4)), Ok(1));
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
                    prop_assert!(timeline.take_page(page, Seq(first)).is_ok());
                }
                let expected: Vec<_> = (timeline.floor().0 + 1..=timeline.cursor().0).collect();
                prop_assert_eq!(held(&timeline), expected);
                prop_assert!(timeline.cursor() <= timeline.head());
            }
        }
    }
}
