//! One conversation as a client knows it: its timeline, its read mark, who is typing.

use shared::{
    ConversationId, Event, Seq, Timestamp, UserId,
    frame::{ConversationSummary, ReadMark},
    limits::TYPING_STANDS,
};

use crate::{Moment, Timeline};

/// One conversation as a client knows it.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Which.
    pub id: ConversationId,
    /// A room's name, where it has one.
    pub title: Option<String>,
    /// The last `seq` the person saw.
    pub read: Seq,
    /// When the newest event was stored.
    pub last_at: Timestamp,
    pub(crate) timeline: Timeline,
    /// The server's count of unread messages, taken when the log went up to this `seq`.
    counted: (Seq, u64),
    typing: Vec<(UserId, Moment)>,
    /// Wanted on screen, so its hole is filled; others only follow their head.
    pub(crate) is_open: bool,
}

impl Conversation {
    pub(crate) fn new(id: ConversationId) -> Self {
        Self {
            id,
            title: None,
            read: Seq::NONE,
            last_at: Timestamp(0),
            timeline: Timeline::default(),
            counted: (Seq::NONE, 0),
            typing: Vec::new(),
            is_open: false,
        }
    }

    /// What is held of its log.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Messages of others that `me` has not seen: computed from the log, and where the log is not
    /// held that far back, from the server's count and what came after it.
    pub fn unread(&self, me: UserId) -> u64 {
        let of_others = |after: Seq| {
            let events = self.timeline.after(after);
            events
                .filter(|event| matches!(event, Event::MessageSent(sent) if sent.from != me))
                .count() as u64
        };
        if self.timeline.floor() <= self.read {
            of_others(self.read)
        } else {
            let (at, count) = self.counted;
            count + of_others(at.max(self.read))
        }
    }

    /// Who is typing, first come first.
    pub fn typing(&self) -> impl Iterator<Item = UserId> {
        self.typing.iter().map(|(user, _)| *user)
    }

    pub(crate) fn apply_summary(&mut self, summary: &ConversationSummary) {
        self.title.clone_from(&summary.title);
        self.last_at = self.last_at.max(summary.last_at);
        if summary.read >= self.read {
            self.read = summary.read;
            self.counted = (summary.head, summary.unread);
        }
        self.note_head(summary.head);
    }

    pub(crate) fn apply_read(&mut self, mark: ReadMark) {
        if mark.seq >= self.read {
            self.read = mark.seq;
            self.counted = (self.timeline.head(), mark.unread);
        }
    }

    /// A conversation that is not held at all follows its head without asking for what lies
    /// between, and so does one whose hole is too large to fill. One that is open then asks for its
    /// newest page.
    pub(crate) fn note_head(&mut self, head: Seq) {
        let missed = head.0.saturating_sub(self.timeline.cursor().0);
        let holds_nothing = self.timeline.events().len() == 0;
        if (holds_nothing && missed > 0) || missed > MOST_MISSED {
            self.timeline.restart_at(head);
        }
        self.timeline.note_head(head);
    }

    pub(crate) fn typed(&mut self, user: UserId, now: Moment) {
        self.stopped_typing(user);
        self.typing.push((user, now + TYPING_STANDS));
    }

    pub(crate) fn stopped_typing(&mut self, user: UserId) -> bool {
        let before = self.typing.len();
        self.typing.retain(|(other, _)| *other != user);
        self.typing.len() != before
    }

    pub(crate) fn forget_typing(&mut self, now: Moment) -> bool {
        let before = self.typing.len();
        self.typing.retain(|(_, until)| *until > now);
        self.typing.len() != before
    }
}

/// A larger hole is not filled: the timeline starts again at its end and is paged back from there.
const MOST_MISSED: u64 = 500;
