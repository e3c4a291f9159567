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
use web_sys::{Element, HtmlElement, Node};

use super::item::{Holds, ItemKey, Shows, Slot};
use crate::{components::message::Bubble, media::pixels, part::Part};

/// The view of a row, and what it follows, if it is a message's.
pub(super) type View = (Part, Option<ArcRwSignal<Bubble>>);

/// The children of the list.
pub(super) struct Mounted {
    owner: Owner,
    /// From top to bottom.
    all: Vec<Child>,
    /// How far the list is drawn up beyond what can be scrolled to, in pixels.
    hidden: Option<f64>,
}

struct Child {
    key: ItemKey,
    holds: Holds,
    shows: Shows,
    /// Of a message: what its row follows.
    bubble: Option<ArcRwSignal<Bubble>>,
    is_measured: bool,
    /// Of a gap: how tall it is, in pixels.
    gap: Option<f64>,
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
            hidden: None,
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
        let (mut places, mut near) = (Vec::new(), 0);
        for slot in slots {
            let is_it =
                |child: &Option<Child>| (child.as_ref()).is_some_and(|child| child.key == slot.key);
            // Both are in the same order, so it is soon found behind the one before.
            let (before, behind) = old.split_at(near);
            let was = behind.iter().position(is_it).map(|at| near + at);
            let was = was.or_else(|| before.iter().position(is_it));
            near = was.map_or(near, |was| was + 1);
            let mut kept = was.and_then(|was| old.get_mut(was)?.take());
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
            places.push((kept, was, slot, news));
        }
        for gone in old.into_iter().flatten() {
            gone.element.remove();
        }
        let mut stood = Vec::new();
        for (kept, was, slot, news) in places {
            let (child, was) = match (kept, news) {
                (Some(mut kept), news) => {
                    kept.follow(slot.holds, news);
                    (kept, was)
                }
                (None, Some(shows)) => match Child::new(&self.owner, slot, shows, view_of) {
                    Some(new) => (new, None),
                    None => continue,
                },
                (None, None) => continue,
            };
            self.all.push(child);
            stood.push(was);
        }
        // From the end, so that what comes next is known and need not be asked for.
        let (mut next, mut next_stood) = (None::<&Node>, usize::MAX);
        for (child, stood) in self.all.iter().zip(stood).rev() {
            match stood {
                Some(stood) if stood < next_stood => next_stood = stood,
                _ => _ = list.insert_before(&child.element, next),
            }
            next = Some(&child.element);
        }
    }

    /// Makes the gaps as tall as these, at once and not by an effect, and hides so much above.
    pub(super) fn fit(
        &mut self,
        list: &HtmlElement,
        hidden: f64,
        mut gaps: impl Iterator<Item = f64>,
    ) {
        for child in &mut self.all {
            if matches!(child.holds, Holds::Gap)
                && let Some(height) = gaps.next()
                && child.gap != Some(height)
            {
                child.gap = Some(height);
                set_pixels(&child.element, "height", height);
            }
        }
        if self.hidden != Some(hidden) {
            self.hidden = Some(hidden);
            set_pixels(list, "margin-top", -hidden);
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
        Some(Self {
            key,
            holds,
            shows,
            bubble,
            is_measured: false,
            gap: None,
            element: view.elements().into_iter().next()?.dyn_into().ok()?,
            _view: view,
        })
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
}

fn set_pixels(element: &HtmlElement, property: &str, value: f64) {
    _ = HtmlElement::style(element).set_property(property, &pixels(value));
}
