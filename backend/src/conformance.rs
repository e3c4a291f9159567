//! An echo server on the product's own socket, for suites that test a WebSocket implementation.
//!
//! The way in, the limits and what an error closes with are the server's: [`crate::server`] accepts,
//! [`socket::accept`] upgrades, [`Closed`] says why. Behind the feature `conformance`, and in no
//! binary that is shipped.

use std::net::{SocketAddr, TcpListener};

use axum::{Router, extract::Request, routing::any};
use axum_server::Handle;
use tokio_util::task::TaskTracker;
use tungstenite::Message;

use crate::{
    gateway::{
        Closed,
        socket::{self, Socket},
    },
    server,
};

/// Gives every text and binary frame back, until the process ends.
///
/// # Errors
/// What the system said to the address.
pub async fn serve(listen: SocketAddr) -> Result<(), std::io::Error> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let tasks = TaskTracker::new();
    let upgrade = async move |request: Request| socket::accept(request, &tasks, run);
    let app = Router::new().fallback(any(upgrade));
    server::accept(listener, app, Handle::new())?.await;
    Ok(())
}

async fn run(mut socket: Socket) {
    let closed = echo(&mut socket).await;
    socket.close(closed).await;
}

async fn echo(socket: &mut Socket) -> Closed {
    loop {
        let echoed = match socket.receive_any().await {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => socket.send_any(message).await,
            Ok(_) => Ok(()),
            Err(closed) => return closed,
        };
        if let Err(closed) = echoed {
            return closed;
        }
    }
}
