//! One signed-in WebSocket. One task reads and acts, and what it answers leaves in the order it was
//! asked. Messages are handed to the store one after the other and their acks awaited together, so a
//! client that sends many needs no round trip, and no disk sync, for each.

use std::time::Duration;

use shared::{ClientFrame, ServerFrame};
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use super::{
    Closed, Gateway, answers,
    pending::{Answer, Answers},
    socket::{MAX_AT_ONCE, Socket},
};
use crate::{
    auth::Session,
    hub::{Burst, Kind, Seated},
};

/// A socket whose person is known.
pub struct Connection<'a> {
    gateway: &'a Gateway,
    socket: Socket,
    session: Session,
    /// Its place in the hub, with the mailbox of what is for it.
    seat: Seated,
    heard_at: Instant,
    answers: Answers,
}

impl<'a> Connection<'a> {
    /// Takes a seat in the hub.
    pub fn new(gateway: &'a Gateway, socket: Socket, session: Session) -> Self {
        let hello = gateway.welcome(&session);
        let mailbox = socket.mailbox.clone();
        let seat = gateway.hub.join(&session, mailbox, Some(hello));
        Self {
            gateway,
            socket,
            session,
            seat,
            heard_at: Instant::now(),
            answers: Answers::default(),
        }
    }

    /// Runs until the peer leaves, reads too slowly or falls silent, or the server stops.
    pub async fn run(mut self, stop: &CancellationToken) -> Closed {
        let closed = self.serve(stop).await;
        if closed.is_asked_for() {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.settle() => {}
            }
        }
        // The others are told first, since a goodbye may take a moment.
        drop(self.seat);
        Box::pin(self.socket.close(closed)).await;
        closed
    }

    async fn serve(&mut self, stop: &CancellationToken) -> Closed {
        let mut pulse = interval_at(Instant::now() + PING_EACH, PING_EACH);
        loop {
            // Cancel-safe: what is read or answered is taken only by the branch that wins. Nothing is
            // read while the peer does not take what is for it, nor while it waits for many acks.
            let may_ask = !self.answers.is_full();
            let outcome = tokio::select! {
                biased;
                () = stop.cancelled() => Err(Closed::ServerStopping),
                () = self.seat.mailbox.filled() => self.drain(stop).await,
                answer = self.answers.next(), if !self.answers.is_empty() => {
                    self.answer(answer);
                    Ok(())
                }
                () = self.socket.readable(), if may_ask => self.read(stop).await,
                _ = pulse.tick() => self.pulse(),
            };
            if let Err(closed) = outcome {
                return closed;
            }
        }
    }

    async fn drain(&mut self, stop: &CancellationToken) -> Result<(), Closed> {
        if self.seat.mailbox.is_closed() {
            return Err(Closed::NotSignedIn);
        }
        tokio::select! {
            () = stop.cancelled() => Err(Closed::ServerStopping),
            drained = self.socket.drain() => drained,
        }
    }

    /// Acts on what has come. One who looks much may wait for their turn, and what ends a connection
    /// does not wait with them.
    async fn read(&mut self, stop: &CancellationToken) -> Result<(), Closed> {
        for _ in 0..MAX_AT_ONCE {
            if self.answers.is_full() {
                break;
            }
            if self.seat.mailbox.is_closed() {
                return Err(Closed::NotSignedIn);
            }
            let Some(frame) = self.socket.next(&mut self.heard_at)? else {
                break;
            };
            match frame.decode() {
                Ok(frame) if frame.is_send() => {
                    let answer = self.act(frame).await;
                    self.answers.extend(answer);
                }
                Ok(frame) => {
                    self.settle().await;
                    self.seat.mailbox.hold();
                    let (answer, ended) = match self.ask(frame, stop).await {
                        Ok(answer) => (answer, Ok(())),
                        Err(closed) => (None, Err(closed)),
                    };
                    self.answers.extend(answer);
                    let answer = self.answers.next_now().map(Into::into);
                    // What was held goes on, the goodbye as well.
                    let told = self.seat.mailbox.answer(answer.as_ref());
                    ended?;
                    told.map_err(|_| Closed::ByPeer)?;
                }
                Err(error) => {
                    let answer = answers::misunderstood(&frame, &error);
                    self.answers.extend(Some(Answer::Known(answer)));
                }
            }
        }
        Ok(())
    }

    /// The answer to a question, unless the connection is to end before it.
    async fn ask(
        &self,
        frame: ClientFrame,
        stop: &CancellationToken,
    ) -> Result<Option<Answer>, Closed> {
        let answer = tokio::select! {
            () = stop.cancelled() => return Err(Closed::ServerStopping),
            answer = self.act(frame) => answer,
        };
        if self.seat.mailbox.is_closed() {
            return Err(Closed::NotSignedIn);
        }
        Ok(answer)
    }

    async fn act(&self, frame: ClientFrame) -> Option<Answer> {
        // Boxed, since it is large, and most connections are silent most of the time.
        Box::pin(self.gateway.act(&self.session, Some(self.seat.id), frame)).await
    }

    /// Tells an answer, and with it those that are there, too.
    fn answer(&mut self, first: ServerFrame) {
        let mut burst = Burst::default();
        burst.add(first.into(), Kind::Answer, None);
        while let Some(next) = self.answers.next_now() {
            burst.add(next.into(), Kind::Answer, None);
        }
        self.seat.mailbox.push_all(&burst);
    }

    /// Answers what was asked before the end.
    async fn settle(&mut self) {
        while !self.answers.is_empty() {
            let answer = self.answers.next().await;
            self.answer(answer);
        }
    }

    fn pulse(&mut self) -> Result<(), Closed> {
        if self.heard_at.elapsed() > SILENCE {
            return Err(Closed::Silent);
        }
        self.socket.ping()
    }
}

/// A peer that is silent this long is gone, although nobody said so. Every client's WebSocket layer
/// answers our pings, so three were missed.
pub const SILENCE: Duration = Duration::from_secs(100);
/// Source: proxies cut a silent connection after a minute, mobile networks after five.
const PING_EACH: Duration = Duration::from_secs(30);
