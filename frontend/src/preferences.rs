//! What a person chose for this browser: a language and a theme.
//!
//! `boot.js` reads the same two entries before the first paint, so nothing flashes.

use leptos::prelude::*;

use crate::i18n::{self, Language};

/// Which colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// As the system has it.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its name in the storage and on `<html data-theme>`.
    pub fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn from_key(key: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.key() == key)
            .unwrap_or(Self::System)
    }
}

/// The theme that was chosen, from the context of the app.
#[derive(Clone, Copy)]
pub struct ChosenTheme(RwSignal<Theme>);

impl ChosenTheme {
    /// Takes over what `boot.js` found.
    pub fn take_over() -> Self {
        if let Some(root) = document().document_element() {
            i18n::set_language(Language::from_tag(
                &root.get_attribute("lang").unwrap_or_default(),
            ));
        }
        let stored = storage().and_then(|storage| storage.get_item(THEME).ok().flatten());
        Self(RwSignal::new(Theme::from_key(&stored.unwrap_or_default())))
    }

    /// Which it is. Tracks it.
    pub fn get(self) -> Theme {
        self.0.get()
    }

    /// Chooses another.
    pub fn set(self, theme: Theme) {
        self.0.set(theme);
        if let Some(root) = document().document_element() {
            _ = root.set_attribute("data-theme", theme.key());
        }
        keep(THEME, theme.key());
    }
}

/// Chooses another language.
pub fn set_language(language: Language) {
    i18n::set_language(language);
    if let Some(root) = document().document_element() {
        _ = root.set_attribute("lang", language.tag());
    }
    keep(LANGUAGE, language.tag());
}

fn keep(key: &str, value: &str) {
    if let Some(storage) = storage() {
        // Where storing is forbidden the choice holds until the page is left.
        _ = storage.set_item(key, value);
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

// The names that `boot.js` reads.
const THEME: &str = "pond.theme";
const LANGUAGE: &str = "pond.language";
