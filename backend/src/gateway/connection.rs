//! One signed-in WebSocket. One task reads, acts and writes, so acks and events leave in one order.

use std::time::Duration;

use shared::ServerFrame;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use super::{Closed, Gateway, socket::Socket};
use crate::{
    auth::Session,
    hub::{Frame, Seated},
};

/// A socket whose person is known.
pub struct Connection<'a> {
    gateway: &'a Gateway,
    socket: Socket,
    session: Session,
    /// Its place in the hub, with the mailbox of what is for it.
    seat: Seated,
    heard_at: Instant,
    drained: Vec<Frame>,
}

impl<'a> Connection<'a> {
    /// Takes a seat in the hub.
    pub fn new(gateway: &'a Gateway, socket: Socket, session: Session) -> Self {
        let seat = gateway.hub.join(&session);
        Self {
            gateway,
            socket,
            session,
            seat,
            heard_at: Instant::now(),
            drained: Vec::new(),
        }
    }

    /// Runs until the peer leaves, reads too slowly or falls silent, or the server stops.
    pub async fn run(mut self, stop: &CancellationToken) -> Closed {
        let closed = match self.welcome().await {
            Ok(()) => self.serve(stop).await,
            Err(closed) => closed,
        };
        // The others are told first, since a goodbye may take a moment.
        drop(self.seat);
        self.socket.close(closed).await;
        closed
    }

    async fn welcome(&mut self) -> Result<(), Closed> {
        let answer = self.gateway.welcome(&self.session);
        self.write(&answer).await
    }

    async fn serve(&mut self, stop: &CancellationToken) -> Closed {
        let mut pulse = interval_at(Instant::now() + PING_EACH, PING_EACH);
        loop {
            // Cancel-safe: a frame or an event is taken only by the branch that wins.
            let outcome = tokio::select! {
                () = stop.cancelled() => Err(Closed::ServerStopping),
                frame = self.socket.receive() => self.receive(frame).await,
                () = self.seat.mailbox.filled() => self.deliver().await,
                _ = pulse.tick() => self.pulse().await,
            };
            if let Err(closed) = outcome {
                return closed;
            }
        }
    }

    async fn receive(&mut self, frame: Result<Option<Frame>, Closed>) -> Result<(), Closed> {
        let frame = frame?;
        self.heard_at = Instant::now();
        let Some(text) = frame else { return Ok(()) };
        let origin = Some(self.seat.id);
        match self.gateway.answer(&self.session, origin, &text).await {
            Some(answer) => self.write(&answer).await,
            None => Ok(()),
        }
    }

    async fn deliver(&mut self) -> Result<(), Closed> {
        if self.seat.mailbox.is_closed() {
            return Err(Closed::NotSignedIn);
        }
        self.seat.mailbox.take(&mut self.drained);
        self.socket.send_all(self.drained.drain(..)).await
    }

    async fn write(&mut self, frame: &ServerFrame) -> Result<(), Closed> {
        self.socket.send(frame.encode().into()).await
    }

    async fn pulse(&mut self) -> Result<(), Closed> {
        if self.heard_at.elapsed() > SILENCE {
            return Err(Closed::Silent);
        }
        self.socket.ping().await
    }
}

/// A peer that is silent this long is gone, although nobody said so. Every client's WebSocket layer
/// answers our pings, so three were missed.
pub const SILENCE: Duration = Duration::from_secs(100);
/// Source: proxies cut a silent connection after a minute, mobile networks after five.
const PING_EACH: Duration = Duration::from_secs(30);
