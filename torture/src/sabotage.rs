//! Broken servers and clients, each under the fault that shows it. A harness that catches none of
//! them proves nothing of a good server.

mod cases;

use std::time::{Duration, Instant};

use histcheck::Class;

use self::cases::{CASES, Case, Where};
use crate::{
    bench::{Bench, Size},
    dice::Dice,
    failure::{Failure, Result},
    faults::{Disk, Episode, power},
    options::Options,
};

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
        Defect::TurnsTheOutbox,
        Defect::GivesUpWhenRefused,
        Defect::DropsOutboxOnTheWayUp,
        Defect::ForgetsOwnAfterRestore,
        Defect::KeepsTheOldLog,
        Defect::ReadsUnseen,
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

/// Source: half of what a good server is given, since a broken one is waited for to its end.
const PATIENCE: Duration = Duration::from_secs(4);
const TRIES: u32 = 3;
