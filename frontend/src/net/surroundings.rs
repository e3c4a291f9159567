//! The surroundings: time, the network, and whether the person is at the desk.
//!
//! Turns what the browser says of them into calls of the engine, for as long as the page lives.

use std::{cell::Cell, rc::Rc, time::Duration};

use client::{Client, Moment};
use leptos::{ev, prelude::*};
use shared::frame::Presence;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::EventTarget;

use crate::{
    i18n::dates,
    net::{clock, fallback, store},
    session::Session,
};

/// Whether the browser believes that there is a network. It errs towards yes.
#[derive(Clone, Copy)]
pub struct Network(pub RwSignal<bool>);

/// Starts the engine and keeps telling it what goes on around the page.
pub fn watch(session: Session) -> Network {
    let network = Network(RwSignal::new(window().navigator().on_line()));
    let desk = Rc::new(Desk::new(clock::now()));

    fallback::listen(session);
    session.act(Client::start);
    {
        let desk = desk.clone();
        set_interval(
            move || {
                session.tick();
                dates::note_today();
                let (now, is_hidden) = (clock::now(), is_hidden());
                let presence = desk.presence(now, is_hidden);
                let is_attended = desk.is_attended(now, is_hidden);
                session.act(|client, _| {
                    client.set_presence(presence);
                    client.set_attended(is_attended);
                });
            },
            TICK,
        );
    }

    on(&window(), "online", move || {
        network.0.set(true);
        session.act(Client::retry_now);
    });
    on(&window(), "offline", move || {
        network.0.set(false);
        session.act(Client::network_lost);
    });
    on(&window(), "focus", move || session.act(Client::retry_now));
    on(&window(), "pagehide", move || session.keep_log());
    on(&window(), store::LEAD, move || session.lead());
    on(&window(), store::KEPT, move || session.reread());
    on(&window(), store::OUT, move || {
        session.forget();
        _ = window().location().set_href("/");
    });
    store::join(&session.me());
    {
        let desk = desk.clone();
        on(&document(), "visibilitychange", move || {
            if is_hidden() {
                desk.hidden_since.set(Some(clock::now()));
            } else {
                desk.hidden_since.set(None);
                desk.touch(clock::now());
                session.act(|client, now| {
                    client.set_presence(Presence::Online);
                    client.retry_now(now);
                });
            }
        });
    }
    // Where the browser stores nothing, what waits lives in this page alone, and it asks before it goes.
    let leaving = window_event_listener(ev::beforeunload, move |event| {
        if session.has_unstored() {
            event.prevent_default();
        }
    });
    std::mem::forget(leaving);
    for input in ["pointerdown", "pointermove", "keydown", "wheel"] {
        let desk = desk.clone();
        on(&window(), input, move || desk.touch(clock::now()));
    }
    network
}

/// When the person was last seen at the desk.
struct Desk {
    last_input: Cell<Moment>,
    hidden_since: Cell<Option<Moment>>,
}

impl Desk {
    fn new(now: Moment) -> Self {
        Self {
            last_input: Cell::new(now),
            hidden_since: Cell::new(None),
        }
    }

    fn touch(&self, now: Moment) {
        self.last_input.set(now);
    }

    /// Whether somebody looks at the page, as far as can be known: it is on screen, and they did
    /// something not long ago.
    fn is_attended(&self, now: Moment, is_hidden: bool) -> bool {
        !is_hidden && now.saturating_sub(self.last_input.get()) < ATTENDS
    }

    fn presence(&self, now: Moment, is_hidden: bool) -> Presence {
        if is_hidden && self.hidden_since.get().is_none() {
            // A page that was opened in the background.
            self.hidden_since.set(Some(now));
        }
        let is_gone = self
            .hidden_since
            .get()
            .is_some_and(|since| now.saturating_sub(since) >= GLANCE);
        if is_gone || now.saturating_sub(self.last_input.get()) >= IDLE {
            Presence::Away
        } else {
            Presence::Online
        }
    }
}

fn is_hidden() -> bool {
    document().hidden()
}

/// Listens for as long as the page lives.
fn on(target: &EventTarget, event: &str, then: impl FnMut() + 'static) {
    let listener = Closure::<dyn FnMut()>::new(then);
    let is_heard =
        target.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
    if is_heard.is_ok() {
        listener.forget();
    }
}

const TICK: Duration = Duration::from_secs(1);
/// Without input for this long the person is away.
const IDLE: Moment = Moment::from_mins(10);
/// Who did something looks at it for so long. Source: a screenful of text is read in less.
const ATTENDS: Moment = Moment::from_mins(2);
/// A look at another tab is not an absence.
const GLANCE: Moment = Moment::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Moment = Moment::from_secs(1);

    #[test]
    fn a_person_is_away_after_ten_minutes_without_input() {
        let desk = Desk::new(SECOND);
        assert_eq!(desk.presence(600 * SECOND, false), Presence::Online);
        assert_eq!(desk.presence(601 * SECOND, false), Presence::Away);
        desk.touch(602 * SECOND);
        assert_eq!(desk.presence(603 * SECOND, false), Presence::Online);
    }

    #[test]
    fn a_person_looks_for_two_minutes_after_what_they_did_at_a_page_on_screen() {
        let desk = Desk::new(SECOND);
        assert!(desk.is_attended(120 * SECOND, false));
        assert!(!desk.is_attended(121 * SECOND, false));
        assert!(!desk.is_attended(2 * SECOND, true));
    }

    #[test]
    fn a_hidden_page_is_away_after_a_glance() {
        let desk = Desk::new(SECOND);
        assert_eq!(desk.presence(2 * SECOND, true), Presence::Online);
        assert_eq!(desk.presence(7 * SECOND, true), Presence::Away);
    }
}
