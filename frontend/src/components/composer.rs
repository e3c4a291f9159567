//! The composer: where a person writes a message.
//!
//! Owns the text in the box; the draft is kept by [`Drafts`], so that it outlives this page. It is
//! never disabled by being offline: what is sent then waits in the outbox.

use std::time::Duration;

use leptos::{
    ev::{self, KeyboardEvent, PointerEvent},
    html,
    leptos_dom::helpers::TimeoutHandle,
    prelude::*,
};
use shared::{
    ConversationId,
    limits::MAX_CONTENT_BYTES,
    text::{BadText, check},
};

use super::{focus, typing_line::TypingLine};
use crate::{
    i18n::{t, text},
    ime,
    live::{act, live},
    media, names,
    part::IntoPart as _,
    session::{Session, Topic},
    state::drafts::Drafts,
};

/// A text box that sends on Enter and breaks the line on Shift+Enter; under a finger Enter breaks
/// the line and the button sends.
#[component]
pub fn Composer(
    /// Where the message goes.
    conversation: ConversationId,
) -> impl IntoView {
    let session = Session::expect();
    let drafts: Drafts = expect_context();
    let area = NodeRef::<html::Textarea>::new();
    let draft = Draft {
        text: RwSignal::new(drafts.of(conversation)),
        area,
        drafts,
        conversation,
        saving: StoredValue::new(None),
    };
    draft.keep_until_gone();
    // Who comes in writes at once, unless something else has the keyboard.
    Effect::new(|_| {
        if focus::is_free() {
            focus::composer_soon();
        }
    });
    let is_touch = StoredValue::new(media::is_touch());
    let verdict = move || draft.text.with(|text| check(text.trim()));

    let send = move || {
        if untrack(verdict).is_err() {
            return;
        }
        let content = draft.text.with_untracked(|text| text.trim().to_owned());
        draft.put(String::new());
        session.send(conversation, content);
    };
    let on_keydown = move |key: KeyboardEvent| {
        let is_plain = !(key.shift_key() || key.ctrl_key() || key.meta_key() || key.alt_key());
        if key.key() == "Enter" && is_plain && !ime::owns(&key) && !is_touch.get_value() {
            key.prevent_default();
            send();
        }
    };
    let on_input = move |_| {
        draft.typed();
        if draft.text.with_untracked(|text| !text.trim().is_empty()) {
            session.act(|client, now| client.typing(now, conversation));
        }
    };
    let on_send = move |_| {
        send();
        if let Some(area) = area.get_untracked() {
            _ = area.focus();
        }
    };
    let name = move || {
        session.with(Topic::People, |client| {
            let name = names::conversation(client, conversation, t());
            match conversation {
                ConversationId::Room(_) => (t().write_in)(&name),
                ConversationId::Direct(_) => (t().write_to)(&name),
            }
        })
    };
    view! {
        <TypingLine conversation />
        <div class="composer">
            <textarea
                class="composer__text"
                rows="1"
                dir="auto"
                enterkeyhint=if media::is_touch() { "enter" } else { "send" }
                autocomplete="off"
                aria-label=live(name)
                aria-describedby="composer-note"
                placeholder=live(name)
                node_ref=area
                prop:value=draft.text.get_untracked()
                on:input=act(on_input)
                on:keydown=act(on_keydown)
                on:pointerdown=act(move |pointer: PointerEvent| {
                    is_touch.set_value(pointer.pointer_type() == "touch");
                })
            ></textarea>
            <button
                class="composer__send"
                type="button"
                aria-label=text(|t| t.send)
                title=text(|t| t.send)
                disabled=live(move || verdict().is_err())
                // The box keeps the focus, and a phone its keyboard.
                on:pointerdown=act(|pointer: PointerEvent| pointer.prevent_default())
                on:mousedown=act(|mouse: ev::MouseEvent| mouse.prevent_default())
                on:click=act(on_send)
            >
                <SendIcon />
            </button>
        </div>
        <p
            id="composer-note"
            class="composer__note"
            class:composer__note--bad=live(move || is_bad(verdict()))
            role="status"
        >
            {live(move || note(verdict(), draft.text.with(|text| text.trim().len())))}
        </p>
    }
    .part()
}

