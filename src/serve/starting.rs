//! What is answered before there are numbers: that the program lives, that it is not ready, and how far it is.
//!
//! In: how much of the last run has been folded again. Out: answers with 503 to everything but `/livez`. Knows no board.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::problem::Problem;

/// How far a start is, in percent.
#[derive(Debug, Default)]
pub struct Starting(AtomicU64);

impl Starting {
    /// Says how far it is.
    pub fn set(&self, percent: u64) {
        self.0.store(percent, Ordering::Relaxed);
    }

    fn sentence(&self) -> String {
        format!("going on from the last run: {} %", self.0.load(Ordering::Relaxed))
    }
}

/// The routes of a program that starts.
pub fn router(starting: Arc<Starting>) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .fallback(later)
        .with_state(starting)
}

async fn readyz(State(starting): State<Arc<Starting>>) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\nnot ready\n", starting.sentence())).into_response()
}

async fn later(State(starting): State<Arc<Starting>>) -> Response {
    let detail = format!("{}; ask again in a moment", starting.sentence());
    ([(RETRY_AFTER, "1")], Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting", detail)).into_response()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn who_watches_learns_that_it_lives_and_how_far_it_is() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let starting = Arc::new(Starting::default());
        runtime.spawn(axum::serve(listener, router(Arc::clone(&starting))).into_future());
        starting.set(43);
        let ask = |request: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        assert!(ask("GET /livez").starts_with("HTTP/1.1 200"));
        let ready = ask("GET /readyz");
        assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("43 %\nnot ready"), "{ready}");
        for request in ["GET /api/v1/queues", "POST /api/v1/events", "GET /"] {
            let answer = ask(request);
            assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
            assert!(answer.contains("\"code\":\"starting\"") && answer.contains("43 %"), "{answer}");
        }
    }
}
