//! Events over HTTP: `POST /api/v1/events` with feed lines in its body.
//!
//! In: bodies of at most [`BODY_BYTES_MAX`], plain, gzip or zstd (the limit holds before and after decompression). Out: one
//! chunk a request in the ring, and an answer that counts what became of its lines, sent after they were folded.
//! Problems are answered as `application/problem+json`. A content type is required: a web page of another origin cannot
//! send this one without asking, so a browser on the same machine is no way in. Refuses to know what a line says.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::sync::{Semaphore, oneshot};

use crate::engine::partition::Position;
use crate::handoff::ring::{Chunk, Feeder, Folded, SendError};

/// Largest body, as sent and as decompressed.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Requests in progress at a time; more are told to come again.
pub const REQUESTS_MAX: usize = 16;

/// How long a request waits for room in the ring.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a sender may take for its body.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
struct Ingest {
    feeder: Feeder,
    slots: Arc<Semaphore>,
}

/// The route that takes events and hands them to `feeder`.
pub fn router(feeder: Feeder) -> Router {
    let ingest = Ingest { feeder, slots: Arc::new(Semaphore::new(REQUESTS_MAX)) };
    Router::new().route("/api/v1/events", post(events)).with_state(ingest)
}

/// Why a request was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("send feed lines as content type application/x-ndjson")]
    MediaType,
    #[error("the content encoding is not understood; use gzip, zstd or none")]
    Encoding,
    #[error("the body is larger than {BODY_BYTES_MAX} bytes, as sent or after decompression; send smaller batches")]
    TooLarge,
    #[error("the body could not be read or decompressed: {0}")]
    Body(String),
    #[error("the body did not arrive within {} seconds", BODY_TIME_MAX.as_secs())]
    TooSlow,
    #[error("{0}; send the same batch again")]
    Overload(SendError),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code, title) = match &self {
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type"),
            Self::Encoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", "Unsupported encoding"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Body too large"),
            Self::Body(_) => (StatusCode::BAD_REQUEST, "unreadable_body", "Unreadable body"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow", "Body too slow"),
            Self::Overload(_) => (StatusCode::SERVICE_UNAVAILABLE, "overload", "Not now"),
        };
        let problem = serde_json::json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "detail": self.to_string(),
        });
        let mut response = (status, problem.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

async fn events(State(ingest): State<Ingest>, request: Request) -> Result<Response, Refused> {
    let _slot = ingest.slots.try_acquire().map_err(|_| Refused::Overload(SendError::Full))?;
    let (head, body) = request.into_parts();
    let encoding = Encoding::of(&head.headers)?;
    let body = tokio::time::timeout(BODY_TIME_MAX, read(&head.headers, body)).await.map_err(|_| Refused::TooSlow)??;
    let bytes = match encoding {
        Encoding::Plain => body.to_vec(),
        packed => tokio::task::spawn_blocking(move || packed.unpack(&body))
            .await
            .map_err(|error| Refused::Body(error.to_string()))??,
    };
    let (reply, folded) = oneshot::channel();
    let chunk = Chunk { bytes, source: "http".into(), position: Position { line: 1, offset: 0 }, reply: Some(reply) };
    ingest.feeder.send_from_task(chunk, Some(PATIENCE)).await.map_err(Refused::Overload)?;
    let folded = folded.await.map_err(|_| Refused::Overload(SendError::Closed))?;
    Ok(answer(&folded))
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(Refused::TooLarge);
    }
    to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| {
        // A body without a declared length fails while it is being read; the limit is the only named cause.
        let text = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        if text.contains("length limit") { Refused::TooLarge } else { Refused::Body(text) }
    })
}

fn answer(folded: &Folded) -> Response {
    let rejects: Vec<_> = folded
        .rejects
        .iter()
        .map(|reject| serde_json::json!({"line": reject.line, "reason": reject.reason, "detail": reject.detail}))
        .collect();
    let body = serde_json::json!({
        "accepted": folded.fed.accepted, "duplicate": folded.fed.duplicate, "rejected": folded.fed.rejected,
        "rejects": rejects,
    });
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
    Zstd,
}

impl Encoding {
    /// How the body is packed, once it is clear that it holds feed lines.
    fn of(headers: &HeaderMap) -> Result<Self, Refused> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_ascii_lowercase();
        let media = text(header::CONTENT_TYPE);
        let media = media.split(';').next().unwrap_or("").trim();
        if !["application/x-ndjson", "application/ndjson", "application/jsonl"].contains(&media) {
            return Err(Refused::MediaType);
        }
        match text(header::CONTENT_ENCODING).trim() {
            "" | "identity" => Ok(Self::Plain),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Refused::Encoding),
        }
    }

    fn unpack(self, body: &[u8]) -> Result<Vec<u8>, Refused> {
        let failed = |error: std::io::Error| Refused::Body(error.to_string());
        let reader: Box<dyn Read + '_> = match self {
            Self::Plain => Box::new(body),
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(body)),
            Self::Zstd => Box::new(zstd::Decoder::new(body).map_err(failed)?),
        };
        let mut bytes = Vec::new();
        // One byte more than the limit shows that there is more, without unpacking a bomb.
        reader.take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > BODY_BYTES_MAX { Err(Refused::TooLarge) } else { Ok(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(media: &str, encoding: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, media.parse().expect("a header"));
        headers.insert(header::CONTENT_ENCODING, encoding.parse().expect("a header"));
        headers
    }

    #[test]
    fn only_feed_lines_in_a_known_packing_are_taken() {
        assert_eq!(Encoding::of(&headers("application/x-ndjson; charset=utf-8", "")), Ok(Encoding::Plain));
        assert_eq!(Encoding::of(&headers("application/x-ndjson", "zstd")), Ok(Encoding::Zstd));
        assert_eq!(Encoding::of(&headers("text/plain", "")), Err(Refused::MediaType));
        assert_eq!(Encoding::of(&HeaderMap::new()), Err(Refused::MediaType));
        assert_eq!(Encoding::of(&headers("application/x-ndjson", "br")), Err(Refused::Encoding));
    }

    #[test]
    fn a_small_body_that_unpacks_to_a_large_one_is_refused() {
        let bomb = zstd::encode_all(&vec![b'\n'; BODY_BYTES_MAX + 1][..], 1).expect("in memory");
        assert!(bomb.len() < 10_000);
        assert_eq!(Encoding::Zstd.unpack(&bomb), Err(Refused::TooLarge));
        let fits = zstd::encode_all(&b"line\n"[..], 1).expect("in memory");
        assert_eq!(Encoding::Zstd.unpack(&fits).as_deref(), Ok(&b"line\n"[..]));
        assert!(matches!(Encoding::Gzip.unpack(b"not gzip"), Err(Refused::Body(_))));
    }
}
