//! `src/protobuf/wire.rs` is what the published `proto/pond.proto` says, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Set to anything, this writes the types instead of comparing them.
const WRITE: &str = "POND_WRITE_PROTOBUF";

fn generated() -> String {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("protobuf");
    fs::create_dir_all(&out).unwrap();
    let files = protox::compile(["pond.proto"], [proto]).unwrap();
    let mut config = prost_build::Config::new();
    config.out_dir(&out).compile_fds(files).unwrap();
    fs::read_to_string(out.join("pond.v1.rs")).unwrap()
}

#[test]
fn the_types_are_those_of_the_published_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protobuf/wire.rs");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, generated()).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == generated(),
        "pond.proto has changed: `{WRITE}=1 cargo test -p shared --test \
         protobuf_types` makes its types anew"
    );
}
