//! Who is here: people by presence, each one click away from a private conversation.

use client::order;
use leptos::{ev::MouseEvent, prelude::*};
use shared::{
    ConversationId,
    frame::{Person, Presence},
};

use super::{
    face::{Face, name_of},
    focus,
};
use crate::{
    i18n::{t, text},
    live::{act, each, live, memo, when},
    names,
    part::IntoPart as _,
    router::{self, Route},
    session::{Session, Topic},
};

/// The people the client knows of, online ones first.
#[component]
pub fn Members() -> impl IntoView {
    let group = |presence| view! { <Group presence /> }.part();
    view! {
        <div class="members">
            {[Presence::Online, Presence::Away, Presence::Offline].map(group).collect_view()}
        </div>
    }
    .part()
}

/// People of one presence, under a heading that counts them.
#[component]
fn Group(presence: Presence) -> impl IntoView {
    let session = Session::expect();
    let people = memo(move || {
        session.with(Topic::People, |client| {
            let of_this = |person: &&Person| person.presence == presence;
            let people: Vec<_> = client.people().filter(of_this).cloned().collect();
            order::by_key(people, |person| names::lowercase(&person.name))
        })
    });
    let is_shown = move || {
        let count = people.with(Vec::len);
        count > 0 && (presence != Presence::Offline || count <= FEW)
    };
    view! {
        {when(is_shown, move || view! {
            <section class="members__group">
                <h2>
                    {live(move || format!("{} · {}", name_of(presence, t()), people.with(Vec::len)))}
                </h2>
                <ul>
                    {each(move || people.get(), |person| (person.id, person.name.clone()), |person| view! { <Member person /> }.part())}
                </ul>
            </section>
        }.part())}
    }.part()
}

/// One person; opens the private conversation.
#[component]
fn Member(person: Person) -> impl IntoView {
    let me = Session::expect().me().id;
    let route = Route::Conversation(ConversationId::direct(me, person.id));
    let open = move |click: MouseEvent| {
        if router::is_plain(&click) {
            click.prevent_default();
            router::go(route);
            focus::composer_soon();
        }
    };
    let presence: Presence = person.presence;
    view! {
        <li>
            <a class="members__row" href=route.path() on:click=act(open)>
                <Face user=person.id name=person.name.clone() presence />
                <span class="members__name" dir="auto">
                    {person.name.clone()}
                </span>
                {(person.id == me)
                    .then(|| view! { <span class="members__you">{text(|t| t.you)}</span> }.part())}
            </a>
        </li>
    }
    .part()
}

/// So many people who are not here are still worth a list.
const FEW: usize = 30;
