//! The app: who is asking, and which page that person sees.
//!
//! Owns the stages before a session (asking, unreachable, the door) and the contexts that every
//! component may use. Read next: [`crate::pages::chat`].

use client::{Client, Link};
use leptos::{ev, prelude::*};
use shared::frame::User;

use crate::{
    live::{live, memo, spawn},
    media::{self, Room},
    net::{
        api,
        surroundings::{self, Network},
    },
    pages::{chat::Chat, door::Door, unreachable::Unreachable},
    part::IntoPart as _,
    preferences::ChosenTheme,
    session::{Session, Topic},
};

/// Whether the picker is open: a context, since Ctrl+K, the sidebar and every name open it.
#[derive(Clone, Copy)]
pub struct PickerOpen(pub RwSignal<bool>);

/// The build of the server that this page came from: another one has another app in it.
#[derive(Clone, Copy)]
pub struct Build(pub StoredValue<String>);

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    provide_context(PickerOpen(RwSignal::new(false)));
    provide_context(ChosenTheme::take_over());
    provide_context(Room::watch());
    media::keep_above_keyboard();
    let stage = RwSignal::new(Stage::Asking);
    let is_demo = StoredValue::new(false);
    let build = Build(StoredValue::new(String::new()));
    provide_context(build);

    let root = Owner::current().unwrap_or_default();
    let enter = Callback::new(move |user: User| match stage.get_untracked() {
        Stage::Inside(session, _) if session.me().id == user.id => session.act(Client::start),
        // Nothing of one person is left on the screen of another.
        Stage::Inside(..) => _ = window().location().reload(),
        _ => root.with(|| {
            let session = Session::new(user);
            let network = surroundings::watch(session);
            stage.set(Stage::Inside(session, network));
        }),
    });
    let ask = Callback::new(move |()| {
        stage.set(Stage::Asking);
        spawn(async move {
            match api::server().await {
                Ok(server) => {
                    is_demo.set_value(server.demo);
                    build.0.set_value(server.build);
                    match server.user {
                        Some(user) => enter.run(user),
                        None => stage.set(Stage::Door),
                    }
                }
                Err(_) => stage.set(Stage::Unreachable),
            }
        });
    });
    ask.run(());
    let online = window_event_listener(ev::online, move |_| {
        if matches!(stage.get_untracked(), Stage::Unreachable) {
            ask.run(());
        }
    });
    on_cleanup(move || online.remove());

    let door = move |ended: Option<String>| {
        let is_demo = is_demo.get_value();
        view! { <Door is_demo ended on_enter=enter /> }.part()
    };
    live(move || match stage.get() {
        Stage::Asking => ().part(),
        Stage::Unreachable => view! { <Unreachable on_retry=ask /> }.part(),
        Stage::Door => door(None),
        Stage::Inside(session, network) => {
            provide_context(session);
            provide_context(network);
            let has_ended =
                memo(move || session.with(Topic::Link, Client::link) == Link::SignedOut);
            live(move || {
                if has_ended.get() {
                    door(Some(session.me().name))
                } else {
                    view! { <Chat /> }.part()
                }
            })
            .part()
        }
    })
    .part()
}

/// How far the page came.
#[derive(Clone, Copy)]
enum Stage {
    /// Who is asking is being found out.
    Asking,
    /// The server did not answer.
    Unreachable,
    /// Nobody is signed in.
    Door,
    /// Somebody is.
    Inside(Session, Network),
}
