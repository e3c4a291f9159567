//! The memory of the page: what a person wrote is stored before it is sent, and what they read is
//! there at once the next time, with or without a network.
//!
//! Owns what goes into the storage and when. The storage is the truth about the outbox for all tabs
//! of a person; a word from another tab is a hint to read it again. One tab sends, the others show.
//! Where the browser refuses to store, messages go without it, and the page says so quietly and when it
//! is left.
//! Read next: [`crate::state::kept`], the outbox in the storage; `store.js`, the storage.

use client::{Client, Delivery, HELD, Outgoing, SortedMap};
use leptos::prelude::*;
use shared::{
    Check, ConversationId, Event, MsgId, Read, Seq, Timestamp,
    frame::{Page, Summary},
    limits::MAX_PAGE_EVENTS,
};

use crate::{
    live::spawn,
    net::{
        clock, random,
        store::{self, Entry},
    },
    session::{Session, Topic},
    state::kept::{Kept, OUTBOX},
};

/// What is known of the storage.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any two of them go together"
)]
pub struct Memory {
    /// The browser stores what it is told to.
    works: bool,
    /// This tab sends.
    leads: bool,
    outbox: Kept,
    /// The outbox is being written or read; what comes meanwhile is written after it, all at once.
    is_busy: bool,
    /// Another tab changed it since it was read.
    is_doubtful: bool,
    /// Since the log was last kept something has changed, and these conversations' events have.
    stale: Option<Vec<ConversationId>>,
    /// The events of each conversation that are kept, by their ends.
    kept: SortedMap<ConversationId, Ends>,
}

/// The first and the last of some events that follow one another, and the check value of the last,
/// which stands for all before it.
type Ends = (Seq, Seq, Check);

impl Session {
    /// Takes back what was stored. Before the engine is started.
    pub fn recall(self, stored: Vec<Entry>) {
        let text = |key: &str| {
            let (_, text) = stored.iter().find(|(other, _)| other == key)?;
            text.clone()
        };
        let summary = text(SUMMARY).and_then(|text| read::<Summary>(&text));
        let pages: Vec<Page> = stored
            .iter()
            .filter(|(key, _)| key.starts_with(EVENTS))
            .filter_map(|(_, text)| read(text.as_deref()?))
            .collect();
        let newest: Vec<_> = pages.iter().map(newest_of).collect();
        let is_old = |page: &Page| {
            let at = newest_of(page);
            newest.iter().filter(|other| **other > at).count() >= MOST_KEPT
        };
        let (old, pages): (Vec<_>, Vec<_>) = pages.into_iter().partition(is_old);
        let entries: Vec<_> = stored
            .iter()
            .filter(|(key, _)| key.starts_with(OUTBOX))
            .cloned()
            .collect();
        let mut outbox = Vec::new();
        self.memory.update_value(|memory| {
            memory.works = true;
            outbox = memory.outbox.heard(&entries).0;
        });
        self.act(|client, _| {
            if let (Some(summary), Some(incarnation)) = (summary, text(INCARNATION)) {
                client.recall(incarnation, summary, pages);
            }
            for message in outbox {
                client.adopt(message);
            }
        });
        if !old.is_empty() {
            let changes: Vec<_> = old
                .iter()
                .map(|page| (key_of(page.conversation), None))
                .collect();
            spawn(async move {
                // Where they cannot go, they go next time.
                _ = store::write(&changes).await;
            });
        }
    }

    /// Sends a message, once it is stored where that is possible. What stands above it is read.
    pub fn send(self, conversation: ConversationId, content: String) {
        let is_stored_first = self.memory.with_value(|memory| memory.works);
        self.act(|client, now| {
            let (at, id) = (clock::wall(), random::msg_id());
            if is_stored_first {
                client.write(at, conversation, id, content);
            } else {
                client.send(now, at, conversation, id, content);
            }
            client.mark_all_read(conversation);
        });
    }

    /// Whether something is on its way that only this page knows of.
    pub fn has_unstored(self) -> bool {
        self.memory.with_value(|memory| {
            let is_given_up = !memory.works && !self.is_forgetful.get_untracked();
            let is_safe = |message: &Outgoing| {
                is_given_up
                    || matches!(message.delivery, Delivery::Acked { .. })
                    || (memory.works && memory.outbox.holds(&message.msg_id))
            };
            self.peek(|client| !client.outbox().all(is_safe))
        })
    }

    /// This tab sends from now on: what the former one left as well.
    pub fn lead(self) {
        self.memory.update_value(|memory| memory.leads = true);
        self.reread();
    }

    /// Another tab changed the outbox.
    pub fn reread(self) {
        let mut may_read = false;
        self.memory.update_value(|memory| {
            may_read = memory.works && !memory.is_busy;
            memory.is_doubtful = !may_read;
            memory.is_busy |= may_read;
        });
        if may_read {
            spawn(async move {
                let entries = store::read(OUTBOX).await;
                self.memory.update_value(|memory| memory.is_busy = false);
                if let Ok(entries) = entries {
                    self.take_over(&entries);
                }
                self.go_on();
            });
        }
    }

    /// Nothing is stored any more.
    pub fn forget(self) {
        self.memory.set_value(Memory::default());
    }

