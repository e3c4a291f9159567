//! What lies in the list's DOM: gaps, lines and messages, each one element with a key.

use client::{Client, Delivery};
use leptos::prelude::*;
use shared::{ConversationId, Event, Timestamp};

use crate::{
    components::message::{Bubble, Fate},
    state::rows::{Key, Row},
};

/// One element of the list.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) key: ItemKey,
    pub(super) shows: Shows,
}

/// What an element is called; it is kept while its key is in the list.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum ItemKey {
    Gap(Gap),
    Row(Key),
}

/// A gap by its place, so that no gap changes places with a row: moving would take a row's focus.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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
    Gap(ArcRwSignal<f64>),
    Top,
    Day(Timestamp),
    New,
    Message(ArcRwSignal<Bubble>),
}

/// What a message row shows now; none for other rows and for messages that are gone.
pub(super) fn bubble(client: &Client, conversation: ConversationId, row: &Row) -> Option<Bubble> {
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
