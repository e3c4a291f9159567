//! The icons of the shell: strokes in the colour of the text, named by the button around them.

use leptos::prelude::*;

/// Two people.
#[component]
pub fn PeopleIcon() -> impl IntoView {
    icon(
        "M5.5 8.5a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0M3 20c.4-3.7 2.8-5.5 6-5.5s5.600 1.800 6 5.500M16 5.200a3.500 3.500 0 0 1 0 6.600M18 14.800c1.900.8 3 2.600 3.200 5.200",
    )
}

/// An arrow head to the left.
#[component]
pub fn BackIcon() -> impl IntoView {
    icon("m14.500 5.500-6.500 6.500 6.500 6.500")
}

/// A cross.
#[component]
pub fn CloseIcon() -> impl IntoView {
    icon("M6 6l12 12M18 6L6 18")
}

/// A plus.
#[component]
pub fn PlusIcon() -> impl IntoView {
    icon("M12 5.500v13M5.500 12h13")
}

/// Three dots.
#[component]
pub fn MoreIcon() -> impl IntoView {
    icon(
        "M4 12a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0 -3 0M10.500 12a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0 -3 0M17 12a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0 -3 0",
    )
}

fn icon(strokes: &'static str) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=strokes />
        </svg>
    }
}
