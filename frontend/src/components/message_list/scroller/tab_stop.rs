//! The one row that Tab reaches, and the arrow keys that move it.

use leptos::prelude::*;
use web_sys::{Element, FocusOptions};

use super::{
    super::{item::ItemKey, position::Step},
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

    /// The row that Tab reaches is one that is there.
    pub(super) fn keep_tab_stop(self) {
        let stop = self.tab_stop.get_untracked();
        let wanted = self.mounted.try_with_value(|mounted| {
            let mut keys = mounted.keys().rev().filter_map(|key| match key {
                ItemKey::Row(key @ Key::Message(..)) => Some(key),
                ItemKey::Row(_) | ItemKey::Gap(_) => None,
            });
            let last = keys.clone().next().cloned();
            match &stop {
                Some(stop) if keys.any(|key| key == stop) => Some(stop.clone()),
                _ => last,
            }
        });
        if let Some(wanted) = wanted
            && wanted != stop
        {
            self.tab_stop.set(wanted);
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
