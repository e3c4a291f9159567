//! One non-blocking WebSocket of a crowd.
//!
//! Holds next to nothing while it is idle: what it reads goes into the crowd's one buffer, and only
//! the beginning of a frame whose end is still to come is kept here.

use std::io::{self, Read as _, Write as _};

use mio::net::TcpStream;

use super::{
    Ended, Happening,
    frame::{self, Frame},
    upgrade,
};

pub(super) struct Socket {
    pub(super) stream: TcpStream,
    phase: Phase,
    /// The beginning of what is not all there yet.
    begun: Vec<u8>,
    /// What the system did not take yet.
    unsent: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    Upgrading,
    Open,
}

impl Socket {
    /// Over a connection that is being made; `request` goes first.
    pub(super) fn new(stream: TcpStream, request: Vec<u8>) -> Self {
        Self {
            stream,
            phase: Phase::Connecting,
            begun: Vec::new(),
            unsent: request,
        }
    }

    /// Puts a frame behind what waits; [`Socket::flush`] sends it.
    pub(super) fn queue(&mut self, opcode: u8, payload: &[u8]) {
        frame::put_masked(&mut self.unsent, opcode, payload);
    }

    /// Sends what waits, as far as the system takes it.
    pub(super) fn flush(&mut self) -> Result<(), Ended> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(bytes) => drop(self.unsent.drain(..bytes)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Ended::Failed(error.to_string())),
            }
        }
        if self.unsent.len() > MAX_UNSENT_BYTES {
            return Err(Ended::Failed("the server does not read".into()));
        }
        Ok(())
    }

    /// The system can take bytes: for a new connection, that it is made.
    pub(super) fn writable(&mut self) -> Result<(), Ended> {
        if self.phase == Phase::Connecting {
            if let Ok(Some(error)) | Err(error) = self.stream.take_error() {
                return Err(Ended::Failed(error.to_string()));
            }
            if self.stream.peer_addr().is_err() {
                return Ok(());
            }
            // What is sent here is small and due now.
            let _ = self.stream.set_nodelay(true);
            self.phase = Phase::Upgrading;
        }
        self.flush()
    }

    /// Reads all there is into `buffer` and tells of it. `is_ending` says that the peer closed.
    pub(super) fn readable(
        &mut self,
        buffer: &mut [u8],
        is_ending: bool,
        tell: &mut impl FnMut(Happening<'_>),
    ) -> Result<(), Ended> {
        loop {
            let (begun, room) = buffer
                .split_at_mut_checked(self.begun.len())
                .ok_or_else(|| Ended::Failed("a frame does not fit the buffer".into()))?;
            begun.copy_from_slice(&self.begun);
            let (begun, room_bytes) = (begun.len(), room.len().min(READ_BYTES));
            let room = room.get_mut(..room_bytes).unwrap_or_default();
            let read = match self.stream.read(room) {
                Ok(0) => return Err(Ended::ByServer(None)),
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Ended::Failed(error.to_string())),
            };
            self.take(buffer.get(..begun + read).unwrap_or_default(), tell)?;
            // A read that does not fill its room has emptied the socket: there is no need to ask
            // once more, which would be half of all system calls. What comes later is told anew.
            if read < room_bytes && !is_ending {
                return Ok(());
            }
        }
    }

    /// Tells of every whole frame in `bytes`, which begin with what had begun, and keeps the rest.
    fn take(
        &mut self,
        mut bytes: &[u8],
        tell: &mut impl FnMut(Happening<'_>),
    ) -> Result<(), Ended> {
        if self.phase == Phase::Upgrading {
            let answer = upgrade::answer(bytes).map_err(Ended::Refused)?;
            if let Some(rest) = answer {
                self.phase = Phase::Open;
                bytes = rest;
                tell(Happening::Opened);
            }
        }
        if self.phase == Phase::Open {
            while let Some((frame, rest)) =
                frame::first(bytes).map_err(|broken| Ended::Failed(broken.to_string()))?
            {
                self.act_on(&frame, tell)?;
                bytes = rest;
            }
        }
        self.begun.clear();
        // A long frame comes now and then, and there are thousands of sockets.
        if self.begun.capacity() > KEPT_BYTES {
            self.begun.shrink_to(bytes.len());
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }

    fn act_on(
        &mut self,
        frame: &Frame<'_>,
        tell: &mut impl FnMut(Happening<'_>),
    ) -> Result<(), Ended> {
        match frame.opcode {
            frame::TEXT | frame::BINARY => tell(Happening::Frame(frame.payload)),
            frame::PING => {
                frame::put_masked(&mut self.unsent, frame::PONG, frame.payload);
                self.flush()?;
                tell(Happening::Pinged);
            }
            frame::CLOSE => {
                let code = frame.payload.first_chunk().copied().map(u16::from_be_bytes);
                return Err(Ended::ByServer(code));
            }
            _ => {}
        }
        Ok(())
    }
}

/// What one read takes at most. Source: a server that gathers well writes as much at once.
const READ_BYTES: usize = 256 * 1024;
/// The crowd's buffer: the longest frame but for its end, and a read.
pub(super) const BUFFER_BYTES: usize = frame::MAX_FRAME_BYTES + 14 + READ_BYTES;
/// What a socket keeps for the beginnings of frames.
const KEPT_BYTES: usize = 1024;
/// More than a window of the longest messages: a server that lets so much lie is dead.
const MAX_UNSENT_BYTES: usize = 4 * 1024 * 1024;
