//! `run`, `dev`, `setup` and `dist`: what people type to have a Pond.

use std::{fs, os::unix::process::CommandExt as _, path::PathBuf, thread, time::Duration};

use crate::{
    app::{self, Speed},
    cache::{Cache, make_folder},
    children::{Ward, command, run_shown},
    failure::{Failure, Result},
    progress::Board,
    tools::{self, Tools},
    workspace::Workspace,
};

/// Gets the tools, builds app and server, and serves until Ctrl-C.
///
/// # Errors
/// When something cannot be built or started; otherwise it does not return.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (server, _) = build(Speed::Quick)?;
    // The server takes the place of this process: signals and its exit status are its own.
    let error = command(&server).args(arguments).exec();
    Err(Failure::io("start", &server, &error))
}

/// One file with everything in it: `target/dist/pond`.
///
/// # Errors
/// When something cannot be built.
pub(crate) fn dist() -> Result<()> {
    let (server, workspace) = build(Speed::Fast)?;
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
        Tools::provide(&cache, &workspace, &board, |_| Ok(()))?
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

/// The server, and beside it trunk, which rebuilds and reloads the app on every change. The server
/// restarts when its own sources change.
///
/// # Errors
/// When something cannot be built at first, or one of both ends by itself.
pub(crate) fn dev(arguments: &[String]) -> Result<()> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let board = Board::new(tools::STEPS + 1, &cache.logs());
    let tools = Tools::provide(&cache, &workspace, &board, |_| Ok(()))?;
    let server = app::build_server(&workspace, &board, Speed::Quick)?;
    drop(board);
    let start_server = || {
        let mut pond = command(&server);
        pond.args(["--listen", "127.0.0.1:8080", "--public-url", DEV_PAGE]);
        pond.arg("--data").arg(workspace.target().join("dev-data"));
        Ward::start(pond.args(arguments))
    };
    let mut pond = start_server()?;
    let mut trunk = tools.trunk(&workspace);
    // Not dist/, which the server embeds: what trunk serves is a debug build.
    let dist = workspace.target().join("dev-dist");
    make_folder(&dist)?;
    let mut trunk = Ward::start(trunk.arg("serve").arg("--dist").arg(dist))?;
    println!("The app is at {DEV_PAGE} once trunk has built it; Ctrl-C ends both");
    let mut sources = app::server_sources(&workspace)?;
    loop {
        thread::sleep(LOOK_EVERY);
        if let Some(status) = trunk.poll()? {
            return Err(Failure::new(format!("trunk ended ({status})")));
        }
        let now = app::server_sources(&workspace)?;
        if now != sources {
            sources = now;
            let mut cargo = workspace.cargo();
            cargo.args(["build", "--package", "backend", "--bin", "pond"]);
            // While the sources are broken the last good server goes on; cargo says what is wrong.
            if run_shown(&mut cargo).is_ok() {
                drop(pond);
                pond = start_server()?;
            }
        } else if let Some(status) = pond.poll()? {
            return Err(Failure::new(format!("pond ended ({status})")));
        }
    }
}

/// The server with the app in it, and the checkout it is of.
fn build(speed: Speed) -> Result<(PathBuf, Workspace)> {
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let board = Board::new(tools::STEPS + app::STEPS, &cache.logs());
    app::build_web(&cache, &workspace, &board)?;
    let server = app::build_server(&workspace, &board, speed)?;
    Ok((server, workspace))
}

#[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Trunk's address: the origin that the server must accept.
const DEV_PAGE: &str = "http://127.0.0.1:8081";

/// Soon enough that nobody waits for it.
const LOOK_EVERY: Duration = Duration::from_millis(700);
