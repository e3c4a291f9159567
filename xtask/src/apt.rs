//! What comes from Debian: the browser and the fonts of the tests, and what breaks a server.

use std::process::Command;

use crate::{
    children::{answer, command, run_logged},
    failure::{Failure, Result},
    progress::Step,
};

/// Refreshes apt's lists.
///
/// # Errors
/// When apt fails.
pub(crate) fn update(step: &Step) -> Result<()> {
    step.says("apt-get update");
    run_logged(apt_get().arg("update"), step)
}

/// Installs those of the packages that are missing.
///
/// # Errors
/// When this is no Debian, or apt fails; the failure names what to install.
pub(crate) fn require(packages: &[&str], step: &Step) -> Result<()> {
    let is_missing = |package: &&&str| {
        let said = answer(command("dpkg-query").args(["-W", "-f", "${Status}", package]));
        said.is_none_or(|status| !status.ends_with(" installed"))
    };
    let missing: Vec<_> = packages.iter().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing
        .iter()
        .map(|name| **name)
        .collect::<Vec<_>>()
        .join(" ");
    if answer(command("apt-get").arg("--version")).is_none() {
        return Err(Failure::new(format!("The browser tests need what Debian calls {names}"))
            .remedy("install Chromium with your system's packages and name it: CHROMIUM=/path/to/chromium cargo xtask test; for Chinese and emoji, install the Noto CJK and Noto Color Emoji fonts"));
    }
    let install = |step: &Step| {
        step.says(&format!("apt-get install {names}"));
        let mut apt = apt_get();
        apt.args(["install", "--yes", "--no-install-recommends"])
            .args(&missing);
        run_logged(&mut apt, step)
    };
    if install(step).is_ok() {
        return Ok(());
    }
    // Lists that are missing or old name packages that are not there any more.
    update(step)?;
    install(step)
        .map_err(|failure| failure.remedy(format!("run `apt-get install {names}` as root")))
}

/// As root, or through sudo.
fn apt_get() -> Command {
    let is_root = answer(command("id").arg("-u")).is_some_and(|id| id == "0");
    let mut apt = if is_root {
        command("apt-get")
    } else {
        let mut sudo = command("sudo");
        sudo.args(["--non-interactive", "apt-get"]);
        sudo
    };
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}
