//! The sidebar: every conversation, what is unread in it, and who one is.
//!
//! Owns the order of the rows. A row is a link, so that it opens in a new tab as well.

use std::cmp::Reverse;

use client::{Client, order};
use leptos::{ev::MouseEvent, prelude::*};
use shared::{ConversationId, Timestamp, UserId, frame::Presence};

use crate::{
    app::PickerOpen,
    components::{
        connection::{self, Look},
        face::Face,
        focus,
        icons::PlusIcon,
        logo::Logo,
        me_menu::MeMenu,
    },
    i18n::{t, text, texts::badge},
    live::{act, each, live, memo, when},
    names,
    part::IntoPart as _,
    router::{self, Route},
    session::{Session, Topic},
    state::drafts::Drafts,
};

/// The list of conversations.
#[component]
pub fn Sidebar(
    /// The conversation on screen.
    shown: Memo<Option<ConversationId>>,
) -> impl IntoView {
    let session = Session::expect();
    let PickerOpen(picker) = expect_context();
    let drafts: Drafts = expect_context();
    let directs = memo(move || {
        let begun = drafts.all().into_iter().chain(shown.get()).collect();
        session.with(Topic::Conversations, |client| {
            directs_by_activity(client, begun)
        })
    });
    let rooms = memo(move || session.with(Topic::Conversations, rooms));
    let row = move |id: ConversationId| view! { <Row id shown /> }.part();

    view! {
        <nav class="sidebar" aria-label=text(|t| t.sidebar)>
            <div class="sidebar__brand">
                <Logo />
                // Where no conversation is on screen, this is the heading of the page.
                {live(move || {
                    if shown.get().is_none() {
                        view! { <h1 class="sidebar__name">"Pond"</h1> }.part()
                    } else {
                        view! { <span class="sidebar__name">"Pond"</span> }.part()
                    }
                })}
            </div>
            <button class="sidebar__find" type="button" on:click=act(move |_| picker.set(true))>
                {text(|t| t.find)}
                <kbd aria-hidden="true">{if is_apple() { "⌘ K" } else { "Ctrl K" }}</kbd>
            </button>
            <div class="sidebar__lists">
                <h2 id="rooms">{text(|t| t.rooms)}</h2>
                <ul aria-labelledby="rooms">
                    {each(move || rooms.get(), |id| *id, row)}
                </ul>
                <div class="sidebar__heading">
                    <h2 id="directs">{text(|t| t.private_messages)}</h2>
                    <button
                        class="tool"
                        type="button"
                        aria-label=text(|t| t.new_private_message)
                        title=text(|t| t.new_private_message)
                        on:click=act(move |_| picker.set(true))
                    >
                        <PlusIcon />
                    </button>
                </div>
                <ul aria-labelledby="directs">
                    {each(move || directs.get(), |id| *id, row)}
                </ul>
                {when(move || directs.with(Vec::is_empty), move || view! {
                    <p class="sidebar__empty">{text(|t| t.no_private_messages)}</p>
                }.part())}
            </div>
            {when(move || session.is_forgetful.get(), || view! {
                <p class="sidebar__forgetful">{text(|t| t.stores_nothing)}</p>
            }.part())}
            <Me />
        </nav>
    }
    .part()
}

/// One conversation.
#[component]
fn Row(id: ConversationId, shown: Memo<Option<ConversationId>>) -> impl IntoView {
    let session = Session::expect();
    let drafts: Drafts = expect_context();
    let route = Route::Conversation(id);
    let is_room = matches!(id, ConversationId::Room(_));
    let name = memo(move || {
        // A room is called by its title, a private conversation by its person.
        let topic = if is_room {
            Topic::Conversations
        } else {
            Topic::People
        };
        session.with(topic, |client| names::conversation(client, id, t()))
    });
    let is_shown = memo(move || shown.get() == Some(id));
    let unread = move || {
        session.with(Topic::Conversations, |client| {
            names::unread(client, id, is_shown.get())
        })
    };
    let has_draft = move || !is_shown.get() && drafts.has(id);
    let open = move |click: MouseEvent| {
        if router::is_plain(&click) {
            click.prevent_default();
            router::go(route);
            focus::composer_soon();
        }
    };
    let sign = match id.peer_of(session.me().id) {
        Some(user) => {
            let presence = presence_of(session, user);
            live(move || view! { <Face user name=name.get() presence /> }.part()).part()
        }
        None => view! {
            <span class="row__hash" aria-hidden="true">
                "#"
            </span>
        }
        .part(),
    };
    let has_unread = move || unread() > 0;
    let shown_count = move || {
        if is_room {
            String::new()
        } else {
            badge(unread())
        }
    };
    let count = move || {
        view! {
            <span class=if is_room { "row__dot" } else { "row__badge" }>
                <span aria-hidden="true">{live(shown_count)}</span>
                <span class="visually-hidden">" " {live(move || (t().unread)(unread()))}</span>
            </span>
        }
        .part()
    };
    view! {
        <li>
            <a
                class="row"
                class:row--unread=live(has_unread)
                href=route.path()
                aria-current=live(move || is_shown.get().then_some("page"))
                on:click=act(open)
            >
                {sign}
                <span class="row__name">{live(move || name.get())}</span>
                {when(
                    has_draft,
                    || view! { <span class="row__draft">{text(|t| t.draft)}</span> }.part(),
                )}
                {when(has_unread, count)}
            </a>
        </li>
    }
    .part()
}

