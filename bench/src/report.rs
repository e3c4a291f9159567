//! What a mode found: a table for people, JSON for whoever compares.
//!
//! A column is a case that was measured, a row one figure of it. A figure's name ends in its unit.

use std::{collections::BTreeMap, fmt, fs, io, path::PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::{flags, histogram::Histogram};

/// All figures of a run.
pub(crate) struct Report {
    mode: &'static str,
    settings: Map<String, Value>,
    cases: Vec<Case>,
    notes: Vec<String>,
}

/// The figures of one case, in the order in which they are shown.
pub(crate) struct Case {
    name: String,
    figures: Vec<(&'static str, f64)>,
}

impl Case {
    /// Without figures yet.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            figures: Vec::new(),
        }
    }

    /// With one more.
    pub(crate) fn with(mut self, name: &'static str, figure: f64) -> Self {
        self.figures.push((name, figure));
        self
    }

    /// With one more, if it is known.
    pub(crate) fn with_any(self, name: &'static str, figure: Option<f64>) -> Self {
        match figure {
            Some(figure) => self.with(name, figure),
            None => self,
        }
    }

    /// With the quantiles of some times.
    pub(crate) fn with_quantiles(self, times: &Histogram) -> Self {
        self.with("p50_ms", times.quantile_ms(500))
            .with("p99_ms", times.quantile_ms(990))
            .with("p99.9_ms", times.quantile_ms(999))
    }

    /// What was measured.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// One of the figures.
    pub(crate) fn figure(&self, name: &str) -> Option<f64> {
        let mut figures = self.figures.iter();
        figures
            .find(|(known, _)| *known == name)
            .map(|(_, figure)| *figure)
    }

    /// The median of each figure over several runs of the same case.
    pub(crate) fn median(name: impl Into<String>, runs: &[Self]) -> Self {
        Self::of_each(name, runs, |seen| {
            let upper = seen.get(seen.len() / 2)?;
            let lower = seen.get(seen.len().saturating_sub(1) / 2)?;
            Some(f64::midpoint(*lower, *upper))
        })
    }

    /// What each figure's median lies between, however many more runs there were: of one figure, where
    /// runs do not depend on each other, that is so 19 times of 20. Below six runs nobody can tell.
    pub(crate) fn median_between([low, high]: [&str; 2], runs: &[Self]) -> Option<[Self; 2]> {
        let outside = outside_of_median(runs.len()).checked_sub(1)?;
        let from_below = |seen: &[f64]| seen.get(outside).copied();
        let from_above = |seen: &[f64]| seen.iter().rev().nth(outside).copied();
        Some([
            Self::of_each(low, runs, from_below),
            Self::of_each(high, runs, from_above),
        ])
    }

    /// What becomes of each figure's values in several runs, the smallest first.
    fn of_each(
        name: impl Into<String>,
        runs: &[Self],
        make: impl Fn(&[f64]) -> Option<f64>,
    ) -> Self {
        let names = runs.first().into_iter().flat_map(|first| &first.figures);
        names.fold(Self::new(name), |case, (name, _)| {
            let mut seen: Vec<f64> = runs.iter().filter_map(|run| run.figure(name)).collect();
            seen.sort_by(f64::total_cmp);
            case.with_any(name, make(&seen))
        })
    }

    /// How many times the figures of `base` these are.
    pub(crate) fn over(&self, base: &Self, name: impl Into<String>, of: &[&str]) -> Self {
        let mut case = Self::new(name);
        for (name, figure) in &self.figures {
            let base = base.figure(name).filter(|base| *base > 0.0);
            if let (true, Some(base)) = (of.contains(name), base) {
                case = case.with(name, figure / base);
            }
        }
        case
    }
}

/// Where a report goes besides the screen.
#[derive(Args, Clone, Default)]
pub(crate) struct Output {
    /// Write the figures here, as JSON
    #[arg(long, value_parser = flags::file_to_write, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Output {
    /// Writes it where it is wanted.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn keep(&self, report: &Report) -> io::Result<()> {
        match &self.json {
            Some(path) => fs::write(path, report.json()),
            None => Ok(()),
        }
    }
}

