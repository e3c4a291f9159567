//! Who belongs where, how their conversations stand, and what is unread in them.

use rusqlite::{Connection, params};
use shared::{ConversationId, Seq, Timestamp, UserId, event::Position, frame::ConversationSummary};

use super::{Store, StoreError, from_sql, marks::marks_of, to_sql};

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
                "SELECT c.key, c.title, c.last_seq, m.read_seq, c.last_at, c.id, m.delivered_seq
                 FROM members m CROSS JOIN conversations c ON c.id = m.conversation_id
                 WHERE m.user_id = ?1 ORDER BY c.last_at DESC, c.id LIMIT ?2",
            )?;
            let mut rows = read.query(params![to_sql(user.0), limit])?;
            let mut conversations = Vec::new();
            while let Some(row) = rows.next()? {
                let read_seq: i64 = row.get(3)?;
                let id = id_of(row, 0)?;
                let peer = match id.peer_of(user) {
                    Some(peer) => marks_of(db, row.get(5)?, peer)?,
                    None => None,
                };
                conversations.push(ConversationSummary {
                    id,
                    title: row.get(1)?,
                    head: Seq(from_sql(row.get(2)?)),
                    read: Seq(from_sql(read_seq)),
                    unread: unread(db, row.get(5)?, user, read_seq)?,
                    last_at: Timestamp(row.get(4)?),
                    delivered: Some(Seq(from_sql(row.get(6)?))),
                    peer_delivered: peer.map(|(delivered, _)| delivered),
                    peer_read: peer.map(|(_, read)| read),
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
}

/// Messages of others after the read mark: counted in the log, so the count cannot drift.
pub(super) fn unread(
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
