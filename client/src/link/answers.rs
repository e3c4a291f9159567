//! What was asked on a connection and what was answered: whether it may be dead, or is.
//!
//! Only an answer says that what goes out arrives; whatever else is heard speaks for the other
//! direction. Knows nothing of beats, and not whether there is a connection at all.

use crate::Moment;

/// The answers of this connection, and how long those of former ones took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    /// Something was asked and nothing answered since.
    awaited_since: Option<Moment>,
    /// Something was answered on this connection.
    was_answered: bool,
    /// The longest that an answer took in the last minutes, and when it came.
    slowest: Moment,
    slowest_at: Moment,
    /// Since when nothing was answered, where the connection may be dead.
    doubted_since: Option<Moment>,
    /// Doubts whether the connection lives, since one had answered all.
    doubts: u32,
    /// How long nothing was answered where what is heard meanwhile does not end a doubt.
    deaf_after: Moment,
}

impl Answers {
    /// Another connection is to answer.
    pub(super) fn begin(&mut self) {
        self.forget_doubts();
        (self.awaited_since, self.was_answered, self.doubted_since) = (None, false, None);
    }

    /// On another network they may be quicker.
    pub(super) fn network_lost(&mut self) {
        (self.slowest, self.doubts) = (Moment::ZERO, 0);
    }

    /// Something goes out that is to be answered.
    pub(crate) fn asked(&mut self, now: Moment) {
        self.awaited_since.get_or_insert(now);
    }

    /// An answer came: what goes out arrives. `is_more` says whether others are awaited.
    pub(crate) fn answered(&mut self, now: Moment, is_more: bool) {
        let took = self.awaited_since.map(|since| now.saturating_sub(since));
        // More than that is a sleep that no tick has seen yet.
        let took = took.filter(|took| *took < DEAF);
        let is_forgotten = now.saturating_sub(self.slowest_at) >= SLOW_FOR;
        if let Some(took) = took.filter(|took| is_forgotten || *took >= self.slowest) {
            (self.slowest, self.slowest_at) = (took, now);
        }
        self.awaited_since = is_more.then_some(now);
        self.was_answered = true;
    }

    /// The machine slept: until now nothing could come.
    pub(super) fn slept(&mut self, now: Moment) {
        self.awaited_since = self.awaited_since.map(|_| now);
    }

    pub(super) fn are_awaited(&self) -> bool {
        self.awaited_since.is_some()
    }

    /// Whether the connection carries nothing upwards, whatever it brings.
    pub(super) fn are_overdue(&self, now: Moment) -> bool {
        self.are_late(now, DEAF)
    }

    /// Whether the connection, which carried answers before and on which something was heard last at
    /// `last_heard`, may be dead. On a line that is only slow every answer would come too late if that
    /// were said again and again, so the next time, also on another connection, is not before twice as
    /// long, until one has answered all that was asked.
    pub(crate) fn begin_to_doubt(&mut self, now: Moment, last_heard: Moment) -> bool {
        self.forget_doubts();
        let Some(since) = self.awaited_since.filter(|_| self.was_answered) else {
            return false;
        };
        let doubt_after = self.doubt_after();
        let deaf_after = 2 * doubt_after;
        let is_silent = now.saturating_sub(since.max(last_heard)) >= doubt_after;
        let doubts = is_silent || self.are_late(now, deaf_after);
        if doubts {
            self.doubts += 1;
            self.deaf_after = deaf_after;
            self.doubted_since.get_or_insert(since);
        }
        doubts
    }

    /// Whether the connection is in doubt.
    pub(crate) fn are_doubted(&self) -> bool {
        self.doubted_since.is_some()
    }

    /// Something was heard, which ends a doubt where nothing says that only the other direction
    /// lives; says whether it did.
    pub(crate) fn heard(&mut self, now: Moment) -> bool {
        !self.are_late(now, self.deaf_after) && self.trust().is_some()
    }

    /// Ends a doubt; says since when there was one.
    pub(crate) fn trust(&mut self) -> Option<Moment> {
        self.doubted_since.take()
    }

    /// How long an answer may take that usually takes so long, where the line is slow.
    pub(super) fn at_least(&self, usual: Moment) -> Moment {
        usual.max(2 * self.slowest).min(DEAF)
    }

    /// How long an answer may take before another way to the server is looked for beside.
    fn doubt_after(&self) -> Moment {
        let usual = self.at_least(FIRST_DOUBT);
        usual.saturating_mul(1 << self.doubts.min(8)).min(DEAF)
    }

