//! Saying that a person is typing. Stored nowhere.

use shared::{ConversationId, frame::TypingBy};

use super::{Commands, Refusal};
use crate::{auth::Session, bus::Event};

impl Commands {
    /// Tells the others in a conversation that the caller is typing; not more often than people type.
    ///
    /// # Errors
    /// [`Refusal::NotMember`], or [`Refusal::Unavailable`] if the store fails.
    pub async fn typing(
        &self,
        caller: &Session,
        conversation: ConversationId,
    ) -> Result<(), Refusal> {
        if !self.limits.may_type(caller.user.id) {
            return Ok(());
        }
        self.require_member(caller.user.id, conversation).await?;
        let typing = TypingBy {
            conversation,
            user: caller.user.clone(),
        };
        self.bus.publish(Event::Typing { typing }).await;
        Ok(())
    }
}
