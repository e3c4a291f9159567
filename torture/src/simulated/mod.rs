//! A simulated world: the product's clients, several servers on one store, and everything between
//! them that can go wrong, under one seed. No clock and no socket, so thousands of worlds take a
//! minute; the same judge as for the real server says whether a promise was broken.
//!
//! Read next: [`model`], the servers as `docs/protocol.md` has them.

mod model;
mod world;

use std::time::Duration;

use histcheck::{Class, Report};
use proptest::prelude::*;

use self::{model::Flaw, world::World};

/// A world of this seed: spoiled for a while, then healed.
fn play(seed: u64, flaw: Option<Flaw>) -> Report {
    let mut world = World::new(seed, flaw);
    for _ in 0..STEPS {
        world.step();
    }
    world.heal();
    histcheck::check(&world.history())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1200, max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// The seed is what proptest prints.
    #[test]
    fn every_promise_holds_in_every_world(seed in any::<u64>()) {
        let report = play(seed, None);
        prop_assert!(report.is_good(), "seed {}: {}", seed, report);
        prop_assert!(report.counts.stored > 3, "seed {}: {}", seed, report);
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
        let worlds = (0..200).map(|seed| play(seed, Some(flaw)));
        let caught = worlds
            .map(|report| report.has(class))
            .position(|is_caught| is_caught);
        assert!(caught.is_some(), "{flaw:?} was never {class}");
    }
}

/// Steps before it heals. Source: enough for some tens of messages and several crashes.
const STEPS: u32 = 500;
/// By the clients' clock: two missed heartbeats, the longest wait before a try, and what is left to
/// send.
const PATIENCE: Duration = Duration::from_mins(3);
