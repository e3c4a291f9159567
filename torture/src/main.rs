//! Breaks a running Pond in every way that can be had here, and checks what its clients saw.
//!
//! Needs the server's binary; run it by `cargo xtask torture`. The clients are the product's own
//! engine on real sockets, and the judge is `histcheck`, which knows neither.
//! Read next: [`faults`] for what is done, [`stage`] for how an episode goes.

mod auditor;
mod bench;
mod campaign;
mod carried;
mod dice;
mod failure;
mod faults;
mod mounted;
mod options;
mod peer;
mod pond;
mod proxy;
mod recorder;
mod sabotage;
#[cfg(test)]
mod simulated;
mod stage;

use std::{os::unix::process::CommandExt as _, process::ExitCode, sync::Arc};

use clap::Parser as _;

use crate::{
    bench::{Bench, Size, works},
    failure::{Failure, Result},
    mounted::{can_mount_images, can_mount_memory},
    options::Options,
};

fn main() -> ExitCode {
    let options = Options::parse();
    let is_root = works("sh", &["-c", "test $(id -u) = 0"]);
    let may_unshare = is_root && works("unshare", &["--mount", "--propagation", "private", "true"]);
    if may_unshare && !options.unshared {
        // What is mounted from here on ends with this process, however that ends.
        let mut again = std::process::Command::new("unshare");
        again
            .args(["--mount", "--propagation", "private", "--"])
            .args(std::env::args_os());
        let error = again.arg("--unshared").exec();
        return end(Err(Failure::new(format!("Could not start again: {error}"))));
    }
    end(run(&options))
}

fn run(options: &Options) -> Result<bool> {
    // One thread: what the server can use of the machine is its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let parent = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new()
        .prefix("pond-torture-")
        .tempdir_in(parent)?;
    let bench = Bench {
        pond: options.pond.clone(),
        sabotage: None,
        folder: folder.path().to_owned(),
        can_trace: works(
            "strace",
            &["-f", "--seccomp-bpf", "-o", "/dev/null", "true"],
        ),
        can_mount_images: options.unshared && can_mount_images(folder.path()),
        can_mount_memory: options.unshared && can_mount_memory(folder.path()),
        can_leash: works("setpriv", &["--pdeathsig", "KILL", "--", "true"]),
        can_fake_time: works("faketime", &["-f", "-1d", "true"]),
        crowd: options.crowd,
        places: Arc::default(),
        slowed: Vec::new(),
        patience: None,
        size: if options.minutes.is_some() {
            Size::Long
        } else {
            Size::Short
        },
    };
    runtime.block_on(async {
        tokio::select! {
            done = async {
                if options.sabotage {
                    sabotage::run(options, &bench).await
                } else {
                    campaign::run(options, &bench).await
                }
            } => done,
            // Servers, mounts and folders go with what is dropped.
            () = stopped() => Err(Failure::new("Stopped")),
        }
    })
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await.unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn end(outcome: Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("torture: {failure}");
            ExitCode::from(2)
        }
    }
}
