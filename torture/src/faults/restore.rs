//! The server comes back from an older backup. Its clients notice, and send again what it lacks.

use std::time::Duration;

use histcheck::What;

use super::{Episode, Fault};
use crate::{bench::Bench, dice::Dice, failure::Result, stage::Stage};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let mut plan = bench.plan();
    plan.habits.clock_scale = 8;
    let mut stage = Stage::set_up(plan, bench.launch(&data), dice).await?;
    stage.write();
    let restores = bench.either(2, 6);
    for _ in 0..restores {
        stage
            .wait_for_acks(dice.between(50, 300), Duration::from_secs(3))
            .await;
        stage.kill().await;
        copy(&data, &backup)?;
        stage.start().await?;
        // What is said from here on is not in the backup. A few hundred, since a client that misses
        // more starts its view again and holds less.
        stage
            .wait_for_acks(dice.between(1, 150), Duration::from_secs(3))
            .await;
        stage.kill().await;
        copy(&backup, &data)?;
        // What the old server said is heard to its end, and belongs to the time before.
        stage
            .wait_until(Duration::from_secs(5), |status| !status.is_connected)
            .await?;
        stage.enter(What::Restored);
        stage.start().await?;
    }
    Fault::Restore.judge(stage, restores).await
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
