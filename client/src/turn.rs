//! After a backup came back: whether it is this device's turn to send again.
//!
//! A device holds the end of a log, and sends the person's messages in it again from the first. Where
//! what was lost begins before that end, other devices of the person may hold more of it, and what
//! they hold is to stand before this: they go first, for as long as one that lives takes to come back.

use shared::{RequestId, event::Position};

use crate::{Moment, link::LONGEST_WAIT};

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
    /// Others may hold more, and have until then; none while there is no connection.
    Theirs { until: Option<Moment> },
}

impl Turn {
    /// A log was replaced of which the events from `first` on were held; it `is_whole` where that is
    /// the first of all.
    pub(crate) fn log_replaced(&mut self, first: Option<Position>, is_whole: bool) {
        *self = match (*self, first) {
            (Self::Ours, _) if is_whole => Self::Ours,
            (Self::Ours, Some(first)) if first.check.is_some() => {
                Self::Unknown { first, asked: None }
            }
            // Nothing to ask by, or what was put back the last time did not go yet.
            _ => Self::Theirs { until: None },
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
        match is_meant {
            true if has_it => *self = Self::Ours,
            true => *self = Self::Theirs { until: None },
            false => {}
        }
    }

    /// Time goes by on a connection.
    pub(crate) fn wait(&mut self, now: Moment) {
        if let Self::Theirs { until } = self {
            let until = *until.get_or_insert(now + OTHERS_FIRST);
            if until <= now {
                *self = Self::Ours;
            }
        }
    }

    /// The others' connections broke as well.
    pub(crate) fn connection_lost(&mut self) {
        match self {
            Self::Ours => {}
            Self::Unknown { asked, .. } => *asked = None,
            Self::Theirs { until } => *until = None,
        }
    }
}

/// Source: a device that was connected comes back within [`LONGEST_WAIT`] of a server that does, and
/// sends at once.
const OTHERS_FIRST: Moment = Moment::from_secs(LONGEST_WAIT.as_secs() + 5);
