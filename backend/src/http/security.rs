//! What every answer carries, and whose pages may ask.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use governor::{DefaultDirectRateLimiter, Quota};
use shared::Code;
use tracing::warn;

use super::{Site, problem::Problem};

/// What stands before every address.
pub(super) struct Guard {
    site: Arc<Site>,
    /// One line a minute tells whoever runs the server; a page that is refused asks without end.
    log: DefaultDirectRateLimiter,
}

impl Guard {
    pub(super) fn new(site: Arc<Site>) -> Self {
        let log = DefaultDirectRateLimiter::direct(Quota::per_minute(NonZeroU32::MIN));
        Self { site, log }
    }

    /// Why the request goes no further, and what to do where it should.
    fn refusal(&self, request: &Request) -> Option<String> {
        let (site, headers) = (&self.site, request.headers());
        let is_upgrade = headers.contains_key(header::UPGRADE);
        let changes = !matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        let is_strange = site.is_local_demo && is_strange(site, headers);
        let is_asked = is_upgrade || changes || is_api(request);
        if !(is_strange || is_asked && is_foreign(site, headers)) {
            return None;
        }
        let (origin, host) = (shown(headers, header::ORIGIN), shown(headers, header::HOST));
        let title = if is_strange {
            format!(
                "This demo is for this machine alone and answers to localhost, to addresses and to the \
                 host of --public-url, not to {host:?}. If that is its own name, start it with \
                 --public-url and that address"
            )
        } else {
            let public = site.public_origin.iter().map(|url| format!(" and {url}"));
            let public: String = public.collect();
            format!(
                "A page of {origin} may not ask this, for the server takes itself to be at {host}{public}. \
                 If the page is its own, start it with --public-url and the page's address, or let the \
                 proxy before it keep the Host header"
            )
        };
        if self.log.check().is_ok() {
            warn!(
                ?origin,
                ?host,
                "refused a request from elsewhere; if it was not, --public-url must say where browsers \
                 find the server"
            );
        }
        Some(title)
    }
}

/// Refuses other sites' pages and puts the security headers on every answer.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let is_api = is_api(&request);
    let is_trustworthy = is_trustworthy(&guard.site, request.headers());
    let mut response = match guard.refusal(&request) {
        Some(title) => Problem::new(Code::ForeignOrigin, title).into_response(),
        None => next.run(request).await,
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

fn is_api(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
}

/// A header as it may be repeated to whoever sent it.
fn shown(headers: &HeaderMap, name: HeaderName) -> String {
    let value = headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
    let text = String::from_utf8_lossy(value);
    text.chars().take(LONGEST_SHOWN).collect()
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

/// Characters. Source: no name of a host is longer.
const LONGEST_SHOWN: usize = 253;
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
