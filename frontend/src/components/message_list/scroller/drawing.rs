//! From what is held to the DOM: rows are mounted, measured and put in their place.

use client::Link;
use leptos::prelude::*;

use super::{
    super::{
        super::focus,
        item,
        position::{NEAR_END, Position},
    },
    Held, News, Scroller, heights_of,
};

impl Scroller {
    /// Mounts the rows that belong on screen, and where it `grows`, some around it. Returns whether it
    /// changed anything.
    pub(super) fn mount(self, grows: bool) -> bool {
        let Some(list) = self.list.try_get_untracked().flatten() else {
            return false;
        };
        let told = self.change(|held| {
            held.is_growth_planned &= !grows;
            let tab_stop = self.tab_stop.get_untracked();
            let pinned = tab_stop.filter(|_| held.has_focus || held.focus_next.is_some());
            let position = &mut held.position;
            let has_news = position.has_news();
            let pieces = position.pieces(pinned.as_ref(), grows)?;
            let slots = item::slots(position.rows.all(), pieces);
            Some((position.conversation, slots, has_news, held.has_focus))
        });
        let Some(Some((conversation, slots, has_news, had_focus))) = told else {
            return false;
        };
        let shows = |holds| {
            let look = |held: &mut Held| {
                let rows = held.position.rows.all();
                (self.session).peek(|client| item::shows(client, conversation, rows, holds))
            };
            self.change(look).flatten()
        };
        let view_of = |key, shows| self.view_of(conversation, key, shows);
        self.mounted.try_update_value(|mounted| {
            mounted.show(&list, slots, has_news, &shows, &view_of);
        });
        self.fit();
        // A row that was moved in the DOM has lost the focus, and gets it back.
        let is_lost = || document().active_element() == document().body().map(Into::into);
        if had_focus
            && is_lost()
            && let Some(key) = self.tab_stop.get_untracked()
        {
            self.focus(&key);
        }
        true
    }

    /// The rows are in the DOM.
    pub(super) fn settle(self) {
        for _ in 0..MOST_ROUNDS {
            self.measure(false);
            self.place();
            let is_covered = self.change(|held| held.position.is_covered());
            // What was estimated is measured now, and the window was made from the estimates.
            if is_covered != Some(false) || !self.mount(false) {
                break;
            }
        }
        self.settled();
    }

    /// What stands in for the rows that are not mounted is as tall as they are.
    pub(super) fn fit(self) {
        let Some(list) = self.list.try_get_untracked().flatten() else {
            return;
        };
        self.change(|held| {
            let (hidden, gaps) = (held.position.layout.hidden(), held.position.gaps());
            self.mounted
                .try_update_value(|mounted| mounted.fit(&list, hidden, gaps));
        });
    }

    /// Takes the heights of the rows in the DOM: of those that show something new, or of `all`.
    pub(super) fn measure(self, all: bool) {
        let has_moved = self.change(|held| {
            let Position { rows, layout, .. } = &mut held.position;
            let mut has_moved = false;
            self.mounted.try_update_value(|mounted| {
                mounted.measure(all, &mut |at, height| {
                    let row = rows.all().get(at);
                    has_moved |= row.is_some_and(|row| layout.measure(at, row, height));
                });
            });
            if has_moved {
                held.position.settle();
            }
            has_moved
        });
        if has_moved == Some(true) {
            self.fit();
        }
    }

    /// Puts the screen where it belongs.
    pub(super) fn place(self) {
        let Some(log) = self.log() else {
            return;
        };
        self.change(|held| {
            let position = &mut held.position;
            let screen = log.client_height();
            position.viewport = f64::from(screen);
            if screen == 0 {
                return;
            }
            #[expect(clippy::cast_possible_truncation, reason = "heights of a page fit")]
            let target = if position.is_stuck {
                log.scroll_height() - screen
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
    pub(super) fn settled(self) {
        let Some(log) = self.log() else {
            return;
        };
        let told = self.change(|held| {
            let position = &mut held.position;
            if std::mem::take(&mut position.has_landed) {
                let end = log.scroll_height() - log.client_height();
                if f64::from(end) - position.scroll_top <= NEAR_END {
                    position.stick();
                }
            }
            let (below, above, wants_older) = self.session.peek(|client| {
                let Some(conversation) = client.conversation(position.conversation) else {
                    return (None, None, false);
                };
                let wants_older = position.wants_older()
                    && !conversation.timeline().is_complete()
                    && client.link() == Link::Connected
                    && !client.is_paging_back(position.conversation);
                position.note_divider();
                let above = position.unread_above(conversation);
                let unseen = position.unseen_below(conversation);
                let below = (unseen > 0 || position.is_far_from_end()).then_some(unseen);
                (below, above, wants_older)
            });
            let is_growing = held.position.is_growing();
            let focus = held.focus_next.take();
            let is_searching = held.position.is_searching();
            let id = held.position.conversation;
            let wants_older = wants_older.then_some(id);
            (below, above, wants_older, focus, is_searching, is_growing)
        });
        let Some((below, above, wants_older, focus, is_searching, is_growing)) = told else {
            return;
        };
        if is_growing {
            self.grow_soon();
        }
        // A button is about to go, and the keyboard is not to go with it.
        let leaves_below = below.is_none() && has_keyboard(BELOW);
        let leaves_bar = above.is_none() && has_keyboard(BAR);
        set_signal(self.below, below);
        set_signal(self.above, above);
        set_signal(self.is_searching, is_searching);
        self.keep_tab_stop();
        let is_at_new = self.change(|held| held.position.first_new().is_some());
        let new = || {
            self.tab_stop
                .get_untracked()
                .filter(|_| leaves_bar && is_at_new == Some(true))
        };
        if let Some(key) = focus.or_else(new) {
            self.focus(&key);
        } else if leaves_below || leaves_bar {
            focus::composer_soon();
        }
        if let Some(conversation) = wants_older {
            self.session
                .act(|client, now| client.page_back(now, conversation));
        }
        self.look();
    }

    /// Mounts in the next frame what need not be there at once.
    pub(super) fn grow_soon(self) {
        let was_planned = self.change(|held| std::mem::replace(&mut held.is_growth_planned, true));
        if was_planned == Some(false) {
            request_animation_frame(move || self.grow());
        }
    }

    pub(super) fn grow(self) {
        let waits = self.change(|held| {
            let waits = held.news == News::Some && held.position.can_wait();
            held.news = if waits { News::Waited } else { News::None };
            waits
        });
        if waits == Some(true) {
            request_animation_frame(move || self.grow());
        } else {
            self.mount(true);
            self.settle();
        }
    }
}

fn set_signal<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.try_with_untracked(|old| *old != value) == Some(true) {
        signal.set(value);
    }
}

/// Whether the keyboard is in there.
fn has_keyboard(selector: &str) -> bool {
    let active = document().active_element();
    active.is_some_and(|active| matches!(active.closest(selector), Ok(Some(_))))
}

const BAR: &str = ".unread-bar";
const BELOW: &str = ".messages__below";
/// Measuring shows that other rows belong on screen, and those are measured in turn, so often at most.
const MOST_ROUNDS: u32 = 4;
