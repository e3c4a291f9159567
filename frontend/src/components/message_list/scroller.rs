//! The scroller: keeps the list's DOM and its scroll place true to [`Position`].
//!
//! Each change goes the same way: follow the client, mount the window (`draw`), and once the rows
//! are in the DOM measure them and put the screen where it belongs (`settle`), all before the
//! browser paints. Only a scroll that is not our own moves what is held.

use std::{collections::HashMap, time::Duration};

use client::{Client, Link};
use leptos::{html, prelude::*, task::spawn_local, task::tick};
use shared::Seq;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement};

use super::{
    item::{Gap, Item, ItemKey, Shows, bubble},
    position::{Above, Needs, Position, Step},
};
use crate::{
    components::message::Bubble,
    i18n::dates,
    net::clock,
    session::Session,
    state::{dwell::Dwell, places::Places, rows::Key, window::Piece},
};

/// A handle to the list of one conversation.
#[derive(Clone, Copy)]
pub(super) struct Scroller {
    session: Session,
    places: Places,
    held: StoredValue<Held, LocalStorage>,
    /// The element that scrolls.
    pub(super) log: NodeRef<html::Div>,
    /// The element that holds the rows.
    pub(super) list: NodeRef<html::Div>,
    /// What is in the DOM.
    pub(super) items: RwSignal<Vec<Item>>,
    /// The row that Tab reaches.
    pub(super) tab_stop: RwSignal<Option<Key>>,
    /// Messages below that were not seen.
    pub(super) below: RwSignal<u64>,
    /// What is new above.
    pub(super) above: RwSignal<Option<Above>>,
    /// The place to land is being looked for.
    pub(super) is_searching: RwSignal<bool>,
}

