//! `test --only counts`: the instructions of the server's hot path, which are the same on a busy
//! machine and on a quiet one.
//!
//! The work is in `backend/examples/counts.rs`; callgrind counts two runs of it, of different lengths.

use std::path::Path;

use crate::{
    apt,
    cache::Cache,
    children::{answer, command, run_logged},
    failure::{Failure, Result},
    progress::Board,
    workspace::Workspace,
};

/// A piece of the hot path.
struct Piece {
    /// As `counts` calls it.
    name: &'static str,
    /// How often it is done in the shorter and in the longer run.
    times: [u64; 2],
    /// Instructions for one time, when somebody last looked.
    recorded: u64,
}

/// Counts all pieces and compares them with what was recorded.
///
/// # Errors
/// When a piece takes more than it did, or far less, or something cannot be built.
pub(crate) fn counts(workspace: &Workspace) -> Result<()> {
    let example = {
        let board = Board::new(2, &Cache::open()?.logs());
        board.step("valgrind", |step| {
            if !has_valgrind() && apt::require(&["valgrind"], step).is_err() {
                step.note("valgrind cannot be installed");
            }
            Ok(())
        })?;
        board.step("What is counted", |step| {
            let mut cargo = workspace.cargo();
            cargo.args(["build", "--release", "--package", "backend"]);
            run_logged(cargo.args(["--example", "counts"]), step)
        })?;
        workspace.target().join("release/examples/counts")
    };
    if !has_valgrind() {
        println!("There is no valgrind here, so instructions are not counted");
        return Ok(());
    }
    let compiler = answer(command("rustc").arg("--version")).unwrap_or_default();
    let is_comparable = compiler.starts_with(COMPILER) && cfg!(target_arch = "x86_64");
    if !is_comparable {
        println!("Recorded with {COMPILER} on x86_64, so here nothing is judged:");
    }
    let mut changed = Vec::new();
    println!("{:<16} {:>12} {:>12}", "instructions", "recorded", "now");
    for piece in &PIECES {
        let now = piece.count(&example)?;
        let (name, recorded) = (piece.name, piece.recorded);
        println!("{name:<16} {recorded:>12} {now:>12}");
        if now > recorded + recorded / MAY_GROW_BY {
            changed.push(format!("{name} takes more instructions than before"));
        } else if now < recorded - recorded / MAY_SHRINK_BY {
            // Faster, or it does not do its work any more.
            changed.push(format!("{name} takes far fewer instructions than before"));
        }
    }
    if changed.is_empty() || !is_comparable {
        return Ok(());
    }
    let remedy = "see where they go: valgrind --tool=callgrind target/release/examples/counts NAME 100, and \
         callgrind_annotate; where that is as it should be, record the new figure in xtask/src/counts.rs";
    Err(Failure::new(changed.join("; ")).remedy(remedy))
}

impl Piece {
    fn count(&self, example: &Path) -> Result<u64> {
        let [short, long] = self.times;
        let [fewer, more] = [
            collected(example, self.name, short)?,
            collected(example, self.name, long)?,
        ];
        Ok(more.saturating_sub(fewer) / (long - short).max(1))
    }
}

/// The instructions of a whole run.
fn collected(example: &Path, name: &str, times: u64) -> Result<u64> {
    let mut valgrind = command("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(example)
        .args([name, &times.to_string()]);
    let failed = |what: &str| {
        Failure::new(format!(
            "Counting the instructions of {name} failed: {what}"
        ))
    };
    let output = valgrind
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said
        .lines()
        .find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    if !output.status.success() {
        return Err(failed(said.trim_end()));
    }
    count.ok_or_else(|| failed("callgrind says no number"))
}

fn has_valgrind() -> bool {
    answer(command("valgrind").arg("--version")).is_some()
}

const fn piece(name: &'static str, times: [u64; 2], recorded: u64) -> Piece {
    Piece {
        name,
        times,
        recorded,
    }
}

const PIECES: [Piece; 7] = [
    piece("write-json", [100, 1100], 6_907),
    piece("write-protobuf", [100, 1100], 3_654),
    piece("read-json", [100, 1100], 4_282),
    piece("read-protobuf", [100, 1100], 3_383),
    piece("fan-out", [2, 22], 525_683),
    piece("append", [20, 120], 56_245),
    piece("page", [20, 120], 336_004),
];
/// What compiled them: another one may need more or fewer.
const COMPILER: &str = "rustc 1.95.";
/// A twentieth. Source: the same build differs by less than half of a hundredth from run to run.
const MAY_GROW_BY: u64 = 20;
/// A quarter.
const MAY_SHRINK_BY: u64 = 4;
