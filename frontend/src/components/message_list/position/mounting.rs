//! Which rows are in the DOM, and whether those that are do.

use std::ops::Range;

use super::Position;
use crate::state::{
    rows::Key,
    window::{Piece, Reach},
};

impl Position {
    /// The pieces to mount in this frame, if those that are mounted do not do; where it `grows`, a step
    /// more than what must be there.
    pub(in crate::components::message_list) fn pieces(
        &mut self,
        pinned: Option<&Key>,
        grows: bool,
    ) -> Option<Vec<Piece>> {
        let window = self.next(grows);
        let does = if grows {
            window == self.window
        } else {
            self.is_covered()
        };
        if self.stale.take().is_none() && does {
            return None;
        }
        self.window = window;
        self.pinned = pinned.and_then(|key| self.rows.position(key));
        Some(self.layout.pieces(&self.window, self.pinned))
    }

    /// Some of the mounted rows are not as tall as they were thought to be. What is on screen stays
    /// where it is in the list, so that it is not painted again.
    pub(in crate::components::message_list) fn settle(&mut self) {
        let first_seen = self.layout.at(self.target());
        self.layout.settle_around(first_seen);
    }

    /// The heights of the gaps among the mounted rows, from top to bottom.
    pub(in crate::components::message_list) fn gaps(&self) -> impl Iterator<Item = f64> {
        let pieces = self.layout.pieces(&self.window, self.pinned);
        pieces.into_iter().filter_map(|piece| match piece {
            Piece::Gap(height) => Some(height),
            Piece::Rows(_) => None,
        })
    }

    /// Whether the rows are not those that are mounted, or say something else.
    pub(in crate::components::message_list) fn has_news(&self) -> bool {
        self.stale.is_some()
    }

    /// Whether the mounted rows fill the screen where it belongs.
    pub(in crate::components::message_list) fn is_covered(&self) -> bool {
        let covers = || (self.layout).covers(&self.window, self.target(), self.viewport);
        self.stale.is_none() && covers()
    }

    /// Whether the mounted rows reach so far that more of them can wait for another frame.
    pub(in crate::components::message_list) fn can_wait(&self) -> bool {
        let can_wait = || (self.layout).can_wait(&self.window, self.target(), self.viewport);
        self.stale.is_none() && can_wait()
    }

    /// Whether more rows are to be mounted around the screen, when there is time.
    pub(in crate::components::message_list) fn is_growing(&self) -> bool {
        // A keyboard may leave no room for a while.
        self.viewport > 0.0 && self.next(true) != self.window
    }

    /// The rows to mount in this frame.
    fn next(&self, grows: bool) -> Range<usize> {
        let least = self.reached().at_least(self.viewport);
        let reach = if grows {
            least.grown(self.viewport)
        } else {
            least
        };
        self.layout.window(self.target(), self.viewport, reach)
    }

    /// How far what is mounted reaches beyond where the screen belongs.
    pub(super) fn reached(&self) -> Reach {
        let reach = || (self.layout).reach(&self.window, self.target(), self.viewport);
        self.stale.unwrap_or_else(reach)
    }
}
