//! The rows of conversations: where each log ends, and how one begins.

use rusqlite::{Connection, OptionalExtension as _, params};
use shared::{Check, ConversationId, Seq, Timestamp, UserId};

use super::{
    accounts::name_of,
    checks::{check_from_sql, check_to_sql},
    from_sql, to_sql,
};

/// Where a log ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    /// The conversation's row.
    pub(super) row: i64,
    /// The newest event; [`Seq::NONE`] before the first.
    pub(super) seq: Seq,
    /// When that was.
    pub(super) at: Timestamp,
    /// The check value of the whole log.
    pub(super) check: Check,
}

/// Why no private conversation begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NotBegun {
    /// It is a room, or not the sender's.
    NotMember,
    /// One of the two does not exist.
    NoSuchUser,
}

/// Where this log ends, if there is such a conversation.
pub(super) fn head_of(
    db: &Connection,
    conversation: ConversationId,
) -> Result<Option<Head>, rusqlite::Error> {
    db.prepare_cached("SELECT id, last_seq, last_at, last_check FROM conversations WHERE key = ?1")?
        .query_row([conversation.to_string()], |row| {
            Ok(Head {
                row: row.get(0)?,
                seq: Seq(from_sql(row.get(1)?)),
                at: Timestamp(row.get(2)?),
                check: check_from_sql(row.get(3)?),
            })
        })
        .optional()
}

/// Keeps where a log ends now.
pub(super) fn write_head(db: &Connection, head: &Head) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "UPDATE conversations SET last_seq = ?2, last_at = ?3, last_check = ?4 WHERE id = ?1",
    )?
    .execute(params![
        head.row,
        to_sql(head.seq.0),
        head.at.0,
        check_to_sql(head.check)
    ])?;
    Ok(())
}

/// A private conversation begins with its first message.
pub(super) fn begin_direct(
    db: &Connection,
    conversation: ConversationId,
    sender: UserId,
    now: Timestamp,
) -> Result<Result<Head, NotBegun>, rusqlite::Error> {
    let ConversationId::Direct(pair) = conversation else {
        return Ok(Err(NotBegun::NotMember));
    };
    if conversation.peer_of(sender).is_none() || name_of(db, sender)?.is_none() {
        return Ok(Err(NotBegun::NotMember));
    }
    for user in pair.people() {
        if name_of(db, user)?.is_none() {
            return Ok(Err(NotBegun::NoSuchUser));
        }
    }
    db.prepare_cached("INSERT INTO conversations (key, created_at) VALUES (?1, ?2)")?
        .execute(params![conversation.to_string(), now.0])?;
    let row = db.last_insert_rowid();
    for user in pair.people() {
        db.prepare_cached(
            "INSERT OR IGNORE INTO members (user_id, conversation_id) VALUES (?1, ?2)",
        )?
        .execute([to_sql(user.0), row])?;
    }
    Ok(Ok(Head {
        row,
        seq: Seq::NONE,
        at: Timestamp(0),
        check: Check::START,
    }))
}
