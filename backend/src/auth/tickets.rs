//! Tickets: let a client that cannot send headers open a socket, once, within half a minute.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use shared::limits::TICKET_LIFE;

use super::{AuthError, Session};
use crate::store::TokenHash;

/// Those that were issued and not used.
#[derive(Default)]
pub(super) struct Tickets {
    out: Mutex<HashMap<String, (Session, Instant)>>,
}

impl Tickets {
    pub(super) fn issue(&self, session: &Session) -> Result<String, AuthError> {
        let mut out = self.out();
        if out.len() >= MAX_OUT {
            drop_expired(&mut out);
        }
        if out.len() >= MAX_OUT {
            return Err(AuthError::Unavailable);
        }
        let ticket = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        out.insert(
            ticket.clone(),
            (session.clone(), Instant::now() + TICKET_LIFE),
        );
        Ok(ticket)
    }

    pub(super) fn redeem(&self, ticket: &str) -> Option<Session> {
        let (session, until) = self.out().remove(ticket)?;
        (Instant::now() < until).then_some(session)
    }

    pub(super) fn revoke(&self, token: TokenHash) {
        self.out()
            .retain(|_, (session, _)| session.token != Some(token));
    }

    pub(super) fn tidy(&self) {
        drop_expired(&mut self.out());
    }

    fn out(&self) -> MutexGuard<'_, HashMap<String, (Session, Instant)>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_expired(out: &mut HashMap<String, (Session, Instant)>) {
    let now = Instant::now();
    out.retain(|_, (_, until)| now < *until);
}

/// Tickets that may be out at once. Source: a whole community that reconnects, some megabytes.
const MAX_OUT: usize = 20_000;
