//! Reading takes a second: a message counts as read after it was on screen that long.

use std::collections::VecDeque;

use client::Moment;
use shared::Seq;

/// The newest message on screen over the last second.
#[derive(Default, Debug)]
pub(crate) struct Dwell {
    /// Ascending in both: this was the newest on screen since then.
    seen: VecDeque<(Seq, Moment)>,
}

impl Dwell {
    /// The newest message on screen now; none if nobody looks. Returns what counts as read.
    pub(crate) fn look(&mut self, now: Moment, newest: Option<Seq>) -> Option<Seq> {
        let Some(newest) = newest else {
            self.seen.clear();
            return None;
        };
        // What is below the screen again was not there for its whole second.
        self.seen.retain(|(seq, _)| *seq <= newest);
        if self.seen.back().is_none_or(|(seq, _)| *seq < newest) {
            self.seen.push_back((newest, now));
        }
        let is_read = |(_, since): &(Seq, Moment)| now.saturating_sub(*since) >= TAKES;
        let mut read = None;
        while let Some(oldest) = self.seen.front().copied().filter(is_read) {
            read = Some(oldest.0);
            if self.seen.len() == 1 {
                // The last one stays, so that it is not seen anew each time.
                break;
            }
            self.seen.pop_front();
        }
        read
    }
}

/// How long a message is on screen before it is read. Source: between Tinode's 1.5 s and a glance.
const TAKES: Moment = Moment::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn a_message_is_read_after_a_second_on_screen() {
        let mut dwell = Dwell::default();
        assert_eq!(dwell.look(at(0), Some(Seq(5))), None);
        assert_eq!(dwell.look(at(900), Some(Seq(6))), None);
        assert_eq!(dwell.look(at(1000), Some(Seq(6))), Some(Seq(5)));
        assert_eq!(dwell.look(at(1900), Some(Seq(6))), Some(Seq(6)));
        assert_eq!(dwell.look(at(2500), Some(Seq(6))), Some(Seq(6)));
    }

    #[test]
    fn what_was_scrolled_past_is_not_read() {
        let mut dwell = Dwell::default();
        dwell.look(at(0), Some(Seq(5)));
        dwell.look(at(300), Some(Seq(90)));
        assert_eq!(dwell.look(at(600), Some(Seq(5))), None);
        assert_eq!(dwell.look(at(1400), Some(Seq(5))), Some(Seq(5)));
    }

    #[test]
    fn looking_away_starts_the_second_again() {
        let mut dwell = Dwell::default();
        dwell.look(at(0), Some(Seq(5)));
        dwell.look(at(900), None);
        assert_eq!(dwell.look(at(1100), Some(Seq(5))), None);
        assert_eq!(dwell.look(at(2100), Some(Seq(5))), Some(Seq(5)));
    }
}
