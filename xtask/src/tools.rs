//! The tools that build the web app: a compiler for WebAssembly, trunk, wasm-bindgen, wasm-opt.
//!
//! Each is built from source once, in the version this checkout pins, and kept in the cache. Built
//! for a short build, not for speed: they run for a second or two.

use std::{
    env,
    ffi::OsString,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    thread,
};

use crate::{
    cache::{Cache, make_folder, remove_folder},
    children::{answer, command, end_all, run_logged},
    failure::{Failure, Result},
    progress::{Board, Step},
    toolchain::WasmToolchain,
    workspace::Workspace,
};

/// What builds the web app.
pub(crate) struct Tools {
    /// The compiler.
    pub(crate) wasm: WasmToolchain,
    /// Folders that go in front of `PATH`.
    folders: Vec<PathBuf>,
    /// Without it the app works and is larger.
    has_wasm_opt: bool,
}

/// Steps of [`Tools::provide`], for the count that is shown.
pub(crate) const STEPS: usize = 4;

impl Tools {
    /// Finds the tools, and makes those that are missing. `with_compiler` runs as soon as there is
    /// a compiler, while the other tools are still being made: what it does fills the gaps that
    /// their builds leave, and saves minutes of the first run.
    ///
    /// # Errors
    /// When a tool cannot be made, which says what to do, or `with_compiler` fails.
    pub(crate) fn provide(
        cache: &Cache,
        workspace: &Workspace,
        board: &Board,
        with_compiler: impl FnOnce(&WasmToolchain) -> Result<()> + Send,
    ) -> Result<Self> {
        let _lock = cache.lock()?;
        cache.sweep();
        let bindgen = workspace.locked_version("wasm-bindgen")?;
        let (wasm, (mut folders, opt)) = together(
            || {
                let ready = |step: &Step| match WasmToolchain::ready(cache, workspace) {
                    Some(ready) => Ok(ready),
                    None => WasmToolchain::provide(cache, workspace, step),
                };
                let wasm = board.step("Compiler for WebAssembly", ready)?;
                with_compiler(&wasm)?;
                Ok(wasm)
            },
            || provide_programs(cache, board, &bindgen),
        )?;
        remove_folder(&cache.at(SHARED_BUILD))?;
        let has_wasm_opt = match opt {
            Ok(home) => {
                folders.push(home.join("bin"));
                true
            }
            Err(failure) => {
                board.note(&format!(
                    "The app will be larger, since wasm-opt is missing: {failure}"
                ));
                folders.push(no_wasm_opt(cache)?);
                false
            }
        };
        for program in ["trunk", "wasm-bindgen", "wasm-opt"] {
            let found = folders
                .iter()
                .map(|folder| folder.join(program))
                .find(|path| path.exists());
            if let Some(program) = found {
                cache.link(&program)?;
            }
        }
        Ok(Self {
            wasm,
            folders,
            has_wasm_opt,
        })
    }

    /// trunk with everything it needs.
    pub(crate) fn trunk(&self, workspace: &Workspace) -> Command {
        let mut trunk = command("trunk");
        trunk.env("PATH", self.path()).current_dir(workspace.root());
        // A variable that is set to anything but a bool stops trunk.
        trunk.env_remove("NO_COLOR");
        self.wasm.choose_for(&mut trunk);
        trunk
    }

    /// Whether the app is made small.
    pub(crate) fn has_wasm_opt(&self) -> bool {
        self.has_wasm_opt
    }

    /// What a built app depends on besides its sources, in one number.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.wasm.version().hash(&mut hasher);
        self.folders.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    fn path(&self) -> OsString {
        let rest = env::var_os("PATH").unwrap_or_default();
        let folders = self.folders.iter().cloned().chain(env::split_paths(&rest));
        env::join_paths(folders).unwrap_or(rest)
    }
}

/// Does two things at once. When one fails, the children of the other are ended and the failure
/// that came first is the one that is told.
fn together<A: Send, B>(
    one: impl FnOnce() -> Result<A> + Send,
    other: impl FnOnce() -> Result<B>,
) -> Result<(A, B)> {
    let first = OnceLock::new();
    let failed = |who: Who| {
        if first.set(who).is_ok() {
            end_all();
        }
    };
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(|| one().inspect_err(|_| failed(Who::One)));
        let other = other().inspect_err(|_| failed(Who::Other));
        let one = one.join();
        (
            one.unwrap_or_else(|_| Err(Failure::new("A part of the set-up panicked"))),
            other,
        )
    });
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(failure), Err(_)) if first.get() == Some(&Who::One) => Err(failure),
        (_, Err(failure)) | (Err(failure), Ok(_)) => Err(failure),
    }
}

#[derive(PartialEq, Eq)]
enum Who {
    One,
    Other,
}

