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
    /// Where each row begins in the list's element, and at the end where the last one ends. The element
    /// reaches up beyond what can be scrolled to, so that rows come in above others which stay where
    /// they are in it: what has not moved is not painted again.
    tops: Vec<f64>,
}

/// How far rows reach beyond the screen, in pixels; below zero where they do not fill it.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct Reach {
    above: f64,
    below: f64,
}

impl Reach {
    /// Enough for this frame.
    pub(crate) fn at_least(self, viewport: f64) -> Self {
        let least = |had: f64| had.max(viewport * AT_ONCE);
        Self {
            above: least(self.above),
            below: least(self.below),
        }
    }

    /// Nearer to what is wanted, since a browser scrolls on while we mount. It comes a step at a time:
    /// rows are what a frame costs; and for less than a step it stays as it is.
    pub(crate) fn grown(self, viewport: f64) -> Self {
        let (step, wanted) = (viewport * STEP, viewport * WANTED);
        let does = |had: f64| (had - wanted).abs() <= step;
        if does(self.above) && does(self.below) {
            return self;
        }
        // The farther it is behind, the faster somebody scrolls.
        let grown = |had: f64| (had + step.max((wanted - had) / 2.0)).min(wanted);
        Self {
            above: grown(self.above),
            below: grown(self.below),
        }
    }
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
        match updated {
            Updated::From(index) => {
                self.heights.truncate(index);
                self.push(rows.get(self.heights.len()..).unwrap_or_default());
                self.sum_from(index);
            }
            Updated::Older { kept, was } => {
                let top = self.tops.get(was).copied();
                let held = std::mem::take(&mut self.heights);
                self.push(rows.get(..kept.start).unwrap_or_default());
                self.heights.extend(held.iter().skip(was).take(kept.len()));
                self.push(rows.get(self.heights.len()..).unwrap_or_default());
                self.sum_around(kept.start, top);
            }
            Updated::All => {
                self.heights.clear();
                self.push(rows);
                self.sum_around(0, None);
            }
        }
    }

    fn push(&mut self, rows: &[Row]) {
        for row in rows {
            let height = self.known(row).unwrap_or(row.estimate);
            self.heights.push(height);
        }
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

    /// To be called once after some [`Layout::measure`] said that something moved: this row stays, and
    /// those before and behind it make room.
    pub(crate) fn settle_around(&mut self, index: usize) {
        self.sum_around(index, self.tops.get(index).copied());
    }

    /// Sums up the heights from a row on that stays.
    fn sum_from(&mut self, from: usize) {
        self.tops.truncate(from + 1);
        let Some(mut top) = self.tops.last().copied() else {
            return self.sum_around(0, None);
        };
        for height in self.heights.iter().skip(self.tops.len() - 1) {
            top += height;
            self.tops.push(top);
        }
    }

    /// Sums up the heights from a row that begins there, upwards and downwards.
    fn sum_around(&mut self, index: usize, top: Option<f64>) {
        let index = index.min(self.heights.len());
        let start = top.unwrap_or(HIDDEN + PAD_TOP);
        let (before, behind) = self.heights.split_at(index);
        let up = before.iter().rev().scan(start, |top, height| {
            *top -= height;
            Some(*top)
        });
        self.tops = up.collect();
        self.tops.reverse();
        self.tops.push(start);
        self.tops.extend(behind.iter().scan(start, |top, height| {
            *top += height;
            Some(*top)
        }));
        if self.hidden() < 0.0 {
            // No more room above: all of it moves, once in many pages.
            let most = HIDDEN - self.hidden();
            self.tops.iter_mut().for_each(|top| *top += most);
        }
    }

    /// How far the list's element reaches up beyond what can be scrolled to, in whole pixels.
    pub(crate) fn hidden(&self) -> f64 {
        self.tops.first().map_or(0.0, |top| (top - PAD_TOP).floor())
    }

    /// Where a row begins, from the top of what can be scrolled to.
    pub(crate) fn top(&self, index: usize) -> f64 {
        let end = || self.tops.last().copied().unwrap_or(PAD_TOP);
        self.tops.get(index).copied().unwrap_or_else(end) - self.hidden()
    }

    /// Where a row ends.
    pub(crate) fn bottom(&self, index: usize) -> f64 {
        self.top(index + 1)
    }

    /// How tall everything is.
    pub(crate) fn total(&self) -> f64 {
        self.top(self.heights.len()) + PAD_BOTTOM
    }

    /// Whether the list's element, as the browser laid it out, is as tall as all that is summed up here.
    pub(crate) fn is_as_tall_as(&self, element: f64) -> bool {
        (self.hidden() + self.total() - element).abs() <= ROUNDED
    }

    /// The row at this height, or the nearest.
    pub(crate) fn at(&self, y: f64) -> usize {
        let y = y + self.hidden();
        let starts_before = self.tops.partition_point(|top| *top <= y);
        starts_before
            .saturating_sub(1)
            .min(self.heights.len().saturating_sub(1))
    }

    /// The rows that are on screen, and that far beyond it; never over [`MOST_ROWS`].
    pub(crate) fn window(&self, scroll_top: f64, viewport: f64, reach: Reach) -> Range<usize> {
        if self.heights.is_empty() {
            return 0..0;
        }
        let Reach { above, below } = reach;
        let first_seen = self.at(scroll_top);
        let last_seen = self.at(scroll_top + viewport);
        let mut first = self.at(scroll_top - above + SAME).min(first_seen);
        let mut end = self.at(scroll_top + viewport + below - SAME).max(last_seen) + 1;
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

    /// How far these rows reach beyond the screen.
    pub(crate) fn reach(&self, rows: &Range<usize>, scroll_top: f64, viewport: f64) -> Reach {
        let above = scroll_top - self.top(rows.start);
        let below = self.top(rows.end) - scroll_top - viewport;
        if above.min(below) > -viewport {
            Reach { above, below }
        } else {
            // They are elsewhere.
            Reach::default()
        }
    }

    /// Whether what is on screen, and a little more, lies within these rows.
    pub(crate) fn covers(&self, rows: &Range<usize>, scroll_top: f64, viewport: f64) -> bool {
        self.has_around(rows, scroll_top, viewport, STEP)
    }

    /// Whether these rows reach so far that more of them can wait for another frame.
    pub(crate) fn can_wait(&self, rows: &Range<usize>, scroll_top: f64, viewport: f64) -> bool {
        self.has_around(rows, scroll_top, viewport, WANTED - 2.0 * STEP)
    }

    fn has_around(&self, rows: &Range<usize>, scroll_top: f64, viewport: f64, most: f64) -> bool {
        let reach = self.reach(rows, scroll_top, viewport);
        let covers_above = rows.start == 0 || reach.above >= viewport * most;
        let covers_below = rows.end == self.heights.len() || reach.below >= viewport * most;
        rows.end <= self.heights.len() && covers_above && covers_below
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
        let mut y = -self.hidden();
        for range in rows {
            pieces.push(Piece::Gap((self.top(range.start) - y).max(0.0)));
            y = self.top(range.end);
            pieces.push(Piece::Rows(range));
        }
        pieces.push(Piece::Gap((self.total() - y).max(0.0)));
        pieces
    }
}

/// Beyond the screen, on each side, in screens.
const WANTED: f64 = 1.75;
/// The same, of what cannot wait for the next frame.
const AT_ONCE: f64 = 0.5;
/// What one frame adds, in screens, or half of what is wanting where that is more.
const STEP: f64 = 0.25;
/// Most rows in the DOM. Source: 100,000 messages must stay below 3,000 nodes.
pub(crate) const MOST_ROWS: usize = 150;
/// Space above the first row and below the last one, in pixels; as in the design.
const PAD_TOP: f64 = 18.0;
const PAD_BOTTOM: f64 = 6.0;
/// How far the list's element reaches up beyond what can be scrolled to, at first, in pixels. Source:
/// forty pages, and far from what a browser can lay out.
const HIDDEN: f64 = 100_000.0;
/// Heights closer than this are the same.
const SAME: f64 = 0.01;
/// What a browser may lose of a few gaps, which it rounds to a 64th of a pixel at best.
const ROUNDED: f64 = 0.1;

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

    fn numbered(numbers: Range<usize>) -> Vec<Row> {
        numbers.map(|number| row(number, 50.0)).collect()
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

    fn grow(
        layout: &Layout,
        window: &Range<usize>,
        scroll_top: f64,
        viewport: f64,
    ) -> Range<usize> {
        let had = layout.reach(window, scroll_top, viewport);
        layout.window(scroll_top, viewport, had.at_least(viewport).grown(viewport))
    }

    /// The windows of frames in which nothing else happens, until one stays.
    fn growth(layout: &Layout, scroll_top: f64, viewport: f64) -> Vec<Range<usize>> {
        let first = Reach::default().at_least(viewport);
        let mut windows = vec![layout.window(scroll_top, viewport, first)];
        loop {
            let last = windows.last().unwrap();
            let next = grow(layout, last, scroll_top, viewport);
            if next == *last {
                return windows;
            }
            windows.push(next);
            assert!(windows.len() < 20, "{windows:?}");
        }
    }

    #[test]
    fn the_window_grows_on_each_side_a_step_at_a_time() {
        let layout = layout(&[50.0; 1000]);
        let windows = growth(&layout, 10_000.0, 500.0);
        let (first, last) = (&windows[0], windows.last().unwrap());
        assert!(layout.covers(first, 10_000.0, 500.0));
        assert!(layout.top(first.start) <= 9_750.0 && layout.top(first.end) >= 10_750.0);
        for (one, next) in windows.iter().zip(&windows[1..]) {
            assert!(next.len() - one.len() <= 14, "{windows:?}");
        }
        assert!(layout.top(last.start) <= 9_250.0 && layout.top(last.end) >= 11_250.0);
        assert!(windows.len() > 3 && last.len() <= 48, "{windows:?}");
        assert_eq!(growth(&layout, 0.0, 500.0).last().unwrap().start, 0);
        assert_eq!(growth(&layout, 1e9, 500.0).last().unwrap().end, 1000);
    }

    #[test]
    fn a_little_scrolling_changes_nothing_and_more_of_it_a_few_rows() {
        let layout = layout(&[50.0; 1000]);
        let mut window = growth(&layout, 10_000.0, 500.0).pop().unwrap();
        let (mut y, mut changes) = (10_000.0, 0);
        while y > 5_000.0 {
            y -= 25.0;
            let next = grow(&layout, &window, y, 500.0);
            let came = window.start - next.start;
            assert!(came <= 4 && next.len() <= 50, "{window:?} {next:?}");
            assert!(layout.covers(&next, y, 500.0));
            changes += usize::from(next != window);
            window = next;
        }
        assert!(changes < 60, "of 200 frames {changes} changed something");
        let far = grow(&layout, &window, 40_000.0, 500.0);
        assert!(layout.covers(&far, 40_000.0, 500.0) && far.len() < 38);
    }

    #[test]
    fn tiny_rows_never_fill_the_dom_and_those_on_screen_stay() {
        let layout = layout(&vec![10.0; 5000]);
        for window in growth(&layout, 20_000.0, 1000.0) {
            assert!(window.len() <= MOST_ROWS);
            assert!(layout.top(window.start) <= 20_000.0 && layout.top(window.end) >= 21_000.0);
        }
    }

    #[test]
    fn gaps_and_rows_are_as_tall_as_everything() {
        let layout = layout(&[20.0, 70.0, 33.5, 40.0, 90.0, 12.0, 55.0, 80.0]);
        for pinned in [None, Some(0), Some(3), Some(7)] {
            let pieces = layout.pieces(&(3..5), pinned);
            assert!((height_of(&layout, &pieces) - HIDDEN - layout.total()).abs() < 0.001);
        }
        assert_eq!(
            layout.pieces(&(3..5), Some(0)),
            [
                Piece::Gap(HIDDEN + 18.0),
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
        layout.settle_around(2);
        assert!(!layout.measure(2, &row(2, 0.0), 80.0));
        assert!((layout.top(3) - (18.0 + 180.0)).abs() < 0.001);
        let rows: Vec<_> = (0..12).map(|number| row(number, 50.0)).collect();
        layout.follow(&rows, Updated::All);
        assert!((layout.top(12) - (18.0 + 630.0)).abs() < 0.001);
        layout.follow(rows.get(..4).unwrap(), Updated::From(3));
        assert!((layout.total() - (18.0 + 230.0 + 6.0)).abs() < 0.001);
    }

    #[test]
    fn a_list_is_as_tall_as_its_rows_until_one_of_them_grows() {
        let layout = layout(&[50.0, 22.5, 50.0]);
        let pieces = layout.pieces(&(1..2), None);
        let laid_out = height_of(&layout, &pieces);
        assert!(layout.is_as_tall_as(laid_out - 3.0 / 64.0));
        assert!(!layout.is_as_tall_as(laid_out + 22.5));
        assert!(!layout.is_as_tall_as(laid_out - 1.0));
    }

    #[test]
    fn nothing_moves_in_the_list_when_rows_come_in_above_or_turn_out_taller() {
        let (all, later) = (numbered(0..100), numbered(60..100));
        let mut layout = Layout::default();
        layout.follow(&later, Updated::All);
        let place = |layout: &Layout, at| layout.top(at) + layout.hidden();
        let before = (place(&layout, 10), layout.top(10));
        let (kept, was) = (60..100, 0);
        layout.follow(&all, Updated::Older { kept, was });
        assert!((place(&layout, 70) - before.0).abs() < 0.001);
        assert!((layout.top(70) - before.1 - 60.0 * 50.0).abs() < 0.001);
        for (at, row) in all.iter().enumerate().take(70).skip(65) {
            assert!(layout.measure(at, row, 71.5));
        }
        layout.settle_around(70);
        assert!((place(&layout, 70) - before.0).abs() < 0.001);
        // The half pixel of five such rows is above the first one.
        assert!((layout.top(0) - 18.5).abs() < 0.001);
        assert!((layout.total() - 6.0 - 18.5 - 100.0 * 50.0 - 5.0 * 21.5).abs() < 0.001);
    }

    #[test]
    fn there_is_always_room_above() {
        let mut layout = layout(&[50.0; 50]);
        for pages in 2..100 {
            let (kept, was) = (50..pages * 50, 0);
            layout.follow(&numbered(0..pages * 50), Updated::Older { kept, was });
            assert!(layout.hidden() >= 0.0 && layout.hidden() <= 2.0 * HIDDEN);
            assert!((layout.top(0) - PAD_TOP).abs() < 0.001);
        }
    }

    #[test]
    fn an_empty_conversation_has_an_empty_window() {
        let layout = layout(&[]);
        assert_eq!(layout.window(0.0, 500.0, Reach::default()), 0..0);
        assert_eq!(layout.pieces(&(0..0), None).len(), 3);
    }
}
