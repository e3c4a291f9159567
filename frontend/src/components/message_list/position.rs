//! Where the list stands: its rows, what is mounted, what must not move, what was seen.
//!
//! All of the list's decisions without its DOM. Read next: `scroller`, which carries them out.

use std::ops::Range;

use client::{Client, Conversation, Link};
use shared::{ConversationId, Event, Seq, Timestamp, UserId};

use crate::state::{
    divider::Divider,
    places::Anchor,
    rows::{Key, Row, Rows},
    window::{Layout, Piece, Reach},
};

/// Where the list of one conversation stands.
pub(super) struct Position {
    pub(super) conversation: ConversationId,
    pub(super) me: UserId,
    pub(super) rows: Rows,
    pub(super) layout: Layout,
    pub(super) divider: Divider,
    phase: Phase,
    /// At the end, and staying there whatever arrives.
    pub(super) is_stuck: bool,
    /// Not at the end: this stays where it is.
    pub(super) anchor: Option<Anchor>,
    /// It was put somewhere, and once all is measured it may turn out to be at the end.
    pub(super) has_landed: bool,
    /// The mounted rows.
    window: Range<usize>,
    /// Another one, which has the focus.
    pinned: Option<usize>,
    /// The rows are not those that `window` was made for; how far it reached then.
    stale: Option<Reach>,
    pub(super) viewport: f64,
    pub(super) scroll_top: f64,
    /// The newest message that was on screen.
    seen: Seq,
    own_written_at: Timestamp,
    unread_at_opening: (u64, Seq),
    /// All that there was when it was opened is held.
    is_caught_up: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It is not known yet where to land; so many pages were fetched to find out, down to here.
    Opening {
        pages: u32,
        floor: Option<Seq>,
    },
    Open,
    /// It is open, and the person wants to see the divider, whose place is not held yet.
    Seeking,
}

/// What the conversation needs before it can be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// The page before what is held.
    OlderPage,
}

/// What is new above the screen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Above {
    pub(super) count: u64,
    pub(super) since: Option<Timestamp>,
}

impl Position {
    pub(super) fn new(conversation: ConversationId, me: UserId) -> Self {
        Self {
            conversation,
            me,
            rows: Rows::default(),
            layout: Layout::default(),
            divider: Divider::default(),
            phase: Phase::Opening {
                pages: 0,
                floor: None,
            },
            is_stuck: true,
            anchor: None,
            has_landed: false,
            window: 0..0,
            pinned: None,
            stale: Some(Reach::default()),
            viewport: 0.0,
            scroll_top: 0.0,
            seen: Seq::NONE,
            own_written_at: Timestamp(0),
            unread_at_opening: (0, Seq::NONE),
            is_caught_up: false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Seeking)
    }

    /// Whether older pages are fetched to find the place to land; nothing is worth seeing until then.
    pub(super) fn is_searching(&self) -> bool {
        matches!(self.phase, Phase::Opening { pages, .. } if pages > 0)
    }

    /// Follows the client. `left` is where the conversation was left; `waits` says whether more may
    /// be fetched to find the place to land.
    pub(super) fn follow(
        &mut self,
        client: &Client,
        left: Option<Anchor>,
        waits: bool,
        day_of: impl Fn(Timestamp) -> i64,
    ) -> Needs {
        let Some(conversation) = client.conversation(self.conversation) else {
            return Needs::Nothing;
        };
        let timeline = conversation.timeline();
        let mut needs = Needs::Nothing;
        let was_open = self.is_open();
        if was_open {
            self.divider.arrived(self.me, conversation.read, timeline);
        } else {
            let is_connected = client.link() == Link::Connected;
            needs = self.try_open(conversation, is_connected, waits);
        }
        if self.is_open() && !self.is_caught_up {
            self.divider.caught_up(timeline.cursor());
            self.is_caught_up = conversation.is_current();
        }
        self.stale = Some(self.reached());
        let outgoing = client.outgoing(self.conversation);
        let updated = self
            .rows
            .update(self.me, timeline, outgoing, self.divider.after(), day_of);
        self.layout.follow(self.rows.all(), updated);
        if self.is_seeking() && self.first_new().is_some() {
            self.go_to_divider();
        }
        if self.is_open() && !was_open {
            self.land(left);
            self.seen = timeline.cursor();
        }
        let written_at = client
            .outgoing(self.conversation)
            .map(|message| message.written_at)
            .max()
            .unwrap_or_default();
        if was_open && written_at > self.own_written_at {
            // What a person sends, they want to see.
            self.stick();
            self.divider.found();
        }
        self.own_written_at = self.own_written_at.max(written_at);
        needs
    }

