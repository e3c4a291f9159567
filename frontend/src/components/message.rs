//! One message as a row: who, when, what, and how far it came.
//!
//! Owns the row's look. Knows nothing of scrolling; the list gives it a signal that says what to show
//! and keeps the row while it can show that.
//! Read next: [`way`] for what only own messages show, [`crate::state::text`], which takes the words
//! apart.

mod way;

use leptos::prelude::*;
use shared::{Code, ConversationId, MsgId, Timestamp, UserId};

use self::way::Way;
use super::{face::Face, focus};
use crate::{
    i18n::{dates, t},
    live::{Live, act, live},
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
    /// Whether this person did.
    pub is_own: bool,
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
    /// Whether a row that shows the one can show the other instead: it is an own message, maybe
    /// further on its way, or nothing is different. One that goes again, since the server lost it or
    /// the person wants that, begins anew.
    pub fn is_same_row(&self, other: &Self) -> bool {
        let words =
            |bubble: &Self| (&bubble.content, &bubble.name) == (&other.content, &other.name);
        let goes_again = self.fate != Fate::OnItsWay && other.fate == Fate::OnItsWay;
        self == other || (self.is_own && other.is_own && words(self) && !goes_again)
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

/// A message in the list. An own one follows how far it came, when, and what stands before it; of
/// other people's only the tab stop changes while it is there: the list makes another row where
/// anything else does, the language too.
#[component]
pub fn Message(
    /// Where it is.
    conversation: ConversationId,
    /// What it shows.
    bubble: Signal<Bubble>,
    /// Whether it is the list's one tab stop.
    is_stop: Signal<bool>,
) -> impl IntoView {
    let shown = bubble.get_untracked();
    let way = shown.is_own.then(|| Way::of(conversation, bubble));
    let own = |part: fn(Way, Signal<bool>) -> Part| {
        way.map_or_else(|| ().part(), |way| part(way, is_stop))
    };
    let (side, head, class, label) = if let Some(way) = way {
        let (class, label) = (live(move || way.class()), live(move || way.label()));
        (way.side(), way.head(is_stop), class, label)
    } else {
        let (class, label) = (class_of(shown.starts_group, ""), label_of(&shown, None));
        let (class, label) = (live(move || class.clone()), live(move || label.clone()));
        (side_of(&shown), head_of(&shown, is_stop), class, label)
    };
    view! {
        <article
            class=class
            tabindex=tab_index(is_stop)
            aria-label=label
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

/// Of what Tab reaches in a row: of the one row that is the list's tab stop, and of no other.
fn tab_index(is_stop: Signal<bool>) -> Live<&'static str> {
    live(move || if is_stop.get() { "0" } else { "-1" })
}

/// The classes of a row.
fn class_of(starts_group: bool, more: &str) -> String {
    let first = if starts_group { " message--first" } else { "" };
    format!("message{first}{more}")
}

/// What stands beside the text: the author's face, or when it was, when asked.
fn side_of(shown: &Bubble) -> Part {
    if shown.starts_group {
        author_face(shown)
    } else {
        time("message__gutter", shown.at)
    }
}

/// What stands above it, where a group begins.
fn head_of(shown: &Bubble, is_stop: Signal<bool>) -> Part {
    if !shown.starts_group {
        return ().part();
    }
    view! {
        {author(shown, is_stop)}
        {time("message__time", shown.at)}
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
fn author_face(shown: &Bubble) -> Part {
    let face = view! { <Face user=shown.from name=shown.name.clone() big=true /> }.part();
    if shown.is_own {
        return face;
    }
    let (session, peer) = (Session::expect(), shown.from);
    view! {
        <button
            class="message__face"
            type="button"
            tabindex="-1"
            aria-hidden="true"
            on:click=act(move |_| write_to(session, peer))
        >
            {face}
        </button>
    }
    .part()
}

/// The author's name; another person's opens the private conversation with them.
fn author(shown: &Bubble, is_stop: Signal<bool>) -> Part {
    let name = shown.name.clone();
    if shown.is_own {
        return view! { <span class="message__who" dir="auto">{name}</span> }.part();
    }
    let (session, peer) = (Session::expect(), shown.from);
    let title = (t().write_to)(&name);
    view! {
        <button
            class="message__who"
            type="button"
            dir="auto"
            tabindex=tab_index(is_stop)
            title=title
            on:click=act(move |_| write_to(session, peer))
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
    parse(content)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned().part(),
            Piece::Code(code) => view! { <code>{code.to_owned()}</code> }.part(),
            Piece::Block(code) => {
                view! { <pre tabindex=tab_index(is_stop)><code>{code.to_owned()}</code></pre> }
                    .part()
            }
            Piece::Link(address) => view! {
                <a
                    href=address.to_owned()
                    target="_blank"
                    rel="noopener noreferrer nofollow ugc"
                    tabindex=tab_index(is_stop)
                >
                    {address.to_owned()}
                </a>
            }
            .part(),
        })
        .collect()
}

fn write_to(session: Session, peer: UserId) {
    let with_them = ConversationId::direct(session.me().id, peer);
    go(Route::Conversation(with_them));
    focus::composer_soon();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_row_goes_on_with_its_message_and_begins_anew_where_that_was_lost() {
        let own = |fate| Bubble {
            msg_id: MsgId::parse("one").unwrap(),
            from: UserId(1),
            is_own: true,
            name: "Ana".into(),
            content: "hello".into(),
            at: Timestamp(0),
            starts_group: true,
            fate,
        };
        assert!(own(Fate::OnItsWay).is_same_row(&own(Fate::Stored)));
        assert!(own(Fate::Sent).is_same_row(&own(Fate::Read)));
        assert!(own(Fate::OnItsWay).is_same_row(&own(Fate::Failed(Code::NoSuchUser))));
        assert!(!own(Fate::Stored).is_same_row(&own(Fate::OnItsWay)));
        assert!(!own(Fate::Failed(Code::NoSuchUser)).is_same_row(&own(Fate::OnItsWay)));
    }
}
