//! The "New" line: above the first message of others that was not read yet.
//!
//! It is placed when a conversation is opened, or when something arrives while nobody looks, and
//! then it stays where it is however much is read or arrives, until the person says "read".

use client::Timeline;
use shared::{ConversationId, Event, Seq, UserId};

/// Where the line stands and why it may move.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Divider {
    /// The line is above the first message of others after this one.
    after: Option<Seq>,
    /// What came after this one came while the person looked.
    end: Seq,
    /// The person was at the line, or wrote something under it: they need no way back to it.
    is_found: bool,
    /// The newest message when the person looked away; nothing while they look.
    left_at: Option<Seq>,
}

impl Divider {
    /// The conversation is opened, and was read up to `read`. A room that was never read was just
    /// entered: its past is not new to somebody who was not there. What a person wrote to us before
    /// we ever looked is new from its first word.
    pub(crate) fn open(
        &mut self,
        conversation: ConversationId,
        read: Seq,
        unread: u64,
        cursor: Seq,
    ) {
        let first_visit = read == Seq::NONE && matches!(conversation, ConversationId::Room(_));
        self.after = (unread > 0 && !first_visit).then_some(read);
        (self.end, self.is_found) = (cursor, false);
    }

    /// The line is above the first message of others after this one.
    pub(crate) fn after(&self) -> Option<Seq> {
        self.after
    }

    /// What is new and may be looked for: after the one, up to the other.
    pub(crate) fn missed(&self) -> Option<(Seq, Seq)> {
        let after = self.after.filter(|_| !self.is_found)?;
        Some((after, self.end))
    }

    /// The log was read to its end only now: what came until here came before the person looked.
    pub(crate) fn caught_up(&mut self, cursor: Seq) {
        self.end = cursor;
    }

    /// The line is on screen, or the person goes on without it.
    pub(crate) fn found(&mut self) {
        self.is_found |= self.left_at.is_none();
    }

    /// Whether the person looks.
    pub(crate) fn is_watched(&self) -> bool {
        self.left_at.is_none()
    }

    /// The person looks elsewhere.
    pub(crate) fn look_away(&mut self, cursor: Seq) {
        self.left_at.get_or_insert(cursor);
    }

    /// The person is back. The line stays until they say otherwise.
    pub(crate) fn look_back(&mut self) {
        self.left_at = None;
    }

    /// Something arrived. While nobody looks, the first such message gets the line, unless the line
    /// still has something unread under it: then what arrived lies under that line, too, and whoever was
    /// there has to go there once more.
    pub(crate) fn arrived(&mut self, me: UserId, read: Seq, timeline: &Timeline) {
        let Some(left_at) = self.left_at else {
            return;
        };
        self.end = timeline.cursor();
        if first(me, left_at, timeline).is_none() {
            return;
        }
        let has_unread = self.after.is_some_and(|after| {
            first(me, read.max(after), timeline).is_some_and(|unread| unread <= left_at)
        });
        let is_moved = self.after.is_some_and(|after| after >= left_at);
        if !has_unread && !is_moved {
            self.after = Some(left_at);
        }
        self.is_found = false;
    }

    /// The person says that all is read.
    pub(crate) fn clear(&mut self) {
        self.after = None;
    }
}

/// The first message of others after `seq`.
fn first(me: UserId, seq: Seq, timeline: &Timeline) -> Option<Seq> {
    timeline.after(seq).find_map(|event| match event {
        Event::MessageSent(sent) if sent.from != me => Some(sent.seq),
        Event::MessageSent(_) | Event::Unknown(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::rows::tests::{message, timeline},
        *,
    };

    const ME: UserId = UserId(1);
    const ROOM: ConversationId = ConversationId::EVERYONE;

    fn opened(read: u64, unread: u64) -> Divider {
        let mut divider = Divider::default();
        divider.open(ROOM, Seq(read), unread, Seq(read + unread));
        divider
    }

    #[test]
    fn it_stands_at_the_read_mark_if_something_is_unread() {
        assert_eq!(opened(4, 2).after(), Some(Seq(4)));
        assert_eq!(opened(4, 0).after(), None);
    }

    #[test]
    fn a_room_entered_for_the_first_time_has_none_and_a_first_private_message_has() {
        assert_eq!(opened(0, 900).after(), None);
        let mut divider = Divider::default();
        divider.open(ConversationId::direct(ME, UserId(2)), Seq::NONE, 3, Seq(3));
        assert_eq!(divider.after(), Some(Seq::NONE));
    }

    #[test]
    fn it_stays_while_messages_arrive_and_are_read() {
        let mut divider = opened(1, 1);
        let log = timeline(vec![message(1, 2, 0), message(2, 2, 0), message(3, 2, 0)]);
        divider.arrived(ME, Seq(3), &log);
        assert_eq!(divider.after(), Some(Seq(1)));
    }

    #[test]
    fn what_arrives_while_nobody_looks_gets_it_at_its_first_message_of_others() {
        let mut divider = opened(2, 0);
        divider.look_away(Seq(2));
        let own = timeline(vec![message(1, 2, 0), message(2, 2, 0), message(3, 1, 0)]);
        divider.arrived(ME, Seq(2), &own);
        assert_eq!(divider.after(), None, "an own message is not new");
        let log = timeline(vec![message(2, 2, 0), message(3, 1, 0), message(4, 2, 0)]);
        divider.arrived(ME, Seq(2), &log);
        assert_eq!(divider.after(), Some(Seq(2)));
        divider.look_back();
        divider.look_away(Seq(4));
        let more = timeline(vec![message(3, 1, 0), message(4, 2, 0), message(5, 2, 0)]);
        divider.arrived(ME, Seq(4), &more);
        assert_eq!(divider.after(), Some(Seq(4)), "what was under it is read");
    }

    #[test]
    fn what_comes_while_the_person_looks_is_not_missed_and_who_was_at_the_line_misses_nothing() {
        let mut divider = opened(2, 0);
        assert_eq!(divider.missed(), None);
        divider.look_away(Seq(2));
        let log = timeline((1..=4).map(|seq| message(seq, 2, 0)).collect());
        divider.arrived(ME, Seq(2), &log);
        divider.found();
        divider.look_back();
        let more = timeline((1..=6).map(|seq| message(seq, 2, 0)).collect());
        divider.arrived(ME, Seq(6), &more);
        assert_eq!(divider.missed(), Some((Seq(2), Seq(4))), "nobody looked");
        divider.found();
        assert_eq!((divider.missed(), divider.after()), (None, Some(Seq(2))));
        divider.look_away(Seq(6));
        let last = timeline((1..=7).map(|seq| message(seq, 2, 0)).collect());
        divider.arrived(ME, Seq(6), &last);
        assert_eq!(divider.missed(), Some((Seq(6), Seq(7))));
    }

    #[test]
    fn who_looked_away_before_what_is_under_the_line_was_read_goes_there_once_more() {
        let mut divider = opened(1, 2);
        divider.found();
        divider.look_away(Seq(3));
        let log = timeline((1..=9).map(|seq| message(seq, 2, 0)).collect());
        divider.arrived(ME, Seq(1), &log);
        divider.look_back();
        assert_eq!(divider.missed(), Some((Seq(1), Seq(9))));
    }

    #[test]
    fn it_does_not_move_past_what_is_unread() {
        let mut divider = opened(1, 2);
        divider.look_away(Seq(3));
        let log = timeline((1..=4).map(|seq| message(seq, 2, 0)).collect());
        divider.arrived(ME, Seq(1), &log);
        assert_eq!(divider.after(), Some(Seq(1)));
    }
}
