//! The server's process: paused, short of descriptors, in the wrong time.

use std::time::Duration;

use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{Episode, Fault, at_work};
use crate::{bench::Bench, dice::Dice, failure::Result, pond::Signal, stage::Stage};

/// Paused and let go on, for longer and shorter than clients wait for a heartbeat.
pub(super) async fn pause(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let (_folder, mut stage) = at_work(bench, 20, dice).await?;
    let pauses = bench.either(4, 20);
    for _ in 0..pauses {
        stage
            .wait_for_acks(dice.between(50, 300), Duration::from_secs(3))
            .await;
        stage.server()?.signal(Signal::Pause).await;
        sleep(Duration::from_millis(dice.between(50, 3500))).await;
        stage.server()?.signal(Signal::Resume).await;
    }
    Fault::Pause.judge(stage, pauses).await
}

/// Strangers take every descriptor the server has, then leave.
pub(super) async fn descriptors(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut launch = bench.launch(folder.path());
    launch.wrapper = ["prlimit", "--nofile=64:64"].map(String::from).into();
    let mut plan = bench.plan();
    plan.habits.clock_scale = 4;
    let mut stage = Stage::set_up(plan, launch, dice).await?;
    stage.write();
    let rounds = bench.either(2, 8);
    for _ in 0..rounds {
        stage.wait_for_acks(100, Duration::from_secs(3)).await;
        let address = stage.server()?.address();
        let mut strangers = Vec::new();
        for _ in 0..STRANGERS {
            // Those who find no room wait in the system's queue, and then not even there.
            let coming = timeout(NO_ROOM, TcpStream::connect(address)).await;
            strangers.extend(coming.ok().and_then(std::io::Result::ok));
        }
        // Everybody has to come in again while there is no room.
        stage.cut_all();
        stage.hint();
        sleep(Duration::from_millis(700)).await;
        drop(strangers);
    }
    Fault::Descriptors.judge(stage, rounds).await
}

/// Each start is in another time, days away. `faketime` leaves the clock alone that never goes back.
pub(super) async fn clock(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut plan = bench.plan();
    plan.habits.clock_scale = 4;
    let mut stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    stage.write();
    let jumps = bench.either(4, 16);
    for jump in 0..jumps {
        stage
            .wait_for_acks(dice.between(50, 300), Duration::from_secs(3))
            .await;
        stage.kill().await;
        let sign = if jump % 2 == 0 { '-' } else { '+' };
        let away = format!("{sign}{}d", dice.between(1, 400));
        let words = ["env", "DONT_FAKE_MONOTONIC=1", "faketime", "-f", &away];
        stage.launch().wrapper = words.map(String::from).into();
        stage.start().await?;
    }
    Fault::Clock.judge(stage, jumps).await
}

/// More than the server has descriptors for.
const STRANGERS: u32 = 100;
const NO_ROOM: Duration = Duration::from_millis(10);
