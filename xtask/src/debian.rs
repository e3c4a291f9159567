//! A private toolchain for WebAssembly out of Debian's packages, where rustup cannot fetch the target.
//!
//! Packages are downloaded and unpacked into the cache, never installed, so no root is needed. Their
//! compiler comes with the source of its standard library, which is built for WebAssembly once.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::{
    cache::{Cache, make_folder, remove_folder},
    children::{answer, command, run_logged},
    failure::{Failure, Result},
    progress::Step,
    toolchain::{TARGET, without_home},
    workspace::{Workspace, major_minor},
};

/// Where it is in the cache.
pub(crate) const FOLDER: &str = "wasm-toolchain";

/// What rustup calls it, for people who start trunk by hand.
const NAME: &str = "pond-wasm";

/// Makes the toolchain and tells rustup of it.
///
/// # Errors
/// When this is no Debian, or a step fails.
pub(crate) fn make_toolchain(cache: &Cache, workspace: &Workspace, step: &Step) -> Result<()> {
    if ["apt-get", "apt-cache", "dpkg"]
        .iter()
        .any(|tool| answer(command(tool).arg("--version")).is_none())
    {
        return Err(Failure::new(format!(
            "The {TARGET} target is missing and could not be downloaded"
        ))
        .remedy(format!(
            "run `rustup target add {TARGET}` where rustup can reach its server"
        )));
    }
    let home = cache.at(FOLDER);
    cache.install(&home, |folder| {
        unpack(folder, step)?;
        check_version(folder, workspace)?;
        step.says("building the standard library");
        build_library(folder, step)
    })?;
    run_logged(
        command("rustup")
            .args(["toolchain", "link", NAME])
            .arg(&home),
        step,
    )
}

fn unpack(folder: &Path, step: &Step) -> Result<()> {
    let root = folder.join("root");
    make_folder(&root)?;
    let own_lists = folder.join("apt");
    // The machine's own lists may be missing, or old and name packages that are gone.
    let downloads = download(folder, &[], step).or_else(|_| {
        let options = fresh_lists(&own_lists, step)?;
        download(folder, &options, step)
    })?;
    for package in entries(&downloads)? {
        step.says(&format!(
            "unpacking {}",
            package.file_name().unwrap_or_default().to_string_lossy()
        ));
        run_logged(command("dpkg").arg("-x").arg(&package).arg(&root), step)?;
    }
    lay_out(folder, &root)?;
    remove_folder(&own_lists)?;
    remove_folder(&downloads)
}

/// Fetches apt's lists into a folder of ours, which needs no root; gives the options that name it.
fn fresh_lists(home: &Path, step: &Step) -> Result<Vec<String>> {
    step.says("fetching Debian's lists of packages");
    make_folder(&home.join("lists/partial"))?;
    make_folder(&home.join("archives/partial"))?;
    let options = Vec::from([
        format!("-oDir::State::lists={}", home.join("lists").display()),
        format!("-oDir::Cache={}", home.display()),
        "-oAPT::Sandbox::User=".to_owned(),
    ]);
    run_logged(command("apt-get").args(&options).arg("update"), step)?;
    Ok(options)
}

/// Downloads the packages into a folder and gives that folder.
fn download(folder: &Path, options: &[String], step: &Step) -> Result<PathBuf> {
    step.says("asking apt which packages");
    let packages = packages(options).ok_or_else(|| {
        Failure::new("This Debian has no package rustc-web").remedy(format!(
            "run `rustup target add {TARGET}` where rustup can reach its server"
        ))
    })?;
    let downloads = folder.join("deb");
    remove_folder(&downloads)?;
    make_folder(&downloads)?;
    step.says("downloading Debian's compiler, about 130 MB");
    let mut get = command("apt-get");
    // apt drops root's rights for a download and complains that it cannot write here; it can.
    get.args(options)
        .args(["-oAPT::Sandbox::User=", "download"]);
    run_logged(get.args(&packages).current_dir(&downloads), step)?;
    Ok(downloads)
}

/// `rustc-web`, its library and its LLVM: those names change with the version.
fn packages(options: &[String]) -> Option<Vec<String>> {
    let start = ["rustc-web", "rust-web-src", "libstd-rust-web-dev"].map(String::from);
    let first = depends(&start, options)?;
    let second = depends(&first, options)?;
    let mut all: Vec<_> = start.into_iter().chain(first).chain(second).collect();
    all.sort();
    all.dedup();
    Some(all)
}

fn depends(packages: &[String], options: &[String]) -> Option<Vec<String>> {
    let mut ask = command("apt-cache");
    let found = needed(&answer(ask.args(options).arg("depends").args(packages))?);
    (!found.is_empty()).then_some(found)
}

/// The packages among `apt-cache depends` that the compiler cannot do without.
fn needed(said: &str) -> Vec<String> {
    let named = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "));
    let is_needed =
        |name: &&str| name.starts_with("libstd-rust-web") || name.starts_with("libllvm");
    named.filter(is_needed).map(String::from).collect()
}

