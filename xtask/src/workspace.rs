//! The checkout: where it is, where cargo builds, and which versions it pins.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cache::make_folder,
    children::{answer, command},
    failure::{Failure, Result},
};

/// The root of the repository and cargo's target folder for it.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the checkout that this tool was built from.
    ///
    /// # Errors
    /// When cargo cannot read the workspace.
    pub(crate) fn find() -> Result<Self> {
        // Set by `cargo run`; the value at build time serves a binary that is started by hand.
        let own = env::var("CARGO_MANIFEST_DIR");
        let own = PathBuf::from(own.as_deref().unwrap_or(env!("CARGO_MANIFEST_DIR")));
        let root = own.parent().map(Path::to_path_buf).unwrap_or_default();
        let metadata = answer(
            command("cargo")
                .args(["metadata", "--no-deps", "--format-version", "1"])
                .current_dir(&root),
        );
        let metadata = metadata.ok_or_else(|| {
            Failure::new(format!(
                "Cargo cannot read the workspace in {}",
                root.display()
            ))
            .remedy("run `cargo metadata --no-deps` there to see why")
        })?;
        let target = json_string(&metadata, "target_directory")
            .map_or_else(|| root.join("target"), PathBuf::from);
        let workspace = Self { root, target };
        make_folder(&workspace.logs())?;
        Ok(workspace)
    }

    /// The root of the repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo, at work in the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = command("cargo");
        cargo.current_dir(&self.root);
        cargo
    }

    /// Cargo's target folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// What this tool itself keeps for this checkout: stamps and locks.
    pub(crate) fn state(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// The output of every command that builds this checkout.
    pub(crate) fn logs(&self) -> PathBuf {
        self.state().join("logs")
    }

    /// The version of a package in `Cargo.lock`.
    ///
    /// # Errors
    /// When the file or the package is not there.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        let lock = fs::read_to_string(&path);
        let lock = lock.map_err(|error| Failure::io("read", &path, &error))?;
        version_in_lock(&lock, package).ok_or_else(|| {
            Failure::new(format!("Cargo.lock names no package {package}"))
                .remedy("run `cargo generate-lockfile`, and check that frontend/ depends on it")
        })
    }

    /// The oldest compiler that the workspace promises to build with, as (major, minor).
    pub(crate) fn oldest_rust(&self) -> Option<(u32, u32)> {
        let manifest = fs::read_to_string(self.root.join("Cargo.toml")).ok()?;
        let line = manifest
            .lines()
            .find(|line| line.trim_start().starts_with("rust-version"))?;
        major_minor(line.split('"').nth(1)?)
    }
}

/// `1.96.0 (…)` gives (1, 96).
pub(crate) fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version
        .split(|char: char| !char.is_ascii_digit())
        .map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The first version of `package` in the text of a `Cargo.lock`.
fn version_in_lock(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')?;
    Some(version.to_owned())
}

/// The value of the first string field `key`. Enough for paths in cargo's own output, which escapes
/// nothing but backslashes and quotes.
fn json_string(json: &str, key: &str) -> Option<String> {
    let (_, rest) = json.split_once(&format!("\"{key}\":\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
[[package]]
name = "wasm-bindgen-macro"
version = "0.2.131"

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
source = "registry"
"#;

    #[test]
    fn the_locked_version_is_that_of_the_whole_name() {
        assert_eq!(version_in_lock(LOCK, "wasm-bindgen").unwrap(), "0.2.130");
        assert_eq!(version_in_lock(LOCK, "wasm-bind"), None);
    }

    #[test]
    fn a_compilers_version_is_read_from_what_it_says() {
        assert_eq!(major_minor("1.96.0 (ac68faa20 2026-05-25)"), Some((1, 96)));
        assert_eq!(major_minor("1.95"), Some((1, 95)));
        assert_eq!(major_minor("nightly"), None);
    }

    #[test]
    fn a_path_is_read_from_cargos_metadata() {
        let json = r#"{"packages":[],"target_directory":"/tmp/t","version":1}"#;
        assert_eq!(json_string(json, "target_directory").unwrap(), "/tmp/t");
    }
}
