//! What is told: a frame, and a burst of them. Each is encoded once for all who get it.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use axum::body::Bytes;
use shared::{ServerFrame, UserId, event::Position};
use tungstenite::protocol::frame::{
    Frame as SocketFrame,
    coding::{Data, OpCode},
};

/// How a connection wants its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Wire {
    /// The JSON of a frame, and nothing around it.
    #[default]
    Json,
    /// JSON as a text frame of a WebSocket.
    SocketJson,
}

/// One frame. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Frame(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    frame: ServerFrame,
    socket_json: OnceLock<Bytes>,
}

/// What a frame is to whoever reads too slowly to get them all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An entry of a log: where it stands is told in its place.
    Event(Position),
    /// Something that is true for a moment: it may be left out.
    Hint,
    /// What was asked for: it is never left out.
    Answer,
}

/// Frames that leave together.
#[derive(Debug, Default)]
pub struct Burst {
    told: Vec<Told>,
    /// Who is not told all of it.
    spared: BTreeSet<UserId>,
    joined: OnceLock<Bytes>,
}

#[derive(Debug)]
struct Told {
    frame: Frame,
    kind: Kind,
    /// Who is not told: the one it is about.
    except: Option<UserId>,
}

impl From<ServerFrame> for Frame {
    fn from(frame: ServerFrame) -> Self {
        Self(Arc::new(Encoded {
            frame,
            socket_json: OnceLock::new(),
        }))
    }
}

impl Frame {
    /// Its bytes, as this connection wants them.
    pub fn bytes(&self, wire: Wire) -> Bytes {
        let socket_json = self.0.socket_json.get_or_init(|| {
            let payload = self.0.frame.encode();
            let frame = SocketFrame::message(payload, OpCode::Data(Data::Text), true);
            let mut bytes = Vec::with_capacity(frame.len());
            match frame.format(&mut bytes) {
                Ok(()) => bytes.into(),
                // Writing to memory does not fail.
                Err(_) => Bytes::new(),
            }
        });
        match wire {
            Wire::SocketJson => socket_json.clone(),
            Wire::Json => socket_json.slice(header_bytes(socket_json).min(socket_json.len())..),
        }
    }
}

/// The length of a header without a mask. Source: RFC 6455, section 5.2.
fn header_bytes(frame: &[u8]) -> usize {
    match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    }
}

impl Burst {
    /// Adds a frame; who it is about is not told.
    pub fn add(&mut self, frame: Frame, kind: Kind, except: Option<UserId>) {
        self.joined = OnceLock::new();
        self.spared.extend(except);
        self.told.push(Told {
            frame,
            kind,
            except,
        });
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Whether there is something that this person is not told.
    pub fn spares(&self, user: UserId) -> bool {
        self.spared.contains(&user)
    }

    /// All but what this person is not told.
    #[must_use]
    pub fn without(&self, user: UserId) -> Self {
        let mut rest = Self::default();
        for told in self.told.iter().filter(|told| told.except != Some(user)) {
            rest.add(told.frame.clone(), told.kind, None);
        }
        rest
    }

    /// The frames, in order.
    pub(super) fn frames(&self, wire: Wire) -> impl Iterator<Item = (Bytes, Kind)> {
        self.told
            .iter()
            .map(move |told| (told.frame.bytes(wire), told.kind))
    }

    /// All of it as one piece for a socket, copied together once for all sockets.
    pub(super) fn joined(&self, wire: Wire) -> Bytes {
        if let [only] = &self.told[..] {
            return only.frame.bytes(wire);
        }
        let join = || self.frames(wire).flat_map(|(bytes, _)| bytes).collect();
        self.joined.get_or_init(join).clone()
    }
}

#[cfg(test)]
mod tests {
    use shared::frame::UserJoined;

    use super::*;

    #[test]
    fn a_frame_is_the_same_text_on_every_wire() {
        for length in [1, 100, 200, 70_000] {
            let frame = ServerFrame::UserJoined(UserJoined {
                nickname: "x".repeat(length),
                user: None,
            });
            let text = frame.encode();
            let frame = Frame::from(frame);
            assert_eq!(frame.bytes(Wire::Json), text.as_bytes());
            let socket = frame.bytes(Wire::SocketJson);
            assert_eq!(socket[0], 0x81, "a whole text frame");
            assert!(socket.ends_with(text.as_bytes()));
        }
    }
}
