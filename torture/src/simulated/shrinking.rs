//! Shrinking to the end: of a world that fails no step can be left out any more.
//!
//! The library leaves out each step once, from the last to the first, and so keeps what only mattered
//! for the sake of one that goes later. From there on, each is tried again until none goes.

use std::sync::{Arc, atomic::AtomicUsize};

use proptest::{
    strategy::{NewTree, Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::{machine::Expected, steps::Step};

/// What a world is played from; the last one counts the steps that were taken, for the library.
pub(super) type Case = (Expected, Vec<Step>, Option<Arc<AtomicUsize>>);

/// Cases of this strategy, which shrink to the end.
#[derive(Debug)]
pub(super) struct Thorough<S>(pub(super) S);

impl<S: Strategy<Value = Case>> Strategy for Thorough<S> {
    type Tree = Shrinking<S::Tree>;
    type Value = Case;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let first = self.0.new_tree(runner)?;
        Ok(Shrinking { first, rest: None })
    }
}

/// One case: as the library shrinks it, and once that has ended what is left.
pub(super) struct Shrinking<T> {
    first: T,
    rest: Option<Rest>,
}

struct Rest {
    expected: Expected,
    steps: Vec<Step>,
    /// Those from here on were tried in this round.
    at: usize,
    /// Taken from there, to see whether it fails without.
    out: Option<Step>,
    /// How many had to stay since the last one that went.
    stayed: usize,
}

impl<T: ValueTree<Value = Case>> ValueTree for Shrinking<T> {
    type Value = Case;

    fn current(&self) -> Case {
        match &self.rest {
            None => self.first.current(),
            Some(rest) => (rest.expected.clone(), rest.steps.clone(), None),
        }
    }

    fn simplify(&mut self) -> bool {
        if self.rest.is_none() && self.first.simplify() {
            return true;
        }
        let first = &self.first;
        self.rest
            .get_or_insert_with(|| Rest::of(first.current()))
            .leave_out()
    }

    fn complicate(&mut self) -> bool {
        match &mut self.rest {
            None => self.first.complicate(),
            Some(rest) => rest.put_back(),
        }
    }
}

impl Rest {
    fn of((expected, steps, _): Case) -> Self {
        Self {
            expected,
            at: steps.len(),
            steps,
            out: None,
            stayed: 0,
        }
    }

    /// It fails as it is.
    fn leave_out(&mut self) -> bool {
        if self.out.take().is_some() {
            self.stayed = 0;
        }
        if self.stayed == self.steps.len() {
            return false;
        }
        self.at = self.at.checked_sub(1).unwrap_or(self.steps.len() - 1);
        self.out = Some(self.steps.remove(self.at));
        true
    }

    /// It does not fail without the last one.
    fn put_back(&mut self) -> bool {
        let Some(step) = self.out.take() else {
            return false;
        };
        self.steps.insert(self.at, step);
        self.stayed += 1;
        true
    }
}
