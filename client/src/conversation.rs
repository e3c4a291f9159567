//! One conversation as a client knows it: its timeline, its read mark, who is typing.

use shared::{
    ConversationId, Event, Message, RequestId, Seq, Timestamp, UserId,
    event::Position,
    frame::{ConversationSummary, Marks, ReadMark},
    limits::{MAX_UNREAD_COUNTED, PAGE_EVENTS, TYPING_STANDS},
};

use crate::{
    Moment, Timeline,
    sabotage::{self, Defect},
    turn::Turn,
};

/// One conversation as a client knows it.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Which.
    pub id: ConversationId,
    /// A room's name, where it has one.
    pub title: Option<String>,
    /// The last `seq` the person saw.
    pub read: Seq,
    told: Told,
    /// When the newest event was stored.
    pub last_at: Timestamp,
    pub(crate) timeline: Timeline,
    /// The server's count of unread messages, taken when the log went up to this `seq`.
    counted: (Seq, u64),
    typing: Vec<(UserId, Moment)>,
    /// Wanted on screen, so its hole is filled; others only follow their head.
    pub(crate) is_open: bool,
    /// The server has said how far its log goes: one that is in no summary is asked for.
    pub(crate) is_heard_of: bool,
    /// Its timeline started again, and what was asked of the former view says nothing of this one.
    is_restarted: bool,
    comparison: Comparison,
    /// Whose turn it is to send, once another log stands in the place of what was held.
    pub(crate) turn: Turn,
    /// The last `seq` the server knows a device of this person to have, as far as is known here.
    delivered: Seq,
    told_delivered_at: Moment,
    peer_delivered: Seq,
    peer_read: Seq,
    pub(crate) restored: Option<Restored>,
    /// Counts the logs that stood in its place.
    generation: u32,
}

/// That the server came back from an older backup: what a person should be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restored {
    /// When this client noticed.
    pub at: Moment,
    /// How many of the person's messages were held here and are sent again.
    pub resent: usize,
}

/// What the server was told of the read mark.
#[derive(Clone, Copy, Default, Debug)]
struct Told {
    /// The one that it has heard of, as far as is known here.
    read: Seq,
    /// Up to here a number is known to mean in the server's log what it means here.
    compared: Seq,
    /// The log is another one than before, and no summary has said yet what of it was read.
    is_awaited: bool,
}

impl Told {
    /// The server's log has this number, and it means there what it means here.
    fn note_compared(&mut self, seq: Seq) {
        self.compared = self.compared.max(seq);
    }
}

/// Whether what is held is known to be a piece of the server's log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    /// It came over this connection, or was compared on it.
    Same,
    /// It is from before this connection, and the server was asked in this question, if it was. By a
    /// number alone, without a check value, what was read is not compared.
    Needed {
        asked: Option<RequestId>,
        is_checked: bool,
    },
}

impl Conversation {
    pub(crate) fn new(id: ConversationId) -> Self {
        Self {
            id,
            title: None,
            read: Seq::NONE,
            told: Told::default(),
            last_at: Timestamp(0),
            timeline: Timeline::default(),
            counted: (Seq::NONE, 0),
            typing: Vec::new(),
            is_open: false,
            is_heard_of: false,
            is_restarted: false,
            comparison: Comparison::Same,
            turn: Turn::default(),
            delivered: Seq::NONE,
            told_delivered_at: Moment::ZERO,
            peer_delivered: Seq::NONE,
            peer_read: Seq::NONE,
            restored: None,
            generation: 0,
        }
    }

    /// In the place of another one that was replaced, and of which nothing is true any more.
    pub(crate) fn instead_of(former: &Self) -> Self {
        Self {
            is_open: former.is_open,
            generation: former.generation,
            told: former.told,
            ..Self::new(former.id)
        }
    }

    /// Another number where another log stands in the former one's place: of what was on a screen, the
    /// numbers mean other messages now.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// What is held of its log.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Messages of others that `me` has not seen: computed from the log, and where the log is not
    /// held that far back, from the server's count and what came after it. At most
    /// [`MAX_UNREAD_COUNTED`], which means so many or more.
    pub fn unread(&self, me: UserId) -> u64 {
        let of_others = |after: Seq| {
            let events = self.timeline.after(after);
            events
                .filter(|event| matches!(event, Event::MessageSent(sent) if sent.from != me))
                .count() as u64
        };
        let unread = if self.timeline.floor() <= self.read {
            of_others(self.read)
        } else {
            let (at, count) = self.counted;
            count + of_others(at.max(self.read))
        };
        unread.min(MAX_UNREAD_COUNTED)
    }

    /// Who is typing, first come first.
    pub fn typing(&self) -> impl Iterator<Item = UserId> {
        self.typing.iter().map(|(user, _)| *user)
    }

    /// In a private conversation, the last `seq` that one of the other person's devices has.
    pub fn peer_delivered(&self) -> Seq {
        self.peer_delivered
    }

