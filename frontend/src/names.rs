//! How conversations and people are called on screen, and how much of them is unread.

use client::Client;
use shared::{ConversationId, UserId};

use crate::{i18n::Texts, media};

/// The name of a conversation: a room's title, or who is at the other end.
pub fn conversation(client: &Client, id: ConversationId, texts: &Texts) -> String {
    if let Some(peer) = id.peer_of(client.me().id) {
        return person(client, peer, texts);
    }
    let title = client
        .conversation(id)
        .and_then(|conversation| conversation.title.clone());
    match title {
        Some(title) => title,
        None if id == ConversationId::EVERYONE => texts.everyone.to_owned(),
        None => id.to_string(),
    }
}

/// The name of a person, as far as it is known.
pub fn person(client: &Client, id: UserId, texts: &Texts) -> String {
    match client.person(id) {
        Some(person) => person.name.clone(),
        None if id == client.me().id => client.me().name.clone(),
        None => texts.someone.to_owned(),
    }
}

/// How many messages are told to be unread. While somebody looks at the conversation they are read
/// within a second, and the list itself says what is below: a count that flickers says nothing.
pub fn unread(client: &Client, id: ConversationId, is_shown: bool) -> u64 {
    match client.conversation(id) {
        Some(conversation) if !(is_shown && media::is_attended()) => {
            conversation.unread(client.me().id)
        }
        _ => 0,
    }
}

/// A name in small letters, to compare names and to look for one. In the page the browser makes them:
/// it has the tables, which are 15 KB.
pub fn lowercase(name: &str) -> String {
    if cfg!(target_arch = "wasm32") {
        js_sys::JsString::from(name).to_lower_case().into()
    } else {
        name.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use shared::{RoomId, frame::User};

    use super::*;
    use crate::i18n::Language;

    #[test]
    fn a_conversation_is_called_by_its_room_or_its_peer() {
        let me = User {
            id: UserId(3),
            name: "Ana".to_owned(),
        };
        let client = Client::new(me, None, 1);
        let name = |id, language: Language| conversation(&client, id, language.texts());
        assert_eq!(
            name(ConversationId::EVERYONE, Language::English),
            "Everyone"
        );
        assert_eq!(name(ConversationId::EVERYONE, Language::Chinese), "大家");
        let notes = ConversationId::direct(UserId(3), UserId(3));
        assert_eq!(name(notes, Language::English), "Ana");
        let stranger = ConversationId::direct(UserId(3), UserId(9));
        assert_eq!(name(stranger, Language::English), "Somebody");
        assert_eq!(
            name(ConversationId::Room(RoomId(7)), Language::English),
            "r7"
        );
    }
}