    /// Keeps the outbox at once and notes what else has changed.
    pub(crate) fn remember(self, topics: &[Topic]) {
        if !self.memory.with_value(|memory| memory.works) {
            return;
        }
        let mut may_differ = false;
        self.memory.update_value(|memory| {
            for topic in topics {
                match topic {
                    Topic::Conversations | Topic::People => {
                        memory.stale.get_or_insert_default();
                    }
                    Topic::Timeline(conversation) => {
                        may_differ = true;
                        let stale = memory.stale.get_or_insert_default();
                        if !stale.contains(conversation) {
                            stale.push(*conversation);
                        }
                    }
                    Topic::Link | Topic::Typing(_) | Topic::Time => {}
                }
            }
        });
        if may_differ {
            self.keep_outbox();
        }
    }

    /// Keeps what was read: once a second, and when the page may be left.
    pub fn keep_log(self) {
        let (mut changes, mut new) = (Vec::new(), Vec::new());
        self.memory.update_value(|memory| {
            self.peek(|client| {
                if let Some(incarnation) = client.incarnation()
                    && let Some(mut stale) = memory.stale.take_if(|_| memory.works)
                {
                    // Who scrolls up has older pages come in, and the newest events are what is kept.
                    stale.retain(|conversation| {
                        let ends = ends_of(client, *conversation);
                        new.extend(ends.map(|ends| (*conversation, ends)));
                        ends.is_none() || memory.kept.get(conversation) != ends.as_ref()
                    });
                    changes = log_of(client, incarnation, &stale);
                }
            });
        });
        if !changes.is_empty() {
            spawn(async move {
                // Where it cannot be kept, the next visit asks the server.
                if store::write(&changes).await.is_ok() {
                    self.memory.update_value(|memory| {
                        for (conversation, ends) in new {
                            memory.kept.insert(conversation, ends);
                        }
                    });
                }
            });
        }
    }

    fn keep_outbox(self) {
        let mut changes = Vec::new();
        self.memory.update_value(|memory| {
            if memory.works && !memory.is_busy {
                changes = self.peek(|client| memory.outbox.changes(client.outbox()));
                memory.is_busy = !changes.is_empty();
            }
        });
        if changes.is_empty() {
            return;
        }
        spawn(async move {
            let is_kept = store::write(&changes).await.is_ok();
            let mut may_go = Vec::new();
            self.memory.update_value(|memory| {
                memory.is_busy = false;
                if is_kept {
                    memory.outbox.applied(&changes);
                    if memory.leads {
                        may_go = memory.outbox.ids();
                    }
                } else {
                    memory.works = false;
                    may_go = self.peek(held);
                }
            });
            if is_kept {
                store::tell_others();
            } else {
                self.is_forgetful.set(true);
            }
            self.act(|client, now| client.kept(now, &may_go));
            self.go_on();
        });
    }

    /// What came while the storage was busy.
    fn go_on(self) {
        if self.memory.with_value(|memory| memory.is_doubtful) {
            self.reread();
        } else {
            self.keep_outbox();
        }
    }

    /// The storage's outbox is this one now.
    fn take_over(self, entries: &[Entry]) {
        let (mut news, mut gone, mut may_go) = (Vec::new(), Vec::new(), Vec::new());
        self.memory.update_value(|memory| {
            (news, gone) = memory.outbox.heard(entries);
            if memory.leads {
                may_go = memory.outbox.ids();
            }
        });
        self.act(|client, now| {
            for message in news {
                client.adopt(message);
            }
            // What was sent leaves with its event; what was refused was deleted by its person.
            for msg_id in gone {
                client.discard(&msg_id);
            }
            client.kept(now, &may_go);
        });
    }
}

fn held(client: &Client) -> Vec<MsgId> {
    let held = client.outbox().filter(|message| message.delivery == HELD);
    held.map(|message| message.msg_id.clone()).collect()
}

/// The database they belong to, what the list shows, and the newest events of these conversations.
fn log_of(client: &Client, incarnation: &str, of: &[ConversationId]) -> Vec<Entry> {
    let mut changes = vec![
        (INCARNATION.to_owned(), Some(incarnation.to_owned())),
        (
            SUMMARY.to_owned(),
            serde_json::to_string(&client.summary()).ok(),
        ),
    ];
    for conversation in of {
        let page = client.page(*conversation);
        let text = page.and_then(|page| serde_json::to_string(&page).ok());
        changes.push((key_of(*conversation), text));
    }
    changes
}

/// The ends of what [`log_of`] keeps of a conversation, if they tell these events from all others.
fn ends_of(client: &Client, conversation: ConversationId) -> Option<Ends> {
    let events = client.conversation(conversation)?.timeline().events();
    let mut newest = events.rev().take(MAX_PAGE_EVENTS as usize);
    let last = newest.next()?;
    let first = newest.next_back().unwrap_or(last);
    Some((first.seq(), last.seq(), last.check()?))
}

fn key_of(conversation: ConversationId) -> String {
    format!("{EVENTS}{conversation}")
}

/// When something was last said in it.
fn newest_of(page: &Page) -> Option<Timestamp> {
    let sent = |event: &Event| match event {
        Event::MessageSent(message) => Some(message.sent_at),
        Event::Unknown(_) => None,
    };
    page.events.iter().rev().find_map(sent)
}

fn read<T: Read>(text: &str) -> Option<T> {
    T::from_text(text).ok()
}

/// The server's database that all of it is of.
const INCARNATION: &str = "incarnation";
/// [`Summary`]
const SUMMARY: &str = "summary";
/// [`Page`], for each conversation.
const EVENTS: &str = "events/";
/// Conversations whose events are taken back, the newest; a page load forgets the others. Source: more
/// than anybody looks into without a network.
const MOST_KEPT: usize = 100;
