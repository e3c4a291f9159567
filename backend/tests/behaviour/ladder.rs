//! The engine on each rung of the ladder, against a real server that restarts.

use std::{future::Future, pin::Pin, time::Duration};

use client::{Client, Closed, Effect, Link, Moment, Transport};
use serde_json::{Value, json};
use shared::{
    ConversationId, Event, MsgId, ServerFrame, Timestamp, UserId, frame::User, http::SyncAnswer,
};
use tokio::time::sleep;

use super::{
    http_transports::{Caller, EventStream},
    support::{Answer, TestServer},
};

const EVERYONE: ConversationId = ConversationId::EVERYONE;

type Polling<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// An owner of an engine, on a network that lets no WebSocket through, and streams only if told.
struct Owner<'a> {
    client: Client,
    server: &'a TestServer,
    caller: &'a Caller,
    lets_streams: bool,
    now: Moment,
    stream: Option<EventStream>,
    poll: Option<Polling<'a>>,
    outgoing: Vec<Value>,
}

impl<'a> Owner<'a> {
    fn new(server: &'a TestServer, caller: &'a Caller, lets_streams: bool) -> Self {
        let unknown = User {
            id: UserId(0),
            name: String::new(),
        };
        let mut client = Client::new(unknown, None, 7);
        client.allow_fallbacks();
        Self {
            client,
            server,
            caller,
            lets_streams,
            now: Moment::from_secs(1),
            stream: None,
            poll: None,
            outgoing: vec![],
        }
    }

    /// The engine and its time, without the network.
    fn into_engine(self) -> (Client, Moment) {
        (self.client, self.now)
    }

    /// Goes on until `is_done` of the engine.
    async fn until(&mut self, is_done: impl Fn(&Client) -> bool) {
        for _ in 0..2000 {
            self.perform().await;
            if is_done(&self.client) {
                return;
            }
            self.step().await;
        }
        panic!("it never comes: {:?}", self.client.link());
    }

