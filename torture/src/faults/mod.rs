//! The faults, one module a kind. Each is an episode: a stage that is set up, hurt, healed and judged.

mod disk;
mod exact;
mod kill;
mod load;
mod million;
mod network;
pub(crate) mod power;
mod process;
mod reader;
mod restore;
mod storm;

use histcheck::Report;

use crate::{
    bench::{Bench, Folder},
    carried::Carried,
    dice::Dice,
    failure::Result,
    stage::{InSync, Stage},
};

pub(crate) use exact::Places;
pub(crate) use power::Disk;

/// A kind of fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// None: only load.
    Load,
    /// `kill -9` at random times under load.
    Kill,
    /// `kill -9` at one exact system call of a send, a start, a checkpoint, a stop.
    Exact,
    /// The power goes: what was not synced is gone.
    Power,
    /// Connections cut in the middle of a frame, trickling, late, gone.
    Network,
    /// Connections that stay open while nothing passes.
    Silent,
    /// Proxies that refuse upgrades, hold streams back, cut idle connections.
    Proxy,
    /// The network comes and goes once a second.
    Flap,
    /// The disk is full, then has room again.
    Full,
    /// Syncing and writing fail now and then.
    Error,
    /// Each sync takes 50 ms.
    Slow,
    /// The server is paused and goes on.
    Pause,
    /// The server runs out of descriptors.
    Descriptors,
    /// The wall clock jumps by days, in both directions.
    Clock,
    /// Clients that never read.
    Reader,
    /// All clients are cut at once and come back.
    Storm,
    /// A start after `kill -9` with a million messages.
    Million,
    /// The server comes back from an older backup.
    Restore,
}

/// What came of an episode.
#[derive(Debug)]
pub(crate) struct Episode {
    /// Which kind.
    pub(crate) fault: Fault,
    /// How often it struck.
    pub(crate) faults: u32,
    /// What the checker found.
    pub(crate) report: Report,
    /// How long everybody took to hold everything.
    pub(crate) in_sync: InSync,
    /// What came over which transport.
    pub(crate) carried: Carried,
    /// What else was measured, in words.
    pub(crate) note: String,
    /// What else is wrong, in words.
    pub(crate) complaint: Option<String>,
}

impl Fault {
    /// All kinds that a campaign runs, in the order in which it does.
    pub(crate) const ALL: [Self; 18] = [
        Self::Load,
        Self::Kill,
        Self::Exact,
        Self::Power,
        Self::Network,
        Self::Silent,
        Self::Proxy,
        Self::Flap,
        Self::Full,
        Self::Error,
        Self::Slow,
        Self::Pause,
        Self::Descriptors,
        Self::Clock,
        Self::Reader,
        Self::Storm,
        Self::Million,
        Self::Restore,
    ];

    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// The name on the command line and in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Kill => "kill",
            Self::Exact => "exact",
            Self::Power => "power",
            Self::Network => "network",
            Self::Silent => "silent",
            Self::Proxy => "proxy",
            Self::Flap => "flap",
            Self::Full => "full",
            Self::Error => "error",
            Self::Slow => "slow",
            Self::Pause => "pause",
            Self::Descriptors => "descriptors",
            Self::Clock => "clock",
            Self::Reader => "reader",
            Self::Storm => "storm",
            Self::Million => "million",
            Self::Restore => "restore",
        }
    }

    /// Why it cannot run here, if it cannot.
    pub(crate) fn is_missing(self, bench: &Bench) -> Option<&'static str> {
        match self {
            Self::Exact | Self::Error | Self::Slow if !bench.can_trace || !bench.can_leash => {
                Some("it needs strace and setpriv, and the right to trace")
            }
            Self::Power if !bench.can_mount_images => {
                Some("an image cannot be mounted here: it needs root, mkfs.ext4 and a loop device")
            }
            Self::Full if !bench.can_mount_memory => {
                Some("a disk in memory cannot be mounted here: it needs root")
            }
            Self::Clock if !bench.can_fake_time => Some("it needs faketime"),
            _ => None,
        }
    }

    /// Runs one episode.
    ///
    /// # Errors
    /// [`crate::failure::Failure`] when the harness cannot go on.
    pub(crate) async fn strike(self, bench: &Bench, dice: &mut Dice) -> Result<Episode> {
        match self {
            Self::Load => load::strike(bench, dice).await,
            Self::Kill => kill::strike(bench, dice).await,
            Self::Exact => exact::strike(bench, dice).await,
            Self::Power => power::strike(bench, dice, Disk::Honest).await,
            Self::Network => network::bad_weather(bench, dice).await,
            Self::Silent => network::silence(bench, dice).await,
            Self::Proxy => network::bad_proxies(bench, dice).await,
            Self::Flap => network::flap(bench, dice).await,
            Self::Full => disk::full(bench, dice).await,
            Self::Error => disk::error(bench, dice).await,
            Self::Slow => disk::slow(bench, dice).await,
            Self::Pause => process::pause(bench, dice).await,
            Self::Descriptors => process::descriptors(bench, dice).await,
            Self::Clock => process::clock(bench, dice).await,
            Self::Reader => reader::strike(bench, dice).await,
            Self::Storm => storm::strike(bench, dice).await,
            Self::Million => million::strike(bench, dice).await,
            Self::Restore => restore::strike(bench, dice).await,
        }
    }

    /// Heals the stage, judges it, and says what came of it.
    async fn judge(self, mut stage: Stage, faults: u32) -> Result<Episode> {
        stage.heal().await;
        let judged = stage.judge().await?;
        Ok(Episode {
            fault: self,
            faults,
            report: judged.report,
            in_sync: judged.in_sync,
            carried: judged.carried,
            note: String::new(),
            complaint: None,
        })
    }
}

/// The usual cast at work on a server in a fresh folder, their clock so many times as fast.
async fn at_work(bench: &Bench, clock_scale: u32, dice: &mut Dice) -> Result<(Folder, Stage)> {
    let folder = bench.fresh_folder()?;
    let mut plan = bench.plan();
    plan.habits.clock_scale = clock_scale;
    let stage = Stage::set_up(plan, bench.launch(folder.path()), dice).await?;
    stage.write();
    Ok((folder, stage))
}

impl Episode {
    /// Whether every promise held.
    pub(crate) fn is_good(&self) -> bool {
        self.report.is_good() && self.complaint.is_none()
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
