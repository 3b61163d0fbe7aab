//! Events over TCP, in both directions: senders connect to us, or we subscribe to a bridge.
//!
//! In: connections that carry feed lines and nothing else. Out: chunks of whole lines in the ring, handed on as they
//! arrive. When the ring is full nothing is read, so that the pressure reaches the sender. A last line that broke off is
//! handed on as it is: the decoder refuses and counts it. Refuses to know what a line says; sends nothing back.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::cut::{Cut, Cutter, Fill};
use crate::handoff::ring::{Chunk, Feeder, SendError};
use crate::handoff::stop::Stop;

/// Connections that one listener serves at a time; more wait to be accepted.
pub const CONNECTIONS_MAX: usize = 256;

/// First and longest pause before a lost bridge is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Accepts connections on `listener` and reads each of them until `stop`.
pub async fn listen(listener: TcpListener, feeder: Feeder, stop: Stop) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let local = listener.local_addr().map_or_else(|_| "tcp-listen".into(), |addr| addr.to_string());
    let mut readers = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.wait() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        // Readers that have ended are forgotten here, so the set stays as small as the number of connections.
        while readers.try_join_next().is_some() {}
        let (stream, peer, slot) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%local, %error, "failed to accept a connection");
                tokio::time::sleep(BACKOFF.0).await;
                continue;
            }
        };
        let (feeder, stop) = (feeder.clone(), stop.clone());
        readers.spawn(async move {
            tracing::info!(%peer, "sender connected");
            let ended = read(stream, &format!("tcp-listen://{peer}"), &feeder, &stop).await;
            log_end(&peer.to_string(), &ended);
            drop(slot);
        });
    }
    while readers.join_next().await.is_some() {}
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, slot))
}

/// Subscribes to the bridge at `address` (host and port) and connects again whenever it is lost, until `stop`.
pub async fn subscribe(address: String, feeder: Feeder, stop: Stop) {
    let source = format!("tcp://{address}");
    let mut pause = BACKOFF.0;
    let mut failures = 0_u64;
    loop {
        let connected = tokio::select! {
            () = stop.wait() => return,
            connected = TcpStream::connect(&address) => connected,
        };
        match connected {
            Ok(stream) => {
                tracing::info!(%source, "connected");
                let ended = read(stream, &source, &feeder, &stop).await;
                log_end(&source, &ended);
                match ended {
                    Ok(End::Stopped) => return,
                    Ok(End::Closed { bytes }) | Err(Broken { bytes, .. }) if bytes > 0 => {
                        (pause, failures) = (BACKOFF.0, 0);
                    }
                    _ => {}
                }
            }
            Err(error) if failures == 0 => {
                tracing::warn!(%source, %error, "not reachable; trying again with pauses of up to 10 s");
                failures = 1;
            }
            Err(error) => {
                failures += 1;
                tracing::debug!(%source, %error, failures, "still not reachable");
            }
        }
        tokio::select! {
            () = stop.wait() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(BACKOFF.1);
    }
}

/// How reading a connection ended.
#[derive(Debug)]
enum End {
    /// The other side closed it.
    Closed { bytes: u64 },
    /// We stop.
    Stopped,
}

/// A connection broke.
#[derive(Debug, thiserror::Error)]
#[error("connection broke after {bytes} bytes: {source}")]
struct Broken {
    bytes: u64,
    source: io::Error,
}

fn log_end(source: &str, ended: &Result<End, Broken>) {
    match ended {
        Ok(End::Closed { bytes }) => tracing::info!(%source, bytes, "connection closed by the other side"),
        Ok(End::Stopped) => tracing::debug!(%source, "connection closed by us"),
        Err(error) => tracing::warn!(%source, %error, "connection lost"),
    }
}

/// Hands on what `stream` says until it ends, breaks, or `stop`.
async fn read(mut stream: impl AsyncRead + Unpin, source: &str, feeder: &Feeder, stop: &Stop) -> Result<End, Broken> {
    let source: Arc<str> = source.into();
    let mut cutter = Cutter::new(feeder.buffer());
    let mut bytes = 0;
    let deliver = |cut: Cut| {
        let chunk = Chunk { bytes: cut.bytes, source: Arc::clone(&source), position: cut.position, reply: None };
        feeder.send_from_task(chunk, None)
    };
    loop {
        let got = tokio::select! {
            () = stop.wait() => break,
            got = stream.read(cutter.spare()) => got,
        };
        match got {
            Ok(count) if count > 0 => {
                bytes += count as u64;
                cutter.advance(count);
                if cutter.is_due(Fill::Eager)
                    && let Some(cut) = cutter.cut(feeder.buffer())
                    && let Err(SendError::Closed | SendError::Full) = deliver(cut).await
                {
                    return Ok(End::Stopped);
                }
            }
            ended => {
                if let Some(cut) = cutter.finish() {
                    // The ring is closed only when the program stops; then the rest has nowhere to go.
                    let _ = deliver(cut).await;
                }
                return match ended {
                    Ok(_) => Ok(End::Closed { bytes }),
                    Err(source) => Err(Broken { bytes, source }),
                };
            }
        }
    }
    Ok(End::Stopped)
}

#[expect(clippy::disallowed_methods, reason = "a deadline that is over: do not wait")]
#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::handoff::ring::{Wake, ring};

    #[test]
    fn a_sender_that_breaks_off_leaves_its_whole_lines_and_its_stump() {
        let (feeder, mut intake) = ring(8);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("bound");
            let stop = Stop::new();
            let server = tokio::spawn(listen(listener, feeder, stop.clone()));
            let mut stream = TcpStream::connect(addr).await.expect("listening");
            stream.write_all(b"one\ntwo\nthr").await.expect("sent");
            stream.shutdown().await.expect("closed");
            let mut text = Vec::new();
            while text.len() < 11 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                while let Wake::Chunk(chunk) = intake.next(Some(std::time::Instant::now())) {
                    text.extend(chunk.bytes);
                }
            }
            assert_eq!(text, b"one\ntwo\nthr");
            stop.stop();
            server.await.expect("no panic");
        });
    }

    #[test]
    fn a_subscriber_connects_again_after_the_bridge_was_lost() {
        let (feeder, mut intake) = ring(8);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("bound");
            let stop = Stop::new();
            let subscriber = tokio::spawn(subscribe(addr.to_string(), feeder, stop.clone()));
            for text in ["one\n", "two\n"] {
                let (mut stream, _) = listener.accept().await.expect("connected");
                stream.write_all(text.as_bytes()).await.expect("sent");
            }
            let mut text = Vec::new();
            while text.len() < 8 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                while let Wake::Chunk(chunk) = intake.next(Some(std::time::Instant::now())) {
                    text.extend(chunk.bytes);
                }
            }
            assert_eq!(text, b"one\ntwo\n");
            stop.stop();
            subscriber.await.expect("no panic");
        });
    }
}
