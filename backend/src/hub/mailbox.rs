//! What waits for one connection: bounded, and never in anybody's way.
//!
//! Whoever tells something writes it straight into the connection's socket, as long as the socket
//! takes it; only what it does not take waits here. When too much waits, the hints are forgotten, and
//! of the events only the newest `seq` of each conversation is kept; the client gets those heads and
//! pulls. So a slow reader costs a constant and loses nothing.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;
use shared::Encoding;
use socket2::SockRef;
use tokio::{net::TcpStream, sync::Notify};

use super::{
    backlog::Backlog,
    frame::{Burst, Frame, Kind, Wire},
};
use crate::sabotage::{self, Defect};

/// The queue to one connection.
///
/// All that a write to a socket that takes it looks at lies in one line of the cache, in this order:
/// everybody's mailbox is looked at for each burst, and none is in the cache by then.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Mailbox {
    inner: Mutex<Inner>,
    wire: Wire,
    /// Where it goes at once; without one, it waits until it is taken.
    stream: Option<TcpStream>,
    stirred: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// What waits; nothing, most of the time.
    backlog: Option<Box<Backlog>>,
    /// A question is being answered, which nothing overtakes that is told meanwhile.
    is_held: bool,
    is_closed: bool,
    /// The last frame is written, or waits: nothing may follow it.
    is_over: bool,
}

impl Mailbox {
    /// One that writes straight into this socket.
    pub fn of(stream: TcpStream, encoding: Encoding) -> Self {
        Self {
            wire: Wire::Socket(encoding),
            stream: Some(stream),
            ..Self::default()
        }
    }

