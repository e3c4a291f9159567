//! The one row that Tab reaches, and the arrow keys that move it.

use leptos::prelude::*;
use web_sys::{Element, FocusOptions};

use super::{
    super::{
        item::ItemKey,
        position::{Position, Step},
    },
    Scroller,
};
use crate::state::rows::Key;

impl Scroller {
    /// Moves the focus among the messages.
    pub(in crate::components::message_list) fn step(self, step: Step) {
        let from = self.tab_stop.get_untracked();
        let to = self.change(|held| {
            let at = held.position.message_near(from.as_ref(), step)?;
            let key = held.position.rows.all().get(at)?.key.clone();
            held.position.reveal(at);
            held.focus_next = Some(key.clone());
            Some(key)
        });
        if let Some(Some(key)) = to {
            self.tab_stop.set(Some(key));
            self.update();
        }
    }

    /// The focus came into a row, or left the list.
    pub(in crate::components::message_list) fn focused(self, target: Option<&Element>) {
        let article = target.and_then(|target| target.closest("article").ok().flatten());
        let row = article.and_then(|article| {
            self.mounted
                .try_with_value(|mounted| match mounted.key_of(&article) {
                    Some(ItemKey::Row(key)) => Some(key.clone()),
                    Some(ItemKey::Gap(_)) | None => None,
                })
                .flatten()
        });
        self.change(|held| held.has_focus = row.is_some());
        if row.is_some() {
            self.tab_stop.set(row);
        }
    }

    /// The keyboard goes on at the first new message.
    pub(super) fn stop_tab_at_new(self, position: &Position) {
        if let Some(first) = position.first_new() {
            self.tab_stop.set(Some(first.clone()));
        }
    }

    /// The row that Tab reaches is one that is there.
    pub(super) fn keep_tab_stop(self) {
        let stop = self.tab_stop.get_untracked();
        let is_there = self.mounted.try_with_value(|mounted| {
            let is_it =
                |key: &ItemKey| matches!(key, ItemKey::Row(key) if stop.as_ref() == Some(key));
            mounted.keys().any(is_it)
        });
        if is_there == Some(false) {
            let wanted = self.change(|held| held.position.last_on_screen().cloned());
            if let Some(wanted) = wanted
                && wanted != stop
            {
                self.tab_stop.set(wanted);
            }
        }
    }

    pub(super) fn focus(self, key: &Key) {
        let row = self
            .mounted
            .try_with_value(|mounted| mounted.element_of(&ItemKey::Row(key.clone())).cloned());
        if let Some(Some(row)) = row {
            let options = FocusOptions::new();
            options.set_prevent_scroll(true);
            _ = row.focus_with_options(&options);
        }
    }
}
