//! What of the list is on screen, and what the person has not seen of it.

use client::Conversation;
use shared::{Event, Seq, Timestamp};

use super::Position;
use crate::state::rows::{Key, Row};

/// What is new above the screen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::components::message_list) struct Above {
    pub(in crate::components::message_list) count: u64,
    pub(in crate::components::message_list) since: Option<Timestamp>,
}

impl Position {
    /// The newest message that is on screen down to its last line.
    pub(in crate::components::message_list) fn newest_on_screen(&self) -> Option<Seq> {
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
    pub(in crate::components::message_list) fn last_on_screen(&self) -> Option<&Key> {
        let last = self.layout.at(self.scroll_top + self.viewport);
        let until = self.rows.all().iter().take(last + 1);
        let mut keys = until.rev().map(|row| &row.key);
        keys.find(|key| matches!(key, Key::Message(..)))
    }

    /// Messages of others below the screen that were never on it.
    pub(in crate::components::message_list) fn unseen_below(
        &mut self,
        conversation: &Conversation,
    ) -> u64 {
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
    pub(in crate::components::message_list) fn note_divider(&mut self) {
        if let Some(at) = self.rows.position(&Key::New)
            && self.is_caught_up
            && self.layout.bottom(at) > self.scroll_top
            && self.layout.top(at) < self.scroll_top + self.viewport
        {
            self.divider.found();
        }
    }

    /// What is new above the screen, and was not looked for yet.
    pub(in crate::components::message_list) fn unread_above(
        &self,
        conversation: &Conversation,
    ) -> Option<Above> {
        let (after, end) = self.divider.missed()?;
        if let Some(at) = self.rows.position(&Key::New) {
            let row = self.rows.all().get(at)?;
            let is_above = self.layout.bottom(at) <= self.scroll_top;
            // What was read on another device is not new any more.
            let count = self.of_others(conversation, after.max(conversation.read), end);
            let since = Some(row.at);
            return (is_above && count > 0).then_some(Above { count, since });
        }
        let count = conversation.unread(self.me);
        let is_above = conversation.timeline().floor() > after;
        (is_above && count > 0).then_some(Above { count, since: None })
    }

    fn of_others(&self, conversation: &Conversation, after: Seq, end: Seq) -> u64 {
        let events = conversation.timeline().after(after);
        let up_to_end = events.take_while(|event| event.seq() <= end);
        let is_others =
            |event: &&Event| matches!(event, Event::MessageSent(sent) if sent.from != self.me);
        up_to_end.filter(is_others).count() as u64
    }
}