struct Held {
    position: Position,
    dwell: Dwell,
    bubbles: HashMap<Key, ArcRwSignal<Bubble>>,
    gaps: HashMap<Gap, ArcRwSignal<f64>>,
    /// For each item the index of its row.
    mounted: Vec<Option<usize>>,
    /// The scroll place that we wrote ourselves.
    own_scroll: Option<i32>,
    width: i32,
    /// Of everything and of the screen, when the scroll place was last put right.
    heights: (i32, i32),
    has_focus: bool,
    /// Rows are being moved in the DOM, which takes the focus from them for a moment.
    is_drawing: bool,
    focus_next: Option<Key>,
    is_look_planned: bool,
    /// How long the place to land is looked for.
    patience: Patience,
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
            bubbles: HashMap::new(),
            gaps: HashMap::new(),
            mounted: Vec::new(),
            own_scroll: None,
            width: 0,
            heights: (0, 0),
            has_focus: false,
            is_drawing: false,
            focus_next: None,
            is_look_planned: false,
            patience: Patience::None,
        };
        Self {
            session,
            places,
            held: StoredValue::new_local(held),
            log: NodeRef::new(),
            list: NodeRef::new(),
            items: RwSignal::new(Vec::new()),
            tab_stop: RwSignal::new(None),
            below: RwSignal::new(0),
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
            held.position.viewport = f64::from(log.client_height());
            let left = self.places.of(held.position.conversation);
            let is_connected = self.session.peek(Client::link) == Link::Connected;
            if !is_connected {
                held.patience = Patience::None;
            } else if held.patience == Patience::None && !held.position.is_open() {
                held.patience = Patience::Some;
                set_timeout(move || self.lose_patience(), PATIENCE);
            }
            let waits = held.patience != Patience::Lost;
            let needs = self
                .session
                .peek(|client| held.position.follow(client, left, waits, dates::local_day));
            (needs, held.position.conversation)
        });
        let Some((needs, conversation)) = needs else {
            return;
        };
        if needs == Needs::OlderPage {
            self.session
                .act(|client, now| client.page_back(now, conversation));
        }
        self.draw(0);
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
            self.draw(0);
        }
    }

    /// The list or its rows have another size.
    pub(super) fn resized(self) {
        let Some(log) = self.log() else {
            return;
        };
        let width = log.client_width();
        let height = f64::from(log.client_height());
        self.change(|held| {
            held.position.viewport = height;
            if std::mem::replace(&mut held.width, width) != width {
                held.position.layout.forget();
            }
        });
        self.measure(true);
        self.place();
        let is_covered = self.change(|held| held.position.is_covered());
        if is_covered == Some(false) {
            // Not within the observer's call: it would be told of its own doing.
            request_animation_frame(move || self.draw(0));
        } else {
            self.settled();
        }
    }

    /// Goes to the end and stays there.
    pub(super) fn go_to_end(self) {
        self.change(|held| held.position.stick());
        self.draw(0);
    }

    /// Goes to where the new messages begin.
    pub(super) fn go_to_divider(self) {
        self.change(|held| held.position.go_to_divider());
        self.draw(0);
    }

    /// The person says that all is read.
    pub(super) fn mark_all_read(self) {
        let conversation = self.change(|held| {
            held.position.divider.clear();
            held.position.conversation
        });
        if let Some(conversation) = conversation {
            self.session.act(|client, _| {
                let cursor = client
                    .conversation(conversation)
                    .map_or(Seq::NONE, |conversation| conversation.timeline().cursor());
                client.mark_read(conversation, cursor);
            });
            self.follow();
        }
    }

    /// The person looks here, or elsewhere.
    pub(super) fn attend(self) {
        let is_here = is_attended();
        self.change(|held| {
            let position = &mut held.position;
            if is_here {
                position.divider.look_back();
            } else if position.is_open() {
                let cursor = self.session.peek(|client| {
                    client
                        .conversation(position.conversation)
                        .map_or(Seq::NONE, |conversation| conversation.timeline().cursor())
                });
                position.divider.look_away(cursor);
            }
        });
        self.look();
    }

    /// Moves the focus among the messages.
    pub(super) fn step(self, step: Step) {
        let from = self.tab_stop.get_untracked();
        let to = self.change(|held| {
            let at = held.position.message_near(from.as_ref(), step)?;
            let key = held.position.rows.all().get(at)?.key.clone();
            held.position.reveal(at);
            held.focus_next = Some(key.clone());
            Some(key)
        });
        if let Some(Some(key)) = to {
            self.tab_stop.set(Some(key));
            self.draw(0);
        }
    }

    /// The focus came into a row, or left the list.
    pub(super) fn focused(self, target: Option<&Element>) {
        let row = target
            .and_then(|target| target.closest("article").ok().flatten())
            .and_then(|row| self.key_of(&row));
        self.change(|held| {
            if row.is_some() || !held.is_drawing {
                held.has_focus = row.is_some();
            }
        });
        if row.is_some() {
            self.tab_stop.set(row);
        }
    }

    /// Remembers the scroll place for when the conversation is opened again.
    pub(super) fn leave(self) {
        self.change(|held| {
            let position = &held.position;
            let anchor = position.anchor.clone().filter(|_| !position.is_stuck);
            self.places.leave(position.conversation, anchor);
        });
    }

    /// Mounts the rows that belong on screen.
    fn draw(self, round: u32) {
        let items = self.change(|held| {
            let tab_stop = self.tab_stop.get_untracked();
            let pinned = tab_stop.filter(|_| held.has_focus || held.focus_next.is_some());
            let pieces = held.position.pieces(pinned.as_ref())?;
            Some(self.items_of(held, pieces))
        });
        if let Some(Some(items)) = items {
            let is_same = self.items.with_untracked(|old| {
                old.len() == items.len() && old.iter().zip(&items).all(|(a, b)| a.key == b.key)
            });
            if !is_same {
                self.change(|held| held.is_drawing = true);
                self.items.set(items);
            }
        }
        spawn_local(async move {
            tick().await;
            self.settle(round);
        });
    }

    fn items_of(self, held: &mut Held, pieces: Vec<Piece>) -> Vec<Item> {
        let mut items = Vec::new();
        let mut bubbles = HashMap::new();
        held.mounted.clear();
        let conversation = held.position.conversation;
        let last = pieces.len().saturating_sub(1);
        for (number, piece) in pieces.into_iter().enumerate() {
            match piece {
                Piece::Gap(height) => {
                    let name = match number {
                        0 => Gap::Above,
                        _ if number == last => Gap::Below,
                        _ => Gap::Between,
                    };
                    let gap = held.gaps.entry(name).or_default();
                    set_if_other(gap, height);
                    held.mounted.push(None);
                    items.push(Item {
                        key: ItemKey::Gap(name),
                        shows: Shows::Gap(gap.clone()),
                    });
                }
                Piece::Rows(rows) => {
                    let from = rows.start;
                    let rows = held.position.rows.all().get(rows).unwrap_or_default();
                    for (at, row) in rows.iter().enumerate() {
                        let shows = match &row.key {
                            Key::Top => Shows::Top,
                            Key::Day(_) => Shows::Day(row.at),
                            Key::New => Shows::New,
                            key @ Key::Message(..) => {
                                let now = self
                                    .session
                                    .peek(|client| bubble(client, conversation, row));
                                let Some(now) = now else { continue };
                                let signal = match held.bubbles.remove(key) {
                                    Some(known) => {
                                        set_if_other(&known, now);
                                        known
                                    }
                                    None => ArcRwSignal::new(now),
                                };
                                bubbles.insert(key.clone(), signal.clone());
                                Shows::Message(signal)
                            }
                        };
                        held.mounted.push(Some(from + at));
                        items.push(Item {
                            key: ItemKey::Row(row.key.clone()),
                            shows,
                        });
                    }
                }
            }
        }
        held.bubbles = bubbles;
        items
    }

    /// The rows are in the DOM.
    fn settle(self, round: u32) {
        let Some(log) = self.log() else {
            return;
        };
        self.keep_focus(&log);
        self.measure(false);
        self.place();
        let is_covered = self.change(|held| held.position.is_covered());
        if is_covered == Some(false) && round < MOST_ROUNDS {
            // What was estimated is measured now, and the window was made from the estimates.
            self.draw(round + 1);
            return;
        }
        self.settled();
    }

    /// Takes the heights of the rows in the DOM: of all, or of those that are new.
    fn measure(self, all: bool) {
        let Some(list) = self.list.try_get_untracked().flatten() else {
            return;
        };
        let children = list.children();
        self.change(|held| {
            let mut first = None;
            if usize::try_from(children.length()) == Ok(held.mounted.len()) {
                for (number, at) in (0..).zip(&held.mounted) {
                    let Some(at) = *at else { continue };
                    let position = &mut held.position;
                    let Some(row) = position.rows.all().get(at) else {
                        continue;
                    };
                    if !all && position.layout.is_measured(row) {
                        continue;
                    }
                    let Some(element) = children.item(number) else {
                        continue;
                    };
                    let height = element.get_bounding_client_rect().height();
                    if position.layout.measure(at, row, height) {
                        first = first.or(Some(at));
                    }
                }
            }
            if let Some(first) = first {
                held.position.layout.sum_from(first);
            }
        });
    }

    /// Puts the screen where it belongs.
    fn place(self) {
        let Some(log) = self.log() else {
            return;
        };
        self.change(|held| {
            let position = &mut held.position;
            if position.viewport <= 0.0 {
                return;
            }
            #[expect(clippy::cast_possible_truncation, reason = "heights of a page fit")]
            let target = if position.is_stuck {
                log.scroll_height() - log.client_height()
            } else {
                position.target().round() as i32
            };
            if log.scroll_top() != target {
                log.set_scroll_top(target);
                held.own_scroll = Some(log.scroll_top());
            }
            position.scroll_top = f64::from(log.scroll_top());
            held.heights = heights_of(&log);
        });
    }

    /// All is measured and in its place.
    fn settled(self) {
        let Some(log) = self.log() else {
            return;
        };
        let told = self.change(|held| {
            let position = &mut held.position;
            if std::mem::take(&mut position.has_landed) {
                let end = log.scroll_height() - log.client_height();
                if f64::from(end) - position.scroll_top <= super::position::NEAR_END {
                    position.stick();
                }
            }
            let (below, above, wants_older) = self.session.peek(|client| {
                let Some(conversation) = client.conversation(position.conversation) else {
                    return (0, None, false);
                };
                let wants_older = position.is_near_top()
                    && !conversation.timeline().is_complete()
                    && client.link() == Link::Connected
                    && !client.is_paging_back(position.conversation);
                let above = position.unread_above(conversation);
                (position.unseen_below(conversation), above, wants_older)
            });
            let focus = held.focus_next.take();
            let is_searching = held.position.is_searching();
            let id = held.position.conversation;
            (below, above, wants_older.then_some(id), focus, is_searching)
        });
        let Some((below, above, wants_older, focus, is_searching)) = told else {
            return;
        };
        set_signal(self.below, below);
        set_signal(self.above, above);
        set_signal(self.is_searching, is_searching);
        self.keep_tab_stop();
        if let Some(key) = focus {
            self.focus(&key);
        }
        if let Some(conversation) = wants_older {
            self.session
                .act(|client, now| client.page_back(now, conversation));
        }
        self.look();
    }

    /// A row that was moved in the DOM has lost the focus, and gets it back.
    fn keep_focus(self, log: &Element) {
        let was_focused = self.change(|held| {
            let was_drawing = std::mem::take(&mut held.is_drawing);
            was_drawing && held.has_focus
        });
        let is_lost = || {
            let active = document().active_element();
            !active.is_some_and(|active| log.contains(Some(&active)))
        };
        if was_focused == Some(true)
            && is_lost()
            && let Some(key) = self.tab_stop.get_untracked()
        {
            self.focus(&key);
        }
    }

    /// The row that Tab reaches is one that is there.
    fn keep_tab_stop(self) {
        let stop = self.tab_stop.get_untracked();
        let wanted = self.items.with_untracked(|items| {
            let mut keys = items.iter().rev().filter_map(|item| match &item.key {
                ItemKey::Row(key @ Key::Message(..)) => Some(key),
                _ => None,
            });
            let last = keys.clone().next().cloned();
            match &stop {
                Some(stop) if keys.any(|key| key == stop) => Some(stop.clone()),
                _ => last,
            }
        });
        if wanted != stop {
            self.tab_stop.set(wanted);
        }
    }

    fn focus(self, key: &Key) {
        let Some(list) = self.list.try_get_untracked().flatten() else {
            return;
        };
        let number = self.items.with_untracked(|items| {
            items
                .iter()
                .position(|item| matches!(&item.key, ItemKey::Row(row) if row == key))
        });
        let row = number
            .and_then(|number| list.children().item(u32::try_from(number).ok()?))
            .and_then(|row| row.dyn_into::<HtmlElement>().ok());
        if let Some(row) = row {
            let options = FocusOptions::new();
            options.set_prevent_scroll(true);
            _ = row.focus_with_options(&options);
        }
    }

    fn key_of(self, row: &Element) -> Option<Key> {
        let list = self.list.try_get_untracked().flatten()?;
        let children = list.children();
        let number = (0..children.length())
            .find(|number| children.item(*number).is_some_and(|child| child == *row))?;
        self.items.with_untracked(
            |items| match &items.get(usize::try_from(number).ok()?)?.key {
                ItemKey::Row(key) => Some(key.clone()),
                ItemKey::Gap(_) => None,
            },
        )
    }

    /// Looks which messages were on screen long enough to be read.
    fn look(self) {
        let now = clock::now();
        let read = self.change(|held| {
            let is_watched = held.position.is_open() && is_attended();
            let newest = is_watched
                .then(|| held.position.newest_on_screen())
                .flatten();
            let read = held.dwell.look(now, newest);
            let conversation = held.position.conversation;
            let mark = self.session.peek(|client| {
                let known = client.conversation(conversation);
                known.map_or(Seq::NONE, |known| known.read)
            });
            let waits = newest.is_some_and(|newest| newest > mark.max(read.unwrap_or(Seq::NONE)));
            if waits && !std::mem::replace(&mut held.is_look_planned, true) {
                let again = move || {
                    self.change(|held| held.is_look_planned = false);
                    self.look();
                };
                set_timeout(again, LOOK_AGAIN);
            }
            read.filter(|read| *read > mark)
                .map(|read| (conversation, read))
        });
        if let Some(Some((conversation, seq))) = read {
            self.session
                .act(|client, _| client.mark_read(conversation, seq));
        }
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

/// Whether somebody looks at this page.
fn is_attended() -> bool {
    let document = document();
    !document.hidden() && document.has_focus().unwrap_or(false)
}

fn set_if_other<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}

fn set_signal<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.try_with_untracked(|old| *old != value) == Some(true) {
        signal.set(value);
    }
}

/// Measuring shows that other rows belong on screen, and those are measured in turn; after this
/// many times the next frame goes on.
const MOST_ROUNDS: u32 = 4;
/// So long the place to land is looked for; then the end will do.
const PATIENCE: Duration = Duration::from_secs(3);
/// While something on screen is not read yet.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
