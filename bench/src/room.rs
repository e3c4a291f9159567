//! The judge of a room: who got which message when, and what nobody got.
//!
//! Counts and times, and knows no sockets. `seq` runs without holes for every receiver, so what was
//! lost and what came twice is seen in the numbers; what the server said it left out (a
//! `HEADS_NOTICE`) is counted apart, since a client pulls it.

use std::collections::VecDeque;

use crate::{histogram::Histogram, moment::Moment};

/// What came, by message and by receiver.
pub(crate) struct Room {
    receivers: Vec<Receiver>,
    here: usize,
    /// Messages that not everybody has, by their `seq` from `first` on.
    open: VecDeque<Open>,
    first: u64,
    /// What was counted since [`Room::measure`].
    pub(crate) tally: Tally,
    /// From the send to each receiver.
    pub(crate) each: Histogram,
    /// From the send to the last receiver.
    pub(crate) last: Histogram,
}

/// Sums.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    /// Messages that came, each by each receiver.
    pub(crate) deliveries: u64,
    /// Messages that everybody has.
    pub(crate) messages: u64,
    /// Deliveries that were left out without a word.
    pub(crate) lost: u64,
    /// Deliveries that came again, or after a later one.
    pub(crate) doubled: u64,
    /// Deliveries that were left out with a word.
    pub(crate) left_to_pull: u64,
}

#[derive(Clone, Copy)]
struct Receiver {
    /// The `seq` that is to come; 0 before the first.
    next: u64,
    /// Up to here the server said that it left pushes out.
    told: u64,
    is_here: bool,
}

#[derive(Clone, Copy)]
struct Open {
    sent_at: Option<Moment>,
    /// Receivers who are to get it.
    wanted: usize,
    arrived: usize,
    /// By receivers who do not get it any more, although they are here.
    missed: usize,
}

impl Room {
    /// So many receivers, who all have what lies before `head`.
    pub(crate) fn new(receivers: usize, head: u64) -> Self {
        let receiver = Receiver {
            next: head + 1,
            told: 0,
            is_here: true,
        };
        Self {
            receivers: vec![receiver; receivers],
            here: receivers,
            open: VecDeque::new(),
            first: head + 1,
            tally: Tally::default(),
            each: Histogram::new(),
            last: Histogram::new(),
        }
    }

    /// A receiver got the message `seq`. `sent_at` is asked when it is the first to get it, and
    /// knows nothing of messages by others than this generator.
    pub(crate) fn message(
        &mut self,
        at: usize,
        seq: u64,
        now: Moment,
        sent_at: impl FnOnce() -> Option<Moment>,
    ) {
        let Some(receiver) = self.receivers.get_mut(at) else {
            return;
        };
        if seq < receiver.next {
            self.tally.doubled += 1;
            return;
        }
        let (next, told) = (receiver.next, receiver.told);
        receiver.next = seq + 1;
        self.tally.deliveries += 1;
        if seq > next {
            self.missed(next, seq, told);
        }
        let Some(open) = self.open(seq) else { return };
        if open.arrived == 0 {
            open.sent_at = sent_at();
        }
        open.arrived += 1;
        let is_whole = open.arrived + open.missed >= open.wanted;
        if let Some(sent_at) = open.sent_at {
            self.each.record_nanos(now.nanos_since(sent_at));
        }
        if is_whole {
            self.close(now);
        }
    }

    /// The server told a receiver that pushes up to `head` were left out.
    pub(crate) fn heads(&mut self, at: usize, head: u64, now: Moment) {
        let Some(receiver) = self.receivers.get_mut(at) else {
            return;
        };
        receiver.told = receiver.told.max(head);
        let next = receiver.next;
        if head >= next {
            receiver.next = head + 1;
            self.missed(next, head + 1, head);
            self.close(now);
        }
    }

    /// A receiver is no more, or is counted no more.
    pub(crate) fn leave(&mut self, at: usize, now: Moment) {
        let Some(receiver) = self.receivers.get_mut(at) else {
            return;
        };
        if !std::mem::replace(&mut receiver.is_here, false) {
            return;
        }
        self.here -= 1;
        let from = receiver.next.saturating_sub(self.first);
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        for open in self.open.iter_mut().skip(from) {
            open.wanted -= 1;
        }
        self.close(now);
    }

    /// Receivers that are still here.
    pub(crate) fn here(&self) -> usize {
        self.here
    }

    /// The newest `seq` that this receiver has, or was told of.
    pub(crate) fn position(&self, at: usize) -> u64 {
        self.receivers.get(at).map_or(0, |one| one.next - 1)
    }

