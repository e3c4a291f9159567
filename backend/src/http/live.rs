//! News over HTTP, for clients whose network lets no WebSocket through: a long poll and a stream.
//! Both carry the same events and the same cursor as the socket.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::sse::{Event as StreamEvent, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use shared::{
    Event, Seq,
    event::Position,
    http::{Sync, SyncAnswer},
    limits::{MAX_PAGE_EVENTS, MAX_SUMMARY_CONVERSATIONS, MAX_SYNC_WAIT},
};
use tokio::time::{Instant, timeout_at};

use super::{Shared, Site, caller::Caller, problem::Problem};
use crate::{
    auth::Session,
    hub::{Frame, Seated},
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
    // Seated before the first look, so that nothing falls between look and wait.
    let seat = site.gateway.hub.join(&caller);
    loop {
        let answer = news(&site, &caller, &asked.cursors).await?;
        if !answer.events.is_empty() || !answer.diverged.is_empty() {
            return Ok(Json(answer));
        }
        let filled = tokio::select! {
            filled = timeout_at(until, seat.mailbox.filled()) => filled.is_ok(),
            () = site.gateway.stop.cancelled() => false,
        };
        if !filled || seat.mailbox.is_closed() {
            return Ok(Json(answer));
        }
        seat.mailbox.take(&mut Vec::new());
    }
}

/// What follows the cursors: the newest conversations first, as much as fits one answer.
async fn news(site: &Site, caller: &Session, cursors: &[Position]) -> Result<SyncAnswer, Problem> {
    let commands = &site.gateway.commands;
    let diverged = commands.compare(caller, cursors.to_vec()).await?;
    let heads = commands.heads(caller).await?;
    let mut events: Vec<Event> = Vec::new();
    for head in &heads {
        let of_this = |cursor: &&Position| cursor.conversation == head.conversation;
        // A conversation that is not asked for is told of by its head alone.
        let Some(cursor) = cursors.iter().find(of_this) else {
            continue;
        };
        if cursor.seq < head.seq
            && events.len() < MAX_EVENTS
            && !diverged.contains(&head.conversation)
        {
            let after = Some(cursor.seq).or(Some(Seq::NONE));
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
        diverged,
    })
}

/// `GET /events`: every frame that a socket would get, as server-sent events.
pub(super) async fn events(
    State(site): Shared,
    Caller(caller): Caller,
) -> Sse<impl Stream<Item = Result<StreamEvent, Infallible>>> {
    let seat = site.gateway.hub.join(&caller);
    let stop = site.gateway.stop.clone();
    let start = (seat, Vec::<Frame>::new().into_iter());
    let frames = stream::unfold(start, move |(seat, mut ready): (Seated, _)| {
        let stop = stop.clone();
        async move {
            loop {
                if let Some(frame) = ready.next() {
                    return Some((
                        Ok(StreamEvent::default().data(frame.as_str())),
                        (seat, ready),
                    ));
                }
                tokio::select! {
                    () = seat.mailbox.filled() => {}
                    () = stop.cancelled() => return None,
                }
                if seat.mailbox.is_closed() {
                    return None;
                }
                let mut drained = Vec::new();
                seat.mailbox.take(&mut drained);
                ready = drained.into_iter();
            }
        }
    });
    Sse::new(frames).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Cursors in one poll. Source: as many conversations as a summary has.
const MAX_CURSORS: usize = MAX_SUMMARY_CONVERSATIONS as usize;
/// Events in one answer; what is left comes with the next poll.
const MAX_EVENTS: usize = 400;
/// Proxies cut a stream that is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
