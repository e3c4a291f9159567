//! Check values: computed for old rows, and compared with what clients hold.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use shared::{Check, ConversationId, MsgId, UserId, event::Position};

use super::{Store, StoreError, from_sql, to_sql};
use crate::sabotage::{self, Defect};

/// What came of comparing what a device holds with the logs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Compared {
    /// The log is not the one that the cursor was taken from: it ends before it, or has another check
    /// value there.
    pub diverged: Vec<ConversationId>,
    /// The device has more than any of this user's devices was known to have.
    pub undelivered: Vec<Position>,
}

enum Standing {
    Diverged,
    Undelivered,
    Known,
}

impl Store {
    /// Compares the cursors of one of this user's devices with the logs. A conversation that does not
    /// concern this user is left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn compare(
        &self,
        user: UserId,
        cursors: Vec<Position>,
    ) -> Result<Compared, StoreError> {
        self.read(move |db| {
            // One look at the database for all: to begin and to end one costs as much as a comparison.
            let db = db.unchecked_transaction()?;
            let mut logs = Logs::of(&db)?;
            let mut compared = Compared::default();
            for cursor in cursors {
                match logs.compare(user, cursor)? {
                    Standing::Diverged if sabotage::is(Defect::HidesDivergence) => {}
                    Standing::Diverged => compared.diverged.push(cursor.conversation),
                    Standing::Undelivered => compared.undelivered.push(cursor),
                    Standing::Known => {}
                }
            }
            Ok(compared)
        })
        .await
    }
}

/// What a cursor is compared with; looked up once for all of a device's cursors.
struct Logs<'c> {
    end: CachedStatement<'c>,
    check: CachedStatement<'c>,
}

impl<'c> Logs<'c> {
    fn of(db: &'c Connection) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            end: db.prepare_cached(
                "SELECT c.id, c.last_seq, m.delivered_seq FROM conversations c
                 JOIN members m ON m.conversation_id = c.id AND m.user_id = ?2
                 WHERE c.key = ?1",
            )?,
            check: db.prepare_cached(
                "SELECT check_value FROM events WHERE conversation_id = ?1 AND seq = ?2",
            )?,
        })
    }

    fn compare(&mut self, user: UserId, cursor: Position) -> Result<Standing, rusqlite::Error> {
        let found: Option<(i64, i64, i64)> = self
            .end
            .query_row(
                params![cursor.conversation.to_string(), to_sql(user.0)],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()?;
        let Some((row, last, delivered)) = found else {
            // A private conversation exists from its first message on; that one is not there any more.
            let is_gone = cursor.seq.0 > 0 && cursor.conversation.peer_of(user).is_some();
            return Ok(if is_gone {
                Standing::Diverged
            } else {
                Standing::Known
            });
        };
        if cursor.seq.0 > from_sql(last) {
            return Ok(Standing::Diverged);
        }
        if let Some(check) = cursor.check {
            let place = [row, to_sql(cursor.seq.0)];
            let here: Option<i64> = self.check.query_row(place, |row| row.get(0)).optional()?;
            if here.is_some_and(|here| check_from_sql(here) != check) {
                return Ok(Standing::Diverged);
            }
        }
        // A cursor without a check value stands for no event that the device holds.
        let is_new = cursor.check.is_some() && cursor.seq.0 > from_sql(delivered);
        Ok(if is_new {
            Standing::Undelivered
        } else {
            Standing::Known
        })
    }
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
