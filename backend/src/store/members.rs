//! Who belongs where, how their conversations stand, and what is unread in them.

use rusqlite::{CachedStatement, Connection, params};
use shared::{ConversationId, Seq, Timestamp, UserId, event::Position, frame::ConversationSummary};

use super::{Store, StoreError, from_sql, marks::AllMarks, to_sql};

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
        self.read(move |db| summary(db, user, limit)).await
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

fn summary(
    db: &Connection,
    user: UserId,
    limit: u32,
) -> Result<Vec<ConversationSummary>, rusqlite::Error> {
    let mut read = db.prepare_cached(
        "SELECT c.key, c.title, c.last_seq, m.read_seq, c.last_at, c.id, m.delivered_seq
         FROM members m CROSS JOIN conversations c ON c.id = m.conversation_id
         WHERE m.user_id = ?1 ORDER BY c.last_at DESC, c.id LIMIT ?2",
    )?;
    // Each is looked up once for all conversations, of which there may be hundreds.
    let (mut marks, mut unread) = (AllMarks::of(db)?, Unread::of(db)?);
    let mut rows = read.query(params![to_sql(user.0), limit])?;
    let mut conversations = Vec::new();
    while let Some(row) = rows.next()? {
        let id = id_of(row, 0)?;
        let (head, seq) = (Seq(from_sql(row.get(2)?)), Seq(from_sql(row.get(3)?)));
        let conversation = row.get(5)?;
        let peer = match id.peer_of(user) {
            Some(peer) => marks.of_member(conversation, peer)?,
            None => None,
        };
        conversations.push(ConversationSummary {
            id,
            title: row.get(1)?,
            head,
            read: seq,
            unread: unread.count(conversation, user, seq, head)?,
            last_at: Timestamp(row.get(4)?),
            delivered: Some(Seq(from_sql(row.get(6)?))),
            peer_delivered: peer.map(|(delivered, _)| delivered),
            peer_read: peer.map(|(_, read)| read),
        });
    }
    Ok(conversations)
}

/// Messages of others after the read mark: counted in the log, so the count cannot drift.
pub(super) struct Unread<'c>(CachedStatement<'c>);

impl<'c> Unread<'c> {
    pub(super) fn of(db: &'c Connection) -> Result<Self, rusqlite::Error> {
        db.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM events
             WHERE conversation_id = ?1 AND seq > ?2 AND sender_id <> ?3 AND kind = 0 LIMIT ?4)",
        )
        .map(Self)
    }

    /// In this conversation, of which this user read up to `read`.
    pub(super) fn count(
        &mut self,
        conversation: i64,
        user: UserId,
        read: Seq,
        head: Seq,
    ) -> Result<u64, rusqlite::Error> {
        if read >= head {
            return Ok(0);
        }
        let count = self.0.query_row(
            params![
                conversation,
                to_sql(read.0),
                to_sql(user.0),
                MAX_UNREAD_COUNTED
            ],
            |row| row.get(0),
        );
        count.map(from_sql)
    }
}

fn id_of(row: &rusqlite::Row<'_>, column: usize) -> Result<ConversationId, rusqlite::Error> {
    let key: String = row.get(column)?;
    key.parse().map_err(|error: shared::ids::BadId| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

/// Counting ends here. Source: a badge says 99+ long before, and the count stays cheap.
const MAX_UNREAD_COUNTED: u32 = 1000;
