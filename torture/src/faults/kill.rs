//! `kill -9` at random times under load: in the middle of whatever the server does then.

use std::time::Duration;

use tokio::time::sleep;

use super::{Episode, Fault, at_work};
use crate::{bench::Bench, dice::Dice, failure::Result};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    // The engine's waits go by its own clock: a second of theirs is a quarter of ours.
    let (_folder, mut stage) = at_work(bench, 4, dice).await?;
    let kills = bench.either(25, 60);
    for _ in 0..kills {
        stage.wait_for_acks(dice.between(1, 600), LONGEST).await;
        // Not always right after an acknowledgement was seen.
        sleep(Duration::from_micros(dice.between(0, 5000))).await;
        stage.kill().await;
        if dice.one_in(4) {
            sleep(Duration::from_millis(dice.between(0, 400))).await;
        }
        stage.start().await?;
    }
    Fault::Kill.judge(stage, kills).await
}

/// A kill comes even if nothing is acknowledged.
const LONGEST: Duration = Duration::from_secs(2);
