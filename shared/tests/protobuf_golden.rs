//! Every frame that has a golden file in JSON has its bytes in Protobuf, which every later build must
//! still read and write.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{collections::BTreeSet, fmt::Debug, fs, path::PathBuf};

use shared::{ClientFrame, DecodeError, ServerFrame};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn stems(name: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(name)).unwrap();
    let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    entries.map(|entry| stem(entry.unwrap().path())).collect()
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.concat()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// Each line of `NAME.json` stands in `protobuf/…/NAME.hex` behind a `#`, with its bytes below.
fn each_line_has_its_bytes<F: PartialEq + Debug>(
    side: &str,
    of_json: impl Fn(&str) -> Result<F, DecodeError>,
    of_bytes: impl Fn(&[u8]) -> Result<F, DecodeError>,
    to_bytes: impl Fn(&F) -> Vec<u8>,
) {
    let packed = format!("protobuf/{side}");
    assert_eq!(stems(side), stems(&packed), "one file for each");
    for name in stems(side) {
        let read = |folder: PathBuf, ending| fs::read_to_string(folder.join(name.clone() + ending));
        let json = read(folder(side), ".json").unwrap();
        let hexes = read(folder(&packed), ".hex").unwrap();
        let mut lines = hexes.lines();
        for json in json.lines().filter(|line| !line.is_empty()) {
            let frame = of_json(json).unwrap();
            let written = hex(&to_bytes(&frame));
            let comment = format!("# {json}");
            let golden = (lines.next(), lines.next());
            let (Some(said), Some(golden)) = golden else {
                panic!("{packed}/{name}.hex lacks\n{comment}\n{written}");
            };
            assert_eq!(said, comment, "{name}");
            assert_eq!(golden, written, "{name}: {json}");
            assert_eq!(of_bytes(&bytes(golden)), Ok(frame), "{name}: {json}");
        }
        assert_eq!(lines.next(), None, "{name} has what its JSON has not");
    }
}

#[test]
fn every_frame_of_a_client_has_its_bytes() {
    each_line_has_its_bytes(
        "client",
        ClientFrame::decode,
        ClientFrame::decode_protobuf,
        ClientFrame::encode_protobuf,
    );
}

#[test]
fn every_frame_of_a_server_has_its_bytes() {
    each_line_has_its_bytes(
        "server",
        ServerFrame::decode,
        ServerFrame::decode_protobuf,
        ServerFrame::encode_protobuf,
    );
}
