//! Random ids. `crypto.randomUUID` is missing on plain http, `getRandomValues` is not.

use shared::MsgId;

/// An id for a new message.
pub fn msg_id() -> MsgId {
    MsgId::from_random(bytes())
}

/// A number that spreads this client's reconnects among the others'.
pub fn seed() -> u64 {
    let bytes = bytes();
    bytes
        .first_chunk()
        .map_or(1, |eight| u64::from_le_bytes(*eight))
}

fn bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    let filled = leptos::prelude::window()
        .crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if filled.is_err() {
        // No browser lacks it; ids must differ all the same.
        for byte in &mut bytes {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the number is 0 to 255"
            )]
            let random = (js_sys::Math::random() * 255.0) as u8;
            *byte = random;
        }
    }
    bytes
}
