//! What the server does, seen from outside: a real server on port 0, real sockets, real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]
#![allow(
    clippy::items_after_statements,
    clippy::format_push_string,
    reason = "a test reads from top to bottom"
)]

mod accounts;
mod backup;
mod command_line;
mod conversations;
mod crash;
mod echo_bot;
mod http_api;
mod http_transports;
mod ladder;
mod limits;
mod marks;
mod pipeline;
mod presence;
mod protobuf;
mod raw_sockets;
mod sabotage;
mod site;
mod start_up;
mod support;
mod tutorial;
mod who_imports_whom;
