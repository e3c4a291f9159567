//! After a backup came back: whether it is this device's turn to send again.
//!
//! A device holds the end of a log, and sends the person's messages in it again from the first. Where
//! what was lost begins before that end, another device of the person may hold all of it, and what
//! was written first is to stand first: the other one has some time to come back and send.

use shared::{RequestId, Seq, event::Position};

use crate::Moment;

/// Whose turn it is in one conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Turn {
    /// All that was lost is held here, as far as can be known.
    #[default]
    Ours,
    /// If the server has the event at which what was held begins, all that it lost comes after that.
    Unknown {
        /// That event.
        first: Position,
        /// The question in which the server was asked.
        asked: Option<RequestId>,
    },
    /// Another device may hold more.
    Theirs {
        /// For how much longer of being connected it may come.
        left: Moment,
        /// Counted down to then; none until it is waited for on this connection.
        counted: Option<Moment>,
    },
}

impl Turn {
    /// A log was replaced of which the events from `first` on were held, by one that goes up to
    /// `head`; it `is_whole` where that was the first of all.
    pub(crate) fn log_replaced(&mut self, first: Option<Position>, is_whole: bool, head: Seq) {
        // Held was what follows the present end, unless it grew to just there.
        let is_all = |first: Position| first.seq == head.next();
        *self = match (*self, first) {
            (Self::Ours, _) if is_whole => Self::Ours,
            (Self::Ours, Some(first)) if is_all(first) => Self::Ours,
            (Self::Ours, Some(first)) if first.check.is_some() => {
                Self::Unknown { first, asked: None }
            }
            // Nothing was sent since, so all from there on is still held.
            (Self::Unknown { first, .. }, _) => Self::Unknown { first, asked: None },
            _ => THEIRS,
        };
    }

    /// What the server is to be asked.
    pub(crate) fn question(self) -> Option<Position> {
        match self {
            Self::Unknown { first, .. } => Some(first),
            Self::Ours | Self::Theirs { .. } => None,
        }
    }

    pub(crate) fn asked(&mut self, by: RequestId) {
        if let Self::Unknown { asked, .. } = self {
            *asked = Some(by);
        }
    }

    /// The server has that event, or not.
    pub(crate) fn answered(&mut self, by: RequestId, has_it: bool) {
        let is_meant = matches!(self, Self::Unknown { asked, .. } if *asked == Some(by));
        if is_meant {
            *self = if has_it { Self::Ours } else { THEIRS };
        }
    }

    /// Time goes by on a connection.
    pub(crate) fn wait(&mut self, now: Moment) {
        if let Self::Theirs { left, counted } = self {
            let since = counted.replace(now).unwrap_or(now);
            *left = left.saturating_sub(now.saturating_sub(since));
            if left.is_zero() {
                *self = Self::Ours;
            }
        }
    }

    /// What was asked stays unanswered, and no time goes by.
    pub(crate) fn connection_lost(&mut self) {
        match self {
            Self::Ours => {}
            Self::Unknown { asked, .. } => *asked = None,
            Self::Theirs { counted, .. } => *counted = None,
        }
    }
}

const THEIRS: Turn = Turn::Theirs {
    left: OTHERS_FIRST,
    counted: None,
};
/// Source: a device that saw its connection break tries again within 10 s, where a proxy swallows what it
/// does not know within 35; the rest is for what it sends before. A tab that nobody looks at may take
/// longer: browsers wake it once a minute.
const OTHERS_FIRST: Moment = Moment::from_secs(45);

#[cfg(test)]
mod tests {
    use shared::{Check, ConversationId};

    use super::*;

    const FIRST: Position = Position {
        conversation: ConversationId::EVERYONE,
        seq: Seq(5),
        check: Some(Check(7)),
    };

    fn replaced(mut turn: Turn, first: Option<Position>, head: u64) -> Turn {
        turn.log_replaced(first, false, Seq(head));
        turn
    }

    fn unknown(asked: Option<u64>) -> Turn {
        Turn::Unknown {
            first: FIRST,
            asked: asked.map(RequestId),
        }
    }

    #[test]
    fn it_is_ours_where_all_that_was_lost_was_held() {
        let mut whole = Turn::Ours;
        whole.log_replaced(Some(FIRST), true, Seq(2));
        assert_eq!(whole, Turn::Ours);
        assert_eq!(replaced(Turn::Ours, Some(FIRST), 4), Turn::Ours);
        assert_eq!(replaced(Turn::Ours, Some(FIRST), 3), unknown(None));
        assert_eq!(replaced(Turn::Ours, Some(FIRST), 9), unknown(None));
    }

    #[test]
    fn it_is_theirs_where_there_is_nothing_to_ask_by() {
        let unchecked = Position {
            check: None,
            ..FIRST
        };
        assert_eq!(replaced(Turn::Ours, Some(unchecked), 9), THEIRS);
        assert_eq!(replaced(Turn::Ours, None, 9), THEIRS);
    }

    #[test]
    fn a_log_that_is_replaced_again_leaves_the_question_and_starts_the_wait_anew() {
        let later = Position {
            seq: Seq(8),
            ..FIRST
        };
        assert_eq!(replaced(unknown(Some(1)), Some(later), 9), unknown(None));
        let waited = Turn::Theirs {
            left: Moment::from_secs(1),
            counted: Some(Moment::from_secs(9)),
        };
        let mut whole = waited;
        whole.log_replaced(Some(later), true, Seq(9));
        assert_eq!(whole, THEIRS, "what was put back before is not sent yet");
    }

    #[test]
    fn only_the_answer_to_the_present_question_counts() {
        let mut turn = unknown(Some(2));
        turn.answered(RequestId(1), true);
        assert_eq!(turn, unknown(Some(2)));
        turn.connection_lost();
        turn.answered(RequestId(2), true);
        assert_eq!(turn, unknown(None));
        turn.asked(RequestId(3));
        turn.answered(RequestId(3), true);
        assert_eq!(turn, Turn::Ours);
    }

    #[test]
    fn the_time_of_all_connections_counts_and_none_between() {
        let mut turn = THEIRS;
        for (from, to) in [(100, 120), (500, 520), (900, 904)] {
            turn.wait(Moment::from_secs(from));
            turn.wait(Moment::from_secs(to));
            assert_ne!(turn, Turn::Ours);
            turn.connection_lost();
        }
        turn.wait(Moment::from_secs(1000));
        turn.wait(Moment::from_secs(1001));
        assert_eq!(turn, Turn::Ours);
    }
}