    /// Waits for what comes next. While there is no connection, time runs fast.
    async fn step(&mut self) {
        let pause = Duration::from_millis(20);
        let streamed = async {
            match &mut self.stream {
                Some(stream) => stream.next().await,
                None => std::future::pending().await,
            }
        };
        let polled = async {
            match &mut self.poll {
                Some(poll) => poll.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            frame = streamed => match frame {
                Some(frame) => self.receive(&frame),
                None => self.end(),
            },
            answer = polled => {
                self.poll = None;
                match serde_json::from_str::<SyncAnswer>(&answer.body) {
                    Ok(answer) => self.client.polled(self.now, answer),
                    Err(_) => self.end(),
                }
            }
            () = sleep(pause) => {
                let is_up = self.client.link() == Link::Connected;
                self.now += if is_up { pause } else { Moment::from_secs(1) };
                self.client.tick(self.now);
            }
        }
    }

    async fn perform(&mut self) {
        while let Some(effect) = self.client.next_effect() {
            match effect {
                Effect::Connect(Transport::WebSocket) => self.end(),
                Effect::Connect(Transport::EventStream) => {
                    // One that is held back is asked for, and nothing of it comes.
                    if self.lets_streams {
                        self.stream = Some(self.caller.stream(self.server).await);
                        self.client.opened(self.now);
                    }
                }
                Effect::Connect(Transport::LongPoll) => self.client.opened(self.now),
                Effect::Disconnect => self.drop_all(),
                Effect::Transmit(frame) => {
                    self.outgoing
                        .push(serde_json::from_str(&frame.encode()).unwrap());
                }
                Effect::Poll(sync) => {
                    let body = serde_json::to_value(sync).unwrap();
                    let poll = self.caller.post(self.server, "/api/v1/sync", body);
                    self.poll = Some(Box::pin(poll));
                }
                Effect::Probe => self.client.probed(self.now, false),
            }
            if !self.outgoing.is_empty() {
                let frames = json!(std::mem::take(&mut self.outgoing));
                for answer in self.caller.frames(self.server, frames).await {
                    self.receive(&answer);
                }
            }
        }
    }

    fn receive(&mut self, frame: &Value) {
        let frame = ServerFrame::decode(&frame.to_string()).unwrap();
        self.client.received(self.now, frame);
    }

    fn drop_all(&mut self) {
        (self.stream, self.poll) = (None, None);
        self.outgoing.clear();
    }

    fn end(&mut self) {
        self.drop_all();
        self.client.closed(self.now, Closed::Lost);
    }

    fn say(&mut self, id: &str) {
        let msg_id = MsgId::parse(id).unwrap();
        self.client
            .send(self.now, Timestamp(0), EVERYONE, msg_id, id.into());
    }
}

fn held(client: &Client) -> Vec<String> {
    let Some(room) = client.conversation(EVERYONE) else {
        return vec![];
    };
    let events = room.timeline().events().map(|event| match event {
        Event::MessageSent(message) => message.content.clone(),
        Event::Unknown(place) => panic!("{place:?}"),
    });
    events.collect()
}

async fn talks_over(lets_streams: bool, expected: Transport) {
    let mut server = TestServer::demo();
    server.config.listen = server.address;
    let ana = Caller::new(&server, "Ana").await;
    let mut bo = server.peer("Bo").await;
    let mut owner = Owner::new(&server, &ana, lets_streams);
    owner.client.open(owner.now, EVERYONE);
    owner.client.start(owner.now);
    owner.say("written before the connection");
    owner.until(|client| held(client).len() == 1).await;
    assert_eq!(owner.client.transport(), expected);
    assert_eq!(owner.client.me().name, "Ana");
    assert_eq!(
        bo.next_message().await.content,
        "written before the connection"
    );
    bo.say("b1", "pushed").await;
    owner.until(|client| held(client).len() == 2).await;
    owner.say("answered");
    owner
        .until(|client| client.outgoing(EVERYONE).count() == 0)
        .await;
    assert_eq!(bo.next_message().await.content, "pushed");
    assert_eq!(bo.next_message().await.content, "answered");
    bo.leave().await;
    let (client, now) = owner.into_engine();

    server.restart().await;
    let mut bo = server.peer("Bo").await;
    bo.say("b2", "while it is away").await;
    let mut owner = Owner {
        client,
        now,
        ..Owner::new(&server, &ana, lets_streams)
    };
    owner.client.closed(owner.now, Closed::Lost);
    owner.say("written while it is away");
    owner.until(|client| held(client).len() == 5).await;
    let all = [
        "written before the connection",
        "pushed",
        "answered",
        "while it is away",
        "written while it is away",
    ];
    assert_eq!(held(&owner.client), all);
    assert_eq!(
        owner.client.transport(),
        expected,
        "a restart drives nobody down"
    );
}

#[tokio::test]
async fn a_client_talks_over_a_stream() {
    talks_over(true, Transport::EventStream).await;
}

#[tokio::test]
async fn a_client_talks_over_long_polls() {
    talks_over(false, Transport::LongPoll).await;
}

#[tokio::test]
async fn a_client_sends_again_what_a_restored_backup_lacks() {
    let mut server = TestServer::demo();
    server.config.listen = server.address;
    let ana = Caller::new(&server, "Ana").await;
    let mut bo = server.peer("Bo").await;
    bo.say("b1", "kept").await;
    bo.leave().await;
    server.stop().await;
    let file = server.config.data.join("pond.db");
    let copy = std::fs::read(&file).unwrap();
    server.restart().await;

    let mut owner = Owner::new(&server, &ana, true);
    owner.client.open(owner.now, EVERYONE);
    owner.client.start(owner.now);
    owner.say("a1");
    owner.say("a2");
    owner
        .until(|client| held(client) == ["kept", "a1", "a2"])
        .await;
    let (client, now) = owner.into_engine();

    server.stop().await;
    std::fs::write(&file, copy).unwrap();
    server.restart().await;
    // The numbers of what was lost are given again before Ana is back.
    let mut bo = server.peer("Bo").await;
    for n in 2..5 {
        bo.say(&format!("b{n}"), &format!("new {n}")).await;
    }
    let mut owner = Owner {
        client,
        now,
        ..Owner::new(&server, &ana, true)
    };
    owner.client.closed(owner.now, Closed::Lost);
    owner.say("a3");
    owner.until(|client| held(client).len() == 7).await;
    let all = ["kept", "new 2", "new 3", "new 4", "a1", "a2", "a3"];
    assert_eq!(held(&owner.client), all);
    let room = owner.client.conversation(EVERYONE).unwrap();
    assert_eq!(room.restored().unwrap().resent, 2);
    assert_eq!(bo.pull(EVERYONE, None, None).await.head.0, 7, "each once");
}
