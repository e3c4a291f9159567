//! The bot: one socket, one clock, and the engine that knows what to do with them.
//!
//! What it answered it need not remember: the read mark is on the server, and each answer has a
//! `msgId` made of what it answers, so that it is said once however often it is sent.

use std::time::{Duration, Instant, SystemTime};

use client::{Client, Closed, Conversation, Effect, Link, Moment};
use futures_util::{SinkExt as _, StreamExt as _};
use shared::{
    ClientFrame, ConversationId, DecodeError, Encoding, Event, MsgId, ServerFrame, Timestamp,
    UserId, frame::User,
};
use tokio::{
    net::TcpStream,
    time::{interval, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        ClientRequestBuilder, Error, Message as Frame, http::uri::InvalidUri, protocol::CloseFrame,
    },
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Echoes at `address`, a `ws://…/ws`, until the server does not take `token` any more: a session's
/// token, or in a demo a nickname.
pub(crate) async fn run(address: &str, token: &str, encoding: Encoding) {
    // Who this is, the server says when it is signed in.
    let unknown = User {
        id: UserId(0),
        name: String::new(),
    };
    let seed = u64::from(std::process::id());
    let mut bot = Bot {
        client: Client::new(unknown, Some(token.to_owned()), seed),
        socket: None,
        address: address.to_owned(),
        encoding,
        started: Instant::now(),
        said: String::new(),
    };
    bot.client.start(bot.now());
    let mut second = interval(Duration::from_secs(1));
    while bot.client.link() != Link::SignedOut {
        bot.perform().await;
        let event = tokio::select! {
            _ = second.tick() => None,
            received = next(&mut bot.socket) => Some(received),
        };
        let now = bot.now();
        match event {
            None => bot.client.tick(now),
            Some(Received::Frame(frame)) => bot.client.received(now, frame),
            // A newer server's frame, or a ping that the library has answered.
            Some(Received::Other) => {}
            Some(Received::End(why)) => {
                bot.socket = None;
                bot.client.closed(now, why);
            }
        }
        bot.answer();
    }
}

struct Bot {
    client: Client,
    socket: Option<Socket>,
    address: String,
    encoding: Encoding,
    started: Instant,
    said: String,
}

enum Received {
    Frame(ServerFrame),
    Other,
    End(Closed),
}

impl Received {
    fn of(decoded: Result<ServerFrame, DecodeError>) -> Self {
        decoded.map_or(Self::Other, Self::Frame)
    }
}

impl Bot {
    fn now(&self) -> Moment {
        // The first moment is not zero: that is the engine's word for "never".
        self.started.elapsed() + Duration::from_secs(1)
    }

    /// Does what the engine asks, until it asks nothing more.
    async fn perform(&mut self) {
        while let Some(effect) = self.client.next_effect() {
            let is_done = match effect {
                Effect::Connect(_) => {
                    self.socket = None;
                    let opened = timeout(OPENING, open(&self.address, self.encoding)).await;
                    match opened {
                        Ok(Ok(socket)) => {
                            self.socket = Some(socket);
                            self.client.opened(self.now());
                        }
                        Ok(Err(error)) => {
                            self.say(format!("{} cannot be reached: {error}", self.address));
                        }
                        Err(_) => self.say(format!("{} does not answer", self.address)),
                    }
                    self.socket.is_some()
                }
                Effect::Disconnect => {
                    self.socket = None;
                    true
                }
                Effect::Transmit(frame) => match &mut self.socket {
                    Some(socket) => {
                        let frame = encoded(&frame, self.encoding);
                        socket.send(frame).await.is_ok()
                    }
                    None => true,
                },
                // Only for those who call `Client::allow_fallbacks`.
                Effect::Poll(_) | Effect::Probe => true,
            };
            if !is_done {
                self.socket = None;
                self.client.closed(self.now(), Closed::Lost);
            }
        }
    }

    /// Tells whoever runs it how it stands; what was said last is not said again.
    fn say(&mut self, words: String) {
        if self.said != words {
            eprintln!("{words}");
            self.said = words;
        }
    }

    /// Looks at what is different, and answers what was not read.
    fn answer(&mut self) {
        let mut is_different = false;
        while self.client.next_change().is_some() {
            is_different = true;
        }
        if self.client.link() == Link::Connected {
            let name = &self.client.me().name;
            self.say(format!(
                "Signed in as {name}; private messages are answered"
            ));
        }
        if !is_different || self.client.link() != Link::Connected {
            return;
        }
        let me = self.client.me().id;
        let is_private = |one: &&Conversation| one.id.peer_of(me).is_some_and(|peer| peer != me);
        let all = self.client.conversations().filter(is_private);
        let unread: Vec<_> = all
            .filter(|one| one.unread(me) > 0)
            .map(|one| one.id)
            .collect();
        for conversation in unread {
            self.answer_in(conversation);
        }
    }

    /// Whether this answer stands in what is held of the log.
    fn has_said(&self, id: ConversationId, msg_id: &MsgId) -> bool {
        let is_it =
            |event: &Event| matches!(event, Event::MessageSent(sent) if sent.msg_id == *msg_id);
        let conversation = self.client.conversation(id);
        conversation.is_some_and(|conversation| conversation.timeline().events().any(is_it))
    }

    fn answer_in(&mut self, id: ConversationId) {
        let (now, me) = (self.now(), self.client.me().id);
        let Some(conversation) = self.client.conversation(id) else {
            return;
        };
        let (read, timeline) = (conversation.read, conversation.timeline());
        let is_held = timeline.floor() <= read && timeline.cursor() > read;
        let newest = timeline.cursor();
        let unread: Vec<_> = timeline.after(read).cloned().collect();
        if !is_held {
            // What it did not read is on the server: it is fetched, and then this is called again.
            self.client.open(now, id);
            self.client.page_back(now, id);
            return;
        }
        if self.client.outgoing(id).next().is_some() {
            // The answers are on their way; once the last is in the log this is called again.
            return;
        }
        let mut has_answered = false;
        for event in unread {
            if let Event::MessageSent(message) = event
                && message.from != me
                // Two bots that answer each other would never end.
                && !message.content.starts_with(PREFIX)
                && let Ok(msg_id) = MsgId::parse(&format!("echo-{id}-{}", message.seq))
            {
                let content = format!("{PREFIX}{}", message.content);
                if shared::text::check(&content).is_ok() && !self.has_said(id, &msg_id) {
                    self.client.send(now, wall_clock(), id, msg_id, content);
                    has_answered = true;
                }
            }
        }
        // Only when every answer is in the log, so that a bot that dies before answers again, under
        // the same ids.
        if !has_answered {
            self.client.mark_read(id, newest);
        }
    }
}

fn encoded(frame: &ClientFrame, encoding: Encoding) -> Frame {
    match encoding {
        Encoding::Json => Frame::text(frame.encode()),
        Encoding::Protobuf => Frame::binary(frame.encode_protobuf()),
    }
}

/// Opens a socket that speaks this encoding; a server that does not know it is not connected to.
async fn open(address: &str, encoding: Encoding) -> Result<Socket, Error> {
    let address = address
        .parse()
        .map_err(|wrong: InvalidUri| Error::HttpFormat(wrong.into()))?;
    let mut request = ClientRequestBuilder::new(address);
    // JSON needs no name, and the tutorial's servers know none.
    if encoding != Encoding::Json {
        request = request.with_sub_protocol(encoding.subprotocol());
    }
    let (socket, _) = connect_async(request).await?;
    Ok(socket)
}

/// What comes next on the socket; without one, nothing ever.
async fn next(socket: &mut Option<Socket>) -> Received {
    let Some(socket) = socket else {
        return std::future::pending().await;
    };
    match socket.next().await {
        Some(Ok(Frame::Text(text))) => Received::of(ServerFrame::decode(&text)),
        Some(Ok(Frame::Binary(bytes))) => Received::of(ServerFrame::decode_protobuf(&bytes)),
        Some(Ok(Frame::Close(Some(CloseFrame { code, .. })))) if u16::from(code) == 4401 => {
            Received::End(Closed::SignedOut)
        }
        Some(Ok(Frame::Close(_)) | Err(_)) | None => Received::End(Closed::Lost),
        Some(Ok(_)) => Received::Other,
    }
}

fn wall_clock() -> Timestamp {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

const PREFIX: &str = "You said: ";
/// A server that takes longer is tried again.
const OPENING: Duration = Duration::from_secs(10);
