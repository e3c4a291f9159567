//! The rows of one conversation from top to bottom: day lines, the "New" line, messages.
//!
//! Owns grouping and the keys. Never looks at the DOM and never formats a time. New messages are
//! appended and an older page goes in front; everything else (a divider that moves) builds the rows
//! again.
//! Read next: [`super::window`], which gives rows their heights and picks those in the DOM.

use std::ops::Range;

use client::{Outgoing, Timeline};
use shared::{Event, MsgId, Seq, Timestamp, UserId};

/// One row.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Row {
    pub(crate) key: Key,
    /// The place of its event; none for lines and for messages on their way.
    pub(crate) seq: Option<Seq>,
    pub(crate) at: Timestamp,
    /// A message that shows its author; the ones grouped under it do not. The first row begins the
    /// conversation, or stands in for what is before it.
    pub(crate) starts_group: bool,
    /// Pixels it takes until it was measured.
    pub(crate) estimate: f64,
}

/// What stays the same while a row changes, so that its place is known. A message has one key from the
/// moment it is written until long after it was stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key {
    /// The first row: the beginning of the conversation, or a place for what is not held yet.
    Top,
    /// A line that names the day, counted from 1970 in local time.
    Day(i64),
    /// The line above what was not read when the conversation was opened.
    New,
    /// A message; the sender gave it an id, which says nothing about other senders' ids.
    Message(UserId, MsgId),
}

/// What became of the rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Updated {
    /// The rows before this index are as they were.
    From(usize),
    /// Older ones came in: these are those that stood from this index on before.
    Older { kept: Range<usize>, was: usize },
    /// Any row may be different.
    All,
}

/// All rows of what is held, and where they come from.
#[derive(Default, Debug)]
pub(crate) struct Rows {
    all: Vec<Row>,
    /// Where the messages on their way begin.
    stored: usize,
    /// How far the timeline is in `all`: its floor, its cursor and the divider then.
    covers: Option<(Seq, Seq, Option<Seq>)>,
    last: Last,
}

/// What the next message is compared with.
#[derive(Clone, Copy, Default, Debug)]
struct Last {
    author: Option<UserId>,
    at: Timestamp,
    day: Option<i64>,
    has_divider: bool,
}

impl Rows {
    pub(crate) fn all(&self) -> &[Row] {
        &self.all
    }

    /// Where a row stands.
    pub(crate) fn position(&self, key: &Key) -> Option<usize> {
        // What is looked for is nearly always close to the end.
        self.all.iter().rposition(|row| row.key == *key)
    }

    /// The same, of a row that is likely at this index or soon behind it.
    pub(crate) fn position_from(&self, key: &Key, near: usize) -> Option<usize> {
        let (before, behind) = self.all.split_at(near.min(self.all.len()));
        let behind = behind.iter().position(|row| row.key == *key);
        let before = || before.iter().rposition(|row| row.key == *key);
        behind.map(|at| near + at).or_else(before)
    }

