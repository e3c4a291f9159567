//! The rows in the DOM, kept by their keys.
//!
//! They come and go within one call, so that what is there can be measured right after it: a list
//! that is drawn by an effect is drawn later. Never decides which rows; that is [`super::position`]'s
//! business.

use leptos::{
    prelude::*,
    tachys::reactive_graph::{OwnedView, OwnedViewState},
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::item::{Holds, ItemKey, Shows, Slot};
use crate::{components::message::Bubble, media::pixels, part::Part};

/// The view of a row, and what it follows, if it is a message's.
pub(super) type View = (Part, Option<ArcRwSignal<Bubble>>);

/// The children of the list.
pub(super) struct Mounted {
    owner: Owner,
    /// From top to bottom.
    all: Vec<Child>,
}

struct Child {
    key: ItemKey,
    holds: Holds,
    shows: Shows,
    /// Of a message: what its row follows.
    bubble: Option<ArcRwSignal<Bubble>>,
    is_measured: bool,
    element: HtmlElement,
    /// Keeps what is in the element alive.
    _view: OwnedViewState<Part>,
}

impl Mounted {
    /// Nothing yet; what comes lives at most as long as `owner`.
    pub(super) fn new(owner: Owner) -> Self {
        Self {
            owner,
            all: Vec::new(),
        }
    }

    /// Makes these the children of the list. An element is kept, and moved only where another one
    /// took its turn; what it shows is looked up again where the rows have news, and it is made anew
    /// where it cannot show that.
    pub(super) fn show(
        &mut self,
        list: &Element,
        slots: Vec<Slot>,
        has_news: bool,
        shows: &dyn Fn(Holds) -> Option<Shows>,
        view_of: &dyn Fn(ItemKey, Shows) -> View,
    ) {
        let mut old: Vec<_> = self.all.drain(..).map(Some).collect();
        let mut places = Vec::new();
        for slot in slots {
            let is_it = |child: &&mut Option<Child>| {
                (child.as_ref()).is_some_and(|child| child.key == slot.key)
            };
            // Both are in the same order, so it is soon found.
            let mut kept = old.iter_mut().find(is_it).and_then(Option::take);
            let mut news = None;
            if has_news || kept.is_none() {
                news = shows(slot.holds);
                let can_follow =
                    |child: &Child| (news.as_ref()).is_some_and(|it| child.can_show(it));
                if !kept.as_ref().is_some_and(can_follow) {
                    old.push(kept.take());
                }
                if news.is_none() {
                    continue;
                }
            }
            places.push((kept, slot, news));
        }
        for gone in old.into_iter().flatten() {
            gone.element.remove();
        }
        let mut next = list.first_element_child();
        for (kept, slot, news) in places {
            let child = match (kept, news) {
                (Some(mut kept), news) => {
                    kept.follow(slot.holds, news);
                    kept
                }
                (None, Some(shows)) => match Child::new(&self.owner, slot, shows, view_of) {
                    Some(new) => new,
                    None => continue,
                },
                (None, None) => continue,
            };
            if next.as_ref() == Some(&child.element) {
                next = child.element.next_element_sibling();
            } else {
                _ = list.insert_before(&child.element, next.as_deref());
            }
            self.all.push(child);
        }
    }

    /// Takes everything out of the DOM.
    pub(super) fn clear(&mut self) {
        for gone in self.all.drain(..) {
            gone.element.remove();
        }
    }

    /// Tells the heights of rows that show something new, or of `all`, in pixels, by their indexes.
    pub(super) fn measure(&mut self, all: bool, tell: &mut dyn FnMut(usize, f64)) {
        for child in &mut self.all {
            if let Holds::Row(row) = child.holds
                && (!std::mem::replace(&mut child.is_measured, true) || all)
            {
                tell(row, child.element.get_bounding_client_rect().height());
            }
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &ItemKey> {
        self.all.iter().map(|child| &child.key)
    }

    pub(super) fn key_of(&self, element: &Element) -> Option<&ItemKey> {
        let mut all = self.all.iter();
        let child = all.find(|child| *child.element == *element)?;
        Some(&child.key)
    }

    pub(super) fn element_of(&self, key: &ItemKey) -> Option<&HtmlElement> {
        let mut all = self.all.iter();
        all.find(|child| child.key == *key)
            .map(|child| &child.element)
    }
}

impl Child {
    fn new(
        owner: &Owner,
        Slot { key, holds }: Slot,
        shows: Shows,
        view_of: &dyn Fn(ItemKey, Shows) -> View,
    ) -> Option<Self> {
        let owner = owner.with(Owner::new);
        let (view, bubble) = owner.with(|| view_of(key.clone(), shows.clone()));
        let view = OwnedView::new_with_owner(view, owner).build();
        let child = Self {
            key,
            holds,
            shows,
            bubble,
            is_measured: false,
            element: view.elements().into_iter().next()?.dyn_into().ok()?,
            _view: view,
        };
        child.fit();
        Some(child)
    }

    /// Whether it need not be made anew for this.
    fn can_show(&self, news: &Shows) -> bool {
        match (&self.shows, news) {
            (Shows::Message(shown), Shows::Message(news)) => shown.is_same_row(news),
            _ => true,
        }
    }

    /// Follows what its key stands for now.
    fn follow(&mut self, holds: Holds, news: Option<Shows>) {
        self.holds = holds;
        self.fit();
        let Some(news) = news else {
            return;
        };
        let is_other = news != self.shows;
        // What stands at the top follows the client by itself.
        if is_other || news == Shows::Top {
            self.is_measured = false;
        }
        if let (true, Some(bubble), Shows::Message(now)) = (is_other, &self.bubble, &news) {
            bubble.set(now.clone());
        }
        self.shows = news;
    }

    /// A gap takes its height at once, and not by an effect.
    fn fit(&self) {
        if let Holds::Gap(height) = self.holds {
            let style = HtmlElement::style(&self.element);
            _ = style.set_property("height", &pixels(height));
        }
    }
}
