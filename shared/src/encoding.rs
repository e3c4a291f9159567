//! How frames become bytes: what a socket's two ends agree on when it is opened.

/// A form of frames, which the `Sec-WebSocket-Protocol` of a socket names. The same is said in each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Encoding {
    /// Text frames of JSON. It needs no name: who asks for nothing gets it.
    #[default]
    Json,
    /// Binary frames of Protobuf, as `proto/pond.proto` lays them out.
    Protobuf,
}

impl Encoding {
    /// All that there are.
    pub const ALL: [Self; 2] = [Self::Json, Self::Protobuf];

    /// Its name in `Sec-WebSocket-Protocol`.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "pond.v1.json",
            Self::Protobuf => "pond.v1.proto",
        }
    }

    /// The one with this name.
    pub fn of_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.subprotocol() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name() {
        for encoding in Encoding::ALL {
            let name = encoding.subprotocol();
            assert_eq!(Encoding::of_subprotocol(name), Some(encoding));
        }
        assert_eq!(Encoding::of_subprotocol("pond.v2.json"), None);
    }
}
