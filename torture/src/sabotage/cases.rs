//! The list of defects, each with the fault that shows it and what it must be found as.

use histcheck::Class;

use crate::faults::Fault;

/// One defect, what shows it, and as what.
pub(super) struct Case {
    /// Its name in the server, or in the client's engine.
    pub(super) defect: Where,
    pub(super) fault: Fault,
    /// One of these is found. None: it is no defect, and nothing may be found.
    pub(super) classes: &'static [Class],
    /// How the server is slowed down at its calls, so that a random kill finds the place.
    pub(super) slowed: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Where {
    Server(&'static str),
    Client(&'static str),
    /// No defect of ours: the disk says that it has synced and has not.
    Disk,
}

impl Where {
    /// What it is called on the command line and in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Server(name) | Self::Client(name) => name,
            Self::Disk => "LyingDisk",
        }
    }
}

const fn server(
    name: &'static str,
    fault: Fault,
    classes: &'static [Class],
    slowed: &'static [&'static str],
) -> Case {
    Case {
        defect: Where::Server(name),
        fault,
        classes,
        slowed,
    }
}

const fn client(name: &'static str, fault: Fault, classes: &'static [Class]) -> Case {
    Case {
        defect: Where::Client(name),
        fault,
        classes,
        slowed: &[],
    }
}

/// All of them, those of the server first; the last is none.
pub(super) const CASES: [Case; 42] = [
    server("AcksBeforeCommit", Fault::Kill, &[Class::Lost], SLOW_WRITES),
    server("SyncsLate", Fault::Power, &[Class::Lost], &[]),
    server(
        "NeverSyncs",
        Fault::Power,
        &[Class::Lost, Class::Unsound],
        &[],
    ),
    Case {
        defect: Where::Disk,
        fault: Fault::Power,
        classes: &[Class::Lost],
        slowed: &[],
    },
    server("StoresTwice", Fault::Network, &[Class::Doubled], &[]),
    server(
        "DedupesInMemory",
        Fault::Kill,
        &[Class::Doubled],
        SLOW_ANSWERS,
    ),
    server(
        "DedupesForAMoment",
        Fault::Kill,
        &[Class::Doubled],
        SLOW_ANSWERS,
    ),
    server("CountsInMemory", Fault::Error, &[Class::Hole], &[]),
    server(
        "PublishesEarly",
        Fault::Error,
        &[Class::Doubled, Class::Diverged],
        &[],
    ),
    server(
        "IgnoresErrors",
        Fault::Error,
        &[Class::Lost, Class::FalseAck],
        &[],
    ),
    // A slow sync makes large batches, of which the last is lost as well.
    server(
        "DropsWhenFull",
        Fault::Slow,
        &[Class::Lost, Class::Stuck],
        &[],
    ),
    server("LosesPushes", Fault::Silent, &[], &[]),
    server(
        "HidesHeads",
        Fault::Silent,
        &[Class::Lost, Class::Stuck],
        &[],
    ),
    server("TellsEverybody", Fault::Load, &[Class::Leaked], &[]),
    server("LetsEverybodyRead", Fault::Load, &[Class::Leaked], &[]),
    server("ReadsStale", Fault::Network, &[Class::TimeTravel], &[]),
    server("Garbles", Fault::Load, &[Class::Corrupt], &[]),
    server("AcksWrongSeq", Fault::Load, &[Class::FalseAck], &[]),
    server(
        "AcksWithoutStoring",
        Fault::Load,
        &[Class::Lost, Class::FalseAck],
        &[],
    ),
    server(
        "SkipsNumbers",
        Fault::Load,
        &[Class::Hole, Class::Stuck],
        &[],
    ),
    server(
        "MisplacesPrivate",
        Fault::Load,
        &[Class::Leaked, Class::Phantom],
        &[],
    ),
    server(
        "SkipsInPages",
        Fault::Network,
        &[Class::Hole, Class::Stuck],
        &[],
    ),
    // The client finds it all the same, by the next event's check value, and its own messages go again:
    // behind later ones that it said meanwhile.
    server(
        "HidesDivergence",
        Fault::Restore,
        &[Class::Lost, Class::Reordered],
        &[],
    ),
    server(
        "ForgetsTails",
        Fault::Kill,
        &[Class::Lost, Class::TimeTravel],
        &[],
    ),
    server("DropsLog", Fault::Kill, &[Class::Lost], &[]),
    server("LowersMarks", Fault::Network, &[Class::TimeTravel], &[]),
    server("MarksTheHead", Fault::Load, &[Class::Phantom], &[]),
    server("ForgetsMarks", Fault::Network, &[Class::TimeTravel], &[]),
    client("IgnoresGaps", Fault::Network, &[Class::Hole]),
    client("TakesTwice", Fault::Load, &[Class::Doubled]),
    client("CursorAhead", Fault::Network, &[Class::Lost, Class::Stuck]),
    client("CursorBehind", Fault::Load, &[Class::Doubled]),
    client("DropsOutbox", Fault::Network, &[Class::Lost]),
    client(
        "NewIdOnRetry",
        Fault::Network,
        &[Class::Phantom, Class::Doubled],
    ),
    client("SendsTwoAtOnce", Fault::Error, &[Class::Reordered]),
    client("TurnsTheOutbox", Fault::Load, &[Class::Reordered]),
    client("GivesUpWhenRefused", Fault::Error, &[Class::Lost]),
    client("DropsOutboxOnTheWayUp", Fault::Proxy, &[Class::Lost]),
    client("ForgetsOwnAfterRestore", Fault::Restore, &[Class::Lost]),
    client(
        "KeepsTheOldLog",
        Fault::Restore,
        &[Class::Diverged, Class::Stuck],
    ),
    client("ReadsUnseen", Fault::Network, &[Class::Phantom]),
    server("none", Fault::Kill, &[], SLOW_ANSWERS),
];

/// Widens the gap between an answer and its commit, and between a commit and its answer.
const SLOW_WRITES: &[&str] = &["pwrite64:delay_enter=2000"];
const SLOW_ANSWERS: &[&str] = &["sendto,writev:delay_enter=2000"];
