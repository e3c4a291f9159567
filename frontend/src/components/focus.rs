//! Where the keyboard goes next.

use leptos::{prelude::*, task::tick};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTextAreaElement};

use crate::{live::spawn, media};

/// Puts the cursor into the composer once the conversation is on screen. Never where a finger
/// points, since that brings up the keyboard.
pub fn composer_soon() {
    if !media::is_touch() {
        soon(".composer textarea");
    }
}

/// Whether nothing has the keyboard.
pub fn is_free() -> bool {
    let body = document().body().map(Into::into);
    document()
        .active_element()
        .is_none_or(|active| body == Some(active))
}

/// Focuses the first element that fits, once what is being drawn is there: within this turn, so
/// that the next key finds it.
pub fn soon(selector: &'static str) {
    spawn(async move {
        tick().await;
        let found = document().query_selector(selector).ok().flatten();
        let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) else {
            return;
        };
        _ = element.focus();
        // A dialog that closes gives the focus back while the page is still inert. Chromium then
        // leaves the caret elsewhere, forgets where it was, and every key goes nowhere.
        if let Some(area) = element.dyn_ref::<HtmlTextAreaElement>() {
            let end = area.text_length();
            _ = area.set_selection_range(end, end);
        }
    });
}
