//! The socket: carries frames between the server and the session until either is done with it.
//!
//! One task owns it, so frames leave in the order they were asked for. Never keeps a frame: what
//! was not acknowledged is in the engine's outbox and goes again.
//! Read next: [`crate::session::Session::act`].

use std::{future::poll_fn, pin::Pin};

use client::{Client, Closed};
use futures_util::{
    Sink, SinkExt, StreamExt,
    future::{Either, select},
};
use gloo_net::websocket::{Message, State, WebSocketError, futures::WebSocket};
use leptos::logging::warn;
use leptos::prelude::window;
use shared::{DecodeError, ServerFrame};

use super::line::LineEnd;
use crate::session::Session;

/// Opens a socket and runs it until it breaks, or until the session drops its end of the line.
pub async fn run(session: Session, outgoing: LineEnd) {
    if let Some(why) = carry(session, outgoing).await {
        session.act(|client, now| client.closed(now, why));
    }
}

/// Why the socket is no more; none if the session itself wanted that.
async fn carry(session: Session, mut outgoing: LineEnd) -> Option<Closed> {
    let Ok(mut socket) = WebSocket::open(&address()) else {
        return Some(Closed::Lost);
    };
    let open = Box::pin(poll_fn(|context| Pin::new(&mut socket).poll_ready(context)));
    // Nothing is sent before the socket is open, so all that can come here is the end of `outgoing`.
    match select(outgoing.next_frame(), open).await {
        Either::Left((None, _)) => return None,
        Either::Left((Some(_), _)) => return Some(Closed::Lost),
        Either::Right(_) => {}
    }
    // The sink says ready of a closed socket as well; then the close event tells why.
    if is_open(&socket) {
        session.act(Client::opened);
    }
    loop {
        // The session's wish comes first: after a disconnect nothing more may be received.
        match select(outgoing.next_frame(), socket.next()).await {
            Either::Left((None, _)) => return None,
            Either::Left((Some(frame), _)) => {
                if !is_open(&socket) || socket.send(Message::Text(frame.encode())).await.is_err() {
                    return Some(Closed::Lost);
                }
            }
            Either::Right((Some(Ok(Message::Text(text))), _)) => match ServerFrame::decode(&text) {
                Ok(frame) => session.receive(frame),
                // A newer server's type, which is none of our business.
                Err(DecodeError::UnknownType(_)) => {}
                Err(error) => warn!("A frame was not understood: {error}"),
            },
            // Nobody sends bytes; and after an error the close event comes, with its code.
            Either::Right((
                Some(Ok(Message::Bytes(_)) | Err(WebSocketError::ConnectionError)),
                _,
            )) => {}
            Either::Right((Some(Err(WebSocketError::ConnectionClose(event))), _)) => {
                return Some(if event.code == SIGNED_OUT {
                    Closed::SignedOut
                } else {
                    Closed::Lost
                });
            }
            Either::Right((Some(Err(_)) | None, _)) => return Some(Closed::Lost),
        }
    }
}

fn is_open(socket: &WebSocket) -> bool {
    matches!(socket.state(), State::Open)
}

fn address() -> String {
    let location = window().location();
    let is_secure = location
        .protocol()
        .is_ok_and(|protocol| protocol == "https:");
    let scheme = if is_secure { "wss" } else { "ws" };
    let host = location.host().unwrap_or_default();
    format!("{scheme}://{host}/ws")
}

/// The close code of a session that the server does not know any more.
const SIGNED_OUT: u16 = 4401;
