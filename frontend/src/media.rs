//! What the screen and the pointer are like.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

/// How many columns there is room for. The widths are those of `style/base.css`.
#[derive(Clone, Copy)]
pub struct Room {
    /// Conversations and people stand beside the conversation.
    pub for_three: Signal<bool>,
    /// Conversations stand beside the conversation.
    pub for_two: Signal<bool>,
}

impl Room {
    /// Watches the window for as long as the page lives.
    pub fn watch() -> Self {
        Self {
            for_three: matches("(min-width: 1081px)"),
            for_two: matches("(min-width: 721px)"),
        }
    }
}

/// Whether a finger is what the person points with: then nothing takes the focus by itself, since
/// that brings up a keyboard over half of the screen.
pub fn is_touch() -> bool {
    window()
        .match_media("(pointer: coarse)")
        .is_ok_and(|list| list.is_some_and(|list| list.matches()))
}

/// Keeps the page above the keyboard of a phone. Chrome and Firefox do it themselves
/// (`interactive-widget` in index.html); Safari lays its keyboard over the page.
pub fn keep_above_keyboard() {
    let Some(visible) = window().visual_viewport() else {
        return;
    };
    let follow = {
        let visible = visible.clone();
        move || {
            let root = document().document_element();
            let Some(root) = root.and_then(|root| root.dyn_into::<web_sys::HtmlElement>().ok())
            else {
                return;
            };
            let whole = window()
                .inner_height()
                .ok()
                .and_then(|height| height.as_f64());
            // A zoomed page has a small visible part as well, and needs no help.
            let is_zoomed = (visible.scale() - 1.0).abs() > 0.01;
            let covered = whole.unwrap_or_default() - visible.height();
            if covered > LEAST_KEYBOARD && !is_zoomed {
                let height = pixels(visible.height());
                _ = root.style().set_property(VISIBLE_HEIGHT, &height);
                window().scroll_to_with_x_and_y(0.0, 0.0);
            } else {
                _ = root.style().remove_property(VISIBLE_HEIGHT);
            }
        }
    };
    let listener = Closure::<dyn FnMut()>::new(follow);
    let is_heard =
        visible.add_event_listener_with_callback("resize", listener.as_ref().unchecked_ref());
    if is_heard.is_ok() {
        listener.forget();
    }
}

/// A length as CSS writes it. The browser writes the number: ours would be 10 KB of code.
pub fn pixels(length: f64) -> String {
    let number = js_sys::Number::from(length).to_string_with_radix(10);
    number.map_or_else(|_| String::new(), |number| format!("{number}px"))
}

/// What `pages/chat.css` takes for the height of the page.
const VISIBLE_HEIGHT: &str = "--visible-height";
/// In pixels: higher than any tool bar of a browser, lower than any keyboard.
const LEAST_KEYBOARD: f64 = 120.0;

/// Whether somebody looks at this page.
pub fn is_attended() -> bool {
    let document = document();
    !document.hidden() && document.has_focus().unwrap_or(false)
}

/// Whether a media query holds, now and later.
fn matches(query: &str) -> Signal<bool> {
    let Ok(Some(list)) = window().match_media(query) else {
        return Signal::stored(true);
    };
    let holds = RwSignal::new(list.matches());
    let listener = {
        let list = list.clone();
        Closure::<dyn FnMut()>::new(move || holds.set(list.matches()))
    };
    let is_heard =
        list.add_event_listener_with_callback("change", listener.as_ref().unchecked_ref());
    if is_heard.is_ok() {
        listener.forget();
    }
    holds.into()
}