    fn try_open(&mut self, conversation: &Conversation, is_connected: bool, waits: bool) -> Needs {
        let timeline = conversation.timeline();
        let Phase::Opening { pages, floor } = self.phase else {
            return Needs::Nothing;
        };
        let is_known = if timeline.events().len() == 0 {
            // Before the first word from the server, holding nothing says nothing.
            !waits && is_connected && timeline.head() == Seq::NONE
        } else {
            !timeline.is_behind() || !is_connected || !waits
        };
        if !is_known {
            return Needs::Nothing;
        }
        let unread = conversation.unread(self.me);
        let mut divider = self.divider.clone();
        let cursor = timeline.cursor();
        divider.open(self.conversation, conversation.read, unread, cursor);
        let is_held = divider
            .after()
            .is_none_or(|after| timeline.floor() <= after);
        if !is_held && is_connected && waits && pages < MOST_PAGES {
            if floor != Some(timeline.floor()) {
                let (pages, floor) = (pages + 1, Some(timeline.floor()));
                self.phase = Phase::Opening { pages, floor };
            }
            return Needs::OlderPage;
        }
        self.divider = divider;
        self.unread_at_opening = (unread, cursor);
        self.phase = Phase::Open;
        Needs::Nothing
    }

    fn land(&mut self, left: Option<Anchor>) {
        if self.rows.position(&Key::New).is_some() {
            self.go_to_divider();
        } else if let Some(left) = left
            && self.divider.after().is_none()
            && self.rows.position(&left.key).is_some()
        {
            self.hold(left);
        } else {
            self.stick();
        }
    }

    /// Goes to the end and stays there.
    pub(super) fn stick(&mut self) {
        self.seek(false);
        self.is_stuck = true;
        self.anchor = None;
    }

    /// Keeps a row where it is.
    pub(super) fn hold(&mut self, anchor: Anchor) {
        self.is_stuck = false;
        self.has_landed = true;
        self.anchor = Some(anchor);
    }

    /// Brings the divider to a third from the top; where its place is not held yet, once it is.
    pub(super) fn go_to_divider(&mut self) {
        let at = self.rows.position(&Key::New);
        self.seek(at.is_none());
        if let Some(at) = at {
            let height = self.layout.bottom(at) - self.layout.top(at);
            self.hold(Anchor {
                key: Key::New,
                bottom: self.viewport / 3.0 + height,
            });
        } else {
            self.hold_at(0.0);
        }
    }

    /// Whether the person waits for the divider's place.
    pub(super) fn is_seeking(&self) -> bool {
        self.phase == Phase::Seeking
    }

    fn seek(&mut self, seeks: bool) {
        if self.is_open() {
            self.phase = if seeks { Phase::Seeking } else { Phase::Open };
        }
    }

    /// The first message under the divider.
    pub(super) fn first_new(&self) -> Option<&Key> {
        let at = self.rows.position(&Key::New)?;
        let mut below = self.rows.all().iter().skip(at).map(|row| &row.key);
        below.find(|key| matches!(key, Key::Message(..)))
    }

    /// The person scrolled to here.
    pub(super) fn scrolled(&mut self, scroll_top: f64, to_the_end: f64) {
        if to_the_end <= NEAR_END {
            self.stick();
        } else {
            self.hold_at(scroll_top);
        }
        self.seek(false);
        self.has_landed = false;
        self.scroll_top = scroll_top;
    }

