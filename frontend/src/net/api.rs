//! HTTP: who am I, come in, go out.

use std::time::Duration;

use js_sys::{JsString, futures::JsFuture};
use leptos::prelude::window;
use shared::{
    Code, Read,
    frame::User,
    http::{Credentials, Problem, ServerInfo, SignedIn},
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, RequestInit, Response};

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
    read(&ask("GET", "/api/v1/server", None).await?)
}

/// Makes an account and signs in to it.
///
/// # Errors
/// [`ApiError`]
pub async fn create_account(credentials: &Credentials) -> Result<User, ApiError> {
    enter("/api/v1/accounts", credentials).await
}

/// Signs in.
///
/// # Errors
/// [`ApiError`]
pub async fn sign_in(credentials: &Credentials) -> Result<User, ApiError> {
    enter("/api/v1/sessions", credentials).await
}

/// Ends this browser's session.
///
/// # Errors
/// [`ApiError`]
pub async fn sign_out() -> Result<(), ApiError> {
    ask("DELETE", "/api/v1/sessions/current", None)
        .await
        .map(drop)
}

async fn enter(path: &'static str, credentials: &Credentials) -> Result<User, ApiError> {
    let body = serde_json::to_string(credentials).map_err(|_| ApiError::Unreachable)?;
    let signed_in: SignedIn = read(&ask("POST", path, Some(body)).await?)?;
    Ok(signed_in.user)
}

/// One request with the cookie; the text of its answer if that is a success.
async fn ask(
    method: &'static str,
    path: &'static str,
    body: Option<String>,
) -> Result<String, ApiError> {
    let (is_ok, status, text) = fetch(method, path, body)
        .await
        .map_err(|_| ApiError::Unreachable)?;
    if is_ok {
        return Ok(text);
    }
    // What is no problem of ours is a proxy's page.
    let problem: Problem = read(&text)?;
    Err(ApiError::Refused {
        code: code_named(&problem.code, status),
        retry_after: problem.retry_after_ms.map(Duration::from_millis),
    })
}

async fn fetch(
    method: &str,
    path: &str,
    body: Option<String>,
) -> Result<(bool, u16, String), JsValue> {
    let asked = RequestInit::new();
    asked.set_method(method);
    if let Some(body) = body {
        let headers = Headers::new()?;
        headers.set("Content-Type", "application/json")?;
        asked.set_headers(&headers);
        asked.set_body(&body.into());
    }
    let answer = JsFuture::from(window().fetch_with_str_and_init(path, &asked)).await?;
    let answer: Response = answer.dyn_into()?;
    let text = JsFuture::from(answer.text()?).await?;
    let text = text.dyn_into::<JsString>()?.into();
    Ok((answer.ok(), answer.status(), text))
}

fn read<T: Read>(text: &str) -> Result<T, ApiError> {
    T::from_text(text).map_err(|_| ApiError::Unreachable)
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
