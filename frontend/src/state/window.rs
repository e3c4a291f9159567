//! Which rows are in the DOM: heights, prefix sums, and the window around what is on screen.
//!
//! Rows lie in normal flow between gaps, and a gap is as tall as the rows it stands for. All of it
//! is arithmetic over measured heights (or estimates until then), so it needs no layout to be read.

use std::ops::Range;

use client::SortedMap;

use super::rows::{Key, Row, Updated};

/// The heights of all rows and where each begins.
#[derive(Default, Debug)]
pub(crate) struct Layout {
    /// In pixels, by key, so that they outlive a rebuild of the rows; and the look that was
    /// measured, since an older page in front of a row may take its author's name away.
    measured: SortedMap<Key, (f64, bool)>,
    heights: Vec<f64>,
    /// Where each row begins, and at the end where the last one ends.
    tops: Vec<f64>,
}

/// A piece of what is in the DOM, from top to bottom.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Piece {
    /// Empty space in place of rows that are not mounted, in pixels.
    Gap(f64),
    /// Mounted rows, by index.
    Rows(Range<usize>),
}

impl Layout {
    /// Follows the rows after an update.
    pub(crate) fn follow(&mut self, rows: &[Row], updated: Updated) {
        let from = match updated {
            Updated::From(index) => index.min(self.heights.len()),
            Updated::All => 0,
        };
        self.heights.truncate(from);
        for row in rows.iter().skip(from) {
            let height = self.known(row).unwrap_or(row.estimate);
            self.heights.push(height);
        }
        self.sum_from(from);
    }

    /// Takes a measured height. Returns whether anything moved.
    pub(crate) fn measure(&mut self, index: usize, row: &Row, height: f64) -> bool {
        let seen = (height, row.starts_group);
        self.measured.insert(row.key.clone(), seen);
        match self.heights.get_mut(index) {
            Some(old) if (*old - height).abs() > SAME => {
                *old = height;
                true
            }
            _ => false,
        }
    }

    fn known(&self, row: &Row) -> Option<f64> {
        let measured = self.measured.get(&row.key);
        measured
            .filter(|(_, starts_group)| *starts_group == row.starts_group)
            .map(|(height, _)| *height)
    }

    /// The width changed, so every height is only an estimate from now on.
    pub(crate) fn forget(&mut self) {
        self.measured.clear();
    }

    /// To be called once after some [`Layout::measure`] said that something moved.
    pub(crate) fn sum_from(&mut self, from: usize) {
        self.tops.truncate(from + 1);
        if self.tops.is_empty() {
            self.tops.push(PAD_TOP);
        }
        let mut top = self.tops.last().copied().unwrap_or(PAD_TOP);
        let start = self.tops.len() - 1;
        for height in self.heights.iter().skip(start) {
            top += height;
            self.tops.push(top);
        }
    }

    /// Where a row begins.
    pub(crate) fn top(&self, index: usize) -> f64 {
        let end = self.tops.last().copied().unwrap_or(PAD_TOP);
        self.tops.get(index).copied().unwrap_or(end)
    }

    /// Where a row ends.
    pub(crate) fn bottom(&self, index: usize) -> f64 {
        self.top(index + 1)
    }

    /// How tall everything is.
    pub(crate) fn total(&self) -> f64 {
        self.top(self.heights.len()) + PAD_BOTTOM
    }

    /// The row at this height, or the nearest.
    pub(crate) fn at(&self, y: f64) -> usize {
        let starts_before = self.tops.partition_point(|top| *top <= y);
        starts_before
            .saturating_sub(1)
            .min(self.heights.len().saturating_sub(1))
    }

    /// The rows to mount around what is on screen: two screens more on each side, since a browser
    /// scrolls on while we mount; never over [`MOST_ROWS`].
    pub(crate) fn window(&self, scroll_top: f64, viewport: f64) -> Range<usize> {
        if self.heights.is_empty() {
            return 0..0;
        }
        let first_seen = self.at(scroll_top);
        let last_seen = self.at(scroll_top + viewport);
        let mut first = self.at(scroll_top - 2.0 * viewport);
        let mut end = self.at(scroll_top + 3.0 * viewport) + 1;
        while end - first > MOST_ROWS && (first < first_seen || end > last_seen + 1) {
            // The side with more to spare gives.
            if first_seen.saturating_sub(first) > end.saturating_sub(last_seen + 1) {
                first += 1;
            } else {
                end -= 1;
            }
        }
        first..end.min(first + MOST_ROWS)
    }

    /// Whether what is on screen, and one screen more, lies within these rows: then they may
    /// stay, and scrolling a little does not touch the DOM.
    pub(crate) fn still_covers(&self, rows: &Range<usize>, scroll_top: f64, viewport: f64) -> bool {
        let (above, below) = (scroll_top - viewport, scroll_top + 2.0 * viewport);
        let is_sane = rows.end <= self.heights.len() && rows.len() <= MOST_ROWS;
        let covers_above = rows.start == 0 || self.top(rows.start) <= above;
        let covers_below = rows.end == self.heights.len() || self.top(rows.end) >= below;
        is_sane && covers_above && covers_below
    }

