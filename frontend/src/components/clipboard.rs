//! Copying a text. `navigator.clipboard` is missing on plain http; this way works everywhere.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlElement, HtmlTextAreaElement};

/// Copies a text and gives the focus back to where it was. Works only within a click or a key.
pub fn copy(text: &str) {
    let document = document();
    let focused = document.active_element();
    let (Ok(element), Some(body)) = (document.create_element("textarea"), document.body()) else {
        return;
    };
    let Ok(area) = element.dyn_into::<HtmlTextAreaElement>() else {
        return;
    };
    area.set_class_name("visually-hidden");
    area.set_value(text);
    if body.append_child(&area).is_ok() {
        area.select();
        let document: &HtmlDocument = document.unchecked_ref();
        _ = document.exec_command("copy");
        area.remove();
    }
    if let Some(focused) = focused.and_then(|focused| focused.dyn_into::<HtmlElement>().ok()) {
        _ = focused.focus();
    }
}
