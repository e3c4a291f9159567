//! Sending: the one road every message takes.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use shared::{ConversationId, Message, MsgId, UserId, name, text};

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
    sender: UserId,
    peer_name: Option<String>,
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
                Appended::NoSuchUser => Err(match &self.peer_name {
                    Some(name) => nobody(name),
                    None => match self.conversation.peer_of(self.sender) {
                        Some(peer) => Refusal::WithNobody(self.conversation, peer),
                        None => Refusal::NotMember,
                    },
                }),
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
            .may_send(caller.user.id)
            .map_err(Refusal::TooFast)?;
        let (conversation, peer_name) = match send.to {
            Recipient::Conversation(id) => (id, None),
            Recipient::Named(name) => (self.direct_with(caller, &name).await?, None),
            Recipient::Private(id, name) if name.is_empty() => (id, None),
            Recipient::Private(id, name) => {
                let parsed = name::parse(&name).map_err(|_| nobody(&name))?;
                (id, Some(parsed))
            }
        };
        let append = Append {
            conversation,
            peer_name: peer_name.clone(),
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
            sender: caller.user.id,
            peer_name,
        })
    }

    async fn direct_with(&self, caller: &Session, text: &str) -> Result<ConversationId, Refusal> {
        let name = name::parse(text).map_err(|_| nobody(text))?;
        let found = self.store.user_by_name(&name).await?;
        let (peer, _) = found.ok_or_else(|| nobody(text))?;
        Ok(ConversationId::direct(caller.user.id, peer.id))
    }
}

fn nobody(called: &str) -> Refusal {
    Refusal::NoSuchUser(called.chars().take(LONGEST_NAME_SHOWN).collect())
}

/// Characters of a name that nobody has, repeated to whoever wrote it.
const LONGEST_NAME_SHOWN: usize = 64;