    /// Keeps the first message on screen where it is.
    fn hold_at(&mut self, scroll_top: f64) {
        let from = self.layout.at(scroll_top);
        let messages = self.rows.all().iter().enumerate().skip(from);
        // Lines come and go with older pages, messages do not.
        let first = messages
            .filter(|(_, row)| matches!(row.key, Key::Message(..)))
            .map(|(at, row)| (self.layout.bottom(at), row))
            .find(|(bottom, _)| *bottom > scroll_top);
        if let Some((bottom, row)) = first {
            let anchor = Anchor {
                key: row.key.clone(),
                bottom: bottom - scroll_top,
            };
            self.hold(anchor);
        }
    }

    /// Brings a row on screen if it is not.
    pub(super) fn reveal(&mut self, at: usize) {
        let Some(row) = self.rows.all().get(at) else {
            return;
        };
        let (top, bottom) = (self.layout.top(at), self.layout.bottom(at));
        let key = row.key.clone();
        if at + 1 == self.rows.all().len() {
            self.stick();
        } else if top < self.scroll_top + MARGIN {
            let bottom = bottom - top + MARGIN;
            self.hold(Anchor { key, bottom });
        } else if bottom > self.scroll_top + self.viewport - MARGIN {
            let bottom = self.viewport - MARGIN;
            self.hold(Anchor { key, bottom });
        }
    }

    /// Where the top of the screen belongs.
    pub(super) fn target(&self) -> f64 {
        let most = (self.layout.total() - self.viewport).max(0.0);
        if self.is_stuck {
            return most;
        }
        let held = self.anchor.as_ref().and_then(|anchor| {
            let at = (self.rows).position_from(&anchor.key, self.window.start)?;
            Some(self.layout.bottom(at) - anchor.bottom)
        });
        held.unwrap_or(self.scroll_top).clamp(0.0, most)
    }