    /// Whether everybody here has everything up to `head`, or was told of it.
    pub(crate) fn is_level(&self, head: u64) -> bool {
        let mut here = self.receivers.iter().filter(|one| one.is_here);
        here.all(|one| one.next > head)
    }

    /// Forgets what was counted, so that what follows is measured.
    pub(crate) fn measure(&mut self) {
        self.tally = Tally::default();
        self.each.clear();
        self.last.clear();
    }

    /// Counts as lost what did not come to those who are here, up to `head`.
    pub(crate) fn finish(&mut self, head: u64) {
        let here = self.receivers.iter().filter(|one| one.is_here);
        self.tally.lost += here
            .map(|one| (head + 1).saturating_sub(one.next))
            .sum::<u64>();
    }

    /// A receiver does not get `from..to` any more; up to `told` the server said so.
    fn missed(&mut self, from: u64, to: u64, told: u64) {
        let left_to_pull = (told + 1).clamp(from, to) - from;
        self.tally.left_to_pull += left_to_pull;
        self.tally.lost += to - from - left_to_pull;
        for seq in from..to {
            if let Some(open) = self.open(seq) {
                open.missed += 1;
            }
        }
    }

    fn open(&mut self, seq: u64) -> Option<&mut Open> {
        let at = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        if at >= self.open.len() && at < MAX_OPEN {
            // Nobody had it so far, so those who left never will.
            let open = Open {
                sent_at: None,
                wanted: self.here,
                arrived: 0,
                missed: 0,
            };
            self.open.resize(at + 1, open);
        }
        self.open.get_mut(at)
    }

    /// Lets go the messages that everybody has or will not get.
    fn close(&mut self, now: Moment) {
        while let Some(open) = self.open.front().copied() {
            if open.arrived + open.missed < open.wanted {
                return;
            }
            if open.missed == 0 && open.arrived > 0 {
                self.tally.messages += 1;
                if let Some(sent_at) = open.sent_at {
                    self.last.record_nanos(now.nanos_since(sent_at));
                }
            }
            self.open.pop_front();
            self.first += 1;
        }
    }
}

/// Messages that are looked after at a time; later ones are counted and not timed.
const MAX_OPEN: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn room(receivers: usize) -> (Room, Moment) {
        (Room::new(receivers, 10), Moment::now())
    }

    #[test]
    fn a_message_is_whole_when_the_last_one_has_it() {
        let (mut room, start) = room(3);
        for (at, ms) in [(0, 1), (2, 2), (1, 9)] {
            let now = start + Duration::from_millis(ms);
            room.message(at, 11, now, || Some(start));
        }
        assert_eq!((room.tally.messages, room.tally.deliveries), (1, 3));
        let ms = |histogram: &Histogram, per_mille| histogram.quantile_ms(per_mille).round();
        assert!((ms(&room.last, 1) - 9.0).abs() < 0.1, "it is timed once");
        let each = [1, 500, 1000].map(|per_mille| ms(&room.each, per_mille));
        assert_eq!(each.map(|ms| format!("{ms}")), ["1", "2", "9"]);
        assert!(room.is_level(11) && !room.is_level(12));
    }

    #[test]
    fn a_hole_is_a_loss_unless_the_server_told_of_it() {
        let (mut room, now) = room(2);
        room.message(0, 14, now, || None);
        assert_eq!((room.tally.lost, room.tally.left_to_pull), (3, 0));
        room.heads(1, 12, now);
        room.message(1, 14, now, || None);
        assert_eq!((room.tally.lost, room.tally.left_to_pull), (4, 2));
        assert_eq!(room.tally.messages, 1, "one message came to both");
    }

    #[test]
    fn what_comes_again_or_late_is_counted_once() {
        let (mut room, now) = room(1);
        for seq in [11, 11, 13, 12] {
            room.message(0, seq, now, || None);
        }
        let Tally {
            deliveries,
            lost,
            doubled,
            ..
        } = room.tally;
        assert_eq!((deliveries, lost, doubled), (2, 1, 2));
    }

    #[test]
    fn who_left_is_not_waited_for() {
        let (mut room, now) = room(2);
        room.message(0, 11, now, || Some(now));
        room.leave(1, now);
        room.leave(1, now);
        room.message(0, 12, now, || Some(now));
        assert_eq!((room.tally.messages, room.here()), (2, 1));
        assert!(room.is_level(12));
    }

    #[test]
    fn a_tail_that_never_came_is_lost() {
        let (mut room, now) = room(2);
        room.message(0, 11, now, || None);
        room.message(0, 12, now, || None);
        room.message(1, 11, now, || None);
        room.finish(12);
        assert_eq!(room.tally.lost, 1);
    }
}
