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
        api, store,
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
    let build = Build(StoredValue::new(build_of_page()));
    provide_context(build);

    let root = Owner::current().unwrap_or_default();
    let entered = StoredValue::new(None::<User>);
    let enter = Callback::new(move |user: User| {
        store::note_user(Some(&user));
        match entered.get_value() {
            Some(known) if known == user => {
                if let Stage::Inside(session, _) = stage.get_untracked() {
                    session.act(Client::start);
                }
            }
            // Nothing of one person is left on the screen of another.
            Some(_) => _ = window().location().reload(),
            None => {
                entered.set_value(Some(user.clone()));
                let root = root.clone();
                spawn(async move {
                    let stored = store::open(&user).await;
                    root.with(|| {
                        let session = Session::new(user);
                        match stored {
                            Ok(stored) => session.recall(stored),
                            Err(_) => session.is_forgetful.set(true),
                        }
                        let network = surroundings::watch(session);
                        stage.set(Stage::Inside(session, network));
                    });
                });
            }
        }
    });
    let ask = Callback::new(move |()| {
        if entered.get_value().is_none() {
            stage.set(Stage::Asking);
        }
        spawn(async move {
            match api::server().await {
                Ok(server) => {
                    is_demo.set_value(server.demo);
                    build.0.update_value(|ours| {
                        if ours.is_empty() {
                            *ours = server.build;
                        }
                    });
                    match server.user {
                        Some(user) => enter.run(user),
                        None if entered.get_value().is_some() => {
                            // Who was here last is not any more.
                            store::note_user(None);
                            _ = window().location().reload();
                        }
                        None => stage.set(Stage::Door),
                    }
                }
                Err(_) if entered.get_value().is_some() => {}
                Err(_) => stage.set(Stage::Unreachable),
            }
        });
    });
    // Whoever was here last sees at once what is stored, while the server says who is asking.
    if let Some(user) = store::last_user() {
        enter.run(user);
    }
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
                    store::note_user(None);
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

/// The build that this page came with; empty where the server did not put it in.
fn build_of_page() -> String {
    let named = document().query_selector("meta[name=pond-build]");
    let build = named
        .ok()
        .flatten()
        .and_then(|meta| meta.get_attribute("content"));
    build.unwrap_or_default()
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
