//! A peer's session on the transports without a socket: the token that its requests carry.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::http::Http;

/// Shared by all connections of one peer, also those that come after each other.
#[derive(Clone, Default)]
pub(super) struct Session {
    token: Arc<Mutex<Option<String>>>,
}

impl Session {
    /// Its token; signs in where there is none.
    pub(super) async fn token(&self, address: SocketAddr, name: &str) -> Option<String> {
        if let Some(token) = self.held().clone() {
            return Some(token);
        }
        let token = Http::sign_in(address, name).await?;
        *self.held() = Some(token.clone());
        Some(token)
    }

    /// The server does not know it: it is past its age, or made after the backup that came back.
    pub(super) fn end(&self) {
        *self.held() = None;
    }

    /// Whether it ended, or never began.
    pub(super) fn is_out(&self) -> bool {
        self.held().is_none()
    }

    fn held(&self) -> MutexGuard<'_, Option<String>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
