//! A compiler that makes WebAssembly: rustup's own target, or a private toolchain where that target
//! cannot be downloaded.
//!
//! No `rust-toolchain.toml` asks for the target, because then every cargo call in the tree would
//! fail on a machine that cannot fetch it. Only the web app uses the private toolchain.
//! Read next: [`crate::debian`], which makes it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    cache::Cache,
    children::{Ward, answer, command},
    debian,
    failure::{Failure, Result},
    progress::Step,
    workspace::Workspace,
};

/// Which compiler builds the web app.
#[derive(Clone, Debug)]
pub(crate) enum WasmToolchain {
    /// The toolchain that builds everything else has the target.
    Ordinary,
    /// A toolchain in the cache, by its path.
    Private(PathBuf),
}

impl WasmToolchain {
    /// The toolchain that is there already.
    pub(crate) fn ready(cache: &Cache, workspace: &Workspace) -> Option<Self> {
        if !private_is_wanted() && has_target(&mut command("rustc"), workspace) {
            return Some(Self::Ordinary);
        }
        let toolchain = Self::Private(cache.at(debian::FOLDER));
        let mut rustc = command("rustc");
        toolchain.choose_for(&mut rustc);
        has_target(&mut rustc, workspace).then_some(toolchain)
    }

    /// Makes one, in the way that works here.
    ///
    /// # Errors
    /// When neither way works; the failure names the command that helps.
    pub(crate) fn provide(cache: &Cache, workspace: &Workspace, step: &Step) -> Result<Self> {
        if !private_is_wanted() && add_target(cache, workspace, step)? {
            return Ok(Self::Ordinary);
        }
        debian::make_toolchain(cache, workspace, step)?;
        Self::ready(cache, workspace).ok_or_else(|| {
            Failure::new("The private toolchain was made but does not find its own library").remedy(
                format!(
                    "remove {} and try again",
                    cache.at(debian::FOLDER).display()
                ),
            )
        })
    }

    /// Makes a command, and what it starts, use this toolchain.
    pub(crate) fn choose_for<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let given = env::var(RUSTFLAGS).unwrap_or_default();
        command.env(RUSTFLAGS, given + &without_home());
        if let Self::Private(path) = self {
            command
                .env("RUSTUP_TOOLCHAIN", path)
                .env_remove("RUSTC")
                .env_remove("RUSTDOC");
        }
        command
    }

    /// What a person puts in front of `trunk` to use this toolchain by hand.
    pub(crate) fn by_hand(&self) -> &'static str {
        match self {
            Self::Ordinary => "",
            Self::Private(_) => "RUSTUP_TOOLCHAIN=pond-wasm ",
        }
    }

    /// What its compiler says of itself: part of what a built app depends on.
    pub(crate) fn version(&self) -> String {
        answer(self.choose_for(&mut command("rustc")).arg("-vV")).unwrap_or_default()
    }
}

/// Flags, each after a space, by which what everybody loads does not say where the home of whoever built
/// it is: a panic names its file. Not where that has a space in it, at which cargo would end a flag.
pub(crate) fn without_home() -> String {
    let home = env::home_dir();
    let crates = env::var_os("CARGO_HOME").map(PathBuf::from);
    let crates = crates.or_else(|| Some(home.as_ref()?.join(".cargo")));
    let crates = crates.map(|crates| crates.join("registry/src"));
    // Of two that fit the last counts.
    let flag = |(path, name): (Option<PathBuf>, &str)| {
        let path = path?.into_os_string().into_string().ok()?;
        (!path.contains(' ')).then(|| format!(" --remap-path-prefix={path}={name}"))
    };
    [(home, "~"), (crates, "crates")]
        .into_iter()
        .filter_map(flag)
        .collect()
}

/// For a person who wants the private toolchain although the ordinary one would do, and for tests.
fn private_is_wanted() -> bool {
    env::var_os("POND_WASM_TOOLCHAIN").is_some_and(|value| value == "debian")
}

fn has_target(rustc: &mut Command, workspace: &Workspace) -> bool {
    let folder = answer(
        rustc
            .args(["--print", "target-libdir", "--target", TARGET])
            .current_dir(workspace.root()),
    );
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok());
    entries.into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Ours has no hash in its name: it was built as a plain workspace member.
        name == "libstd.rlib"
            || name.starts_with("libstd-")
                && Path::new(&*name)
                    .extension()
                    .is_some_and(|end| end == "rlib")
    })
}

/// Asks rustup for the target. `false` means it cannot be had here now.
fn add_target(cache: &Cache, workspace: &Workspace, step: &Step) -> Result<bool> {
    let failed_lately = cache.at("rustup-cannot-download");
    if is_younger_than(&failed_lately, FORGET_FAILURE_AFTER) {
        step.note(&format!(
            "rustup could not download the {TARGET} target lately, so it is not asked again for a \
             day; to ask now remove {}",
            failed_lately.display()
        ));
        return Ok(false);
    }
    step.says(&format!("rustup target add {TARGET}"));
    let log = fs::File::create(step.log());
    let log = log.map_err(|error| Failure::io("write the log", step.log(), &error))?;
    let mut rustup = command("rustup");
    rustup
        .args(["target", "add", TARGET])
        .current_dir(workspace.root());
    rustup
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let Ok(mut rustup) = Ward::start(&mut rustup) else {
        return Ok(false);
    };
    let mut seen = (0, Instant::now());
    loop {
        if let Some(status) = rustup.poll()? {
            if status.success() && has_target(&mut command("rustc"), workspace) {
                return Ok(true);
            }
            break;
        }
        let downloaded = downloaded_by_rustup(step.log());
        if downloaded != seen.0 {
            seen = (downloaded, Instant::now());
        } else if seen.1.elapsed() > STALLED_AFTER {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    step.note(&format!(
        "rustup cannot download the {TARGET} target here: trying another way"
    ));
    // Only a reminder for the next run: without it that run waits again.
    let _ = fs::write(&failed_lately, "");
    Ok(false)
}

/// Bytes that grow while rustup gets anywhere: its downloads and what it says.
fn downloaded_by_rustup(log: &Path) -> u64 {
    let home = env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = home
        .or_else(|| Some(env::home_dir()?.join(".rustup")))
        .unwrap_or_default();
    let sizes = ["downloads", "tmp"].map(|folder| {
        let entries = fs::read_dir(home.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter_map(|entry| Some(entry.metadata().ok()?.len()))
            .sum::<u64>()
    });
    sizes.iter().sum::<u64>() + fs::metadata(log).map_or(0, |log| log.len())
}

fn is_younger_than(path: &Path, age: Duration) -> bool {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|changed| {
        SystemTime::now()
            .duration_since(changed)
            .is_ok_and(|passed| passed < age)
    })
}

/// Flags for that target alone; those of the person are kept.
const RUSTFLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

/// The target of every browser.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A download that gained no byte for so long is not going to: rustup itself would wait for ever
/// behind a firewall that drops packets.
const STALLED_AFTER: Duration = Duration::from_secs(20);

/// A day: a laptop that was offline yesterday gets the ordinary way today.
const FORGET_FAILURE_AFTER: Duration = Duration::from_hours(24);
