//! The crowd: thousands of WebSockets on one thread, cheaper for each frame that comes than any
//! server is for each that it sends.
//!
//! One wait for all sockets (`mio`), one buffer that all read into, one pass over the frames. Knows
//! nothing of Pond: a mode gets told what happens and looks at what it needs. Read next:
//! [`arrive`], which brings a crowd in, then [`crate::room`], which judges what came.

pub(crate) mod arrive;
pub(crate) mod frame;
mod socket;
pub(crate) mod upgrade;

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs as _},
    time::Duration,
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use shared::Encoding;

use self::{socket::Socket, upgrade::Person};
use crate::moment::Moment;

/// Many sockets to one server, each known by its number in the order of opening.
pub(crate) struct Crowd {
    server: String,
    address: SocketAddr,
    encoding: Encoding,
    poll: Poll,
    events: Events,
    sockets: Vec<Option<Socket>>,
    buffer: Box<[u8]>,
}

/// What happened to a socket.
#[derive(Debug)]
pub(crate) enum Happening<'a> {
    /// It is a WebSocket now.
    Opened,
    /// A frame came, of text or of bytes.
    Frame(&'a [u8]),
    /// The server asked for a sign of life, and has its answer.
    Pinged,
    /// It is no more.
    Ended(&'a Ended),
}

/// Why a socket is no more.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("the server closed it (code {})", .0.map_or("none".into(), |code| code.to_string()))]
    ByServer(Option<u16>),
    #[error("the server answered {0}")]
    Refused(String),
    #[error("{0}")]
    Failed(String),
}

impl Crowd {
    /// Nobody yet. `server` is `HOST:PORT`.
    ///
    /// # Errors
    /// Where the name leads nowhere, or the system refuses.
    pub(crate) fn new(server: &str) -> io::Result<Self> {
        Self::speaking(Encoding::Json, server)
    }

    /// The same, of sockets that speak this.
    ///
    /// # Errors
    /// As [`Crowd::new`].
    pub(crate) fn speaking(encoding: Encoding, server: &str) -> io::Result<Self> {
        let address = server.to_socket_addrs()?.next();
        Ok(Self {
            server: server.to_owned(),
            address: address.ok_or_else(|| io::Error::other("no such host"))?,
            encoding,
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_AT_ONCE),
            sockets: Vec::new(),
            buffer: vec![0; socket::BUFFER_BYTES].into(),
        })
    }

    /// `HOST:PORT` that they go to.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// How many sockets were opened, with those that ended.
    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Begins another socket; [`Happening::Opened`] tells when it is there.
    ///
    /// # Errors
    /// Where the system has no room for it: descriptors or ports.
    pub(crate) fn open(&mut self, who: &Person) -> io::Result<usize> {
        self.sockets.push(None);
        let at = self.sockets.len() - 1;
        self.reopen(at, who)?;
        Ok(at)
    }

    /// Begins a socket in the place of one that ended or was cut.
    ///
    /// # Errors
    /// As [`Crowd::open`].
    pub(crate) fn reopen(&mut self, at: usize, who: &Person) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(at), interest)?;
        let socket = Socket::new(stream, upgrade::request(&self.server, who, self.encoding));
        if let Some(place) = self.sockets.get_mut(at) {
            *place = Some(socket);
        }
        Ok(())
    }

    /// Whether this socket did not end, and was not cut.
    pub(crate) fn has(&self, at: usize) -> bool {
        matches!(self.sockets.get(at), Some(Some(_)))
    }

    /// Puts a frame behind what waits for this socket; [`Crowd::flush`] sends it.
    pub(crate) fn queue(&mut self, at: usize, payload: impl AsRef<[u8]>) {
        let opcode = match self.encoding {
            Encoding::Json => frame::TEXT,
            Encoding::Protobuf => frame::BINARY,
        };
        if let Some(socket) = self.socket(at) {
            socket.queue(opcode, payload.as_ref());
        }
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// Why the socket ended.
    pub(crate) fn flush(&mut self, at: usize) -> Result<(), Ended> {
        self.socket(at).map_or(Ok(()), Socket::flush)
    }

    /// Drops a socket without a word, as a lost network does.
    pub(crate) fn cut(&mut self, at: usize) {
        if let Some(place) = self.sockets.get_mut(at) {
            *place = None;
        }
    }

    /// Never reads from this socket again, while it stays open.
    pub(crate) fn stall(&mut self, at: usize) -> io::Result<()> {
        let Some(Some(socket)) = self.sockets.get_mut(at) else {
            return Ok(());
        };
        self.poll.registry().deregister(&mut socket.stream)
    }

    /// Waits until something happens, `wait` at most, and tells of all that did: to whom, when, what.
    ///
    /// # Errors
    /// Where the system's wait fails.
    pub(crate) fn turn(
        &mut self,
        wait: Duration,
        tell: &mut impl FnMut(usize, Moment, Happening<'_>),
    ) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in &self.events {
            let Token(at) = event.token();
            let Some(Some(socket)) = self.sockets.get_mut(at) else {
                continue;
            };
            let mut outcome = Ok(());
            if event.is_writable() {
                outcome = socket.writable();
            }
            if outcome.is_ok() && (event.is_readable() || event.is_read_closed()) {
                // One time for all that lies there: it had come by then.
                let now = Moment::now();
                let mut tell = |happening: Happening<'_>| tell(at, now, happening);
                outcome = socket.readable(&mut self.buffer, event.is_read_closed(), &mut tell);
            }
            if let Err(ended) = outcome {
                if let Some(place) = self.sockets.get_mut(at) {
                    *place = None;
                }
                tell(at, Moment::now(), Happening::Ended(&ended));
            }
        }
        Ok(())
    }

    fn socket(&mut self, at: usize) -> Option<&mut Socket> {
        self.sockets.get_mut(at).and_then(Option::as_mut)
    }
}

