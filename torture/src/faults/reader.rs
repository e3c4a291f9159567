//! Clients that never read: they cost the server a bounded amount of memory and nobody else anything.

use std::time::Duration;

use shared::Encoding;

use super::{Episode, Fault};
use crate::{
    bench::Bench,
    dice::Dice,
    failure::Result,
    peer::connect,
    proxy::Weather,
    stage::{Plan, Stage},
};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut plan = Plan {
        through_proxy: true,
        ..bench.plan()
    };
    plan.habits.longest = 2000;
    let mut stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    let before = stage.server()?.resident_kib().unwrap_or_default();
    let address = stage.server()?.address();
    let mut readers = Vec::new();
    for n in 0..bench.either(50, 300) {
        readers.extend(connect(Some(address), format!("Silent{n}"), Encoding::Json).await);
    }
    stage.write();
    let mut most = before;
    let turns = bench.either(8, 40);
    for turn in 0..turns {
        stage.wait_for_acks(200, Duration::from_secs(2)).await;
        most = most.max(stage.server()?.resident_kib().unwrap_or_default());
        // The peers read slowly for a while, too, so that their mailboxes fill.
        stage.weather(if turn % 4 == 1 {
            Weather::Late
        } else {
            Weather::Fair
        });
    }
    let count = u32::try_from(readers.len()).unwrap_or(u32::MAX);
    let mut episode = Fault::Reader.judge(stage, count).await?;
    drop(readers);
    let grown = most.saturating_sub(before) / 1024;
    episode.note = format!("{count} never read; the server grew by {grown} MiB");
    if grown > MOST_GROWN_MIB {
        episode.complaint = Some(format!("the server grew by {grown} MiB"));
    }
    Ok(episode)
}

/// Source: 300 readers of a mailbox of 256 frames and 256 KiB that a socket may hold unsent.
const MOST_GROWN_MIB: u64 = 192;