/// The person and the connection.
#[component]
fn Me() -> impl IntoView {
    let session = Session::expect();
    let me = session.me();
    let look = connection::look_of(session);
    let known = presence_of(session, me.id);
    // What the server last said of us does not hold without it.
    let presence = memo(move || match look.get() {
        Look::Banner | Look::Offline | Look::Line => Presence::Offline,
        Look::Fine | Look::Starting => known.get(),
    });
    view! {
        <div class="me">
            <Face user=me.id name=me.name.clone() presence big=true />
            <p class="me__who">
                <span class="me__name">{me.name.clone()}</span>
                <span class="me__line">{live(move || look.get().line(t()))}</span>
            </p>
            <MeMenu />
        </div>
    }
    .part()
}

fn presence_of(session: Session, user: UserId) -> Memo<Presence> {
    memo(move || {
        session.with(Topic::People, |client| {
            let person = client.person(user);
            person.map_or(Presence::Offline, |person| person.presence)
        })
    })
}

/// The room that everybody is in comes first.
fn rooms(client: &Client) -> Vec<ConversationId> {
    let ids = client.conversations().map(|conversation| conversation.id);
    ids.filter(|id| matches!(id, ConversationId::Room(_)))
        .collect()
}

/// Private conversations in which something was said, the most recent first, and before them those
/// of `begun` (with a draft, or on screen) that are about to begin.
fn directs_by_activity(client: &Client, begun: Vec<ConversationId>) -> Vec<ConversationId> {
    let me = client.me().id;
    let said = client
        .conversations()
        .filter_map(|one| Some((one.id, last_at(client, one.id)?)));
    let rows = begun
        .into_iter()
        .filter(|id| last_at(client, *id).is_none() && !client.is_with_nobody(*id))
        .map(|id| (id, Timestamp(i64::MAX)))
        .chain(said)
        .filter(|(id, _)| id.peer_of(me).is_some())
        .map(|(id, at)| (at, id))
        .collect();
    let mut rows: Vec<(Timestamp, ConversationId)> = order::by_key(rows, |row| Reverse(*row));
    // What is on screen may have a draft as well.
    rows.dedup();
    rows.into_iter().map(|(_, id)| id).collect()
}

/// When something was last said there, or written to go there.
fn last_at(client: &Client, id: ConversationId) -> Option<Timestamp> {
    let said = client.conversation(id).map(|one| one.last_at);
    let written = client.outgoing(id).map(|message| message.written_at);
    said.into_iter()
        .chain(written)
        .max()
        .filter(|at| *at > Timestamp::default())
}

fn is_apple() -> bool {
    let platform = window().navigator().platform().unwrap_or_default();
    ["Mac", "iPhone", "iPad"]
        .iter()
        .any(|apple| platform.starts_with(apple))
}

#[cfg(test)]
mod tests {
    use client::Moment;
    use shared::{MsgId, ServerFrame, event::Message, frame::User, ids::Seq};

    use super::*;

    const ME: UserId = UserId(3);

    fn said(with: u64, at: i64) -> ServerFrame {
        ServerFrame::Message(Message {
            msg_id: MsgId::from_random([u8::try_from(with).unwrap(); 16]),
            content: "hi".to_owned(),
            conversation: ConversationId::direct(ME, UserId(with)),
            seq: Seq(1),
            from: UserId(with),
            from_user: with.to_string(),
            sent_at: Timestamp(at),
            check: None,
        })
    }

    #[test]
    fn who_spoke_last_stands_first_and_what_is_open_before_all() {
        let me = User {
            id: ME,
            name: "Ana".to_owned(),
        };
        let mut client = Client::new(me, None, 1);
        client.received(Moment::from_secs(1), said(5, 100));
        client.received(Moment::from_secs(1), said(6, 300));
        client.received(Moment::from_secs(1), said(7, 200));
        let direct = |other| ConversationId::direct(ME, UserId(other));
        let [five, six, seven, new] = [5, 6, 7, 8].map(direct);
        assert_eq!(directs_by_activity(&client, vec![five]), [six, seven, five]);
        client.open(Moment::from_secs(1), new);
        assert_eq!(
            directs_by_activity(&client, vec![new, new]),
            [new, six, seven, five]
        );
        assert_eq!(directs_by_activity(&client, vec![]), [six, seven, five]);
        assert_eq!(rooms(&client), [ConversationId::EVERYONE]);
    }
}
