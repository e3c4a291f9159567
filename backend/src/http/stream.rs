//! The stream: the frames of a socket as server-sent events, for networks that let no WebSocket
//! through. What the client has to say comes by `POST /frames`.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use shared::{ServerFrame, frame::AuthAnswer};
use tokio_util::sync::CancellationToken;

use super::{Shared, caller::Caller};
use crate::{
    auth::AuthError,
    hub::{Frame, Mailbox, Seated, Wire},
};

/// `GET /events`: an `AUTH_RESPONSE`, and then every frame that is pushed, until the session ends or
/// the server stops. A reader that is slow has a mailbox like any other, and loses nothing.
pub(super) async fn events(State(site): Shared, Caller(caller): Caller) -> impl IntoResponse {
    let gateway = &site.gateway;
    let hello = gateway.welcome(&caller);
    let mailbox = Arc::new(Mailbox::default());
    let frames = Frames {
        seat: gateway.hub.join(&caller, mailbox, Some(hello)),
        ready: Vec::new().into_iter(),
        is_over: false,
        stop: gateway.stop.clone(),
    };
    let stream = Sse::new(frames.stream()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    ([UNBUFFERED], stream)
}

struct Frames {
    seat: Seated,
    /// Taken out of the mailbox and not written yet: never more than one mailbox holds.
    ready: std::vec::IntoIter<Bytes>,
    is_over: bool,
    stop: CancellationToken,
}

impl Frames {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut frames| {
            let frame = frames.next().await?;
            // A frame is JSON, and JSON is UTF-8.
            let text = String::from_utf8_lossy(&frame);
            Some((Ok(Event::default().data(text)), frames))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.next() {
                return Some(frame);
            }
            if self.is_over {
                return None;
            }
            tokio::select! {
                () = self.seat.mailbox.filled() => {}
                () = self.stop.cancelled() => return None,
            }
            let taken = if self.seat.mailbox.is_closed() {
                // As on a socket: it is told that the session is no more.
                let error = AuthError::BadToken;
                let answer = AuthAnswer::refused(error.code(), error.to_string());
                self.is_over = true;
                vec![Frame::from(ServerFrame::Auth(answer)).bytes(Wire::Json)]
            } else {
                self.seat.mailbox.take()
            };
            self.ready = taken.into_iter();
        }
    }
}

/// Proxies cut a stream that is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Some proxies keep a stream back until it is over, unless told.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);
