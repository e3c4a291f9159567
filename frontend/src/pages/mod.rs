//! The pages: what fills the window.

pub mod chat;
pub mod door;
pub mod unreachable;
