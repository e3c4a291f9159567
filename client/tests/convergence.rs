//! Whatever order, loss and repetition of frames: a client ends with the server's log, each event
//! once, in order, and everything that was written arrives once. The same when the server comes back
//! from a backup, of whatever age, at whatever moment, and over whatever transports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod world;

use client::Transport;
use proptest::prelude::*;

use world::{
    Lets, World, check_end, check_that_all_comes_back, step, step_or_leave, step_or_move,
    step_or_restore,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn everybody_ends_with_the_servers_log(steps in prop::collection::vec(step(), 0..250)) {
        let mut world = World::new(&[1, 2, 3]);
        for step in &steps {
            world.take(step);
        }
        world.heal();
        check_end(&world);
    }

    /// Every message is held by the device that wrote it, so all of them must come back.
    #[test]
    fn what_a_restored_backup_lacks_is_sent_again_once_and_in_order(
        steps in prop::collection::vec(step_or_restore(), 0..250),
    ) {
        let mut world = World::new(&[1, 2, 3, 1]);
        for step in &steps {
            world.take(step);
        }
        world.heal();
        check_end(&world);
    }

    #[test]
    fn whatever_the_networks_let_through_nothing_is_lost(
        steps in prop::collection::vec(step_or_move(), 0..250),
    ) {
        let mut world = World::new(&[1, 2, 3, 1]);
        for step in &steps {
            world.take(step);
        }
        world.heal();
        check_end(&world);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn what_is_forgotten_is_pulled_again_and_nothing_is_lost_or_doubled(
        steps in prop::collection::vec(step_or_leave(), 0..250),
        most_held in 1_usize..6,
    ) {
        let mut world = World::new(&[1, 2, 3]);
        for peer in &mut world.peers {
            peer.client.hold_at_most(most_held);
        }
        for step in &steps {
            world.take(step);
        }
        world.heal();
        check_that_all_comes_back(&mut world, most_held);
        check_end(&world);
    }
}

#[test]
fn each_network_gets_the_best_that_it_lets_through() {
    let mut world = World::new(&[1, 2, 3, 4]);
    let transports = |world: &World| {
        let all = world.peers.iter().map(|peer| peer.client.transport());
        all.collect::<Vec<_>>()
    };
    world.heal();
    assert_eq!(transports(&world), [Transport::WebSocket; 4]);
    world.move_to(1, Lets::Requests);
    world.move_to(2, Lets::WholeAnswers);
    world.move_to(3, Lets::Nothing);
    world.heal();
    let expected = [
        Transport::WebSocket,
        Transport::EventStream,
        Transport::LongPoll,
        Transport::EventStream,
    ];
    assert_eq!(transports(&world), expected);
    check_end(&world);
    for at in 0..4 {
        world.change_network(at, Lets::Everything);
    }
    for _ in 0..2 {
        world.heal();
    }
    assert_eq!(transports(&world), [Transport::WebSocket; 4]);
    check_end(&world);
}
