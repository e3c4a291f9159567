//! Where everything stands for one person.

use shared::{
    event::Position,
    frame::{ConversationSummary, User},
    limits::MAX_SUMMARY_CONVERSATIONS,
};

use super::{Commands, Refusal};
use crate::auth::Session;

impl Commands {
    /// The caller's conversations, the most recent first, and the people of the private ones.
    ///
    /// # Errors
    /// [`Refusal::TooFast`], or [`Refusal::Unavailable`] if the store fails.
    pub async fn summary(
        &self,
        caller: &Session,
    ) -> Result<(Vec<ConversationSummary>, Vec<User>), Refusal> {
        self.wait_for_turn(caller.user.id).await?;
        let conversations = self
            .store
            .summary(caller.user.id, MAX_SUMMARY_CONVERSATIONS)
            .await?;
        let peers = conversations
            .iter()
            .filter_map(|one| one.id.peer_of(caller.user.id))
            .collect();
        let peers = self.store.users(peers).await?;
        Ok((conversations, peers))
    }

    /// The newest `seq` of the caller's conversations, the most recent first.
    ///
    /// # Errors
    /// [`Refusal::TooFast`], or [`Refusal::Unavailable`] if the store fails.
    pub async fn heads(&self, caller: &Session) -> Result<Vec<Position>, Refusal> {
        self.wait_for_turn(caller.user.id).await?;
        Ok(self
            .store
            .heads(caller.user.id, MAX_SUMMARY_CONVERSATIONS)
            .await?)
    }
}
