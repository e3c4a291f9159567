//! One client: the product's own engine on a real socket, with a recorder that watches.
//!
//! Writes while it is told to, comes back by itself, and at the end hands over what it entered.

use std::{
    collections::BTreeMap,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use client::{Client, Closed, Delivery, Effect, Link, Moment};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use histcheck::{ClientId, Entry};
use shared::{
    ConversationId, MsgId, ServerFrame, Timestamp, UserId, frame::User, limits::MAX_CONTENT_BYTES,
};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use crate::{
    dice::Dice,
    recorder::{Clock, Recorder},
};

/// A socket to the server.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// What a peer is to do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Orders {
    /// The conversations it has open and writes to.
    pub(crate) conversations: Vec<ConversationId>,
    /// What it does now.
    pub(crate) phase: Phase,
    /// When this grows, its network goes away at once.
    pub(crate) cuts: u32,
    /// When this grows, something tells it that the network is back, as browsers do.
    pub(crate) hints: u32,
}

/// What a peer does now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Phase {
    /// Follows.
    #[default]
    Follow,
    /// Follows and writes.
    Write,
    /// Fetches each log from its beginning, and ends when all are held.
    Finish,
    /// Ends with what it has.
    GiveUp,
}

/// Where a peer stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Status {
    /// Who it is, once the server has said so.
    pub(crate) user: Option<UserId>,
    /// Signed in now.
    pub(crate) is_connected: bool,
    /// Messages in its outbox.
    pub(crate) waiting: usize,
    /// The last `seq` it holds of each open conversation.
    pub(crate) cursors: BTreeMap<ConversationId, u64>,
}

/// How a peer behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Messages on their way in one conversation while it writes.
    pub(crate) depth: usize,
    /// The engine's clock goes this much faster, so that its waits do not fill the run.
    pub(crate) clock_scale: u32,
    /// How often the engine hears the time, by the real clock.
    pub(crate) tick: Duration,
    /// Longest text, in bytes.
    pub(crate) longest: u64,
}

/// What ties a peer to its stage.
pub(crate) struct Ties {
    /// Which it is in the history.
    pub(crate) id: ClientId,
    /// Its person's name, which is its token in a demo.
    pub(crate) name: String,
    /// The episode's clock.
    pub(crate) began: Instant,
    /// Where to connect; none while nothing is there.
    pub(crate) address: watch::Receiver<Option<SocketAddr>>,
    /// What to do.
    pub(crate) orders: watch::Receiver<Orders>,
    /// Where it says how it stands.
    pub(crate) status: watch::Sender<Status>,
    /// Counts the acknowledgements of all peers.
    pub(crate) acked: Arc<AtomicU64>,
    /// Its chance.
    pub(crate) dice: Dice,
}

/// One client at work.
pub(crate) struct Peer {
    ties: Ties,
    habits: Habits,
    orders: Orders,
    client: Client,
    recorder: Recorder,
    socket: Option<Socket>,
    connecting: Option<Connecting>,
    written: u32,
}

type Connecting = Pin<Box<dyn Future<Output = Option<Socket>> + Send>>;

impl Peer {
    /// A peer that starts to connect when it runs.
    pub(crate) fn new(mut ties: Ties, habits: Habits) -> Self {
        // The server says the id; until then nothing is written.
        let me = User {
            id: UserId(0),
            name: ties.name.clone(),
        };
        let client = Client::new(me, None, ties.dice.roll());
        let recorder = Recorder::new(ties.id, Clock::Since(ties.began));
        let orders = ties.orders.borrow_and_update().clone();
        Self {
            ties,
            habits,
            orders,
            client,
            recorder,
            socket: None,
            connecting: None,
            written: 0,
        }
    }

    /// Runs until it is told to end; gives what it entered.
    pub(crate) async fn run(mut self) -> Vec<Entry> {
        let mut tick = interval(self.habits.tick);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = self.now();
        self.client.start(now);
        loop {
            self.settle().await;
            if self.is_over() {
                return self
                    .recorder
                    .finish(&self.client, &self.orders.conversations);
            }
            tokio::select! {
                frame = next(&mut self.socket) => self.take(frame),
                socket = connected(&mut self.connecting) => self.connected(socket),
                changed = self.ties.orders.changed() => {
                    if changed.is_err() {
                        return self.recorder.finish(&self.client, &self.orders.conversations);
                    }
                    self.obey();
                }
                changed = self.ties.address.changed() => {
                    if changed.is_ok() && self.ties.address.borrow_and_update().is_some() {
                        let now = self.now();
                        self.client.retry_now(now);
                    }
                }
                _ = tick.tick() => {
                    let now = self.now();
                    self.client.tick(now);
                }
            }
        }
    }

