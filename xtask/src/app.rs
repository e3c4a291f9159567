//! Building what people run: the web app, and the server with the app in it.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use crate::{
    cache::lock,
    children::{command, run_logged},
    failure::{Failure, Result},
    progress::Board,
    tools::Tools,
    workspace::Workspace,
};

/// Builds `dist/`, unless what is there was built from the same sources by the same tools.
///
/// # Errors
/// When trunk fails.
pub(crate) fn build_web(workspace: &Workspace, tools: &Tools, board: &Board) -> Result<()> {
    board.step("Web app", |step| {
        let _lock = lock(
            &workspace.state().join("app.lock"),
            "another build of the app",
        )?;
        let stamp = workspace.state().join("app.stamp");
        let wanted = fingerprint(workspace, tools)?;
        let page = workspace.root().join("dist/index.html");
        if page.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
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
        fs::write(&stamp, &wanted).map_err(|error| Failure::io("write", &stamp, &error))
    })
}

/// Builds the server for use and gives its path. The app in `dist/` becomes a part of it.
///
/// # Errors
/// When cargo fails.
pub(crate) fn build_server(workspace: &Workspace, board: &Board) -> Result<PathBuf> {
    board.step("Server", |step| {
        let mut cargo = command("cargo");
        cargo
            .args(["build", "--release", "--package", "backend"])
            .current_dir(workspace.root());
        run_logged(&mut cargo, step)?;
        Ok(workspace.target().join("release/pond"))
    })
}

/// Sources and tools in one number.
fn fingerprint(workspace: &Workspace, tools: &Tools) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    tools.versions().hash(&mut hasher);
    for source in SOURCES {
        add(&workspace.root().join(source), &mut hasher)?;
    }
    Ok(format!("{:016x}\n", hasher.finish()))
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
