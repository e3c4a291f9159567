//! The message list: what was said, with only the rows around the screen in the DOM.
//!
//! Owns nothing but its view; where it stands is [`position`]'s business, which rows are in the DOM
//! is [`mounted`]'s, and how both stay together is [`scroller`]'s. A screen reader hears of new
//! messages from the announcer, not from here.

mod item;
mod mounted;
mod position;
mod scroller;

use client::Client;
use leptos::{
    ev::{self, FocusEvent, KeyboardEvent},
    prelude::*,
};
use shared::{ConversationId, Timestamp};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, ResizeObserver};

use self::{
    item::{ItemKey, Shows},
    mounted::View,
    position::{Above, Position, Step},
    scroller::Scroller,
};
use super::message::Message;
use crate::{
    i18n::{dates, language, t, text},
    ime,
    live::{act, effect, live, memo, when},
    names,
    part::IntoPart as _,
    session::{Session, Topic},
    state::places::Places,
};

/// The messages of a conversation.
#[component]
pub fn MessageList(
    /// Which.
    conversation: ConversationId,
) -> impl IntoView {
    let session = Session::expect();
    let position = Position::new(conversation, session.me().id);
    let scroller = Scroller::new(session, expect_context::<Places>(), position);
    listen(session, conversation, scroller);

    let on_keydown = move |key: KeyboardEvent| {
        if ime::owns(&key) || key.ctrl_key() || key.meta_key() || key.alt_key() {
            return;
        }
        let step = match key.key().as_str() {
            "ArrowUp" => Step::Up,
            "ArrowDown" => Step::Down,
            "Home" => Step::First,
            "End" => Step::Last,
            _ => return,
        };
        key.prevent_default();
        scroller.step(step);
    };
    view! {
        <div class="messages">
            <UnreadBar scroller />
            <div
                class="messages__log"
                class:messages__log--searching=scroller.is_searching
                role="log"
                aria-live="off"
                aria-label=text(|t| t.messages)
                node_ref=scroller.log
                on:scroll=act(move |_| scroller.scrolled())
                on:keydown=act(on_keydown)
                on:focusin=act(move |event: FocusEvent| scroller.focused(element(event.target()).as_ref()))
                on:focusout=act(move |event: FocusEvent| {
                    scroller.focused(element(event.related_target()).as_ref());
                })
            >
                <div class="messages__rows" node_ref=scroller.list></div>
            </div>
            {when(move || scroller.is_searching.get(), move || view! {
                <div class="messages__veil">
                    <Skeleton lines=8 />
                </div>
            }.part())}
            <Below scroller />
        </div>
    }
    .part()
}

/// Wires the scroller to what happens around it.
fn listen(session: Session, conversation: ConversationId, scroller: Scroller) {
    effect(move || {
        for topic in [
            Topic::Timeline(conversation),
            Topic::Conversations,
            Topic::Link,
        ] {
            session.with(topic, |_| ());
        }
        let language = language();
        // The scroller reaches outside, to the DOM, and its signals follow what it finds there.
        untrack(|| {
            scroller.speak(language);
            scroller.follow();
        });
    });

    let resized = Closure::<dyn FnMut()>::new(move || scroller.resized());
    if let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
        let watching = observer.clone();
        effect(move || {
            if let (Some(log), Some(list)) = (scroller.log.get(), scroller.list.get()) {
                watching.observe(&log);
                watching.observe(&list);
            }
        });
        let held = StoredValue::new_local((observer, resized));
        on_cleanup(move || {
            held.try_with_value(|(observer, _)| observer.disconnect());
        });
    }

    let escape = window_event_listener(ev::keydown, move |key: KeyboardEvent| {
        if key.key() == "Escape" && !key.default_prevented() && !ime::owns(&key) && !has_overlay() {
            scroller.mark_all_read();
            scroller.go_to_end();
        }
    });
    let focus = window_event_listener(ev::focus, move |_| scroller.attend());
    let blur = window_event_listener(ev::blur, move |_| scroller.attend());
    let visibility = window_event_listener_untyped("visibilitychange", move |_| scroller.attend());
    on_cleanup(move || {
        scroller.leave();
        escape.remove();
        focus.remove();
        blur.remove();
        visibility.remove();
    });
}

