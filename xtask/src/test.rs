//! `test`: everything that must hold, in an order that fails early.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    app, apt,
    cache::Cache,
    children::{answer, command, run_logged, run_shown},
    failure::{Failure, Result},
    progress::{Board, spoken},
    tools::{self, Tools},
    workspace::Workspace,
};

/// A part of the tests that can be asked for alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Format, clippy, dependencies.
    Lint,
    /// Rust's tests.
    Rust,
    /// Building the app and its server.
    Web,
    /// The browser tests, which hold the size budgets too.
    E2e,
}

impl Part {
    /// The part of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Lint, Self::Rust, Self::Web, Self::E2e]
            .into_iter()
            .find(|part| part.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Rust => "rust",
            Self::Web => "web",
            Self::E2e => "e2e",
        }
    }
}

/// Runs the parts asked for, all of them where none is.
///
/// # Errors
/// The first failure, with the name of its part.
pub(crate) fn test(only: &[Part]) -> Result<()> {
    let workspace = Workspace::find()?;
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for part in [Part::Lint, Part::Rust, Part::Web, Part::E2e] {
        if !only.is_empty() && !only.contains(&part) {
            continue;
        }
        println!("\n== {} ==", part.name());
        let started = Instant::now();
        outcome = match part {
            Part::Lint => lint(&workspace),
            Part::Rust => rust(&workspace),
            Part::Web => web(&workspace).map(|_| ()),
            Part::E2e => e2e(&workspace),
        };
        times.push((part, started.elapsed(), outcome.is_ok()));
        if outcome.is_err() {
            break;
        }
    }
    print_times(&times);
    outcome
}

fn lint(workspace: &Workspace) -> Result<()> {
    run_shown(cargo(workspace).args(["fmt", "--all", "--check"]))?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "--deny",
        "warnings",
    ];
    run_shown(cargo(workspace).args(clippy))?;
    if answer(command("cargo").args(["deny", "--version"])).is_some() {
        return run_shown(cargo(workspace).args(["deny", "check"]));
    }
    println!(
        "cargo deny is not installed, so licences and advisories are not checked here: `cargo install cargo-deny`"
    );
    Ok(())
}

fn rust(workspace: &Workspace) -> Result<()> {
    run_shown(cargo(workspace).args(["test", "--workspace"]))
}

/// The server as people run it, with the app in it.
fn web(workspace: &Workspace) -> Result<PathBuf> {
    let cache = Cache::open()?;
    let board = Board::new(tools::STEPS + 2, &cache.logs());
    let tools = Tools::provide(&cache, workspace, &board)?;
    app::build_web(workspace, &tools, &board)?;
    app::build_server(workspace, &board)
}

fn e2e(workspace: &Workspace) -> Result<()> {
    let server = web(workspace)?;
    let folder = workspace.root().join("e2e");
    let chromium = {
        let board = Board::new(2, &Cache::open()?.logs());
        board.step("Node packages", |step| {
            if answer(command("npm").arg("--version")).is_none() {
                return Err(Failure::new("The browser tests need npm").remedy(
                    "`apt-get install npm`, or what your system calls Node.js (20 or newer)",
                ));
            }
            if is_newer(
                &folder.join("node_modules/.package-lock.json"),
                &folder.join("package-lock.json"),
            ) {
                return Ok(());
            }
            let mut npm = command("npm");
            npm.args(["ci", "--no-audit", "--no-fund"])
                .current_dir(&folder);
            run_logged(npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"), step)
        })?;
        board.step("Chromium and fonts", |step| {
            if let Some(chosen) = env::var_os("CHROMIUM") {
                return Ok(PathBuf::from(chosen));
            }
            apt::require(
                &["chromium", "fonts-noto-cjk", "fonts-noto-color-emoji"],
                step,
            )?;
            Ok(PathBuf::from("/usr/bin/chromium"))
        })?
    };
    let mut tests = command("npx");
    tests
        .args(["--no-install", "playwright", "test"])
        .current_dir(&folder);
    tests.env("POND_BIN", server).env("CHROMIUM", chromium);
    run_shown(&mut tests)
}

fn cargo(workspace: &Workspace) -> Command {
    let mut cargo = command("cargo");
    cargo.current_dir(workspace.root());
    cargo
}

fn is_newer(one: &Path, other: &Path) -> bool {
    let changed = |path| fs::metadata(path).and_then(|file| file.modified()).ok();
    matches!((changed(one), changed(other)), (Some(one), Some(other)) if one >= other)
}

fn print_times(times: &[(Part, Duration, bool)]) {
    println!();
    for (part, took, passed) in times {
        let word = if *passed { "passed" } else { "FAILED" };
        println!("{:<6} {word} in {}", part.name(), spoken(*took));
    }
}