#[component]
fn SendIcon() -> impl IntoView {
    view! {
        <svg
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="2.2"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d="M12 19V5M5.500 11.500 12 5l6.500 6.500" />
        </svg>
    }
    .part()
}

/// The text in the box and where it is kept.
#[derive(Clone, Copy)]
struct Draft {
    text: RwSignal<String>,
    area: NodeRef<html::Textarea>,
    drafts: Drafts,
    conversation: ConversationId,
    saving: StoredValue<Option<TimeoutHandle>>,
}

impl Draft {
    /// The person typed. The box is read and never written here: writing would disturb an input
    /// method.
    fn typed(self) {
        let Some(area) = self.area.get_untracked() else {
            return;
        };
        self.text.set(area.value());
        fit(&area);
        self.stop_saving();
        let saved = set_timeout_with_handle(
            move || {
                if !self.text.is_disposed() {
                    self.save();
                }
            },
            SAVED_AFTER,
        );
        self.saving.set_value(saved.ok());
    }

    /// Puts another text into the box.
    fn put(self, text: String) {
        if let Some(area) = self.area.get_untracked() {
            area.set_value(&text);
            fit(&area);
        }
        self.text.set(text);
        self.save();
    }

    fn save(self) {
        self.stop_saving();
        self.text
            .with_untracked(|text| self.drafts.keep(self.conversation, text));
    }

    fn stop_saving(self) {
        if let Some(Some(saving)) = self.saving.try_update_value(Option::take) {
            saving.clear();
        }
    }

    /// Keeps the draft when the page or the conversation goes, and takes what is offered.
    fn keep_until_gone(self) {
        let hidden = window_event_listener(ev::pagehide, move |_| self.save());
        on_cleanup(move || {
            hidden.remove();
            self.save();
        });
        Effect::new(move |is_fitted: Option<()>| {
            self.drafts.track_offers();
            let offered = self.drafts.of(self.conversation);
            if is_fitted.is_some() && self.text.with_untracked(String::is_empty) {
                self.put(offered);
            } else if let Some(area) = self.area.get_untracked() {
                fit(&area);
            }
        });
    }
}

/// As tall as its text, where the browser does not do it by `field-sizing`.
fn fit(area: &web_sys::HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(area);
    // A browser that does not know a property drops it.
    let is_known = style.set_property("field-sizing", "content").is_ok()
        && style
            .get_property_value("field-sizing")
            .is_ok_and(|value| !value.is_empty());
    if !is_known {
        _ = style.set_property("height", "auto");
        _ = style.set_property("height", &format!("{}px", area.scroll_height()));
    }
}

/// Whether the person must change something before this can be sent.
fn is_bad(verdict: Result<(), BadText>) -> bool {
    matches!(
        verdict,
        Err(BadText::TooLong { .. } | BadText::Nul | BadText::Controls)
    )
}

/// How much room is left, once it gets tight, and what is wrong.
fn note(verdict: Result<(), BadText>, size: usize) -> String {
    match verdict {
        Err(BadText::TooLong { size }) => (t().text_too_long)(size, MAX_CONTENT_BYTES),
        Err(BadText::Nul | BadText::Controls) => t().text_has_nul.to_owned(),
        Ok(()) if size * 10 >= MAX_CONTENT_BYTES * 9 => (t().bytes_used)(size, MAX_CONTENT_BYTES),
        Ok(()) | Err(BadText::Blank) => String::new(),
    }
}

/// After the last key. Source: what a crash may cost is half a second.
const SAVED_AFTER: Duration = Duration::from_millis(300);
