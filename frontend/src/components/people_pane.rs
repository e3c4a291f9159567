//! Where the people are shown: the third column, or a drawer over the conversation where there is
//! no room for one.

use leptos::{ev::KeyboardEvent, prelude::*};

use crate::{
    components::{focus, icons::CloseIcon, members::Members},
    i18n::text,
    ime,
    live::{act, live, when},
    media::Room,
    part::IntoPart as _,
    router,
};

/// Whether the pane is shown. In the third column it can be folded; as a drawer it has an entry in
/// the history, so that Back closes it.
#[derive(Clone, Copy)]
pub struct PeoplePane {
    has_column: Signal<bool>,
    is_folded: RwSignal<bool>,
    is_drawn: Signal<bool>,
}

impl PeoplePane {
    /// Shown where there is room for it.
    pub fn new(room: Room) -> Self {
        Self {
            has_column: room.for_three,
            is_folded: RwSignal::new(false),
            is_drawn: router::people_panel(),
        }
    }

    /// Whether it can be seen. Tracks.
    pub fn is_shown(self) -> bool {
        if self.has_column.get() {
            !self.is_folded.get()
        } else {
            self.is_drawn.get()
        }
    }

    /// Whether it lies over everything else, which is out of reach then. Tracks.
    pub fn is_over(self) -> bool {
        !self.has_column.get() && self.is_drawn.get()
    }

    /// Shows or hides it.
    pub fn toggle(self) {
        if self.has_column.get_untracked() {
            self.is_folded.update(|is_folded| *is_folded = !*is_folded);
        } else if self.is_drawn.get_untracked() {
            router::close_people();
        } else {
            router::open_people();
        }
    }
}

/// The pane and, under a drawer, its veil.
#[component]
pub fn PeopleAside() -> impl IntoView {
    let pane: PeoplePane = expect_context();
    Effect::new(move |was_over: Option<bool>| {
        let is_over = pane.is_over();
        match (was_over, is_over) {
            (Some(false), true) => focus::soon("#people .people__close"),
            (Some(true), false) => focus::soon(".header__people"),
            _ => {}
        }
        is_over
    });
    let on_keydown = move |key: KeyboardEvent| {
        if key.key() == "Escape" && !ime::owns(&key) && pane.is_over() {
            key.stop_propagation();
            router::close_people();
        }
    };
    let close = move |_| router::close_people();
    let inside = move || {
        view! {
            {when(move || pane.is_over(), move || view! {
                <div class="people__head">
                    <h2>{text(|t| t.people)}</h2>
                    <button
                        class="tool people__close"
                        type="button"
                        aria-label=text(|t| t.close)
                        on:click=act(close)
                    >
                        <CloseIcon />
                    </button>
                </div>
            }.part())}
            <Members />
        }
        .part()
    };
    view! {
        {when(move || pane.is_over(), move || view! {
            <div class="veil" on:click=act(close)></div>
        }.part())}
        <aside
            id="people"
            class="people"
            class:people--drawer=live(move || pane.is_over())
            aria-label=text(|t| t.people)
            hidden=live(move || !pane.is_shown())
            on:keydown=act(on_keydown)
        >
            {when(move || pane.is_shown(), inside)}
        </aside>
    }
    .part()
}
