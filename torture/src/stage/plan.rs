//! Who takes part in an episode, how they behave, and in which networks they are.

use std::time::Duration;

use shared::Encoding;

use crate::peer::{Habits, Lets};

/// Who takes part and how they behave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// People, each with a device.
    pub(crate) people: u32,
    /// People with a second device.
    pub(crate) second_devices: u32,
    /// Private conversations.
    pub(crate) directs: u32,
    /// How each device behaves.
    pub(crate) habits: Habits,
    /// In which networks they are.
    pub(crate) networks: Networks,
    /// Whether they come through the proxy.
    pub(crate) through_proxy: bool,
    /// Whether something tells them at the end that the network is back, as browsers tell the app when
    /// it is another one; of a server that is back they tell nothing.
    pub(crate) are_told: bool,
    /// The first number in the room that everybody is to hold at the end, and the logs are judged from.
    pub(crate) room_judged_from: u64,
    /// How long it may take after healing until everybody holds everything.
    pub(crate) patience: Duration,
}

/// In which networks devices are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Networks {
    /// All know WebSockets alone, and have them.
    WithSockets,
    /// All have WebSockets, and know what to do without.
    Good,
    /// About half have WebSockets, a quarter streams, a quarter only long polls, and some of each
    /// come into other networks while they write.
    Mixed,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            people: 8,
            second_devices: 3,
            directs: 6,
            habits: Habits {
                depth: 3,
                clock_scale: 1,
                tick: Duration::from_millis(40),
                longest: 200,
                encoding: Encoding::Json,
                lets: None,
                moves: false,
                is_attended: true,
            },
            networks: Networks::Mixed,
            through_proxy: false,
            are_told: false,
            room_judged_from: 1,
            patience: PATIENCE,
        }
    }
}

impl Networks {
    /// The habits of the device of this number, from 1.
    pub(super) fn habits(self, habits: Habits, number: u32) -> Habits {
        let (lets, moves) = match self {
            Self::WithSockets => (None, false),
            Self::Good => (Some(Lets::Everything), false),
            Self::Mixed => {
                let lets = match number % 8 {
                    0 => Lets::CutStreams,
                    4 => Lets::NoStreams,
                    1 | 5 => Lets::Requests,
                    _ => Lets::Everything,
                };
                (Some(lets), number.is_multiple_of(3))
            }
        };
        Habits {
            encoding: if number.is_multiple_of(2) {
                Encoding::Json
            } else {
                Encoding::Protobuf
            },
            lets,
            moves,
            // Of the usual cast one with a WebSocket and one without.
            is_attended: number % 7 != 2,
            ..habits
        }
    }
}

/// The goal: converged ten seconds after the last fault is over.
const PATIENCE: Duration = Duration::from_secs(10);
