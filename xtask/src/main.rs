//! `cargo xtask …`: sets up the tools, runs Pond, tests it, packs it.
//!
//! Needs Rust and git alone and has no dependencies, since it stands before the first page. Read
//! next: [`run`] for what people type, [`tools`] for what the set-up makes.

mod app;
mod apt;
mod cache;
mod children;
mod counts;
mod debian;
mod failure;
mod progress;
mod run;
mod test;
mod toolchain;
mod tools;
mod torture;
mod workspace;

use std::{env, process::ExitCode};

use failure::{Failure, Result};
use test::Part;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let rest = rest
        .strip_prefix(["--".to_owned()].as_slice())
        .unwrap_or(rest);
    let done = match name {
        "run" => run::run(rest),
        "dev" => run::dev(rest),
        "setup" => run::setup(),
        "dist" => run::dist(),
        "torture" => torture::torture(rest),
        "test" => match parts(rest) {
            Ok(only) => test::test(&only),
            Err(failure) => return wrong(&failure),
        },
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => {
            return wrong(&Failure::new(format!("There is no command `{other}`")).remedy(HELP));
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// `--only rust --only e2e`, or nothing.
fn parts(arguments: &[String]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for pair in arguments.chunks(2) {
        match pair {
            [flag, name] if flag == "--only" => {
                let part = Part::named(name).ok_or_else(|| {
                    Failure::new(format!("`{name}` is no part of the tests"))
                        .remedy("name lint, web, rust, torture, counts or e2e")
                });
                parts.push(part?);
            }
            _ => {
                return Err(
                    Failure::new(format!("`{}` is not understood", pair.join(" ")))
                        .remedy("cargo xtask test [--only lint|web|rust|torture|counts|e2e]…"),
                );
            }
        }
    }
    Ok(parts)
}

fn wrong(failure: &Failure) -> ExitCode {
    eprintln!("xtask: {failure}");
    ExitCode::from(2)
}

const HELP: &str = "\
cargo xtask run [-- FLAGS]   get the tools, build, serve on http://127.0.0.1:8080
cargo xtask test [--only P]  all tests, or only lint, web, rust, torture, counts or e2e
cargo xtask torture          break the server in every way, check what its clients saw; --minutes N,
                             --seed S, --only FAULT; --sabotage sees that broken ones are caught
cargo xtask dev [-- FLAGS]   the server, and the app on http://127.0.0.1:8081 with reload
cargo xtask dist             one binary with everything in it
cargo xtask setup            only the tools
FLAGS go to pond: cargo xtask run -- --demo";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_or_refused() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        assert_eq!(
            parts(&words("--only rust --only e2e")).unwrap(),
            [Part::Rust, Part::E2e]
        );
        assert!(parts(&words("--only dance")).is_err());
        assert!(parts(&words("rust")).is_err());
    }
}
