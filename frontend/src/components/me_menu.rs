//! The menu of the person: language, theme, the way out.
//!
//! A `popover`, so that Esc, a click beside it and the return of the focus are the browser's work.

use leptos::prelude::*;

use crate::{
    components::{icons::MoreIcon, settings::Settings},
    i18n::{t, text},
    live::{act, live, spawn},
    net::api::{self, ApiError},
    part::IntoPart as _,
};

/// The button and what it opens.
#[component]
pub fn MeMenu() -> impl IntoView {
    let has_failed = RwSignal::new(false);
    let sign_out = move |_| {
        has_failed.set(false);
        spawn(async move {
            match api::sign_out().await {
                Err(ApiError::Unreachable) => has_failed.set(true),
                // A refusal says that the session is gone already. A fresh page keeps nothing.
                Ok(()) | Err(ApiError::Refused { .. }) => {
                    _ = window().location().set_href("/");
                }
            }
        });
    };
    view! {
        <button
            class="tool"
            type="button"
            popovertarget="me-menu"
            aria-label=text(|t| t.settings)
            title=text(|t| t.settings)
        >
            <MoreIcon />
        </button>
        <div
            id="me-menu"
            class="me-menu"
            popover="auto"
            role="dialog"
            aria-label=text(|t| t.settings)
        >
            <Settings />
            <button class="me-menu__out" type="button" on:click=act(sign_out)>
                {text(|t| t.sign_out)}
            </button>
            <p class="me-menu__failed" role="alert">
                {live(move || if has_failed.get() { t().sign_out_failed } else { "" })}
            </p>
        </div>
    }
    .part()
}
