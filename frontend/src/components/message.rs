//! One message as a row: who, when, what, and how far it came.
//!
//! Owns the row's look and its own clock for "Sending…". Knows nothing of scrolling; the list gives
//! it a signal that says what to show and keeps the row while its key stays.
//! Read next: [`crate::state::text`], which takes the words apart.

use std::time::Duration;

use leptos::prelude::*;
use shared::{Code, ConversationId, MsgId, Timestamp, UserId};

use super::{clipboard, face::Face, focus};
use crate::{
    i18n::{dates, t, text},
    live::{act, live, memo, when},
    net::clock,
    part::{IntoPart as _, Part},
    router::{Route, go},
    session::{Session, Topic},
    state::{
        drafts::Drafts,
        text::{Piece, parse},
    },
};

/// What a row shows.
#[derive(Clone, PartialEq, Debug)]
pub struct Bubble {
    /// The sender's id for it.
    pub msg_id: MsgId,
    /// Who wrote it.
    pub from: UserId,
    /// Their name.
    pub name: String,
    /// The text as it was sent.
    pub content: String,
    /// When it was stored, or written.
    pub at: Timestamp,
    /// Whether the author is shown; the rows grouped under it show only their time, when asked.
    pub starts_group: bool,
    /// How far it came.
    pub fate: Fate,
}

/// How far a message came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is in the log.
    Stored,
    /// It is on its way.
    OnItsWay,
    /// It was refused.
    Failed(Code),
}

/// A message in the list.
#[component]
pub fn Message(
    /// Where it is.
    conversation: ConversationId,
    /// What it shows.
    bubble: Signal<Bubble>,
    /// Whether it is the list's one tab stop.
    is_stop: Signal<bool>,
) -> impl IntoView {
    let session = Session::expect();
    let me = session.me().id;
    let starts_group = memo(move || bubble.with(|bubble| bubble.starts_group));
    let content = memo(move || bubble.with(|bubble| bubble.content.clone()));
    let fate = move || bubble.with(|bubble| bubble.fate);
    let is_late = is_late(bubble);
    let is_slow = move || is_late.get() && fate() == Fate::OnItsWay;
    let tab_index = move || if is_stop.get() { "0" } else { "-1" };
    let label = move || {
        bubble.with(|bubble| {
            let time = dates::time(bubble.at);
            (t().row_label)(
                &bubble.name,
                &time,
                &bubble.content,
                state_words(bubble.fate, is_late),
            )
        })
    };
    view! {
        <article
            class="message"
            class:message--first=starts_group
            class:message--pending=live(is_slow)
            class:message--failed=live(move || matches!(fate(), Fate::Failed(_)))
            tabindex=live(tab_index)
            aria-label=live(label)
        >
            {live(move || {
                if starts_group.get() {
                    view! { <AuthorFace bubble is_own=bubble.with_untracked(|b| b.from) == me /> }
                        .part()
                } else {
                    view! { <Time bubble class="message__gutter" /> }.part()
                }
            })}
            <div class="message__body">
                {when(
                    move || starts_group.get(),
                    move || {
                        view! {
                            <Author bubble is_stop me />
                            <Time bubble class="message__time" />
                        }
                        .part()
                    },
                )}
                <div class="message__text" dir="auto">
                    {live(move || content.with(|content| pieces(content, is_stop).part()))}
                    {when(
                        is_slow,
                        move || {
                            view! {
                                " "
                                <span class="message__state">
                                    {live(move || on_its_way(session))}
                                </span>
                            }
                            .part()
                        },
                    )}
                </div>
                {live(move || match fate() {
                    Fate::Failed(code) => {
                        view! { <Failed conversation bubble code is_stop /> }.part()
                    }
                    Fate::Stored | Fate::OnItsWay => ().part(),
                })}
            </div>
        </article>
    }
    .part()
}

