//! Everybody is cut at once and comes back.

use std::time::{Duration, Instant};

use super::{Episode, Fault};
use crate::{
    auditor::first_ack,
    bench::Bench,
    dice::Dice,
    failure::Result,
    peer::Habits,
    stage::{Networks, Plan, Stage},
};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let people = bench.either(200, 5000);
    let habits = Habits {
        depth: 0,
        clock_scale: 1,
        tick: Duration::from_secs(1),
        longest: 40,
        lets: None,
        moves: false,
    };
    let plan = Plan {
        people,
        second_devices: 0,
        directs: 0,
        networks: Networks::WithSockets,
        habits,
        patience: Duration::from_secs(30),
        ..Plan::default()
    };
    let mut stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    let address = stage.server()?.address();
    stage.cut_all();
    let cut = Instant::now();
    // Something to be missed. It is no peer's, so the checker is not asked about it.
    let seq = first_ack(address, "Bystander", "said-meanwhile").await?;
    let holds = |status: &crate::peer::Status| {
        status.is_connected && status.cursors.values().all(|cursor| *cursor >= seq)
    };
    let came = stage.wait_until(Duration::from_mins(1), holds).await;
    let took = cut.elapsed();
    let peak = stage.server()?.resident_kib().unwrap_or_default() / 1024;
    let complaint = came.err().map(|failure| failure.to_string());
    stage.kill().await;
    let stage_carried = stage.carried();
    Ok(Episode {
        fault: Fault::Storm,
        faults: people,
        report: histcheck::Report::default(),
        carried: stage_carried,
        converged_in: complaint.is_none().then_some(took),
        note: format!(
            "{people} clients in sync again after {:.1} s, server {peak} MiB",
            took.as_secs_f64()
        ),
        complaint,
    })
}
