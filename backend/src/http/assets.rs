//! The web app, out of the binary: prepared by `build.rs`, in brotli and gzip, never at run time.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use shared::ConversationId;

use super::problem::Problem;

/// One file of the app. `brotli` and `gzip` are there where they are smaller.
pub(super) struct Asset {
    /// Without the leading slash.
    path: &'static str,
    /// `Content-Type`.
    kind: &'static str,
    /// `ETag`, with its quotes.
    tag: &'static str,
    /// The name changes with the content.
    is_hashed: bool,
    /// As it is.
    plain: &'static [u8],
    /// Brotli, quality 11.
    brotli: Option<&'static [u8]>,
    /// Gzip, level 9.
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Any address that is no file is for the app to show; where it has no page there, it says so, and so
/// does the status.
pub(super) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(asset) = ASSETS.iter().find(|asset| asset.path == path) {
        return answer(asset, &headers);
    }
    if path.rsplit('/').next().unwrap_or_default().contains('.') {
        return Problem::not_found().into_response();
    }
    let mut response = match ASSETS.iter().find(|asset| asset.path == INDEX) {
        Some(index) => answer(index, &headers),
        None => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NO_APP).into_response(),
    };
    if response.status() == StatusCode::OK && !is_page(path) {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// Whether the app has a page there: as `frontend/src/router.rs` reads an address.
fn is_page(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => true,
        (Some(kind @ ("r" | "d")), Some(id), None) => {
            format!("{kind}{id}").parse::<ConversationId>().is_ok()
        }
        _ => false,
    }
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let says = |name, value: &'static str| (name, HeaderValue::from_static(value));
    let caching = if asset.is_hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let common = [
        says(header::CACHE_CONTROL, caching),
        says(header::ETAG, asset.tag),
        says(header::VARY, "accept-encoding"),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if known.is_some_and(|tags| tags.contains(asset.tag)) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let accepts = |coding| {
        let mut codings = accepted.unwrap_or_default().split(',');
        codings.any(|one| {
            one.split(';')
                .next()
                .is_some_and(|name| name.trim() == coding)
        })
    };
    let kind = [says(header::CONTENT_TYPE, asset.kind)];
    match (asset.brotli, asset.gzip) {
        (Some(body), _) if accepts("br") => {
            (common, kind, [says(header::CONTENT_ENCODING, "br")], body).into_response()
        }
        (_, Some(body)) if accepts("gzip") => {
            (common, kind, [says(header::CONTENT_ENCODING, "gzip")], body).into_response()
        }
        _ => (common, kind, asset.plain).into_response(),
    }
}

const INDEX: &str = "index.html";
const NO_APP: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Pond</title>\
<h1>The server runs, and has no web app in it</h1>\
<p>It was built alone. To build both: <code>cargo xtask run</code>, or <code>trunk build --release</code> \
and then <code>cargo build --release -p backend</code>.</p>\
<p>The API and the socket work all the same.</p></html>\n";
