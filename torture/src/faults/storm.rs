//! Everybody is cut at once and comes back.

use std::time::{Duration, Instant};

use shared::Encoding;

use super::{Episode, Fault};
use crate::{
    auditor::Auditor,
    bench::Bench,
    dice::Dice,
    failure::Result,
    peer::Habits,
    stage::{InSync, Networks, Plan, Stage},
};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let people = bench.crowd.unwrap_or(bench.either(200, 5000));
    let habits = Habits {
        depth: 0,
        clock_scale: 1,
        tick: Duration::from_secs(1),
        longest: 40,
        encoding: Encoding::Json,
        lets: None,
        moves: false,
        is_attended: true,
    };
    let plan = Plan {
        people,
        second_devices: 0,
        directs: 0,
        networks: Networks::WithSockets,
        habits,
        // They are in sync before it heals.
        patience: Duration::from_secs(30),
        ..Plan::default()
    };
    let mut stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    let mut bystander = Auditor::sign_in(stage.server()?.address(), "Bystander").await?;
    stage.cut_all();
    let cut = Instant::now();
    // Something to be missed.
    let ids: Vec<_> = (1..=SAID_MEANWHILE)
        .map(|n| format!("said-meanwhile-{n}"))
        .collect();
    let last = stage.say(&mut bystander, &ids).await?;
    let holds = |status: &crate::peer::Status| {
        status.is_connected && status.cursors.values().all(|cursor| *cursor >= last)
    };
    let came = stage.wait_until(Duration::from_mins(1), holds).await;
    let took = cut.elapsed();
    let peak = stage.server()?.resident_kib().unwrap_or_default() / 1024;
    let mut episode = Fault::Storm.judge(stage, people).await?;
    episode.complaint = came.err().map(|failure| failure.to_string());
    let in_sync = episode.complaint.is_none().then_some(took);
    episode.in_sync = InSync {
        seen: in_sync,
        all: in_sync,
    };
    episode.note = format!(
        "{people} clients in sync again after {:.1} s, server {peak} MiB",
        took.as_secs_f64()
    );
    Ok(episode)
}

const SAID_MEANWHILE: u32 = 20;
