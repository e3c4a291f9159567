//! The logs: appending with the next `seq`, and reading pieces without holes.

use rusqlite::{Connection, OptionalExtension as _, params};
use shared::{
    Check, ConversationId, Event, Message, MsgId, Seq, Timestamp, UserId,
    limits::{MAX_PAGE_BYTES, MAX_PAGE_EVENTS},
};

use super::{
    Answered, Store, StoreError,
    accounts::name_of,
    checks::{check_from_sql, check_to_sql, msg_id_of},
    from_sql, to_sql,
};
use crate::sabotage::{self, Defect};

/// A message to be stored. Its text was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Append {
    /// Where.
    pub conversation: ConversationId,
    /// Who says it.
    pub sender: UserId,
    /// The sender's id for it.
    pub msg_id: MsgId,
    /// The text.
    pub content: String,
    /// The wall clock.
    pub now: Timestamp,
}

/// What came of an [`Append`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Appended {
    /// It is the newest event now.
    Stored(Message),
    /// It was there already: this is how it was stored the first time.
    Repeated(Message),
    /// The sender used this `msgId` there for another text.
    MsgIdReused,
    /// The sender does not belong there, or there is no such conversation.
    NotMember,
    /// The other person of a private conversation does not exist.
    NoSuchUser,
}

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
    /// Appends a message and gives it the next `seq`; the same `(conversation, sender, msg_id)` again
    /// gives the first message. `committed` hears of it after the commit, in the order of `seq`.
    /// Messages that are started one after the other are stored in that order.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing was stored, or the same message may be sent again to find out.
    pub async fn start_append(
        &self,
        message: Append,
        committed: impl FnOnce(&Appended) + Send + 'static,
    ) -> Result<Answered<Appended>, StoreError> {
        if sabotage::is(Defect::PublishesEarly) {
            let work = move |db: &Connection| append(db, message).inspect(committed);
            return self.start_write(work, |_| {}).await;
        }
        self.start_write(move |db| append(db, message), committed)
            .await
    }

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
        self.read(move |db| slice(db, conversation, direction, limit))
            .await
    }
}

fn append(db: &Connection, new: Append) -> Result<Appended, rusqlite::Error> {
    let Append {
        conversation,
        sender,
        msg_id,
        content,
        now,
    } = new;
    let content = if sabotage::now_and_then(Defect::Garbles) {
        content.replace(' ', "_")
    } else {
        content
    };
    let Some(from_user) = name_of(db, sender)? else {
        return Ok(Appended::NotMember);
    };
    let (row, before) = match find(db, conversation)? {
        Some(found) => found,
        None => match create_direct(db, conversation, sender, now)? {
            Ok(row) => (row, Check::START),
            Err(refused) => return Ok(refused),
        },
    };
    let message = |seq: i64, sent_at: i64, check: Check, content: String| Message {
        msg_id: msg_id.clone(),
        content,
        conversation,
        seq: Seq(from_sql(seq)),
        from: sender,
        from_user: from_user.clone(),
        sent_at: Timestamp(sent_at),
        check: Some(check),
    };
    let first: Option<(i64, i64, String, i64)> = db
        .prepare_cached(
            "SELECT seq, sent_at, body, check_value FROM events
             WHERE conversation_id = ?1 AND sender_id = ?2 AND msg_id = ?3",
        )?
        .query_row(params![row, to_sql(sender.0), msg_id.as_str()], |found| {
            Ok((found.get(0)?, found.get(1)?, found.get(2)?, found.get(3)?))
        })
        .optional()?;
    let forgets = sabotage::forgets(
        msg_id.as_str(),
        first.as_ref().map_or(0, |(_, at, ..)| now.0 - at),
    );
    if let Some((seq, sent_at, body, check)) = first.filter(|_| !forgets) {
        return Ok(if body == content {
            Appended::Repeated(message(seq, sent_at, check_from_sql(check), body))
        } else {
            Appended::MsgIdReused
        });
    }
    let check = before.then(sender, &msg_id, &content);
    let next: Option<(i64, i64)> = db
        .prepare_cached(
            "UPDATE conversations SET last_seq = last_seq + 1, last_at = max(last_at, ?2),
                 last_check = ?4
             WHERE id = ?1 AND EXISTS
                 (SELECT 1 FROM members WHERE user_id = ?3 AND conversation_id = ?1)
             RETURNING last_seq, last_at",
        )?
        .query_row(
            params![row, now.0, to_sql(sender.0), check_to_sql(check)],
            |next| Ok((next.get(0)?, next.get(1)?)),
        )
        .optional()?;
    let Some((seq, sent_at)) = next else {
        return Ok(Appended::NotMember);
    };
    let seq = if sabotage::is(Defect::CountsInMemory) {
        sabotage::count(row, seq)
    } else {
        seq
    };
    db.prepare_cached(
        "INSERT INTO events
             (conversation_id, seq, kind, sender_id, msg_id, sent_at, body, check_value)
         VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        row,
        seq,
        to_sql(sender.0),
        msg_id.as_str(),
        sent_at,
        content,
        check_to_sql(check)
    ])?;
    Ok(Appended::Stored(message(seq, sent_at, check, content)))
}

