//! Appending to a log with the next `seq`: the one write that everything stands on.

use rusqlite::{Connection, OptionalExtension as _, params};
use shared::{Check, ConversationId, Message, MsgId, Seq, Timestamp, UserId};

use super::{
    Answered, Store, StoreError,
    accounts::is_called,
    checks::{check_from_sql, check_to_sql},
    conversations::{Head, NotBegun, begin_direct},
    from_sql, to_sql,
    transaction::Transaction,
};
use crate::sabotage::{self, Defect};

/// A message to be stored. Its text was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Append {
    /// Where.
    pub conversation: ConversationId,
    /// What the sender calls the other person of a private conversation, where that must be so: after the
    /// restore of a backup an id may be given again, to somebody else.
    pub peer_name: Option<String>,
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
    /// The other person of a private conversation does not exist, or is called otherwise.
    NoSuchUser,
}

/// A message that is there already, as it was stored the first time.
struct First {
    seq: Seq,
    sent_at: Timestamp,
    content: String,
    check: Check,
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
            let mut committed = Some(committed);
            let mut tell = move |appended: &Appended| {
                committed.take().into_iter().for_each(|tell| tell(appended));
            };
            return self
                .start_write(move |to| append(to, &message).inspect(&mut tell), |_| {})
                .await;
        }
        self.start_write(move |to| append(to, &message), committed)
            .await
    }

    /// As [`Store::start_append`]; answers after the commit.
    ///
    /// # Errors
    /// [`StoreError`], as there.
    pub async fn append(
        &self,
        message: Append,
        committed: impl FnOnce(&Appended) + Send + 'static,
    ) -> Result<Appended, StoreError> {
        self.start_append(message, committed).await?.await
    }
}

/// Appends in a transaction that is open.
pub(super) fn append(to: &mut Transaction<'_>, new: &Append) -> Result<Appended, rusqlite::Error> {
    if let (Some(peer), Some(name)) = (new.conversation.peer_of(new.sender), &new.peer_name)
        && !is_called(to.db(), peer, name)?
    {
        return Ok(Appended::NoSuchUser);
    }
    let is_misplaced = new.conversation.peer_of(new.sender).is_some()
        && sabotage::now_and_then(Defect::MisplacesPrivate);
    let conversation = if is_misplaced {
        ConversationId::EVERYONE
    } else {
        new.conversation
    };
    let head = match to.head(conversation)? {
        Some(head) => head,
        None => match begin_direct(to.db(), conversation, new.sender, new.now)? {
            Ok(head) => head,
            Err(NotBegun::NotMember) => return Ok(Appended::NotMember),
            Err(NotBegun::NoSuchUser) => return Ok(Appended::NoSuchUser),
        },
    };
    let Some(from_user) = name_of_member(to.db(), head.row, new.sender)? else {
        return Ok(Appended::NotMember);
    };
    let mut content = new.content.clone();
    if sabotage::now_and_then(Defect::Garbles) {
        content = content.replace(' ', "_");
    }
    let check = head.check.then(new.sender, &new.msg_id, &content);
    let next = Head {
        row: head.row,
        seq: if sabotage::now_and_then(Defect::SkipsNumbers) {
            head.seq.next().next()
        } else {
            head.seq.next()
        },
        // The clock may be set back; the times of a log are not.
        at: head.at.max(new.now),
        check,
    };
    let message = Message {
        msg_id: new.msg_id.clone(),
        content,
        conversation,
        seq: if sabotage::is(Defect::CountsInMemory) {
            Seq(sabotage::count(head.row, next.seq.0))
        } else {
            next.seq
        },
        from: new.sender,
        from_user,
        sent_at: next.at,
        check: Some(check),
    };
    if sabotage::looks_first() {
        let first = first(to.db(), head.row, &message)?;
        let age_ms = first
            .as_ref()
            .map_or(0, |first| new.now.0 - first.sent_at.0);
        let forgets = sabotage::forgets(message.msg_id.as_str(), age_ms);
        if let Some(first) = first.filter(|_| !forgets) {
            return Ok(repeated(first, message));
        }
    }
    if sabotage::now_and_then(Defect::AcksWithoutStoring) {
        return Ok(Appended::Stored(message));
    }
    // Nearly all messages come once, so nobody looks before: the unique index refuses the others.
    if insert(to.db(), head.row, &message, check)? {
        to.move_head(conversation, next);
        return Ok(Appended::Stored(message));
    }
    let first = first(to.db(), head.row, &message)?;
    let first = first.ok_or(rusqlite::Error::StatementChangedRows(0))?;
    Ok(repeated(first, message))
}

/// Writes the row; says no where the sender's `msgId` is there already.
fn insert(
    db: &Connection,
    conversation: i64,
    message: &Message,
    check: Check,
) -> Result<bool, rusqlite::Error> {
    let rows = db
        .prepare_cached(
            "INSERT INTO events
                 (conversation_id, seq, kind, sender_id, msg_id, sent_at, body, check_value)
             VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            conversation,
            to_sql(message.seq.0),
            to_sql(message.from.0),
            message.msg_id.as_str(),
            message.sent_at.0,
            message.content,
            check_to_sql(check)
        ])?;
    Ok(rows > 0)
}

/// The answer to a message that came again.
fn repeated(first: First, again: Message) -> Appended {
    if first.content != again.content {
        return Appended::MsgIdReused;
    }
    Appended::Repeated(Message {
        seq: first.seq,
        sent_at: first.sent_at,
        check: Some(first.check),
        ..again
    })
}

/// The name of somebody who belongs there.
fn name_of_member(
    db: &Connection,
    conversation: i64,
    user: UserId,
) -> Result<Option<String>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT u.name FROM members m CROSS JOIN users u ON u.id = m.user_id
         WHERE m.user_id = ?1 AND m.conversation_id = ?2",
    )?
    .query_row([to_sql(user.0), conversation], |row| row.get(0))
    .optional()
}

/// What its sender stored there under the same `msgId`.
fn first(
    db: &Connection,
    conversation: i64,
    message: &Message,
) -> Result<Option<First>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT seq, sent_at, body, check_value FROM events
         WHERE conversation_id = ?1 AND sender_id = ?2 AND msg_id = ?3",
    )?
    .query_row(
        params![
            conversation,
            to_sql(message.from.0),
            message.msg_id.as_str()
        ],
        |row| {
            Ok(First {
                seq: Seq(from_sql(row.get(0)?)),
                sent_at: Timestamp(row.get(1)?),
                content: row.get(2)?,
                check: check_from_sql(row.get(3)?),
            })
        },
    )
    .optional()
}
