//! What is told: a frame, and a burst of them. Each is encoded once for all who get it.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use axum::body::Bytes;
use shared::{Encoding, ServerFrame, UserId, event::Position};
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
    /// A frame of a WebSocket: of text for JSON, and of bytes for Protobuf.
    Socket(Encoding),
}

/// One frame. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Frame(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    frame: ServerFrame,
    on_socket: PerEncoding,
}

/// What is made at most once for each encoding, when the first connection wants it.
#[derive(Debug, Default)]
struct PerEncoding {
    json: OnceLock<Bytes>,
    protobuf: OnceLock<Bytes>,
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
    joined: PerEncoding,
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
            on_socket: PerEncoding::default(),
        }))
    }
}

impl Frame {
    /// Its bytes, as this connection wants them.
    pub fn bytes(&self, wire: Wire) -> Bytes {
        match wire {
            Wire::Socket(encoding) => self.on_socket(encoding).clone(),
            Wire::Json => {
                let framed = self.on_socket(Encoding::Json);
                framed.slice(header_bytes(framed).min(framed.len())..)
            }
        }
    }

    fn on_socket(&self, encoding: Encoding) -> &Bytes {
        let frame = &self.0.frame;
        let make = || match encoding {
            Encoding::Json => framed(frame.encode(), Data::Text),
            Encoding::Protobuf => framed(frame.encode_protobuf(), Data::Binary),
        };
        self.0.on_socket.of(encoding).get_or_init(make)
    }
}

impl PerEncoding {
    fn of(&self, encoding: Encoding) -> &OnceLock<Bytes> {
        match encoding {
            Encoding::Json => &self.json,
            Encoding::Protobuf => &self.protobuf,
        }
    }
}

/// A whole frame of a WebSocket with this in it.
fn framed(payload: impl Into<Bytes>, kind: Data) -> Bytes {
    let frame = SocketFrame::message(payload, OpCode::Data(kind), true);
    let mut bytes = Vec::with_capacity(frame.len());
    match frame.format(&mut bytes) {
        Ok(()) => bytes.into(),
        // Writing to memory does not fail.
        Err(_) => Bytes::new(),
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
        self.joined = PerEncoding::default();
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

    /// All of it as one piece, copied together once for all sockets of an encoding.
    pub(super) fn joined(&self, encoding: Encoding) -> &Bytes {
        if let [only] = &self.told[..] {
            return only.frame.on_socket(encoding);
        }
        let pieces = self.told.iter().map(|told| told.frame.on_socket(encoding));
        let join = || pieces.map(AsRef::as_ref).collect::<Vec<&[u8]>>().concat();
        self.joined.of(encoding).get_or_init(|| join().into())
    }
}

#[cfg(test)]
mod tests {
    use shared::frame::UserJoined;

    use super::*;

    fn joined(name: &str) -> Frame {
        let joined = UserJoined {
            nickname: name.into(),
            user: None,
        };
        ServerFrame::UserJoined(joined).into()
    }

    #[test]
    fn a_frame_is_made_once_for_each_encoding_and_for_none_that_nobody_wants() {
        let frame = joined("Ana");
        let json = frame.bytes(Wire::Socket(Encoding::Json));
        assert!(frame.0.on_socket.protobuf.get().is_none());
        let protobuf = frame.bytes(Wire::Socket(Encoding::Protobuf));
        assert_eq!(protobuf[..2], [0x82, 7], "a whole binary frame");
        assert_eq!(
            ServerFrame::decode_protobuf(&protobuf[2..]),
            Ok(frame.0.frame.clone())
        );
        for (wire, bytes) in [
            (Wire::Socket(Encoding::Json), json),
            (Wire::Socket(Encoding::Protobuf), protobuf),
        ] {
            assert_eq!(
                frame.clone().bytes(wire).as_ptr(),
                bytes.as_ptr(),
                "shared, not made anew"
            );
        }
    }

    #[test]
    fn a_burst_is_joined_for_each_encoding_by_itself() {
        let mut burst = Burst::default();
        for name in ["Ana", "Bo"] {
            burst.add(joined(name), Kind::Hint, None);
        }
        for encoding in Encoding::ALL {
            let frames = burst.frames(Wire::Socket(encoding));
            let one_by_one: Vec<_> = frames.flat_map(|(bytes, _)| bytes).collect();
            assert_eq!(burst.joined(encoding), &one_by_one, "{encoding:?}");
        }
    }

    #[test]
    fn a_frame_is_the_same_text_on_every_wire() {
        for length in [1, 100, 200, 70_000] {
            let frame = joined(&"x".repeat(length));
            let text = frame.0.frame.encode();
            assert_eq!(frame.bytes(Wire::Json), text.as_bytes());
            let socket = frame.bytes(Wire::Socket(Encoding::Json));
            assert_eq!(socket[0], 0x81, "a whole text frame");
            assert!(socket.ends_with(text.as_bytes()));
        }
    }
}
