//! HTTP: who am I, come in, go out.

use std::time::Duration;

use gloo_net::http::{Request, RequestBuilder, Response};
use shared::{
    Code,
    frame::User,
    http::{Credentials, Problem, ServerInfo, SignedIn},
};

/// Why a request did not succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApiError {
    /// No answer, or none that is Pond's.
    Unreachable,
    /// The server said no.
    Refused {
        /// Why.
        code: Code,
        /// When it is worth trying again.
        retry_after: Option<Duration>,
    },
}

/// What a sign-in page must know, and who the cookie says is asking.
///
/// # Errors
/// [`ApiError`]
pub async fn server() -> Result<ServerInfo, ApiError> {
    let answer = sent(Request::get("/api/v1/server").build()).await?;
    answer.json().await.map_err(|_| ApiError::Unreachable)
}

/// Makes an account and signs in to it.
///
/// # Errors
/// [`ApiError`]
pub async fn create_account(credentials: &Credentials) -> Result<User, ApiError> {
    enter(Request::post("/api/v1/accounts"), credentials).await
}

/// Signs in.
///
/// # Errors
/// [`ApiError`]
pub async fn sign_in(credentials: &Credentials) -> Result<User, ApiError> {
    enter(Request::post("/api/v1/sessions"), credentials).await
}

/// Ends this browser's session.
///
/// # Errors
/// [`ApiError`]
pub async fn sign_out() -> Result<(), ApiError> {
    sent(Request::delete("/api/v1/sessions/current").build())
        .await
        .map(drop)
}

async fn enter(request: RequestBuilder, credentials: &Credentials) -> Result<User, ApiError> {
    let answer = sent(request.json(credentials)).await?;
    let signed_in: SignedIn = answer.json().await.map_err(|_| ApiError::Unreachable)?;
    Ok(signed_in.user)
}

async fn sent(request: Result<Request, gloo_net::Error>) -> Result<Response, ApiError> {
    let request = request.map_err(|_| ApiError::Unreachable)?;
    let answer = request.send().await.map_err(|_| ApiError::Unreachable)?;
    if answer.ok() {
        return Ok(answer);
    }
    match answer.json::<Problem>().await {
        Ok(problem) => Err(ApiError::Refused {
            code: code_named(&problem.code, problem.status),
            retry_after: problem.retry_after_ms.map(Duration::from_millis),
        }),
        // A proxy's page, not ours.
        Err(_) => Err(ApiError::Unreachable),
    }
}

/// A newer server's name for a reason still has the class of its status.
fn code_named(name: &str, status: u16) -> Code {
    Code::all()
        .find(|code| code.name() == name)
        .unwrap_or(Code::Other(status.saturating_mul(10).saturating_add(9)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in Code::all() {
            assert_eq!(code_named(code.name(), 500), code);
        }
        assert_eq!(code_named("from-the-future", 404), Code::Other(4049));
    }
}
