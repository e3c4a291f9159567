//! Reading pieces of the logs, without holes.

use rusqlite::{Connection, params};
use shared::{
    ConversationId, Event, Message, Seq, Timestamp, UserId,
    limits::{MAX_PAGE_BYTES, MAX_PAGE_EVENTS},
    text::json_bytes,
};

use super::{
    Store, StoreError,
    checks::{check_from_sql, msg_id_of},
    conversations::head_of,
    from_sql,
    pages::Asked,
    to_sql,
};
use crate::sabotage::{self, Defect};

/// Which end of a log is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// What follows this `seq`, oldest first.
    After(Seq),
    /// The newest events below this `seq`.
    Before(Seq),
    /// The newest events.
    Newest,
}

/// A piece of a log without holes, ascending.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    /// The events.
    pub events: Vec<Event>,
    /// The newest `seq` when it was read.
    pub head: Seq,
}

impl Store {
    /// Reads up to `limit` events; fewer where the page would grow too large.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn slice(
        &self,
        conversation: ConversationId,
        direction: Direction,
        limit: u32,
    ) -> Result<Slice, StoreError> {
        let asked = Asked {
            conversation,
            direction,
            limit: limit.clamp(1, MAX_PAGE_EVENTS),
        };
        let missing = match self.pages.find(asked) {
            Ok(page) => return Ok(Slice::clone(&page)),
            Err(missing) => missing,
        };
        let page = self.read(move |db| slice(db, asked)).await?;
        if missing.is_wanted {
            self.pages.hold(missing, asked, page.clone());
        }
        Ok(page)
    }
}

fn slice(db: &Connection, asked: Asked) -> Result<Slice, rusqlite::Error> {
    let Asked {
        conversation,
        direction,
        limit,
    } = asked;
    // One look at the database for both statements, or the page could go beyond its own head.
    let db = db.unchecked_transaction()?;
    let Some(found) = head_of(&db, conversation)? else {
        return Ok(Slice {
            events: Vec::new(),
            head: Seq::NONE,
        });
    };
    let head = if sabotage::now_and_then(Defect::ReadsStale) {
        Seq(found.seq.0 / 2)
    } else {
        found.seq
    };
    let (bound, statement) = match direction {
        Direction::After(seq) => (seq, PULL_AFTER),
        Direction::Before(seq) => (seq.min(head.next()), PULL_BEFORE),
        Direction::Newest => (head.next(), PULL_BEFORE),
    };
    let mut read = db.prepare_cached(statement)?;
    let mut rows = read.query(params![found.row, to_sql(bound.0), limit])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let message = message_of(row, conversation)?;
        if sabotage::is(Defect::SkipsInPages) && message.seq.0.is_multiple_of(5) {
            continue;
        }
        bytes += json_bytes(&message.content) + EVENT_OVERHEAD_BYTES;
        events.push(Event::MessageSent(message));
        if bytes >= MAX_PAGE_BYTES {
            break;
        }
    }
    if !matches!(direction, Direction::After(_)) {
        events.reverse();
    }
    Ok(Slice { events, head })
}

fn message_of(
    row: &rusqlite::Row<'_>,
    conversation: ConversationId,
) -> Result<Message, rusqlite::Error> {
    Ok(Message {
        msg_id: msg_id_of(row, 2)?,
        content: row.get(4)?,
        conversation,
        seq: Seq(from_sql(row.get(0)?)),
        from: UserId(from_sql(row.get(1)?)),
        from_user: row.get(5)?,
        sent_at: Timestamp(row.get(3)?),
        check: Some(check_from_sql(row.get(6)?)),
    })
}

/// Both walk the primary key from one end and stop.
const PULL_AFTER: &str =
    "SELECT e.seq, e.sender_id, e.msg_id, e.sent_at, e.body, u.name, e.check_value
     FROM events e CROSS JOIN users u ON u.id = e.sender_id
     WHERE e.conversation_id = ?1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3";
const PULL_BEFORE: &str =
    "SELECT e.seq, e.sender_id, e.msg_id, e.sent_at, e.body, u.name, e.check_value
     FROM events e CROSS JOIN users u ON u.id = e.sender_id
     WHERE e.conversation_id = ?1 AND e.seq < ?2 ORDER BY e.seq DESC LIMIT ?3";

/// About what an event's JSON has besides its text.
const EVENT_OVERHEAD_BYTES: usize = 256;
