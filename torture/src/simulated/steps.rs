//! What may happen next in the world, as plain values: a failing run is a list of these.
//!
//! All chance is in them: the same steps end in the same world, and leaving one out changes no other.
//! `which` and `place` are taken modulo what there is to choose from; where there is nothing, nothing
//! happens.
//! Read next: [`super::world`], which takes them.

use proptest::prelude::*;

use super::{servers::NODES, world::DEVICES};
use crate::dice::Dice;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A person writes on a device, in one of their conversations.
    Write { who: usize, place: usize },
    /// Time goes by, for everybody.
    Wait { seconds: usize },
    /// The next frames on their way from a device come to its node.
    Upward { who: usize, many: usize },
    /// The next frames on their way to a device come to it.
    Downward { who: usize, many: usize },
    /// A person has seen all that a device shows of a conversation.
    Read { who: usize, place: usize },
    /// A node does some of the things that it has to do. Where it tells the bus, `heard` says what comes
    /// of it at each node.
    Work {
        node: usize,
        which: usize,
        many: usize,
        heard: [Heard; NODES],
    },
    /// The bus tells a node some of the things that are on their way to it, in whatever order.
    Tell { which: usize, many: usize },
    /// A frame comes to a node that is too busy for messages.
    Refuse { who: usize },
    /// A socket breaks; what was on its way is gone, in both directions.
    Cut { who: usize },
    /// A node dies with all that it was at, and is there again at once.
    Crash { node: usize },
    /// So does one that has a send at one of the points.
    CrashAt { which: usize },
    /// The mailbox of a device is full.
    Overflow { who: usize },
    /// Something happens to one push on its way to a device.
    Spoil { who: usize, how: Spoiled },
    /// A node hears nothing of the bus from now on.
    Part { node: usize },
    /// It hears again what is told from now on.
    Join { node: usize },
    /// The app of a device starts again with its outbox, and with the log as it held it or without.
    Reload { who: usize, holds_log: bool },
}

/// How often a node hears one thing that is told on the bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    Once,
    Never,
    Twice,
}

/// What becomes of a push.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Spoiled {
    Lost,
    Late,
    LateAndTwice,
}

/// How far a send has come when its node dies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum CrashPoint {
    /// It came to the node: before the commit.
    Received,
    /// The commit is done: before the bus hears of it.
    Stored,
    /// The bus has it: before the answer.
    Published,
    /// The answer is on its way: before the client has it.
    Answered,
}

impl Spoiled {
    pub(super) const ALL: [Self; 3] = [Self::Lost, Self::Late, Self::LateAndTwice];
}

impl CrashPoint {
    pub(super) const ALL: [Self; 4] = [
        Self::Received,
        Self::Stored,
        Self::Published,
        Self::Answered,
    ];
}

/// Any step. One is left out or kept as it is when a failing run shrinks: another in its place would
/// say nothing of what went wrong.
pub(super) fn step() -> BoxedStrategy<Step> {
    any::<u64>().no_shrink().prop_map(Step::of).boxed()
}

impl Step {
    /// The step of this number.
    fn of(number: u64) -> Self {
        let mut dice = Dice::new(number);
        let mut below = |n: usize| usize::try_from(dice.between(0, n as u64)).unwrap_or(0);
        let (kind, who, node) = (below(250), below(DEVICES.len()), below(NODES));
        match kind {
            0..60 => Self::Upward {
                who,
                many: 1 + below(4),
            },
            60..110 => Self::Downward {
                who,
                many: 1 + below(4),
            },
            110..172 => Self::Work {
                node,
                which: below(6),
                many: 1 + below(4),
                heard: [(); NODES].map(|()| HEARD[below(HEARD.len())]),
            },
            172..192 => Self::Tell {
                which: below(8),
                many: 1 + below(3),
            },
            192..206 => Self::Write {
                who,
                place: below(3),
            },
            206..220 => Self::Wait {
                seconds: 1 + below(3),
            },
            220..232 => Self::Read {
                who,
                place: below(3),
            },
            232..235 => Self::CrashAt { which: below(8) },
            235 => Self::Crash { node },
            236 => Self::Cut { who },
            237..239 => Self::Refuse { who },
            239..241 => Self::Overflow { who },
            241..247 => Self::Spoil {
                who,
                how: Spoiled::ALL[below(3)],
            },
            247 => Self::Part { node },
            248 => Self::Join { node },
            _ => Self::Reload {
                who,
                holds_log: below(2) == 0,
            },
        }
    }
}

/// One in ten is lost and one in ten comes twice, also when all is well.
const HEARD: [Heard; 10] = {
    let mut heard = [Heard::Once; 10];
    (heard[0], heard[1]) = (Heard::Never, Heard::Twice);
    heard
};
