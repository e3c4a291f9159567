//! The disk under the database: full, failing, slow.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Episode, Fault};
use crate::{bench::Bench, dice::Dice, failure::Result, mounted::Mounted, stage::Stage};

/// A disk of a few megabytes fills up, and then has room again.
pub(super) async fn full(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let disk = Mounted::small_disk(folder.path())?;
    let mut plan = bench.plan();
    plan.habits.clock_scale = 4;
    plan.habits.longest = 2000;
    let stage = Stage::set_up(plan, bench.launch(&folder.path().join("pond")), dice).await?;
    stage.write();
    let (mut filled, wanted) = (0, bench.either(1, 3));
    for turn in 1..=wanted {
        // Full: a while without one acknowledgement.
        let until = Instant::now() + FILLING;
        let mut is_full = false;
        while !is_full && Instant::now() < until {
            is_full = !stage.wait_for_acks(1, QUIET).await;
        }
        filled += u32::from(is_full);
        disk.resize(8 + turn * 12)?;
        stage.wait_for_acks(50, Duration::from_secs(5)).await;
    }
    disk.resize(512)?;
    let mut episode = Fault::Full.judge(stage, filled).await?;
    if filled == 0 {
        episode.complaint = Some("the disk never filled".into());
    }
    Ok(episode)
}

/// Now and then a sync or a write fails, and then works again, without a restart and with one.
pub(super) async fn error(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut plan = bench.plan();
    plan.habits.clock_scale = 8;
    let mut stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    let healthy = stage.launch().clone();
    let rounds = bench.either(2, 6);
    for round in 0..rounds {
        stage.kill().await;
        let (first, step) = (dice.between(3, 12), dice.between(3, 20));
        let calls = if round % 2 == 0 {
            "fsync,fdatasync"
        } else {
            "pwrite64"
        };
        let errors = ["EIO", "ENOSPC"];
        let error = dice.pick(&errors).copied().unwrap_or("EIO");
        let injection = format!(
            "{calls}:error={error}:when={first}..{}+{step}",
            first + step * 6
        );
        *stage.launch() = healthy.clone().traced(&[injection]);
        if !stage.start().await? {
            // It failed while it opened the database, and said so; the next start is well.
            *stage.launch() = healthy.clone();
            stage.start().await?;
        }
        stage.write();
        sleep(Duration::from_millis(bench.either(1500, 3000))).await;
    }
    let mut episode = Fault::Error.judge(stage, rounds * 7).await?;
    episode.note = "healed without a restart".into();
    Ok(episode)
}

/// Every sync takes 50 ms longer.
pub(super) async fn slow(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let launch = bench
        .launch(folder.path())
        .traced(&["fsync,fdatasync:delay_exit=50000".into()]);
    let stage = Stage::set_up(bench.plan(), launch, dice).await?;
    stage.write();
    sleep(Duration::from_secs(bench.either(2, 10))).await;
    Fault::Slow.judge(stage, 1).await
}

/// Enough to write as much as there is room.
const FILLING: Duration = Duration::from_secs(30);
const QUIET: Duration = Duration::from_millis(700);
