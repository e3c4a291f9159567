//! What the writes of one transaction share: the connection, and where the logs end that they append to.
//!
//! An end is read once and written once, however many messages a transaction has for a conversation.
//! Nothing of it outlives the transaction: the database is what is true.

use std::collections::HashMap;

use rusqlite::Connection;
use shared::ConversationId;

use super::conversations::{Head, head_of, write_head};

/// A transaction that is open.
pub(super) struct Transaction<'c> {
    db: &'c Connection,
    heads: HashMap<ConversationId, Held>,
    has_appended: bool,
}

struct Held {
    head: Head,
    has_moved: bool,
}

impl<'c> Transaction<'c> {
    pub(super) fn on(db: &'c Connection) -> Self {
        Self {
            db,
            heads: HashMap::new(),
            has_appended: false,
        }
    }

    /// The connection, for whatever neither reads nor writes where a log ends.
    pub(super) fn db(&self) -> &'c Connection {
        self.db
    }

    /// The connection, with all that was appended so far.
    pub(super) fn settled(&mut self) -> Result<&'c Connection, rusqlite::Error> {
        self.write_heads()?;
        // Whoever asks may write there.
        self.forget();
        Ok(self.db)
    }

    /// Where this log ends, if there is such a conversation.
    pub(super) fn head(
        &mut self,
        conversation: ConversationId,
    ) -> Result<Option<Head>, rusqlite::Error> {
        if let Some(held) = self.heads.get(&conversation) {
            return Ok(Some(held.head));
        }
        let found = head_of(self.db, conversation)?;
        if let Some(head) = found {
            let has_moved = false;
            self.heads.insert(conversation, Held { head, has_moved });
        }
        Ok(found)
    }

    /// Whether a log has grown.
    pub(super) fn has_appended(&self) -> bool {
        self.has_appended
    }

    /// This log ends here now.
    pub(super) fn move_head(&mut self, conversation: ConversationId, head: Head) {
        let has_moved = true;
        self.has_appended = true;
        self.heads.insert(conversation, Held { head, has_moved });
    }

    /// Writes where the logs end; to be called before the commit.
    pub(super) fn write_heads(&mut self) -> Result<(), rusqlite::Error> {
        for held in self.heads.values_mut().filter(|held| held.has_moved) {
            write_head(self.db, &held.head)?;
            held.has_moved = false;
        }
        Ok(())
    }

    /// What was read is not so any more, as after a rollback.
    pub(super) fn forget(&mut self) {
        self.heads.clear();
    }
}
