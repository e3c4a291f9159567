//! What the engine asks of its owner, and tells it.

use shared::{ClientFrame, ConversationId, http::Sync};

use crate::Transport;

/// What the owner is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Open this, and call [`crate::Client::opened`] or [`crate::Client::closed`]. A socket is open when it can be
    /// written to, a stream when its head is there; a long poll has nothing to open, so it is at once.
    /// A stream on which nothing came for [`shared::limits::STREAM_SILENCE`], not even a comment, is at
    /// its end ([`Closed::Silent`](crate::Closed::Silent)), and an answer 401 to any request is
    /// [`Closed::SignedOut`](crate::Closed::SignedOut).
    Connect(Transport),
    /// Drop it, with all that is on its way: nothing more of it may come to [`crate::Client::received`] or
    /// [`crate::Client::polled`]. [`crate::Client::closed`] need not be called for it.
    Disconnect,
    /// Write this frame to the socket. On the other transports, post it with those that wait, in
    /// their order and one request after the other, and give the answers to [`crate::Client::received`]; a
    /// request that fails is the end of the connection.
    Transmit(ClientFrame),
    /// Post this, and give the answer to [`crate::Client::polled`].
    Poll(Sync),
    /// Open a WebSocket beside the present connection, close it after its first frame, and call
    /// [`crate::Client::probed`]; nothing of it may come to [`crate::Client::received`].
    Probe,
}

/// What is different now, so that the owner redraws that alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// [`crate::Client::link`].
    Link,
    /// The list of conversations, their order, titles or unread counts.
    Conversations,
    /// People and their presence.
    People,
    /// The events of a conversation, the messages on their way to it, or the other person's marks.
    Timeline(ConversationId),
    /// Who is typing there.
    Typing(ConversationId),
    /// [`crate::Conversation::restored`].
    Restored(ConversationId),
}
