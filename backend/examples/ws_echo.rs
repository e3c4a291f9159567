//! The product's socket as an echo server, for conformance suites:
//! `cargo run -p backend --features conformance --example ws_echo -- --listen 127.0.0.1:9001`

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;

#[derive(Parser)]
struct CommandLine {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    let CommandLine { listen } = CommandLine::parse();
    println!("Echoing at ws://{listen}");
    match backend::conformance::serve(listen).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ws_echo: {error}");
            ExitCode::FAILURE
        }
    }
}
