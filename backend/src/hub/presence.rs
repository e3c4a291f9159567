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
    /// What the others were told last.
    told: Presence,
    /// Stands in the queue of those about whom there is something to tell.
    is_queued: bool,
}

impl Attendance {
    pub(super) fn of(user: User) -> Self {
        Self {
            user,
            connections: BTreeMap::new(),
            left_at: None,
            told: Presence::Offline,
            is_queued: false,
        }
    }

    pub(super) fn user(&self) -> &User {
        &self.user
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = ConnectionId> {
        self.connections.keys().copied()
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

    /// Ends the grace of somebody who left long enough ago.
    pub(super) fn let_go(&mut self, now: Instant) {
        let is_over = |left| now.saturating_duration_since(left) >= GRACE;
        if self.connections.is_empty() && self.left_at.is_some_and(is_over) {
            self.left_at = None;
        }
    }

    /// Whether there is something new to tell of this person, who does not stand in the queue yet;
    /// then they do.
    pub(super) fn enqueue(&mut self) -> bool {
        let is_new = !self.is_queued && self.shown() != self.told;
        self.is_queued |= is_new;
        is_new
    }

    /// What is to be told, from what was told to what holds now; nothing where it is the same again.
    pub(super) fn dequeue(&mut self) -> Option<(Presence, Presence)> {
        self.is_queued = false;
        let (before, now) = (self.told, self.shown());
        self.told = now;
        (before != now).then_some((before, now))
    }

    /// Whether nothing is left to know of this person.
    pub(super) fn is_over(&self) -> bool {
        !self.is_queued && self.shown() == Presence::Offline && self.told == Presence::Offline
    }
}

/// Leaving is told only after this long. Source: a reload takes less.
pub(super) const GRACE: Duration = Duration::from_secs(5);
