//! One conversation on screen: its header, the connection's notice, its messages, the composer.
//!
//! Owns which conversation the engine keeps complete: the one that is open here.

use client::{Client, Conversation};
use leptos::{ev::MouseEvent, prelude::*};
use shared::{ConversationId, frame::Presence};

use crate::{
    components::{
        composer::Composer,
        connection::{ConnectionNotice, RestoredNotice, UpdateNotice},
        focus,
        icons::{BackIcon, PeopleIcon},
        message_list::MessageList,
        people_pane::PeoplePane,
    },
    i18n::{t, text},
    live::{act, live, memo},
    names,
    part::IntoPart as _,
    router,
    session::{Session, Topic},
};

/// One conversation.
#[component]
pub fn ConversationPage(
    /// Which.
    conversation: ConversationId,
) -> impl IntoView {
    let session = Session::expect();
    session.act(|client, now| client.open(now, conversation));
    on_cleanup(move || session.act(|client, _| client.leave(conversation)));
    let generation = memo(move || {
        session.with(Topic::Timeline(conversation), |client| {
            let known = client.conversation(conversation);
            known.map_or(0, Conversation::generation)
        })
    });
    // Where the list stands means nothing in another log.
    let list = move || {
        generation.get();
        view! { <MessageList conversation /> }.part()
    };
    view! {
        <Header conversation />
        <ConnectionNotice />
        <UpdateNotice />
        <RestoredNotice conversation />
        {live(list).part()}
        <Composer conversation />
    }
    .part()
}

/// Whether a conversation can be on screen: a known room, or what this person says to another who exists.
pub fn is_possible(client: &Client, id: ConversationId) -> bool {
    match id {
        ConversationId::Room(_) => client.conversation(id).is_some(),
        ConversationId::Direct(_) => {
            id.peer_of(client.me().id).is_some() && !client.is_with_nobody(id)
        }
    }
}

/// In place of a conversation that does not exist.
#[component]
pub fn NoSuchConversation() -> impl IntoView {
    let home = |click: MouseEvent| {
        if router::is_plain(&click) {
            click.prevent_default();
            router::go(router::Route::Conversation(ConversationId::EVERYONE));
            focus::composer_soon();
        }
    };
    view! {
        <div class="nothing">
            <h1>{text(|t| t.no_such_conversation)}</h1>
            <p>{text(|t| t.no_such_conversation_hint)}</p>
            <a href="/r/1" on:click=act(home)>
                {text(|t| t.to_everyone)}
            </a>
        </div>
    }
    .part()
}

#[component]
fn Header(conversation: ConversationId) -> impl IntoView {
    let session = Session::expect();
    let pane: PeoplePane = expect_context();
    let me = session.me().id;
    let name = move || {
        session.with(Topic::People, |client| {
            names::conversation(client, conversation, t())
        })
    };
    let subtitle = move || match conversation.peer_of(me) {
        Some(peer) if peer == me => t().you,
        Some(peer) => session.with(Topic::People, |client| {
            match client.person(peer).map(|person| person.presence) {
                Some(Presence::Online) => t().online,
                Some(Presence::Away) => t().away,
                Some(Presence::Offline) | None => t().offline,
            }
        }),
        None if conversation == ConversationId::EVERYONE => t().everyone_subtitle,
        None => "",
    };
    let is_room = matches!(conversation, ConversationId::Room(_));
    let back = |click: MouseEvent| {
        if router::is_plain(&click) {
            click.prevent_default();
            router::go_home();
        }
    };
    view! {
        <header class="header">
            <a class="tool header__back" href="/" aria-label=text(|t| t.back) on:click=act(back)>
                <BackIcon />
            </a>
            <div class="header__titles">
                <h1>{is_room.then_some("# ")} {live(name)}</h1>
                <p>{live(subtitle)}</p>
            </div>
            <button
                class="tool header__people"
                type="button"
                aria-label=text(|t| t.members)
                title=text(|t| t.members)
                aria-expanded=live(move || if pane.is_shown() { "true" } else { "false" })
                aria-controls="people"
                on:click=act(move |_| pane.toggle())
            >
                <PeopleIcon />
            </button>
        </header>
    }
    .part()
}
