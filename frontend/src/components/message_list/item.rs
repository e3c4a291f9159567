//! What lies in the list's DOM: gaps, lines and messages, each one element with a key.

use client::{Client, Delivery};
use leptos::prelude::*;
use shared::{ConversationId, Event, Timestamp};

use crate::{
    components::message::{Bubble, Fate},
    state::{
        rows::{Key, Row},
        window::Piece,
    },
};

/// One element of the list.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) key: ItemKey,
    /// The index of its row; none for a gap.
    pub(super) row: Option<usize>,
    pub(super) shows: Shows,
}

/// What an element is called; it is kept while its key is in the list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ItemKey {
    Gap(Gap),
    Row(Key),
}

/// A gap by its place, so that no gap changes places with a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// Above all mounted rows.
    Above,
    /// Between the window and the row with the focus.
    Between,
    /// Below all mounted rows.
    Below,
}

/// What an element shows, as far as it changes by a signal.
#[derive(Clone)]
pub(super) enum Shows {
    /// Pixels.
    Gap(f64),
    Top,
    Day(Timestamp),
    New,
    Message(ArcRwSignal<Bubble>),
}

/// What lies in the DOM for these pieces of all rows.
pub(super) fn items(
    client: &Client,
    conversation: ConversationId,
    rows: &[Row],
    pieces: Vec<Piece>,
) -> Vec<Item> {
    let last = pieces.len().saturating_sub(1);
    let mut items = Vec::new();
    for (number, piece) in pieces.into_iter().enumerate() {
        match piece {
            Piece::Gap(height) => items.push(Item {
                key: ItemKey::Gap(match number {
                    0 => Gap::Above,
                    _ if number == last => Gap::Below,
                    _ => Gap::Between,
                }),
                row: None,
                shows: Shows::Gap(height),
            }),
            Piece::Rows(range) => {
                let all = rows.iter().enumerate();
                for (at, row) in all.skip(range.start).take(range.len()) {
                    let shows = match &row.key {
                        Key::Top => Shows::Top,
                        Key::Day(_) => Shows::Day(row.at),
                        Key::New => Shows::New,
                        Key::Message(..) => match bubble(client, conversation, row) {
                            Some(bubble) => Shows::Message(ArcRwSignal::new(bubble)),
                            None => continue,
                        },
                    };
                    items.push(Item {
                        key: ItemKey::Row(row.key.clone()),
                        row: Some(at),
                        shows,
                    });
                }
            }
        }
    }
    items
}

/// What a message row shows now; none for other rows and for messages that are gone.
fn bubble(client: &Client, conversation: ConversationId, row: &Row) -> Option<Bubble> {
    let Key::Message(from, msg_id) = &row.key else {
        return None;
    };
    let Some(seq) = row.seq else {
        let message = client
            .outgoing(conversation)
            .find(|outgoing| outgoing.msg_id == *msg_id)?;
        return Some(Bubble {
            msg_id: msg_id.clone(),
            from: *from,
            name: client.me().name.clone(),
            content: message.content.clone(),
            at: row.at,
            starts_group: row.starts_group,
            fate: match message.delivery {
                Delivery::Failed { code } => Fate::Failed(code),
                Delivery::Acked { .. } => Fate::Stored,
                Delivery::Queued { .. } | Delivery::Sent { .. } => Fate::OnItsWay,
            },
        });
    };
    let timeline = client.conversation(conversation)?.timeline();
    let Some(Event::MessageSent(message)) = timeline.after(seq.previous()).next() else {
        return None;
    };
    Some(Bubble {
        msg_id: msg_id.clone(),
        from: *from,
        name: message.from_user.clone(),
        content: message.content.clone(),
        at: row.at,
        starts_group: row.starts_group,
        fate: Fate::Stored,
    })
}
