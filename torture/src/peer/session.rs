//! A peer's session on the transports without a socket: the token that its requests carry.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::http::Http;

/// Shared by all connections of one peer, also those that come after each other.
#[derive(Clone, Default)]
pub(super) struct Session {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    token: Option<String>,
    /// In a row.
    refusals: u8,
}

impl Session {
    /// Its token; signs in where there is none.
    pub(super) async fn token(&self, address: SocketAddr, name: &str) -> Option<String> {
        if let Some(token) = self.inner().token.clone() {
            return Some(token);
        }
        let token = Http::sign_in(address, name).await?;
        self.inner().token = Some(token.clone());
        Some(token)
    }

    /// A request was taken.
    pub(super) fn taken(&self) {
        self.inner().refusals = 0;
    }

    /// The server does not know it. A server that came back from a backup never will; one that is
    /// slow to store may yet.
    pub(super) fn refused(&self) {
        let mut inner = self.inner();
        inner.refusals += 1;
        if inner.refusals >= ENOUGH {
            *inner = Inner::default();
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ENOUGH: u8 = 2;
