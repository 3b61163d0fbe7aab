//! The start of a live partition while its address is answered already: whoever watches over the program learns that it lives and how far it is.
//!
//! In: a listener, and what a [`Live`] needs. Out: both, when the last run has been folded again. Refuses to know what that takes.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::clock::Clock;
use super::live::{Live, LiveError};
use super::settings::Settings;
use crate::handoff::stop::Stop;
use crate::serve::BoardInfo;
use crate::serve::guard::Guarded;
use crate::serve::starting::{self, Starting};

/// How long an answer that was begun may take before it is dropped.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts `settings` in a thread of its own, and answers on `listener` meanwhile.
///
/// # Errors
/// As [`Live::start`], or when the listener cannot be shared.
pub async fn start(
    settings: &Settings,
    info: BoardInfo,
    clock: Clock,
    stop: Stop,
    listener: TcpListener,
) -> Result<(Live, TcpListener), LiveError> {
    let listener = listener.into_std().map_err(LiveError::Listener)?;
    let twin = listener.try_clone().and_then(TcpListener::from_std).map_err(LiveError::Listener)?;
    let starting = Arc::new(Starting::default());
    let router = starting::router(Arc::clone(&starting));
    let (started, closing) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let served = axum::serve(Guarded::new(twin), router).with_graceful_shutdown(async {
            // A sender that is gone says the same.
            let _ = closing.await;
        });
        if let Err(error) = served.await {
            tracing::debug!(%error, "the address was not answered during the start");
        }
    });
    let settings = settings.clone();
    let begun =
        tokio::task::spawn_blocking(move || Live::start(&settings, info, clock, stop, |percent| starting.set(percent)));
    let live = begun.await.map_err(|_| LiveError::Panicked("starting"))??;
    drop(started);
    if tokio::time::timeout(PATIENCE, server).await.is_err() {
        tracing::debug!("an answer of the start was still open and is left behind");
    }
    Ok((live, TcpListener::from_std(listener).map_err(LiveError::Listener)?))
}
