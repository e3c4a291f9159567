//! The rows in the DOM, kept by their keys.
//!
//! They come and go within one call, so that what is there can be measured right after it: a list
//! that is drawn by an effect is drawn later. Never decides which rows; that is [`super::position`]'s
//! business.

use client::SortedMap;
use leptos::{
    prelude::*,
    tachys::reactive_graph::{OwnedView, OwnedViewState},
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::item::{Item, ItemKey, Shows};
use crate::{media::pixels, part::Part};

/// The children of the list.
pub(super) struct Mounted {
    owner: Owner,
    /// From top to bottom.
    all: Vec<Child>,
}

struct Child {
    item: Item,
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
    /// took its turn.
    pub(super) fn show(
        &mut self,
        list: &Element,
        items: Vec<Item>,
        view_of: impl Fn(Item) -> Part,
    ) {
        let old = self.all.drain(..);
        let mut old: SortedMap<_, _> = old.map(|child| (child.item.key.clone(), child)).collect();
        let items: Vec<_> = items
            .into_iter()
            .map(|item| (old.remove(&item.key), item))
            .collect();
        for gone in old.into_values() {
            gone.element.remove();
        }
        let mut next = list.first_element_child();
        for (kept, item) in items {
            let child = match kept {
                Some(mut kept) => {
                    kept.follow(item);
                    kept
                }
                None => match Child::new(&self.owner, item, &view_of) {
                    Some(new) => new,
                    None => continue,
                },
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

    /// The rows by their indexes, with their heights in pixels.
    pub(super) fn heights(&self) -> impl Iterator<Item = (usize, f64)> {
        self.all.iter().filter_map(|child| {
            let row = child.item.row?;
            Some((row, child.element.get_bounding_client_rect().height()))
        })
    }

    pub(super) fn keys(&self) -> impl DoubleEndedIterator<Item = &ItemKey> + Clone {
        self.all.iter().map(|child| &child.item.key)
    }

    pub(super) fn key_of(&self, element: &Element) -> Option<&ItemKey> {
        let mut all = self.all.iter();
        let child = all.find(|child| *child.element == *element)?;
        Some(&child.item.key)
    }

    pub(super) fn element_of(&self, key: &ItemKey) -> Option<&HtmlElement> {
        let mut all = self.all.iter();
        all.find(|child| child.item.key == *key)
            .map(|child| &child.element)
    }
}

impl Child {
    fn new(owner: &Owner, item: Item, view_of: impl Fn(Item) -> Part) -> Option<Self> {
        let owner = owner.with(Owner::new);
        let view = owner.with(|| view_of(item.clone()));
        let view = OwnedView::new_with_owner(view, owner).build();
        let child = Self {
            item,
            element: view.elements().into_iter().next()?.dyn_into().ok()?,
            _view: view,
        };
        child.fit();
        Some(child)
    }

    /// Shows what its key stands for now.
    fn follow(&mut self, item: Item) {
        if let (Shows::Message(shown), Shows::Message(now)) = (&self.item.shows, &item.shows) {
            let now = now.get_untracked();
            if shown.with_untracked(|shown| *shown != now) {
                shown.set(now);
            }
            self.item.row = item.row;
        } else {
            self.item = item;
            self.fit();
        }
    }

    /// A gap takes its height at once, and not by an effect.
    fn fit(&self) {
        if let Shows::Gap(height) = self.item.shows {
            let style = HtmlElement::style(&self.element);
            _ = style.set_property("height", &pixels(height));
        }
    }
}
