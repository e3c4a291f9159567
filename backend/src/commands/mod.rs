//! What a client may ask: parse, authorise, store, publish, answer. One file per command.
//!
//! Sockets and HTTP both end here, so there is one way to send a message. Knows no frame and no
//! connection but the id of the one a command came by.

mod find_users;
mod marks;
mod pull;
mod refusal;
mod send_message;
mod summary;
mod typing;

use std::sync::Arc;

use shared::{ConversationId, UserId};

use crate::{
    auth::UserLimits,
    bus::Bus,
    sabotage::{self, Defect},
    store::Store,
};

pub use refusal::Refusal;
pub use send_message::{Ack, Recipient, SendMessage, Sending};

/// Everything that can be asked.
pub struct Commands {
    store: Arc<Store>,
    bus: Bus,
    limits: UserLimits,
}

impl Commands {
    /// Commands on this store, told to this bus.
    pub fn new(store: Arc<Store>, bus: Bus, limits: UserLimits) -> Self {
        Self { store, bus, limits }
    }

    /// Forgets what no longer matters; called now and then.
    pub fn tidy(&self) {
        self.limits.tidy();
    }

    /// Lets a user have the store looked into, when it is their turn.
    async fn wait_for_turn(&self, user: UserId) -> Result<(), Refusal> {
        self.limits.may_look(user).await.map_err(Refusal::TooFast)
    }

    /// Lets only members on.
    async fn require_member(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<(), Refusal> {
        if sabotage::is(Defect::LetsEverybodyRead)
            || self.store.is_member(user, conversation).await?
        {
            Ok(())
        } else {
            Err(Refusal::NotMember)
        }
    }
}
