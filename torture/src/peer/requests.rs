//! The ways without a socket: a stream or a long poll for what comes, posts for what goes.

use std::{net::SocketAddr, time::Instant};

use serde_json::value::RawValue;
use shared::{
    ServerFrame,
    http::{Sync, SyncAnswer},
    limits::{MAX_FRAME_BYTES, MAX_FRAMES, STREAM_SILENCE},
};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{
    http::Http,
    line::{Came, Lets},
    session::Session,
};

/// How what comes is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    /// `GET /api/v1/events`.
    Stream,
    /// `POST /api/v1/sync`, again and again.
    Poll,
}

/// A stream or polls, and posts beside them. Ends with all its connections when dropped.
pub(super) struct Requests {
    came: mpsc::Receiver<Came>,
    frames: mpsc::Sender<String>,
    polls: mpsc::Sender<Sync>,
    _task: JoinSet<()>,
}

impl Requests {
    /// Begins; says that it is open, or that it is lost, by what comes.
    pub(super) fn begin(
        by: By,
        lets: Lets,
        address: SocketAddr,
        name: String,
        session: Session,
    ) -> Self {
        let (said, came) = mpsc::channel(MOST_WAITING);
        let (frames, posted) = mpsc::channel(MOST_WAITING);
        let (polls, polled) = mpsc::channel(1);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let conversation = Conversation {
                address,
                name,
                session,
                said,
            };
            conversation.run(by, lets, posted, polled).await;
        });
        Self {
            came,
            frames,
            polls,
            _task: task,
        }
    }

    /// What comes next. Cancel-safe.
    pub(super) async fn next(&mut self) -> Came {
        self.came.recv().await.unwrap_or(Came::Lost)
    }

    /// Posts this after what waits; says whether there was room.
    pub(super) fn transmit(&self, frame: String) -> bool {
        self.frames.try_send(frame).is_ok()
    }

    /// Polls with this; says whether none is on its way.
    pub(super) fn poll(&self, sync: Sync) -> bool {
        self.polls.try_send(sync).is_ok()
    }
}

struct Conversation {
    address: SocketAddr,
    name: String,
    session: Session,
    said: mpsc::Sender<Came>,
}

impl Conversation {
    async fn run(
        self,
        by: By,
        lets: Lets,
        posted: mpsc::Receiver<String>,
        polled: mpsc::Receiver<Sync>,
    ) {
        // Each ends when its connection does, and then all do.
        let mut end = Came::Lost;
        if let Some(token) = self.session.token(self.address, &self.name).await {
            match by {
                By::Stream => tokio::select! {
                    _ = self.stream(&token, lets) => {}
                    _ = self.post(&token, posted) => {}
                },
                By::Poll => tokio::select! {
                    _ = self.poll(&token, polled) => {}
                    _ = self.post(&token, posted) => {}
                },
            }
            if self.session.is_out() {
                end = Came::SignedOut;
            }
        }
        let _ = self.said.send(end).await;
    }

    async fn stream(&self, token: &str, lets: Lets) -> Option<()> {
        if lets == Lets::NoStreams {
            return None;
        }
        let mut http = Http::open(self.address, token.to_owned(), &self.session).await?;
        let mut body = http.get("/api/v1/events").await?.into_body();
        if lets == Lets::WholeAnswers {
            // Held back until its end, which never comes.
            std::future::pending::<()>().await;
        }
        self.said.send(Came::Opened).await.ok()?;
        if lets == Lets::CutStreams {
            return None;
        }
        let mut events = Events::default();
        loop {
            let piece = timeout(STREAM_SILENCE, http.next_piece(&mut body));
            let Ok(piece) = piece.await else {
                self.said.send(Came::Silent).await.ok()?;
                return None;
            };
            events.take(&piece?);
            while let Some(frame) = events.next() {
                let frame = ServerFrame::decode(&frame).ok()?;
                self.said.send(Came::Frame(frame)).await.ok()?;
            }
        }
    }

    async fn poll(&self, token: &str, mut polls: mpsc::Receiver<Sync>) -> Option<()> {
        let mut http = Http::open(self.address, token.to_owned(), &self.session).await?;
        self.said.send(Came::Opened).await.ok()?;
        loop {
            let sync = serde_json::to_vec(&polls.recv().await?).ok()?;
            let asked = Instant::now();
            let answer = http.post("/api/v1/sync", sync).await?;
            let answer: SyncAnswer = serde_json::from_slice(&answer).ok()?;
            self.said.send(Came::Polled(asked, answer)).await.ok()?;
        }
    }

    /// One request after the other, so that frames are acted on in their order.
    async fn post(&self, token: &str, mut frames: mpsc::Receiver<String>) -> Option<()> {
        let mut http = Http::open(self.address, token.to_owned(), &self.session).await?;
        let mut next = None;
        loop {
            let first = match next.take() {
                Some(frame) => frame,
                None => frames.recv().await?,
            };
            let (mut body, mut count) = (format!("[{first}"), 1);
            while count < MAX_FRAMES && body.len() < MAX_FRAME_BYTES / 2 {
                let Ok(frame) = frames.try_recv() else { break };
                if body.len() + frame.len() + 2 > MAX_FRAME_BYTES {
                    next = Some(frame);
                    break;
                }
                body.push(',');
                body.push_str(&frame);
                count += 1;
            }
            body.push(']');
            let asked = Instant::now();
            let answers = http.post("/api/v1/frames", body.into_bytes()).await?;
            let answers: Vec<Box<RawValue>> = serde_json::from_slice(&answers).ok()?;
            for answer in answers {
                let answer = ServerFrame::decode(answer.get()).ok()?;
                self.said.send(Came::Answer(asked, answer)).await.ok()?;
            }
        }
    }
}

/// Server-sent events out of pieces of a body.
#[derive(Default)]
struct Events {
    unread: Vec<u8>,
}

impl Events {
    fn take(&mut self, piece: &[u8]) {
        self.unread.extend_from_slice(piece);
    }

    /// The data of the next event that is whole; comments are left out.
    fn next(&mut self) -> Option<String> {
        loop {
            let end = self.unread.windows(2).position(|pair| pair == b"\n\n")?;
            let event: Vec<u8> = self.unread.drain(..end + 2).collect();
            let event = String::from_utf8(event).ok()?;
            // What our server sends is one line of JSON.
            if let Some(data) = event.lines().find_map(|line| line.strip_prefix("data:")) {
                return Some(data.trim_start().to_owned());
            }
        }
    }
}

/// Frames on their way in one direction. A client has one message and one question of each
/// conversation on its way; more than fits means that nothing moves any more.
const MOST_WAITING: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_in_whatever_pieces_they_come() {
        let body = "data: {\"a\":1}\n\n: still here\n\ndata: {\"水\":2}\n\n";
        for size in 1..body.len() {
            let mut events = Events::default();
            let mut found = Vec::new();
            for piece in body.as_bytes().chunks(size) {
                events.take(piece);
                found.extend(std::iter::from_fn(|| events.next()));
            }
            assert_eq!(found, ["{\"a\":1}", "{\"水\":2}"], "in pieces of {size}");
        }
    }
}
