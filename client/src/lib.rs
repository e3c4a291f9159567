//! A Pond client without I/O: give it what happened, do what it asks, show what it holds.
//!
//! Owns the cursors, the outbox, the timelines and the connection's state machine, for the browser,
//! for bots, for load generators and for tests. Knows no socket, no clock, no screen: time comes in
//! with each call and frames go out through [`Client::next_effect`].
//!
//! # The loop
//!
//! 1. [`Client::start`], once.
//! 2. Take [`Client::next_effect`] until there is none, and do what it says: [`Effect::Connect`] opens
//!    a socket and ends in [`Client::opened`] or [`Client::closed`]; [`Effect::Transmit`] writes
//!    [`shared::ClientFrame::encode`] to it; [`Effect::Disconnect`] drops it.
//! 3. Take [`Client::next_change`] until there is none, and look at what is different.
//! 4. Wait for whatever comes first. A text from the socket: [`shared::ServerFrame::decode`] and
//!    [`Client::received`]. Its end: [`Client::closed`], with [`Closed::SignedOut`] for the close code
//!    4401. A second gone by: [`Client::tick`]. Somebody writes: [`Client::send`], with a `msgId` that
//!    is random, or made of what the message answers. Then from 2 again.
//!
//! Where a network may let no WebSocket through, [`Client::allow_fallbacks`], and three more effects:
//! [`Effect::Connect`] names a [`Transport`] (a stream's frames come in by [`Client::received`], too; what is
//! transmitted is posted, in order, and the answers are received); [`Effect::Poll`] asks for news and ends in
//! [`Client::polled`]; [`Effect::Probe`] tries a WebSocket beside and ends in [`Client::probed`]. A stream
//! without its signs of life ends in [`Client::closed`] with [`Closed::Silent`]. `frontend/wire.js` and
//! `torture/src/peer` are two owners that do all of it.
//!
//! It connects again by itself, pulls what it missed, and sends again what was not acknowledged; to
//! survive a restart of its own process, an owner keeps [`Client::outgoing`] on disk. `open` a
//! conversation to hold its log (of others the newest 500 events are kept), `mark_read` what was dealt
//! with. `examples/echo_bot` is all of this in some 200 lines.
//!
//! ```
//! # use client::{Client, Effect, Moment, Transport};
//! # use shared::{frame::User, UserId};
//! let me = User { id: UserId(1), name: "Ana".into() };
//! let mut client = Client::new(me, None, 7);
//! client.start(Moment::ZERO);
//! assert_eq!(client.next_effect(), Some(Effect::Connect(Transport::WebSocket)));
//! ```
//! Read next: [`Client`], then [`Timeline`], whose one rule is what the whole product stands on.

mod conversation;
mod effect;
mod engine;
mod ladder;
mod link;
pub mod order;
mod outbox;
pub mod sabotage;
mod sorted_map;
mod timeline;
mod turn;

pub use conversation::{Conversation, Restored};
pub use effect::{Change, Effect};
pub use engine::{Client, HELD};
pub use ladder::Transport;
pub use link::{Closed, Link, backoff};
pub use outbox::{Delivery, Outgoing};
pub use sorted_map::SortedMap;
pub use timeline::{Diverged, Taken, Timeline};

use std::time::Duration;

/// A reading of a clock that never goes back, as the time since some fixed start.
pub type Moment = Duration;
