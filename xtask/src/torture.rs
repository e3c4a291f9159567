//! `torture`: breaks a running server in every way that can be had here, and checks what its clients
//! saw. The work is done by the crate `torture`; this builds what it needs and starts it.

use std::path::PathBuf;

use crate::{
    apt,
    cache::Cache,
    children::{answer, command, run_logged, run_shown},
    failure::{Failure, Result},
    progress::{Board, Step},
    workspace::Workspace,
};

/// A campaign, with what the command line says: `--minutes`, `--seed`, `--only`, `--sabotage`.
///
/// # Errors
/// When something cannot be built, or a promise was broken.
pub(crate) fn torture(arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|one| one == "--help" || one == "-h") {
        // Not for the price of a build.
        print!("{}", include_str!("../../torture/HELP.txt"));
        return Ok(());
    }
    let is_sabotage = arguments.iter().any(|argument| argument == "--sabotage");
    let kind = if is_sabotage {
        Kind::Sabotaged
    } else {
        Kind::Fast
    };
    strike(&Workspace::find()?, kind, arguments)
}

/// The short campaign that is a part of the tests: one round of every fault, in a debug build; and a few
/// servers and clients that are broken on purpose, so that what catches them is seen to work.
///
/// # Errors
/// When something cannot be built, a promise was broken, or a defect was not caught.
pub(crate) fn short(workspace: &Workspace) -> Result<()> {
    strike(workspace, Kind::Quick, &[])?;
    let mut arguments = vec!["--sabotage".to_owned()];
    for defect in SHORT_DEFECTS {
        arguments.extend(["--defect".to_owned(), defect.to_owned()]);
    }
    strike(workspace, Kind::Sabotaged, &arguments)
}

/// One of each kind: lost in a crash, doubled, moved, lost by a client.
const SHORT_DEFECTS: [&str; 4] = [
    "AcksBeforeCommit",
    "StoresTwice",
    "SendsTwoAtOnce",
    "DropsOutbox",
];

/// What is built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With the tests' own build.
    Quick,
    /// As it is shipped, so that a campaign gets far.
    Fast,
    /// With clients and a server that can be broken on purpose.
    Sabotaged,
}

fn strike(workspace: &Workspace, kind: Kind, arguments: &[String]) -> Result<()> {
    let board = Board::new(2, &Cache::open()?.logs());
    board.step("strace and faketime", |step| {
        // What is missing leaves out a fault, and the campaign says so.
        if needs_tools() && apt::require(&["strace", "faketime"], step).is_err() {
            step.note("strace or faketime cannot be installed: some faults are left out");
        }
        Ok(())
    })?;
    let folder = board.step("Server and torture", |step| build(workspace, kind, step))?;
    drop(board);
    let mut torture = command(folder.join("torture"));
    torture.arg("--pond").arg(folder.join("pond"));
    torture.arg("--folder").arg(workspace.target());
    if kind == Kind::Sabotaged {
        torture
            .arg("--sabotaged")
            .arg(folder.join("examples/sabotaged_pond"));
    }
    run_shown(torture.args(arguments))
}

fn build(workspace: &Workspace, kind: Kind, step: &Step) -> Result<PathBuf> {
    let cargo = |arguments: &[&str]| {
        let mut cargo = workspace.cargo();
        cargo.arg("build").args(arguments);
        if kind == Kind::Fast {
            cargo.arg("--release");
        }
        run_logged(&mut cargo, step)
    };
    if kind == Kind::Sabotaged {
        cargo(&[
            "--package",
            "backend",
            "--features",
            "sabotage",
            "--example",
            "sabotaged_pond",
        ])?;
        cargo(&["--package", "torture", "--features", "sabotage"])?;
    } else {
        cargo(&["--package", "torture"])?;
    }
    // Apart, so that what others ask of a package does not change it.
    cargo(&["--package", "backend", "--bin", "pond"])?;
    let folder = workspace.target().join(if kind == Kind::Fast {
        "release"
    } else {
        "debug"
    });
    if folder.join("pond").exists() {
        return Ok(folder);
    }
    Err(Failure::new("Cargo built no server"))
}

fn needs_tools() -> bool {
    ["strace", "faketime"]
        .iter()
        .any(|tool| answer(command(tool).arg("--version")).is_none())
}
