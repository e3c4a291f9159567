//! What waits for one connection: bounded, and never in anybody's way.
//!
//! When it is full it forgets the frames and keeps only the newest `seq` of each conversation; the
//! client gets those heads and pulls. So a slow reader costs a constant and loses nothing.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use shared::{ConversationId, Seq, ServerFrame, event::Position, frame::Heads};
use tokio::sync::Notify;

use crate::sabotage::{self, Defect};

/// One encoded frame. All mailboxes that get it share its bytes.
pub type Frame = axum::extract::ws::Utf8Bytes;

/// The queue to one connection.
#[derive(Default)]
pub struct Mailbox {
    inner: Mutex<Inner>,
    filled: Notify,
}

#[derive(Default)]
struct Inner {
    frames: Vec<(Frame, Option<Position>)>,
    /// Frames were forgotten; events among them are known by these numbers alone.
    overflow: Option<BTreeMap<ConversationId, Seq>>,
    is_closed: bool,
}

impl Mailbox {
    /// Puts a frame in; for an event, `at` says which.
    pub fn push(&self, frame: Frame, at: Option<Position>) {
        let mut inner = self.inner();
        if sabotage::is(Defect::DropsWhenFull) && inner.frames.len() > 2 {
            return;
        }
        if inner.overflow.is_none() && inner.frames.len() >= MAX_FRAMES {
            let mut heads = BTreeMap::new();
            for (_, at) in std::mem::take(&mut inner.frames) {
                note(&mut heads, at);
            }
            inner.overflow = Some(heads);
        }
        match &mut inner.overflow {
            Some(heads) => note(heads, at),
            None => inner.frames.push((frame, at)),
        }
        drop(inner);
        self.filled.notify_one();
    }

    /// Ends the connection: its session is no more.
    pub fn close(&self) {
        self.inner().is_closed = true;
        self.filled.notify_one();
    }

    /// Whether the connection is to end.
    pub fn is_closed(&self) -> bool {
        self.inner().is_closed
    }

    /// Waits until there is something. Cancel-safe.
    pub async fn filled(&self) {
        loop {
            let filled = self.filled.notified();
            if self.has_something() {
                return;
            }
            filled.await;
        }
    }

    /// Takes all there is.
    pub fn take(&self, into: &mut Vec<Frame>) {
        let mut inner = self.inner();
        into.extend(inner.frames.drain(..).map(|(frame, _)| frame));
        if inner.frames.capacity() > KEPT_CAPACITY {
            inner.frames.shrink_to(KEPT_CAPACITY);
        }
        if let Some(heads) = inner.overflow.take() {
            let heads = heads
                .into_iter()
                .map(|(conversation, seq)| Position::new(conversation, seq))
                .collect();
            into.push(ServerFrame::Heads(Heads { heads }).encode().into());
        }
    }

    fn has_something(&self) -> bool {
        let inner = self.inner();
        !inner.frames.is_empty() || inner.overflow.is_some() || inner.is_closed
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing that runs under the lock can panic half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(heads: &mut BTreeMap<ConversationId, Seq>, at: Option<Position>) {
    if let Some(Position {
        conversation, seq, ..
    }) = at
    {
        let head = heads.entry(conversation).or_default();
        *head = seq.max(*head);
    }
}

/// Frames that wait for one connection. Source: a second of a busy room; a client that is further
/// behind is better served by pages.
pub const MAX_FRAMES: usize = 256;
/// A mailbox that was full once gives its memory back.
const KEPT_CAPACITY: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seq: u64) -> Position {
        Position::new(ConversationId::EVERYONE, Seq(seq))
    }

    #[tokio::test]
    async fn a_full_mailbox_keeps_only_the_newest_numbers() {
        let mailbox = Mailbox::default();
        for seq in 1..=MAX_FRAMES as u64 + 10 {
            mailbox.push("event".into(), Some(at(seq)));
            mailbox.push("hint".into(), None);
        }
        mailbox.filled().await;
        let mut frames = Vec::new();
        mailbox.take(&mut frames);
        let heads = Heads {
            heads: vec![at(MAX_FRAMES as u64 + 10)],
        };
        let only: Vec<_> = frames
            .iter()
            .map(|frame| ServerFrame::decode(frame).unwrap())
            .collect();
        assert_eq!(only, [ServerFrame::Heads(heads)]);
        mailbox.push("next".into(), Some(at(999)));
        frames.clear();
        mailbox.take(&mut frames);
        assert_eq!(frames, ["next"], "it works as before afterwards");
    }
}
