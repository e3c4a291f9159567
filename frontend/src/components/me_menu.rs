//! The menu of the person: language, theme, how the page is connected, the way out.
//!
//! A `popover`, so that Esc, a click beside it and the return of the focus are the browser's work.

use client::{Link, Transport};
use leptos::prelude::*;

use crate::{
    components::{icons::MoreIcon, settings::Settings},
    i18n::{t, text},
    live::{act, live, memo, spawn},
    net::{
        api::{self, ApiError},
        store,
    },
    part::IntoPart as _,
    session::{Session, Topic},
};

/// The button and what it opens.
#[component]
pub fn MeMenu() -> impl IntoView {
    let session = Session::expect();
    let has_failed = RwSignal::new(false);
    // What waits would be lost, so the first click only says so.
    let is_warned = RwSignal::new(false);
    let waiting =
        memo(move || session.with(Topic::Conversations, |client| client.outbox().count()));
    let loses = move || is_warned.get() && waiting.get() > 0;
    let sign_out = move |_| {
        has_failed.set(false);
        if waiting.get_untracked() > 0 && !is_warned.get_untracked() {
            is_warned.set(true);
            return;
        }
        spawn(async move {
            match api::sign_out().await {
                Err(ApiError::Unreachable) => has_failed.set(true),
                // A refusal says that the session is gone already. The computer may be shared, so
                // nothing stays in the browser, and a fresh page holds nothing.
                Ok(()) | Err(ApiError::Refused { .. }) => {
                    session.forget();
                    store::forget(&session.me()).await;
                    _ = window().location().set_href("/");
                }
            }
        });
    };
    let way = move || {
        let (link, transport) =
            session.with(Topic::Link, |client| (client.link(), client.transport()));
        match (link, transport) {
            (Link::Connected, Transport::WebSocket) => t().by_web_socket,
            (Link::Connected, Transport::EventStream) => t().by_event_stream,
            (Link::Connected, Transport::LongPoll) => t().by_long_poll,
            _ => t().no_connection,
        }
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
            <p class="me-menu__way">{live(way)}</p>
            <button class="me-menu__out" type="button" on:click=act(sign_out)>
                {live(move || if loses() { t().sign_out_anyway } else { t().sign_out })}
            </button>
            <p class="me-menu__failed" role="alert">
                {live(move || if has_failed.get() {
                    t().sign_out_failed.to_owned()
                } else if loses() {
                    (t().waiting_lost)(waiting.get())
                } else {
                    String::new()
                })}
            </p>
        </div>
    }
    .part()
}
