//! Imports point left along the road of a message; a module that reaches right breaks this test.

use std::{fs, path::Path};

/// From left to right; those in one row do not know each other.
const ROAD: [&[&str]; 7] = [
    &["store", "bus"],
    &["auth"],
    &["commands", "hub"],
    &["gateway"],
    &["http"],
    &["config", "server", "conformance"],
    &["main"],
];

#[test]
fn imports_point_left() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for (place, row) in ROAD.iter().enumerate() {
        for module in *row {
            for (file, text) in sources(&src, module) {
                for (other_place, others) in ROAD.iter().enumerate() {
                    for other in others.iter().filter(|other| *other != module) {
                        let is_left = other_place < place || (place >= 5 && other_place >= 5);
                        assert!(
                            is_left || !uses(&text, other),
                            "{file} is part of {module} and uses {other}, which is not to its left"
                        );
                        checked += 1;
                    }
                }
            }
        }
    }
    assert!(checked > 200, "the folders were found");
}

#[test]
fn there_is_one_way_to_a_socket() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut upgrades = Vec::new();
    for module in ROAD.concat() {
        for (file, text) in sources(&src, module) {
            upgrades.extend(text.matches("upgrade::on(").map(|_| file.clone()));
        }
    }
    // So the echo server that conformance suites test has the limits and close codes of the product.
    assert_eq!(upgrades.len(), 1, "{upgrades:?}");
    assert!(upgrades[0].ends_with("gateway/socket.rs"));
    let echo = &sources(&src, "conformance")[0].1;
    assert!(echo.contains("socket::accept(") && echo.contains("server::accept("));
}

fn sources(src: &Path, module: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![src.join(module)];
    let single = src.join(format!("{module}.rs"));
    if single.exists() {
        files.push(single);
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    let read = |path: std::path::PathBuf| {
        // A comment may point to where to read on.
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        (
            path.display().to_string(),
            code.collect::<String>().replace(char::is_whitespace, ""),
        )
    };
    files.into_iter().map(read).collect()
}

/// `usecrate::x`, `crate::x::`, or `x` in the braces of `usecrate::{…}`; white space is gone already.
fn uses(text: &str, module: &str) -> bool {
    let direct =
        text.contains(&format!("crate::{module}::")) || text.contains(&format!("crate::{module};"));
    let in_braces = text.match_indices("crate::{").any(|(at, opening)| {
        let list = &text[at + opening.len()..];
        let list = list.split("};").next().unwrap();
        let starts = |entry: &str| entry == module || entry.starts_with(&format!("{module}::"));
        list.split(',').any(starts)
    });
    direct || in_braces
}
