//! A beacon: what many views look at for as long as the page lives, such as the language.
//!
//! A view that is gone stays on the list of those that the reactive library wakes, until they are
//! woken once. On a list that is hardly ever woken, every row that was on screen would stay for good:
//! 25 KB with each switch between conversations. A beacon strikes off who is gone now and then.

use std::{cell::RefCell, rc::Rc};

use client::SortedMap;
use leptos::{
    prelude::*,
    reactive::graph::{AnySubscriber, Observer, Source as _},
};

/// Wakes whoever tracked it since it last did.
#[derive(Clone, Default)]
pub struct Beacon {
    trigger: ArcTrigger,
    watchers: Rc<RefCell<Watchers>>,
}

/// Who tracked it, in turn, and more than once if they did.
#[derive(Default)]
struct Watchers {
    all: Vec<AnySubscriber>,
    /// So many were there after the last look.
    alive: usize,
}

impl Beacon {
    /// The caller runs again at the next [`Beacon::notify`].
    pub fn track(&self) {
        let Some(watcher) = Observer::get() else {
            return;
        };
        self.trigger.track();
        let mut watchers = self.watchers.borrow_mut();
        watchers.all.push(watcher);
        if watchers.all.len() > 2 * watchers.alive + AT_LEAST {
            watchers.strike_off();
            self.trigger.clear_subscribers();
            for watcher in &watchers.all {
                self.trigger.add_subscriber(watcher.clone());
            }
        }
    }

    /// Wakes them; whoever looks again tracks again.
    pub fn notify(&self) {
        self.watchers.take();
        self.trigger.notify();
    }
}

impl Watchers {
    /// Leaves each once, and where it first was: whoever holds others comes before them.
    fn strike_off(&mut self) {
        let mut seen = SortedMap::new();
        let is_there = |watcher: &AnySubscriber| watcher.1.strong_count() > 0;
        self.all
            .retain(|watcher| is_there(watcher) && seen.insert(watcher.0, ()).is_none());
        self.alive = self.all.len();
    }
}

/// Below this many nobody is struck off: a page has about as many that follow one thing.
const AT_LEAST: usize = 64;

#[cfg(test)]
mod tests {
    use leptos::reactive::graph::ToAnySubscriber as _;
    use send_wrapper::SendWrapper;

    use super::*;

    /// Something that tracks, and runs again when it is looked at after it was woken.
    fn watcher(beacon: &Beacon) -> ArcMemo<u32> {
        let beacon = SendWrapper::new(beacon.clone());
        let memo = ArcMemo::new(move |runs: Option<&u32>| {
            beacon.track();
            runs.map_or(1, |runs| runs + 1)
        });
        memo.get_untracked();
        memo
    }

    #[test]
    fn those_who_are_there_are_woken_and_those_who_are_gone_are_forgotten() {
        let beacon = Beacon::default();
        let first = watcher(&beacon);
        for _ in 0..10 * AT_LEAST {
            drop(watcher(&beacon));
        }
        let last = watcher(&beacon);
        let held = beacon.watchers.borrow().all.len();
        assert!(held <= 2 * AT_LEAST, "{held} are held");
        assert_eq!(first.get_untracked(), 1);
        beacon.notify();
        assert_eq!((first.get_untracked(), last.get_untracked()), (2, 2));
        beacon.notify();
        assert_eq!((first.get_untracked(), last.get_untracked()), (3, 3));
        assert!(first.to_any_subscriber().1.strong_count() > 0);
    }
}
