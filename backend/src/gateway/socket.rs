//! A socket as the gateway uses it: text in, batches of text out, each write with a deadline.
//!
//! [`accept`] is the one way to get one, so its limits hold wherever there is one.

use std::{future::Future, time::Duration};

use axum::{
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    response::Response,
};
use futures_util::SinkExt as _;
use shared::limits::MAX_FRAME_BYTES;
use tokio::time::timeout;

use super::Closed;
use crate::hub::Frame;

/// One WebSocket.
pub struct Socket {
    inner: WebSocket,
}

/// Answers the request for an upgrade; `run` goes on with the socket.
pub fn accept<Run>(
    upgrade: WebSocketUpgrade,
    run: impl FnOnce(Socket) -> Run + Send + 'static,
) -> Response
where
    Run: Future<Output = ()> + Send + 'static,
{
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(MAX_UNSENT_BYTES)
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .on_upgrade(move |inner| run(Socket { inner }))
}

impl Socket {
    /// The next text frame; nothing for a frame that shows only that the peer lives. Cancel-safe.
    ///
    /// # Errors
    /// [`Closed`] when there will be none.
    pub async fn receive(&mut self) -> Result<Option<Frame>, Closed> {
        match self.receive_any().await? {
            Message::Text(text) => Ok(Some(text)),
            Message::Binary(_) => Err(Closed::Binary),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(None),
        }
    }

    /// The next frame of any kind but a close. Cancel-safe.
    ///
    /// # Errors
    /// [`Closed`] when there will be none.
    pub async fn receive_any(&mut self) -> Result<Message, Closed> {
        match self.inner.recv().await {
            Some(Ok(Message::Close(_))) | None => Err(Closed::ByPeer),
            Some(Ok(message)) => Ok(message),
            Some(Err(error)) => Err(Closed::from_error(error)),
        }
    }

    /// Writes a frame of any kind.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone or reads too slowly.
    pub async fn send_any(&mut self, message: Message) -> Result<(), Closed> {
        within_deadline(self.inner.send(message)).await
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
        self.send_any(Message::Ping(axum::body::Bytes::new())).await
    }

    /// Says why, and waits a moment for the peer to say it too.
    pub async fn close(mut self, why: Closed) {
        let goodbye = async {
            if let Some(frame) = why.frame()
                && self.inner.send(Message::Close(Some(frame))).await.is_err()
            {
                return;
            }
            // Where the peer said goodbye first, this is when it is answered.
            while let Some(Ok(_)) = self.inner.recv().await {}
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
/// The library's 128 KiB would cost as much for each idle connection.
const READ_BUFFER_BYTES: usize = 4 * 1024;
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// What a socket may hold unsent: the largest answer, a summary or a page, with room to spare.
const MAX_UNSENT_BYTES: usize = 256 * 1024;
