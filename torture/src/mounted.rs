//! File systems mounted for an episode, in this process's own mount namespace.

use std::path::{Path, PathBuf};

use crate::{
    bench::works,
    failure::{Failure, Result},
};

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
