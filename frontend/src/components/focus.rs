//! Where the keyboard goes next.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::media;

/// Puts the cursor into the composer once the conversation is on screen. Never where a finger
/// points, since that brings up the keyboard.
pub fn composer_soon() {
    if !media::is_touch() {
        soon(".composer textarea");
    }
}

/// Focuses the first element that fits, once what is being drawn is there.
pub fn soon(selector: &'static str) {
    // One frame to draw, one for what that drew.
    request_animation_frame(move || {
        request_animation_frame(move || {
            let found = document().query_selector(selector).ok().flatten();
            if let Some(element) =
                found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok())
            {
                _ = element.focus();
            }
        });
    });
}
