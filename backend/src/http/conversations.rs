//! Conversations over HTTP: the same commands as on the socket.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
};
use serde::Deserialize;
use shared::{
    ConversationId, Seq,
    http::{Conversations, Events, NewMessage, Stored},
};

use super::{Shared, caller::Caller, problem::Problem};
use crate::commands::{Recipient, SendMessage};

/// Which piece of a log.
#[derive(Deserialize)]
pub(super) struct Piece {
    after: Option<Seq>,
    before: Option<Seq>,
    limit: Option<u32>,
}

/// `GET /conversations`
pub(super) async fn list(
    State(site): Shared,
    Caller(caller): Caller,
) -> Result<Json<Conversations>, Problem> {
    let (conversations, _) = site.gateway.commands.summary(&caller).await?;
    Ok(Json(Conversations { conversations }))
}

/// `GET /conversations/{id}/events`
pub(super) async fn events(
    State(site): Shared,
    Caller(caller): Caller,
    conversation: Result<Path<ConversationId>, PathRejection>,
    piece: Result<Query<Piece>, QueryRejection>,
) -> Result<Json<Events>, Problem> {
    let (
        Path(conversation),
        Query(Piece {
            after,
            before,
            limit,
        }),
    ) = (conversation?, piece?);
    let commands = &site.gateway.commands;
    let slice = commands
        .pull(&caller, conversation, after, before, limit)
        .await?;
    Ok(Json(Events {
        events: slice.events,
        head: slice.head,
    }))
}

/// `POST /conversations/{id}/messages`
pub(super) async fn send(
    State(site): Shared,
    Caller(caller): Caller,
    conversation: Result<Path<ConversationId>, PathRejection>,
    message: Result<Json<NewMessage>, JsonRejection>,
) -> Result<Json<Stored>, Problem> {
    let (Path(conversation), Json(NewMessage { msg_id, content })) = (conversation?, message?);
    let to = Recipient::Conversation(conversation);
    let send = SendMessage {
        to,
        msg_id: msg_id.clone(),
        content,
        origin: None,
    };
    let stored = site
        .gateway
        .commands
        .send_message(&caller, send)
        .await?
        .message;
    Ok(Json(Stored {
        msg_id,
        conversation,
        seq: stored.seq,
        sent_at: stored.sent_at,
        check: stored.check,
    }))
}
