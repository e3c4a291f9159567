//! Requests to the server, one after the other on one connection.

use std::{future::Future, net::SocketAddr, pin::Pin};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use shared::http::{Credentials, SignedIn};
use tokio::{net::TcpStream, time::timeout};

use super::{session::Session, socket::OPENING};

/// One connection and what is said on it. Every request carries the session's token.
pub(super) struct Http {
    sender: SendRequest<Full<Bytes>>,
    connection: Option<Connection>,
    address: SocketAddr,
    token: String,
    session: Session,
}

/// What moves the bytes; ends with the connection.
type Connection = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Http {
    /// Opens a connection for a session, whose token is this; an empty one is nobody's.
    pub(super) async fn open(
        address: SocketAddr,
        token: String,
        session: &Session,
    ) -> Option<Self> {
        let opening = async {
            let stream = TcpStream::connect(address).await.ok()?;
            stream.set_nodelay(true).ok()?;
            handshake(TokioIo::new(stream)).await.ok()
        };
        let (sender, connection) = timeout(OPENING, opening).await.ok().flatten()?;
        Some(Self {
            sender,
            connection: Some(Box::pin(async {
                let _ = connection.await;
            })),
            address,
            token,
            session: session.clone(),
        })
    }

    /// A session's token for a nickname, as a demo gives one.
    pub(super) async fn sign_in(address: SocketAddr, name: &str) -> Option<String> {
        let credentials = Credentials {
            name: name.to_owned(),
            password: String::new(),
        };
        let body = serde_json::to_vec(&credentials).ok()?;
        let asking = async {
            let nobody = Session::default();
            let mut http = Self::open(address, String::new(), &nobody).await?;
            http.post("/api/v1/sessions", body).await
        };
        let answer = timeout(OPENING, asking).await.ok().flatten()?;
        let signed_in: SignedIn = serde_json::from_slice(&answer).ok()?;
        Some(signed_in.access_token)
    }

    /// Posts JSON; gives the answer's body, or nothing where it is refused or does not come.
    pub(super) async fn post(&mut self, path: &str, body: Vec<u8>) -> Option<Bytes> {
        let request = self.request("POST", path, body)?;
        let answer = self.sender.send_request(request);
        let session = &self.session;
        drive(&mut self.connection, async {
            let answer = answer.await.ok().filter(|one| is_taken(session, one))?;
            Some(answer.into_body().collect().await.ok()?.to_bytes())
        })
        .await
    }

    /// Gets something; gives its head.
    pub(super) async fn get(&mut self, path: &str) -> Option<Response<Incoming>> {
        let request = self.request("GET", path, Vec::new())?;
        let answer = self.sender.send_request(request);
        let answer = drive(&mut self.connection, answer).await.ok()?;
        is_taken(&self.session, &answer).then_some(answer)
    }

    /// The next piece of a body that comes on this connection; none at its end.
    pub(super) async fn next_piece(&mut self, body: &mut Incoming) -> Option<Bytes> {
        loop {
            let piece = drive(&mut self.connection, body.frame()).await?.ok()?;
            if let Ok(bytes) = piece.into_data() {
                return Some(bytes);
            }
        }
    }

    fn request(&self, method: &str, path: &str, body: Vec<u8>) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, "application/json");
        if !self.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        request.body(Full::new(Bytes::from(body))).ok()
    }
}

fn is_taken(session: &Session, answer: &Response<Incoming>) -> bool {
    if answer.status() == StatusCode::UNAUTHORIZED {
        session.refused();
    } else if answer.status().is_success() {
        session.taken();
    }
    answer.status().is_success()
}

/// Does work that waits for the connection while that is moved on.
async fn drive<T>(connection: &mut Option<Connection>, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    if let Some(moving) = connection {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = moving => {}
        }
        *connection = None;
    }
    // What came before its end is there still.
    work.await
}
