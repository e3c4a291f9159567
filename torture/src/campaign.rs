//! A campaign: round after round of faults until the time is over, and a table at the end.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use histcheck::Class;

use crate::{
    bench::Bench,
    carried::Carried,
    dice::Dice,
    failure::Result,
    faults::{Episode, Fault, Places},
    options::Options,
    stage::InSync,
};

/// One line of the table.
#[derive(Default)]
struct Tally {
    episodes: u32,
    faults: u32,
    acked: u64,
    lost: u64,
    doubled: u64,
    misordered: u64,
    other: u64,
    /// The longest, where somebody looks, and of all.
    seen: Longest,
    all: Longest,
    carried: Carried,
    note: String,
}

/// The longest of some times; none where it never came.
#[derive(Clone, Copy)]
struct Longest(Option<Duration>);

/// Runs the campaign; says whether every promise held.
///
/// # Errors
/// [`crate::failure::Failure`] when the harness cannot go on.
pub(crate) async fn run(options: &Options, bench: &Bench) -> Result<bool> {
    let seed = options
        .seed
        .unwrap_or_else(|| Dice::new(std::process::id().into()).fork(&now()).roll());
    println!("seed {seed}; the same faults again: cargo xtask torture --seed {seed}");
    let bench = &Bench {
        places: Places::new(seed).into(),
        ..bench.clone()
    };
    let wanted = |fault: &Fault| match options.only.as_slice() {
        [] => true,
        only => only.contains(fault),
    };
    let mut faults: Vec<_> = Fault::ALL.into_iter().filter(wanted).collect();
    faults.retain(|fault| match fault.is_missing(bench) {
        Some(why) => {
            println!("{fault}: left out, because {why}");
            false
        }
        None => true,
    });
    let until = Instant::now() + Duration::from_secs(60 * options.minutes.unwrap_or(0));
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut is_good = true;
    for round in 0_u32.. {
        for fault in &faults {
            if round > 0 && (Instant::now() >= until || is_once(*fault)) {
                continue;
            }
            let mut dice = Dice::new(seed).fork(&format!("{fault} {round}"));
            let started = Instant::now();
            let episode = fault.strike(bench, &mut dice).await?;
            tell(&episode, round, started.elapsed());
            is_good &= episode.is_good();
            tallies.entry(fault.name()).or_default().add(&episode);
        }
        if Instant::now() >= until {
            break;
        }
    }
    print_table(&faults, &tallies);
    if tallies.is_empty() {
        println!("Nothing was struck, and so nothing is shown: see above what was left out");
        return Ok(false);
    }
    println!(
        "{}",
        if is_good {
            "Every promise held"
        } else {
            "A promise was broken"
        }
    );
    Ok(is_good)
}

/// Measured rather than repeated.
fn is_once(fault: Fault) -> bool {
    matches!(fault, Fault::Storm | Fault::Million)
}

fn tell(episode: &Episode, round: u32, took: Duration) {
    let verdict = if episode.is_good() { "good" } else { "BROKEN" };
    let counts = episode.report.counts;
    let InSync { seen, all } = episode.in_sync;
    let (seen, all) = (Longest(seen), Longest(all));
    println!(
        "{:<12} {verdict:<6} round {round}: {} faults, {} acknowledged, in sync after {seen}, all after {all} ({:.0} s) {}",
        episode.fault.name(),
        episode.faults,
        counts.acked,
        took.as_secs_f64(),
        episode.note,
    );
    if !episode.report.is_good() {
        println!("{}", episode.report);
    }
    if let Some(complaint) = &episode.complaint {
        println!("  {complaint}");
    }
}

impl Tally {
    fn add(&mut self, episode: &Episode) {
        let times = |classes: &[Class]| {
            classes
                .iter()
                .map(|class| episode.report.times(*class))
                .sum::<u64>()
        };
        self.episodes += 1;
        self.faults += episode.faults;
        self.acked += episode.report.counts.acked;
        self.lost += times(&[Class::Lost]);
        self.doubled += times(&[Class::Doubled]);
        self.misordered += times(&[Class::Reordered, Class::Hole, Class::Diverged]);
        let all: u64 = episode
            .report
            .classes()
            .map(|class| episode.report.times(class))
            .sum();
        self.other += all + u64::from(episode.complaint.is_some())
            - times(&[
                Class::Lost,
                Class::Doubled,
                Class::Reordered,
                Class::Hole,
                Class::Diverged,
            ]);
        self.seen = self.seen.or(Longest(episode.in_sync.seen));
        self.all = self.all.or(Longest(episode.in_sync.all));
        self.carried += episode.carried;
        self.note.clone_from(&episode.note);
    }
}

fn print_table(faults: &[Fault], tallies: &BTreeMap<&str, Tally>) {
    println!();
    println!(
        "| fault | episodes | faults | acknowledged | lost | doubled | misordered | other | in sync: looked at | all |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut sum = Tally::default();
    for fault in faults {
        let Some(tally) = tallies.get(fault.name()) else {
            continue;
        };
        print_row(fault.name(), tally);
        sum.episodes += tally.episodes;
        sum.faults += tally.faults;
        sum.acked += tally.acked;
        sum.lost += tally.lost;
        sum.doubled += tally.doubled;
        sum.misordered += tally.misordered;
        sum.other += tally.other;
        sum.seen = sum.seen.or(tally.seen);
        sum.all = sum.all.or(tally.all);
        sum.carried += tally.carried;
    }
    print_row("all", &sum);
    println!("\n{}", sum.carried);
}

fn print_row(name: &str, tally: &Tally) {
    let Tally {
        episodes,
        faults,
        acked,
        lost,
        doubled,
        misordered,
        other,
        seen,
        all,
        ..
    } = tally;
    println!(
        "| {name} | {episodes} | {faults} | {acked} | {lost} | {doubled} | {misordered} | {other} | {seen} | {all} |"
    );
}

impl Longest {
    fn or(self, other: Self) -> Self {
        Self(self.0.zip(other.0).map(|(one, other)| one.max(other)))
    }
}

impl Default for Longest {
    fn default() -> Self {
        Self(Some(Duration::ZERO))
    }
}

impl fmt::Display for Longest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(took) => write!(f, "{:.1} s", took.as_secs_f64()),
            None => f.write_str("never"),
        }
    }
}

fn now() -> String {
    format!("{:?}", std::time::SystemTime::now())
}
