//! What a hostile binary frame makes the server allocate. A process of its own: the count is of all
//! that its one test allocates.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use peak_alloc::PeakAlloc;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use shared::{ClientFrame, limits::MAX_FRAME_BYTES, protobuf::request_id_of};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most bytes that were held while `bytes` were decoded, per byte of them.
fn held_per_byte(bytes: &[u8]) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let decoded = ClientFrame::decode_protobuf(bytes);
    let _ = request_id_of(bytes);
    drop(decoded);
    MEMORY.peak_usage().saturating_sub(before) / bytes.len()
}

/// A frame of type `frame` as long as a frame may be, full of one field that is as short as can be.
fn full_of(frame: u8, field: u8, wire_type: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let one = match wire_type {
        2 => [&[field << 3 | 2, u8::try_from(length).unwrap()], content].concat(),
        _ => [&[field << 3 | wire_type], content].concat(),
    };
    let body = one.repeat((MAX_FRAME_BYTES - 4) / one.len());
    let length = [
        u8::try_from(body.len() & 0x7f).unwrap() | 0x80,
        u8::try_from(body.len() >> 7 & 0x7f).unwrap() | 0x80,
        u8::try_from(body.len() >> 14).unwrap(),
    ];
    [&[frame << 3 | 2], &length[..], &body].concat()
}

#[test]
fn a_frame_is_decoded_in_memory_that_its_length_bounds() {
    // The dearest there is: a cursor that says nothing has two bytes and becomes a struct.
    let worst = full_of(7, 2, 2, &[]);
    assert_eq!(worst.len(), MAX_FRAME_BYTES);
    let worst = held_per_byte(&worst);
    assert!((20..=MOST).contains(&worst), "{worst}");

    let frames = (
        1..=11u8,
        1..=6u8,
        prop::sample::select(vec![0u8, 1, 2, 5]),
        prop::collection::vec(any::<u8>(), 0..12),
    );
    let mut runner = TestRunner::new(Config::with_cases(200));
    let is_bounded = runner.run(&frames, |(frame, field, wire_type, content)| {
        let held = held_per_byte(&full_of(frame, field, wire_type, &content));
        prop_assert!(held <= MOST, "{held} times the frame");
        Ok(())
    });
    is_bounded.unwrap();
}

/// Times a frame's length: 3 MiB for the longest frame, given back before the next one is read.
const MOST: usize = 48;
