//! The wallboard page: a handful of files inside the binary, served as they are.
//!
//! No build step, no request to any other host, no script or style inside the markup. A page keeps its files for as
//! long as their tags match, so a replaced server is noticed at the next load.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

/// A file of the page.
struct Asset {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! assets {
    ($($path:literal $kind:literal $file:literal)*) => {
        [$(Asset {
            path: $path,
            kind: $kind,
            text: include_str!(concat!("../../dashboards/wallboard/", $file)),
        }),*]
    };
}

const ASSETS: &[Asset] = &assets! {
    "/" "text/html; charset=utf-8" "index.html"
    "/health" "text/html; charset=utf-8" "health.html"
    "/assets/health.js" "text/javascript; charset=utf-8" "health.js"
    "/assets/style.css" "text/css; charset=utf-8" "style.css"
    "/assets/app.js" "text/javascript; charset=utf-8" "app.js"
    "/assets/agents.js" "text/javascript; charset=utf-8" "agents.js"
    "/assets/floor.js" "text/javascript; charset=utf-8" "floor.js"
    "/assets/format.js" "text/javascript; charset=utf-8" "format.js"
    "/assets/model.js" "text/javascript; charset=utf-8" "model.js"
    "/assets/stream.js" "text/javascript; charset=utf-8" "stream.js"
    "/assets/favicon.svg" "image/svg+xml" "favicon.svg"
};

/// Paths of all files.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    ASSETS.iter().map(|asset| asset.path)
}

/// The file at `path`, or word that the reader's copy is still right; `None` if there is no such file.
pub(super) fn asset(path: &str, headers: &HeaderMap) -> Option<Response> {
    let asset = ASSETS.iter().find(|asset| asset.path == path)?;
    let tag = HeaderValue::from_str(&format!("\"{:016x}\"", fnv1a(asset.text.as_bytes()))).ok()?;
    // A copy that came compressed has the weak form of the tag.
    let known = headers.get(IF_NONE_MATCH).map(HeaderValue::as_bytes);
    let known = known.map(|known| known.strip_prefix(b"W/").unwrap_or(known)) == Some(tag.as_bytes());
    let mut response = Response::new(if known { Body::empty() } else { Body::from(asset.text) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ETAG, tag);
    Some(response)
}

/// The 64-bit FNV-1a hash: tells versions of a file apart, nothing more.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