    fn take(&mut self, first: Option<String>) {
        let mut frame = first;
        // All that is there already, so that a burst costs one turn.
        for turn in 1.. {
            let now = self.now();
            let Some(text) = frame else {
                self.socket = None;
                return self.client.closed(now, Closed::Lost);
            };
            if let Ok(decoded) = ServerFrame::decode(&text) {
                let acked = self.recorder.acked();
                self.recorder.received(&decoded);
                self.ties
                    .acked
                    .fetch_add(self.recorder.acked() - acked, Ordering::Relaxed);
                self.client.received(now, decoded);
                self.recorder.observe(&mut self.client);
            }
            // Another is taken out of the socket only if it is looked at in this turn.
            if turn == MAX_FRAMES_A_TURN {
                return;
            }
            match next(&mut self.socket).now_or_never() {
                Some(another) => frame = another,
                None => return,
            }
        }
    }

    fn connected(&mut self, socket: Option<Socket>) {
        self.connecting = None;
        let now = self.now();
        match socket {
            Some(socket) => {
                self.socket = Some(socket);
                self.client.opened(now);
            }
            None => self.client.closed(now, Closed::Lost),
        }
    }

    fn obey(&mut self) {
        let now = self.now();
        let orders = self.ties.orders.borrow_and_update().clone();
        if orders.conversations != self.orders.conversations {
            for conversation in &orders.conversations {
                self.client.open(now, *conversation);
            }
        }
        if orders.cuts != self.orders.cuts {
            (self.socket, self.connecting) = (None, None);
            self.client.closed(now, Closed::Lost);
        }
        if orders.hints != self.orders.hints {
            self.client.retry_now(now);
        }
        self.orders = orders;
    }

    /// Does what the engine asks until it asks no more, writes, and says how it stands.
    async fn settle(&mut self) {
        if self.orders.phase == Phase::Write {
            self.write();
        }
        if self.orders.phase == Phase::Finish {
            let now = self.now();
            for conversation in self.orders.conversations.clone() {
                self.client.page_back(now, conversation);
            }
        }
        self.discard_refused();
        self.recorder.observe(&mut self.client);
        while let Some(effect) = self.client.next_effect() {
            match effect {
                Effect::Connect(_) => {
                    self.socket = None;
                    let address = *self.ties.address.borrow();
                    self.connecting = Some(Box::pin(connect(address, self.ties.name.clone())));
                }
                Effect::Disconnect => (self.socket, self.connecting) = (None, None),
                Effect::Transmit(frame) => self.transmit(frame.encode()).await,
                // Only asked of those who allow other transports.
                Effect::Poll(_) | Effect::Probe => {}
            }
        }
        let status = self.stand();
        self.ties.status.send_if_modified(|told| {
            let is_new = *told != status;
            *told = status;
            is_new
        });
    }

    async fn transmit(&mut self, text: String) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        let written = timeout(WRITE_DEADLINE, socket.send(Message::text(text))).await;
        if !matches!(written, Ok(Ok(()))) {
            self.socket = None;
            let now = self.now();
            self.client.closed(now, Closed::Lost);
        }
    }

    fn write(&mut self) {
        for conversation in self.orders.conversations.clone() {
            let on_the_way = self.client.outgoing(conversation).count();
            for _ in on_the_way..self.habits.depth {
                self.written += 1;
                let id = (u64::from(self.ties.id.0) << 32) | u64::from(self.written);
                let Ok(msg_id) = MsgId::parse(&format!("{id:016x}")) else {
                    return;
                };
                let content = self.text(msg_id.as_str());
                self.recorder.invoked(conversation, &msg_id, &content);
                let now = self.now();
                self.client
                    .send(now, Timestamp(0), conversation, msg_id, content);
            }
        }
    }

    /// A text that no other message has; now and then one that is over the limit.
    fn text(&mut self, id: &str) -> String {
        let dice = &mut self.ties.dice;
        let filler = dice.pick(&FILLERS).copied().unwrap_or_default();
        let bytes = if dice.one_in(400) {
            MAX_CONTENT_BYTES + 1
        } else {
            usize::try_from(dice.between(0, self.habits.longest)).unwrap_or(0)
        };
        format!(
            "{id} {}",
            filler.repeat(bytes.div_ceil(filler.len().max(1)))
        )
    }

    fn discard_refused(&mut self) {
        let failed = |one: &&client::Outgoing| matches!(one.delivery, Delivery::Failed { .. });
        let conversations = self.orders.conversations.iter();
        let refused: Vec<_> = conversations
            .flat_map(|id| self.client.outgoing(*id).filter(failed))
            .map(|one| one.msg_id.clone())
            .collect();
        for msg_id in refused {
            self.client.discard(&msg_id);
        }
    }

    fn stand(&self) -> Status {
        let user = Some(self.client.me().id).filter(|id| id.0 > 0);
        let is_connected = self.client.link() == Link::Connected;
        let conversations = self.orders.conversations.iter();
        let outgoing = |id: &ConversationId| self.client.outgoing(*id).count();
        let waiting = conversations.clone().map(outgoing).sum();
        let cursor = |id: &ConversationId| {
            let conversation = self.client.conversation(*id)?;
            Some((*id, conversation.timeline().cursor().0))
        };
        Status {
            user,
            is_connected,
            waiting,
            cursors: conversations.filter_map(cursor).collect(),
        }
    }

    fn is_over(&self) -> bool {
        let is_whole = |id: &ConversationId| {
            let conversation = self.client.conversation(*id);
            conversation.is_some_and(|one| one.timeline().is_complete())
        };
        match self.orders.phase {
            Phase::Finish => self.orders.conversations.iter().all(is_whole),
            Phase::GiveUp => true,
            Phase::Follow | Phase::Write => false,
        }
    }

    fn now(&self) -> Moment {
        self.ties.began.elapsed() * self.habits.clock_scale + Duration::from_secs(1)
    }
}

