//! The ways to the server where no WebSocket gets through: a stream of events, or long polls.
//!
//! `wire.js` carries the texts; here they are turned into calls of the engine. Keeps nothing: what
//! was not acknowledged is in the engine's outbox.

use client::{Client, Closed, Transport};
use js_sys::Array;
use leptos::{logging::warn, prelude::*};
use shared::{
    ClientFrame, DecodeError, Read as _, ServerFrame,
    http::{Sync, SyncAnswer},
};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::CustomEvent;

use super::store::call_on;
use crate::session::Session;

/// Carries for this session, for as long as the page lives.
pub fn listen(session: Session) {
    let hear = Closure::<dyn FnMut(CustomEvent)>::new(move |event: CustomEvent| {
        let told = Array::from(&event.detail());
        let text = |at| told.get(at).as_string().unwrap_or_default();
        hear(session, &text(0), &text(1));
    });
    let listener = hear.as_ref().unchecked_ref();
    if window()
        .add_event_listener_with_callback("pond-wire", listener)
        .is_ok()
    {
        hear.forget();
    }
    session.act(|client, _| client.allow_fallbacks());
}

/// Opens a connection of this kind, in the place of whatever was open.
pub fn connect(transport: Transport) {
    let kind = match transport {
        Transport::EventStream => "stream",
        Transport::LongPoll | Transport::WebSocket => "poll",
    };
    call("connect", kind);
}

/// Drops the connection, with all that is on its way.
pub fn drop_it() {
    call("drop", "");
}

/// Posts a frame after those that wait.
pub fn send(frame: &ClientFrame) {
    call("send", &frame.encode());
}

/// Asks for news.
pub fn poll(asked: &Sync) {
    if let Ok(text) = serde_json::to_string(asked) {
        call("poll", &text);
    }
}

/// Tries a WebSocket beside the connection.
pub fn probe() {
    call("probe", "");
}

fn call(name: &str, argument: &str) {
    let done: Result<JsValue, JsValue> = call_on("pondWire", name, &argument.into());
    if done.is_err() {
        warn!("{name} of the wire failed");
    }
}

fn hear(session: Session, what: &str, text: &str) {
    match what {
        "open" => session.act(Client::opened),
        "frame" => match ServerFrame::decode(text) {
            Ok(frame) => session.receive(frame),
            // A newer server's type, which is none of our business.
            Err(DecodeError::UnknownType(_)) => {}
            Err(error) => warn!("A frame was not understood: {error}"),
        },
        "polled" => match SyncAnswer::from_text(text) {
            Ok(answer) => session.act(|client, now| client.polled(now, answer)),
            // No answer of Pond's.
            Err(_) => lost(session, Closed::Lost),
        },
        "probed" => session.act(|client, now| client.probed(now, !text.is_empty())),
        "closed" => {
            let why = match text {
                "signed out" => Closed::SignedOut,
                "silent" => Closed::Silent,
                _ => Closed::Lost,
            };
            lost(session, why);
        }
        _ => {}
    }
}

fn lost(session: Session, why: Closed) {
    drop_it();
    session.act(|client, now| client.closed(now, why));
}
