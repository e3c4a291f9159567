//! Where the list stands: its rows, what is mounted, what must not move, what was seen.
//!
//! All of the list's decisions without its DOM.
//! Read next: `mounting` for the rows that are in it, `seen` for what the person saw of them, and `scroller`,
//! which carries all of it out.

mod mounting;
mod seen;

pub(super) use seen::Above;

use std::ops::Range;

use client::{Client, Conversation, Link};
use shared::{ConversationId, Seq, Timestamp, UserId};

use crate::state::{
    divider::Divider,
    places::Anchor,
    rows::{Key, Rows},
    window::{Layout, Reach},
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
    /// All that there was when it was opened is held.
    is_caught_up: bool,
    /// How far what was held went.
    cursor: Seq,
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
            is_caught_up: false,
            cursor: Seq::NONE,
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
            let so_far = if conversation.is_current() {
                timeline.cursor()
            } else {
                timeline.head()
            };
            if so_far.0.saturating_sub(self.cursor.0) > MOST_AT_ONCE {
                // It comes, or came, all at once: nobody sees it go by.
                self.divider.look_away(self.cursor);
            }
            self.divider.arrived(self.me, conversation.read, timeline);
        } else {
            let is_connected = client.link() == Link::Connected;
            needs = self.try_open(conversation, is_connected, waits);
        }
        let is_late = was_open && !self.is_caught_up && conversation.is_current();
        if self.is_open() && !self.is_caught_up {
            self.divider.caught_up(timeline.cursor());
            self.is_caught_up = conversation.is_current();
        }
        self.cursor = timeline.cursor();
        self.stale = Some(self.reached());
        let outgoing = client.outgoing(self.conversation);
        let updated = self
            .rows
            .update(self.me, timeline, outgoing, self.divider.after(), day_of);
        self.layout.follow(self.rows.all(), updated);
        if self.is_seeking() {
            self.go_on_seeking(timeline.floor());
        }
        if is_late && self.is_stuck && self.first_new().is_some() {
            // It was opened on what was kept of it, and now as it is.
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
        if conversation.awaits_mark() {
            // Where to land, and what is new, is not to be guessed.
            return Needs::Nothing;
        }
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
        self.has_landed = !self.is_seeking();
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

    /// The log is held down to here.
    fn go_on_seeking(&mut self, floor: Seq) {
        if self.first_new().is_some() {
            self.go_to_divider();
        } else if self.divider.after().is_none_or(|after| floor <= after) {
            // It went, or nothing is new any more.
            self.seek(false);
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
        self.seek(false);
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
/// Older pages fetched at most to find what was read last: some 500 messages.
const MOST_PAGES: u32 = 5;
/// More messages than fit on a screen, however short each is.
const MOST_AT_ONCE: u64 = 20;
/// Above the screen, in screens: a page takes a while to come in.
const SOON: f64 = 2.0;
/// Below the screen, in screens: more than a flick of a finger.
const FAR: f64 = 2.0;
/// Between a focused row and the edge of the list, in pixels.
const MARGIN: f64 = 48.0;

#[cfg(test)]
mod tests;
