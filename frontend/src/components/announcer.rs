//! The announcer: tells a screen reader what was just said in the open conversation.
//!
//! The message list itself is silent, since history and recycled rows would be read out as well.

use std::time::Duration;

use client::Client;
use leptos::prelude::*;
use shared::{ConversationId, Event, Seq, Timestamp, UserId};

use crate::{
    i18n::t_now,
    net::clock,
    part::IntoPart as _,
    session::{Session, Topic},
};

/// A polite live region that speaks at most once a second.
#[component]
pub fn Announcer(
    /// The conversation on screen.
    shown: Memo<Option<ConversationId>>,
) -> impl IntoView {
    let session = Session::expect();
    let spoken = RwSignal::new(String::new());
    let waiting = StoredValue::new(Vec::<String>::new());

    Effect::new(move |heard: Option<Option<(ConversationId, Seq)>>| {
        let id = shown.get()?;
        let before = heard.flatten().filter(|(of, _)| *of == id);
        let (fresh, cursor) = session.with(Topic::Timeline(id), |client| {
            let cursor = client
                .conversation(id)
                .map_or(Seq::NONE, |conversation| conversation.timeline().cursor());
            let after = before.map_or(cursor, |(_, seq)| seq);
            (fresh(client, id, after, clock::wall()), cursor)
        });
        if !fresh.is_empty() {
            let is_first = waiting.with_value(Vec::is_empty);
            waiting.update_value(|waiting| waiting.extend(fresh));
            if is_first {
                let speak = move || {
                    let lines = waiting.try_update_value(std::mem::take);
                    spoken.try_set(batch(lines.unwrap_or_default()));
                };
                set_timeout(speak, BREATH);
            }
        }
        Some((id, cursor))
    });

    view! {
        <div class="visually-hidden" role="status" aria-live="polite" data-announcer>
            {spoken}
        </div>
    }
    .part()
}

/// What others said after `after`, as it is spoken. What is long past is history that was fetched
/// or caught up with; that is for reading, not for speaking.
fn fresh(client: &Client, id: ConversationId, after: Seq, now: Timestamp) -> Vec<String> {
    let me: UserId = client.me().id;
    let Some(conversation) = client.conversation(id) else {
        return Vec::new();
    };
    let events = conversation.timeline().after(after);
    events
        .filter_map(|event| match event {
            Event::MessageSent(message)
                if message.from != me && now.0 - message.sent_at.0 < FRESH_MS =>
            {
                Some((t_now().says)(&message.from_user, &message.content))
            }
            _ => None,
        })
        .collect()
}

fn batch(lines: Vec<String>) -> String {
    let more = lines.len().saturating_sub(MOST_LINES);
    let mut spoken: Vec<_> = lines.into_iter().skip(more).collect();
    if more > 0 {
        spoken.push((t_now().and_more)(more));
    }
    spoken.join("\n")
}

/// Between two utterances.
const BREATH: Duration = Duration::from_secs(1);
/// More than this in one breath is noise.
const MOST_LINES: usize = 4;
/// Older than this was not said just now.
const FRESH_MS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_cut_to_its_end() {
        let lines = |count: usize| (1..=count).map(|line| line.to_string()).collect();
        assert_eq!(batch(lines(2)), "1\n2");
        assert_eq!(batch(lines(6)), "3\n4\n5\n6\nand 2 more");
    }
}
