//! A simulated world: the product's clients and servers, several of them on one store, and much
//! of what can go wrong between them, in steps that are drawn. No clock and no socket, so a hundred worlds
//! take seconds; the same judge as for the real server says whether a promise was broken.
//!
//! # When a world fails
//!
//! It shrinks: steps are left out until each that is left matters, and those are printed. They are all
//! of the world: played again they fail again. With them comes a line `cc …`, the seed, which is
//! added to `torture/proptest-regressions/simulated/mod.txt`; while it stands there each run begins
//! with that world, wherever the file is. (A seed means another world once [`steps`] draws otherwise;
//! the steps stay what they are.) `PROPTEST_RNG_SEED=7` draws the same worlds in each run, and
//! `PROPTEST_CASES=100000` more of them.
//!
//! Read next: [`steps`] for what may happen, [`machine`] for what must hold, [`servers`] for the nodes,
//! which are the product's own code.

mod machine;
mod servers;
mod shrinking;
mod steps;
mod world;

use std::{collections::BTreeMap, time::Duration};

use histcheck::{Class, Report};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{TestError, TestRunner},
};
use proptest_state_machine::{ReferenceStateMachine as _, StateMachineTest as _};

use self::{
    machine::{Expected, Simulation},
    servers::Flaw,
    shrinking::{Case, Thorough},
    steps::{CrashPoint, Spoiled, Step},
    world::World,
};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        max_shrink_iters: SHRINKS,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_promise_holds_in_every_world((expected, steps, seen) in cases(STEPS, None)) {
        Simulation::test_sequential(ProptestConfig::default(), expected, steps, seen);
    }
}

#[test]
fn each_flaw_of_a_server_is_caught_as_what_it_is() {
    let flaws = [
        (Flaw::AcksBeforeCommit, Class::Lost),
        (Flaw::StoresTwice, Class::Doubled),
        (Flaw::CountsOnEachNode, Class::Diverged),
        (Flaw::PublishesEarly, Class::Diverged),
        (Flaw::HidesHeads, Class::Stuck),
        (Flaw::TellsEverybody, Class::Leaked),
    ];
    for (flaw, class) in flaws {
        let is_caught = |world| judge(world).has(class);
        assert!(
            worlds(Some(flaw)).take(200).any(is_caught),
            "{flaw:?} was never {class}"
        );
    }
}

/// Otherwise a failure could neither shrink nor be played again: the store has threads of its own.
#[test]
fn the_same_steps_end_in_the_same_world() {
    let history = |mut world: World| {
        world.heal();
        world.history()
    };
    for (one, again) in worlds(None).zip(worlds(None)).take(40) {
        let is_same = history(one) == history(again);
        assert!(is_same, "they differ");
    }
}

/// What takes no effect is survived by anything: each rare thing happens often, and in many worlds.
#[test]
fn each_rare_thing_happens_in_many_worlds() {
    let mut totals: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let (mut stored, mut written) = (0, 0);
    for world in worlds(None).take(100) {
        let (seen, at_servers) = world.seen();
        let crashes =
            CrashPoint::ALL.map(|point| (format!("died {point:?}"), seen.crashes.get(&point)));
        let spoiled = Spoiled::ALL.map(|how| (format!("push {how:?}"), seen.spoiled.get(&how)));
        let counted = crashes.into_iter().chain(spoiled);
        let counted = counted.map(|(what, times)| (what, times.copied().unwrap_or(0)));
        let others = [
            ("overflowed", seen.overflowed),
            ("resumed", seen.resumed),
            ("unheard", at_servers.unheard),
            ("refused", at_servers.refused),
            ("together", at_servers.together),
            ("bursts", at_servers.bursts),
            ("marked", at_servers.marked),
        ];
        let others = others.map(|(what, times)| (what.to_owned(), times));
        for (what, times) in counted.chain(others) {
            let (total, in_worlds) = totals.entry(what).or_default();
            *total += times;
            *in_worlds += u32::from(times > 0);
        }
        stored += world.stored();
        written += world.written();
    }
    for (what, (total, in_worlds)) in &totals {
        println!("{what}: {total} times, in {in_worlds} of 100 worlds");
    }
    println!("{stored} of {written} messages were stored before all was well");
    for (what, (_, in_worlds)) in totals {
        assert!(in_worlds >= 20, "{what}: only in {in_worlds} of 100 worlds");
    }
    assert!(
        stored * 4 >= written,
        "{stored} of {written} messages were stored in time"
    );
}

#[test]
fn a_failing_world_shrinks_to_a_few_steps_that_each_matter() {
    // What shows whenever somebody else is there, and what takes a crash just there.
    for flaw in [Flaw::TellsEverybody, Flaw::StoresTwice] {
        let steps = shrunk(flaw);
        assert!(steps.len() <= 12, "{flaw:?}: {steps:#?}");
        assert!(
            fails(Some(flaw), &steps),
            "{flaw:?} is survived: {steps:#?}"
        );
        assert!(!fails(None, &steps), "it is not {flaw:?}: {steps:#?}");
        for at in 0..steps.len() {
            let without = [&steps[..at], &steps[at + 1..]].concat();
            assert!(!fails(Some(flaw), &without), "idle at {at}: {steps:#?}");
        }
    }
}

/// The steps that are left of a world in which the flaw shows.
fn shrunk(flaw: Flaw) -> Vec<Step> {
    let config = ProptestConfig {
        cases: 1000,
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRunner::deterministic().new_rng();
    let mut runner = TestRunner::new_with_rng(config.clone(), rng);
    let outcome = runner.run(&cases(FEW_STEPS, Some(flaw)), |(expected, steps, seen)| {
        Simulation::test_sequential(config.clone(), expected, steps, seen);
        Ok(())
    });
    match outcome {
        Err(TestError::Fail(_, (_, steps, _))) => steps,
        other => panic!("{flaw:?} was not caught: {other:?}"),
    }
}

fn fails(flaw: Option<Flaw>, steps: &[Step]) -> bool {
    let (expected, steps) = (Expected::with(flaw), steps.to_vec());
    let play = || Simulation::test_sequential(ProptestConfig::default(), expected, steps, None);
    std::panic::catch_unwind(play).is_err()
}

/// What worlds of so many steps are played from, on servers with this flaw.
fn cases(steps: usize, flaw: Option<Flaw>) -> impl Strategy<Value = Case> {
    let cases = Simulation::sequential_strategy(steps);
    Thorough(cases.prop_map(move |(_, steps, seen)| (Expected::with(flaw), steps, seen)))
}

/// Always the same worlds, after their steps and not healed.
fn worlds(flaw: Option<Flaw>) -> impl Iterator<Item = World> {
    let mut runner = TestRunner::deterministic();
    let cases = cases(STEPS, flaw);
    std::iter::repeat_with(move || {
        let (_, steps, _) = cases.new_tree(&mut runner).unwrap().current();
        let mut world = World::new(flaw);
        for step in steps {
            world.take(step);
        }
        world
    })
}

fn judge(mut world: World) -> Report {
    world.heal();
    histcheck::check(&world.history())
}

/// Steps before it heals. Source: enough for some tens of messages and several crashes.
const STEPS: usize = 500;
/// The same, of worlds that are to shrink. Source: each step left is one more world to try.
const FEW_STEPS: usize = 80;
/// How often a failing world is tried with less. Source: each step is left out once and put back, and
/// the few that are left some times more.
const SHRINKS: u32 = 3000;
/// By the clients' clock: two missed heartbeats, the longest wait before a try, and what is left to
/// send.
const PATIENCE: Duration = Duration::from_mins(3);