    /// In a private conversation, the last `seq` that the other person saw.
    pub fn peer_read(&self) -> Seq {
        self.peer_read
    }

    /// That the server came back from an older backup, until [`crate::Client::dismiss_restored`].
    pub fn restored(&self) -> Option<Restored> {
        self.restored
    }

    /// The last event held, for the server to compare.
    pub(crate) fn cursor(&self) -> Position {
        Position {
            check: self.timeline.check(),
            ..Position::new(self.id, self.timeline.cursor())
        }
    }

    /// Whether nothing may be sent there yet: messages of a log that is no more would have to go
    /// first, of this device or of another.
    pub(crate) fn is_held_back(&self) -> bool {
        self.is_unverified() || self.turn != Turn::Ours
    }

    /// Whether what is held is all that there is after its beginning, as far as is known on this
    /// connection.
    pub fn is_current(&self) -> bool {
        // One that began again at its end has its newest page still to come.
        let is_begun = self.timeline.events().len() > 0 || self.timeline.cursor() == Seq::NONE;
        is_begun && !self.is_unverified() && !self.awaits_mark() && !self.timeline.is_behind()
    }

    /// Whether its log is a new one, and it is not known yet what of that was read.
    pub fn awaits_mark(&self) -> bool {
        self.told.is_awaited
    }

    /// The summary that was asked for has come, whether it spoke of this one or not.
    pub(crate) fn summary_came(&mut self) {
        self.told.is_awaited = false;
    }

    /// Whether what is held is still to be compared with the server's log.
    pub(crate) fn is_unverified(&self) -> bool {
        self.comparison != Comparison::Same
    }

    /// The connection broke, and the next server may be one that came back from a backup.
    pub(crate) fn connection_lost(&mut self) {
        self.timeline.forget_head();
        self.told.compared = Seq::NONE;
        self.turn.connection_lost();
        // What was told may not have come; the next summary says what did.
        self.delivered = Seq::NONE;
        if self.timeline.cursor() > Seq::NONE {
            self.comparison = Comparison::Needed {
                asked: None,
                is_checked: self.timeline.check().is_some(),
            };
        }
    }

    pub(crate) fn comparison_asked(&mut self, by: RequestId) {
        if let Comparison::Needed { asked, .. } = &mut self.comparison {
            *asked = Some(by);
        }
    }

    /// The server compared what it was asked in this question and found nothing else; says whether
    /// that was this.
    pub(crate) fn comparison_answered(&mut self, by: RequestId) -> bool {
        match self.comparison {
            Comparison::Needed { asked, is_checked } if asked == Some(by) => {
                self.comparison = Comparison::Same;
                if is_checked {
                    // What came meanwhile goes on from there.
                    self.told.compared = self.timeline.cursor();
                }
                self.note_head(self.timeline.head());
                true
            }
            _ => false,
        }
    }

    /// Whether it is read further than the server's log is known to be the one in which that was.
    pub(crate) fn is_read_unknown(&self) -> bool {
        self.read > self.told.compared
    }

    /// Another log stands in this one's place, up to `head`. Gives the messages of `me` that were
    /// held, oldest first.
    pub(crate) fn replace(&mut self, me: UserId, head: Seq) -> Vec<Message> {
        self.comparison = Comparison::Same;
        self.generation = self.generation.wrapping_add(1);
        // A mark in a log that is no more says nothing; the next summary brings the one that stands.
        (self.read, self.told) = (Seq::NONE, Told::default());
        self.told.is_awaited = true;
        self.delivered = Seq::NONE;
        (self.peer_delivered, self.peer_read) = (Seq::NONE, Seq::NONE);
        self.counted = (head, 0);
        let is_whole = self.timeline.is_complete();
        let first = self.timeline.events().next().map(Event::position);
        self.turn.log_replaced(first, is_whole, head);
        let former = self.timeline.replace(head);
        former
            .filter_map(|event| match event {
                Event::MessageSent(message) if message.from == me => Some(message),
                _ => None,
            })
            .collect()
    }

    /// Forgets all but the newest events, and not how many of them `me` has not seen. Until the log is
    /// known to be the one that the server has, nothing is: it may have to be sent again.
    pub(crate) fn keep_newest(&mut self, me: UserId, most: usize) {
        if self.timeline.events().len() > most && !self.is_unverified() {
            let (unread, cursor) = (self.unread(me), self.timeline.cursor());
            // The server's count may go further than what is held.
            let is_of_log = self.timeline.floor() <= self.read;
            let at = if is_of_log {
                cursor
            } else {
                cursor.max(self.counted.0)
            };
            self.timeline.keep_newest(most);
            if self.timeline.floor() > self.read {
                self.counted = (at, unread);
            }
        }
    }

