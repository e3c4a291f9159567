//! The wire contract: what both ends must know and compute alike.
//!
//! Owns ids, `seq`, every frame and HTTP body, the limits and the rules for names and text. Does no
//! I/O and knows neither sockets nor storage, so it compiles for the browser as well.
//! Read next: [`frame`], the list of everything that crosses a socket; `docs/protocol.md` says the
//! same in prose.

pub mod check;
pub mod code;
mod encoding;
pub mod event;
pub mod frame;
pub mod http;
pub mod ids;
#[cfg(feature = "server")]
pub mod incoming;
pub mod limits;
pub mod name;
#[cfg(feature = "protobuf")]
pub mod protobuf;
pub mod read;
pub mod text;

pub use check::Check;
pub use code::Code;
pub use encoding::Encoding;
pub use event::{Event, Message};
pub use frame::{ClientFrame, DecodeError, ServerFrame};
pub use ids::{ConversationId, MsgId, RequestId, RoomId, Seq, Timestamp, UserId};
pub use read::Read;