    /// The window as pieces of the DOM. A `pinned` row (the one with the focus) is mounted wherever
    /// it is.
    pub(crate) fn pieces(&self, window: &Range<usize>, pinned: Option<usize>) -> Vec<Piece> {
        let pinned = pinned.filter(|at| *at < self.heights.len() && !window.contains(at));
        let mut rows = vec![window.clone()];
        match pinned {
            Some(at) if at < window.start => rows.insert(0, at..at + 1),
            Some(at) => rows.push(at..at + 1),
            None => {}
        }
        let mut pieces = Vec::new();
        let mut y = 0.0;
        for range in rows {
            pieces.push(Piece::Gap((self.top(range.start) - y).max(0.0)));
            y = self.top(range.end);
            pieces.push(Piece::Rows(range));
        }
        pieces.push(Piece::Gap((self.total() - y).max(0.0)));
        pieces
    }
}

/// Most rows in the DOM. Source: 100,000 messages must stay below 3,000 nodes.
pub(crate) const MOST_ROWS: usize = 150;
/// Space above the first row and below the last one, in pixels; as in the design.
const PAD_TOP: f64 = 18.0;
const PAD_BOTTOM: f64 = 6.0;
/// Heights closer than this are the same.
const SAME: f64 = 0.01;

#[cfg(test)]
mod tests {
    use shared::{MsgId, Timestamp, UserId};

    use super::*;

    fn row(number: usize, estimate: f64) -> Row {
        Row {
            key: Key::Message(UserId(1), MsgId::parse(&number.to_string()).unwrap()),
            seq: None,
            at: Timestamp(0),
            starts_group: true,
            estimate,
        }
    }

    fn layout(heights: &[f64]) -> Layout {
        let rows: Vec<_> = heights
            .iter()
            .enumerate()
            .map(|(n, h)| row(n, *h))
            .collect();
        let mut layout = Layout::default();
        layout.follow(&rows, Updated::All);
        layout
    }

    fn height_of(layout: &Layout, pieces: &[Piece]) -> f64 {
        let heights = pieces.iter().map(|piece| match piece {
            Piece::Gap(height) => *height,
            Piece::Rows(rows) => layout.top(rows.end) - layout.top(rows.start),
        });
        heights.sum()
    }

    #[test]
    fn the_window_is_the_screen_and_two_more_on_each_side() {
        let layout = layout(&[50.0; 1000]);
        let window = layout.window(10_000.0, 500.0);
        assert!(layout.top(window.start) <= 9_000.0 && layout.top(window.end) >= 11_500.0);
        assert!(window.len() <= 53, "{window:?}");
        assert!(layout.still_covers(&window, 10_200.0, 500.0));
        assert!(!layout.still_covers(&window, 10_600.0, 500.0));
        assert_eq!(layout.window(0.0, 500.0).start, 0);
        assert_eq!(layout.window(1e9, 500.0).end, 1000);
    }

    #[test]
    fn tiny_rows_never_fill_the_dom_and_those_on_screen_stay() {
        let layout = layout(&vec![10.0; 5000]);
        let window = layout.window(20_000.0, 1000.0);
        assert!(window.len() <= MOST_ROWS);
        assert!(layout.top(window.start) <= 20_000.0 && layout.top(window.end) >= 21_000.0);
    }

    #[test]
    fn gaps_and_rows_are_as_tall_as_everything() {
        let layout = layout(&[20.0, 70.0, 33.5, 40.0, 90.0, 12.0, 55.0, 80.0]);
        for pinned in [None, Some(0), Some(3), Some(7)] {
            let pieces = layout.pieces(&(3..5), pinned);
            assert!((height_of(&layout, &pieces) - layout.total()).abs() < 0.001);
        }
        assert_eq!(
            layout.pieces(&(3..5), Some(0)),
            [
                Piece::Gap(18.0),
                Piece::Rows(0..1),
                Piece::Gap(103.5),
                Piece::Rows(3..5),
                Piece::Gap(153.0),
            ]
        );
    }

    #[test]
    fn a_height_outlives_a_rebuild_and_moves_what_is_below() {
        let mut layout = layout(&[50.0; 10]);
        assert!(layout.measure(2, &row(2, 0.0), 80.0));
        layout.sum_from(2);
        assert!(!layout.measure(2, &row(2, 0.0), 80.0));
        assert!((layout.top(3) - (18.0 + 180.0)).abs() < 0.001);
        let rows: Vec<_> = (0..12).map(|number| row(number, 50.0)).collect();
        layout.follow(&rows, Updated::All);
        assert!((layout.top(12) - (18.0 + 630.0)).abs() < 0.001);
        layout.follow(rows.get(..4).unwrap(), Updated::From(3));
        assert!((layout.total() - (18.0 + 230.0 + 6.0)).abs() < 0.001);
    }

    #[test]
    fn an_empty_conversation_has_an_empty_window() {
        let layout = layout(&[]);
        assert_eq!(layout.window(0.0, 500.0), 0..0);
        assert_eq!(layout.pieces(&(0..0), None).len(), 3);
    }
}
