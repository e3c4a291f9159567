//! A server for one test, people who talk to it, and plain HTTP.

use std::{collections::VecDeque, net::SocketAddr, path::Path, time::Duration};

use backend::{
    config::Config,
    server::{Server, StartError},
    store::World,
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use shared::{
    ClientFrame, Code, ConversationId, Encoding, Event, Message, MsgId, RequestId, Seq,
    ServerFrame,
    event::Position,
    frame::{
        Ask, ErrorAnswer, Heartbeat, HeartbeatAnswer, Page, Pull, SendAnswer, SendToAll, SendToOne,
        Summary,
    },
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message as WsMessage, client::IntoClientRequest as _, http::HeaderValue},
};

/// A server in a folder of its own. Stopping it keeps the folder.
pub(crate) struct TestServer {
    server: Option<Server>,
    pub(crate) address: SocketAddr,
    pub(crate) config: Config,
    _folder: TempDir,
}

/// One connection of one person. Whatever is told here in JSON is so in every encoding: one that speaks
/// another translates.
pub(crate) struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    encoding: Encoding,
    last_request: u64,
    /// The sender's own copy that came before its ack: the two come in either order.
    aside: VecDeque<Value>,
}

/// An answer to an HTTP request.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl TestServer {
    /// The tutorial's world.
    pub(crate) fn demo() -> Self {
        Self::start(World::Demo, |_| {})
    }

    /// A world with passwords.
    pub(crate) fn with_accounts() -> Self {
        Self::start(World::Accounts, |_| {})
    }

    pub(crate) fn start(world: World, change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = config_in(folder.path(), world);
        change(&mut config);
        let server = Server::start(config.clone()).unwrap();
        let address = server.address();
        Self {
            server: Some(server),
            address,
            config,
            _folder: folder,
        }
    }

    /// Stops and starts again on the same folder.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let server = Server::start(self.config.clone()).unwrap();
        self.address = server.address();
        self.server = Some(server);
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Comes in under a name, as the tutorial's clients do.
    pub(crate) async fn peer(&self, name: &str) -> Peer {
        let (peer, _) = self.try_peer(&format!("/?accessToken={name}")).await;
        peer.unwrap()
    }

    /// Comes in under a name, and speaks Protobuf.
    pub(crate) async fn protobuf_peer(&self, name: &str) -> Peer {
        let mut peer = self
            .protobuf_socket(&format!("/ws?accessToken={name}"))
            .await;
        assert_eq!(peer.next_json().await["body"]["code"], 0);
        peer
    }

    /// A socket that speaks Protobuf, on which nothing was said yet.
    pub(crate) async fn protobuf_socket(&self, path: &str) -> Peer {
        let name = Encoding::Protobuf.subprotocol();
        let socket = self.socket(path, &[("Sec-WebSocket-Protocol", name)]).await;
        Peer::on(socket, Encoding::Protobuf)
    }

    /// Comes in by a header.
    pub(crate) async fn peer_with(&self, name: &'static str, value: &str) -> Peer {
        let mut socket = self.socket("/ws", &[(name, value)]).await;
        assert_eq!(next_json(&mut socket).await["body"]["code"], 0);
        Peer::on(socket, Encoding::Json)
    }

    /// Opens a socket and reads the `AUTH_RESPONSE`.
    pub(crate) async fn try_peer(&self, path: &str) -> (Option<Peer>, Value) {
        let mut socket = self.socket(path, &[]).await;
        let answer = next_json(&mut socket).await;
        assert_eq!(answer["type"], "AUTH_RESPONSE", "{answer}");
        let is_in = answer["body"]["code"] == 0;
        (
            is_in.then(|| Peer::on(socket, Encoding::Json)),
            answer["body"].clone(),
        )
    }

    /// Opens a socket with these headers.
    pub(crate) async fn socket(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        self.try_socket(path, headers).await.unwrap()
    }

    pub(crate) async fn try_socket(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, tokio_tungstenite::tungstenite::Error>
    {
        let mut request = format!("ws://{}{path}", self.address)
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(*name, HeaderValue::from_str(value).unwrap());
        }
        connect_async(request).await.map(|(socket, _)| socket)
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.http("GET", path, headers, None).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        self.http("POST", path, headers, Some(body.to_string()))
            .await
    }

    /// One request on a connection of its own.
    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += &format!("Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = &body {
            request += &format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        request += "\r\n";
        request += body.as_deref().unwrap_or_default();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer::parse(&String::from_utf8_lossy(&bytes))
    }

    /// Makes an account; gives its token.
    pub(crate) async fn account(&self, name: &str) -> String {
        let credentials = json!({"name": name, "password": "correct horse"});
        let answer = self.post("/api/v1/accounts", &[], credentials).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["accessToken"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect::<Vec<_>>();
        let is_chunked = headers.iter().any(|(_, value)| value == "chunked");
        Self {
            status,
            headers,
            body: if is_chunked {
                unchunked(body)
            } else {
                body.to_owned()
            },
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Peer {
    fn on(socket: WebSocketStream<MaybeTlsStream<TcpStream>>, encoding: Encoding) -> Self {
        Self {
            socket,
            encoding,
            last_request: 0,
            aside: VecDeque::new(),
        }
    }

    pub(crate) async fn send_json(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let message = match self.encoding {
            Encoding::Json => WsMessage::text(text),
            Encoding::Protobuf => {
                WsMessage::binary(ClientFrame::decode(text).unwrap().encode_protobuf())
            }
        };
        self.send_message(message).await;
    }

    /// All of them with one write.
    pub(crate) async fn send_together(&mut self, frames: impl IntoIterator<Item = Value>) {
        for frame in frames {
            let text = WsMessage::text(frame.to_string());
            self.socket.feed(text).await.unwrap();
        }
        self.socket.flush().await.unwrap();
    }

    pub(crate) async fn send_message(&mut self, message: WsMessage) {
        self.socket.send(message).await.unwrap();
    }

    /// The next frame of any type.
    pub(crate) async fn next_json(&mut self) -> Value {
        match self.aside.pop_front() {
            Some(frame) => frame,
            None => next_json(&mut self.socket).await,
        }
    }

    /// The next frame of this type; others before it are left out.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next_json().await;
            if frame["type"] == kind {
                return frame["body"].clone();
            }
        }
    }

    /// The next message that is pushed.
    pub(crate) async fn next_message(&mut self) -> Message {
        let body = self.next_of("SEND_TO_USER_REQUEST").await;
        serde_json::from_value(body).unwrap()
    }

    /// Says it in the room; gives the answer.
    pub(crate) async fn say(&mut self, id: &str, content: &str) -> SendAnswer {
        let (msg_id, content) = (MsgId::parse(id).unwrap(), content.to_owned());
        let frame = SendToAll {
            msg_id,
            content,
            conversation: None,
        };
        self.send_text(&ClientFrame::SendToAll(frame).encode())
            .await;
        self.answer_to(id).await
    }

    /// Says it to one person; gives the answer.
    pub(crate) async fn whisper(&mut self, to: &str, id: &str, content: &str) -> SendAnswer {
        let (msg_id, content) = (MsgId::parse(id).unwrap(), content.to_owned());
        let frame = SendToOne {
            to_user: to.into(),
            msg_id,
            content,
            conversation: None,
        };
        self.send_text(&ClientFrame::SendToOne(frame).encode())
            .await;
        self.answer_to(id).await
    }

    async fn answer_to(&mut self, id: &str) -> SendAnswer {
        let mut aside = VecDeque::new();
        let body = loop {
            let frame = self.next_json().await;
            if frame["type"] == "SEND_RESPONSE" {
                break frame["body"].clone();
            }
            if frame["body"]["msgId"] == id {
                aside.push_back(frame);
            }
        };
        self.aside = aside;
        assert_eq!(body["msgId"], id);
        serde_json::from_value(body).unwrap()
    }

    /// Asks and gives the answer; frames before it are given too, since silence is proved by them.
    async fn round_trip(&mut self, frame: ClientFrame) -> (Vec<Value>, ServerFrame) {
        self.send_text(&frame.encode()).await;
        let mut before = Vec::new();
        loop {
            let frame = self.next_json().await;
            let is_answer = frame["body"]["requestId"] == json!(self.last_request);
            if is_answer {
                return (before, ServerFrame::decode(&frame.to_string()).unwrap());
            }
            before.push(frame);
        }
    }

    fn request_id(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }

    pub(crate) async fn summary(&mut self) -> Summary {
        let request_id = self.request_id();
        match self
            .round_trip(ClientFrame::Summary(Ask { request_id }))
            .await
            .1
        {
            ServerFrame::Summary(summary) => summary,
            other => panic!("{other:?}"),
        }
    }

    /// Says what is held, and gives what the server says to that.
    pub(crate) async fn heartbeat(&mut self, cursors: &[Position]) -> HeartbeatAnswer {
        let (request_id, cursors) = (self.request_id(), cursors.to_vec());
        let beat = Heartbeat {
            request_id,
            cursors,
        };
        match self.round_trip(ClientFrame::Heartbeat(beat)).await.1 {
            ServerFrame::Heartbeat(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn pull(
        &mut self,
        conversation: ConversationId,
        after: Option<Seq>,
        before: Option<Seq>,
    ) -> Page {
        self.try_pull(conversation, after, before).await.unwrap()
    }

    /// As [`Peer::pull`], where it may be refused.
    pub(crate) async fn try_pull(
        &mut self,
        conversation: ConversationId,
        after: Option<Seq>,
        before: Option<Seq>,
    ) -> Result<Page, ErrorAnswer> {
        let request_id = self.request_id();
        let pull = Pull {
            request_id,
            conversation,
            after,
            before,
            limit: None,
        };
        match self.round_trip(ClientFrame::Pull(pull)).await.1 {
            ServerFrame::Pull(page) => Ok(page),
            ServerFrame::Error(refusal) => Err(refusal),
            other => panic!("{other:?}"),
        }
    }

    /// Messages that came before the answer to a question asked now: what was sent before it is
    /// there, and nothing more.
    pub(crate) async fn messages_so_far(&mut self) -> Vec<Message> {
        self.everything_so_far()
            .await
            .into_iter()
            .filter(|frame| frame["type"] == Event::MESSAGE_SENT)
            .map(|frame| serde_json::from_value(frame["body"].clone()).unwrap())
            .collect()
    }

    /// As [`Peer::messages_so_far`], frames of all types.
    pub(crate) async fn everything_so_far(&mut self) -> Vec<Value> {
        let request_id = self.request_id();
        let (before, _) = self
            .round_trip(ClientFrame::Heartbeat(Heartbeat {
                request_id,
                cursors: vec![],
            }))
            .await;
        before
    }

    /// Says goodbye and waits for the other side to say it too.
    pub(crate) async fn leave(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Reads until the server closes; gives its code.
    pub(crate) async fn close_code(mut self) -> u16 {
        close_code(&mut self.socket).await
    }
}

pub(crate) async fn close_code(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> u16 {
    let closed = async {
        loop {
            match socket.next().await {
                Some(Ok(WsMessage::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("ended without a close code: {other:?}"),
            }
        }
    };
    timeout(PATIENCE, closed)
        .await
        .expect("the server does not close")
}

pub(crate) async fn next_json(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Value {
    let next = async {
        loop {
            match socket.next().await {
                Some(Ok(WsMessage::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(WsMessage::Binary(bytes))) => {
                    let frame = ServerFrame::decode_protobuf(&bytes).unwrap();
                    return serde_json::to_value(frame).unwrap();
                }
                Some(Ok(WsMessage::Ping(_) | WsMessage::Pong(_))) => {}
                other => panic!("no frame but {other:?}"),
            }
        }
    };
    timeout(PATIENCE, next).await.expect("no frame comes")
}

pub(crate) fn config_in(folder: &Path, world: World) -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        data: folder.to_owned(),
        world,
        public_origin: None,
        trusted_proxies: vec![],
        rate_limits: false,
        page_limit: None,
    }
}

/// Why a second server does not start.
pub(crate) fn start_error(config: Config) -> StartError {
    match Server::start(config) {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

pub(crate) fn assert_acked(answer: &SendAnswer, seq: u64) {
    assert_eq!(
        (answer.code, answer.seq),
        (Code::Success, Some(Seq(seq))),
        "{answer:?}"
    );
}

fn unchunked(body: &str) -> String {
    let (mut rest, mut whole) = (body, String::new());
    while let Some((size, more)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole += &more[..size];
        rest = more[size..].trim_start_matches("\r\n");
    }
    whole
}

/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);
