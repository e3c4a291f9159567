//! What a check found.

use std::{collections::BTreeMap, fmt};

/// In which way a promise was broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// What was acknowledged, or written and never refused, is not there.
    Lost,
    /// One message has two numbers, or is shown twice.
    Doubled,
    /// A message that nobody wrote, or that was refused, or is said to be by somebody else; a mark that
    /// nobody made.
    Phantom,
    /// The text is not what was written.
    Corrupt,
    /// The acknowledgement named another number than the one where the message is.
    FalseAck,
    /// Messages stand in another order than they were written or acknowledged in.
    Reordered,
    /// A log, or what is shown of it, jumps over a number.
    Hole,
    /// Two clients hold different events at one number.
    Diverged,
    /// Not everybody held everything in time, or something is still on its way.
    Stuck,
    /// Somebody was told of a conversation that is not theirs.
    Leaked,
    /// The server said a smaller newest number, or mark, than it had said before.
    TimeTravel,
    /// The database is not sound.
    Unsound,
}

/// One broken promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// In which way.
    pub class: Class,
    /// Where, who, which, in words.
    pub detail: String,
}

/// How much was looked at, so that a check of nothing is not taken for a good one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Messages written.
    pub invoked: u64,
    /// Messages acknowledged.
    pub acked: u64,
    /// Messages refused.
    pub refused: u64,
    /// Events that came in frames.
    pub received: u64,
    /// Events added to a screen.
    pub shown: u64,
    /// Events in all logs, each once.
    pub stored: u64,
    /// What the server said of marks.
    pub marked: u64,
}

/// All that a check found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How much was looked at.
    pub counts: Counts,
    found: BTreeMap<Class, Found>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Found {
    times: u64,
    examples: Vec<Violation>,
}

impl Report {
    /// Whether every promise held.
    pub fn is_good(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether a promise was broken in this way.
    pub fn has(&self, class: Class) -> bool {
        self.found.contains_key(&class)
    }

    /// How often a promise was broken in this way.
    pub fn times(&self, class: Class) -> u64 {
        self.found.get(&class).map_or(0, |found| found.times)
    }

    /// The ways in which promises were broken.
    pub fn classes(&self) -> impl Iterator<Item = Class> {
        self.found.keys().copied()
    }

    /// The first few of each class.
    pub fn examples(&self) -> impl Iterator<Item = &Violation> {
        self.found.values().flat_map(|found| &found.examples)
    }

    pub(crate) fn add(&mut self, class: Class, detail: impl FnOnce() -> String) {
        let found = self.found.entry(class).or_default();
        found.times += 1;
        if found.examples.len() < MAX_EXAMPLES {
            let detail = detail();
            found.examples.push(Violation { class, detail });
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Doubled => "doubled",
            Self::Phantom => "phantom",
            Self::Corrupt => "corrupt",
            Self::FalseAck => "false ack",
            Self::Reordered => "reordered",
            Self::Hole => "hole",
            Self::Diverged => "diverged",
            Self::Stuck => "stuck",
            Self::Leaked => "leaked",
            Self::TimeTravel => "time travel",
            Self::Unsound => "unsound",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            invoked,
            acked,
            stored,
            received,
            shown,
            marked,
            refused: _,
        } = self.counts;
        write!(
            f,
            "{invoked} written, {acked} acknowledged, {stored} stored, {received} received, {shown} shown, {marked} marks"
        )?;
        for (class, found) in &self.found {
            write!(f, "\n  {class}: {} times", found.times)?;
            for example in &found.examples {
                write!(f, "\n    {}", example.detail)?;
            }
        }
        Ok(())
    }
}

/// Of each class this many are told in words; the others are counted.
const MAX_EXAMPLES: usize = 5;
