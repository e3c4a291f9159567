//! Judges a history: what each client of a chat wrote, was promised, was told, showed and held.
//!
//! Owns the rules of the delivery contract as something that can be false. Does no I/O and knows
//! neither sockets nor stores, so the same judge serves the simulated world and the real server.
//! Works in O(n log n) for n entries.
//!
//! ```
//! use histcheck::{Class, ClientId, Digest, Entry, History, Key, Person, Place, What, check};
//! let (place, key, digest) = (Place(1), Key(7), Digest(42));
//! let mut history = History::default();
//! history.clients.insert(ClientId(1), Person(1));
//! let mut at = 0;
//! let mut add = |what| {
//!     at += 1;
//!     let at = std::time::Duration::from_millis(at);
//!     history.entries.push(Entry { at, client: ClientId(1), what });
//! };
//! add(What::Invoked { place, key, digest });
//! add(What::Acked { place, key, seq: 1 });
//! add(What::Held { place, from: 1, events: vec![] });
//! assert!(check(&history).has(Class::Lost));
//! ```
//! Read next: [`What`], the vocabulary, then [`Class`], what can be wrong.

mod check;
mod ends;
mod history;
pub mod lines;
mod marks;
mod report;
mod walk;

pub use check::check;
pub use history::{ClientId, Digest, Entry, Event, History, Key, Members, Person, Place, What};
pub use report::{Class, Counts, Report, Violation};
