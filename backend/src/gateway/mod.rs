//! The gateway: the edge where sockets come in.
//!
//! Owns the upgrade, the greeting and the connection's task; turns frames into commands and what
//! came of them into frames. Stores nothing. Read next: [`connection`].

pub mod answers;
pub mod closed;
pub mod connection;
pub mod encoding;
pub mod greeting;
pub mod pending;
mod pipe;
pub mod socket;

use std::sync::Arc;

use axum::{extract::Request, response::Response};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument as _, debug, info_span};

use self::{connection::Connection, greeting::Claim, socket::Socket};
use crate::{
    auth::{Auth, UserLimits},
    bus::Bus,
    commands::Commands,
    hub::Hub,
    store::{Store, World},
};

pub use closed::Closed;

/// What a connection needs of the server.
pub struct Gateway {
    /// Who is who.
    pub auth: Auth,
    /// What can be asked.
    pub commands: Commands,
    /// Who is connected.
    pub hub: Arc<Hub>,
    /// Where sessions are.
    pub store: Arc<Store>,
    /// Of the server and the app in it.
    pub build: &'static str,
    /// Ends every connection.
    pub stop: CancellationToken,
    /// Knows every connection's task, so that the server can wait for them.
    pub tasks: TaskTracker,
}

impl Gateway {
    /// A node that nobody is connected to yet. It stores here and tells its bus of it; what its people
    /// are told comes by [`Hub::run`]. `is_limited` says whether it counts how much each does.
    pub fn new(store: Arc<Store>, world: World, bus: Bus, is_limited: bool) -> Self {
        Self {
            auth: Auth::new(world, is_limited),
            commands: Commands::new(Arc::clone(&store), bus, UserLimits::new(is_limited)),
            hub: Arc::default(),
            store,
            build: env!("POND_BUILD"),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Answers the request for an upgrade; the connection goes on in a task of its own.
    pub fn upgrade(self: &Arc<Self>, request: Request, claim: Claim) -> Response {
        let gateway = Arc::clone(self);
        socket::accept(request, &self.tasks, move |socket| {
            let span = info_span!("connection", user.id = tracing::field::Empty);
            gateway.run(socket, claim).instrument(span)
        })
    }

    async fn run(self: Arc<Self>, mut socket: Socket, claim: Claim) {
        // What passes is boxed, so that the long time after it takes no room for it.
        let greeting = greeting::complete(&self, &mut socket, claim, &self.stop);
        let closed = match Box::pin(greeting).await {
            Ok(session) => {
                tracing::Span::current().record("user.id", session.user.id.0);
                Connection::new(&self, socket, session)
                    .run(&self.stop)
                    .await
            }
            Err(closed) => {
                Box::pin(socket.close(closed)).await;
                closed
            }
        };
        debug!(?closed, "connection ended");
    }
}
