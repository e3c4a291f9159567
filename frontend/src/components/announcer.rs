//! The announcer: tells a screen reader what others just said in the open conversation.
//!
//! The message list itself is silent, since history and recycled rows would be read out as well. What
//! was missed while there was no connection is counted and not read out: that is for reading.

use std::time::Duration;

use client::{Client, Link, Timeline};
use leptos::prelude::*;
use shared::{ConversationId, Event, Message, Seq, UserId};

use crate::{
    i18n::t_now,
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
    let voice = Voice {
        spoken: RwSignal::new(String::new()),
        waiting: StoredValue::new(None),
    };
    Effect::new(move |before: Option<Option<(ConversationId, Heard)>>| {
        let id = shown.get()?;
        let before = before.flatten().filter(|(of, _)| *of == id);
        let mut heard = before.map(|(_, heard)| heard).unwrap_or_default();
        let is_connected = session.with(Topic::Link, Client::link) == Link::Connected;
        let lines = session.with(Topic::Timeline(id), |client| {
            let conversation = client.conversation(id)?;
            Some(
                match heard.listen(client.me().id, is_connected, conversation.timeline()) {
                    News::Said(messages) => messages.into_iter().map(line).collect(),
                    News::Missed(0) => Vec::new(),
                    News::Missed(count) => vec![(t_now().unread)(count)],
                },
            )
        });
        if !document().hidden() {
            voice.say(lines.unwrap_or_default());
        }
        Some((id, heard))
    });
    let spoken = voice.spoken;
    view! {
        <div class="visually-hidden" role="status" aria-live="polite" data-announcer>
            {spoken}
        </div>
    }
    .part()
}

/// How far a conversation was heard.
#[derive(Clone, Copy, Default)]
struct Heard {
    /// Nothing before it was there for the first time without a hole: what is before that is history.
    up_to: Option<Seq>,
    /// There is a connection and nothing is missing, so that what comes is said just now.
    is_live: bool,
}

/// What a person has not heard yet.
enum News<'a> {
    /// It was said just now, by others.
    Said(Vec<&'a Message>),
    /// So many messages of others were fetched later.
    Missed(u64),
}

impl Heard {
    fn listen<'a>(&mut self, me: UserId, is_connected: bool, timeline: &'a Timeline) -> News<'a> {
        let was_live = std::mem::replace(&mut self.is_live, is_connected && !timeline.is_behind());
        if !self.is_live {
            return News::Missed(0);
        }
        let Some(up_to) = self.up_to.replace(timeline.cursor()) else {
            return News::Missed(0);
        };
        let said = timeline.after(up_to).filter_map(|event| match event {
            Event::MessageSent(message) if message.from != me => Some(message),
            Event::MessageSent(_) | Event::Unknown(_) => None,
        });
        // Before the first word from the server nothing was heard, and so nothing is missed.
        let skipped = match up_to {
            Seq::NONE => 0,
            up_to => timeline.floor().0.saturating_sub(up_to.0),
        };
        if was_live && skipped == 0 {
            News::Said(said.collect())
        } else {
            News::Missed(skipped + said.count() as u64)
        }
    }
}

fn line(message: &Message) -> String {
    (t_now().says)(&message.from_user, &message.content)
}

/// Says one thing at a time.
#[derive(Clone, Copy)]
struct Voice {
    spoken: RwSignal<String>,
    /// What comes next; nothing while it is silent.
    waiting: StoredValue<Option<Vec<String>>>,
}

impl Voice {
    fn say(self, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        let is_silent = self.waiting.with_value(Option::is_none);
        self.waiting
            .update_value(|waiting| waiting.get_or_insert_default().extend(lines));
        if is_silent {
            self.go_on();
        }
    }

    fn go_on(self) {
        let lines = self.waiting.try_update_value(Option::take).flatten();
        let is_over = lines.as_ref().is_none_or(Vec::is_empty);
        // Silence in between, so that the same words are spoken twice.
        self.spoken.try_set(batch(lines.unwrap_or_default()));
        if !is_over {
            self.waiting.try_set_value(Some(Vec::new()));
            set_timeout(move || self.go_on(), BREATH);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::rows::tests::{message, timeline};

    const ME: UserId = UserId(1);

    fn of(seqs: impl Iterator<Item = u64>) -> Timeline {
        timeline(seqs.map(|seq| message(seq, 2, 0)).collect())
    }

    fn said(news: News) -> Vec<u64> {
        match news {
            News::Said(messages) => messages.iter().map(|message| message.seq.0).collect(),
            News::Missed(count) => panic!("{count} missed"),
        }
    }

    fn missed(news: News) -> u64 {
        match news {
            News::Said(messages) => panic!("{messages:?}"),
            News::Missed(count) => count,
        }
    }

    #[test]
    fn what_is_there_already_and_what_comes_above_it_is_history() {
        let mut heard = Heard::default();
        assert_eq!(missed(heard.listen(ME, false, &Timeline::default())), 0);
        assert_eq!(missed(heard.listen(ME, true, &Timeline::default())), 0);
        // The first word from the server, then the newest page, then an older one.
        let told = Timeline::starting_at(Seq(9));
        assert!(said(heard.listen(ME, true, &told)).is_empty());
        assert!(said(heard.listen(ME, true, &of(6..=9))).is_empty());
        assert!(said(heard.listen(ME, true, &of(2..=9))).is_empty());
        assert_eq!(said(heard.listen(ME, true, &of(2..=10))), [10]);
        assert!(said(heard.listen(ME, true, &of(2..=10))).is_empty());
    }

    #[test]
    fn own_words_are_not_read_out() {
        let mut heard = Heard::default();
        heard.listen(ME, true, &of(1..=1));
        let log = timeline(vec![message(1, 2, 0), message(2, 1, 0), message(3, 2, 0)]);
        assert_eq!(said(heard.listen(ME, true, &log)), [3]);
    }

    #[test]
    fn what_was_missed_is_counted_once_all_of_it_is_there() {
        let mut heard = Heard::default();
        heard.listen(ME, true, &of(1..=2));
        heard.listen(ME, false, &of(1..=2));
        // The connection is back, then its first word, then the page.
        assert_eq!(missed(heard.listen(ME, true, &of(1..=2))), 0);
        let mut log = of(1..=2);
        log.note_head(Seq(5));
        assert_eq!(missed(heard.listen(ME, true, &log)), 0);
        assert_eq!(missed(heard.listen(ME, true, &of(1..=5))), 3);
        assert_eq!(said(heard.listen(ME, true, &of(1..=6))), [6]);
        // Too much to fetch it all.
        assert_eq!(
            missed(heard.listen(ME, true, &Timeline::starting_at(Seq(900)))),
            894
        );
    }

    #[test]
    fn a_burst_is_cut_to_its_end() {
        let lines = |count: usize| (1..=count).map(|line| line.to_string()).collect();
        assert_eq!(batch(lines(2)), "1\n2");
        assert_eq!(batch(lines(6)), "3\n4\n5\n6\nand 2 more");
    }
}
