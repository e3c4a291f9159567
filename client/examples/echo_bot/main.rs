//! A bot that gives back what is said to it privately, over restarts of the server and of itself.
//!
//! ```text
//! cargo run -p client --example echo_bot -- ws://127.0.0.1:8080/ws Echo
//! ```
//! signs in to a demo by a nickname; for a server with accounts, put a session's token into
//! `POND_TOKEN` and leave the nickname out. Read next: `bot.rs`, which is the whole of it.

mod bot;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let token = std::env::var("POND_TOKEN").ok();
    let (Some(address), Some(token)) = (arguments.next(), token.or_else(|| arguments.next()))
    else {
        eprintln!("Usage: echo_bot ws://HOST:PORT/ws NICKNAME, or with a token in POND_TOKEN");
        return ExitCode::from(2);
    };
    bot::run(&address, &token).await;
    eprintln!("The server does not take this nickname or token");
    ExitCode::FAILURE
}
