//! A face: the first letter of a name on a colour of its person, and whether they are here.

use leptos::prelude::*;
use shared::{UserId, frame::Presence};

use crate::{
    i18n::{Texts, t},
    live::live,
    part::IntoPart as _,
};

/// A face. The name stands beside it, so only the presence is said aloud.
#[component]
pub fn Face(
    /// Whose; decides the colour.
    user: UserId,
    /// Gives the letter.
    name: String,
    /// Whether they are here; without it no dot.
    #[prop(optional, into)]
    presence: Option<Signal<Presence>>,
    /// 36 pixels instead of 24.
    #[prop(optional)]
    big: bool,
) -> impl IntoView {
    let class = format!("face face--{}", user.0 % COLOURS);
    view! {
        <span class=class class:face--big=big>
            <span aria-hidden="true">{first_letter(&name).to_owned()}</span>
            {presence.map(dot)}
        </span>
    }
    .part()
}

fn dot(presence: Signal<Presence>) -> impl IntoView {
    view! {
        <span class=live(move || format!("face__dot face__dot--{}", word(presence.get())))>
            <span class="visually-hidden">{live(move || name_of(presence.get(), t()))}</span>
        </span>
    }
    .part()
}

/// The word for a presence.
pub fn name_of(presence: Presence, texts: &'static Texts) -> &'static str {
    match presence {
        Presence::Online => texts.online,
        Presence::Away => texts.away,
        Presence::Offline => texts.offline,
    }
}

fn word(presence: Presence) -> &'static str {
    match presence {
        Presence::Online => "online",
        Presence::Away => "away",
        Presence::Offline => "offline",
    }
}

/// What a person sees as the first letter: a character with its marks, joined emoji as one.
fn first_letter(name: &str) -> &str {
    let mut chars = name.char_indices();
    let Some((_, first)) = chars.next() else {
        return "?";
    };
    let mut is_joined = false;
    let mut flags = usize::from(is_flag(first));
    let end = chars.find_map(|(at, c)| {
        let goes_on = is_joined || is_mark(c) || (is_flag(c) && flags == 1);
        flags += usize::from(is_flag(c));
        is_joined = c == JOINER;
        (!goes_on && !is_joined).then_some(at)
    });
    name.get(..end.unwrap_or(name.len())).unwrap_or(name)
}

/// Accents, variation selectors, skin tones, keycaps.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

/// Half of a flag.
fn is_flag(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

const JOINER: char = '\u{200d}';
/// As many as `face.css` has.
const COLOURS: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_keeps_its_marks_and_an_emoji_its_parts() {
        for (name, letter) in [
            ("芋艿", "芋"),
            ("Radish", "R"),
            ("e\u{301}va", "e\u{301}"),
            ("👩\u{200d}🚀x", "👩\u{200d}🚀"),
            ("👍🏽a", "👍🏽"),
            ("🇸🇰🇨🇿", "🇸🇰"),
            ("", "?"),
        ] {
            assert_eq!(first_letter(name), letter);
        }
    }
}
