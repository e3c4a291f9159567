//! The `pond` binary: reads the settings, runs the server, stops it on a signal.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
};

use backend::{
    config::{self, CommandLine, Config},
    server::Server,
};
use mimalloc::MiMalloc;
use tokio::signal;

/// What one thread has done with serves the next, and goes back to the system in the end.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let config = match CommandLine::read().config() {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    let filter = match config::log_filter(env::var_os("POND_LOG")) {
        Ok(filter) => filter,
        Err(error) => return fail(&error, 2),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none())
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
    say_where(server.address());
    wait_for_a_signal().await;
    say("Stopping");
    server.stop().await;
    ExitCode::SUCCESS
}

/// Prints an address that opens on this machine: nothing can be opened at "all addresses".
fn say_where(address: SocketAddr) {
    let home = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        one => one,
    };
    let home = SocketAddr::new(home, address.port());
    say(&format!("Pond is at http://{home}"));
    if home.ip() != address.ip() {
        say("It listens on all addresses of this machine");
    }
}

/// Whether or not somebody listens still: whoever started the server may be gone.
fn say(line: &str) {
    _ = writeln!(io::stdout(), "{line}");
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
