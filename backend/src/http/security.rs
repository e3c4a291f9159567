//! What every answer carries, and whose pages may ask.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use shared::Code;

use super::{Site, problem::Problem};

/// Refuses other sites' pages and puts the security headers on every answer.
pub(super) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let is_api = request.uri().path().starts_with("/api/");
    let is_trustworthy = is_trustworthy(&site, request.headers());
    let mut response = if site.is_local_demo && is_strange(&site, request.headers()) {
        let title = "A demo for this machine answers to localhost and to addresses";
        Problem::new(Code::ForeignOrigin, title).into_response()
    } else if (is_upgrade || changes || is_api) && is_foreign(&site, request.headers()) {
        Problem::new(Code::ForeignOrigin, "Another site's page may not ask this").into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    // Elsewhere a browser ignores it, and calls that an error in its console.
    if is_trustworthy {
        headers.insert(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        );
    }
    if is_api {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Whether a browser says that the page asking is neither ours nor the public URL's. Programs send no
/// `Origin` and carry no cookie that a page could abuse.
fn is_foreign(site: &Site, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    let Ok(origin) = origin.to_str() else {
        return true;
    };
    if site.public_origin.as_deref() == Some(origin) {
        return false;
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let of_origin = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.is_none() || of_origin != host
}

/// Whether the name that was asked for is neither this machine's nor the public URL's. A page of
/// another site whose name leads here would be of the same origin as ours.
fn is_strange(site: &Site, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return false;
    };
    let Ok(host) = host.to_str() else {
        return true;
    };
    let of_public = site.public_origin.as_deref().unwrap_or_default();
    if of_public
        .split_once("://")
        .is_some_and(|(_, public)| public == host)
    {
        return false;
    }
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    let inner = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let is_address = inner.unwrap_or(&name).parse::<IpAddr>().is_ok();
    !(is_address || name == "localhost" || name.ends_with(".localhost"))
}

/// Whether a browser takes the page for one that nobody changed on its way: over https, or from the
/// machine itself.
fn is_trustworthy(site: &Site, headers: &HeaderMap) -> bool {
    let is_https = |origin: &str| origin.starts_with("https://");
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    site.public_origin.as_deref().is_some_and(is_https)
        || host.starts_with("127.")
        || host.starts_with("localhost")
        || host.starts_with("[::1]")
}

/// No inline code, nothing of third parties; `'wasm-unsafe-eval'` compiles WebAssembly and nothing else.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=()",
    ),
];
