//! One socket, one question at a time: for what is measured on an idle server.

use std::{fmt, io, net::TcpStream};

use shared::{Code, ServerFrame, frame::SendAnswer};
use tungstenite::{
    Message, WebSocket, client::IntoClientRequest as _, http::HeaderValue,
    http::header::AUTHORIZATION, protocol::WebSocketConfig,
};

use crate::crowd::upgrade::Person;

/// A signed-in socket.
pub(crate) struct Socket {
    inner: WebSocket<TcpStream>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{server} cannot be reached: {source}. Start one: pond --demo --rate-limits off")]
    Unreachable { server: String, source: io::Error },
    #[error("The server did not take the socket: {0}")]
    Socket(String),
    #[error("The server answered {0:?}: start it with --demo --rate-limits off")]
    Refused(Code),
}

impl Socket {
    /// Signs in as somebody, and waits until it is in.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) fn sign_in(server: &str, person: &Person) -> Result<Self, Failure> {
        let unreachable = |source| Failure::Unreachable {
            server: server.to_owned(),
            source,
        };
        let stream = TcpStream::connect(server).map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let query = match person {
            Person::Named(name) => format!("?accessToken={name}"),
            Person::WithToken(_) => String::new(),
        };
        let url = format!("ws://{server}/{query}");
        let mut request = url.into_client_request().map_err(broken)?;
        if let Person::WithToken(token) = person {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(broken)?;
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        let config = Some(WebSocketConfig::default());
        let (inner, _) =
            tungstenite::client::client_with_config(request, stream, config).map_err(broken)?;
        let mut socket = Self { inner };
        loop {
            if let ServerFrame::Auth(answer) = socket.next()? {
                return match answer.code {
                    Code::Success => Ok(socket),
                    code => Err(Failure::Refused(code)),
                };
            }
        }
    }

    /// Sends a frame, written before so that no time goes into that.
    ///
    /// # Errors
    /// [`Failure::Socket`].
    pub(crate) fn send(&mut self, text: String) -> Result<(), Failure> {
        self.inner.send(Message::text(text)).map_err(broken)
    }

    /// The next frame that is understood.
    ///
    /// # Errors
    /// [`Failure::Socket`].
    pub(crate) fn next(&mut self) -> Result<ServerFrame, Failure> {
        loop {
            if let Message::Text(text) = self.inner.read().map_err(broken)?
                && let Ok(frame) = ServerFrame::decode(&text)
            {
                return Ok(frame);
            }
        }
    }

    /// Reads until the answer to a message comes.
    ///
    /// # Errors
    /// [`Failure::Refused`] if it was not stored.
    pub(crate) fn ack(&mut self) -> Result<SendAnswer, Failure> {
        loop {
            if let ServerFrame::Send(answer) = self.next()? {
                return match answer.code {
                    Code::Success => Ok(answer),
                    code => Err(Failure::Refused(code)),
                };
            }
        }
    }

    /// Reads until a message of somebody else comes.
    ///
    /// # Errors
    /// [`Failure::Socket`].
    pub(crate) fn message(&mut self) -> Result<shared::Message, Failure> {
        loop {
            if let ServerFrame::Message(message) = self.next()? {
                return Ok(message);
            }
        }
    }
}

fn broken(error: impl fmt::Display) -> Failure {
    Failure::Socket(error.to_string())
}
