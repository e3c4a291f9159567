//! Who belongs where, how their conversations stand, and what is unread in them.

use rusqlite::{CachedStatement, Connection, params};
use shared::{
    ConversationId, Seq, Timestamp, UserId, event::Position, frame::ConversationSummary,
    limits::MAX_UNREAD_COUNTED,
};

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
pub(super) struct Unread<'c> {
    others: CachedStatement<'c>,
    own: CachedStatement<'c>,
}

impl<'c> Unread<'c> {
    pub(super) fn of(db: &'c Connection) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            others: db.prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM events
                 WHERE conversation_id = ?1 AND seq > ?2 AND sender_id <> ?3 LIMIT ?4)",
            )?,
            own: db.prepare_cached(
                "SELECT count(*), count(*) FILTER (WHERE seq > ?2) FROM (SELECT seq FROM events
                 WHERE conversation_id = ?1 AND sender_id = ?3 LIMIT ?4)",
            )?,
        })
    }

    /// In this conversation, of which this user read up to `read`.
    pub(super) fn count(
        &mut self,
        conversation: i64,
        user: UserId,
        read: Seq,
        head: Seq,
    ) -> Result<u64, rusqlite::Error> {
        // Every event is a message, and their numbers have no holes.
        let after = head.0.saturating_sub(read.0);
        if after == 0 {
            return Ok(0);
        }
        let place = |most: u64| [conversation, to_sql(read.0), to_sql(user.0), to_sql(most)];
        if after > FEW {
            // Who has much to read has mostly written little: then the rest is arithmetic.
            let (own, own_after) = self.own.query_row(place(MAX_OWN_COUNTED), |row| {
                Ok((from_sql(row.get(0)?), from_sql(row.get(1)?)))
            })?;
            if own < MAX_OWN_COUNTED {
                return Ok((after - own_after).min(MAX_UNREAD_COUNTED));
            }
        }
        let others = self
            .others
            .query_row(place(MAX_UNREAD_COUNTED), |row| row.get(0));
        others.map(from_sql)
    }
}

fn id_of(row: &rusqlite::Row<'_>, column: usize) -> Result<ConversationId, rusqlite::Error> {
    let key: String = row.get(column)?;
    key.parse().map_err(|error: shared::ids::BadId| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

/// A person's own messages of a conversation are counted up to here. They lie side by side in an index,
/// so this costs as much as a few tens of whole messages.
const MAX_OWN_COUNTED: u64 = 200;
/// So many messages are counted one by one.
const FEW: u64 = 32;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared::{ConversationId, MsgId, Seq, Timestamp, UserId};
    use tempfile::TempDir;

    use super::super::{Append, Appended, Store, World, probe::in_one_batch};

    const EVERYONE: ConversationId = ConversationId::EVERYONE;
    const ANA: UserId = UserId(1);
    const BO: UserId = UserId(2);

    #[tokio::test]
    async fn unread_is_what_others_said_after_the_mark_however_it_is_counted() {
        let folder = TempDir::new().unwrap();
        let store = Store::open(folder.path(), World::Demo, None).unwrap();
        for name in ["Ana", "Bo"] {
            store
                .create_user(name.into(), None, Timestamp(0))
                .await
                .unwrap();
        }
        // Bo says every seventh message, so 200 of his own are passed on the way; Ana the others.
        let sender = |number: u64| if number.is_multiple_of(7) { BO } else { ANA };
        let mut said_by = BTreeMap::new();
        let mut head = 0;
        for until in [20, 33, 100, 900, 1399, 1600, 2400] {
            let sends = (head + 1..=until).map(|number| {
                let message = Append {
                    conversation: EVERYONE,
                    peer_name: None,
                    sender: sender(number),
                    msg_id: MsgId::parse(&format!("m{number}")).unwrap(),
                    content: "hi".into(),
                    now: Timestamp(0),
                };
                store.append(message, |_| {})
            });
            // Which of those that are sent at once is stored first, is not said.
            for one in in_one_batch(&store, || (), sends).await {
                let Ok(Appended::Stored(message)) = one else {
                    panic!("{one:?}");
                };
                said_by.insert(message.seq.0, message.from);
            }
            head = until;
            for (me, marks) in [(ANA, &[0][..]), (BO, &[0, 7, head / 2, head - 1, head])] {
                for read in marks {
                    let (marked, mark) = store
                        .mark_read(me, EVERYONE, Seq(*read))
                        .await
                        .unwrap()
                        .unwrap();
                    let after = marked.marks.read.0 + 1..=head;
                    let others = after.filter(|seq| said_by[seq] != me).count();
                    assert_eq!(
                        mark.unread,
                        others.min(1000) as u64,
                        "{me:?} {read} of {head}"
                    );
                }
            }
        }
    }
}