impl Scroller {
    /// One element of the list.
    fn view_of(self, conversation: ConversationId, key: ItemKey, shows: Shows) -> View {
        let view = match shows {
            Shows::Gap => view! { <div class="messages__gap" aria-hidden="true"></div> }.part(),
            Shows::Top => view! { <Top conversation /> }.part(),
            Shows::Day(at) => view! { <Day at /> }.part(),
            Shows::New => view! {
                <div class="messages__new" role="separator">
                    <span>{text(|t| t.new_messages)}</span>
                </div>
            }
            .part(),
            Shows::Message(bubble) => {
                let is_stop = memo(move || {
                    let stop = self.tab_stop.read();
                    matches!(&key, ItemKey::Row(key) if stop.as_ref() == Some(key))
                });
                let bubble = ArcRwSignal::new(bubble);
                let (follows, is_stop) = (bubble.clone().into(), is_stop.into());
                let view = view! { <Message conversation bubble=follows is_stop /> };
                return (view.part(), Some(bubble));
            }
        };
        (view, None)
    }
}

/// Above the first message: the beginning, or what is not held yet.
#[component]
fn Top(conversation: ConversationId) -> impl IntoView {
    let session = Session::expect();
    let is_beginning = memo(move || {
        let is_connected = session.with(Topic::Link, Client::link) == client::Link::Connected;
        session.with(Topic::Timeline(conversation), |client| {
            let Some(known) = client.conversation(conversation) else {
                return true;
            };
            let timeline = known.timeline();
            let is_empty = timeline.events().len() == 0;
            // Before the first word from the server, holding nothing says nothing.
            timeline.is_complete() && (!is_empty || is_connected)
        })
    });
    let words = move || {
        session.with(Topic::People, |client| {
            let name = names::conversation(client, conversation, t());
            match conversation.peer_of(client.me().id) {
                Some(peer) if peer == client.me().id => t().notes_subtitle.to_owned(),
                Some(_) => (t().beginning_with)(&name),
                None => (t().beginning_of)(&name),
            }
        })
    };
    view! {
        <div class="messages__top">
            {live(move || {
                if is_beginning.get() {
                    view! { <p class="messages__beginning">{words}</p> }.part()
                } else {
                    view! { <Skeleton lines=3 /> }.part()
                }
            })}
        </div>
    }
    .part()
}

#[component]
fn Day(at: Timestamp) -> impl IntoView {
    view! {
        <div class="messages__day" role="separator">
            <span>{live(move || dates::day_line(at))}</span>
        </div>
    }
    .part()
}

/// Grey shapes of messages in place of those that are on their way.
#[component]
fn Skeleton(lines: usize) -> impl IntoView {
    let line = || view! { <div class="skeleton"><i></i><b></b><s></s></div> }.part();
    view! {
        <div aria-hidden="true">{(0..lines).map(|_| line()).collect_view()}</div>
    }
    .part()
}

/// "37 new since 14:05", while where they begin is out of sight.
#[component]
fn UnreadBar(scroller: Scroller) -> impl IntoView {
    let words = |Above { count, since }: Above| match since {
        Some(since) => (t().new_since)(count, &dates::time(since)),
        None => (t().new_above)(count),
    };
    let is_shown = memo(move || scroller.above.get().is_some());
    view! {
        {when(move || is_shown.get(), move || view! {
            <div class="unread-bar">
                <button
                    class="unread-bar__jump"
                    type="button"
                    on:click=act(move |_| scroller.go_to_divider())
                >
                    {live(move || scroller.above.get().map(words))}
                    " "
                    <span aria-hidden="true">"↑"</span>
                </button>
                <button
                    class="unread-bar__read"
                    type="button"
                    on:click=act(move |_| scroller.mark_all_read())
                >
                    {text(|t| t.mark_read)}
                </button>
            </div>
        }.part())}
    }
    .part()
}

/// "3 new ↓", while they are below the screen, or the way back to an end that is far below.
#[component]
fn Below(scroller: Scroller) -> impl IntoView {
    let is_shown = memo(move || scroller.below.get().is_some());
    let words = move || match scroller.below.get() {
        Some(count) if count > 0 => (t().new_below)(count),
        _ => t().newest.to_owned(),
    };
    view! {
        {when(move || is_shown.get(), move || view! {
            <button class="messages__below" type="button" on:click=act(move |_| scroller.go_to_end())>
                {live(words)}
                " "
                <span aria-hidden="true">"↓"</span>
            </button>
        }.part())}
    }.part()
}

fn element(target: Option<web_sys::EventTarget>) -> Option<Element> {
    target?.dyn_into().ok()
}

/// Whether something lies over the list that Escape is for.
fn has_overlay() -> bool {
    let found = document().query_selector("dialog[open], [popover]:popover-open");
    matches!(found, Ok(Some(_)))
}
