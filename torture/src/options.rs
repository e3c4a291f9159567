//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::faults::Fault;

/// Breaks a running Pond in every way that can be had here, and checks what its clients saw
#[derive(Parser, Debug)]
#[command(name = "torture")]
pub(crate) struct Options {
    /// The server's binary
    #[arg(long)]
    pub(crate) pond: PathBuf,
    /// A build of it that can be broken on purpose
    #[arg(long)]
    pub(crate) sabotaged: Option<PathBuf>,
    /// How long a campaign goes on; at least one round of each fault. Without it: one short round
    #[arg(long)]
    pub(crate) minutes: Option<u64>,
    /// Replays the faults of another run
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Only these faults
    #[arg(long, value_parser = fault)]
    pub(crate) only: Vec<Fault>,
    /// How many clients a storm has [default: 5000, in a short round 200]
    #[arg(long)]
    pub(crate) crowd: Option<u32>,
    /// Instead of torturing a good server, see that each broken one is caught
    #[arg(long)]
    pub(crate) sabotage: bool,
    /// Only this defect
    #[arg(long)]
    pub(crate) defect: Vec<String>,
    /// Where episodes keep their data
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// Set when this process has a mount namespace of its own
    #[arg(long, hide = true)]
    pub(crate) unshared: bool,
}

fn fault(name: &str) -> Result<Fault, String> {
    let names = || Fault::ALL.map(Fault::name).join(", ");
    Fault::named(name).ok_or_else(|| format!("the faults are {}", names()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_help_that_needs_no_build_names_every_fault_and_option() {
        let help = include_str!("../HELP.txt");
        let words = || help.split(|letter: char| !letter.is_ascii_alphanumeric());
        for fault in Fault::ALL {
            assert!(words().any(|word| word == fault.name()), "{fault}");
        }
        // What `cargo xtask` says itself.
        let is_given = ["pond", "sabotaged", "folder", "unshared"];
        for option in Options::command().get_arguments() {
            let name = option.get_long().unwrap();
            let is_named = help.contains(&format!("--{name} "));
            assert_eq!(is_named, !is_given.contains(&name), "{name}");
        }
    }
}
