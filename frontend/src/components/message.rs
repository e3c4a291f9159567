//! One message as a row: who, when, what, and how far it came.
//!
//! Owns the row's look. Knows nothing of scrolling; the list gives it a signal that says what to show
//! and keeps the row while its key stays.
//! Read next: [`way`] for what only own messages show, [`crate::state::text`], which takes the words
//! apart.

mod way;

use leptos::prelude::*;
use shared::{Code, ConversationId, MsgId, Timestamp, UserId};

use self::way::Way;
use super::{face::Face, focus};
use crate::{
    i18n::{dates, t},
    live::{act, live},
    part::{IntoPart as _, Part},
    router::{Route, go},
    session::Session,
    state::text::{Piece, parse},
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

impl Bubble {
    /// Whether a row that shows the one can show the other instead: it is the same message, and
    /// maybe further on its way.
    pub fn is_same_row(&self, other: &Self) -> bool {
        let Self {
            msg_id,
            from,
            name,
            content,
            at: _,
            starts_group,
            fate: _,
        } = self;
        (msg_id, from, name) == (&other.msg_id, &other.from, &other.name)
            && (content, starts_group) == (&other.content, &other.starts_group)
    }
}

/// How far a message came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is in the log.
    Stored,
    /// An own private message is in the log, and no device of the other person has it yet.
    Sent,
    /// One of their devices has it.
    Delivered,
    /// They saw it.
    Read,
    /// It is on its way.
    OnItsWay,
    /// It was refused.
    Failed(Code),
}

/// A message in the list. Of what it shows only the fate and the time of an own one change while it
/// is there, and the tab stop; the list makes another row where anything else does, the language too.
#[component]
pub fn Message(
    /// Where it is.
    conversation: ConversationId,
    /// What it shows.
    bubble: Signal<Bubble>,
    /// Whether it is the list's one tab stop.
    is_stop: Signal<bool>,
) -> impl IntoView {
    let me = Session::expect().me().id;
    let shown = bubble.get_untracked();
    let way = (shown.from == me).then(|| Way::of(conversation, bubble));
    let at = shown.at;
    let clock = |class| match way {
        Some(_) => live(move || time(class, bubble.with(|bubble| bubble.at))).part(),
        None => time(class, at),
    };
    let (side, head) = if shown.starts_group {
        let head = view! {
            {author(&shown, is_stop, me)}
            {clock("message__time")}
        };
        (author_face(&shown, me), head.part())
    } else {
        (clock("message__gutter"), ().part())
    };
    let own = |part: fn(Way, Signal<bool>) -> Part| {
        way.map_or_else(|| ().part(), |way| part(way, is_stop))
    };
    let first = if shown.starts_group {
        " message--first"
    } else {
        ""
    };
    let class = move || format!("message{first}{}", way.map_or("", Way::class));
    let label = label_of(&shown, None);
    let label = move || way.map_or_else(|| label.clone(), Way::label);
    view! {
        <article
            class=live(class)
            tabindex=live(move || if is_stop.get() { "0" } else { "-1" })
            aria-label=live(label)
        >
            {side}
            <div class="message__body">
                {head}
                <div class="message__text" dir="auto">
                    {pieces(&shown.content, is_stop)}
                    {own(|way, _| way.state())}
                </div>
                {own(Way::failure)}
            </div>
            {own(|way, _| way.mark())}
        </article>
    }
    .part()
}

/// What a screen reader says of a row.
fn label_of(bubble: &Bubble, state: Option<&str>) -> String {
    let time = dates::time(bubble.at);
    (t().row_label)(&bubble.name, &time, &bubble.content, state)
}

/// The big face, which opens the private conversation for those who point; the name beside it does
/// the same for the keyboard.
fn author_face(shown: &Bubble, me: UserId) -> Part {
    let face = view! { <Face user=shown.from name=shown.name.clone() big=true /> }.part();
    if shown.from == me {
        return face;
    }
    let peer = shown.from;
    view! {
        <button
            class="message__face"
            type="button"
            tabindex="-1"
            aria-hidden="true"
            on:click=act(move |_| write_to(me, peer))
        >
            {face}
        </button>
    }
    .part()
}

/// The author's name; another person's opens the private conversation with them.
fn author(shown: &Bubble, is_stop: Signal<bool>, me: UserId) -> Part {
    let name = shown.name.clone();
    if shown.from == me {
        return view! { <span class="message__who" dir="auto">{name}</span> }.part();
    }
    let (peer, title) = (shown.from, (t().write_to)(&name));
    view! {
        <button
            class="message__who"
            type="button"
            dir="auto"
            tabindex=live(move || if is_stop.get() { "0" } else { "-1" })
            title=title
            on:click=act(move |_| write_to(me, peer))
        >
            {name}
        </button>
    }
    .part()
}

/// The time as `14:05`; the full date for those who point at it.
fn time(class: &'static str, at: Timestamp) -> Part {
    view! {
        <time class=class datetime=dates::machine(at) title=dates::full(at)>
            {dates::time(at)}
        </time>
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

fn write_to(me: UserId, peer: UserId) {
    go(Route::Conversation(ConversationId::direct(me, peer)));
    focus::composer_soon();
}
