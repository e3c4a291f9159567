//! Frames over HTTP: what a client on a stream or a long poll has to say.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
};
use serde_json::value::RawValue;
use shared::{ServerFrame, limits::MAX_FRAMES};

use super::{Shared, caller::Caller, problem::Problem};
use crate::{auth::AuthError, gateway::encoding::Received};

/// `POST /frames`: runs them in order, as those of a socket, and gives the answers in that order.
pub(super) async fn frames(
    State(site): Shared,
    Caller(caller): Caller,
    frames: Result<Json<Vec<Box<RawValue>>>, JsonRejection>,
) -> Result<Json<Vec<ServerFrame>>, Problem> {
    let Json(frames) = frames?;
    if frames.is_empty() || frames.len() > MAX_FRAMES {
        return Err(Problem::bad_frame(format!(
            "A request has 1 to {MAX_FRAMES} frames and this one has {}",
            frames.len()
        )));
    }
    let mut answers = Vec::new();
    for frame in frames {
        // Whoever asks much waits, and may be signed out meanwhile.
        if site.gateway.hub.has_ended(&caller) {
            return Err(AuthError::BadToken.into());
        }
        let frame = Received::Json(String::from(Box::<str>::from(frame)).into());
        if let Some(answer) = site.gateway.answer(&caller, None, &frame).await {
            answers.push(answer.get().await);
        }
    }
    Ok(Json(answers))
}
