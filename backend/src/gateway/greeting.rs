//! A socket before its person is known: it has 5 s to say who it is, and may do nothing else.

use std::time::Duration;

use shared::{
    ClientFrame, Code, ServerFrame,
    frame::{AuthAnswer, ErrorAnswer},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Closed, Gateway, socket::Socket};
use crate::auth::{AuthError, Session};

/// What the request for the upgrade said about the person.
pub enum Claim {
    /// A cookie or a header of a session that was looked up.
    Session(Session),
    /// An `accessToken` in the URL, looked up.
    Token(Session),
    /// Something that was refused; the socket is told, since a browser cannot read why an upgrade
    /// failed.
    Refused(AuthError),
    /// Nothing: the first frame says it.
    Nothing,
}

/// Finds out who it is, or says why not.
///
/// # Errors
/// [`Closed::NotSignedIn`] after the refusal was told, or why the socket ended.
pub async fn complete(
    gateway: &Gateway,
    socket: &mut Socket,
    claim: Claim,
    stop: &CancellationToken,
) -> Result<Session, Closed> {
    match claim {
        Claim::Session(session) | Claim::Token(session) => Ok(session),
        Claim::Refused(error) => refuse(socket, &error).await,
        Claim::Nothing => tokio::select! {
            () = stop.cancelled() => Err(Closed::ServerStopping),
            asked = timeout(DEADLINE, ask(gateway, socket)) => match asked {
                Ok(Ok(Ok(session))) => Ok(session),
                Ok(Ok(Err(error))) => refuse(socket, &error).await,
                Ok(Err(closed)) => Err(closed),
                Err(_) => refuse(socket, &AuthError::Missing).await,
            },
        },
    }
}

/// Reads frames until one says who it is.
async fn ask(gateway: &Gateway, socket: &mut Socket) -> Result<Result<Session, AuthError>, Closed> {
    for _ in 0..MAX_FRAMES_BEFORE {
        let frame = socket.receive().await?;
        let answer = match frame.decode() {
            Ok(ClientFrame::Auth(auth)) => {
                return Ok(gateway
                    .auth
                    .frame_session(&gateway.store, &auth.access_token)
                    .await);
            }
            Ok(_) => ServerFrame::Error(ErrorAnswer {
                request_id: frame.request_id(),
                code: Code::NotSignedIn,
                message: "Sign in first, with an AUTH_REQUEST".into(),
                retry_after_ms: None,
            }),
            Err(error) => super::answers::misunderstood(&frame, &error),
        };
        socket.send(answer.into()).await?;
    }
    Ok(Err(AuthError::Missing))
}

async fn refuse(socket: &mut Socket, error: &AuthError) -> Result<Session, Closed> {
    let answer = AuthAnswer::refused(error.code(), error.to_string());
    socket.send(ServerFrame::Auth(answer).into()).await?;
    if error.code().is_passing() && error.code() != Code::NotSignedIn {
        // Not the person's fault: the client is to come back.
        return Err(Closed::ServerStopping);
    }
    Err(Closed::NotSignedIn)
}

/// How long a socket may stay unknown.
pub const DEADLINE: Duration = Duration::from_secs(5);
const MAX_FRAMES_BEFORE: usize = 20;
