//! The server with the defect that `POND_SABOTAGE` names. For `cargo xtask torture` alone.

use backend::{config::CommandLine, server::Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = CommandLine::read().config()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = Server::start(config)?;
        println!("Pond is at http://{}", server.address());
        // It is killed; nobody waits for its end.
        std::future::pending::<Result<(), Box<dyn std::error::Error>>>().await
    })
}