impl Report {
    /// Of a mode.
    pub(crate) fn new(mode: &'static str) -> Self {
        Self {
            mode,
            settings: Map::new(),
            cases: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Says what it was run with.
    pub(crate) fn setting(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a column.
    pub(crate) fn case(mut self, case: Case) -> Self {
        self.cases.push(case);
        self
    }

    /// Adds a sentence below the table.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// As JSON.
    fn json(&self) -> String {
        let cases: Vec<_> = self
            .cases
            .iter()
            .map(|case| {
                let figures: BTreeMap<_, _> = case.figures.iter().copied().collect();
                json!({ "name": case.name, "figures": figures })
            })
            .collect();
        let whole = json!({
            "mode": self.mode,
            "settings": self.settings,
            "cases": cases,
            "notes": self.notes,
        });
        format!("{whole:#}\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mode)?;
        for (name, value) in &self.settings {
            match value {
                Value::String(text) => write!(f, " {name}={text}")?,
                value => write!(f, " {name}={value}")?,
            }
        }
        writeln!(f)?;
        write!(f, "{:<NAME_WIDTH$}", "")?;
        for case in &self.cases {
            write!(f, " {:>FIGURE_WIDTH$}", case.name)?;
        }
        writeln!(f)?;
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.cases.iter().flat_map(|case| &case.figures) {
            if !names.contains(name) {
                names.push(name);
            }
        }
        for name in names {
            write!(f, "{:<NAME_WIDTH$}", name.replace('_', " "))?;
            for case in &self.cases {
                match case.figure(name) {
                    Some(figure) => write!(f, " {:>FIGURE_WIDTH$}", shown(figure))?,
                    None => write!(f, " {:>FIGURE_WIDTH$}", "")?,
                }
            }
            writeln!(f)?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        Ok(())
    }
}

/// Which of so many values, counted from either end, the median of all lies within: 0 where they are too
/// few. Source: as many lie below it as a fair coin falls; the normal distribution in its place, half a
/// value corrected, gives the same rank or, first at 17 and 44, the next one outside.
fn outside_of_median(values: usize) -> usize {
    let is_within = |rank: &usize| 1000 * (values + 1 - 2 * rank).pow(2) >= 3842 * values;
    (1..=values / 2).take_while(is_within).count()
}

/// KiB in MiB.
pub(crate) fn mib(kib: u64) -> f64 {
    count(kib) / 1024.0
}

/// A number that is shown with four digits.
pub(crate) fn count(number: impl TryInto<u64>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "four digits of it are shown")]
    number.try_into().map_or(f64::NAN, |number| number as f64)
}

/// Large figures without decimals, small ones with two or three.
fn shown(figure: f64) -> String {
    match figure.abs() {
        1000.0.. => format!("{figure:.0}"),
        100.0.. => format!("{figure:.1}"),
        1.0.. => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

const NAME_WIDTH: usize = 34;
const FIGURE_WIDTH: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_two_lies_between_them() {
        let run = |figure| Case::new("x").with("a_s", figure);
        let near = |case: Case, wanted: f64| {
            assert!((case.figure("a_s").unwrap() - wanted).abs() < 1e-9);
        };
        near(Case::median("m", &[run(9.0), run(1.0), run(2.0)]), 2.0);
        near(Case::median("m", &[run(4.0), run(1.0)]), 2.5);
        near(run(1.0).over(&run(4.0), "r", &["a_s"]), 0.25);
        assert!(run(1.0).over(&run(0.0), "r", &["a_s"]).figures.is_empty());
    }

    /// Source: the ranks of a sign test at 5 %, as in tables of it; exactly 5 of 17.
    #[test]
    fn the_median_lies_between_ranks_of_the_binomial_distribution() {
        for (values, rank) in [
            (5, 0),
            (6, 1),
            (8, 1),
            (9, 2),
            (12, 3),
            (17, 4),
            (20, 6),
            (25, 8),
            (40, 14),
        ] {
            assert_eq!(outside_of_median(values), rank, "of {values}");
        }
        let runs: Vec<_> = (1..=9)
            .rev()
            .map(|n| Case::new("x").with("a_s", f64::from(n)))
            .collect();
        let [low, high] = Case::median_between(["low", "high"], &runs).unwrap();
        assert_eq!(
            (low.figure("a_s"), high.figure("a_s")),
            (Some(2.0), Some(8.0))
        );
        assert!(Case::median_between(["low", "high"], &runs[..5]).is_none());
    }
}