    /// The socket, to read from it and to wait for it.
    ///
    /// # Errors
    /// Where there is none.
    pub fn stream(&self) -> io::Result<&TcpStream> {
        let stream = self.stream.as_ref();
        stream.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Tells one thing.
    pub fn push(&self, frame: &Frame, kind: Kind) {
        if self.is_closed() {
            return;
        }
        self.write(frame.bytes(self.wire), kind);
    }

    /// Tells many things with one write.
    pub fn push_all(&self, burst: &Burst) {
        let mut inner = self.inner();
        if inner.is_closed || inner.is_over {
            return;
        }
        let mut written = 0;
        if let Wire::Socket(encoding) = self.wire {
            let joined = burst.joined(encoding);
            written = self.try_write(&inner, joined);
            if written == joined.len() {
                return;
            }
        }
        for (bytes, kind) in burst.frames(self.wire) {
            inner.keep_from(&mut written, bytes, kind);
        }
        drop(inner);
        self.stirred.notify_one();
    }

    /// Lets wait what is told from now on, until [`Mailbox::answer`]: an answer may say how the logs
    /// stood when it was looked up, and would be old news behind what is told meanwhile.
    pub fn hold(&self) {
        let mut inner = self.inner();
        inner.is_held = true;
        if let Some(backlog) = &mut inner.backlog {
            backlog.hold();
        }
    }

    /// Tells an answer, where there is one, before all that waited for it, and behind what waited
    /// before it was asked for.
    ///
    /// # Errors
    /// What the system said; then the connection is over.
    pub fn answer(&self, answer: Option<&Frame>) -> io::Result<usize> {
        let mut inner = self.inner();
        inner.is_held = false;
        if let Some(frame) = answer {
            let bytes = frame.bytes(self.wire);
            let written = self.try_write(&inner, &bytes);
            if written < bytes.len() {
                let backlog = inner.backlog.get_or_insert_default();
                if written > 0 {
                    backlog.keep_rest(bytes.slice(written..));
                } else {
                    backlog.keep_answer(bytes);
                }
            }
        }
        drop(inner);
        self.flush()
    }

    /// Bytes that are a whole frame on this wire already.
    pub fn write(&self, bytes: Bytes, kind: Kind) {
        let mut inner = self.inner();
        if !inner.is_over && self.put(&mut inner, bytes, kind) {
            drop(inner);
            self.stirred.notify_one();
        }
    }

    /// The same, of a goodbye: what is told from now on leaves no more.
    pub fn write_last(&self, bytes: Bytes) {
        let mut inner = self.inner();
        if !std::mem::replace(&mut inner.is_over, true) && self.put(&mut inner, bytes, Kind::Answer)
        {
            drop(inner);
            self.stirred.notify_one();
        }
    }

    /// Writes what waits, as far as the socket takes it; says how many bytes that were.
    ///
    /// # Errors
    /// What the system said; then the connection is over.
    pub fn flush(&self) -> io::Result<usize> {
        let stream = self.stream()?;
        let mut inner = self.inner();
        let mut total = 0;
        while let Some(backlog) = &mut inner.backlog {
            let Some(piece) = backlog.piece(self.wire) else {
                inner.backlog = None;
                break;
            };
            match stream.try_write(&piece) {
                Ok(written) => {
                    total += written;
                    backlog.written(written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }

    /// Ends the connection: its session is no more, and is told nothing more.
    pub fn close(&self) {
        self.inner().is_closed = true;
        self.stirred.notify_one();
    }

    /// The connection is over: who still knows this mailbox tells it nothing any more. The socket ends
    /// with the last of them, which is at the latest when the burst that is being told is.
    pub fn detach(&self) {
        *self.inner() = Inner {
            is_over: true,
            ..Inner::default()
        };
    }

    /// Whether the connection is to end.
    pub fn is_closed(&self) -> bool {
        self.inner().is_closed
    }

    /// Whether something waits.
    pub fn has_waiting(&self) -> bool {
        self.inner().backlog.is_some()
    }

    /// Waits until something waits, or the connection is to end. Cancel-safe.
    pub async fn filled(&self) {
        loop {
            let stirred = self.stirred.notified();
            if self.is_filled() {
                return;
            }
            stirred.await;
        }
    }

    /// Takes all there is, where no socket takes it.
    pub fn take(&self) -> Vec<Bytes> {
        let backlog = self.inner().backlog.take();
        backlog.map_or_else(Vec::new, |backlog| backlog.into_frames(self.wire))
    }

    /// Whether nobody broke off in the middle of a change; read without the lock.
    pub(super) fn is_sound(&self) -> bool {
        !self.inner.is_poisoned()
    }

    fn is_filled(&self) -> bool {
        let inner = self.inner();
        inner.is_closed || inner.backlog.is_some()
    }

    /// Bytes that the socket took just now: none where something waits already. What went wrong is
    /// found again by whoever flushes.
    fn try_write(&self, inner: &Inner, piece: &[u8]) -> usize {
        match &self.stream {
            Some(stream) if inner.backlog.is_none() && !inner.is_held => {
                // Most sockets take it, so the system is asked at once and not the runtime, which
                // would look up whether they do; where one does not, the runtime has to know.
                let written = SockRef::from(stream).send(piece);
                written.or_else(|_| stream.try_write(piece)).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Writes a frame as far as the socket takes it; says whether something of it waits.
    fn put(&self, inner: &mut Inner, bytes: Bytes, kind: Kind) -> bool {
        let mut written = self.try_write(inner, &bytes);
        let waits = written < bytes.len();
        if waits {
            inner.keep_from(&mut written, bytes, kind);
        }
        waits
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing that runs under the lock can panic half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Lets the part of a frame wait that was not `written`.
    fn keep_from(&mut self, written: &mut usize, bytes: Bytes, kind: Kind) {
        if *written >= bytes.len() {
            *written -= bytes.len();
            return;
        }
        let backlog = self.backlog.get_or_insert_default();
        if *written > 0 {
            backlog.keep_rest(bytes.slice(*written..));
            *written = 0;
        } else if !(sabotage::is(Defect::DropsWhenFull) && backlog.len() > 0) {
            backlog.keep(bytes, kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        ConversationId, Seq, ServerFrame,
        event::Position,
        frame::{Heads, UserJoined},
    };
    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    use super::{super::backlog::MAX_FRAMES, *};

    fn event(seq: u64) -> Kind {
        Kind::Event(Position::new(ConversationId::EVERYONE, Seq(seq)))
    }

    fn frame(name: &str) -> Frame {
        let joined = UserJoined {
            nickname: name.into(),
            user: None,
        };
        ServerFrame::UserJoined(joined).into()
    }

    fn heads(seq: u64) -> ServerFrame {
        ServerFrame::Heads(Heads {
            heads: vec![Position::new(ConversationId::EVERYONE, Seq(seq))],
        })
    }

    fn decoded(text: &[u8]) -> ServerFrame {
        ServerFrame::decode(std::str::from_utf8(text).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_full_mailbox_keeps_only_answers_and_the_newest_numbers() {
        let mailbox = Mailbox::default();
        mailbox.push(&frame("answer"), Kind::Answer);
        let last = MAX_FRAMES as u64 + 10;
        for seq in 1..=last {
            mailbox.push(&frame("event"), event(seq));
            mailbox.push(&frame("hint"), Kind::Hint);
        }
        mailbox.push(&frame("later answer"), Kind::Answer);
        mailbox.filled().await;
        let taken: Vec<_> = mailbox.take().iter().map(|text| decoded(text)).collect();
        let name = |name: &str| decoded(&frame(name).bytes(Wire::Json));
        assert_eq!(taken, [name("answer"), name("later answer"), heads(last)]);
        mailbox.push(&frame("next"), event(999));
        assert_eq!(mailbox.take().len(), 1, "it works as before afterwards");
    }

    /// A connection on whose other end nobody reads yet.
    async fn pair(encoding: Encoding) -> (Mailbox, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap());
        let (there, here) = tokio::join!(there, listener.accept());
        let here = here.unwrap().0;
        here.writable().await.unwrap();
        (Mailbox::of(here, encoding), there.unwrap())
    }

    /// The frames that arrive until `last`, each decoded.
    async fn arrived(
        there: &mut TcpStream,
        encoding: Encoding,
        last: &ServerFrame,
    ) -> Vec<ServerFrame> {
        let mut frames = Vec::new();
        while frames.last() != Some(last) {
            let kind = there.read_u8().await.unwrap();
            let length = match there.read_u8().await.unwrap() {
                126 => usize::from(there.read_u16().await.unwrap()),
                short => usize::from(short),
            };
            let mut bytes = vec![0; length];
            there.read_exact(&mut bytes).await.unwrap();
            frames.push(match (kind, encoding) {
                (0x81, Encoding::Json) => decoded(&bytes),
                (0x82, Encoding::Protobuf) => ServerFrame::decode_protobuf(&bytes).unwrap(),
                other => panic!("{other:?}"),
            });
        }
        frames
    }

    #[tokio::test]
    async fn what_a_socket_does_not_take_waits_and_leaves_in_order() {
        for encoding in Encoding::ALL {
            let (mailbox, mut there) = pair(encoding).await;
            let long = "x".repeat(10_000);
            let mut count = 0;
            while !mailbox.has_waiting() {
                let mut burst = Burst::default();
                for seq in count + 1..=count + 7 {
                    burst.add(frame(&format!("{seq} {long}")), event(seq), None);
                }
                count += 7;
                mailbox.push_all(&burst);
            }
            mailbox.push(&frame("answer"), Kind::Answer);
            mailbox.filled().await;
            let last = decoded(&frame("answer").bytes(Wire::Json));
            let arrived = arrived(&mut there, encoding, &last);
            let ((), frames) = tokio::join!(flush_all(&mailbox), arrived);
            let numbers: Vec<u64> = frames
                .iter()
                .filter_map(|frame| match frame {
                    ServerFrame::UserJoined(joined) => {
                        joined.nickname.split(' ').next()?.parse().ok()
                    }
                    _ => None,
                })
                .collect();
            assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
        }
    }

    /// Fills the socket of `mailbox` until something waits.
    fn fill(mailbox: &Mailbox) -> u64 {
        let mut seq = 0;
        while !mailbox.has_waiting() {
            seq += 1;
            mailbox.push(&frame(&"x".repeat(10_000)), event(seq));
        }
        seq
    }

    async fn flush_all(mailbox: &Mailbox) {
        while mailbox.has_waiting() {
            mailbox.stream().unwrap().writable().await.unwrap();
            mailbox.flush().unwrap();
        }
    }

    #[tokio::test]
    async fn an_answer_stands_behind_the_acks_that_waited_when_it_was_asked_for() {
        for meanwhile in [1, MAX_FRAMES as u64] {
            let (mailbox, mut there) = pair(Encoding::Json).await;
            let filled = fill(&mailbox);
            mailbox.push(&frame("ack"), Kind::Answer);
            mailbox.hold();
            for seq in 1..=meanwhile {
                mailbox.push(&frame("told meanwhile"), event(filled + seq));
            }
            mailbox.answer(Some(&frame("answer"))).unwrap();
            mailbox.push(&frame("last"), Kind::Answer);
            let name = |name: &str| decoded(&frame(name).bytes(Wire::Json));
            let last = name("last");
            let arrived = arrived(&mut there, Encoding::Json, &last);
            let ((), arrived) = tokio::join!(flush_all(&mailbox), arrived);
            let place = |of: &str| arrived.iter().position(|one| *one == name(of)).unwrap();
            assert_eq!(place("answer"), place("ack") + 1);
            assert_eq!(arrived.contains(&name("told meanwhile")), meanwhile == 1);
        }
    }

    #[tokio::test]
    async fn nothing_follows_a_goodbye() {
        for is_full in [false, true] {
            let (mailbox, mut there) = pair(Encoding::Json).await;
            if is_full {
                fill(&mailbox);
            }
            let goodbye = frame("goodbye");
            mailbox.write_last(goodbye.bytes(Wire::Socket(Encoding::Json)));
            let mut burst = Burst::default();
            burst.add(frame("burst"), event(99), None);
            mailbox.push_all(&burst);
            mailbox.push(&frame("told"), Kind::Hint);
            let last = decoded(&goodbye.bytes(Wire::Json));
            let arrived = arrived(&mut there, Encoding::Json, &last);
            tokio::join!(flush_all(&mailbox), arrived);
            drop(mailbox);
            let mut rest = Vec::new();
            there.read_to_end(&mut rest).await.unwrap();
            assert!(rest.is_empty(), "{rest:?}");
        }
    }

    fn is_behind(inner: &Inner) -> bool {
        (inner.backlog.as_deref()).is_some_and(Backlog::has_forgotten)
    }

    #[tokio::test]
    async fn an_answer_leaves_before_what_was_told_while_it_was_looked_up() {
        let (mailbox, mut there) = pair(Encoding::Json).await;
        mailbox.hold();
        mailbox.push(&frame("told meanwhile"), event(2));
        mailbox.answer(Some(&frame("answer"))).unwrap();
        mailbox.push(&frame("told later"), event(3));
        let name = |name: &str| decoded(&frame(name).bytes(Wire::Json));
        let last = name("told later");
        assert_eq!(
            arrived(&mut there, Encoding::Json, &last).await,
            [name("answer"), name("told meanwhile"), last]
        );
    }

    #[tokio::test]
    async fn a_reader_who_fell_behind_gets_the_newest_number_when_it_reads_again() {
        for encoding in Encoding::ALL {
            let (mailbox, mut there) = pair(encoding).await;
            let mut seq = 0;
            while !is_behind(&mailbox.inner()) {
                seq += 1;
                mailbox.push(&frame(&"x".repeat(10_000)), event(seq));
            }
            let last = heads(seq);
            let arrived = arrived(&mut there, encoding, &last);
            let ((), frames) = tokio::join!(flush_all(&mailbox), arrived);
            assert!(frames.len() > 1, "what the socket had taken came whole");
        }
    }
}
