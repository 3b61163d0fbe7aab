//! Smaller answers for readers who can undo gzip.
//!
//! In: a request and the answer that is about to leave. Out: the same answer, compressed when that is wanted and pays. Only
//! answers that are whole are touched: a stream would be held back by the compressor, and what it says must leave at once.

use std::io::Write;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Answers below this stay as they are: one packet is one packet.
const BYTES_MIN: u64 = 1024;

/// Level of gzip: JSON of a floor shrinks to a tenth with the cheapest.
const LEVEL: Compression = Compression::fast();

/// The middleware.
pub(super) async fn compress(request: Request, next: Next) -> Response {
    let is_wanted = accepts_gzip(request.headers());
    let mut response = next.run(request).await;
    let is_whole = response.body().size_hint().exact().is_some_and(|bytes| bytes >= BYTES_MIN);
    if !is_whole || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    if !is_wanted {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // The body is in memory already, so that there is nothing to limit and nothing that can fail.
    let plain = to_bytes(body, usize::MAX).await.unwrap_or_default();
    // Megabytes take milliseconds, for which no stream shall wait.
    let packed = tokio::task::spawn_blocking({
        let plain = plain.clone();
        move || gzip(&plain)
    });
    let Ok(Ok(packed)) = packed.await else { return Response::from_parts(head, Body::from(plain)) };
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.remove(CONTENT_LENGTH);
    if let Some(tag) = head.headers.get(ETAG).and_then(|tag| HeaderValue::from_str(&weak(tag.to_str().ok()?)).ok()) {
        head.headers.insert(ETAG, tag);
    }
    Response::from_parts(head, Body::from(packed))
}

/// The tag of an answer whose bytes differ from those that the tag was made for.
fn weak(tag: &str) -> String {
    if tag.starts_with("W/") { tag.to_owned() } else { format!("W/{tag}") }
}

fn gzip(plain: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 6), LEVEL);
    encoder.write_all(plain)?;
    encoder.finish().map(Bytes::from)
}

/// Whether a reader says that it undoes gzip.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = texts.flat_map(|text| text.split(',')).map(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse::<f32>().ok());
        (name.trim(), weight.unwrap_or(0.0) > 0.0)
    });
    codings.any(|(name, is_taken)| is_taken && (name.eq_ignore_ascii_case("gzip") || name == "*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_ask_for_it() {
        let accepts = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(text));
            accepts_gzip(&headers)
        };
        assert!(accepts("gzip") && accepts("br, GZIP;q=0.5") && accepts("*"));
        assert!(!accepts("identity") && !accepts("gzip;q=0") && !accepts("gzip; q=0.0, br") && !accepts(""));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
