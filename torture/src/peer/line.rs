//! A peer's line to the server: whatever transport its engine asks for, on the network it is in.
//!
//! Owns the sockets and requests. Knows nothing of what they carry.

use std::{future::Future, net::SocketAddr, pin::Pin, time::Instant};

use client::Transport;
use shared::{
    ClientFrame, Encoding, ServerFrame,
    http::{Sync, SyncAnswer},
};

use super::{
    requests::{By, Requests},
    session::Session,
    socket::{Frames, carries},
};

/// What a peer's network lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Lets {
    /// All.
    #[default]
    Everything,
    /// No WebSocket.
    Requests,
    /// No WebSocket, and of an answer nothing before its end.
    WholeAnswers,
    /// No WebSocket, and streams are cut when they begin.
    CutStreams,
    /// No WebSocket, and streams are refused.
    NoStreams,
}

/// What comes by a line.
pub(super) enum Came {
    /// What was to be opened is.
    Opened,
    /// A frame.
    Frame(ServerFrame),
    /// The same, as the answer to what was asked then, by a request of its own.
    Answer(Instant, ServerFrame),
    /// The answer to a poll of then.
    Polled(Instant, SyncAnswer),
    /// Whether a WebSocket beside the line carries.
    Probed(bool),
    /// It is no more, or could not be opened.
    Lost,
    /// The server does not know its session.
    SignedOut,
    /// It is open, and without the signs of life that a stream has.
    Silent,
}

/// The line of one peer; at most one thing is open on it, and a probe beside it.
pub(super) struct Line {
    name: String,
    session: Session,
    /// Of its WebSockets.
    encoding: Encoding,
    lets: Lets,
    way: Way,
    probe: Option<Pending<bool>>,
}

type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

enum Way {
    Closed,
    Opening(Pending<Option<Frames>>),
    Socket(Box<Frames>),
    Requests(Requests),
}

impl Line {
    /// One that is closed, of the person of this name.
    pub(super) fn new(name: String, lets: Lets, encoding: Encoding) -> Self {
        Self {
            name,
            session: Session::default(),
            encoding,
            lets,
            way: Way::Closed,
            probe: None,
        }
    }

    /// Comes into a network that lets this through; what was open is gone.
    pub(super) fn move_to(&mut self, lets: Lets) {
        self.lets = lets;
        self.close();
    }

    /// Opens this, in place of what is open.
    pub(super) fn open(&mut self, transport: Transport, address: Option<SocketAddr>) {
        let by_requests = |by| match address {
            Some(address) => {
                let (name, session) = (self.name.clone(), self.session.clone());
                Way::Requests(Requests::begin(by, self.lets, address, name, session))
            }
            None => refused(),
        };
        self.way = match transport {
            Transport::WebSocket if self.lets == Lets::Everything => {
                let opening = Frames::open(address, self.name.clone(), self.encoding);
                Way::Opening(Box::pin(opening))
            }
            Transport::WebSocket => refused(),
            Transport::EventStream => by_requests(By::Stream),
            Transport::LongPoll => by_requests(By::Poll),
        };
    }

    /// Drops all, with what is on its way.
    pub(super) fn close(&mut self) {
        (self.way, self.probe) = (Way::Closed, None);
    }

    /// Tries a WebSocket beside what is open.
    pub(super) fn probe(&mut self, address: Option<SocketAddr>) {
        let name = self.name.clone();
        self.probe = Some(match self.lets {
            Lets::Everything => Box::pin(carries(address, name, self.encoding)),
            _ => Box::pin(std::future::ready(false)),
        });
    }

    /// Writes a frame; says whether it could.
    pub(super) async fn transmit(&mut self, frame: &ClientFrame) -> bool {
        match &mut self.way {
            Way::Socket(frames) => frames.send(frame).await,
            Way::Requests(requests) => requests.transmit(frame.encode()),
            // It was lost a moment ago, and that is on its way to the engine.
            Way::Closed | Way::Opening(_) => true,
        }
    }

    /// Posts a poll; says whether it could.
    pub(super) fn poll(&mut self, sync: Sync) -> bool {
        match &mut self.way {
            Way::Requests(requests) => requests.poll(sync),
            _ => true,
        }
    }

    /// What comes next; on a closed line nothing ever. Cancel-safe.
    pub(super) async fn next(&mut self) -> Came {
        let (way, probe) = (&mut self.way, &mut self.probe);
        let probed = async {
            match probe {
                Some(probing) => probing.await,
                None => std::future::pending().await,
            }
        };
        let came = tokio::select! {
            came = way.next() => came,
            is_good = probed => Came::Probed(is_good),
        };
        match came {
            Came::Probed(_) => self.probe = None,
            Came::Lost | Came::SignedOut | Came::Silent => self.way = Way::Closed,
            _ => {}
        }
        came
    }
}

impl Way {
    async fn next(&mut self) -> Came {
        match self {
            Self::Closed => std::future::pending().await,
            Self::Opening(opening) => match opening.await {
                Some(frames) => {
                    *self = Self::Socket(Box::new(frames));
                    Came::Opened
                }
                None => Came::Lost,
            },
            Self::Socket(frames) => frames.next().await.map_or(Came::Lost, Came::Frame),
            Self::Requests(requests) => requests.next().await,
        }
    }
}

fn refused() -> Way {
    Way::Opening(Box::pin(std::future::ready(None)))
}
