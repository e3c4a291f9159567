//! The menu of the person: language, theme, how the page is connected, the way out.
//!
//! A `popover`, so that Esc, a click beside it and the return of the focus are the browser's work.

use client::{Link, Transport};
use leptos::prelude::*;

use crate::{
    components::{icons::MoreIcon, settings::Settings},
    i18n::{t, text},
    live::{act, live, spawn},
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
    let warned_of = RwSignal::new(0);
    let sign_out = move |_| {
        has_failed.set(false);
        let waiting = session.peek(|client| client.outbox().count());
        if waiting > 0 && warned_of.get_untracked() == 0 {
            warned_of.set(waiting);
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
            on:toggle=act(move |_| warned_of.set(0))
        >
            <Settings />
            <p class="me-menu__way">{live(way)}</p>
            <button class="me-menu__out" type="button" on:click=act(sign_out)>
                {live(move || if warned_of.get() > 0 { t().sign_out_anyway } else { t().sign_out })}
            </button>
            <p class="me-menu__failed" role="alert">
                {live(move || if has_failed.get() {
                    t().sign_out_failed.to_owned()
                } else if warned_of.get() > 0 {
                    (t().waiting_lost)(warned_of.get())
                } else {
                    String::new()
                })}
            </p>
        </div>
    }
    .part()
}
