//! Noting how far a person's devices have a log, and how far the person read it.

use shared::{ConversationId, event::Position, frame::Marks};
use tracing::debug;

use super::{Commands, Refusal};
use crate::{auth::Session, bus::Event};

impl Commands {
    /// Moves the caller's read mark forward and tells all their devices; in a private conversation
    /// the other person's as well. A mark never goes back.
    ///
    /// # Errors
    /// [`Refusal::NotMember`], [`Refusal::TooFast`], or [`Refusal::Unavailable`] if the store fails.
    pub async fn mark_read(&self, caller: &Session, to: Position) -> Result<(), Refusal> {
        let user = caller.user.id;
        self.wait_for_turn(user).await?;
        let marked = self.store.mark_read(user, to.conversation, to.seq).await?;
        let (marked, mark) = marked.ok_or(Refusal::NotMember)?;
        self.bus.publish(Event::Read { user, mark }).await;
        if marked.has_moved {
            self.tell(marked.marks).await;
        }
        Ok(())
    }

    /// Moves the caller's delivered mark forward. A mark never goes back.
    ///
    /// # Errors
    /// [`Refusal::NotMember`], [`Refusal::TooFast`], or [`Refusal::Unavailable`] if the store fails.
    pub async fn mark_delivered(&self, caller: &Session, to: Position) -> Result<(), Refusal> {
        let user = caller.user.id;
        self.wait_for_turn(user).await?;
        self.require_member(user, to.conversation).await?;
        for marks in self.store.mark_delivered(user, vec![to]).await? {
            self.tell(marks).await;
        }
        Ok(())
    }

    /// Compares what one of the caller's devices holds with the logs, and notes that it is delivered.
    /// Gives the conversations of which the device holds what is not in the log, as after the restore
    /// of an older backup.
    ///
    /// # Errors
    /// [`Refusal::TooFast`], or [`Refusal::Unavailable`] if the store fails.
    pub async fn compare(
        &self,
        caller: &Session,
        cursors: Vec<Position>,
    ) -> Result<Vec<ConversationId>, Refusal> {
        if cursors.is_empty() {
            return Ok(Vec::new());
        }
        let user = caller.user.id;
        self.wait_for_turn(user).await?;
        let compared = self.store.compare(user, cursors).await?;
        if !compared.undelivered.is_empty() {
            match self.store.mark_delivered(user, compared.undelivered).await {
                Ok(moved) => {
                    for marks in moved {
                        self.tell(marks).await;
                    }
                }
                // On a full disk reading goes on; the next heartbeat brings the marks again.
                Err(error) => debug!(%error, "delivered marks were not kept"),
            }
        }
        Ok(compared.diverged)
    }

    /// Only of private conversations: in a room nobody watches the others' marks.
    async fn tell(&self, marks: Marks) {
        if let ConversationId::Direct(_) = marks.conversation {
            self.bus.publish(Event::Marks { marks }).await;
        }
    }
}
