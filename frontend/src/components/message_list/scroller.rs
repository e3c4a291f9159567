//! The scroller: keeps the list's DOM and its scroll place true to [`Position`].
//!
//! Each change goes the same way, within one turn and so before the browser paints: follow the client
//! or the person, mount the rows that belong on screen, measure them, put the screen where it belongs.
//! Only a scroll that is not our own moves what is held.

mod drawing;
mod reading;
mod tab_stop;

use std::time::Duration;

use client::{Client, Link};
use leptos::{html, prelude::*, task::tick};
use web_sys::Element;

use super::{
    mounted::Mounted,
    position::{Above, Needs, Position},
};
use crate::{
    i18n::{Language, dates, language},
    live::spawn,
    session::Session,
    state::{dwell::Dwell, places::Places, rows::Key},
};

/// A handle to the list of one conversation.
#[derive(Clone, Copy)]
pub(super) struct Scroller {
    session: Session,
    places: Places,
    held: StoredValue<Held, LocalStorage>,
    mounted: StoredValue<Mounted, LocalStorage>,
    /// The element that scrolls.
    pub(super) log: NodeRef<html::Div>,
    /// The element that holds the rows.
    pub(super) list: NodeRef<html::Div>,
    /// The row that Tab reaches.
    pub(super) tab_stop: RwSignal<Option<Key>>,
    /// Messages below that were not seen; none at all while the end is on screen or near it.
    pub(super) below: RwSignal<Option<u64>>,
    /// What is new above.
    pub(super) above: RwSignal<Option<Above>>,
    /// The place to land is being looked for.
    pub(super) is_searching: RwSignal<bool>,
}

struct Held {
    position: Position,
    dwell: Dwell,
    /// The scroll place that we wrote ourselves.
    own_scroll: Option<i32>,
    width: i32,
    /// Of everything and of the screen, when the scroll place was last put right.
    heights: (i32, i32),
    language: Language,
    has_focus: bool,
    focus_next: Option<Key>,
    is_look_planned: bool,
    is_growth_planned: bool,
    news: News,
    /// How long the place to land is looked for.
    patience: Patience,
}

/// Whether something new came in since rows were last added around the screen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    None,
    /// It is work enough for one frame.
    Some,
    /// Rows waited a frame for it, and do not wait again.
    Waited,
}

/// Looking for the place to land must end, and waiting for a connection is no part of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// There is no connection.
    None,
    /// Since there is one.
    Some,
    /// It took too long.
    Lost,
}

impl Scroller {
    pub(super) fn new(session: Session, places: Places, position: Position) -> Self {
        let held = Held {
            position,
            dwell: Dwell::default(),
            own_scroll: None,
            width: 0,
            heights: (0, 0),
            language: language(),
            has_focus: false,
            focus_next: None,
            is_look_planned: false,
            is_growth_planned: false,
            news: News::None,
            patience: Patience::None,
        };
        Self {
            session,
            places,
            held: StoredValue::new_local(held),
            mounted: StoredValue::new_local(Mounted::new(Owner::current().unwrap_or_default())),
            log: NodeRef::new(),
            list: NodeRef::new(),
            tab_stop: RwSignal::new(None),
            below: RwSignal::new(None),
            above: RwSignal::new(None),
            is_searching: RwSignal::new(false),
        }
    }

    /// The client has something new.
    pub(super) fn follow(self) {
        let Some(log) = self.log() else {
            return;
        };
        let needs = self.change(|held| {
            if held.news == News::None {
                held.news = News::Some;
            }
            if held.position.viewport <= 0.0 {
                // Later it is read where rows are measured: to ask now would be a layout for nothing.
                held.position.viewport = f64::from(log.client_height());
            }
            let left = self.places.of(held.position.conversation);
            let is_connected = self.session.peek(Client::link) == Link::Connected;
            if !is_connected {
                // Nobody sees what does not come.
                self.look_away(&mut held.position);
                held.patience = Patience::None;
            } else if held.patience == Patience::None && !held.position.is_open() {
                held.patience = Patience::Some;
                set_timeout(move || self.lose_patience(), PATIENCE);
            }
            let waits = held.patience != Patience::Lost;
            let was_open = held.position.is_open();
            let was_seeking = held.position.is_seeking();
            let needs = self
                .session
                .peek(|client| held.position.follow(client, left, waits, dates::local_day));
            if !was_open && !self.is_watched(&held.position) {
                self.look_away(&mut held.position);
            } else if self.is_watched(&held.position) {
                held.position.divider.look_back();
            }
            if was_seeking && !held.position.is_seeking() {
                self.stop_tab_at_new(&held.position);
            }
            (needs, held.position.conversation)
        });
        let Some((needs, conversation)) = needs else {
            return;
        };
        if needs == Needs::OlderPage {
            self.session
                .act(|client, now| client.page_back(now, conversation));
        }
        self.mount(false);
        spawn(async move {
            // Rows that stay take what is new by their effects.
            tick().await;
            self.settle();
        });
    }

