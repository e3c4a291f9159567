//! The words of the app, in every language it speaks, and dates in their manner.
//!
//! A word that one language lacks does not compile. Views read words through [`t`] or [`text`] and
//! follow a switch of language without a reload.
//! Read next: [`texts`], the list of words.

pub mod dates;
mod en;
pub mod texts;
mod zh;

use std::cell::Cell;

pub use texts::Texts;

use crate::beacon::Beacon;

/// A language of the app.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// As in `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// Its name in itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "中文",
        }
    }

    /// Its words.
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::English => &en::TEXTS,
            Self::Chinese => &zh::TEXTS,
        }
    }

    /// The language that a tag such as `zh-Hans-SG` asks for; English for those not spoken here.
    pub fn from_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }
}

/// The words of the language that is shown. Tracks it: for closures of views.
pub fn t() -> &'static Texts {
    language().texts()
}

/// The same without tracking: for event handlers.
pub fn t_now() -> &'static Texts {
    LANGUAGE.get().texts()
}

/// One word as a closure that a view can hold: `text(|t| t.send)`.
pub fn text(
    pick: fn(&'static Texts) -> &'static str,
) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    move || pick(t())
}

/// The language that is shown. Tracks it.
pub fn language() -> Language {
    SWITCH.with(Beacon::track);
    LANGUAGE.get()
}

/// Shows another language.
pub fn set_language(language: Language) {
    LANGUAGE.set(language);
    SWITCH.with(Beacon::notify);
}

thread_local! {
    // A page has one language, and dates and errors are written where no context reaches.
    static LANGUAGE: Cell<Language> = const { Cell::new(Language::English) };
    static SWITCH: Beacon = Beacon::default();
}

#[cfg(test)]
mod tests {
    use shared::Code;

    use super::*;

    #[test]
    fn a_browser_that_reads_chinese_is_shown_chinese() {
        for (tag, language) in [
            ("zh-CN", Language::Chinese),
            ("zh-Hant-TW", Language::Chinese),
            ("ZH", Language::Chinese),
            ("en-GB", Language::English),
            ("de", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag:?}");
        }
    }

    #[test]
    fn every_code_has_words_in_every_language() {
        for code in Code::all().chain([Code::Other(4999)]) {
            let [english, chinese] = Language::ALL.map(|language| (language.texts().error)(code));
            assert!(!english.is_empty() && !chinese.is_empty(), "{code:?}");
            assert!(english.is_ascii() || english.contains('’'), "{english}");
            assert!(!chinese.is_ascii(), "{chinese}");
            if code != Code::Success {
                assert_ne!(
                    (Language::English.texts().error)(Code::Other(4999)) == english,
                    code != Code::Other(4999),
                    "{code:?} has words of its own"
                );
            }
        }
    }

    #[test]
    fn english_counts_one_thing_as_one() {
        let english = Language::English.texts();
        assert_eq!((english.unread)(1), "1 unread message");
        assert_eq!((english.unread)(2), "2 unread messages");
    }
}