    pub(crate) fn apply_summary(&mut self, summary: &ConversationSummary) {
        self.title.clone_from(&summary.title);
        self.last_at = self.last_at.max(summary.last_at);
        let is_to_be_compared = matches!(
            self.comparison,
            Comparison::Needed {
                is_checked: true,
                ..
            }
        );
        if !is_to_be_compared && self.is_read_unknown() {
            // It can be compared with nothing, and may be one of another log.
            (self.read, self.counted) = (Seq::NONE, (Seq::NONE, 0));
        }
        self.take_count(summary.read, summary.head, summary.unread);
        // What was told on a connection that broke may not have come.
        self.told.read = summary.read;
        self.told.note_compared(summary.read);
        self.delivered = self.delivered.max(summary.delivered.unwrap_or_default());
        self.apply_peer(
            summary.peer_delivered.unwrap_or_default(),
            summary.peer_read.unwrap_or_default(),
        );
        self.note_head(summary.head);
    }

    /// Takes what the server counted after `read` in a log that went up to `head`. A count that was
    /// overtaken by another counts what was, of events that may be forgotten here.
    fn take_count(&mut self, read: Seq, head: Seq, unread: u64) {
        if (read, head) >= (self.read, self.counted.0) {
            self.read = read;
            self.counted = (head, unread);
        }
    }

    pub(crate) fn apply_marks(&mut self, marks: Marks, me: UserId) {
        if marks.user == me {
            self.delivered = self.delivered.max(marks.delivered);
        } else {
            self.apply_peer(marks.delivered, marks.read);
        }
    }

    /// Marks only grow, in whatever order they come, and who has read has it delivered.
    fn apply_peer(&mut self, delivered: Seq, read: Seq) {
        self.peer_read = self.peer_read.max(read);
        self.peer_delivered = self.peer_delivered.max(delivered).max(self.peer_read);
    }

    /// What the sender of a private message is to be told now: that it is here. At most once in
    /// [`DELIVERED_REPEAT`]; for rooms the heartbeat's cursors do.
    pub(crate) fn delivered_to_tell(&mut self, me: UserId, now: Moment) -> Option<Seq> {
        let cursor = self.timeline.cursor();
        let is_private = self.id.peer_of(me).is_some_and(|peer| peer != me);
        if !is_private || cursor <= self.delivered || self.is_unverified() {
            return None;
        }
        let mut new = self.timeline.after(self.delivered);
        let is_of_peer =
            |event: &Event| matches!(event, Event::MessageSent(sent) if sent.from != me);
        if !new.any(is_of_peer) {
            self.delivered = cursor;
            return None;
        }
        if now.saturating_sub(self.told_delivered_at) < DELIVERED_REPEAT {
            return None;
        }
        (self.delivered, self.told_delivered_at) = (cursor, now);
        Some(cursor)
    }

    /// The person saw what is held up to here.
    pub(crate) fn mark_read(&mut self, seq: Seq) {
        self.read = seq;
        if !self.is_unverified() {
            self.told.note_compared(seq);
        }
    }

    /// The read mark, where the server is to be told of it now: not where the number may mean another
    /// message there.
    pub(crate) fn read_to_tell(&mut self) -> Option<Seq> {
        let is_due = self.read > self.told.read && !self.is_read_unknown();
        is_due.then(|| {
            self.told.read = self.read;
            if sabotage::is(Defect::ReadsUnseen) {
                self.timeline.head()
            } else {
                self.read
            }
        })
    }

    pub(crate) fn apply_read(&mut self, mark: ReadMark) {
        let at = mark.head.unwrap_or_else(|| self.timeline.head());
        self.take_count(mark.seq, at, mark.unread);
        self.told.read = self.told.read.max(mark.seq);
        self.told.note_compared(mark.seq);
    }

    /// A conversation that is not held at all follows its head without asking for what lies
    /// between, and so does one whose hole is too large to fill, once it is known that the person's
    /// own messages in it are safe. One that is open asks for its newest page, and where that is all
    /// of it, for all of it.
    pub(crate) fn note_head(&mut self, head: Seq) {
        self.is_heard_of = true;
        let missed = head.0.saturating_sub(self.timeline.cursor().0);
        let most = match self.timeline.events().len() {
            0 if self.is_open => u64::from(PAGE_EVENTS),
            0 => 0,
            _ if self.is_unverified() => u64::MAX,
            _ => MOST_MISSED,
        };
        if missed > most {
            self.timeline.restart_at(head);
            self.is_restarted = true;
        }
        self.timeline.note_head(head);
    }

    /// Whether its timeline started again since this was asked last.
    pub(crate) fn take_restarted(&mut self) -> bool {
        std::mem::take(&mut self.is_restarted)
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

/// How often a sender is told that messages came. Source: people see two ticks a second later as at
/// once, and a burst costs one notice.
const DELIVERED_REPEAT: Moment = Moment::from_secs(1);
/// A larger hole is not filled: the timeline starts again at its end and is paged back from there.
const MOST_MISSED: u64 = 500;
