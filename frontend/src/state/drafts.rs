//! What was written and not sent yet, for each conversation.
//!
//! Owns the texts and where they are kept; each conversation has an entry of its own, so that two
//! tabs that write in two conversations do not overwrite each other. Knows no DOM: the storage is
//! three functions.

use client::SortedMap;
use leptos::prelude::*;
use shared::{ConversationId, frame::User};

use crate::net::store::whose;

/// Where drafts are kept: the browser's storage, or nothing at all where it is forbidden.
#[derive(Clone, Copy)]
pub(crate) struct Storage {
    /// Every entry whose key begins like this.
    pub(crate) entries: fn(prefix: &str) -> Vec<(String, String)>,
    /// Keeps an entry, or removes it.
    pub(crate) keep: fn(key: &str, text: Option<&str>),
}

/// The drafts of one person on this device.
#[derive(Clone, Copy)]
pub(crate) struct Drafts {
    /// What the keys of their drafts begin with.
    prefix: StoredValue<String>,
    texts: RwSignal<SortedMap<ConversationId, String>>,
    /// Grows when a text comes from elsewhere than the composer.
    offers: RwSignal<u64>,
    storage: Storage,
}

impl Drafts {
    /// Reads what was kept.
    pub(crate) fn new(me: &User, storage: Storage) -> Self {
        let prefix = format!("pond.draft.{}.", whose(me));
        let texts = (storage.entries)(&prefix)
            .into_iter()
            .filter_map(|(key, text)| Some((key.strip_prefix(&prefix)?.parse().ok()?, text)))
            .collect();
        Self {
            prefix: StoredValue::new(prefix),
            texts: RwSignal::new(texts),
            offers: RwSignal::new(0),
            storage,
        }
    }

    /// Whether something is written there; tracked.
    pub(crate) fn has(self, conversation: ConversationId) -> bool {
        self.texts.with(|texts| texts.contains_key(&conversation))
    }

    /// Where something is written; tracked.
    pub(crate) fn all(self) -> Vec<ConversationId> {
        self.texts.with(|texts| texts.keys().copied().collect())
    }

    /// What is written there; not tracked.
    pub(crate) fn of(self, conversation: ConversationId) -> String {
        let text = |texts: &SortedMap<_, _>| texts.get(&conversation).cloned();
        self.texts.with_untracked(text).unwrap_or_default()
    }

    /// Puts a text back where nothing is written: a message that could not be sent.
    pub(crate) fn offer(self, conversation: ConversationId, text: &str) {
        if self.of(conversation).is_empty() {
            self.keep(conversation, text);
            self.offers.update(|offers| *offers += 1);
        }
    }

    /// Tracks [`Drafts::offer`]: the composer then takes what is offered if it is empty.
    pub(crate) fn track_offers(self) {
        self.offers.track();
    }

    /// Keeps what is written there now; blank is nothing.
    pub(crate) fn keep(self, conversation: ConversationId, text: &str) {
        let is_blank = text.trim().is_empty();
        if self.of(conversation) == text || (is_blank && self.of(conversation).is_empty()) {
            return;
        }
        let prefix = self.prefix.get_value();
        let key = format!("{prefix}{conversation}");
        if is_blank {
            self.texts.update(|texts| drop(texts.remove(&conversation)));
            (self.storage.keep)(&key, None);
        } else {
            self.texts
                .update(|texts| drop(texts.insert(conversation, text.to_owned())));
            (self.storage.keep)(&key, Some(text));
        }
    }
}

/// The browser's `localStorage`.
pub(crate) const LOCAL: Storage = Storage {
    entries: |prefix| {
        let Some(storage) = local() else {
            return Vec::new();
        };
        let keys = 0..storage.length().unwrap_or(0);
        keys.filter_map(|index| storage.key(index).ok().flatten())
            .filter(|key| key.starts_with(prefix))
            .filter_map(|key| {
                let text = storage.get_item(&key).ok().flatten()?;
                Some((key, text))
            })
            .collect()
    },
    keep: |key, text| {
        if let Some(storage) = local() {
            // A full storage loses the draft on reload and nothing else.
            let _ = match text {
                Some(text) => storage.set_item(key, text),
                None => storage.remove_item(key),
            };
        }
    },
};

fn local() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeMap};

    use shared::UserId;

    use super::*;

    thread_local! {
        static KEPT: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    }

    const MEMORY: Storage = Storage {
        entries: |prefix| {
            KEPT.with_borrow(|kept| {
                let all = kept.iter().filter(|(key, _)| key.starts_with(prefix));
                all.map(|(key, text)| (key.clone(), text.clone())).collect()
            })
        },
        keep: |key, text| {
            KEPT.with_borrow_mut(|kept| match text {
                Some(text) => drop(kept.insert(key.into(), text.into())),
                None => drop(kept.remove(key)),
            });
        },
    };

    #[test]
    fn a_draft_outlives_a_reload_and_is_its_persons_own() {
        let owner = Owner::new();
        owner.set();
        let (room, direct) = (
            ConversationId::EVERYONE,
            ConversationId::direct(UserId(1), UserId(12)),
        );
        let person = |id, name: &str| User {
            id: UserId(id),
            name: name.into(),
        };
        let ana = person(1, "Ana");
        let drafts = Drafts::new(&ana, MEMORY);
        drafts.keep(room, "half a sen");
        drafts.keep(direct, "hello");
        let reloaded = Drafts::new(&ana, MEMORY);
        assert_eq!(
            (reloaded.of(room), reloaded.of(direct)),
            ("half a sen".into(), "hello".into())
        );
        for other in [person(12, "Bo"), person(1, "Eve"), person(1, "Ana.r1")] {
            assert_eq!(Drafts::new(&other, MEMORY).all(), [], "{other:?}");
        }
        reloaded.keep(room, " \n");
        assert!(!reloaded.has(room) && reloaded.has(direct));
        assert_eq!(Drafts::new(&ana, MEMORY).of(room), "");
    }
}
