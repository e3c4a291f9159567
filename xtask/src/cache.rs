//! The folder of tools that outlives a checkout, and the rules that keep it whole.
//!
//! `$POND_CACHE`, else `$XDG_CACHE_HOME/pond`, else `~/.cache/pond`. A tool is built under a
//! temporary name and renamed when it works, so an interrupted run leaves nothing half done; a lock
//! file keeps two runs from building the same tool.

use std::{
    env,
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process,
};

use crate::failure::{Failure, Result};

/// Where tools, their builds and their logs are kept.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Finds the folder and makes it.
    ///
    /// # Errors
    /// When there is no home folder or it cannot be written.
    pub(crate) fn open() -> Result<Self> {
        let set = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let root = set("POND_CACHE")
            .or_else(|| Some(set("XDG_CACHE_HOME")?.join("pond")))
            .or_else(|| Some(env::home_dir()?.join(".cache/pond")))
            .ok_or_else(|| {
                Failure::new("There is no home folder to keep the tools in")
                    .remedy("name a folder: POND_CACHE=/some/folder cargo xtask …")
            })?;
        make_folder(&root)?;
        let root = root
            .canonicalize()
            .map_err(|error| Failure::io("open the cache", &root, &error))?;
        let cache = Self { root };
        for folder in [cache.logs(), cache.bin(), cache.root.join("tools")] {
            make_folder(&folder)?;
        }
        Ok(cache)
    }

    /// A folder or file in the cache.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The home of one tool in one version.
    pub(crate) fn tool(&self, name: &str, version: &str) -> PathBuf {
        self.root.join("tools").join(format!("{name}-{version}"))
    }

    /// Links to the newest tools that were set up, for people to have on their `PATH`.
    pub(crate) fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// The output of every command that sets up tools.
    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Waits until no other run changes the cache, and keeps others out while the result lives.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub(crate) fn lock(&self) -> Result<File> {
        lock(&self.root.join("lock"), "another run that sets up tools")
    }

    /// Fills `home` by `make`, which works in a temporary folder; the result appears whole or not.
    ///
    /// # Errors
    /// Whatever `make` returns, or a file system that refuses.
    pub(crate) fn install(
        &self,
        home: &Path,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let unfinished = self.root.join(format!("unfinished-{}", process::id()));
        let unfinished = unfinished.join(home.file_name().unwrap_or_default());
        remove_folder(&unfinished)?;
        make_folder(&unfinished)?;
        make(&unfinished)?;
        remove_folder(home)?;
        fs::rename(&unfinished, home)
            .map_err(|error| Failure::io("put the tool in place at", home, &error))
    }

    /// Points `bin/NAME` at `program`.
    ///
    /// # Errors
    /// When the file system refuses.
    pub(crate) fn link(&self, program: &Path) -> Result<()> {
        let link = self.bin().join(program.file_name().unwrap_or_default());
        let fresh = link.with_extension(format!("new-{}", process::id()));
        symlink(program, &fresh)
            .and_then(|()| fs::rename(&fresh, &link))
            .map_err(|error| Failure::io("link the tool at", &link, &error))
    }

    /// Removes what interrupted runs left. Call it with the lock held.
    pub(crate) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.root) else {
            return;
        };
        for entry in entries.flatten() {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with("unfinished-")
            {
                // What cannot be removed now is tried again by the next run.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Locks a file, and says so when it has to wait. Dropping the file unlocks it.
///
/// # Errors
/// When the file cannot be made or locked.
pub(crate) fn lock(path: &Path, whom: &str) -> Result<File> {
    let refused = |error: io::Error| Failure::io("lock", path, &error);
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path);
    let file = file.map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("Waiting for {whom} to finish ({}) …", path.display());
            file.lock().map_err(refused)?;
        }
        Err(TryLockError::Error(error)) => return Err(refused(error)),
    }
    Ok(file)
}

/// Makes a folder and those above it; one that exists is fine.
///
/// # Errors
/// When the file system refuses.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| Failure::io("make the folder", path, &error))
}

/// Removes a folder and all in it; one that does not exist is fine.
///
/// # Errors
/// When the file system refuses.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::io("remove the folder", path, &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_whose_making_failed_is_not_there() {
        let root = env::temp_dir().join(format!("pond-cache-{}", process::id()));
        make_folder(&root.join("tools")).unwrap();
        let cache = Cache { root: root.clone() };
        let home = cache.tool("hammer", "1.0");
        let failed = cache.install(&home, |folder| {
            fs::write(folder.join("half"), "").unwrap();
            Err(Failure::new("The head fell off"))
        });
        assert!(failed.is_err() && !home.exists());
        let made = cache.install(&home, |folder| {
            fs::write(folder.join("whole"), "").unwrap();
            Ok(())
        });
        assert!(made.is_ok() && home.join("whole").exists() && !home.join("half").exists());
        cache.sweep();
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
        remove_folder(&root).unwrap();
    }
}