    /// Follows the timeline, the outbox and the divider. `day_of` counts local days; `divider`
    /// stands above the first message of others after that `seq`.
    pub(crate) fn update<'a>(
        &mut self,
        me: UserId,
        timeline: &Timeline,
        outgoing: impl Iterator<Item = &'a Outgoing>,
        divider: Option<Seq>,
        day_of: impl Fn(Timestamp) -> i64,
    ) -> Updated {
        let (floor, cursor) = (timeline.floor(), timeline.cursor());
        self.all.truncate(self.stored);
        let mut updated = Updated::All;
        let (mut after, mut until, mut held) = (floor, cursor, Vec::new());
        if let Some((old_floor, old_cursor, old_divider)) = self.covers
            && old_divider == divider
        {
            if old_floor == floor && old_cursor <= cursor {
                (after, updated) = (old_cursor, Updated::From(self.stored));
            } else if old_floor > floor
                && old_cursor == cursor
                // Otherwise it may come to stand among the rows.
                && divider.is_none_or(|divider| divider >= old_floor)
            {
                (until, held) = (old_floor, std::mem::take(&mut self.all));
            }
        }
        if updated == Updated::All {
            self.all.clear();
            self.last = Last::default();
            self.all.push(Row {
                starts_group: timeline.is_complete(),
                ..Row::line(Key::Top, Timestamp(0), TOP_ESTIMATE)
            });
        }
        let is_new = |event: &&Event| event.seq() <= until;
        for event in timeline.after(after).take_while(is_new) {
            let Event::MessageSent(message) = event else {
                continue;
            };
            let is_under = divider.is_some_and(|after| message.seq > after && floor <= after);
            if is_under && message.from != me && !self.last.has_divider {
                self.push_divider(message.sent_at);
            }
            let key = Key::Message(message.from, message.msg_id.clone());
            let day = day_of(message.sent_at);
            let seq = Some(message.seq);
            self.push(key, seq, message.sent_at, day, &message.content);
        }
        if !held.is_empty() {
            updated = self.join(held);
        }
        self.covers = Some((floor, cursor, divider));
        self.stored = self.all.len();
        let stored = self.last;
        for message in outgoing {
            let key = Key::Message(me, message.msg_id.clone());
            let day = day_of(message.written_at);
            self.push(key, None, message.written_at, day, &message.content);
        }
        self.last = stored;
        updated
    }

    /// Goes on with the rows that were there before an older page. What it takes from them is a name
    /// above the first of them, and the line of its day; other groups may begin where they did not.
    fn join(&mut self, held: Vec<Row>) -> Updated {
        let (mut start, mut was) = (self.all.len(), 0);
        for (at, mut row) in held.into_iter().enumerate() {
            let is_as_it_was = match &row.key {
                Key::Top => false,
                Key::Day(day) if self.last.day.is_some_and(|last| last >= *day) => false,
                Key::Day(day) => {
                    (self.last.day, self.last.author) = (Some(*day), None);
                    true
                }
                Key::New => {
                    (self.last.has_divider, self.last.author) = (true, None);
                    true
                }
                Key::Message(author, _) => {
                    let had_name = row.starts_group;
                    row.starts_group = self.last.starts_group(*author, row.at);
                    row.estimate += frame(row.starts_group) - frame(had_name);
                    row.starts_group == had_name
                }
            };
            if is_as_it_was || matches!(row.key, Key::Message(..)) {
                self.all.push(row);
            }
            if !is_as_it_was {
                (start, was) = (self.all.len(), at + 1);
            }
        }
        let kept = start..self.all.len();
        Updated::Older { kept, was }
    }

    fn push_divider(&mut self, at: Timestamp) {
        self.last.has_divider = true;
        self.last.author = None;
        self.all.push(Row::line(Key::New, at, LINE_ESTIMATE));
    }

    fn push(&mut self, key: Key, seq: Option<Seq>, at: Timestamp, day: i64, content: &str) {
        let Key::Message(author, _) = key else {
            return;
        };
        // A server's clock that went back does not start an old day again.
        if self.last.day.is_none_or(|last| day > last) {
            self.last.day = Some(day);
            self.last.author = None;
            let line = Row::line(Key::Day(day), at, LINE_ESTIMATE);
            // The day's name belongs above a divider that came with its first message.
            let above_divider = self
                .all
                .pop_if(|row| row.key == Key::New)
                .map(|divider| [line.clone(), divider]);
            match above_divider {
                Some(both) => self.all.extend(both),
                None => self.all.push(line),
            }
        }
        let starts_group = self.last.starts_group(author, at);
        self.all.push(Row {
            key,
            seq,
            at,
            starts_group,
            estimate: estimate(content, starts_group),
        });
    }
}

impl Last {
    /// Whether a message of this author begins a group; the next one is compared with it.
    fn starts_group(&mut self, author: UserId, at: Timestamp) -> bool {
        let apart = at.0.saturating_sub(self.at.0);
        let starts_group = self.author != Some(author) || apart > GROUP_MS;
        if starts_group {
            // Five minutes from the first of a group, so that a long monologue shows its times.
            self.at = at;
        }
        self.author = Some(author);
        starts_group
    }
}

impl Row {
    fn line(key: Key, at: Timestamp, estimate: f64) -> Self {
        Self {
            key,
            seq: None,
            at,
            starts_group: false,
            estimate,
        }
    }
}

