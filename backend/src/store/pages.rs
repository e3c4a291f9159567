//! Pages that were asked for twice since something was appended last.
//!
//! When a server starts again, everybody asks for what follows the same place: it is read twice then, and
//! not for each. What is held is what the database would say: a page goes with the next commit that
//! appends anything, before anybody hears of that commit, and nothing in a page changes otherwise.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shared::ConversationId;

use super::{Direction, Slice};

/// What a page was asked by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub(super) conversation: ConversationId,
    pub(super) direction: Direction,
    pub(super) limit: u32,
}

/// The pages; each holds what a page may, so all of them some 2 MB.
#[derive(Default)]
pub(super) struct Pages(Mutex<Held>);

#[derive(Default)]
struct Held {
    /// Commits that appended something.
    commits: u64,
    /// Oldest first; none for one that was asked for once.
    pages: VecDeque<(Asked, Option<Arc<Slice>>)>,
}

/// What is not held.
#[derive(Clone, Copy)]
pub(super) struct Missing {
    commits: u64,
    /// It was asked for before, so it is worth holding.
    pub(super) is_wanted: bool,
}

impl Pages {
    /// The page, if it is held.
    pub(super) fn find(&self, asked: Asked) -> Result<Arc<Slice>, Missing> {
        let mut held = self.held();
        let found = held.pages.iter().find(|(of, _)| *of == asked);
        if let Some((_, Some(page))) = found {
            return Ok(Arc::clone(page));
        }
        let is_wanted = found.is_some();
        if !is_wanted {
            if held.pages.len() == MOST_PAGES {
                held.pages.pop_front();
            }
            held.pages.push_back((asked, None));
        }
        let commits = held.commits;
        Err(Missing { commits, is_wanted })
    }

    /// Holds a page that was missing, unless something was appended since.
    pub(super) fn hold(&self, missing: Missing, asked: Asked, page: Slice) {
        let mut held = self.held();
        if held.commits == missing.commits
            && let Some((_, slot)) = held.pages.iter_mut().find(|(of, _)| *of == asked)
        {
            *slot = Some(Arc::new(page));
        }
    }

    /// Something was appended, or may have been.
    pub(super) fn appended(&self) {
        let mut held = self.held();
        held.commits += 1;
        held.pages.clear();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Source: rooms that are busy enough for many to have missed the same of them.
const MOST_PAGES: usize = 16;

#[cfg(test)]
mod tests {
    use shared::Seq;

    use super::*;

    fn after(seq: u64) -> Asked {
        Asked {
            conversation: ConversationId::EVERYONE,
            direction: Direction::After(Seq(seq)),
            limit: 50,
        }
    }

    fn page(head: u64) -> Slice {
        Slice {
            events: Vec::new(),
            head: Seq(head),
        }
    }

    /// Asks; reads where it is missing, and holds it where it is wanted.
    fn ask(pages: &Pages, asked: Asked, head: u64) -> bool {
        match pages.find(asked) {
            Ok(found) => {
                assert_eq!(*found, page(head));
                true
            }
            Err(missing) => {
                if missing.is_wanted {
                    pages.hold(missing, asked, page(head));
                }
                false
            }
        }
    }

    #[test]
    fn a_page_that_was_asked_for_twice_is_held_until_something_is_appended() {
        let pages = Pages::default();
        let held = [1, 1, 1, 2, 1].map(|seq| ask(&pages, after(seq), 9));
        assert_eq!(held, [false, false, true, false, true]);
        pages.appended();
        let held = [1, 1, 1].map(|seq| ask(&pages, after(seq), 10));
        assert_eq!(held, [false, false, true]);
    }

    #[test]
    fn a_page_whose_reading_began_before_a_commit_is_not_held_after_it() {
        let pages = Pages::default();
        ask(&pages, after(1), 9);
        let missing = pages.find(after(1)).err().unwrap();
        pages.appended();
        assert!(!ask(&pages, after(1), 10));
        pages.hold(missing, after(1), page(9));
        assert!(!ask(&pages, after(1), 10) && ask(&pages, after(1), 10));
    }

    #[test]
    fn the_oldest_of_too_many_goes() {
        let pages = Pages::default();
        for seq in 0..=MOST_PAGES as u64 {
            ask(&pages, after(seq), 99);
        }
        assert!(!pages.find(after(0)).err().unwrap().is_wanted);
        assert!(pages.find(after(9)).err().unwrap().is_wanted);
    }
}
