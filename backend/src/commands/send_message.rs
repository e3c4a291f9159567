//! Sending: the one road every message takes.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use shared::{ConversationId, Message, MsgId, name, text};

use super::{Commands, Refusal};
use crate::{
    auth::Session,
    bus::{ConnectionId, Event},
    store::{self, Answered, Append, Appended},
};

/// A message that somebody wants to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendMessage {
    /// To whom.
    pub to: Recipient,
    /// The sender's id for it.
    pub msg_id: MsgId,
    /// See [`text::check`].
    pub content: String,
    /// The connection it came by, if it was one.
    pub origin: Option<ConnectionId>,
}

/// Where a message goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recipient {
    /// A room, or a private conversation, by its id.
    Conversation(ConversationId),
    /// A person, by name.
    Named(String),
    /// A private conversation, and the name that the sender has for the other person.
    Private(ConversationId, String),
}

/// A message is on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ack {
    /// As it was stored, the first time.
    pub message: Message,
}

/// A message on its way to the disk; it goes on, whether this is awaited or dropped.
#[derive(Debug)]
pub struct Sending {
    answered: Answered<Appended>,
    conversation: ConversationId,
}

impl Future for Sending {
    type Output = Result<Ack, Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answered)
            .poll(context)
            .map(|appended| match appended? {
                Appended::Stored(message) | Appended::Repeated(message) => Ok(Ack { message }),
                Appended::MsgIdReused => Err(Refusal::MsgIdReused),
                Appended::NotMember => Err(Refusal::NotMember),
                Appended::NoSuchUser => Err(Refusal::NoSuchUser(self.conversation.to_string())),
            })
    }
}

impl Commands {
    /// Appends a message to a conversation the caller is a member of, and answers after the commit.
    /// A repeated `msg_id` returns the first result, so a client may send again after a lost ack.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn send_message(&self, caller: &Session, send: SendMessage) -> Result<Ack, Refusal> {
        self.start_sending(caller, send).await?.await
    }

    /// Hands a message to the store, behind those handed over before, and does not wait for the
    /// commit. Whoever starts the next one afterwards has them stored in this order.
    ///
    /// # Errors
    /// [`Refusal`], where it is known already.
    pub async fn start_sending(
        &self,
        caller: &Session,
        send: SendMessage,
    ) -> Result<Sending, Refusal> {
        text::check(&send.content)?;
        self.limits
            .check(caller.user.id)
            .map_err(Refusal::TooFast)?;
        let conversation = match send.to {
            Recipient::Conversation(id) => id,
            Recipient::Named(name) => self.direct_with(caller, &name).await?,
            Recipient::Private(id, name) => self.agreed(caller, id, &name).await?,
        };
        let append = Append {
            conversation,
            sender: caller.user.id,
            msg_id: send.msg_id,
            content: send.content,
            now: store::now(),
        };
        let (bus, origin) = (self.bus.clone(), send.origin);
        let committed = move |appended: &Appended| {
            // A repetition is not told again: whoever knows no `seq` would show it twice. If the first
            // time died between commit and publish, so did every connection, and who comes back pulls.
            if let Appended::Stored(message) = appended {
                bus.publish_committed(Event::MessageSent {
                    message: message.clone(),
                    origin,
                });
            }
        };
        let answered = self.store.start_append(append, committed).await?;
        Ok(Sending {
            answered,
            conversation,
        })
    }

    /// After the restore of a backup an id may be given again, to somebody else: where the sender says
    /// a name as well, a message goes to nobody but who has both.
    async fn agreed(
        &self,
        caller: &Session,
        conversation: ConversationId,
        name: &str,
    ) -> Result<ConversationId, Refusal> {
        let is_mine = conversation.peer_of(caller.user.id).is_some();
        if is_mine && !name.is_empty() && self.direct_with(caller, name).await? != conversation {
            return Err(Refusal::NoSuchUser(
                name.chars().take(LONGEST_NAME_SHOWN).collect(),
            ));
        }
        Ok(conversation)
    }

    async fn direct_with(&self, caller: &Session, text: &str) -> Result<ConversationId, Refusal> {
        let nobody = || Refusal::NoSuchUser(text.chars().take(LONGEST_NAME_SHOWN).collect());
        let name = name::parse(text).map_err(|_| nobody())?;
        let (peer, _) = self.store.user_by_name(&name).await?.ok_or_else(nobody)?;
        Ok(ConversationId::direct(caller.user.id, peer.id))
    }
}

/// Characters of a name that nobody has, repeated to whoever wrote it.
const LONGEST_NAME_SHOWN: usize = 64;
