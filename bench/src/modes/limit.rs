//! The limit: what a broadcast costs on this machine when nothing is done but the broadcast.
//!
//! One thread, one wait for all sockets, no sign-in, nothing stored. Each text frame that comes goes
//! to all sockets, numbered. All that waits for a socket goes in one write, out of one buffer that
//! all share: what comes in while a round is written goes out together in the next. A real server
//! is measured as a share of it, see [`super::compare`].

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clap::Args;
use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

use crate::{
    crowd::{frame, upgrade},
    wire,
};

#[derive(Args)]
pub(crate) struct Flags {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDR")]
    listen: SocketAddr,
}

/// Serves until it is killed.
///
/// # Errors
/// Where the address is taken, or the system's wait fails.
pub(crate) fn run(flags: &Flags) -> io::Result<&'static str> {
    let bound = Limit::bind(flags.listen);
    let mut limit =
        bound.map_err(|error| io::Error::other(format!("--listen {}: {error}", flags.listen)))?;
    println!("The limit is at http://{}", limit.address()?);
    limit.serve(&AtomicBool::new(false))?;
    Ok("stopped")
}

/// The server.
pub(crate) struct Limit {
    poll: Poll,
    listener: TcpListener,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    log: Log,
    last_seq: u64,
    buffer: Box<[u8]>,
}

/// The frames that not everybody has, one behind the other.
#[derive(Default)]
struct Log {
    bytes: Vec<u8>,
    /// How many bytes there were before them.
    start: u64,
}

struct Peer {
    stream: TcpStream,
    /// Whether it is a WebSocket yet.
    is_open: bool,
    /// The beginning of what is not all there yet.
    begun: Vec<u8>,
    /// An answer to this one alone that the system did not take yet.
    answer: Vec<u8>,
    /// How much of the log it has.
    position: u64,
    /// The system takes no more for now.
    is_full: bool,
}

impl Limit {
    /// Listens.
    ///
    /// # Errors
    /// Where the address is taken.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            peers: Vec::new(),
            free: Vec::new(),
            log: Log::default(),
            last_seq: 0,
            buffer: vec![0; BUFFER_BYTES].into(),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is to stop.
    ///
    /// # Errors
    /// Where the system's wait fails.
    pub(crate) fn serve(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_AT_ONCE);
        while !stop.load(Ordering::Relaxed) {
            match self.poll.poll(&mut events, Some(TURN)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                let Token(at) = event.token();
                let Some(Some(peer)) = self.peers.get_mut(at) else {
                    continue;
                };
                if event.is_writable() {
                    peer.is_full = false;
                }
                let is_ending = event.is_read_closed();
                if (event.is_readable() || is_ending) && self.read(at, is_ending).is_none() {
                    self.leave(at);
                }
            }
            self.write_round();
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let at = self.free.pop().unwrap_or_else(|| {
                self.peers.push(None);
                self.peers.len() - 1
            });
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, Token(at), interest)?;
            if let Some(place) = self.peers.get_mut(at) {
                *place = Some(Peer::new(stream));
            }
        }
    }

    fn leave(&mut self, at: usize) {
        if let Some(place) = self.peers.get_mut(at) {
            *place = None;
            self.free.push(at);
        }
    }

    /// Reads what there is of one peer; nothing if it is gone.
    fn read(&mut self, at: usize, is_ending: bool) -> Option<()> {
        let peer = self.peers.get_mut(at)?.as_mut()?;
        loop {
            let (begun, room) = self.buffer.split_at_mut_checked(peer.begun.len())?;
            begun.copy_from_slice(&peer.begun);
            let (begun, room_bytes) = (begun.len(), room.len());
            let bytes = match peer.stream.read(room) {
                Ok(0) => return None,
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Some(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return None,
            };
            let mut rest = self.buffer.get(..begun + bytes)?;
            if !peer.is_open
                && let Some(answer) = upgrade::accept(rest)
            {
                let (answer, after) = answer.ok()?;
                peer.answer.extend_from_slice(answer.as_bytes());
                peer.is_open = true;
                // What was said before is not for it.
                peer.position = self.log.end();
                rest = after;
            }
            while peer.is_open
                && let Some((frame, after)) = frame::first(rest).ok()?
            {
                match frame.opcode {
                    frame::TEXT => {
                        self.last_seq += 1;
                        self.log.append(&frame, self.last_seq);
                    }
                    frame::CLOSE => return None,
                    _ => {}
                }
                rest = after;
            }
            peer.begun = rest.to_vec();
            if bytes < room_bytes && !is_ending {
                return Some(());
            }
        }
    }

    /// Writes to each peer all that it lacks, in one write.
    fn write_round(&mut self) {
        let (end, mut oldest) = (self.log.end(), self.log.end());
        for at in 0..self.peers.len() {
            let Some(Some(peer)) = self.peers.get_mut(at) else {
                continue;
            };
            if !peer.is_open {
                continue;
            }
            if peer.write(&self.log).is_err() || end - peer.position > MAX_BEHIND_BYTES {
                self.leave(at);
                continue;
            }
            oldest = oldest.min(peer.position);
        }
        self.log.forget_before(oldest);
    }
}

impl Log {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn append(&mut self, frame: &frame::Frame<'_>, seq: u64) {
        let mut text = Vec::with_capacity(frame.payload.len());
        frame::put_unmasked(&mut text, frame.payload, frame.mask.unwrap_or_default());
        wire::stamp(&mut text, seq);
        frame::put(&mut self.bytes, frame::TEXT, &text);
    }

    fn after(&self, position: u64) -> &[u8] {
        let at = usize::try_from(position - self.start).unwrap_or(usize::MAX);
        self.bytes.get(at..).unwrap_or_default()
    }

    fn forget_before(&mut self, position: u64) {
        let bytes = usize::try_from(position - self.start).unwrap_or(0);
        // Mostly all of it. The rest is moved when it is the smaller part.
        if bytes * 2 >= self.bytes.len() {
            self.bytes.drain(..bytes);
            self.start = position;
        }
    }
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            is_open: false,
            begun: Vec::new(),
            answer: Vec::new(),
            position: 0,
            is_full: false,
        }
    }

    fn write(&mut self, log: &Log) -> io::Result<()> {
        while !self.is_full {
            let (is_answer, bytes) = match (self.answer.as_slice(), log.after(self.position)) {
                ([], []) => break,
                ([], frames) => (false, frames),
                (answer, _) => (true, answer),
            };
            match self.stream.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.is_full = written < bytes.len();
                    if is_answer {
                        self.answer.drain(..written);
                    } else {
                        self.position += written as u64;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_full = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

const LISTENER: Token = Token(usize::MAX);
const EVENTS_AT_ONCE: usize = 1024;
const TURN: Duration = Duration::from_millis(100);
/// A request, or a window of frames.
const BUFFER_BYTES: usize = frame::MAX_FRAME_BYTES + 256 * 1024;
/// A peer that is so far behind is let go.
const MAX_BEHIND_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_what_somebody_lacks() {
        let mut log = Log::default();
        log.bytes.extend_from_slice(b"0123456789");
        log.forget_before(3);
        assert_eq!((log.start, log.after(3)), (0, &b"3456789"[..]));
        log.forget_before(7);
        assert_eq!((log.start, log.after(8)), (7, &b"89"[..]));
        log.forget_before(10);
        assert_eq!((log.end(), log.after(10)), (10, &b""[..]));
    }
}
