//! The logo: rings on water.

use leptos::prelude::*;

/// Takes the colour of the accent and the size of its place; it says nothing that the text beside
/// it does not.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg
            class="logo"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linecap="round"
            aria-hidden="true"
        >
            <circle cx="12" cy="12" r="2.2" fill="currentColor" stroke="none" />
            <path d="M6.3 15.3a6.6 6.6 0 1 1 11.4 0" />
            <path d="M3.2 17.4a10.4 10.4 0 1 1 17.6 0" opacity=".45" />
        </svg>
    }
}
