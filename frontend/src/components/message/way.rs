//! The way of an own message: what tells how far it came, and what can be done where it went wrong.

use std::time::Duration;

use client::{Client, Link};
use leptos::prelude::*;
use shared::{Code, ConversationId};

use super::{Bubble, Fate, class_of, head_of, label_of, side_of, tab_index};
use crate::{
    components::clipboard,
    i18n::{t, text},
    live::{act, live, memo, when},
    net::clock,
    part::{IntoPart as _, Part},
    session::{Session, Topic},
    state::drafts::Drafts,
};

/// An own message on its way.
#[derive(Clone, Copy)]
pub(super) struct Way {
    session: Session,
    conversation: ConversationId,
    bubble: Signal<Bubble>,
    /// Whether it begins a group, and its minute: what is beside and above the text says no more.
    look: Memo<(bool, i64)>,
    /// Its answer is late.
    is_late: RwSignal<bool>,
}

impl Way {
    pub(super) fn of(conversation: ConversationId, bubble: Signal<Bubble>) -> Self {
        Self {
            session: Session::expect(),
            conversation,
            bubble,
            look: memo(move || bubble.with(|it| (it.starts_group, it.at.0.div_euclid(MINUTE_MS)))),
            is_late: is_late(bubble),
        }
    }

    fn fate(self) -> Fate {
        self.bubble.with(|bubble| bubble.fate)
    }

    /// Whether it is to be seen that it is on its way: soon, and at once while there is no connection.
    fn is_slow(self) -> bool {
        self.fate() == Fate::OnItsWay && (self.is_late.get() || !self.is_connected())
    }

    fn is_connected(self) -> bool {
        self.session.with(Topic::Link, Client::link) == Link::Connected
    }

    /// Why it is not stored yet.
    fn on_its_way(self) -> &'static str {
        if !self.is_connected() {
            return t().waiting;
        }
        let topic = Topic::Timeline(self.conversation);
        match self.session.with(topic, Client::refusal) {
            Some(Code::StorageFull) => (t().error)(Code::StorageFull),
            _ => t().sending,
        }
    }

    /// The classes of the row.
    pub(super) fn class(self) -> String {
        let more = match self.fate() {
            Fate::OnItsWay if self.is_slow() => " message--pending",
            Fate::Failed(_) => " message--failed",
            _ => "",
        };
        class_of(self.bubble.with(|bubble| bubble.starts_group), more)
    }

    /// What stands beside the text.
    pub(super) fn side(self) -> Part {
        live(move || self.seen(side_of)).part()
    }

    /// What stands above it.
    pub(super) fn head(self, is_stop: Signal<bool>) -> Part {
        live(move || self.seen(|bubble| head_of(bubble, is_stop))).part()
    }

    /// Made again only where it looks different: a row that is stored stays as it is.
    fn seen(self, part: impl FnOnce(&Bubble) -> Part) -> Part {
        // Looked at, not only tracked: what nobody looks at follows nothing.
        _ = self.look.get();
        self.bubble.with_untracked(part)
    }

    /// What a screen reader says of the row.
    pub(super) fn label(self) -> String {
        let state = match self.fate() {
            Fate::Failed(_) => Some(t().not_sent),
            Fate::OnItsWay if self.is_slow() => Some(self.on_its_way()),
            fate => words(fate),
        };
        self.bubble.with(|bubble| label_of(bubble, state))
    }

    /// "Sending…", while the answer is late.
    pub(super) fn state(self) -> Part {
        when(
            move || self.is_slow(),
            move || {
                view! {
                    " "
                    <span class="message__state">{live(move || self.on_its_way())}</span>
                }
                .part()
            },
        )
    }

    /// Why it was refused, and what can be done.
    pub(super) fn failure(self, is_stop: Signal<bool>) -> Part {
        let code = move || match self.fate() {
            Fate::Failed(code) => Some(code),
            _ => None,
        };
        when(
            move || code().is_some(),
            // Not made again while it stays refused: somebody may be about to press something.
            move || match untrack(code) {
                Some(code) => view! { <Failed way=self code is_stop /> }.part(),
                None => ().part(),
            },
        )
    }

    /// How far a private one came. Its words are in the label.
    pub(super) fn mark(self) -> Part {
        view! {
            <span
                class="message__mark"
                class:message__mark--read=live(move || self.fate() == Fate::Read)
                aria-hidden="true"
                title=live(move || words(self.fate()))
            >
                {live(move || match self.fate() {
                    Fate::Sent => "✓",
                    Fate::Delivered | Fate::Read => "✓✓",
                    _ => "",
                })}
            </span>
        }
        .part()
    }
}

/// Why a message was refused, and what can be done.
#[component]
fn Failed(way: Way, code: Code, is_stop: Signal<bool>) -> impl IntoView {
    let (bubble, conversation) = (way.bubble, way.conversation);
    let session = Session::expect();
    let drafts = expect_context::<Drafts>();
    let was_copied = RwSignal::new(false);
    let retry = move |_| {
        let msg_id = bubble.with_untracked(|bubble| bubble.msg_id.clone());
        session.act(|client, now| client.retry(now, &msg_id));
    };
    let copy = move |_| {
        let content = bubble.with_untracked(|bubble| bubble.content.clone());
        clipboard::copy(&content);
        was_copied.set(true);
    };
    let delete = move |_| {
        let msg_id = bubble.with_untracked(|bubble| bubble.msg_id.clone());
        let gone = session.act(|client, _| client.discard(&msg_id));
        if let Some(gone) = gone {
            // Written words are not thrown away by one click.
            drafts.offer(conversation, &gone.content);
        }
    };
    view! {
        <div class="message__failed">
            <span class="message__why">
                {live(move || [t().not_sent, t().between, why(code)].concat())}
            </span>
            <button type="button" tabindex=tab_index(is_stop) on:click=act(retry)>
                {text(|t| t.retry)}
            </button>
            <button type="button" tabindex=tab_index(is_stop) on:click=act(copy)>
                {live(move || if was_copied.get() { t().copied } else { t().copy })}
            </button>
            <button type="button" tabindex=tab_index(is_stop) on:click=act(delete)>
                {text(|t| t.delete)}
            </button>
        </div>
    }
    .part()
}

/// Most messages are stored within a second, so the clock comes out only after it.
fn is_late(bubble: Signal<Bubble>) -> RwSignal<bool> {
    let is_late = RwSignal::new(false);
    let (fate, at) = bubble.with_untracked(|bubble| (bubble.fate, bubble.at));
    if fate == Fate::OnItsWay {
        let age = clock::wall().0.saturating_sub(at.0);
        let left = LATE_MS.saturating_sub(u64::try_from(age).unwrap_or(0));
        if left == 0 {
            is_late.set(true);
        } else {
            let timer = set_timeout_with_handle(
                move || {
                    // The row may have gone meanwhile.
                    is_late.try_set(true);
                },
                Duration::from_millis(left),
            );
            on_cleanup(move || _ = timer.map(|timer| timer.clear()));
        }
    }
    is_late
}

/// Why the server does not take it.
fn why(code: Code) -> &'static str {
    match code {
        // Nobody typed a name here.
        Code::NoSuchUser => t().to_nobody,
        _ => (t().error)(code),
    }
}

/// How far a private message came.
fn words(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Sent => Some(t().sent),
        Fate::Delivered => Some(t().delivered),
        Fate::Read => Some(t().seen),
        _ => None,
    }
}

/// Milliseconds before "Sending…" is shown: most answers come sooner, and a flicker says nothing.
const LATE_MS: u64 = 1000;
const MINUTE_MS: i64 = 60_000;
