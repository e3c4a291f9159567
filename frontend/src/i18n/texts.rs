//! The list of words: one field for each, so that a language without it does not compile.
//!
//! A sentence with a gap is a function, since languages order their words differently.
#![allow(
    missing_docs,
    reason = "each field is named after its place, and its words say the rest"
)]

use shared::{Code, limits::MAX_UNREAD_COUNTED};

/// Every word of the app in one language.
pub struct Texts {
    // The page
    pub app_name: &'static str,
    pub skip_to_conversation: &'static str,
    pub loading: &'static str,
    pub page_title: fn(unread: u64, conversation: &str) -> String,
    /// Stands between two sentences.
    pub between: &'static str,

    // The sidebar
    pub sidebar: &'static str,
    pub find: &'static str,
    pub rooms: &'static str,
    pub everyone: &'static str,
    pub private_messages: &'static str,
    pub new_private_message: &'static str,
    pub no_private_messages: &'static str,
    pub draft: &'static str,
    pub unread: fn(count: u64) -> String,

    // The conversation
    pub conversation: &'static str,
    pub back: &'static str,
    pub members: &'static str,
    pub people: &'static str,
    pub close: &'static str,
    pub everyone_subtitle: &'static str,
    pub notes_subtitle: &'static str,
    pub someone: &'static str,
    pub no_such_conversation: &'static str,
    pub no_such_conversation_hint: &'static str,
    pub to_everyone: &'static str,

    // Presence
    pub online: &'static str,
    pub away: &'static str,
    pub offline: &'static str,

    // The connection
    pub connected: &'static str,
    pub connecting: &'static str,
    pub reconnecting: &'static str,
    pub disconnected: &'static str,
    pub no_connection: &'static str,
    pub kept_here: &'static str,
    pub waits_here: &'static str,
    pub stores_nothing: &'static str,
    pub next_try: fn(seconds: u64) -> String,
    pub trying_now: &'static str,
    pub retry_now: &'static str,
    pub by_web_socket: &'static str,
    pub by_event_stream: &'static str,
    pub by_long_poll: &'static str,
    pub restored: &'static str,
    pub understood: &'static str,
    pub newer_app: &'static str,
    pub reload: &'static str,

    // The door
    pub come_in: &'static str,
    pub come_in_hint: &'static str,
    pub come_in_demo_hint: &'static str,
    pub create_hint: &'static str,
    pub session_ended: &'static str,
    pub name: &'static str,
    pub name_hint: &'static str,
    pub password: &'static str,
    pub password_hint: fn(least_chars: usize) -> String,
    pub enter: &'static str,
    pub entering: &'static str,
    pub create_account: &'static str,
    pub creating_account: &'static str,
    pub new_here: &'static str,
    pub been_here: &'static str,
    pub sign_in_instead: &'static str,
    pub name_missing: &'static str,
    pub name_too_long: fn(limit: usize) -> String,
    pub name_character: &'static str,
    pub password_missing: &'static str,
    pub password_too_short: fn(least_chars: usize) -> String,
    pub password_too_long: &'static str,
    pub server_unreachable: &'static str,
    pub server_unreachable_hint: &'static str,
    pub try_again: &'static str,
    pub try_again_in: fn(seconds: u64) -> String,

    // Settings
    pub settings: &'static str,
    pub language: &'static str,
    pub theme: &'static str,
    pub theme_system: &'static str,
    pub theme_light: &'static str,
    pub theme_dark: &'static str,
    pub sign_out: &'static str,
    pub sign_out_anyway: &'static str,
    pub sign_out_failed: &'static str,
    pub waiting_lost: fn(count: usize) -> String,

    // Messages
    pub messages: &'static str,
    pub beginning_of: fn(room: &str) -> String,
    pub beginning_with: fn(name: &str) -> String,
    pub new_messages: &'static str,
    pub new_since: fn(count: u64, time: &str) -> String,
    pub new_above: fn(count: u64) -> String,
    pub newest: &'static str,
    pub new_below: fn(count: u64) -> String,
    pub mark_read: &'static str,
    pub row_label: fn(name: &str, time: &str, text: &str, state: Option<&str>) -> String,
    pub sending: &'static str,
    pub waiting: &'static str,
    pub not_sent: &'static str,
    pub to_nobody: &'static str,
    pub sent: &'static str,
    pub delivered: &'static str,
    pub seen: &'static str,
    pub retry: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub delete: &'static str,
    pub write_to: fn(name: &str) -> String,

    // The composer
    pub write_in: fn(room: &str) -> String,
    pub send: &'static str,
    pub bytes_used: fn(size: usize, limit: usize) -> String,
    pub text_too_long: fn(size: usize, limit: usize) -> String,
    pub text_has_nul: &'static str,
    pub typing_one: fn(name: &str) -> String,
    pub typing_two: fn(one: &str, other: &str) -> String,
    pub typing_several: &'static str,

    // The picker
    pub picker: &'static str,
    pub picker_input: &'static str,
    pub private_message: &'static str,
    pub room: &'static str,
    pub you: &'static str,
    pub searching: &'static str,
    pub nobody_matches: fn(query: &str) -> String,
    pub no_room_matches: fn(query: &str) -> String,
    pub hint_choose: &'static str,
    pub hint_open: &'static str,
    pub hint_close: &'static str,

    // What a screen reader hears of new messages
    pub says: fn(name: &str, text: &str) -> String,
    pub and_more: fn(count: usize) -> String,

    // Dates
    pub today: &'static str,
    pub yesterday: &'static str,

    // What went wrong: what happened, what is safe, what to do
    pub error: fn(Code) -> &'static str,
}

/// A count that the server may have ended early.
pub(super) fn counted(count: u64) -> String {
    let more = if count >= MAX_UNREAD_COUNTED { "+" } else { "" };
    format!("{count}{more}")
}

/// A count as it stands in a badge.
pub fn badge(count: u64) -> String {
    match count {
        0..=99 => count.to_string(),
        _ => "99+".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::i18n::Language;

    use super::*;

    #[test]
    fn a_badge_stays_narrow() {
        assert_eq!(badge(99), "99");
        assert_eq!(badge(100), "99+");
    }

    #[test]
    fn the_title_counts_only_what_is_unread() {
        let title = Language::English.texts().page_title;
        assert_eq!(title(0, "Everyone"), "Everyone · Pond");
        assert_eq!(title(3, "Everyone"), "(3) Everyone · Pond");
        assert_eq!(title(500, "Everyone"), "(99+) Everyone · Pond");
    }
}
