//! Power cuts. The data lies in an image of a file system; at the cut the server is killed and the
//! image copied as it is, without what the system had not written yet. The copy is what the disk of
//! a machine without power would hold, and the server starts on it.
//!
//! It shows syncs that are missing, of files and of folders. It does not show torn sectors, nor a
//! controller that lies.

use std::{path::Path, time::Duration};

use tokio::time::sleep;

use super::{Episode, Fault};
use crate::{
    bench::{Bench, works},
    dice::Dice,
    failure::{Failure, Result},
    mounted::{Mounted, format},
    stage::Stage,
};

/// What the disk does when it is asked to sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Disk {
    /// It syncs.
    Honest,
    /// It says so and does not: a control that must be caught.
    Lying,
}

pub(super) async fn strike(bench: &Bench, dice: &mut Dice, disk: Disk) -> Result<Episode> {
    cuts(bench, dice, disk, bench.either(8, 20)).await
}

/// An episode with this many cuts.
pub(crate) async fn cuts(bench: &Bench, dice: &mut Dice, disk: Disk, cuts: u32) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let mut image = folder.path().join("image-0");
    format(&image, IMAGE_BYTES)?;
    let mut at = folder.path().join("mounted-0");
    std::fs::create_dir(&at)?;
    let mut mounted = Mounted::image(&image, &at)?;
    let mut plan = bench.plan();
    plan.habits.clock_scale = 4;
    let launch = |at: &Path| {
        let launch = bench.launch(&at.join("data"));
        match disk {
            Disk::Honest => launch,
            Disk::Lying => launch.traced(&["fdatasync,fsync:retval=0".into()]),
        }
    };
    let mut stage = Stage::set_up(plan, launch(&at), dice).await?;
    stage.write();
    for cut in 1..=cuts {
        stage.wait_for_acks(dice.between(1, 500), LONGEST).await;
        sleep(Duration::from_micros(dice.between(0, 5000))).await;
        stage.kill().await;
        let copy = folder.path().join(format!("image-{cut}"));
        let names = [&image, &copy].map(|path| path.to_str().unwrap_or_default().to_owned());
        let [from, to] = &names;
        if !works("cp", &["--sparse=always", from, to]) {
            return Err(Failure::new("The image cannot be copied"));
        }
        drop(mounted);
        std::fs::remove_file(&image)?;
        image = copy;
        at = folder.path().join(format!("mounted-{cut}"));
        std::fs::create_dir(&at)?;
        mounted = Mounted::image(&image, &at)?;
        *stage.launch() = launch(&at);
        stage.start().await?;
    }
    let episode = Fault::Power.judge(stage, cuts).await;
    drop(mounted);
    episode
}

const IMAGE_BYTES: u64 = 160 << 20;
const LONGEST: Duration = Duration::from_secs(2);
