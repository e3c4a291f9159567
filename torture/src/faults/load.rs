//! No fault at all: everybody writes as fast as answers come.

use std::time::{Duration, Instant};

use super::{Episode, Fault};
use crate::{bench::Bench, dice::Dice, failure::Result, stage::Stage};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut plan = bench.plan();
    plan.habits.depth = bench.either(3, 40);
    // Pushes and pulls alone must do: heartbeats come too late to help.
    let stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    let started = Instant::now();
    stage.write();
    stage
        .wait_for_acks(
            bench.either(800, 60_000),
            bench.either(LONGEST / 6, LONGEST),
        )
        .await;
    let (acked, took) = (stage.acked(), started.elapsed());
    let mut episode = Fault::Load.judge(stage, 0).await?;
    let rate = u128::from(acked) * 1000 / took.as_millis().max(1);
    episode.note = format!("{rate} acknowledged a second by 11 clients that all follow");
    Ok(episode)
}

const LONGEST: Duration = Duration::from_mins(1);
