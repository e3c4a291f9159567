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
    was_taken: bool,
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
        let mut inner = self.inner();
        (inner.was_taken, inner.refusals) = (true, 0);
    }

    /// The server does not know it. Where it did, it is past its age, or younger than the backup that came
    /// back; a broken server may only be slow to store a new one.
    pub(super) fn refused(&self) {
        let mut inner = self.inner();
        inner.refusals += 1;
        if inner.was_taken || inner.refusals >= ENOUGH {
            *inner = Inner::default();
        }
    }

    /// Whether it is over, or never began.
    pub(super) fn is_out(&self) -> bool {
        self.inner().token.is_none()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ENOUGH: u8 = 2;
