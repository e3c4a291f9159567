//! Who is typing, above the composer.

use leptos::prelude::*;
use shared::ConversationId;

use crate::{
    i18n::t,
    live::live,
    names,
    part::IntoPart as _,
    session::{Session, Topic},
};

/// A line that is always there, so that nothing moves when somebody types.
#[component]
pub fn TypingLine(
    /// Where.
    conversation: ConversationId,
) -> impl IntoView {
    let session = Session::expect();
    let words = move || {
        session.with(Topic::Typing(conversation), |client| {
            let typing = client.conversation(conversation);
            let names: Vec<_> = typing
                .into_iter()
                .flat_map(client::Conversation::typing)
                .map(|user| names::person(client, user, t()))
                .collect();
            match names.as_slice() {
                [] => String::new(),
                [one] => (t().typing_one)(one),
                [one, other] => (t().typing_two)(one, other),
                _ => t().typing_several.to_owned(),
            }
        })
    };
    view! { <p class="typing-line">{live(words)}</p> }.part()
}
