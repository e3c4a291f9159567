//! A WebSocket to the server.

use std::{net::SocketAddr, time::Duration};

use futures_util::StreamExt as _;
use shared::{Code, ServerFrame};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// A socket to the server.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Opens a socket as this person.
pub(crate) async fn connect(address: Option<SocketAddr>, name: String) -> Option<Socket> {
    let address = address?;
    let opening = async {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let request = format!("ws://{address}/ws?accessToken={name}");
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

/// The next text frame; none when the socket is no more. Cancel-safe.
pub(super) async fn next(socket: &mut Socket) -> Option<String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

/// Whether a socket opens and says who this is.
pub(super) async fn carries(address: Option<SocketAddr>, name: String) -> bool {
    let Some(mut socket) = connect(address, name).await else {
        return false;
    };
    let first = timeout(OPENING, next(&mut socket)).await.ok().flatten();
    let decoded = first.and_then(|text| ServerFrame::decode(&text).ok());
    matches!(decoded, Some(ServerFrame::Auth(answer)) if answer.code == Code::Success)
}

pub(super) const OPENING: Duration = Duration::from_secs(5);
/// Thousands of peers share one process.
const READ_BUFFER_BYTES: usize = 4096;
