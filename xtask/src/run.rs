//! `run`, `dev`, `setup` and `dist`: what people type to have a Pond.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use crate::{
    app,
    cache::{Cache, make_folder},
    children::{Ward, command, run_logged},
    failure::{Failure, Result},
    progress::Board,
    tools::{self, Tools},
    workspace::Workspace,
};

/// Gets the tools, builds app and server, and serves until Ctrl-C.
///
/// # Errors
/// When something cannot be built, or the server ends with an error.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let server = build()?.0;
    serve(command(server).args(arguments))
}

/// One file with everything in it: `target/dist/pond`.
///
/// # Errors
/// When something cannot be built.
pub(crate) fn dist() -> Result<()> {
    let (server, workspace) = build()?;
    let folder = workspace.target().join("dist");
    make_folder(&folder)?;
    let file = folder.join("pond");
    let bytes = fs::copy(&server, &file).map_err(|error| Failure::io("copy", &server, &error))?;
    println!("{} ({:.1} MB)", file.display(), megabytes(bytes));
    Ok(())
}

/// Gets the tools and says how to use them by hand.
///
/// # Errors
/// When a tool cannot be had.
pub(crate) fn setup() -> Result<()> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let tools = {
        let board = Board::new(tools::STEPS, &cache.logs());
        Tools::provide(&cache, &workspace, &board)?
    };
    let (bin, prefix) = (cache.bin(), tools.wasm.by_hand());
    println!(
        "The tools are in {}. By hand, in this folder:",
        bin.display()
    );
    println!("    export PATH={}:$PATH", bin.display());
    println!("    {prefix}trunk build --release");
    println!("    {prefix}trunk serve");
    Ok(())
}

/// The server, and beside it trunk, which rebuilds and reloads the app on every change.
///
/// # Errors
/// When something cannot be built, or one of both ends.
pub(crate) fn dev(arguments: &[String]) -> Result<()> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let board = Board::new(tools::STEPS + 1, &cache.logs());
    let tools = Tools::provide(&cache, &workspace, &board)?;
    board.step("Server", |step| {
        let mut cargo = command("cargo");
        cargo
            .args(["build", "--package", "backend"])
            .current_dir(workspace.root());
        run_logged(&mut cargo, step)
    })?;
    drop(board);
    let mut pond = command(workspace.target().join("debug/pond"));
    pond.arg("--data").arg(workspace.target().join("dev-data"));
    pond.args(["--public-url", "http://127.0.0.1:8081"])
        .args(arguments);
    let mut server = Ward::start(&mut pond)?;
    let mut trunk = Ward::start(tools.trunk(&workspace).arg("serve"))?;
    println!("The app is at http://127.0.0.1:8081 once trunk has built it; Ctrl-C ends both");
    loop {
        for (name, child) in [("the server", &mut server), ("trunk", &mut trunk)] {
            if let Some(status) = child.poll()? {
                return Err(Failure::new(format!("{name} ended ({status})")));
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// The server with the app in it, and the checkout it is of.
fn build() -> Result<(std::path::PathBuf, Workspace)> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let board = Board::new(tools::STEPS + 2, &cache.logs());
    let tools = Tools::provide(&cache, &workspace, &board)?;
    app::build_web(&workspace, &tools, &board)?;
    let server = app::build_server(&workspace, &board)?;
    Ok((server, workspace))
}

fn serve(server: &mut Command) -> Result<()> {
    let status = Ward::start(server)?.wait()?;
    if status.success() {
        return Ok(());
    }
    let name = Path::new(server.get_program())
        .file_name()
        .unwrap_or_default();
    Err(Failure::new(format!(
        "{} ended ({status})",
        name.to_string_lossy()
    )))
}

#[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
