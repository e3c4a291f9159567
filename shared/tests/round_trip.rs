//! Whatever is encoded is decoded the same, and no text makes a decoder panic.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod frames;

use frames::{client_frame, server_frame};
use proptest::prelude::*;
use shared::{ClientFrame, ServerFrame};

proptest! {
    #[test]
    fn a_clients_frame_is_decoded_as_it_was_encoded(frame in client_frame()) {
        prop_assert_eq!(ClientFrame::decode(&frame.encode()), Ok(frame));
    }

    #[test]
    fn a_servers_frame_is_decoded_as_it_was_encoded(frame in server_frame()) {
        prop_assert_eq!(ServerFrame::decode(&frame.encode()), Ok(frame));
    }

    #[test]
    fn no_text_panics(text in ".*") {
        let _ = ClientFrame::decode(&text);
        let _ = ServerFrame::decode(&text);
    }

    #[test]
    fn no_frame_with_a_bite_taken_out_panics(frame in server_frame(), from in any::<prop::sample::Index>(), len in 0usize..9) {
        let text: Vec<char> = frame.encode().chars().collect();
        let from = from.index(text.len());
        let bitten: String = text.iter().take(from).chain(text.iter().skip(from + len)).collect();
        let _ = ServerFrame::decode(&bitten);
        let _ = ClientFrame::decode(&bitten);
    }
}
