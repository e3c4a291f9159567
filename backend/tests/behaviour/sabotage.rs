//! What is shipped has no defect on purpose.

#[test]
fn the_shipped_binary_knows_no_sabotage() {
    let knows = |needle: &[u8]| {
        let binary = std::fs::read(env!("CARGO_BIN_EXE_pond")).unwrap();
        binary.windows(needle.len()).any(|window| window == needle)
    };
    assert!(
        knows(b"POND_LISTEN"),
        "names of variables can be found in it"
    );
    assert!(!knows(b"POND_SABOTAGE"));
}
