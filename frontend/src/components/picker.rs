//! The picker: finds a person or a room by a few letters and opens the conversation.
//!
//! Owns the dialog and the choice. What fits is [`matching`]'s business: it looks through what the
//! client holds at once, and the server's answers join as people the client knows.

use std::time::Duration;

use client::Client;
use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};
use shared::{ConversationId, frame::Presence};

use super::{face::Face, focus};
use crate::{
    app::PickerOpen,
    i18n::{t, text},
    ime,
    live::{act, effect, live, memo, when},
    part::IntoPart as _,
    router::{Route, go},
    session::{Session, Topic},
    state::matching::{self, Candidate, Kind},
};

/// The dialog over the page.
#[component]
pub fn Picker() -> impl IntoView {
    let session = Session::expect();
    let PickerOpen(is_open) = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |was_open: Option<bool>| {
        let is_open = is_open.get();
        if let Some(dialog) = dialog.get_untracked() {
            if is_open {
                _ = dialog.show_modal();
            } else if was_open == Some(true) {
                // It gives the focus back, but not always the caret.
                dialog.close();
                focus::soon(":focus");
            }
        }
        is_open
    });
    let on_click = move |click: MouseEvent| {
        // The veil is the dialog's own; everything inside is in its child.
        let target = click.target();
        let is_veil = dialog
            .get_untracked()
            .is_some_and(|dialog| target.as_ref() == Some(dialog.as_ref()));
        if is_veil {
            is_open.set(false);
        }
    };
    view! {
        <dialog
            class="picker"
            aria-label=text(|t| t.picker)
            node_ref=dialog
            on:close=act(move |_| is_open.set(false))
            on:click=act(on_click)
        >
            {when(move || is_open.get(), move || view! { <Search session is_open /> }.part())}
        </dialog>
    }
    .part()
}

