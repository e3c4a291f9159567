//! What an episode works with: which binaries, where, and what this machine allows.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use crate::{failure::Result, faults::Places, pond::Launch, stage::Plan};

/// The tools of a run.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that a machine may lack"
)]
pub(crate) struct Bench {
    /// The server under test.
    pub(crate) pond: PathBuf,
    /// A defect that the server is to have; it must be a build that can.
    pub(crate) sabotage: Option<String>,
    /// Where episodes keep their data; emptied after each.
    pub(crate) folder: PathBuf,
    /// Whether `strace` works here.
    pub(crate) can_trace: bool,
    /// Whether images can be mounted, in a mount namespace of our own.
    pub(crate) can_mount_images: bool,
    /// Whether a disk in memory can be, likewise.
    pub(crate) can_mount_memory: bool,
    /// Whether `setpriv` can end a process with its parent.
    pub(crate) can_leash: bool,
    /// Whether `faketime` is here.
    pub(crate) can_fake_time: bool,
    /// How much of each fault.
    pub(crate) size: Size,
    /// How many clients a storm has, where that was said.
    pub(crate) crowd: Option<u32>,
    /// Where `exact` kills next.
    pub(crate) places: Arc<Places>,
    /// How the server is slowed down at its calls, by `strace`.
    pub(crate) slowed: Vec<String>,
    /// How long convergence may take, where it is not what a good server is given.
    pub(crate) patience: Option<Duration>,
}

/// How much of each fault an episode has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Size {
    /// For every change: seconds.
    Short,
    /// For a campaign.
    Long,
}

/// How an episode's folder is emptied again.
pub(crate) struct Folder(tempfile::TempDir);

impl Bench {
    /// A fresh folder for one episode.
    ///
    /// # Errors
    /// When none can be made.
    pub(crate) fn fresh_folder(&self) -> Result<Folder> {
        Ok(Folder(tempfile::TempDir::new_in(&self.folder)?))
    }

    /// The server on this folder.
    pub(crate) fn launch(&self, data: &Path) -> Launch {
        let mut launch = Launch::new(&self.pond, data);
        launch.sabotage.clone_from(&self.sabotage);
        launch.is_leashed = self.can_leash;
        if !self.slowed.is_empty() {
            launch = launch.traced(&self.slowed);
        }
        launch
    }

    /// The usual cast.
    pub(crate) fn plan(&self) -> Plan {
        let plan = Plan::default();
        let patience = self.patience.unwrap_or(plan.patience);
        Plan { patience, ..plan }
    }

    /// One of two numbers, by how long the run is to take.
    pub(crate) fn either<T>(&self, short: T, long: T) -> T {
        match self.size {
            Size::Short => short,
            Size::Long => long,
        }
    }
}

impl Folder {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Whether a command succeeds; its output does not matter.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
