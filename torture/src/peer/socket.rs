//! A WebSocket to the server, in either encoding.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use shared::{ClientFrame, Code, Encoding, ServerFrame};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{ClientRequestBuilder, Message, http::Uri, protocol::WebSocketConfig},
};

/// A socket to the server.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A socket that carries frames.
pub(super) struct Frames {
    socket: Socket,
    encoding: Encoding,
}

/// Opens a socket as this person.
pub(crate) async fn connect(
    address: Option<SocketAddr>,
    name: String,
    encoding: Encoding,
) -> Option<Socket> {
    let address = address?;
    let opening = async {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let uri: Uri = format!("ws://{address}/ws?accessToken={name}")
            .parse()
            .ok()?;
        let mut request = ClientRequestBuilder::new(uri);
        if encoding != Encoding::default() {
            request = request.with_sub_protocol(encoding.subprotocol());
        }
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
        client_async_with_config(request, stream, Some(config))
            .await
            .ok()
    };
    timeout(OPENING, opening)
        .await
        .ok()?
        .map(|(socket, _)| socket)
}

impl Frames {
    /// Opens one, as [`connect`].
    pub(super) async fn open(
        address: Option<SocketAddr>,
        name: String,
        encoding: Encoding,
    ) -> Option<Self> {
        let socket = connect(address, name, encoding).await?;
        Some(Self { socket, encoding })
    }

    /// Writes a frame; says whether it could.
    pub(super) async fn send(&mut self, frame: &ClientFrame) -> bool {
        let message = match self.encoding {
            Encoding::Json => Message::text(frame.encode()),
            Encoding::Protobuf => Message::binary(frame.encode_protobuf()),
        };
        let written = timeout(WRITE_DEADLINE, self.socket.send(message)).await;
        matches!(written, Ok(Ok(())))
    }

    /// The next frame; none when the socket is no more, or says what nobody understands. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            match (self.socket.next().await, self.encoding) {
                (Some(Ok(Message::Text(text))), Encoding::Json) => {
                    return ServerFrame::decode(&text).ok();
                }
                (Some(Ok(Message::Binary(bytes))), Encoding::Protobuf) => {
                    return ServerFrame::decode_protobuf(&bytes).ok();
                }
                (Some(Ok(Message::Ping(_) | Message::Pong(_))), _) => {}
                _ => return None,
            }
        }
    }
}

/// Whether a socket opens and says who this is.
pub(super) async fn carries(address: Option<SocketAddr>, name: String, encoding: Encoding) -> bool {
    let Some(mut frames) = Frames::open(address, name, encoding).await else {
        return false;
    };
    let first = timeout(OPENING, frames.next()).await.ok().flatten();
    matches!(first, Some(ServerFrame::Auth(answer)) if answer.code == Code::Success)
}

pub(super) const OPENING: Duration = Duration::from_secs(5);
const WRITE_DEADLINE: Duration = Duration::from_secs(5);
/// Thousands of peers share one process.
const READ_BUFFER_BYTES: usize = 4096;
