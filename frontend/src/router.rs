//! The router: which conversation is on screen lives in the URL, and Back goes where it should.
//!
//! Owns the address of the page. There is one address, so there is one router, and any handler may
//! call [`go`].

use std::cell::OnceCell;

use leptos::{ev, prelude::*};
use shared::{ConversationId, RoomId};
use wasm_bindgen::JsValue;

/// What the address names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Route {
    /// `/`: the list of conversations; where there is room, with the room that everybody is in.
    Home,
    /// `/r/1`, `/d/3-17`
    Conversation(ConversationId),
    /// Nothing that there is.
    Nowhere,
}

impl Route {
    /// What a path names.
    pub fn parse(path: &str) -> Self {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => Self::Home,
            (Some(kind @ ("r" | "d")), Some(id), None) => format!("{kind}{id}")
                .parse()
                .map_or(Self::Nowhere, Self::Conversation),
            _ => Self::Nowhere,
        }
    }

    /// Its path.
    pub fn path(self) -> String {
        match self {
            Self::Home | Self::Nowhere => "/".to_owned(),
            Self::Conversation(ConversationId::Room(RoomId(room))) => format!("/r/{room}"),
            Self::Conversation(direct @ ConversationId::Direct(_)) => {
                format!("/d/{}", direct.to_string().trim_start_matches('d'))
            }
        }
    }
}

/// What the address names now.
pub fn route() -> Signal<Route> {
    with_router(|router| router.route.read_only().into())
}

/// Whether the people panel lies over the conversation: `#people`, so that Back closes it.
pub fn people_panel() -> Signal<bool> {
    with_router(|router| router.people.read_only().into())
}

/// Goes there, as a new entry of the history.
pub fn go(to: Route) {
    with_router(|router| {
        let from = router.route.get_untracked();
        let was_open = router.people.get_untracked();
        if from == to && !was_open {
            return;
        }
        let came_from_home = JsValue::from_bool(from == Route::Home);
        if let Ok(history) = window().history() {
            let path = to.path();
            // A panel's own entry makes way for the place that was chosen in it.
            let gone = if was_open {
                history.replace_state_with_url(&came_from_home, "", Some(&path))
            } else {
                history.push_state_with_url(&came_from_home, "", Some(&path))
            };
            if gone.is_ok() {
                router.follow();
            }
        }
    });
}

/// Back to the list: the history entry before this one where that is the list, a new one otherwise.
pub fn go_home() {
    let Ok(history) = window().history() else {
        return;
    };
    let came_from_home = history
        .state()
        .is_ok_and(|state| state.as_bool() == Some(true));
    if !(came_from_home && history.back().is_ok()) {
        go(Route::Home);
    }
}

/// Opens the people panel over the conversation.
pub fn open_people() {
    with_router(|router| {
        if router.people.get_untracked() {
            return;
        }
        let opened = window()
            .history()
            .and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(PEOPLE)));
        if opened.is_ok() {
            router.follow();
        }
    });
}

/// Closes it.
pub fn close_people() {
    if with_router(|router| router.people.get_untracked())
        && let Ok(history) = window().history()
    {
        // What follows is a `popstate`.
        _ = history.back();
    }
}

/// Whether a click on a link is ours: a plain one, not one that asks for a new tab.
pub fn is_plain(click: &ev::MouseEvent) -> bool {
    click.button() == 0
        && !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key())
        && !click.default_prevented()
}

const PEOPLE: &str = "#people";

#[derive(Clone)]
struct Router {
    route: ArcRwSignal<Route>,
    people: ArcRwSignal<bool>,
}

impl Router {
    fn listen() -> Self {
        let location = window().location();
        if location.hash().is_ok_and(|hash| !hash.is_empty())
            && let Ok(history) = window().history()
        {
            // Closing a panel is going back, and before this entry there is nothing of ours.
            let path = location.pathname().unwrap_or_default();
            _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
        }
        let path = location.pathname().unwrap_or_default();
        let router = Self {
            route: ArcRwSignal::new(Route::parse(&path)),
            people: ArcRwSignal::new(false),
        };
        let follower = router.clone();
        let listener = window_event_listener(ev::popstate, move |_| follower.follow());
        // It listens as long as the page lives.
        std::mem::forget(listener);
        router
    }

    fn follow(&self) {
        let location = window().location();
        let route = Route::parse(&location.pathname().unwrap_or_default());
        let people = location.hash().is_ok_and(|hash| hash == PEOPLE);
        if self.route.get_untracked() != route {
            self.route.set(route);
        }
        if self.people.get_untracked() != people {
            self.people.set(people);
        }
    }
}

thread_local! {
    static ROUTER: OnceCell<Router> = const { OnceCell::new() };
}

fn with_router<T>(look: impl FnOnce(&Router) -> T) -> T {
    ROUTER.with(|router| look(router.get_or_init(Router::listen)))
}

#[cfg(test)]
mod tests {
    use shared::UserId;

    use super::*;

    #[test]
    fn a_path_names_one_conversation() {
        let direct = ConversationId::direct(UserId(17), UserId(3));
        for (path, route) in [
            ("/", Route::Home),
            ("/r/1", Route::Conversation(ConversationId::EVERYONE)),
            ("/d/3-17", Route::Conversation(direct)),
        ] {
            assert_eq!(Route::parse(path), route);
            assert_eq!(route.path(), path);
        }
        assert_eq!(Route::parse("/d/3-17/"), Route::Conversation(direct));
    }

    #[test]
    fn an_unknown_path_leads_nowhere_and_an_empty_one_home() {
        for path in ["/r", "/r/0x", "/d/17-3", "/x/1", "/r/1/2", "/r1"] {
            assert_eq!(Route::parse(path), Route::Nowhere, "{path:?}");
        }
        for path in ["", "/", "//"] {
            assert_eq!(Route::parse(path), Route::Home, "{path:?}");
        }
    }
}
