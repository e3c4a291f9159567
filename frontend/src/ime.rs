//! The guard that every key handler asks first: is this key the input method's?
//!
//! Chinese, Japanese and Korean are typed through a window of candidates, and the Enter that takes
//! one of them must not send the message. `WebKit` ends the composition *before* that Enter and
//! leaves only `keyCode` 229 as a trace, so both are looked at.

use web_sys::KeyboardEvent;

/// Whether this key belongs to the input method and is not ours.
pub(crate) fn owns(key: &KeyboardEvent) -> bool {
    is_input_methods(key.is_composing(), key.key_code())
}

/// The predicate alone, over the two facts it rests on.
fn is_input_methods(is_composing: bool, key_code: u32) -> bool {
    is_composing || key_code == PROCESSED_BY_INPUT_METHOD
}

/// Source: UI Events, section 7.3.1, "Process".
const PROCESSED_BY_INPUT_METHOD: u32 = 229;

#[cfg(test)]
mod tests {
    use super::*;

    const ENTER: u32 = 13;

    #[test]
    fn an_enter_that_takes_a_candidate_is_not_ours() {
        assert!(is_input_methods(true, ENTER), "Chrome, Firefox");
        assert!(is_input_methods(false, 229), "WebKit, after the end");
        assert!(is_input_methods(true, 229));
        assert!(!is_input_methods(false, ENTER));
    }
}