/// The next text frame; none when the socket is no more. Without a socket it never comes.
/// Cancel-safe.
async fn next(socket: &mut Option<Socket>) -> Option<String> {
    let Some(open) = socket else {
        return std::future::pending().await;
    };
    loop {
        match open.next().await {
            Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

async fn connected(connecting: &mut Option<Connecting>) -> Option<Socket> {
    match connecting {
        Some(connecting) => connecting.await,
        None => std::future::pending().await,
    }
}

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

const MAX_FRAMES_A_TURN: usize = 64;
const OPENING: Duration = Duration::from_secs(5);
const WRITE_DEADLINE: Duration = Duration::from_secs(5);
/// Thousands of peers share one process.
const READ_BUFFER_BYTES: usize = 4096;
/// What people write: plain, in Chinese, with what JSON escapes, with what is one sign in many bytes.
const FILLERS: [&str; 4] = ["plain words ", "水塘里的消息，", "\"\\\n\t\u{1}<&>", "👩‍👩‍👧‍👦é"];

#[cfg(test)]
mod tests {
    use shared::{
        Code, Message as Said, Seq,
        frame::{AuthAnswer, User},
    };
    use tokio::net::TcpListener;

    use super::*;

    fn hello() -> ServerFrame {
        ServerFrame::Auth(AuthAnswer {
            code: Code::Success,
            message: String::new(),
            user: Some(User {
                id: UserId(1),
                name: "Ana".into(),
            }),
            build: None,
            incarnation: None,
        })
    }

    fn said(seq: u64) -> ServerFrame {
        ServerFrame::Message(Said {
            msg_id: MsgId::parse(&format!("m{seq}")).unwrap(),
            content: format!("message {seq}"),
            conversation: ConversationId::EVERYONE,
            seq: Seq(seq),
            from: UserId(2),
            from_user: "Bo".into(),
            sent_at: Timestamp(1),
            check: None,
        })
    }

    /// A server that sends a burst and then answers nothing: what is left out stays out.
    #[tokio::test]
    async fn of_a_burst_larger_than_a_turn_every_frame_is_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_address, at) = watch::channel(Some(listener.local_addr().unwrap()));
        let orders = Orders {
            conversations: vec![ConversationId::EVERYONE],
            ..Orders::default()
        };
        let ((_orders, obeyed), (told, mut status)) =
            (watch::channel(orders), watch::channel(Status::default()));
        let ties = Ties {
            id: ClientId(1),
            name: "Ana".into(),
            began: Instant::now(),
            address: at,
            orders: obeyed,
            status: told,
            acked: Arc::default(),
            dice: Dice::new(1),
        };
        let habits = Habits {
            depth: 0,
            clock_scale: 1,
            tick: Duration::from_millis(20),
            longest: 10,
        };
        let burst = 5 * MAX_FRAMES_A_TURN as u64;
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            for frame in std::iter::once(hello()).chain((1..=burst).map(said)) {
                socket.feed(Message::text(frame.encode())).await.unwrap();
            }
            socket.flush().await.unwrap();
            while let Some(Ok(_)) = socket.next().await {}
        };
        let holds_all = |status: &Status| status.cursors.values().any(|cursor| *cursor == burst);
        tokio::select! {
            held = timeout(Duration::from_secs(8), status.wait_for(holds_all)) => {
                assert!(held.is_ok(), "a frame is lacking");
            }
            () = serve => panic!("the peer left"),
            _ = Peer::new(ties, habits).run() => panic!("the peer ended"),
        }
    }
}