    /// Rows are in one language, so with another one they are made anew.
    pub(super) fn speak(self, language: Language) {
        let was = self.change(|held| std::mem::replace(&mut held.language, language));
        if was.is_some_and(|was| was != language) {
            self.mounted.try_update_value(Mounted::clear);
        }
    }

    fn lose_patience(self) {
        let was_lost = self.change(|held| {
            let is_lost = held.patience == Patience::Some && !held.position.is_open();
            if is_lost {
                held.patience = Patience::Lost;
            }
            is_lost
        });
        if was_lost == Some(true) {
            self.follow();
        }
    }

    /// The list scrolled, by a person or by us.
    pub(super) fn scrolled(self) {
        let Some(log) = self.log() else {
            return;
        };
        let top = log.scroll_top();
        let heights = heights_of(&log);
        let to_the_end = heights.0 - heights.1 - top;
        let is_persons = self.change(|held| {
            // What becomes shorter or taller scrolls by itself, and the observer puts that right.
            let is_persons = held.own_scroll != Some(top) && held.heights == heights;
            if is_persons && held.position.is_open() {
                held.own_scroll = None;
                held.position
                    .scrolled(f64::from(top), f64::from(to_the_end));
            }
            is_persons
        });
        if is_persons == Some(true) {
            self.update();
        }
    }

    /// The list or its rows have another size.
    pub(super) fn resized(self) {
        let Some(log) = self.log() else {
            return;
        };
        let width = log.client_width();
        let height = f64::from(log.client_height());
        let list = self.list.try_get_untracked().flatten();
        let stands = list.map_or(0.0, |list| list.get_bounding_client_rect().height());
        let differs = self.change(|held| {
            held.position.viewport = height;
            let is_as_wide = std::mem::replace(&mut held.width, width) == width;
            if !is_as_wide {
                held.position.layout.forget();
            }
            !is_as_wide || !held.position.layout.is_as_tall_as(stands)
        });
        // What came was measured when it came, and is most of what is told here.
        if differs == Some(true) {
            self.measure(true);
        }
        self.place();
        let is_covered = self.change(|held| held.position.is_covered());
        if is_covered == Some(true) {
            self.settled();
        } else {
            // Not within the observer's call: it would be told of its own doing.
            self.grow_soon();
        }
    }

    /// Goes to the end and stays there.
    pub(super) fn go_to_end(self) {
        self.change(|held| held.position.stick());
        self.update();
    }

    /// Goes to where the new messages begin.
    pub(super) fn go_to_divider(self) {
        self.change(|held| {
            held.position.go_to_divider();
            self.stop_tab_at_new(&held.position);
        });
        self.update();
    }

    /// Remembers the scroll place for when the conversation is opened again.
    pub(super) fn leave(self) {
        self.change(|held| {
            let position = &held.position;
            let anchor = position.anchor.clone().filter(|_| !position.is_stuck);
            self.places.leave(position.conversation, anchor);
        });
        self.mounted.try_update_value(Mounted::clear);
    }

    fn update(self) {
        self.mount(false);
        self.settle();
    }

    /// The element, unless the list is gone.
    fn log(self) -> Option<web_sys::HtmlDivElement> {
        self.log.try_get_untracked().flatten()
    }

    /// Changes what is held, unless the list is gone.
    fn change<T>(self, change: impl FnOnce(&mut Held) -> T) -> Option<T> {
        self.held.try_update_value(change)
    }
}

/// How tall everything is, and the screen.
fn heights_of(log: &Element) -> (i32, i32) {
    (log.scroll_height(), log.client_height())
}

/// So long the place to land is looked for; then the end will do.
const PATIENCE: Duration = Duration::from_secs(3);
