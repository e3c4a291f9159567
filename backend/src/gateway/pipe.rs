//! A socket as the WebSocket library wants it: it reads from the system, a turn at a time, and what it
//! writes takes its place among what else is told, in the [`Mailbox`].

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    io::{self, Read, Write},
    sync::Arc,
};

use axum::body::Bytes;
use shared::limits::MAX_FRAME_BYTES;

use crate::hub::{Kind, Mailbox};

/// Both directions of a socket.
pub(super) struct Pipe {
    /// Whose socket it is.
    mailbox: Arc<Mailbox>,
    /// What was read at once and is more than the library has room for.
    ahead: VecDeque<u8>,
    /// Reads until others get their turn: the library goes on by itself while fragments come, of which
    /// six bytes are enough for one.
    reads_left: usize,
    /// The system had nothing more to read. Otherwise the library may hold frames that were read and
    /// not taken, of which the system knows nothing any more.
    is_dry: bool,
}

impl Pipe {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self {
            mailbox,
            ahead: VecDeque::new(),
            reads_left: MAX_READS,
            is_dry: false,
        }
    }

    /// Waits until the system has something to read, or an error to tell. Cancel-safe.
    ///
    /// In this way the stream knows one task that reads, and forgets the last one: that of the request,
    /// whose memory would be kept as long as it is known.
    pub(super) async fn readable(&self) {
        // What went wrong is told by the read that follows.
        if let Ok(stream) = self.mailbox.stream() {
            let _ = poll_fn(|context| stream.poll_read_ready(context)).await;
        }
    }

    /// Whether nothing is left to read, so that it is the system that says when there is.
    pub(super) fn is_dry(&self) -> bool {
        self.is_dry
    }

    /// Reads all there is, as far as `scratch` goes, and fills the buffer with the first of it.
    fn read_ahead(&mut self, scratch: &mut [u8], buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.mailbox.stream()?.try_read(scratch);
        self.is_dry = matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        let came = scratch.get(..read?).unwrap_or_default();
        let (first, more) = came.split_at(came.len().min(buffer.len()));
        if let Some(room) = buffer.get_mut(..first.len()) {
            room.copy_from_slice(first);
        }
        self.ahead.extend(more);
        Ok(first.len())
    }

    /// Reads what has come, a turn of it, and throws it away; says whether there may be more to come.
    pub(super) fn discard(&mut self) -> bool {
        self.ahead = VecDeque::new();
        let Ok(stream) = self.mailbox.stream() else {
            return false;
        };
        for _ in 0..MAX_READS {
            match SCRATCH.with_borrow_mut(|scratch| stream.try_read(scratch)) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// Lets the library read again.
    pub(super) fn begin(&mut self) {
        (self.reads_left, self.is_dry) = (MAX_READS, false);
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            self.reads_left = (self.reads_left.checked_sub(1)).ok_or(io::ErrorKind::WouldBlock)?;
            return SCRATCH.with_borrow_mut(|scratch| self.read_ahead(scratch, buffer));
        }
        let taken = self.ahead.read(buffer)?;
        if self.ahead.is_empty() {
            self.ahead = VecDeque::new();
        }
        Ok(taken)
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

thread_local! {
    /// Where a thread reads into: what a connection keeps is what it did not take at once, which is
    /// nothing while it is idle.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// What the library keeps for each idle connection; it grows with a frame. Its own would be 128 KiB.
pub(super) const LIBRARY_BUFFER_BYTES: usize = 128;
/// Most bytes of one read. Source: sixty messages of a client that sends many.
pub(super) const READ_BYTES: usize = 16 * 1024;
/// Source: a frame of the largest size takes one turn.
pub(super) const MAX_READS: usize = MAX_FRAME_BYTES / READ_BYTES + 2;
/// How an unfragmented close frame begins.
const CLOSE_FRAME: u8 = 0x88;
