//! Language and theme, at the door and in the menu of the person.

use leptos::prelude::*;

use crate::{
    i18n::{self, Language, t, text},
    live::{act, live},
    part::IntoPart as _,
    preferences::{self, ChosenTheme, Theme},
};

/// Two choices that hold at once and for this browser.
#[component]
pub fn Settings() -> impl IntoView {
    let theme: ChosenTheme = expect_context();
    let languages = Language::ALL.map(|language| {
        view! {
            <label lang=language.tag()>
                <input
                    type="radio"
                    name="language"
                    prop:checked=live(move || i18n::language() == language)
                    on:change=act(move |_| preferences::set_language(language))
                />
                <span>{language.name()}</span>
            </label>
        }
        .part()
    });
    let themes = Theme::ALL.map(|choice| {
        let name = move || match choice {
            Theme::System => t().theme_system,
            Theme::Light => t().theme_light,
            Theme::Dark => t().theme_dark,
        };
        view! {
            <label>
                <input
                    type="radio"
                    name="theme"
                    prop:checked=live(move || theme.get() == choice)
                    on:change=act(move |_| theme.set(choice))
                />
                <span>{live(name)}</span>
            </label>
        }
        .part()
    });
    view! {
        <div class="settings">
            <fieldset>
                <legend>{text(|t| t.language)}</legend>
                {languages.into_iter().collect_view()}
            </fieldset>
            <fieldset>
                <legend>{text(|t| t.theme)}</legend>
                {themes.into_iter().collect_view()}
            </fieldset>
        </div>
    }
    .part()
}
