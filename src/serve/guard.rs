//! What stands between the network and the routes: how many may connect, how long they may keep us waiting, and under which
//! name they may call.
//!
//! A connection on which nothing was sent for [`SILENCE_MAX`] is cut, however busily its peer feeds it bytes: a request
//! that never ends costs its sender more than us. Streams say something every few seconds and stay. Answers leave at once,
//! without waiting for more to fill a packet. A program on loopback has no other protection than being unreachable, so a
//! page of another origin that makes its own name point to this machine is refused by that name.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

use super::problem::Problem;

/// Connections at a time; more wait to be accepted.
pub const CONNECTIONS_MAX: usize = 1024;

/// Longest time in which nothing is sent on a connection.
pub const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A listener whose connections are limited in number and in patience.
#[derive(Debug)]
pub struct Guarded {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    silence_max: Duration,
}

impl Guarded {
    /// Guards `listener` with the limits of this module.
    #[must_use]
    pub fn new(listener: TcpListener) -> Self {
        Self { listener, slots: Arc::new(Semaphore::new(CONNECTIONS_MAX)), silence_max: SILENCE_MAX }
    }
}

impl Listener for Guarded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed");
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "answers may be delayed");
        }
        let silence_max = self.silence_max;
        (Connection { stream, silence: Box::pin(sleep(silence_max)), silence_max, _slot: slot }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when nothing was sent on it for too long.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
    silence_max: Duration,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    fn sent(&mut self, count: usize) -> usize {
        if count > 0 {
            let until = Instant::now() + self.silence_max;
            self.silence.as_mut().reset(until);
        }
        count
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.silence.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        Poll::Ready(written.map(|count| self.sent(count)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        Poll::Ready(written.map(|count| self.sent(count)))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Refuses requests that call a program on loopback by a name that is not its own: for all its routes.
pub async fn own_names_only(request: Request, next: Next) -> Response {
    match foreign_name(request.headers()) {
        None => next.run(request).await,
        Some(name) => {
            let detail = format!(
                "this program serves its own machine only and is not called {name:?}; use http://127.0.0.1 or \
                 http://localhost, and let a proxy send one of them as Host"
            );
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "foreign_host", detail).into_response()
        }
    }
}

/// The name that a request calls us by, if it can belong to anybody. An address in figures cannot be made to point here.
fn foreign_name(headers: &HeaderMap) -> Option<String> {
    let host = String::from_utf8_lossy(headers.get(HOST)?.as_bytes()).to_ascii_lowercase();
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name),
    };
    let own = name.parse::<IpAddr>().is_ok() || name == "localhost" || name.ends_with(".localhost");
    (!own).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn a_name_that_anybody_could_point_here_is_foreign() {
        let foreign = |host: &str| {
            let headers = HeaderMap::from_iter([(HOST, host.parse().expect("a header"))]);
            foreign_name(&headers)
        };
        for own in ["127.0.0.1:8080", "localhost", "LOCALHOST:80", "[::1]:8080", "board.localhost:1", "10.0.0.7"] {
            assert_eq!(foreign(own), None, "{own}");
        }
        assert_eq!(foreign("evil.example:8080").as_deref(), Some("evil.example"));
        assert_eq!(foreign("localhost.evil.example").as_deref(), Some("localhost.evil.example"));
        assert_eq!(foreign_name(&HeaderMap::new()), None);
    }

    #[test]
    fn a_peer_that_only_talks_is_cut_and_one_that_is_answered_stays() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let mut guarded = Guarded { silence_max: Duration::from_millis(300), ..Guarded::new(listener) };
            let address = guarded.local_addr().expect("bound");
            let mut peer = TcpStream::connect(address).await.expect("listening");
            let (mut connection, _) = guarded.accept().await;
            let mut byte = [0];
            let begun = Instant::now();
            let mut answers = 3;
            let cut = loop {
                peer.write_all(b"x").await.expect("sent");
                if let Err(error) = connection.read_exact(&mut byte).await {
                    break error;
                }
                if answers > 0 {
                    answers -= 1;
                    connection.write_all(b"y").await.expect("sent");
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            };
            assert_eq!(cut.kind(), io::ErrorKind::TimedOut);
            assert!(begun.elapsed() > Duration::from_millis(500), "answers gave it more time");
        });
    }
}
