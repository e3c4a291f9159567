//! Noting how far a person read.

use shared::event::Position;

use super::{Commands, Refusal};
use crate::{auth::Session, bus::Event};

impl Commands {
    /// Moves the caller's read mark forward and tells all their devices. A mark never goes back.
    ///
    /// # Errors
    /// [`Refusal::NotMember`], or [`Refusal::Unavailable`] if the store fails.
    pub async fn mark_read(&self, caller: &Session, to: Position) -> Result<(), Refusal> {
        let user = caller.user.id;
        let marked = self.store.mark_read(user, to.conversation, to.seq).await?;
        let mark = marked.ok_or(Refusal::NotMember)?;
        self.bus.publish(Event::Read { user, mark }).await;
        Ok(())
    }
}
