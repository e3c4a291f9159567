//! One person's presence: derived from their connections, with a grace for reloads.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use shared::frame::{Presence, User};

use crate::bus::ConnectionId;

/// A person who is here, or was a moment ago.
pub(super) struct Attendance {
    user: User,
    connections: BTreeMap<ConnectionId, Presence>,
    /// When the last connection went; a person who comes back soon was never gone.
    left_at: Option<Instant>,
}

impl Attendance {
    pub(super) fn of(user: User) -> Self {
        Self {
            user,
            connections: BTreeMap::new(),
            left_at: None,
        }
    }

    pub(super) fn user(&self) -> &User {
        &self.user
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = ConnectionId> {
        self.connections.keys().copied()
    }

    /// Whether others see this person as here.
    pub(super) fn is_listed(&self) -> bool {
        !self.connections.is_empty() || self.left_at.is_some()
    }

    /// What others see. Somebody within the grace is seen as they would be on return.
    pub(super) fn shown(&self) -> Presence {
        if self.connections.is_empty() {
            return if self.left_at.is_some() {
                Presence::Online
            } else {
                Presence::Offline
            };
        }
        self.connections.values().copied().min().unwrap_or_default()
    }

    pub(super) fn arrive(&mut self, connection: ConnectionId) {
        self.connections.insert(connection, Presence::Online);
        self.left_at = None;
    }

    pub(super) fn depart(&mut self, connection: ConnectionId, now: Instant) {
        self.connections.remove(&connection);
        if self.connections.is_empty() {
            self.left_at = Some(now);
        }
    }

    pub(super) fn set(&mut self, connection: ConnectionId, presence: Presence) {
        if let Some(mine) = self.connections.get_mut(&connection) {
            // A connection is here, whatever its client says.
            *mine = presence.min(Presence::Away);
        }
    }

    pub(super) fn is_gone(&self, now: Instant) -> bool {
        self.connections.is_empty()
            && self
                .left_at
                .is_none_or(|left| now.saturating_duration_since(left) >= GRACE)
    }
}

/// Leaving is told only after this long. Source: a reload takes less.
pub(super) const GRACE: Duration = Duration::from_secs(5);
