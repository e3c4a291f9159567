//! What of the list was read: what was on screen for a while, and what the person says they read.

use std::time::Duration;

use client::{Client, Conversation, Link};
use leptos::prelude::*;
use shared::Seq;

use super::{Position, Scroller};
use crate::{media::is_attended, net::clock};

impl Scroller {
    /// The person says that all is read.
    pub(in crate::components::message_list) fn mark_all_read(self) {
        let conversation = self.change(|held| {
            held.position.divider.clear();
            held.position.conversation
        });
        if let Some(conversation) = conversation {
            self.session
                .act(|client, _| client.mark_all_read(conversation));
            self.follow();
        }
    }

    /// The person looks here, or elsewhere.
    pub(in crate::components::message_list) fn attend(self) {
        self.change(|held| {
            let position = &mut held.position;
            if self.is_watched(position) {
                position.divider.look_back();
                position.note_divider();
            } else {
                self.look_away(position);
            }
        });
        self.look();
    }

    /// Whether a person looks at all that there is: what came while there was no connection they have
    /// not seen until it is here.
    pub(super) fn is_watched(self, position: &Position) -> bool {
        let is_here = |client: &Client| {
            let known = client.conversation(position.conversation);
            client.link() == Link::Connected && known.is_some_and(Conversation::is_current)
        };
        is_attended() && self.session.peek(is_here)
    }

    /// The person looks elsewhere; a list that is not open yet has nothing to look away from.
    pub(super) fn look_away(self, position: &mut Position) {
        if position.is_open() {
            let cursor = self.session.peek(|client| {
                client
                    .conversation(position.conversation)
                    .map_or(Seq::NONE, |conversation| conversation.timeline().cursor())
            });
            position.divider.look_away(cursor);
        }
    }

    /// Looks which messages were on screen long enough to be read.
    pub(super) fn look(self) {
        let now = clock::now();
        let read = self.change(|held| {
            let conversation = held.position.conversation;
            let is_skipped = self.session.peek(|client| {
                let known = client.conversation(conversation);
                known.is_some_and(|known| held.position.unread_above(known).is_some())
            });
            // A mark at what is on screen would say that what is new above it was read, too.
            let is_watched = held.position.is_open() && is_attended() && !is_skipped;
            let is_watched = is_watched && held.position.divider.is_watched();
            let newest = is_watched
                .then(|| held.position.newest_on_screen())
                .flatten();
            let read = held.dwell.look(now, newest);
            let mark = self.session.peek(|client| {
                let known = client.conversation(conversation);
                known.map_or(Seq::NONE, |known| known.read)
            });
            let waits = newest.is_some_and(|newest| newest > mark.max(read.unwrap_or(Seq::NONE)));
            if waits && !std::mem::replace(&mut held.is_look_planned, true) {
                let again = move || {
                    self.change(|held| held.is_look_planned = false);
                    self.look();
                };
                set_timeout(again, LOOK_AGAIN);
            }
            read.filter(|read| *read > mark)
                .map(|read| (conversation, read))
        });
        if let Some(Some((conversation, seq))) = read {
            self.session
                .act(|client, _| client.mark_read(conversation, seq));
        }
    }
}

/// While something on screen is not read yet.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