/// The folders of trunk and wasm-bindgen, and that of wasm-opt, which is allowed to fail.
fn provide_programs(
    cache: &Cache,
    board: &Board,
    bindgen: &str,
) -> Result<(Vec<PathBuf>, Result<PathBuf>)> {
    let (trunk_home, bindgen_home) = (
        cache.tool("trunk", TRUNK),
        cache.tool("wasm-bindgen", bindgen),
    );
    // npm only waits for the network, so it does that while the others compile.
    thread::scope(|scope| {
        let opt = scope.spawn(|| provide_wasm_opt(cache, board));
        board.step(&format!("wasm-bindgen {bindgen}"), |step| {
            // Its own lock file names versions that a registry may not serve any more.
            let args = ["wasm-bindgen-cli", "--version", bindgen];
            provide_crate(cache, &bindgen_home, "wasm-bindgen", bindgen, &args, step)
        })?;
        board.step(&format!("trunk {TRUNK}"), |step| {
            let args = [
                "trunk",
                "--version",
                TRUNK,
                "--locked",
                "--no-default-features",
            ];
            provide_crate(cache, &trunk_home, "trunk", TRUNK, &args, step)
        })?;
        let opt = opt.join();
        Ok((
            vec![trunk_home.join("bin"), bindgen_home.join("bin")],
            opt.unwrap_or_else(|_| Err(Failure::new("npm's thread panicked"))),
        ))
    })
}

fn provide_crate(
    cache: &Cache,
    home: &Path,
    program: &str,
    version: &str,
    install: &[&str],
    step: &Step,
) -> Result<()> {
    let works = |home: &Path| {
        let said = answer(command(home.join("bin").join(program)).arg("--version"));
        said.is_some_and(|said| said.split(' ').any(|word| word == version))
    };
    if works(home) {
        return Ok(());
    }
    cache.install(home, |folder| {
        let mut cargo = command("cargo");
        cargo.arg("install").args(install).arg("--root").arg(folder);
        cargo.env("CARGO_TARGET_DIR", cache.at(SHARED_BUILD));
        cargo.current_dir(folder);
        for (setting, value) in QUICK_BUILD {
            cargo.env(setting, value);
        }
        run_logged(&mut cargo, step)?;
        if works(folder) {
            Ok(())
        } else {
            Err(Failure::new(format!(
                "{program} was built and does not say that it is {version}"
            )))
        }
    })
}

fn provide_wasm_opt(cache: &Cache, board: &Board) -> Result<PathBuf> {
    board.step(&format!("wasm-opt {BINARYEN}"), |step| {
        let home = cache.tool("binaryen", BINARYEN);
        if home.join("bin/wasm-opt").exists() {
            return Ok(home);
        }
        if answer(command("npm").arg("--version")).is_none() {
            return Err(Failure::new("there is no npm here")
                .remedy("`apt-get install npm`, or what your system calls Node.js"));
        }
        cache.install(&home, |folder| {
            let mut npm = command("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
                .arg(folder);
            run_logged(npm.arg(format!("binaryen@{BINARYEN}")), step)?;
            let program = folder.join("bin/wasm-opt");
            make_folder(&folder.join("bin"))?;
            write_script(&program, RUN_WASM_OPT)?;
            match answer(command(&program).arg("--version")) {
                Some(_) => Ok(()),
                None => Err(Failure::new("wasm-opt does not run").remedy("check `node --version`")),
            }
        })?;
        Ok(home)
    })
}

/// A stand-in that copies: trunk asks for the tool, and the app works without it.
fn no_wasm_opt(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.at("no-wasm-opt");
    make_folder(&folder)?;
    write_script(&folder.join("wasm-opt"), COPY_ONLY)?;
    Ok(folder)
}

fn write_script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
        .map_err(|error| Failure::io("write", path, &error))
}

/// 0.22 wants a newer compiler than this workspace promises.
const TRUNK: &str = "0.21.14";
const BINARYEN: &str = "132.0.0";

/// One build folder for all tools: an interrupted run goes on where it was.
const SHARED_BUILD: &str = "tools-build";

/// A tool that is built in half the time and runs for a second more.
const QUICK_BUILD: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "false"),
];

const RUN_WASM_OPT: &str = r#"#!/bin/sh
exec node "$(dirname "$(readlink -f "$0")")/../node_modules/binaryen/bin/wasm-opt" "$@"
"#;

const COPY_ONLY: &str = r#"#!/bin/sh
# Stands in for wasm-opt where it is missing: the app works, and is larger.
[ "$1" = --version ] && { echo "wasm-opt version 0 (copies only)"; exit; }
for word; do
  case $word in
    --output=*) out=${word#--output=} ;;
    -*) [ "$last" = -o ] && out=$word ;;
    *) if [ "$last" = -o ]; then out=$word; else in=$word; fi ;;
  esac
  last=$word
done
[ "$in" = "$out" ] || cp "$in" "$out"
"#;
