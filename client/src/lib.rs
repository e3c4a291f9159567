//! A Pond client without I/O: give it what happened, do what it asks, show what it holds.
//!
//! Owns the cursors, the outbox, the timelines and the connection's state machine, for the browser,
//! for bots, for load generators and for tests. Knows no socket, no clock, no screen: time comes in
//! with each call and frames go out through [`Client::next_effect`].
//!
//! ```
//! # use client::{Client, Effect, Moment};
//! # use shared::{frame::User, UserId};
//! let me = User { id: UserId(1), name: "Ana".into() };
//! let mut client = Client::new(me, None, 7);
//! client.start(Moment::ZERO);
//! assert_eq!(client.next_effect(), Some(Effect::Connect));
//! ```
//! Read next: [`Client`], then [`Timeline`], whose one rule is what the whole product stands on.

mod conversation;
mod engine;
mod link;
mod outbox;
pub mod sabotage;
mod sorted_map;
mod timeline;

pub use conversation::{Conversation, Restored};
pub use engine::{Change, Client, Effect};
pub use link::{Closed, Link, backoff};
pub use outbox::{Delivery, Outgoing};
pub use sorted_map::SortedMap;
pub use timeline::{Diverged, Taken, Timeline};

use std::time::Duration;

/// A reading of a clock that never goes back, as the time since some fixed start.
pub type Moment = Duration;
