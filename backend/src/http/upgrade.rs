//! The upgrade to a WebSocket, on `/ws` and on the tutorial's `/`.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Uri, header},
    response::Response,
};

use super::{Shared, Site, assets, caller::token_of};
use crate::gateway::greeting::Claim;

/// `GET /ws`
pub(super) async fn upgrade(State(site): Shared, request: Request) -> Response {
    let claim = claim(&site, request.uri(), request.headers()).await;
    site.gateway.upgrade(request, claim)
}

/// `GET /`: the tutorial's clients come here with an upgrade, browsers for the app.
pub(super) async fn upgrade_or_app(site: Shared, request: Request) -> Response {
    if request.headers().contains_key(header::UPGRADE) {
        return upgrade(site, request).await;
    }
    assets::serve(request.uri().clone(), request.headers().clone()).await
}

/// Looks at the token before the upgrade, where the URL, a header or the cookie has one.
async fn claim(site: &Site, uri: &Uri, headers: &HeaderMap) -> Claim {
    let gateway = &site.gateway;
    if let Some(token) = access_token(uri.query().unwrap_or_default()) {
        return match gateway.auth.url_session(&gateway.store, &token).await {
            Ok(session) => Claim::Token(session),
            Err(error) => Claim::Refused(error),
        };
    }
    match token_of(site, headers) {
        None => Claim::Nothing,
        Some(token) => match gateway.auth.session(&gateway.store, token).await {
            Ok(session) => Claim::Session(session),
            Err(error) => Claim::Refused(error),
        },
    }
}

/// The `accessToken` of a query, percent-decoded; empty where it has no value.
fn access_token(query: &str) -> Option<String> {
    let mut pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.find(|(name, _)| *name == "accessToken")?;
    Some(percent_decoded(value))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let pair = (ahead.next().and_then(hex), ahead.next().and_then(hex));
        match (byte, pair) {
            (b'%', (Some(high), Some(low))) => {
                decoded.push(high * 16 + low);
                bytes = ahead;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nickname_in_the_url_may_be_in_any_script_and_spelling() {
        assert_eq!(access_token("accessToken=芋艿").as_deref(), Some("芋艿"));
        assert_eq!(
            access_token("a=1&accessToken=%E8%8A%8B%e8%89%bf").as_deref(),
            Some("芋艿")
        );
        assert_eq!(
            access_token("accessToken=a%20b+c%zz").as_deref(),
            Some("a b c%zz")
        );
        assert_eq!(access_token("accessToken=").as_deref(), Some(""));
        assert_eq!(access_token("accessToken").as_deref(), Some(""));
        assert_eq!(access_token("token=x"), None);
    }
}