fn slice(
    db: &Connection,
    conversation: ConversationId,
    direction: Direction,
    limit: u32,
) -> Result<Slice, rusqlite::Error> {
    // One look at the database for both statements, or the page could go beyond its own head.
    let db = db.unchecked_transaction()?;
    let found: Option<(i64, i64)> = db
        .prepare_cached("SELECT id, last_seq FROM conversations WHERE key = ?1")?
        .query_row([conversation.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((row, last)) = found else {
        return Ok(Slice {
            events: Vec::new(),
            head: Seq::NONE,
        });
    };
    let last = if sabotage::now_and_then(Defect::ReadsStale) {
        last / 2
    } else {
        last
    };
    let head = Seq(from_sql(last));
    let (bound, statement) = match direction {
        Direction::After(seq) => (seq, PULL_AFTER),
        Direction::Before(seq) => (seq.min(head.next()), PULL_BEFORE),
        Direction::Newest => (head.next(), PULL_BEFORE),
    };
    let mut read = db.prepare_cached(statement)?;
    let limit = limit.clamp(1, MAX_PAGE_EVENTS);
    let mut rows = read.query(params![row, to_sql(bound.0), limit])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let message = message_of(row, conversation)?;
        bytes += encoded_bytes(&message.content) + EVENT_OVERHEAD_BYTES;
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

/// What a text takes in JSON: a control character takes six bytes there.
fn encoded_bytes(text: &str) -> usize {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    });
    bytes.sum()
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

/// Its row, and the check value of its log.
fn find(
    db: &Connection,
    conversation: ConversationId,
) -> Result<Option<(i64, Check)>, rusqlite::Error> {
    db.prepare_cached("SELECT id, last_check FROM conversations WHERE key = ?1")?
        .query_row([conversation.to_string()], |row| {
            Ok((row.get(0)?, check_from_sql(row.get(1)?)))
        })
        .optional()
}

/// A private conversation begins with its first message.
fn create_direct(
    db: &Connection,
    conversation: ConversationId,
    sender: UserId,
    now: Timestamp,
) -> Result<Result<i64, Appended>, rusqlite::Error> {
    let ConversationId::Direct(pair) = conversation else {
        return Ok(Err(Appended::NotMember));
    };
    if conversation.peer_of(sender).is_none() {
        return Ok(Err(Appended::NotMember));
    }
    for user in pair.people() {
        if name_of(db, user)?.is_none() {
            return Ok(Err(Appended::NoSuchUser));
        }
    }
    let row: i64 = db
        .prepare_cached("INSERT INTO conversations (key, created_at) VALUES (?1, ?2) RETURNING id")?
        .query_row(params![conversation.to_string(), now.0], |row| row.get(0))?;
    for user in pair.people() {
        db.prepare_cached(
            "INSERT OR IGNORE INTO members (user_id, conversation_id) VALUES (?1, ?2)",
        )?
        .execute([to_sql(user.0), row])?;
    }
    Ok(Ok(row))
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
