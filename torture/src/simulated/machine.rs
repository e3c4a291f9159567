//! The world as a state machine: steps, what holds after each, what holds in the end.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use shared::{ConversationId, Message};

use super::{
    servers::Flaw,
    steps::{Step, step},
    world::{World, conversations, conversations_of, number},
};

/// Worlds of [`Step`]s against what people wrote in them.
pub(super) struct Simulation;

/// What a world is to end as: it holds what was written, and what goes wrong on the way changes
/// nothing of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    /// What is wrong with the servers.
    flaw: Option<Flaw>,
    /// On which device and where each message was written. The world gives them ids in this order.
    written: Vec<(usize, ConversationId)>,
}

impl ReferenceStateMachine for Simulation {
    type State = Expected;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Expected> {
        Just(Expected::default()).boxed()
    }

    fn transitions(_: &Expected) -> BoxedStrategy<Step> {
        step()
    }

    fn apply(mut expected: Expected, step: &Step) -> Expected {
        if let Step::Write { who, place } = *step {
            let mine = conversations_of(who);
            expected.written.push((who, mine[place % mine.len()]));
        }
        expected
    }
}

impl StateMachineTest for Simulation {
    type SystemUnderTest = World;
    type Reference = Self;

    fn init_test(expected: &Expected) -> World {
        World::new(expected.flaw)
    }

    fn apply(mut world: World, _: &Expected, step: Step) -> World {
        world.take(step);
        world
    }

    fn check_invariants(world: &World, expected: &Expected) {
        world.check_now(expected.written.len());
    }

    fn teardown(mut world: World, expected: Expected) {
        world.heal();
        let is_kept = expected.is_kept(&world);
        if expected.flaw.is_none() {
            world.check_end();
        }
        let report = histcheck::check(&world.history());
        assert!(report.is_good(), "{report}");
        assert!(
            is_kept,
            "the judge missed that the store is not as written: {report}"
        );
    }
}

impl Expected {
    pub(super) fn with(flaw: Option<Flaw>) -> Self {
        Self {
            flaw,
            ..Self::default()
        }
    }

    /// Whether all that was written stands in its log once, and each device's messages in the order
    /// of writing. The judge says so as well, from what the clients saw and not from the store.
    fn is_kept(&self, world: &World) -> bool {
        let place = |message: &Message| number(&message.msg_id);
        let device = |number: &usize| self.written[number - 1].0;
        conversations().iter().all(|id| {
            let is_here = |number: &usize| self.written[number - 1].1 == *id;
            let mut written: Vec<_> = (1..=self.written.len()).filter(is_here).collect();
            let mut stored: Vec<_> = world.log(*id).iter().map(place).collect();
            // A stable sort: what is left of the order is that of each device.
            written.sort_by_key(device);
            stored.sort_by_key(device);
            stored == written
        })
    }
}