/// About how tall a message is; wrong is fine, far off makes the scroll bar jump.
fn estimate(content: &str, starts_group: bool) -> f64 {
    let lines = content
        .split('\n')
        .map(|line| 1 + line.len() / BYTES_IN_A_LINE)
        .sum::<usize>();
    let lines = f64::from(u32::try_from(lines).unwrap_or(u32::MAX));
    frame(starts_group) + lines * 22.5
}

/// About how tall a message is without its text.
fn frame(starts_group: bool) -> f64 {
    if starts_group { 37.0 } else { 6.0 }
}

/// Messages of one author this close together are one group, in milliseconds. Source: Campfire.
const GROUP_MS: i64 = 5 * 60 * 1000;
const BYTES_IN_A_LINE: usize = 110;
const TOP_ESTIMATE: f64 = 150.0;
const LINE_ESTIMATE: f64 = 38.0;

#[cfg(test)]
pub(crate) mod tests {
    use client::{Delivery, Moment};
    use shared::{ConversationId, Message};

    use super::*;

    const ME: UserId = UserId(1);
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    pub(crate) fn message(seq: u64, from: u64, minute: i64) -> Event {
        Event::MessageSent(Message {
            msg_id: MsgId::parse(&format!("m{seq}")).unwrap(),
            content: format!("message {seq}"),
            conversation: ConversationId::EVERYONE,
            seq: Seq(seq),
            from: UserId(from),
            from_user: "x".into(),
            sent_at: Timestamp(minute * MINUTE),
            check: None,
        })
    }

    fn outgoing(id: &str, minute: i64) -> Outgoing {
        Outgoing {
            msg_id: MsgId::parse(id).unwrap(),
            conversation: ConversationId::EVERYONE,
            to_user: String::new(),
            content: id.into(),
            written_at: Timestamp(minute * MINUTE),
            delivery: Delivery::Queued {
                not_before: Moment::ZERO,
            },
        }
    }

    pub(crate) fn timeline(events: Vec<Event>) -> Timeline {
        let first = events.first().map_or(Seq::NONE, Event::seq);
        let mut timeline = Timeline::starting_at(first.previous());
        for event in events {
            timeline.take(event);
        }
        timeline
    }

