//! A part of a view, whatever it is made of: one type, so that the view library is compiled once
//! for all of them and not once for each.
//!
//! Leptos's own `AnyView` keeps the value too, to compare it with the next one, at about 1 KB of
//! code for every place it is used in. A [`Part`] is built at once and gives way to the next part as
//! a whole; what changes within it follows its own signals.

use leptos::{
    IntoView,
    tachys::{
        html::attribute::{Attribute, any_attribute::AnyAttribute},
        hydration::Cursor,
        renderer::types::{Element, Node},
        view::{Mountable, Position, PositionState, Render, RenderHtml, add_attr::AddAnyAttr},
    },
};
use send_wrapper::SendWrapper;

/// Nodes that stand, or will stand, in the page.
pub struct Part(SendWrapper<Box<dyn Mountable>>);

/// Whatever can be a [`Part`].
pub trait IntoPart {
    /// Builds the nodes.
    fn part(self) -> Part;
}

impl<V: IntoView + 'static> IntoPart for V {
    fn part(self) -> Part {
        Part(SendWrapper::new(Box::new(self.build())))
    }
}

impl Mountable for Part {
    fn unmount(&mut self) {
        self.0.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.0.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.0.elements()
    }
}

impl Render for Part {
    type State = Self;

    fn build(self) -> Self {
        self
    }

    fn rebuild(mut self, state: &mut Self) {
        state.insert_before_this(&mut self);
        state.unmount();
        *state = self;
    }
}

impl AddAnyAttr for Part {
    type Output<Added: Attribute> = Self;

    /// Its elements stand already: attributes are given where they are made.
    fn add_any_attr<Added: Attribute>(self, _: Added) -> Self {
        self
    }
}

/// There is no server that renders pages, and so nothing to hydrate.
impl RenderHtml for Part {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        _: &mut String,
        _: &mut Position,
        _: bool,
        _: bool,
        _: Vec<AnyAttribute>,
    ) {
    }

    fn hydrate<const FROM_SERVER: bool>(self, _: &Cursor, _: &PositionState) -> Self {
        self
    }

    fn into_owned(self) -> Self {
        self
    }
}
