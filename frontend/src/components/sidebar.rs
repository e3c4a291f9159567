//! The sidebar: every conversation, what is unread in it, and who one is.
//!
//! Owns the order of the rows. A row is a link, so that it opens in a new tab as well.

use client::Client;
use leptos::{ev::MouseEvent, prelude::*};
use shared::{ConversationId, Timestamp, UserId, frame::Presence};

use crate::{
    app::PickerOpen,
    components::{connection, face::Face, focus, icons::PlusIcon, logo::Logo, me_menu::MeMenu},
    i18n::{t, text, texts::badge},
    names,
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
    let directs = Memo::new(move |_| {
        session.with(Topic::Conversations, |client| {
            directs_by_activity(client, shown.get())
        })
    });
    let rooms = Memo::new(move |_| session.with(Topic::Conversations, rooms));
    let row = move |id: ConversationId| view! { <Row id shown /> };

    view! {
        <nav class="sidebar" aria-label=text(|t| t.sidebar)>
            <div class="sidebar__brand">
                <Logo />
                // Where no conversation is on screen, this is the heading of the page.
                {move || {
                    if shown.get().is_none() {
                        view! { <h1 class="sidebar__name">"Pond"</h1> }.into_any()
                    } else {
                        view! { <span class="sidebar__name">"Pond"</span> }.into_any()
                    }
                }}
            </div>
            <button class="sidebar__find" type="button" on:click=move |_| picker.set(true)>
                {text(|t| t.find)}
                <kbd aria-hidden="true">{if is_apple() { "⌘ K" } else { "Ctrl K" }}</kbd>
            </button>
            <div class="sidebar__lists">
                <h2 id="rooms">{text(|t| t.rooms)}</h2>
                <ul aria-labelledby="rooms">
                    <For each=move || rooms.get() key=|id| *id children=row />
                </ul>
                <div class="sidebar__heading">
                    <h2 id="directs">{text(|t| t.private_messages)}</h2>
                    <button
                        class="tool"
                        type="button"
                        aria-label=text(|t| t.new_private_message)
                        title=text(|t| t.new_private_message)
                        on:click=move |_| picker.set(true)
                    >
                        <PlusIcon />
                    </button>
                </div>
                <ul aria-labelledby="directs">
                    <For each=move || directs.get() key=|id| *id children=row />
                </ul>
                <Show when=move || directs.with(Vec::is_empty)>
                    <p class="sidebar__empty">{text(|t| t.no_private_messages)}</p>
                </Show>
            </div>
            <Me />
        </nav>
    }
    .into_any()
}

/// One conversation.
#[component]
fn Row(id: ConversationId, shown: Memo<Option<ConversationId>>) -> impl IntoView {
    let session = Session::expect();
    let drafts: Drafts = expect_context();
    let route = Route::Conversation(id);
    let is_room = matches!(id, ConversationId::Room(_));
    let name = Memo::new(move |_| {
        // A room is called by its title, a private conversation by its person.
        let topic = if is_room {
            Topic::Conversations
        } else {
            Topic::People
        };
        session.with(topic, |client| names::conversation(client, id, t()))
    });
    let unread = Memo::new(move |_| {
        session.with(Topic::Conversations, |client| {
            let conversation = client.conversation(id);
            conversation.map_or(0, |conversation| conversation.unread(client.me().id))
        })
    });
    let is_shown = Memo::new(move |_| shown.get() == Some(id));
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
            (move || view! { <Face user name=name.get() presence /> }).into_any()
        }
        None => view! {
            <span class="row__hash" aria-hidden="true">
                "#"
            </span>
        }
        .into_any(),
    };
    let count = move || {
        let unread = unread.get();
        (unread > 0).then(|| {
            view! {
                <span class=if is_room { "row__dot" } else { "row__badge" }>
                    <span aria-hidden="true">{(!is_room).then(|| badge(unread))}</span>
                    <span class="visually-hidden">" " {(t().unread)(unread)}</span>
                </span>
            }
        })
    };
    view! {
        <li>
            <a
                class="row"
                class:row--unread=move || { unread.get() > 0 }
                href=route.path()
                aria-current=move || is_shown.get().then_some("page")
                on:click=open
            >
                {sign}
                <span class="row__name">{name}</span>
                {move || {
                    has_draft().then(|| view! { <span class="row__draft">{t().draft}</span> })
                }}
                {count}
            </a>
        </li>
    }
    .into_any()
}

/// The person and the connection.
#[component]
fn Me() -> impl IntoView {
    let session = Session::expect();
    let me = session.me();
    let look = connection::look_of(session);
    let presence = presence_of(session, me.id);
    view! {
        <div class="me">
            <Face user=me.id name=me.name.clone() presence big=true />
            <p class="me__who">
                <span class="me__name">{me.name.clone()}</span>
                <span class="me__line">{move || look.get().line(t())}</span>
            </p>
            <MeMenu />
        </div>
    }
    .into_any()
}

fn presence_of(session: Session, user: UserId) -> Memo<Presence> {
    Memo::new(move |_| {
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

/// Private conversations in which something was said, and the one on screen; the most recent first.
fn directs_by_activity(client: &Client, shown: Option<ConversationId>) -> Vec<ConversationId> {
    let me = client.me().id;
    let written_at = |id| client.outgoing(id).map(|message| message.written_at).max();
    let mut rows: Vec<(Timestamp, ConversationId)> = client
        .conversations()
        .filter(|conversation| conversation.id.peer_of(me).is_some())
        .map(|conversation| {
            let at = conversation
                .last_at
                .max(written_at(conversation.id).unwrap_or_default());
            // One that was opened and has nothing in it yet is what the person is about to do.
            let is_new = at == Timestamp::default() && shown == Some(conversation.id);
            (
                if is_new { Timestamp(i64::MAX) } else { at },
                conversation.id,
            )
        })
        .filter(|(at, _)| *at > Timestamp::default())
        .collect();
    rows.sort_unstable_by(|one, other| other.cmp(one));
    rows.into_iter().map(|(_, id)| id).collect()
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
        assert_eq!(directs_by_activity(&client, Some(five)), [six, seven, five]);
        client.open(Moment::from_secs(1), new);
        assert_eq!(
            directs_by_activity(&client, Some(new)),
            [new, six, seven, five]
        );
        assert_eq!(directs_by_activity(&client, None), [six, seven, five]);
        assert_eq!(rooms(&client), [ConversationId::EVERYONE]);
    }
}