    /// A short picture: `T`op, `D`ay, `N`ew, a message `m3`, grouped `.m3`.
    fn picture(rows: &Rows) -> String {
        let words = rows.all().iter().map(|row| match &row.key {
            Key::Top => "T".to_owned(),
            Key::Day(_) => "D".to_owned(),
            Key::New => "N".to_owned(),
            Key::Message(_, id) if row.starts_group => id.to_string(),
            Key::Message(_, id) => format!(".{id}"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn rows(timeline: &Timeline, divider: Option<u64>) -> Rows {
        let mut rows = Rows::default();
        rows.update(ME, timeline, [].iter(), divider.map(Seq), |at| {
            at.0.div_euclid(DAY)
        });
        rows
    }

    #[test]
    fn one_author_within_five_minutes_is_one_group() {
        let timeline = timeline(vec![
            message(1, 2, 0),
            message(2, 2, 5),
            message(3, 2, 6),
            message(4, 3, 6),
            message(5, 2, 7),
        ]);
        assert_eq!(picture(&rows(&timeline, None)), "T D m1 .m2 m3 m4 m5");
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let timeline = timeline(vec![message(1, 2, 0), message(2, 2, 2), message(3, 2, 4)]);
        let mut shifted = Rows::default();
        // Local time is three minutes behind a midnight of UTC.
        let day_of = |at: Timestamp| (at.0 - 3 * MINUTE).div_euclid(DAY);
        shifted.update(ME, &timeline, [].iter(), None, day_of);
        assert_eq!(picture(&shifted), "T D m1 .m2 D m3");
        assert_eq!(picture(&rows(&timeline, None)), "T D m1 .m2 .m3");
    }

    #[test]
    fn a_clock_that_goes_back_does_not_repeat_a_day() {
        let day = DAY / MINUTE;
        let timeline = timeline(vec![
            message(1, 2, day),
            message(2, 2, day - 1),
            message(3, 2, day),
        ]);
        assert_eq!(picture(&rows(&timeline, None)), "T D m1 .m2 .m3");
    }

    #[test]
    fn the_divider_stands_above_a_message_of_others_and_ends_a_group() {
        let timeline = timeline(vec![
            message(1, 2, 0),
            message(2, 1, 1),
            message(3, 2, 1),
            message(4, 2, 1),
        ]);
        assert_eq!(picture(&rows(&timeline, Some(1))), "T D m1 m2 N m3 .m4");
        assert_eq!(picture(&rows(&timeline, Some(3))), "T D m1 m2 m3 N m4");
        assert_eq!(picture(&rows(&timeline, Some(0))), "T D N m1 m2 m3 .m4");
        assert_eq!(picture(&rows(&timeline, Some(4))), "T D m1 m2 m3 .m4");
    }

    #[test]
    fn there_is_no_divider_while_what_was_read_is_not_held() {
        let timeline = timeline(vec![message(8, 2, 0), message(9, 2, 0)]);
        assert_eq!(picture(&rows(&timeline, Some(3))), "T D m8 .m9");
        assert_eq!(picture(&rows(&timeline, Some(7))), "T D N m8 .m9");
    }

    #[test]
    fn a_message_keeps_its_key_from_the_outbox_to_the_log() {
        let mut timeline = timeline(vec![message(1, 2, 0)]);
        let mut rows = Rows::default();
        let day_of = |at: Timestamp| at.0.div_euclid(DAY);
        let waiting = [outgoing("m2", 1), outgoing("z", 1)];
        rows.update(ME, &timeline, waiting.iter(), None, day_of);
        assert_eq!(picture(&rows), "T D m1 m2 .z");
        let before = rows.all()[3].key.clone();
        timeline.take(message(2, 1, 1));
        let updated = rows.update(ME, &timeline, waiting[1..].iter(), None, day_of);
        assert_eq!(updated, Updated::From(3));
        assert_eq!(
            (rows.all()[3].key.clone(), picture(&rows)),
            (before, "T D m1 m2 .z".into())
        );
    }

    #[test]
    fn an_older_page_gives_the_same_rows_as_building_them_again() {
        let day_of = |at: Timestamp| at.0.div_euclid(DAY);
        // Groups of one and of many, days of few messages, a clock that goes back, a divider.
        for (seed, divider) in [(1, None), (2, None), (3, Some(165)), (7, Some(20))] {
            let minute = |seq: u64| i64::try_from(seq * seed * 4 % 97 + seq * (1 + seed)).unwrap();
            let event = |seq| message(seq, 1 + seq / (1 + seed * 5) % 3, minute(seq));
            let mut held = timeline((161..170).map(event).collect());
            let mut grown = Rows::default();
            grown.update(ME, &held, [].iter(), divider.map(Seq), day_of);
            for page in (0..8).rev() {
                let before = grown.all().to_vec();
                let older = (page * 20 + 1..=page * 20 + 20).map(event).collect();
                assert!(held.take_page(older, Seq(169)).is_ok());
                let updated = grown.update(ME, &held, [].iter(), divider.map(Seq), day_of);
                let again = rows(&held, divider);
                assert_eq!(grown.all(), again.all());
                assert_eq!(format!("{:?}", grown.last), format!("{:?}", again.last));
                if let Updated::Older { kept, was } = updated {
                    assert_eq!(grown.all()[kept], before[was..]);
                } else {
                    assert_eq!((updated, divider), (Updated::All, Some(20)));
                }
            }
        }
    }

    #[test]
    fn appending_gives_the_same_rows_as_building_them_again() {
        let events: Vec<_> = (1..200)
            .map(|seq| message(seq, 1 + seq / 7 % 3, i64::try_from(seq * 13).unwrap()))
            .collect();
        let mut grown = Rows::default();
        let mut held = Timeline::default();
        for event in events {
            held.take(event);
            grown.update(ME, &held, [].iter(), Some(Seq(50)), |at| {
                at.0.div_euclid(DAY)
            });
        }
        assert_eq!(grown.all(), rows(&held, Some(50)).all());
    }
}
