//! Looking for people by name.

use shared::{
    frame::User,
    limits::{MAX_NAME_CHARS, MAX_PEOPLE},
};

use super::{Commands, Refusal};
use crate::auth::Session;

impl Commands {
    /// People whose name has `query` in it, in any case; with an empty one, everybody up to the limit.
    ///
    /// # Errors
    /// [`Refusal::TooFast`], or [`Refusal::Unavailable`] if the store fails.
    pub async fn find_users(&self, caller: &Session, query: &str) -> Result<Vec<User>, Refusal> {
        self.wait_for_turn(caller.user.id).await?;
        let query: String = query.chars().take(MAX_NAME_CHARS).collect();
        Ok(self.store.find_users(&query, MAX_PEOPLE).await?)
    }
}
