//! What holds at every moment, whatever goes wrong.

use client::{Client, Delivery};
use shared::{Event, UserId};

use super::{DEVICES, World, conversations, is_member};

impl World {
    /// Looks at the store, and at those whom the last step reached: nobody else can have changed, and
    /// the store only grows.
    ///
    /// # Panics
    /// If something does not hold. `written` is how many messages there are.
    pub(in crate::simulated) fn check_now(&self, written: usize) {
        let stored = conversations().map(|id| self.log(id).len());
        let stored: usize = stored.iter().sum();
        assert!(
            stored <= written,
            "{stored} are stored and {written} written"
        );
        for (at, peer) in self.peers.iter().enumerate() {
            if peer.is_touched {
                self.check_held(at, &peer.client);
                self.check_acknowledged(at, &peer.client);
                self.check_marks(at);
            }
        }
    }

    /// What a device holds is a piece of the log without a hole, and of what its person may see.
    fn check_held(&self, at: usize, client: &Client) {
        for conversation in client.conversations() {
            let (id, timeline) = (conversation.id, conversation.timeline());
            let (cursor, head) = (timeline.cursor(), self.servers.head(id));
            assert!(
                cursor <= head,
                "{at} holds {id} up to {cursor:?} of {head:?}"
            );
            let is_theirs = is_member(UserId(DEVICES[at]), id);
            assert!(
                is_theirs || timeline.events().len() == 0,
                "{at} holds {id}, which is not theirs"
            );
            let first = usize::try_from(timeline.floor().0).unwrap();
            for (held, stored) in timeline.events().zip(&self.log(id)[first..]) {
                assert!(
                    matches!(held, Event::MessageSent(message) if message == stored),
                    "{at} holds {held:?} in {id}, where {stored:?} is stored"
                );
            }
        }
    }

    /// What a device takes for acknowledged is in the store, where it was told.
    fn check_acknowledged(&self, at: usize, client: &Client) {
        for entry in client.outbox() {
            if let Delivery::Acked { seq } = entry.delivery {
                let log = self.log(entry.conversation);
                let stored = log.iter().find(|one| one.seq == seq);
                assert!(
                    stored.is_some_and(|one| one.msg_id == entry.msg_id),
                    "{at} had an answer to {entry:?}, where {stored:?} is stored"
                );
            }
        }
    }
}
