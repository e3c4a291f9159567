//! The long poll: a pull over all conversations, for networks that let neither a WebSocket nor a
//! stream through. What the client has to say comes by `POST /frames`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::JsonRejection},
};
use shared::{
    Event, ServerFrame,
    event::Position,
    http::{Sync, SyncAnswer},
    limits::{MAX_PAGE_EVENTS, MAX_SUMMARY_CONVERSATIONS, MAX_SYNC_WAIT},
};
use tokio::time::{Instant, timeout_at};

use super::{Shared, Site, caller::Caller, problem::Problem};
use crate::{
    auth::{AuthError, Session},
    hub::Mailbox,
};

/// `POST /sync`: a pull over all conversations, which waits while there is nothing.
pub(super) async fn sync(
    State(site): Shared,
    Caller(caller): Caller,
    asked: Result<Json<Sync>, JsonRejection>,
) -> Result<Json<SyncAnswer>, Problem> {
    let Json(mut asked) = asked?;
    asked.cursors.truncate(MAX_CURSORS);
    let until = Instant::now() + Duration::from_millis(asked.wait_ms).min(MAX_SYNC_WAIT);
    // Seated before the first look, so that nothing falls between look and wait; and here meanwhile.
    let mailbox = Arc::new(Mailbox::default());
    let seat = site.gateway.hub.join(&caller, mailbox, None);
    let commands = &site.gateway.commands;
    let diverged = commands.compare(&caller, asked.cursors.clone()).await?;
    asked
        .cursors
        .retain(|cursor| !diverged.contains(&cursor.conversation));
    let (mut known, mut marks_moved) = (None, false);
    loop {
        let mut answer = news(&site, &caller, &asked.cursors).await?;
        answer.diverged.clone_from(&diverged);
        // The first look says how the conversations that are not followed stand; then they may grow.
        let known = known.get_or_insert_with(|| answer.heads.clone());
        let is_news = !answer.events.is_empty()
            || !answer.diverged.is_empty()
            || answer.heads != *known
            || marks_moved;
        if is_news {
            return Ok(Json(answer));
        }
        let filled = tokio::select! {
            filled = timeout_at(until, seat.mailbox.filled()) => filled.is_ok(),
            () = site.gateway.stop.cancelled() => false,
        };
        if seat.mailbox.is_closed() {
            return Err(AuthError::BadToken.into());
        }
        if !filled {
            return Ok(Json(answer));
        }
        // A poll carries no marks, but whoever polls asks for them when it is over.
        let told = seat.mailbox.take();
        marks_moved = told.iter().any(|frame| tells_of_marks(frame, &caller));
    }
}

/// What follows the cursors: the newest conversations first, as much as fits one answer.
async fn news(site: &Site, caller: &Session, cursors: &[Position]) -> Result<SyncAnswer, Problem> {
    let commands = &site.gateway.commands;
    let heads = commands.heads(caller).await?;
    let mut events: Vec<Event> = Vec::new();
    for head in &heads {
        let of_this = |cursor: &&Position| cursor.conversation == head.conversation;
        // A conversation that is not asked for is told of by its head alone.
        let Some(cursor) = cursors.iter().find(of_this) else {
            continue;
        };
        if cursor.seq < head.seq && events.len() < MAX_EVENTS {
            let after = Some(cursor.seq);
            let slice = commands.pull(
                caller,
                head.conversation,
                after,
                None,
                Some(MAX_PAGE_EVENTS),
            );
            events.extend(slice.await?.events);
        }
    }
    Ok(SyncAnswer {
        events,
        heads,
        diverged: Vec::new(),
    })
}

/// Of what this person read, or how far another one is. How far this person is they know themselves:
/// to ask for a poll is to say it.
fn tells_of_marks(frame: &Bytes, caller: &Session) -> bool {
    let text = std::str::from_utf8(frame).unwrap_or_default();
    match ServerFrame::decode(text) {
        Ok(ServerFrame::Read(_)) => true,
        Ok(ServerFrame::Marks(marks)) => marks.user != caller.user.id,
        _ => false,
    }
}

/// Cursors in one poll. Source: as many conversations as a summary has.
const MAX_CURSORS: usize = MAX_SUMMARY_CONVERSATIONS as usize;
/// Events in one answer; what is left comes with the next poll.
const MAX_EVENTS: usize = 400;
