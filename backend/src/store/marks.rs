//! How far each member's devices have taken a log, and how far its person has read it.
//!
//! Marks only grow, never pass the end of the log, and who has read has it delivered.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use shared::{
    ConversationId, Seq, UserId,
    event::Position,
    frame::{Marks, ReadMark},
};

use super::{
    Store, StoreError,
    conversations::{Head, head_of},
    from_sql,
    members::Unread,
    to_sql,
};
use crate::sabotage::{self, Defect};

/// A member's marks after one was to be moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marked {
    /// Both marks.
    pub marks: Marks,
    /// Whether one of them moved.
    pub has_moved: bool,
}

impl Store {
    /// Notes that the user saw everything up to `seq`. Gives the marks as they stand and what is left
    /// unread, or nothing to somebody who does not belong there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_read(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Option<(Marked, ReadMark)>, StoreError> {
        self.write(move |db| {
            let Some((head, marked)) = raise(db, user, conversation, seq, seq)? else {
                return Ok(None);
            };
            let read = marked.marks.read;
            let mark = ReadMark {
                conversation,
                seq: read,
                unread: Unread::of(db)?.count(head.row, user, read, head.seq)?,
                head: Some(head.seq),
            };
            Ok(Some((marked, mark)))
        })
        .await
    }

    /// Notes that the user's devices have everything up to each of these places. Gives the marks that
    /// moved; a place where the user does not belong is left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_delivered(
        &self,
        user: UserId,
        places: Vec<Position>,
    ) -> Result<Vec<Marks>, StoreError> {
        self.write(move |db| {
            let mut moved = Vec::new();
            for place in &places {
                let raised = raise(db, user, place.conversation, place.seq, Seq::NONE)?;
                moved.extend(
                    raised
                        .filter(|(_, one)| one.has_moved)
                        .map(|(_, one)| one.marks),
                );
            }
            Ok(moved)
        })
        .await
    }
}

/// Delivered and read marks of members.
pub(super) struct AllMarks<'c>(CachedStatement<'c>);

impl<'c> AllMarks<'c> {
    pub(super) fn of(db: &'c Connection) -> Result<Self, rusqlite::Error> {
        db.prepare_cached(
            "SELECT delivered_seq, read_seq FROM members
             WHERE user_id = ?1 AND conversation_id = ?2",
        )
        .map(Self)
    }

    /// Of one member; none of somebody who does not belong there.
    pub(super) fn of_member(
        &mut self,
        conversation: i64,
        user: UserId,
    ) -> Result<Option<(Seq, Seq)>, rusqlite::Error> {
        let marks = self.0.query_row([to_sql(user.0), conversation], |row| {
            Ok((Seq(from_sql(row.get(0)?)), Seq(from_sql(row.get(1)?))))
        });
        marks.optional()
    }
}

/// Moves both marks up to these places, the read mark's no further than the other's.
fn raise(
    db: &Connection,
    user: UserId,
    conversation: ConversationId,
    delivered: Seq,
    read: Seq,
) -> Result<Option<(Head, Marked)>, rusqlite::Error> {
    let Some(head) = head_of(db, conversation)? else {
        return Ok(None);
    };
    let Some(before) = AllMarks::of(db)?.of_member(head.row, user)? else {
        return Ok(None);
    };
    let read = match read {
        told if sabotage::is(Defect::LowersMarks) => told.min(head.seq),
        told if told > Seq::NONE && sabotage::is(Defect::MarksTheHead) => head.seq,
        told => before.1.max(told.min(head.seq)),
    };
    let delivered = before.0.max(delivered.min(head.seq)).max(read);
    let has_moved = before != (delivered, read);
    if has_moved && !sabotage::is(Defect::ForgetsMarks) {
        db.prepare_cached(
            "UPDATE members SET delivered_seq = ?3, read_seq = ?4
             WHERE user_id = ?1 AND conversation_id = ?2",
        )?
        .execute(params![
            to_sql(user.0),
            head.row,
            to_sql(delivered.0),
            to_sql(read.0)
        ])?;
    }
    let marks = Marks {
        conversation,
        user,
        delivered,
        read,
    };
    Ok(Some((head, Marked { marks, has_moved })))
}
