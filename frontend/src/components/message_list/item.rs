//! What lies in the list's DOM: gaps, lines and messages, each one element with a key.

use client::{Client, Conversation, Delivery};
use shared::{ConversationId, Event, Message, Timestamp};

use crate::{
    components::message::{Bubble, Fate},
    state::{
        rows::{Key, Row},
        window::Piece,
    },
};

/// A place in the list: its element, and what that holds.
pub(super) struct Slot {
    pub(super) key: ItemKey,
    pub(super) holds: Holds,
}

/// What an element holds.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    /// Empty space.
    Gap,
    /// A row, by its index.
    Row(usize),
}

/// What an element is called; it is kept while its key is in the list and it can show what that
/// stands for.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ItemKey {
    Gap(Gap),
    Row(Key),
}

/// A gap by its place, so that no gap changes places with a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Above all mounted rows.
    Above,
    /// Between the window and the row with the focus.
    Between,
    /// Below all mounted rows.
    Below,
}

/// What an element shows.
#[derive(Clone, PartialEq)]
pub(super) enum Shows {
    Gap,
    Top,
    Day(Timestamp),
    New,
    Message(Bubble),
}

/// The places for these pieces of all rows.
pub(super) fn slots(rows: &[Row], pieces: Vec<Piece>) -> Vec<Slot> {
    let last = pieces.len().saturating_sub(1);
    let mut slots = Vec::new();
    for (number, piece) in pieces.into_iter().enumerate() {
        match piece {
            Piece::Gap(_) => slots.push(Slot {
                key: ItemKey::Gap(match number {
                    0 => Gap::Above,
                    _ if number == last => Gap::Below,
                    _ => Gap::Between,
                }),
                holds: Holds::Gap,
            }),
            Piece::Rows(range) => {
                let all = rows.iter().enumerate();
                let range = all.skip(range.start).take(range.len());
                slots.extend(range.map(|(at, row)| Slot {
                    key: ItemKey::Row(row.key.clone()),
                    holds: Holds::Row(at),
                }));
            }
        }
    }
    slots
}

/// What an element shows now; none for a message that is gone.
pub(super) fn shows(
    client: &Client,
    conversation: ConversationId,
    rows: &[Row],
    holds: Holds,
) -> Option<Shows> {
    let Holds::Row(at) = holds else {
        return Some(Shows::Gap);
    };
    let row = rows.get(at)?;
    Some(match &row.key {
        Key::Top => Shows::Top,
        Key::Day(_) => Shows::Day(row.at),
        Key::New => Shows::New,
        Key::Message(..) => Shows::Message(bubble(client, conversation, row)?),
    })
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
            is_own: true,
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
    let held = client.conversation(conversation)?;
    let timeline = held.timeline();
    let Some(Event::MessageSent(message)) = timeline.after(seq.previous()).next() else {
        return None;
    };
    Some(Bubble {
        msg_id: msg_id.clone(),
        from: *from,
        is_own: *from == client.me().id,
        name: message.from_user.clone(),
        content: message.content.clone(),
        at: row.at,
        starts_group: row.starts_group,
        fate: reached(client, held, message),
    })
}

/// How far a stored message came: said of what this person writes to another.
fn reached(client: &Client, held: &Conversation, message: &Message) -> Fate {
    let me = client.me().id;
    let is_to_another = held.id.peer_of(me).is_some_and(|peer| peer != me);
    if message.from != me || !is_to_another {
        Fate::Stored
    } else if message.seq <= held.peer_read() {
        Fate::Read
    } else if message.seq <= held.peer_delivered() {
        Fate::Delivered
    } else {
        Fate::Sent
    }
}
