//! Reading a piece of a log.

use shared::{ConversationId, Seq, limits::PAGE_EVENTS};

use super::{Commands, Refusal};
use crate::{
    auth::Session,
    store::{Direction, Slice},
};

impl Commands {
    /// Reads what follows `after`, or what is newest below `before`, or what is newest.
    ///
    /// # Errors
    /// [`Refusal::NotMember`]; [`Refusal::WithNobody`] where a private conversation would be with nobody;
    /// [`Refusal::EmptyPage`]; [`Refusal::TooFast`]; or [`Refusal::Unavailable`] if the store fails.
    pub async fn pull(
        &self,
        caller: &Session,
        conversation: ConversationId,
        after: Option<Seq>,
        before: Option<Seq>,
        limit: Option<u32>,
    ) -> Result<Slice, Refusal> {
        self.wait_for_turn(caller.user.id).await?;
        self.require_member(caller.user.id, conversation).await?;
        let direction = match (after, before) {
            (Some(after), None) => Direction::After(after),
            (None, Some(before)) => Direction::Before(before),
            (None, None) => Direction::Newest,
            (Some(_), Some(_)) => {
                return Err(Refusal::WrongKind(
                    "A pull has either after or before, not both",
                ));
            }
        };
        let limit = limit.unwrap_or(PAGE_EVENTS);
        if limit == 0 {
            return Err(Refusal::EmptyPage);
        }
        let slice = self.store.slice(conversation, direction, limit).await?;
        if slice.head == Seq::NONE
            && let Some(peer) = conversation.peer_of(caller.user.id)
            && self.store.users(vec![peer]).await?.is_empty()
        {
            return Err(Refusal::WithNobody(conversation, peer));
        }
        Ok(slice)
    }
}
