//! File systems mounted for an episode, in this process's own mount namespace.

use std::path::{Path, PathBuf};

use crate::{
    bench::works,
    failure::{Failure, Result},
};

/// Whether a file system in an image can be mounted here, seen by doing it.
pub(crate) fn can_mount_images(folder: &Path) -> bool {
    let (image, at) = (folder.join("probe-image"), folder.join("probe-mounted"));
    let is_mounted = format(&image, PROBE_BYTES)
        .and_then(|()| Ok(std::fs::create_dir(&at)?))
        .and_then(|()| Mounted::image(&image, &at))
        .is_ok_and(|mounted| std::fs::write(mounted.at.join("file"), "probe").is_ok());
    let _ = (std::fs::remove_file(&image), std::fs::remove_dir(&at));
    is_mounted
}

/// The same for a disk in memory.
pub(crate) fn can_mount_memory(folder: &Path) -> bool {
    let at = folder.join("probe-memory");
    let is_mounted = std::fs::create_dir(&at).is_ok()
        && Mounted::small_disk(&at).is_ok_and(|mounted| mounted.resize(6).is_ok());
    let _ = std::fs::remove_dir(&at);
    is_mounted
}

/// Makes an image of this size with a file system in it.
///
/// # Errors
/// When there is no room, or no tool for it.
pub(crate) fn format(image: &Path, bytes: u64) -> Result<()> {
    std::fs::File::create(image)?.set_len(bytes)?;
    if works(
        "mkfs.ext4",
        &["-q", "-F", image.to_str().unwrap_or_default()],
    ) {
        return Ok(());
    }
    Err(Failure::new("An image cannot be formatted"))
}

/// Something that is mounted; unmounted when dropped.
pub(crate) struct Mounted {
    at: PathBuf,
}

impl Mounted {
    /// A disk in memory of five megabytes.
    ///
    /// # Errors
    /// When it cannot be mounted.
    pub(crate) fn small_disk(at: &Path) -> Result<Self> {
        Self::mount(&["-t", "tmpfs", "-o", "size=5m", "tmpfs"], at)
    }

    /// An image with a file system in it.
    ///
    /// # Errors
    /// When it cannot be mounted.
    pub(crate) fn image(image: &Path, at: &Path) -> Result<Self> {
        // Nothing is committed by the passing of time, so what was not synced is gone for sure.
        Self::mount(&["-o", "loop,commit=300", &image.to_string_lossy()], at)
    }

    /// Gives a disk in memory another size.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn resize(&self, megabytes: u32) -> Result<()> {
        Self::run(&["-o", &format!("remount,size={megabytes}m")], &self.at)
    }

    fn mount(words: &[&str], at: &Path) -> Result<Self> {
        Self::run(words, at)?;
        Ok(Self { at: at.to_owned() })
    }

    fn run(words: &[&str], at: &Path) -> Result<()> {
        let path = at.to_string_lossy();
        let words = [words, &[&path]].concat();
        if works("mount", &words) {
            return Ok(());
        }
        Err(Failure::new(format!("mount {} failed", words.join(" "))))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        works("umount", &["--lazy", &self.at.to_string_lossy()]);
    }
}

/// The smallest on which ext4 has a journal, with room to spare.
const PROBE_BYTES: u64 = 16 << 20;
