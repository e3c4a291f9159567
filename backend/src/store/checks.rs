//! Check values: computed for old rows, and compared with what clients hold.

use rusqlite::{Connection, OptionalExtension as _, params};
use shared::{Check, ConversationId, MsgId, UserId, event::Position};

use super::{Store, StoreError, from_sql, to_sql};

impl Store {
    /// Those of the cursors' conversations whose log is not the one that the cursor was taken from:
    /// it ends before the cursor, or has another check value there. One that does not concern this
    /// user is left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn diverged(
        &self,
        user: UserId,
        cursors: Vec<Position>,
    ) -> Result<Vec<ConversationId>, StoreError> {
        self.read(move |db| {
            let mut diverged = Vec::new();
            for cursor in cursors {
                if has_diverged(db, user, cursor)? {
                    diverged.push(cursor.conversation);
                }
            }
            Ok(diverged)
        })
        .await
    }
}

fn has_diverged(db: &Connection, user: UserId, cursor: Position) -> Result<bool, rusqlite::Error> {
    let found: Option<(i64, i64)> = db
        .prepare_cached(
            "SELECT c.id, c.last_seq FROM conversations c
             JOIN members m ON m.conversation_id = c.id AND m.user_id = ?2
             WHERE c.key = ?1",
        )?
        .query_row(
            params![cursor.conversation.to_string(), to_sql(user.0)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((row, last)) = found else {
        // A private conversation exists from its first message on; that one is not there any more.
        return Ok(cursor.seq.0 > 0 && cursor.conversation.peer_of(user).is_some());
    };
    if cursor.seq.0 > from_sql(last) {
        return Ok(true);
    }
    let Some(check) = cursor.check else {
        return Ok(false);
    };
    let here: Option<i64> = db
        .prepare_cached("SELECT check_value FROM events WHERE conversation_id = ?1 AND seq = ?2")?
        .query_row(params![row, to_sql(cursor.seq.0)], |row| row.get(0))
        .optional()?;
    Ok(here.is_some_and(|here| check_from_sql(here) != check))
}

/// Computes the check values of a database that was written before there were any.
pub(super) fn fill_in(db: &Connection) -> Result<(), rusqlite::Error> {
    let mut read = db.prepare(
        "SELECT conversation_id, seq, sender_id, msg_id, body FROM events
         ORDER BY conversation_id, seq",
    )?;
    let mut write =
        db.prepare("UPDATE events SET check_value = ?3 WHERE conversation_id = ?1 AND seq = ?2")?;
    let (mut conversation, mut check) = (None, Check::START);
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let (of, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        if conversation != Some(of) {
            (conversation, check) = (Some(of), Check::START);
        }
        let (sender, content): (i64, String) = (row.get(2)?, row.get(4)?);
        let msg_id = msg_id_of(row, 3)?;
        check = check.then(UserId(from_sql(sender)), &msg_id, &content);
        write.execute(params![of, seq, check_to_sql(check)])?;
    }
    db.execute_batch(
        "UPDATE conversations SET last_check =
             (SELECT check_value FROM events WHERE conversation_id = id AND seq = last_seq)
         WHERE last_seq > 0",
    )
}

/// The sender's id for a message, out of a row.
pub(super) fn msg_id_of(row: &rusqlite::Row<'_>, column: usize) -> Result<MsgId, rusqlite::Error> {
    let text: String = row.get(column)?;
    MsgId::parse(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

/// The same 64 bits: half of all check values are negative numbers to SQLite.
pub(super) fn check_to_sql(check: Check) -> i64 {
    check.0.cast_signed()
}

pub(super) fn check_from_sql(number: i64) -> Check {
    Check(number.cast_unsigned())
}
