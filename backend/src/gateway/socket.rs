//! A socket as the gateway uses it: frames in, frames out, and nobody waited for longer than a deadline.
//!
//! [`accept`] is the one way to get one, so its limits hold wherever there is one. What comes in is
//! read by the WebSocket library, which also answers pings and goodbyes; what goes out leaves through
//! the connection's [`Mailbox`], whoever tells it, so frames of the hub and of the library leave whole
//! and in one order.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header::SEC_WEBSOCKET_PROTOCOL},
    response::{IntoResponse as _, Response},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::{rt::TokioIo, server::conn::auto::upgrade::downcast};
use shared::{Encoding, limits::MAX_FRAME_BYTES};
use tokio::{
    net::TcpStream,
    task::{coop::consume_budget, yield_now},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::task::TaskTracker;
use tracing::warn;
use tungstenite::{
    Error, Message, WebSocket,
    handshake::server::create_response,
    protocol::{Role, WebSocketConfig},
};

use super::{
    Closed,
    encoding::{Received, asked_for},
    pipe::{LIBRARY_BUFFER_BYTES, Pipe},
};
use crate::hub::{Frame, Kind, Mailbox};

/// One WebSocket.
pub struct Socket {
    /// Boxed, since a task keeps room for each place that a socket passes through.
    inner: Box<WebSocket<Pipe>>,
    encoding: Encoding,
    /// What goes out; the hub writes here, too.
    pub mailbox: Arc<Mailbox>,
}

/// Answers a request for an upgrade; `run` goes on with the socket, in a task of `tasks`. It speaks the
/// first encoding that is asked for by name, and JSON where none is. A request that is no upgrade is
/// told so, with status 400.
pub fn accept<Run>(
    mut request: Request,
    tasks: &TaskTracker,
    run: impl FnOnce(Socket) -> Run + Send + 'static,
) -> Response
where
    Run: Future<Output = ()> + Send + 'static,
{
    let upgrade = hyper::upgrade::on(&mut request);
    let asked = asked_for(request.headers());
    match create_response(&request.map(|_| ())) {
        Ok(mut response) => {
            if let Some(encoding) = asked {
                let name = HeaderValue::from_static(encoding.subprotocol());
                response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
            }
            tasks.spawn(async move {
                match open(upgrade, asked.unwrap_or_default()).await {
                    Ok(socket) => run(socket).await,
                    Err(error) => warn!(%error, "an upgrade was answered and did not happen"),
                }
            });
            response.map(|()| Body::empty())
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn open(
    upgrade: OnUpgrade,
    encoding: Encoding,
) -> Result<Socket, Box<dyn std::error::Error + Send + Sync>> {
    let parts = downcast::<TokioIo<TcpStream>>(upgrade.await?)
        .map_err(|_| "The connection is no plain TCP stream")?;
    Ok(Socket::of(
        parts.io.into_inner(),
        parts.read_buf.to_vec(),
        encoding,
    ))
}

impl Socket {
    fn of(stream: TcpStream, came_early: Vec<u8>, encoding: Encoding) -> Self {
        let mailbox = Arc::new(Mailbox::of(stream, encoding));
        let pipe = Pipe::new(Arc::clone(&mailbox));
        let config = WebSocketConfig::default()
            .read_buffer_size(LIBRARY_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_FRAME_BYTES * 2)
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES));
        let inner = WebSocket::from_partially_read(pipe, came_early, Role::Server, Some(config));
        Self {
            inner: Box::new(inner),
            encoding,
            mailbox,
        }
    }

    /// The frame that is here already, if one is; WebSocket frames that show only that the peer lives are
    /// counted as heard, by `heard`.
    ///
    /// # Errors
    /// [`Closed`] when there will be none.
    pub fn next(&mut self, heard: &mut Instant) -> Result<Option<Received>, Closed> {
        for _ in 0..MAX_AT_ONCE {
            // Whoever takes no answers is asked for no more questions, nor for pings.
            if self.mailbox.has_waiting() {
                break;
            }
            let Some(message) = self.next_any()? else {
                break;
            };
            *heard = Instant::now();
            if let Some(frame) = Received::of(message, self.encoding)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    fn next_any(&mut self) -> Result<Option<Message>, Closed> {
        self.inner.get_mut().begin();
        match self.inner.read() {
            Ok(Message::Close(_)) => Err(Closed::ByPeer),
            Ok(message) => Ok(Some(message)),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(Closed::from_error(&error)),
        }
    }

    /// Waits until there may be something to read. Cancel-safe.
    pub async fn readable(&self) {
        if !self.inner.get_ref().is_dry() {
            // Whoever talks without end lets others have their turn.
            return yield_now().await;
        }
        self.inner.get_ref().readable().await;
    }

    /// The next frame. Cancel-safe.
    ///
    /// # Errors
    /// [`Closed`] when there will be none.
    pub async fn receive(&mut self) -> Result<Received, Closed> {
        loop {
            let message = self.receive_any().await?;
            if let Some(frame) = Received::of(message, self.encoding)? {
                return Ok(frame);
            }
        }
    }

    /// The next text or binary frame. Cancel-safe.
    ///
    /// # Errors
    /// [`Closed`] when there will be none.
    pub async fn receive_any(&mut self) -> Result<Message, Closed> {
        loop {
            consume_budget().await;
            self.drain().await?;
            match self.next_any()? {
                Some(message @ (Message::Text(_) | Message::Binary(_))) => return Ok(message),
                Some(_) => {}
                None => self.readable().await,
            }
        }
    }

    /// Writes one frame, and waits until the system has taken it.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone or reads too slowly.
    pub async fn send(&mut self, frame: Frame) -> Result<(), Closed> {
        self.mailbox.push(&frame, Kind::Answer);
        self.drain().await
    }

    /// Writes a frame of any kind, and waits until the system has taken it.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone or reads too slowly.
    pub async fn send_any(&mut self, message: Message) -> Result<(), Closed> {
        taken(self.inner.send(message))?;
        self.drain().await
    }

    /// Asks the peer's WebSocket layer for a sign of life.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone.
    pub fn ping(&mut self) -> Result<(), Closed> {
        taken(self.inner.send(Message::Ping(Bytes::new())))
    }

    /// Waits until nothing is left to write. Cancel-safe.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone, or takes nothing for [`WRITE_DEADLINE`].
    pub async fn drain(&mut self) -> Result<(), Closed> {
        let mut until = Instant::now() + WRITE_DEADLINE;
        while self.mailbox.has_waiting() {
            if self.mailbox.is_closed() {
                return Err(Closed::NotSignedIn);
            }
            let stream = self.mailbox.stream().map_err(|_| Closed::ByPeer)?;
            match timeout_at(until, stream.writable()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(Closed::ByPeer),
                Err(_) => return Err(Closed::TooSlow),
            }
            if self.mailbox.flush().map_err(|_| Closed::ByPeer)? > 0 {
                until = Instant::now() + WRITE_DEADLINE;
            }
            taken(self.inner.flush())?;
        }
        Ok(())
    }

    /// Says why, and waits a moment for the peer to say it too.
    pub async fn close(mut self, why: Closed) {
        let goodbye = async {
            if let Some(frame) = why.frame()
                && taken(self.inner.close(Some(frame))).is_err()
            {
                return;
            }
            if why == Closed::TooBig {
                // The library would read that frame to its end, and keep it.
                while self.drain().await.is_ok() && self.inner.get_mut().discard() {
                    yield_now().await;
                    if timeout(SILENT, self.inner.get_ref().readable())
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
                return;
            }
            // Where the peer said goodbye first, this is when it is answered.
            loop {
                self.inner.get_mut().begin();
                match self.inner.read() {
                    Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                    // Somebody who goes on talking holds nobody else up.
                    Ok(_) => {
                        yield_now().await;
                        continue;
                    }
                }
                if self.drain().await.is_err() {
                    return;
                }
                self.readable().await;
            }
        };
        // A peer that does not answer is let go all the same.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The hub may know the mailbox a little longer; the connection ends now.
        self.mailbox.detach();
    }
}

/// The library keeps what could not be written at once, and writes it before anything else.
fn taken(written: Result<(), Error>) -> Result<(), Closed> {
    match written {
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(Error::WriteBufferFull(_)) => Err(Closed::TooSlow),
        other => other.map_err(|error| Closed::from_error(&error)),
    }
}

/// A peer that takes nothing for longer ends its connection. Source: what a phone in a tunnel needs is
/// less, and a client that comes back loses nothing.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// Frames that are looked at before others get their turn.
pub const MAX_AT_ONCE: usize = 64;
const GOODBYE: Duration = Duration::from_secs(2);
/// Whoever sent too much has heard of it once nothing comes for so long.
const SILENT: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::{
        super::pipe::{MAX_READS, READ_BYTES},
        *,
    };

    /// The peer's end, and ours.
    async fn pair() -> (TcpStream, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (here, _) = listener.accept().await.unwrap();
        let socket = Socket::of(here, Vec::new(), Encoding::Json);
        (there.unwrap(), socket)
    }

    #[tokio::test]
    async fn whoever_sends_empty_pieces_without_end_lets_others_have_their_turn() {
        let (mut there, mut socket) = pair().await;
        let piece = |opcode| [opcode, 0x80, 0, 0, 0, 0];
        there.write_all(&piece(0x01)).await.unwrap();
        // More than one turn reads, and less than the two systems' buffers take.
        let pieces = 2 * MAX_READS * READ_BYTES / piece(0).len();
        there.write_all(&piece(0x00).repeat(pieces)).await.unwrap();
        socket.readable().await;
        let mut heard = Instant::now();
        assert!(socket.next(&mut heard).unwrap().is_none());
        assert!(!socket.inner.get_ref().is_dry(), "there is more, for later");
        there.write_all(&piece(0x80)).await.unwrap();
        let message = loop {
            if let Some(message) = socket.next_any().unwrap() {
                break message;
            }
            socket.readable().await;
        };
        assert_eq!(message, Message::Text("".into()));
    }

    #[tokio::test]
    async fn of_a_frame_that_is_too_big_nothing_more_is_kept() {
        let (mut there, mut socket) = pair().await;
        // A text of a mebibyte, masked with zeros.
        let announced = [0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0];
        there.write_all(&announced).await.unwrap();
        there.write_all(&vec![b'x'; 70_000]).await.unwrap();
        let closed = loop {
            socket.readable().await;
            match socket.next_any() {
                Ok(_) => {}
                Err(closed) => break closed,
            }
        };
        assert_eq!(closed, Closed::TooBig);
        let goes_on = async {
            // The rest, which the peer had on its way already.
            let _ = there.write_all(&vec![b'x'; 500_000]).await;
            let mut came = Vec::new();
            let _ = there.read_to_end(&mut came).await;
            came
        };
        let ((), came) = tokio::join!(socket.close(closed), goes_on);
        assert_eq!(came[0], 0x88, "a goodbye, and nothing else");
        assert_eq!(u16::from_be_bytes([came[2], came[3]]), 1009);
    }
}
