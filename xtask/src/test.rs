//! `test`: everything that must hold, in an order that fails early.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    app::{self, Speed},
    apt,
    cache::Cache,
    children::{answer, command, run_logged, run_shown},
    counts,
    failure::{Failure, Result},
    progress::{Board, spoken},
    toolchain::{TARGET, WasmToolchain},
    tools, torture,
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
    /// A short round of every fault.
    Torture,
    /// Instructions of the hot path.
    Counts,
    /// The browser tests, which hold the size budgets too.
    E2e,
}

impl Part {
    /// The part of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|part| part.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Rust => "rust",
            Self::Web => "web",
            Self::Torture => "torture",
            Self::Counts => "counts",
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
    for part in ALL {
        if !only.is_empty() && !only.contains(&part) {
            continue;
        }
        println!("\n== {} ==", part.name());
        let started = Instant::now();
        outcome = match part {
            Part::Lint => lint(&workspace),
            Part::Rust => rust(&workspace),
            Part::Web => web(&workspace).map(|_| ()),
            Part::Torture => torture::short(&workspace),
            Part::Counts => counts::counts(&workspace),
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
    run_shown(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    run_shown(
        workspace
            .cargo()
            .args(["clippy", "--workspace", "--all-targets", "--quiet"])
            .args(locked())
            .args(DENY_WARNINGS),
    )?;
    // What is compiled in for conformance suites and for broken servers, and nowhere else.
    for (package, features) in [("backend", "conformance,sabotage"), ("torture", "sabotage")] {
        run_shown(
            workspace
                .cargo()
                .args(["clippy", "--package", package, "--features", features])
                .args(["--all-targets", "--quiet"])
                .args(locked())
                .args(DENY_WARNINGS),
        )?;
    }
    // Debian's compiler, which builds the app elsewhere, has no clippy.
    if let Some(WasmToolchain::Ordinary) = WasmToolchain::ready(&Cache::open()?, workspace) {
        run_shown(
            workspace
                .cargo()
                .args(["clippy", "--package", "frontend", "--target", TARGET])
                .args(["--quiet"])
                .args(locked())
                .args(DENY_WARNINGS),
        )?;
    }
    dependencies(workspace)
}

/// Licences, sources and bans always; advisories where their list can be fetched.
fn dependencies(workspace: &Workspace) -> Result<()> {
    if answer(command("cargo").args(["deny", "--version"])).is_none() {
        println!(
            "cargo-deny is not installed, so licences and advisories are not checked here: \
             `cargo install --locked cargo-deny`"
        );
        return Ok(());
    }
    run_shown(
        workspace
            .cargo()
            .args(["deny", "check", "bans", "licenses", "sources"]),
    )?;
    if answer(workspace.cargo().args(["deny", "fetch", "db"])).is_none() {
        println!("The list of advisories cannot be fetched here, so they are not checked");
        return Ok(());
    }
    run_shown(workspace.cargo().args(["deny", "check", "advisories"]))
}

fn rust(workspace: &Workspace) -> Result<()> {
    if answer(command("cargo").args(["nextest", "--version"])).is_none() {
        return run_shown(
            workspace
                .cargo()
                .args(["test", "--workspace"])
                .args(locked()),
        );
    }
    run_shown(
        workspace
            .cargo()
            .args(["nextest", "run", "--workspace", "--no-fail-fast"])
            .args(locked()),
    )?;
    // nextest leaves out the examples in the docs.
    run_shown(
        workspace
            .cargo()
            .args(["test", "--workspace", "--doc", "--quiet"])
            .args(locked()),
    )
}

/// The server as people run it, with the app in it.
fn web(workspace: &Workspace) -> Result<PathBuf> {
    let cache = Cache::open()?;
    let board = Board::new(tools::STEPS + app::STEPS, &cache.logs());
    app::build_web(&cache, workspace, &board)?;
    app::build_server(workspace, &board, Speed::Quick)
}

fn e2e(workspace: &Workspace) -> Result<()> {
    let server = web(workspace)?;
    let folder = workspace.root().join("e2e");
    let (judge, chromium) = {
        let board = Board::new(3, &Cache::open()?.logs());
        let judge = board.step("Judge of what the tabs showed", |step| {
            let mut build = workspace.cargo();
            build.args(["build", "--package", "histcheck", "--bin", "histcheck"]);
            run_logged(&mut build, step)?;
            Ok(workspace.target().join("debug/histcheck"))
        })?;
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
        let chromium = board.step("Chromium and fonts", |step| {
            if let Some(chosen) = env::var_os("CHROMIUM") {
                return Ok(PathBuf::from(chosen));
            }
            apt::require(
                &["chromium", "fonts-noto-cjk", "fonts-noto-color-emoji"],
                step,
            )?;
            Ok(PathBuf::from("/usr/bin/chromium"))
        })?;
        (judge, chromium)
    };
    let mut tests = command("npx");
    tests
        .args(["--no-install", "playwright", "test"])
        .current_dir(&folder);
    tests.env("POND_BIN", server).env("CHROMIUM", chromium);
    tests.env("POND_JUDGE", judge);
    run_shown(&mut tests)
}

/// In CI `Cargo.lock` must be up to date; at a desk it follows `Cargo.toml`.
fn locked() -> Option<&'static str> {
    env::var_os("CI").map(|_| "--locked")
}

fn is_newer(one: &Path, other: &Path) -> bool {
    let changed = |path| fs::metadata(path).and_then(|file| file.modified()).ok();
    matches!((changed(one), changed(other)), (Some(one), Some(other)) if one >= other)
}

fn print_times(times: &[(Part, Duration, bool)]) {
    println!();
    for (part, took, passed) in times {
        let word = if *passed { "passed" } else { "FAILED" };
        println!("{:<7} {word} in {}", part.name(), spoken(*took));
    }
}

/// In the order in which they run. The app goes before what is built with it inside, which is then
/// built once.
const ALL: [Part; 6] = [
    Part::Lint,
    Part::Web,
    Part::Rust,
    Part::Torture,
    Part::Counts,
    Part::E2e,
];
const DENY_WARNINGS: [&str; 3] = ["--", "--deny", "warnings"];
