//! Where each conversation was left, so that coming back shows the same rows.

use client::SortedMap;
use leptos::prelude::*;
use shared::ConversationId;

use super::rows::Key;

/// A row and where its lower edge was below the top of the list, in pixels. The lower edge, because
/// an older page in front of a row may take its author's name away, and what is below must stay.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Anchor {
    pub(crate) key: Key,
    pub(crate) bottom: f64,
}

/// The places of all conversations that are not at their end.
#[derive(Clone, Copy)]
pub(crate) struct Places(StoredValue<SortedMap<ConversationId, Anchor>>);

impl Places {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(SortedMap::new()))
    }

    /// Remembers where a conversation is left; nothing stands for its end.
    pub(crate) fn leave(self, conversation: ConversationId, at: Option<Anchor>) {
        self.0.update_value(|places| match at {
            Some(anchor) => drop(places.insert(conversation, anchor)),
            None => drop(places.remove(&conversation)),
        });
    }

    /// Where a conversation was left.
    pub(crate) fn of(self, conversation: ConversationId) -> Option<Anchor> {
        self.0
            .with_value(|places| places.get(&conversation).cloned())
    }
}
