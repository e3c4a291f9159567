//! Building what people run: the web app, and the server with the app in it.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use crate::{
    cache::{Cache, lock},
    children::run_logged,
    failure::{Failure, Result},
    progress::{Board, Step},
    toolchain::{TARGET, WasmToolchain},
    tools::Tools,
    workspace::Workspace,
};

/// Steps of this module, for the count that is shown.
pub(crate) const STEPS: usize = 3;

/// Gets the tools, and builds `dist/` unless what is there was built from the same sources by the
/// same tools.
///
/// # Errors
/// When a tool cannot be made, or the app does not build.
pub(crate) fn build_web(cache: &Cache, workspace: &Workspace, board: &Board) -> Result<()> {
    let stamp = workspace.state().join("app.stamp");
    let found = fs::read_to_string(&stamp).unwrap_or_default();
    let sources = hash(&SOURCES.map(|source| workspace.root().join(source)))?;
    let dist = workspace.root().join("dist");
    let tools = Tools::provide(cache, workspace, board, |wasm| {
        board.step("Web app: compile", |step| {
            if found.starts_with(&sources) {
                step.says("unchanged");
                return Ok(());
            }
            compile(workspace, wasm, step)
        })
    })?;
    board.step("Web app: bundle", |step| {
        let _lock = lock(
            &workspace.state().join("app.lock"),
            "another build of the app",
        )?;
        let text = |made: &str| format!("{sources} {} {made}\n", tools.fingerprint());
        if found == text(&hash(std::slice::from_ref(&dist)).unwrap_or_default()) {
            step.says("unchanged");
            return Ok(());
        }
        let _ = fs::remove_file(&stamp);
        run_logged(tools.trunk(workspace).args(["build", "--release"]), step)?;
        if !tools.has_wasm_opt() {
            step.note(
                "The app was built without wasm-opt: it works, and is larger than it could be",
            );
        }
        let made = hash(std::slice::from_ref(&dist))?;
        fs::write(&stamp, text(&made)).map_err(|error| Failure::io("write", &stamp, &error))
    })
}

/// Compiles the app with the same words as trunk, which then finds it done.
fn compile(workspace: &Workspace, wasm: &WasmToolchain, step: &Step) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--target", TARGET, "--profile", "web"]);
    cargo.arg("--manifest-path");
    cargo.arg(workspace.root().join("frontend/Cargo.toml"));
    run_logged(wasm.choose_for(&mut cargo), step)
}

/// How the server is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Speed {
    /// Soon there: shares everything with the tests.
    Quick,
    /// For use: LTO, minutes.
    Fast,
}

/// Builds the server and gives its path. The app in `dist/` becomes a part of it.
///
/// # Errors
/// When cargo fails.
pub(crate) fn build_server(workspace: &Workspace, board: &Board, speed: Speed) -> Result<PathBuf> {
    board.step("Server", |step| {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--package", "backend", "--bin", "pond"]);
        let folder = match speed {
            Speed::Quick => "debug",
            Speed::Fast => {
                cargo.arg("--release");
                "release"
            }
        };
        run_logged(&mut cargo, step)?;
        Ok(workspace.target().join(folder).join("pond"))
    })
}

/// What the server is made of, in one number.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn server_sources(workspace: &Workspace) -> Result<String> {
    hash(&["Cargo.lock", "backend", "shared"].map(|source| workspace.root().join(source)))
}

/// Names and contents of files, and of all files in folders, in one number.
fn hash(paths: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    paths.iter().try_for_each(|path| add(path, &mut hasher))?;
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let failed = |error: std::io::Error| Failure::io("read", path, &error);
    path.hash(hasher);
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)
            .map_err(failed)?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        return entries.iter().try_for_each(|entry| add(entry, hasher));
    }
    fs::read(path).map_err(failed)?.hash(hasher);
    Ok(())
}

/// What the web app is made of.
const SOURCES: [&str; 7] = [
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "client",
    "frontend",
    "index.html",
    "shared",
];
