//! Pages that were read since something was appended last.
//!
//! When a server starts again, everybody asks for what follows the same place: it is read once then, and
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
    /// Oldest first.
    pages: VecDeque<(Asked, Arc<Slice>)>,
}

/// When reading a page began.
#[derive(Clone, Copy)]
pub(super) struct Since(u64);

impl Pages {
    /// The page, if it is held; otherwise since when a page that is read now is good.
    pub(super) fn find(&self, asked: &Asked) -> Result<Arc<Slice>, Since> {
        let held = self.held();
        let found = held.pages.iter().find(|(of, _)| of == asked);
        found.map_or(Err(Since(held.commits)), |(_, page)| Ok(Arc::clone(page)))
    }

    /// Holds a page, unless something was appended since its reading began.
    pub(super) fn hold(&self, since: Since, asked: Asked, page: &Arc<Slice>) {
        let mut held = self.held();
        if held.commits == since.0 && held.pages.iter().all(|(of, _)| *of != asked) {
            if held.pages.len() == MOST_PAGES {
                held.pages.pop_front();
            }
            held.pages.push_back((asked, Arc::clone(page)));
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

    fn page(head: u64) -> Arc<Slice> {
        Arc::new(Slice {
            events: Vec::new(),
            head: Seq(head),
        })
    }

    fn hold(pages: &Pages, asked: Asked, head: u64) {
        let since = pages.find(&asked).err().unwrap();
        pages.hold(since, asked, &page(head));
    }

    #[test]
    fn a_page_is_held_until_something_is_appended() {
        let pages = Pages::default();
        hold(&pages, after(1), 9);
        assert_eq!(pages.find(&after(1)).ok(), Some(page(9)));
        assert!(pages.find(&after(2)).is_err());
        pages.appended();
        assert!(pages.find(&after(1)).is_err());
    }

    #[test]
    fn a_page_whose_reading_began_before_a_commit_is_not_held_after_it() {
        let pages = Pages::default();
        let since = pages.find(&after(1)).err().unwrap();
        pages.appended();
        pages.hold(since, after(1), &page(9));
        assert!(pages.find(&after(1)).is_err());
    }

    #[test]
    fn the_oldest_of_too_many_goes() {
        let pages = Pages::default();
        for seq in 0..=MOST_PAGES as u64 {
            hold(&pages, after(seq), 99);
        }
        assert!(pages.find(&after(0)).is_err());
        assert!(pages.find(&after(1)).is_ok());
    }
}
