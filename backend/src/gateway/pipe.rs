//! A socket as the WebSocket library wants it: it reads from the system, a turn at a time, and what it
//! writes takes its place among what else is told, in the [`Mailbox`].

use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use axum::body::Bytes;
use shared::limits::MAX_FRAME_BYTES;
use tokio::net::TcpStream;

use crate::hub::{Kind, Mailbox};

/// Both directions of a socket.
pub(super) struct Pipe {
    stream: Arc<TcpStream>,
    mailbox: Arc<Mailbox>,
    /// Reads until others get their turn: the library goes on by itself while fragments come, of which
    /// six bytes are enough for one.
    reads_left: usize,
    /// The system had nothing more to read. Otherwise the library may hold frames that were read and
    /// not taken, of which the system knows nothing any more.
    is_dry: bool,
}

impl Pipe {
    pub(super) fn new(stream: Arc<TcpStream>, mailbox: Arc<Mailbox>) -> Self {
        Self {
            stream,
            mailbox,
            reads_left: MAX_READS,
            is_dry: false,
        }
    }

    /// What is read from.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether nothing is left to read, so that it is the system that says when there is.
    pub(super) fn is_dry(&self) -> bool {
        self.is_dry
    }

    /// Lets the library read again.
    pub(super) fn begin(&mut self) {
        (self.reads_left, self.is_dry) = (MAX_READS, false);
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads_left = (self.reads_left.checked_sub(1)).ok_or(io::ErrorKind::WouldBlock)?;
        let read = self.stream.try_read(buffer);
        self.is_dry = matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        read
    }
}

impl Write for Pipe {
    /// Takes whole frames, since that is what the library has, and none while something waits.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        if self.mailbox.has_waiting() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let bytes = Bytes::copy_from_slice(frame);
        if frame.first() == Some(&CLOSE_FRAME) {
            self.mailbox.write_last(bytes);
        } else {
            self.mailbox.write(bytes, Kind::Answer);
        }
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Most frames of a client fit; the library's 128 KiB would be held for each idle connection.
pub(super) const READ_BUFFER_BYTES: usize = 1024;
/// Source: a frame of the largest size takes one turn.
pub(super) const MAX_READS: usize = MAX_FRAME_BYTES / READ_BUFFER_BYTES + 8;
/// How an unfragmented close frame begins.
const CLOSE_FRAME: u8 = 0x88;