/// `bin/` and `lib/` as rustup expects them; cargo and the linker are those of rustup's own.
fn lay_out(folder: &Path, root: &Path) -> Result<()> {
    let (bin, lib) = (folder.join("bin"), folder.join("lib"));
    make_folder(&bin)?;
    make_folder(&lib)?;
    for program in ["rustc", "rustdoc"] {
        copy(&root.join("usr/bin").join(program), &bin.join(program))?;
    }
    let mut libraries = Vec::new();
    find(root, &mut libraries)?;
    for library in libraries {
        let name = library
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with("librustc_driver") || name.starts_with("libLLVM.so.") {
            copy(&library, &lib.join(name))?;
        }
    }
    let from = root.join("usr/lib/rustlib");
    fs::rename(&from, lib.join("rustlib")).map_err(|error| Failure::io("move", &from, &error))?;
    // Dangling: it points to where the source would be if the package were installed.
    let _ = fs::remove_file(lib.join("rustlib/src/rust"));
    let cargo = answer(command("rustup").args(["which", "cargo"])).map(PathBuf::from);
    let cargo = cargo.ok_or_else(|| {
        Failure::new("rustup does not say where its cargo is").remedy("install Rust with rustup")
    })?;
    let host = answer(command("rustc").args(["--print", "host-tuple"])).unwrap_or_default();
    let linker = Path::new("lib/rustlib").join(&host).join("bin/rust-lld");
    let ordinary = cargo
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("/"))
        .join(&linker);
    make_folder(folder.join(&linker).parent().unwrap_or(folder))?;
    link(&cargo, &bin.join("cargo"))?;
    link(&ordinary, &folder.join(&linker))
}

fn check_version(folder: &Path, workspace: &Workspace) -> Result<()> {
    let said = answer(rustc(folder).arg("--version")).unwrap_or_default();
    let found = said.strip_prefix("rustc ").and_then(major_minor);
    match (found, workspace.oldest_rust()) {
        (Some(found), Some(oldest)) if found < oldest => Err(Failure::new(format!(
            "Debian's {said} is too old for this workspace"
        ))
        .remedy(format!(
            "run `rustup target add {TARGET}` where rustup can reach its server"
        ))),
        (Some(_), _) => Ok(()),
        (None, _) => Err(Failure::new("The unpacked compiler does not run").remedy(
            "its libraries may be missing: `apt-get install libllvm22` names what it needs",
        )),
    }
}

fn rustc(folder: &Path) -> std::process::Command {
    let mut rustc = command(folder.join("bin/rustc"));
    rustc.env("LD_LIBRARY_PATH", folder.join("lib"));
    rustc
}

fn build_library(folder: &Path, step: &Step) -> Result<()> {
    let sources = entries(&folder.join("root/usr/src"))?;
    let source = sources
        .iter()
        .map(|source| source.join("library"))
        .find(|path| path.exists());
    let source = source.ok_or_else(|| Failure::new("rust-web-src has no library in it"))?;
    let mut cargo = command("cargo");
    cargo
        .args(["build", "--release", "--target", TARGET, "-p", "sysroot"])
        .current_dir(&source);
    cargo
        .env("RUSTC", folder.join("bin/rustc"))
        .env("LD_LIBRARY_PATH", folder.join("lib"));
    // The library may use what only the compiler's makers may use, and is linked with LTO later.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    let flags = "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes";
    cargo.env("RUSTFLAGS", flags.to_owned() + &without_home());
    cargo.env("CARGO_TARGET_DIR", source.join("target"));
    run_logged(&mut cargo, step)?;
    let built = source.join("target").join(TARGET).join("release/deps");
    let lib = folder.join("lib/rustlib").join(TARGET).join("lib");
    // Exactly one build's files: two copies are an error.
    remove_folder(&lib)?;
    make_folder(&lib)?;
    for file in entries(&built)? {
        if file
            .extension()
            .is_some_and(|end| end == "rlib" || end == "rmeta")
        {
            copy(&file, &lib.join(file.file_name().unwrap_or_default()))?;
        }
    }
    remove_folder(&folder.join("root"))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).map_err(|error| Failure::io("read", folder, &error))?;
    Ok(read.flatten().map(|entry| entry.path()).collect())
}

fn find(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for path in entries(folder)? {
        if path.is_dir() && !path.is_symlink() {
            find(&path, into)?;
        } else if path.exists() {
            into.push(path);
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| Failure::io("copy", from, &error))
}

fn link(from: &Path, to: &Path) -> Result<()> {
    let _ = fs::remove_file(to);
    symlink(from, to).map_err(|error| Failure::io("link", to, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needed_packages_are_read_from_what_apt_says() {
        let said = "rustc-web\n  Depends: libc6\n  Depends: libstd-rust-web-1.96\n |Depends: gcc\n\
                    libstd-rust-web-dev\n  Depends: libllvm22\n  Depends: <virtual>\n";
        assert_eq!(needed(said), ["libstd-rust-web-1.96", "libllvm22"]);
    }
}
