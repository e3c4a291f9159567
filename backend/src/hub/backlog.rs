//! What a full socket leaves over: the rest of a frame, the frames behind it, and, where those are
//! too many, only how far each log went.

use std::collections::{BTreeMap, VecDeque};

use axum::body::Bytes;
use shared::{ConversationId, Seq, ServerFrame, event::Position, frame::Heads};

use super::frame::{Frame, Kind, Wire};

/// What one socket did not take.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// What is left of a piece that the socket took in part; leaves before anything else.
    rest: Bytes,
    waiting: VecDeque<(Bytes, Kind)>,
    /// How many of them waited before the mailbox was held; an answer stands behind these.
    ahead: usize,
    /// Frames were forgotten; events among them are known by these numbers alone.
    forgotten: Option<BTreeMap<ConversationId, Seq>>,
}

impl Backlog {
    /// How many frames wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether frames were left out.
    #[cfg(test)]
    pub(super) fn has_forgotten(&self) -> bool {
        self.forgotten.is_some()
    }

    /// An answer that [`Backlog::keep_answer`] gets stands behind what waits now.
    pub(super) fn hold(&mut self) {
        self.ahead = self.waiting.len();
    }

    pub(super) fn keep_answer(&mut self, answer: Bytes) {
        let at = self.ahead.min(self.waiting.len());
        self.waiting.insert(at, (answer, Kind::Answer));
    }

    /// Lets the rest of a frame wait that the socket took in part.
    pub(super) fn keep_rest(&mut self, rest: Bytes) {
        self.rest = rest;
    }

    /// Lets a frame wait.
    pub(super) fn keep(&mut self, bytes: Bytes, kind: Kind) {
        if self.forgotten.is_none() && self.waiting.len() >= MAX_FRAMES {
            let mut heads = BTreeMap::new();
            let ahead = self.waiting.iter().take(self.ahead);
            self.ahead = ahead.filter(|(_, kind)| *kind == Kind::Answer).count();
            self.waiting.retain(|(_, kind)| {
                note(&mut heads, *kind);
                *kind == Kind::Answer
            });
            self.forgotten = Some(heads);
        }
        match &mut self.forgotten {
            Some(heads) if kind != Kind::Answer => note(heads, kind),
            _ => self.waiting.push_back((bytes, kind)),
        }
    }

    /// What is to be written next.
    pub(super) fn piece(&mut self, wire: Wire) -> Option<Bytes> {
        if self.rest.is_empty()
            && let Some((first, _)) = self.waiting.pop_front()
        {
            let fits = |room: usize, next: Option<&(Bytes, Kind)>| {
                next.is_some_and(|(next, _)| next.len() <= room)
            };
            self.rest = if fits(
                MAX_PIECE_BYTES.saturating_sub(first.len()),
                self.waiting.front(),
            ) {
                let mut piece = Vec::from(first);
                while fits(MAX_PIECE_BYTES - piece.len(), self.waiting.front())
                    && let Some((next, _)) = self.waiting.pop_front()
                {
                    piece.extend_from_slice(&next);
                }
                piece.into()
            } else {
                first
            };
        }
        if self.rest.is_empty()
            && let Some(heads) = self.heads(wire)
        {
            self.rest = heads;
        }
        (!self.rest.is_empty()).then(|| self.rest.clone())
    }

    /// Notes that the socket took so many bytes of the last piece.
    pub(super) fn written(&mut self, bytes: usize) {
        self.rest = self.rest.slice(bytes.min(self.rest.len())..);
    }

    /// All that waits, where no socket takes it.
    pub(super) fn into_frames(mut self, wire: Wire) -> Vec<Bytes> {
        let mut frames: Vec<_> = self.waiting.drain(..).map(|(bytes, _)| bytes).collect();
        frames.extend(self.heads(wire));
        frames
    }

    /// The newest numbers of what was forgotten, as a frame.
    fn heads(&mut self, wire: Wire) -> Option<Bytes> {
        let heads = self.forgotten.take()?;
        let heads = heads
            .into_iter()
            .map(|(conversation, seq)| Position::new(conversation, seq))
            .collect();
        Some(Frame::from(ServerFrame::Heads(Heads { heads })).bytes(wire))
    }
}

fn note(heads: &mut BTreeMap<ConversationId, Seq>, kind: Kind) {
    if let Kind::Event(at) = kind {
        let head = heads.entry(at.conversation).or_default();
        *head = at.seq.max(*head);
    }
}

/// Frames that wait for one connection. Source: a second of a busy room; a client that is further
/// behind is better served by pages.
pub(super) const MAX_FRAMES: usize = 256;
/// What is copied together for one write to a socket that was full.
const MAX_PIECE_BYTES: usize = 16 * 1024;