/// The big face, which opens the private conversation for those who point; the name beside it does
/// the same for the keyboard.
#[component]
fn AuthorFace(bubble: Signal<Bubble>, is_own: bool) -> impl IntoView {
    let face = bubble.with_untracked(|bubble| {
        let (user, name) = (bubble.from, bubble.name.clone());
        view! { <Face user name big=true /> }.part()
    });
    let session = Session::expect();
    if is_own {
        face.part()
    } else {
        view! {
            <button
                class="message__face"
                type="button"
                tabindex="-1"
                aria-hidden="true"
                on:click=act(move |_| write_to(session, bubble))
            >
                {face}
            </button>
        }
        .part()
    }
}

/// The author's name; another person's opens the private conversation with them.
#[component]
fn Author(bubble: Signal<Bubble>, is_stop: Signal<bool>, me: UserId) -> impl IntoView {
    let session = Session::expect();
    let name = move || bubble.with(|bubble| bubble.name.clone());
    if bubble.with_untracked(|bubble| bubble.from == me) {
        return view! { <span class="message__who" dir="auto">{live(name)}</span> }.part();
    }
    view! {
        <button
            class="message__who"
            type="button"
            dir="auto"
            tabindex=live(move || if is_stop.get() { "0" } else { "-1" })
            title=live(move || (t().write_to)(&name()))
            on:click=act(move |_| write_to(session, bubble))
        >
            {live(name)}
        </button>
    }
    .part()
}

/// The time as `14:05`; the full date for those who point at it.
#[component]
fn Time(bubble: Signal<Bubble>, class: &'static str) -> impl IntoView {
    let at = move || bubble.with(|bubble| bubble.at);
    view! {
        <time
            class=class
            datetime=live(move || dates::machine(at()))
            title=live(move || dates::full(at()))
        >
            {live(move || dates::time(at()))}
        </time>
    }
    .part()
}

/// Why a message was refused, and what can be done.
#[component]
fn Failed(
    conversation: ConversationId,
    bubble: Signal<Bubble>,
    code: Code,
    is_stop: Signal<bool>,
) -> impl IntoView {
    let session = Session::expect();
    let drafts = expect_context::<Drafts>();
    let tab_index = move || if is_stop.get() { "0" } else { "-1" };
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
                {live(move || format!("{} {}", t().not_sent, (t().error)(code)))}
            </span>
            <button type="button" tabindex=live(tab_index) on:click=act(retry)>
                {text(|t| t.retry)}
            </button>
            <button type="button" tabindex=live(tab_index) on:click=act(copy)>
                {live(move || if was_copied.get() { t().copied } else { t().copy })}
            </button>
            <button type="button" tabindex=live(tab_index) on:click=act(delete)>
                {text(|t| t.delete)}
            </button>
        </div>
    }
    .part()
}

/// The text as nodes. Nothing a person wrote is ever read as HTML.
fn pieces(content: &str, is_stop: Signal<bool>) -> Vec<Part> {
    let tab_index = move || if is_stop.get() { "0" } else { "-1" };
    parse(content)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned().part(),
            Piece::Code(code) => view! { <code>{code.to_owned()}</code> }.part(),
            Piece::Block(code) => {
                view! { <pre tabindex=live(tab_index)><code>{code.to_owned()}</code></pre> }.part()
            }
            Piece::Link(address) => view! {
                <a
                    href=address.to_owned()
                    target="_blank"
                    rel="noopener noreferrer nofollow ugc"
                    tabindex=live(tab_index)
                >
                    {address.to_owned()}
                </a>
            }
            .part(),
        })
        .collect()
}

fn write_to(session: Session, bubble: Signal<Bubble>) {
    let me = session.me().id;
    let peer = bubble.with_untracked(|bubble| bubble.from);
    go(Route::Conversation(ConversationId::direct(me, peer)));
    focus::composer_soon();
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

fn on_its_way(session: Session) -> &'static str {
    match session.with(Topic::Link, client::Client::link) {
        client::Link::Connected => t().sending,
        _ => t().waiting,
    }
}

fn state_words(fate: Fate, is_late: RwSignal<bool>) -> Option<&'static str> {
    match fate {
        Fate::Failed(_) => Some(t().not_sent),
        Fate::OnItsWay if is_late.get() => Some(t().sending),
        Fate::Stored | Fate::OnItsWay => None,
    }
}

/// Milliseconds before "Sending…" is shown: most answers come sooner, and a flicker says nothing.
const LATE_MS: u64 = 1000;
