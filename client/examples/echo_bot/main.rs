//! A bot that gives back what is said to it privately, over restarts of the server and of itself.
//!
//! ```text
//! cargo run -p client --example echo_bot -- ws://127.0.0.1:8080/ws Echo
//! ```
//! signs in to a demo by a nickname; for a server with accounts, put a session's token into
//! `POND_TOKEN` and leave the nickname out. With `--protobuf` its frames are in Protobuf. Read next:
//! `bot.rs`, which is the whole of it.

mod bot;

use std::process::ExitCode;

use shared::Encoding;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (options, arguments): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let encoding = match &options[..] {
        [] => Some(Encoding::Json),
        [option] if option == "--protobuf" => Some(Encoding::Protobuf),
        _ => None,
    };
    let mut arguments = arguments.into_iter();
    let token = std::env::var("POND_TOKEN").ok();
    let (Some(encoding), Some(address), Some(token)) = (
        encoding,
        arguments.next(),
        token.or_else(|| arguments.next()),
    ) else {
        eprintln!(
            "Usage: echo_bot [--protobuf] ws://HOST:PORT/ws NICKNAME, or with a token in POND_TOKEN"
        );
        return ExitCode::from(2);
    };
    bot::run(&address, &token, encoding).await;
    eprintln!("The server does not take this nickname or token");
    ExitCode::FAILURE
}
