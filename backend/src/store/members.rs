//! Who belongs where, how far they read, and what that leaves unread.

use rusqlite::{Connection, OptionalExtension as _, params};
use shared::{
    ConversationId, Seq, Timestamp, UserId,
    event::Position,
    frame::{ConversationSummary, ReadMark},
};

use super::{Store, StoreError, from_sql, to_sql};

impl Store {
    /// Whether this user may read and write there. A private conversation belongs to its two
    /// people before its first message.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_member(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<bool, StoreError> {
        if let ConversationId::Direct(_) = conversation {
            return Ok(conversation.peer_of(user).is_some());
        }
        self.read(move |db| {
            db.prepare_cached(
                "SELECT 1 FROM members m JOIN conversations c ON c.id = m.conversation_id
                 WHERE m.user_id = ?1 AND c.key = ?2",
            )?
            .exists(params![to_sql(user.0), conversation.to_string()])
        })
        .await
    }

    /// Where everything stands for this user, the most recent first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn summary(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        self.read(move |db| {
            let mut read = db.prepare_cached(
                "SELECT c.key, c.title, c.last_seq, m.read_seq, c.last_at, c.id
                 FROM members m CROSS JOIN conversations c ON c.id = m.conversation_id
                 WHERE m.user_id = ?1 ORDER BY c.last_at DESC, c.id LIMIT ?2",
            )?;
            let mut rows = read.query(params![to_sql(user.0), limit])?;
            let mut conversations = Vec::new();
            while let Some(row) = rows.next()? {
                let read_seq: i64 = row.get(3)?;
                conversations.push(ConversationSummary {
                    id: id_of(row, 0)?,
                    title: row.get(1)?,
                    head: Seq(from_sql(row.get(2)?)),
                    read: Seq(from_sql(read_seq)),
                    unread: unread(db, row.get(5)?, user, read_seq)?,
                    last_at: Timestamp(row.get(4)?),
                });
            }
            Ok(conversations)
        })
        .await
    }

    /// The newest `seq` of this user's conversations, the most recent first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn heads(&self, user: UserId, limit: u32) -> Result<Vec<Position>, StoreError> {
        self.read(move |db| {
            db.prepare_cached(
                "SELECT c.key, c.last_seq
                 FROM members m CROSS JOIN conversations c ON c.id = m.conversation_id
                 WHERE m.user_id = ?1 ORDER BY c.last_at DESC, c.id LIMIT ?2",
            )?
            .query_map(params![to_sql(user.0), limit], |row| {
                let seq = Seq(from_sql(row.get(1)?));
                Ok(Position::new(id_of(row, 0)?, seq))
            })?
            .collect()
        })
        .await
    }

    /// Notes that the user saw everything up to `seq`; a mark never goes back, nor past the end.
    /// Gives the mark as it stands, or nothing to somebody who does not belong there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_read(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Option<ReadMark>, StoreError> {
        self.write(move |db| {
            let found: Option<(i64, i64)> = db
                .prepare_cached("SELECT id, last_seq FROM conversations WHERE key = ?1")?
                .query_row([conversation.to_string()], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            let Some((row, last)) = found else {
                return Ok(None);
            };
            let marked: Option<i64> = db
                .prepare_cached(
                    "UPDATE members SET read_seq = max(read_seq, min(?3, ?4))
                     WHERE user_id = ?1 AND conversation_id = ?2 RETURNING read_seq",
                )?
                .query_row(params![to_sql(user.0), row, to_sql(seq.0), last], |mark| {
                    mark.get(0)
                })
                .optional()?;
            let Some(read) = marked else { return Ok(None) };
            let unread = unread(db, row, user, read)?;
            Ok(Some(ReadMark {
                conversation,
                seq: Seq(from_sql(read)),
                unread,
            }))
        })
        .await
    }
}

/// Messages of others after the read mark: counted in the log, so the count cannot drift.
fn unread(
    db: &Connection,
    conversation: i64,
    user: UserId,
    read_seq: i64,
) -> Result<u64, rusqlite::Error> {
    db.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM events
         WHERE conversation_id = ?1 AND seq > ?2 AND sender_id <> ?3 AND kind = 0 LIMIT ?4)",
    )?
    .query_row(
        params![conversation, read_seq, to_sql(user.0), MAX_UNREAD_COUNTED],
        |row| row.get(0),
    )
    .map(from_sql)
}

fn id_of(row: &rusqlite::Row<'_>, column: usize) -> Result<ConversationId, rusqlite::Error> {
    let key: String = row.get(column)?;
    key.parse().map_err(|error: shared::ids::BadId| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

/// Counting ends here. Source: a badge says 99+ long before, and the count stays cheap.
const MAX_UNREAD_COUNTED: u32 = 1000;
