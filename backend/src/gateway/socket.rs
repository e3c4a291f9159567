//! A socket as the gateway uses it: text in, batches of text out, each write with a deadline.

use std::{future::Future, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt as _;
use tokio::time::timeout;

use super::Closed;
use crate::hub::Frame;

/// One WebSocket.
pub struct Socket {
    inner: WebSocket,
}

impl Socket {
    /// Takes over an upgraded connection.
    pub fn new(inner: WebSocket) -> Self {
        Self { inner }
    }

    /// The next text frame; nothing for a frame that shows only that the peer lives. Cancel-safe.
    ///
    /// # Errors
    /// [`Closed`] when there will be none.
    pub async fn receive(&mut self) -> Result<Option<Frame>, Closed> {
        match self.inner.recv().await {
            Some(Ok(Message::Text(text))) => Ok(Some(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Binary(_))) => Err(Closed::Binary),
            Some(Ok(Message::Close(_))) | None => Err(Closed::ByPeer),
            Some(Err(error)) => Err(Closed::from_error(error)),
        }
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone or reads too slowly.
    pub async fn send(&mut self, frame: Frame) -> Result<(), Closed> {
        self.send_all(std::iter::once(frame)).await
    }

    /// Writes many frames with one flush: system calls are the cost, copies are not.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone or reads too slowly.
    pub async fn send_all(&mut self, frames: impl Iterator<Item = Frame>) -> Result<(), Closed> {
        let inner = &mut self.inner;
        within_deadline(async move {
            for frame in frames {
                inner.feed(Message::Text(frame)).await?;
            }
            inner.flush().await
        })
        .await
    }

    /// Asks the peer's WebSocket layer for a sign of life.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone or reads too slowly.
    pub async fn ping(&mut self) -> Result<(), Closed> {
        within_deadline(self.inner.send(Message::Ping(axum::body::Bytes::new()))).await
    }

    /// Says why, and waits a moment for the peer to say it too.
    pub async fn close(mut self, why: Closed) {
        let Some(frame) = why.frame() else { return };
        let goodbye = async {
            if self.inner.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.inner.recv().await {}
            }
        };
        // A peer that does not answer is let go all the same.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

async fn within_deadline(
    write: impl Future<Output = Result<(), axum::Error>>,
) -> Result<(), Closed> {
    match timeout(WRITE_DEADLINE, write).await {
        Ok(written) => written.map_err(Closed::from_error),
        Err(_) => Err(Closed::TooSlow),
    }
}

/// A flush that takes longer ends the connection. Source: what a phone in a tunnel needs is less, and
/// a client that comes back loses nothing.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(10);
const GOODBYE: Duration = Duration::from_secs(2);
