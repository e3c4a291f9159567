//! The Pond server. The folders are named after the road of a message:
//!
//! ```text
//! socket frame → decode  → command  → store → publish → deliver → encode → socket frame
//!                gateway   commands   store   bus       hub       gateway
//! ```
//! Imports point left: `shared ← store, bus ← auth ← commands, hub ← gateway, http ← server ← main`.
//! HTTP joins at *command*: there is one way to send a message. See `ARCHITECTURE.md`.

pub mod auth;
pub mod bus;
pub mod commands;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod gateway;
pub mod http;
pub mod hub;
mod sabotage;
pub mod server;
pub mod store;