    /// The pieces to mount in this frame, if those that are mounted do not do; where it `grows`, a step
    /// more than what must be there.
    pub(super) fn pieces(&mut self, pinned: Option<&Key>, grows: bool) -> Option<Vec<Piece>> {
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
    pub(super) fn settle(&mut self) {
        let first_seen = self.layout.at(self.target());
        self.layout.settle_around(first_seen);
    }

    /// The heights of the gaps among the mounted rows, from top to bottom.
    pub(super) fn gaps(&self) -> impl Iterator<Item = f64> {
        let pieces = self.layout.pieces(&self.window, self.pinned);
        pieces.into_iter().filter_map(|piece| match piece {
            Piece::Gap(height) => Some(height),
            Piece::Rows(_) => None,
        })
    }

    /// Whether the rows are not those that are mounted, or say something else.
    pub(super) fn has_news(&self) -> bool {
        self.stale.is_some()
    }

    /// Whether the mounted rows fill the screen where it belongs.
    pub(super) fn is_covered(&self) -> bool {
        let covers = || (self.layout).covers(&self.window, self.target(), self.viewport);
        self.stale.is_none() && covers()
    }

    /// Whether the mounted rows reach so far that more of them can wait for another frame.
    pub(super) fn can_wait(&self) -> bool {
        let can_wait = || (self.layout).can_wait(&self.window, self.target(), self.viewport);
        self.stale.is_none() && can_wait()
    }

    /// Whether more rows are to be mounted around the screen, when there is time.
    pub(super) fn is_growing(&self) -> bool {
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
    fn reached(&self) -> Reach {
        let reach = || (self.layout).reach(&self.window, self.target(), self.viewport);
        self.stale.unwrap_or_else(reach)
    }

    /// The newest message that is on screen down to its last line.
    pub(super) fn newest_on_screen(&self) -> Option<Seq> {
        let end = self.scroll_top + self.viewport + 1.0;
        let last = self.layout.at(end);
        (0..=last)
            .rev()
            .take_while(|at| self.layout.bottom(*at) > self.scroll_top)
            .find_map(|at| {
                let row: &Row = self.rows.all().get(at)?;
                let fills = self.layout.top(at) <= self.scroll_top;
                row.seq.filter(|_| fills || self.layout.bottom(at) <= end)
            })
    }

    /// The last message on screen, down to its last line or not.
    pub(super) fn last_on_screen(&self) -> Option<&Key> {
        let last = self.layout.at(self.scroll_top + self.viewport);
        let until = self.rows.all().iter().take(last + 1);
        let mut keys = until.rev().map(|row| &row.key);
        keys.find(|key| matches!(key, Key::Message(..)))
    }

    /// Whether the page before what is held is needed now or soon.
    pub(super) fn wants_older(&self) -> bool {
        let is_near_top = self.scroll_top < self.layout.bottom(0) + SOON * self.viewport;
        self.is_seeking() || self.is_open() && is_near_top
    }

    /// Whether the end is so far below that the way back to it is long.
    pub(super) fn is_far_from_end(&self) -> bool {
        let below = self.layout.total() - self.scroll_top - self.viewport;
        !self.is_stuck && below > FAR * self.viewport
    }

    /// Messages of others below the screen that were never on it.
    pub(super) fn unseen_below(&mut self, conversation: &Conversation) -> u64 {
        let timeline = conversation.timeline();
        let on_screen = if self.is_stuck {
            Some(timeline.cursor())
        } else {
            self.newest_on_screen()
        };
        self.seen = self.seen.max(on_screen.unwrap_or(Seq::NONE));
        self.of_others(conversation, self.seen, conversation.timeline().cursor())
    }

    /// Whether the line is on screen: then nobody needs a way to it any more.
    pub(super) fn note_divider(&mut self) {
        if let Some(at) = self.rows.position(&Key::New)
            && self.is_caught_up
            && self.layout.bottom(at) > self.scroll_top
            && self.layout.top(at) < self.scroll_top + self.viewport
        {
            self.divider.found();
        }
    }

    /// What is new above the screen, and was not looked for yet.
    pub(super) fn unread_above(&self, conversation: &Conversation) -> Option<Above> {
        let (after, end) = self.divider.missed()?;
        if let Some(at) = self.rows.position(&Key::New) {
            let row = self.rows.all().get(at)?;
            let is_above = self.layout.bottom(at) <= self.scroll_top;
            return is_above.then(|| Above {
                count: self.of_others(conversation, after, end),
                since: Some(row.at),
            });
        }
        let (unread, counted_to) = self.unread_at_opening;
        (conversation.timeline().floor() > after).then(|| Above {
            count: unread + self.of_others(conversation, counted_to, end),
            since: None,
        })
    }

    fn of_others(&self, conversation: &Conversation, after: Seq, end: Seq) -> u64 {
        let events = conversation.timeline().after(after);
        let up_to_end = events.take_while(|event| event.seq() <= end);
        let is_others =
            |event: &&Event| matches!(event, Event::MessageSent(sent) if sent.from != self.me);
        up_to_end.filter(is_others).count() as u64
    }

    /// The message row next to `from` (or the last one), `step` rows on; to the first and the last.
    pub(super) fn message_near(&self, from: Option<&Key>, step: Step) -> Option<usize> {
        let is_message = |at: &usize| {
            let row = self.rows.all().get(*at);
            row.is_some_and(|row| matches!(row.key, Key::Message(..)))
        };
        let count = self.rows.all().len();
        let from = from.and_then(|key| self.rows.position(key));
        match (step, from) {
            (Step::First, _) => (0..count).find(is_message),
            (Step::Last, _) | (_, None) => (0..count).rev().find(is_message),
            (Step::Up, Some(from)) => (0..from).rev().find(is_message),
            (Step::Down, Some(from)) => (from + 1..count).find(is_message),
        }
    }
}

/// Where the focus goes in the list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Up,
    Down,
    First,
    Last,
}

/// This close to the end is at the end, in pixels. Source: Campfire.
pub(super) const NEAR_END: f64 = 100.0;
/// Older pages fetched at most to find what was read last.
const MOST_PAGES: u32 = 4;
/// Above the screen, in screens: a page takes a while to come in.
const SOON: f64 = 2.0;
/// Below the screen, in screens: more than a flick of a finger.
const FAR: f64 = 2.0;
/// Between a focused row and the edge of the list, in pixels.
const MARGIN: f64 = 48.0;

#[cfg(test)]
mod tests;
