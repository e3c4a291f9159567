//! The `pond` binary: reads the settings, runs the server, stops it on a signal.

use std::process::ExitCode;

use backend::{
    config::{CommandLine, Config},
    server::Server,
};
use clap::Parser as _;
use tokio::signal;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let config = match CommandLine::parse().config() {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    let filter = EnvFilter::try_from_env("POND_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    runtime.block_on(run(config))
}

async fn run(config: Config) -> ExitCode {
    let server = match Server::start(config) {
        Ok(server) => server,
        Err(error) => return fail(&error, 1),
    };
    println!("Pond is at http://{}", server.address());
    wait_for_a_signal().await;
    println!("Stopping");
    server.stop().await;
    ExitCode::SUCCESS
}

async fn wait_for_a_signal() {
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn fail(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("pond: {error}");
    ExitCode::from(code)
}