const EVENTS_AT_ONCE: usize = 1024;

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
        thread,
    };

    use super::*;

    /// A server for one socket: what it says, in pieces of a few bytes; then what it heard.
    fn say_in_pieces(listener: &TcpListener, frames: &[u8]) -> Vec<u8> {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        let (answer, _) = upgrade::accept(&request).unwrap().unwrap();
        for piece in [answer.as_bytes(), frames].concat().chunks(7) {
            stream.write_all(piece).unwrap();
        }
        heard(&mut stream)
    }

    fn heard(stream: &mut TcpStream) -> Vec<u8> {
        let mut heard = Vec::new();
        // The crowd drops the socket after the close.
        let _ = stream.read_to_end(&mut heard);
        heard
    }

    #[test]
    fn what_comes_in_pieces_is_told_whole_and_in_its_order() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap().to_string();
        let long = "x".repeat(70_000);
        let mut frames = Vec::new();
        frame::put(&mut frames, frame::TEXT, b"first");
        frame::put(&mut frames, frame::PING, b"alive?");
        frame::put(&mut frames, frame::TEXT, long.as_bytes());
        frame::put(&mut frames, frame::CLOSE, &1012_u16.to_be_bytes());
        let (told, heard) = thread::scope(|scope| {
            let serving = scope.spawn(|| say_in_pieces(&listener, &frames));
            let mut crowd = Crowd::new(&server).unwrap();
            crowd.open(&Person::Named("a".into())).unwrap();
            let mut told = Vec::new();
            let deadline = Moment::now() + Duration::from_secs(20);
            while !told
                .last()
                .is_some_and(|last: &String| last.starts_with("ended"))
                && Moment::now() < deadline
            {
                crowd
                    .turn(Duration::from_millis(50), &mut |_, _, happening| {
                        told.push(match happening {
                            Happening::Opened => "opened".into(),
                            Happening::Frame(text) => String::from_utf8(text.into()).unwrap(),
                            Happening::Pinged => "pinged".into(),
                            Happening::Ended(why) => format!("ended: {why}"),
                        });
                    })
                    .unwrap();
            }
            drop(crowd);
            (told, serving.join().unwrap())
        });
        let ended = "ended: the server closed it (code 1012)";
        assert_eq!(told, ["opened", "first", "pinged", long.as_str(), ended]);
        let (pong, _) = frame::first(&heard).unwrap().unwrap();
        let mut payload = Vec::new();
        frame::put_unmasked(&mut payload, pong.payload, pong.mask.unwrap());
        assert_eq!((pong.opcode, &payload[..]), (frame::PONG, &b"alive?"[..]));
    }
}