    /// Where all was answered.
    fn forget_doubts(&mut self) {
        if self.was_answered && self.awaited_since.is_none() {
            self.doubts = 0;
        }
    }

    fn are_late(&self, now: Moment, after: Moment) -> bool {
        let is_late = |since| now.saturating_sub(since) >= after;
        self.awaited_since.is_some_and(is_late)
    }
}

/// Source: fifty times what an answer takes on a phone, and where a person begins to wonder.
const FIRST_DOUBT: Moment = Moment::from_millis(3500);
/// A line is slow for as long as one sits in a train, say.
const SLOW_FOR: Moment = Moment::from_mins(10);
/// A connection on which this long nothing is answered carries nothing upwards, whatever it brings.
/// Source: the largest answer, 64 KiB, on the slowest network that is of any use.
const DEAF: Moment = Moment::from_secs(25);

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Moment {
        Moment::from_secs(n)
    }

    /// On a connection that answered once, after so many seconds.
    fn after_an_answer(took: u64) -> Answers {
        let mut answers = Answers::default();
        answers.begin();
        answers.asked(seconds(0));
        answers.answered(seconds(took), false);
        answers
    }

    /// After how many seconds without a word a question is doubted.
    fn doubted_after(answers: &mut Answers, asked_at: u64) -> Option<u64> {
        answers.asked(seconds(asked_at));
        let heard = seconds(asked_at);
        (0..60).find(|after| answers.begin_to_doubt(seconds(asked_at + after), heard))
    }

    #[test]
    fn silence_is_doubted_later_where_answers_take_long_and_for_as_long_as_that_is_known() {
        assert_eq!(doubted_after(&mut after_an_answer(0), 100), Some(4));
        let mut slow = after_an_answer(6);
        assert_eq!(doubted_after(&mut slow, 100), Some(12));
        slow.answered(seconds(101), false);
        assert_eq!(slow.at_least(seconds(3)), seconds(12), "one quick answer");
        slow.network_lost();
        assert_eq!(slow.at_least(seconds(3)), seconds(3));
        let mut slower = after_an_answer(20);
        assert_eq!(
            slower.at_least(seconds(3)),
            DEAF,
            "and never longer than that"
        );
        slower.asked(seconds(1000));
        slower.answered(seconds(1001), false);
        assert_eq!(
            slower.at_least(seconds(3)),
            seconds(3),
            "of ten minutes ago"
        );
    }

    #[test]
    fn the_next_doubt_comes_after_twice_as_long_until_all_is_answered() {
        let mut answers = after_an_answer(0);
        assert_eq!(doubted_after(&mut answers, 100), Some(4));
        answers.begin();
        answers.asked(seconds(110));
        answers.answered(seconds(110), true);
        assert_eq!(doubted_after(&mut answers, 110), Some(7));
        answers.answered(seconds(120), false);
        assert!(!answers.begin_to_doubt(seconds(121), seconds(120)));
        assert_eq!(doubted_after(&mut answers, 130), Some(20), "one took ten");
    }

    #[test]
    fn pushes_end_a_doubt_only_while_an_answer_is_not_long_overdue() {
        let mut answers = after_an_answer(0);
        assert_eq!(doubted_after(&mut answers, 100), Some(4));
        assert!(answers.are_doubted() && answers.heard(seconds(105)));
        assert!(!answers.are_doubted());
        let mut seconds_with_pushes = 105..130;
        let doubted =
            seconds_with_pushes.find(|at| answers.begin_to_doubt(seconds(*at), seconds(*at)));
        assert_eq!(doubted, Some(114));
        assert!(
            !answers.heard(seconds(115)),
            "the other direction may be dead"
        );
    }

    #[test]
    fn what_never_answered_is_not_doubted() {
        let mut answers = Answers::default();
        answers.begin();
        assert_eq!(doubted_after(&mut answers, 1), None);
        assert!(!answers.are_overdue(seconds(25)) && answers.are_overdue(seconds(26)));
        answers.slept(seconds(3600));
        assert!(!answers.are_overdue(seconds(3601)));
    }

    #[test]
    fn what_a_connection_answered_in_full_is_not_held_against_the_next() {
        let mut answers = after_an_answer(0);
        assert_eq!(doubted_after(&mut answers, 100), Some(4));
        answers.answered(seconds(104), false);
        answers.begin();
        answers.asked(seconds(110));
        answers.answered(seconds(110), true);
        assert_eq!(doubted_after(&mut answers, 110), Some(8), "one took four");
    }
}