/// The field and what it finds. It lives as long as the dialog is open.
#[component]
fn Search(session: Session, is_open: RwSignal<bool>) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let chosen = RwSignal::new(None::<ConversationId>);
    let rounds = RwSignal::new(0_u64);
    let input = NodeRef::<html::Input>::new();

    let found = memo(move || {
        let everyone = t().everyone;
        session.with(Topic::Conversations, |_| ());
        let all = session.with(Topic::People, |client| {
            matching::candidates(client, |title| title.unwrap_or(everyone).to_owned())
        });
        query.with(|query| matching::best(query, all))
    });
    let at = move || {
        let chosen = chosen.get();
        found.with(|found| {
            let is_chosen = |one: &Candidate| Some(one.conversation) == chosen;
            found.iter().position(is_chosen).unwrap_or(0)
        })
    };
    let active = memo(move || found.with(|found| Some(found.get(at())?.conversation)));
    let is_finding = move || {
        rounds.track();
        session.with(Topic::People, Client::is_finding_people)
    };

    let ask = move || {
        let round = rounds.try_update(|rounds| {
            *rounds += 1;
            *rounds
        });
        set_timeout(
            move || {
                let is_newest = round.is_some() && rounds.try_get_untracked() == round;
                let name = query
                    .try_with_untracked(|query| matching::name_asked(query).map(str::to_owned));
                if let Some(Some(name)) = name
                    && is_newest
                {
                    session.act(|client, now| client.find_people(now, name));
                    rounds.notify();
                }
            },
            DEBOUNCE,
        );
    };
    ask();
    effect(move || {
        if let Some(input) = input.get() {
            _ = input.focus();
        }
    });
    effect(move || {
        let shown = active.get().map(option_id);
        let option = shown.and_then(|id| document().get_element_by_id(&id));
        if let Some(option) = option {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });

    let open = move |conversation: ConversationId| {
        is_open.set(false);
        go(Route::Conversation(conversation));
        focus::composer_soon();
    };
    let choose = move |to: usize| {
        let to = found.with_untracked(|found| Some(found.get(to)?.conversation));
        if to.is_some() {
            chosen.set(to);
        }
    };
    let on_keydown = move |key: KeyboardEvent| {
        if ime::owns(&key) {
            return;
        }
        let (at, count) = (untrack(at), found.with_untracked(Vec::len));
        match key.key().as_str() {
            "ArrowDown" => choose((at + 1).min(count.saturating_sub(1))),
            "ArrowUp" => choose(at.saturating_sub(1)),
            "Home" => choose(0),
            "End" => choose(count.saturating_sub(1)),
            "Enter" => {
                if let Some(active) = active.get_untracked() {
                    open(active);
                }
            }
            "Escape" => is_open.set(false),
            _ => return,
        }
        key.prevent_default();
    };
    let on_input = move |_| {
        if let Some(input) = input.get_untracked() {
            query.set(input.value());
            chosen.set(None);
            ask();
        }
    };
    let row = move |candidate: Candidate| {
        let conversation = candidate.conversation;
        view! { <Row candidate active on_open=Callback::new(move |()| open(conversation)) /> }
            .part()
    };
    let nothing = move || {
        if !found.with(Vec::is_empty) {
            return String::new();
        }
        if is_finding() {
            return t().searching.to_owned();
        }
        query.with(|query| match matching::name_asked(query) {
            Some(name) => (t().nobody_matches)(name),
            None => (t().no_room_matches)(query.trim().trim_start_matches(['#', '＃'])),
        })
    };
    view! {
        <div class="picker__box">
            <input
                class="picker__input"
                type="text"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                enterkeyhint="go"
                aria-label=text(|t| t.picker_input)
                aria-autocomplete="list"
                aria-expanded=live(move || if found.with(Vec::is_empty) { "false" } else { "true" })
                aria-controls="picker-list"
                aria-activedescendant=live(move || active.get().map(option_id))
                placeholder=text(|t| t.picker_input)
                node_ref=input
                on:input=act(on_input)
                on:keydown=act(on_keydown)
            />
            <ul
                id="picker-list"
                class="picker__list"
                role="listbox"
                aria-label=text(|t| t.picker)
            >
                {live(move || found.get().into_iter().map(row).collect_view().part())}
            </ul>
            <p class="picker__nothing" role="status">
                {live(nothing)}
            </p>
            <footer class="picker__hints" aria-hidden="true">
                <span>"↑↓ " {text(|t| t.hint_choose)}</span>
                <span>"↵ " {text(|t| t.hint_open)}</span>
                <span>"esc " {text(|t| t.hint_close)}</span>
            </footer>
        </div>
    }
    .part()
}

/// A person or a room.
#[component]
fn Row(
    candidate: Candidate,
    active: Memo<Option<ConversationId>>,
    on_open: Callback<()>,
) -> impl IntoView {
    let session = Session::expect();
    let id = candidate.conversation;
    let is_active = move || active.get() == Some(id);
    let is_me = id.peer_of(session.me().id) == Some(session.me().id);
    let name = candidate.name.clone();
    let unread = candidate.unread;
    let (sign, kind) = match candidate.kind {
        Kind::Room => (
            view! {
                <span class="picker__hash" aria-hidden="true">
                    "#"
                </span>
            }
            .part(),
            None,
        ),
        Kind::Person(user, presence) => {
            let presence: Presence = presence;
            (
                view! { <Face user name=name.clone() presence /> }.part(),
                Some(presence),
            )
        }
    };
    let about = move || match (unread, kind) {
        (0, None) => t().room.to_owned(),
        (0, Some(_)) => t().private_message.to_owned(),
        _ => (t().unread)(unread),
    };
    view! {
        <li
            id=option_id(id)
            class="picker__row"
            role="option"
            aria-selected=live(move || if is_active() { "true" } else { "false" })
            // The field keeps the focus.
            on:mousedown=act(|mouse: MouseEvent| mouse.prevent_default())
            on:click=act(move |_| on_open.run(()))
        >
            {sign}
            <span class="picker__name" dir="auto">
                {name}
            </span>
            {is_me.then(|| view! { <span class="picker__you">{text(|t| t.you)}</span> }.part())}
            <small>{live(about)}</small>
        </li>
    }
    .part()
}

fn option_id(conversation: ConversationId) -> String {
    format!("picker-{conversation}")
}

/// Between the last key and the question to the server.
const DEBOUNCE: Duration = Duration::from_millis(80);
