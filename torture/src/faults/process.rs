//! The server's process: paused, short of descriptors, in the wrong time.

use std::{fs, path::Path, process::Command, time::Duration};

use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{Episode, Fault, at_work};
use crate::{
    bench::Bench,
    dice::Dice,
    failure::{Failure, Result},
    pond::Signal,
    stage::Stage,
};

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

/// Another time by days, under a server that runs or from one start to the next. `faketime` reads the
/// time from a file, and leaves the clock alone that never goes back.
pub(super) async fn clock(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let times = bench.fresh_folder()?;
    let time = times.path().join("time");
    set(&time, "+0d")?;
    let mut launch = bench.launch(folder.path());
    launch.wrapper = vec![
        "env".into(),
        format!("LD_PRELOAD={}", faked()?),
        format!("FAKETIME_TIMESTAMP_FILE={}", time.display()),
        "FAKETIME_CACHE_DURATION=1".into(),
        "DONT_FAKE_MONOTONIC=1".into(),
    ];
    let mut plan = bench.plan();
    plan.habits.clock_scale = 4;
    let mut stage = Stage::set_up(plan, launch, dice).await?;
    stage.write();
    let jumps = bench.either(4, 16);
    for jump in 0..jumps {
        stage
            .wait_for_acks(dice.between(50, 300), Duration::from_secs(3))
            .await;
        let is_running = jump % 4 < 2;
        if !is_running {
            stage.kill().await;
        }
        let sign = if jump % 2 == 0 { '-' } else { '+' };
        set(&time, &format!("{sign}{}d", dice.between(1, 400)))?;
        if is_running {
            sleep(LOOKED_AT).await;
        } else {
            stage.start().await?;
        }
    }
    Fault::Clock.judge(stage, jumps).await
}

/// At once: a server may read it meanwhile.
fn set(time: &Path, to: &str) -> Result<()> {
    let next = time.with_extension("next");
    fs::write(&next, to)?;
    Ok(fs::rename(next, time)?)
}

/// What `faketime` puts before a process, in the words of its own loader.
fn faked() -> Result<String> {
    let said = Command::new("faketime")
        .args(["-f", "+0d", "sh", "-c", "echo $LD_PRELOAD"])
        .output()?;
    match String::from_utf8_lossy(&said.stdout).trim() {
        "" => Err(Failure::new("faketime puts nothing before a process here")),
        library => Ok(library.to_owned()),
    }
}

/// More than the server has descriptors for.
const STRANGERS: u32 = 100;
const NO_ROOM: Duration = Duration::from_millis(10);
/// A server that runs looks at the file once a second.
const LOOKED_AT: Duration = Duration::from_millis(1200);
