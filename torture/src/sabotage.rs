//! Broken servers and clients, each under the fault that shows it. A harness that catches none of
//! them proves nothing of a good server.

use std::time::{Duration, Instant};

use histcheck::Class;

use crate::{
    bench::{Bench, Size},
    dice::Dice,
    failure::{Failure, Result},
    faults::{Disk, Episode, Fault, power},
    options::Options,
};

/// One defect, what shows it, and as what.
struct Case {
    /// Its name in the server, or in the client's engine.
    defect: Where,
    fault: Fault,
    /// One of these is found. None: it is no defect, and nothing may be found.
    classes: &'static [Class],
    /// How the server is slowed down at its calls, so that a random kill finds the place.
    slowed: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Where {
    Server(&'static str),
    Client(&'static str),
    /// No defect of ours: the disk says that it has synced and has not.
    Disk,
}

/// Sees that each defect is caught; says whether all were.
///
/// # Errors
/// [`Failure`] when there is no binary that can be broken.
pub(crate) async fn run(options: &Options, bench: &Bench) -> Result<bool> {
    let Some(sabotaged) = &options.sabotaged else {
        return Err(Failure::new(
            "--sabotage needs --sabotaged, a server that can be broken",
        ));
    };
    let seed = options.seed.unwrap_or(1);
    println!("seed {seed}\n");
    println!("| defect | fault | found as | expected | seconds | |\n|---|---|---|---|---|---|");
    let (mut caught, mut missed, mut left_out) = (0, 0, 0);
    for case in CASES {
        let name = case.defect.name();
        if !options.defect.is_empty() && !options.defect.iter().any(|one| one == name) {
            continue;
        }
        if case.fault.is_missing(bench).is_some() || (case.is_traced() && !bench.can_trace) {
            println!(
                "| {name} | {} | | | | left out: it cannot be had here |",
                case.fault
            );
            left_out += 1;
            continue;
        }
        let mut bench = bench.clone();
        bench.size = Size::Short;
        bench.pond.clone_from(sabotaged);
        // What is no defect has the time of a good server.
        bench.patience = (!case.classes.is_empty()).then_some(PATIENCE);
        bench.slowed = case.slowed.iter().map(|one| (*one).to_owned()).collect();
        let started = Instant::now();
        let (is_caught, found) = case.is_caught(&bench, seed).await?;
        let expected = words(case.classes.iter().copied());
        let verdict = if is_caught { "ok" } else { "**MISSED**" };
        println!(
            "| {name} | {} | {found} | {expected} | {:.0} | {verdict} |",
            case.fault,
            started.elapsed().as_secs_f64()
        );
        caught += u32::from(is_caught);
        missed += u32::from(!is_caught);
    }
    println!("\n{caught} as expected, {missed} not, {left_out} left out");
    Ok(missed == 0 && caught > 0)
}

impl Case {
    fn is_traced(&self) -> bool {
        self.defect == Where::Disk || !self.slowed.is_empty()
    }

    /// Whether it is found as what it is, in a few tries: a random fault may miss the place.
    async fn is_caught(&self, bench: &Bench, seed: u64) -> Result<(bool, String)> {
        let mut found = String::new();
        for turn in 0..TRIES {
            let mut dice = Dice::new(seed).fork(&format!("{:?} {turn}", self.defect));
            let episode = match self.strike(bench, &mut dice).await {
                Ok(episode) => episode,
                Err(failure) => {
                    found = failure.to_string();
                    continue;
                }
            };
            found = words(episode.report.classes());
            if self.classes.is_empty() {
                return Ok((episode.is_good(), found));
            }
            if self.classes.iter().any(|class| episode.report.has(*class)) {
                return Ok((true, found));
            }
        }
        Ok((false, found))
    }

    async fn strike(&self, bench: &Bench, dice: &mut Dice) -> Result<Episode> {
        let mut bench = bench.clone();
        match self.defect {
            Where::Server(name) => {
                bench.sabotage = Some(name.to_owned());
                self.fault.strike(&bench, dice).await
            }
            Where::Client(name) => {
                choose(name)?;
                let episode = self.fault.strike(&bench, dice).await;
                choose("")?;
                episode
            }
            Where::Disk => power::cuts(&bench, dice, Disk::Lying, 3).await,
        }
    }
}

impl Where {
    fn name(self) -> &'static str {
        match self {
            Self::Server(name) | Self::Client(name) => name,
            Self::Disk => "LyingDisk",
        }
    }
}

fn words(classes: impl Iterator<Item = Class>) -> String {
    let words: Vec<_> = classes.map(|class| class.to_string()).collect();
    if words.is_empty() {
        "nothing".into()
    } else {
        words.join(", ")
    }
}

/// Breaks the engine of every client of this process; an empty name mends it.
#[cfg(feature = "sabotage")]
fn choose(name: &str) -> Result<()> {
    use client::sabotage::Defect;
    let all = [
        Defect::IgnoresGaps,
        Defect::TakesTwice,
        Defect::CursorAhead,
        Defect::CursorBehind,
        Defect::DropsOutbox,
        Defect::NewIdOnRetry,
        Defect::SendsTwoAtOnce,
    ];
    let chosen = all.into_iter().find(|defect| format!("{defect:?}") == name);
    if chosen.is_none() && !name.is_empty() {
        return Err(Failure::new(format!("There is no defect {name}")));
    }
    client::sabotage::choose(chosen);
    Ok(())
}

#[cfg(not(feature = "sabotage"))]
fn choose(name: &str) -> Result<()> {
    Err(Failure::new(format!(
        "This build cannot break a client: {name} needs the feature sabotage"
    )))
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

const CASES: [Case; 26] = [
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
    server("none", Fault::Kill, &[], SLOW_ANSWERS),
];

/// Widens the gap between an answer and its commit, and between a commit and its answer.
const SLOW_WRITES: &[&str] = &["pwrite64:delay_enter=2000"];
const SLOW_ANSWERS: &[&str] = &["sendto,writev:delay_enter=2000"];
/// Source: half of what a good server is given, since a broken one is waited for to its end.
const PATIENCE: Duration = Duration::from_secs(4);
const TRIES: u32 = 3;
