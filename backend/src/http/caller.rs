//! Who asks: by `Authorization: Bearer` or by the browser's cookie.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};

use super::{Site, problem::Problem};
use crate::auth::{AuthError, SESSION_LIFE, Session, Token};

/// A signed-in caller.
pub(super) struct Caller(pub(super) Session);

impl FromRequestParts<Arc<Site>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Problem> {
        let token = token_of(site, &parts.headers).ok_or(AuthError::Missing)?;
        let gateway = &site.gateway;
        Ok(Self(gateway.auth.session(&gateway.store, token).await?))
    }
}

/// The session token that a request carries.
pub(super) fn token_of<'a>(site: &Site, headers: &'a HeaderMap) -> Option<&'a str> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        return Some(token.trim());
    }
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        // Behind https only the cookie that no other host could have set.
        .find(|(name, _)| *name == cookie_name(site))
        .map(|(_, token)| token)
}

/// The cookie of a new session. Behind https it is bound to the host and to encryption; on plain http
/// browsers would not keep such a one.
pub(super) fn cookie(site: &Site, token: &Token) -> Option<HeaderValue> {
    cookie_with(site, token.as_str(), SESSION_LIFE.as_secs())
}

/// Takes the cookie away.
pub(super) fn no_cookie(site: &Site) -> Option<HeaderValue> {
    cookie_with(site, "", 0)
}

fn cookie_with(site: &Site, value: &str, max_age: u64) -> Option<HeaderValue> {
    let name = cookie_name(site);
    let secure = if name == SECURE { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}");
    HeaderValue::from_str(&cookie).ok()
}

fn cookie_name(site: &Site) -> &'static str {
    let is_https = site
        .public_origin
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    if is_https { SECURE } else { PLAIN }
}

const PLAIN: &str = "pond-session";
const SECURE: &str = "__Host-pond-session";
