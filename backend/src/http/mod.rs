//! HTTP: the app itself, the upgrade, and `/api/v1`, which joins the sockets' road at *command*.

mod accounts;
mod address;
mod assets;
mod caller;
mod conversations;
mod frames;
mod problem;
mod security;
mod stream;
mod sync;
mod upgrade;

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{any, delete, get, post},
};
use shared::limits::MAX_FRAME_BYTES;

use crate::gateway::Gateway;

use self::{problem::Problem, security::Guard};

/// What every handler shares.
pub struct Site {
    /// The edge, with all behind it.
    pub gateway: Arc<Gateway>,
    /// An origin that pages may come from besides the address they ask, such as the public URL's.
    pub public_origin: Option<String>,
    /// Proxies that are believed about who asks.
    pub trusted_proxies: Vec<IpAddr>,
    /// A demo for this machine alone: it answers to names of this machine and to addresses, for any
    /// page's own name could be made to lead here.
    pub is_local_demo: bool,
}

type Shared = axum::extract::State<Arc<Site>>;

/// Every address the server answers.
pub fn router(site: Arc<Site>) -> Router {
    let api = Router::new()
        .route("/server", get(accounts::server))
        .route("/accounts", post(accounts::sign_up))
        .route("/sessions", post(accounts::sign_in))
        .route("/sessions/current", delete(accounts::sign_out))
        .route("/tickets", post(accounts::ticket))
        .route("/conversations", get(conversations::list))
        .route("/conversations/{id}/events", get(conversations::events))
        .route("/conversations/{id}/messages", post(conversations::send))
        .route("/frames", post(frames::frames))
        .route("/sync", post(sync::sync))
        .route("/events", get(stream::events))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::wrong_method());
    Router::new()
        .nest("/api/v1", api)
        .nest_service("/api", any(async || Problem::not_found()))
        .route("/healthz", get(async || "ok\n"))
        .route("/ws", get(upgrade::upgrade))
        .route("/", get(upgrade::upgrade_or_app))
        .fallback(assets::serve)
        .layer(middleware::from_fn_with_state(
            Arc::new(Guard::new(Arc::clone(&site))),
            security::guard,
        ))
        .layer(DefaultBodyLimit::max(MAX_FRAME_BYTES))
        .with_state(site)
}
