//! The network between: bad weather of all kinds.

use std::time::Duration;

use tokio::time::sleep;

use super::{Episode, Fault};
use crate::{
    auditor::Auditor,
    bench::Bench,
    dice::Dice,
    failure::Result,
    proxy::{IDLE, Weather},
    stage::{Networks, Plan, Stage},
};

/// Cuts in the middle of frames, trickling, late pieces, nothing at all, by turns.
pub(super) async fn bad_weather(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut plan = Plan {
        through_proxy: true,
        ..bench.plan()
    };
    plan.habits.clock_scale = 4;
    let stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    stage.write();
    let changes = bench.either(20, 80);
    for change in 0..changes {
        let weather = dice.pick(&BAD).copied().unwrap_or_default();
        stage.weather(weather);
        sleep(Duration::from_millis(dice.between(20, 250))).await;
        stage.weather(Weather::Fair);
        if change + 1 < changes {
            // So that the next one meets connections.
            stage.hint();
        }
        stage
            .wait_for_acks(dice.between(1, 300), Duration::from_millis(400))
            .await;
    }
    Fault::Network.judge(stage, changes).await
}

/// Connections that stay open and are dead in one direction or both: only what stays unanswered tells,
/// and nobody is told that the network is back. The engine's clock goes five times faster, or each would
/// take half a minute. All but the last come in quick succession; the last one comes out of the blue,
/// while everybody only reads, and is what is measured.
pub(super) async fn silence(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut plan = Plan {
        through_proxy: true,
        ..bench.plan()
    };
    plan.habits.clock_scale = 5;
    let mut stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    stage.write();
    let silences = bench.either(3, 10);
    for _ in 1..silences {
        stage.wait_for_acks(200, Duration::from_secs(3)).await;
        stage.weather(Weather::Silent);
        sleep(Duration::from_millis(dice.between(50, 300))).await;
        stage.weather(Weather::Fair);
    }
    stage.quiet();
    // So that all is said, and whoever doubted trusts again.
    sleep(MINUTE / plan.habits.clock_scale).await;
    let mut bystander = Auditor::sign_in(stage.server()?.address(), "Bystander").await?;
    stage.weather(Weather::Silent);
    stage.note_healing();
    let ids: Vec<_> = (1..=SAID_MEANWHILE).map(|n| format!("said-{n}")).collect();
    stage.say(&mut bystander, &ids).await?;
    stage.weather(Weather::Fair);
    let mut episode = Fault::Silent.judge(stage, silences).await?;
    episode.note = "the clients' clock five times as fast".into();
    let goal = bench.either(SOON_ENOUGH * 3 / 2, SOON_ENOUGH);
    if episode.in_sync.seen.is_none_or(|took| took > goal) {
        episode.complaint = Some(format!("it was to be found within {goal:?}"));
    }
    Ok(episode)
}

/// Everybody comes into networks whose proxy refuses upgrades, holds streams back or cuts idle
/// connections, and out of them again; the engine finds the transport that carries.
pub(super) async fn bad_proxies(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut plan = Plan {
        through_proxy: true,
        networks: Networks::Good,
        are_told: true,
        ..bench.plan()
    };
    plan.habits.clock_scale = 10;
    let stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    stage.write();
    let changes = bench.either(3, 12);
    for turn in 0..changes {
        stage.weather(Weather::Down);
        sleep(Duration::from_millis(20)).await;
        let proxy = dice.pick(&PROXIES).copied().unwrap_or_default();
        stage.weather(proxy);
        stage.hint();
        stage
            .wait_for_acks(dice.between(100, 600), Duration::from_secs(4))
            .await;
        if proxy == Weather::CutsIdle {
            // Nobody writes, so that connections are idle.
            stage.quiet();
            sleep(IDLE * 2).await;
            stage.write();
        }
        if turn % 3 == 2 {
            // Some come back to a network that lets all through, and go up again.
            stage.weather(Weather::Fair);
            stage.hint();
            stage.wait_for_acks(300, Duration::from_secs(2)).await;
        }
    }
    let mut episode = Fault::Proxy.judge(stage, changes).await?;
    if episode.carried.changes == 0 {
        episode.complaint = Some("no client ever changed its transport".into());
    }
    Ok(episode)
}

/// Half a second there, half a second gone.
pub(super) async fn flap(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let plan = Plan {
        people: 30,
        second_devices: 10,
        through_proxy: true,
        are_told: true,
        ..bench.plan()
    };
    let stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    stage.write();
    let flaps = bench.either(6, 30);
    for _ in 0..flaps {
        stage.weather(Weather::Down);
        sleep(HALF).await;
        stage.weather(Weather::Fair);
        stage.hint();
        sleep(HALF).await;
    }
    Fault::Flap.judge(stage, flaps).await
}

const BAD: [Weather; 4] = [
    Weather::Down,
    Weather::MidFrame,
    Weather::Trickle,
    Weather::Late,
];
const PROXIES: [Weather; 3] = [
    Weather::NoUpgrades,
    Weather::HoldsStreams,
    Weather::CutsIdle,
];
/// Where somebody looks; half as long again on a debug build, whose pauses count five times as well.
const SOON_ENOUGH: Duration = Duration::from_secs(10);
const SAID_MEANWHILE: u32 = 20;
const MINUTE: Duration = Duration::from_mins(1);
const HALF: Duration = Duration::from_millis(500);
