//! Chunks of whole lines on their way to the worker, and their buffers on the way back.
//!
//! ```text
//!  feeder ──┐                                  ┌── next ──▶ worker
//!  feeder ──┼──▶ [chunk][chunk][chunk] (depth) ┘              │
//!  feeder ──┘◀── buffer ◀── [buf][buf][buf] (depth) ◀── recycle
//! ```
//!
//! In: chunks from any number of feeders; each feeder's chunks keep their order. Out: one stream of chunks at the intake.
//! Bounded by construction: at most `depth` chunks wait, at most `depth` empty buffers are kept. Waiting for a chunk
//! parks after a few spins. Refuses to know what a line says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use crossbeam::queue::ArrayQueue;
use tokio::sync::oneshot;

use crate::engine::output::Reject;
use crate::engine::partition::{Fed, Position};

/// Bytes that a feeder aims to put into one chunk; decoded, it stays in the second-level cache.
pub const CHUNK_BYTES: usize = 128 * 1024;

/// Buffers that grew beyond this are not kept for reuse.
const RECYCLED_BYTES_MAX: usize = 4 * CHUNK_BYTES;

/// Whole lines on their way to the worker.
#[derive(Debug)]
pub struct Chunk {
    /// The lines; the last one ends with a newline unless its source ended without one.
    pub bytes: Vec<u8>,
    /// Who said it, for people.
    pub source: Arc<str>,
    /// Where the first line is in its source.
    pub position: Position,
    /// Whom to tell what became of the lines.
    pub reply: Option<oneshot::Sender<Folded>>,
}

/// What became of a chunk whose feeder wanted to know.
#[derive(Debug, Default)]
pub struct Folded {
    /// How many lines were folded, dropped and refused.
    pub fed: Fed,
    /// The lines refused (a bounded sample).
    pub rejects: Vec<Reject>,
}

/// Why a chunk was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The worker did not make room in time.
    #[error("the worker is behind and its queue is full")]
    Full,
    /// The intake is closed: the program is stopping.
    #[error("the program is stopping and takes no more events")]
    Closed,
}

/// What travels through the ring.
#[derive(Debug)]
enum Message {
    Chunk(Chunk),
    Mark(oneshot::Sender<()>),
    Close,
}

/// A feeder's end of the ring.
#[derive(Clone, Debug)]
pub struct Feeder {
    messages: Sender<Message>,
    buffers: Arc<ArrayQueue<Vec<u8>>>,
    closed: Arc<AtomicBool>,
}

/// The worker's end of the ring.
#[derive(Debug)]
pub struct Intake {
    messages: Receiver<Message>,
    buffers: Arc<ArrayQueue<Vec<u8>>>,
    closing: bool,
}

/// Everything that can wake the worker.
#[derive(Debug)]
pub enum Wake {
    /// Lines to fold.
    Chunk(Chunk),
    /// Somebody wants to know when readers see everything handed over before.
    Mark(oneshot::Sender<()>),
    /// The deadline has come.
    Deadline,
    /// Nothing will come any more.
    Closed,
}

/// A ring in which at most `depth` chunks wait.
#[must_use]
pub fn ring(depth: usize) -> (Feeder, Intake) {
    let (sender, receiver) = bounded(depth);
    let buffers = Arc::new(ArrayQueue::new(depth));
    let closed = Arc::new(AtomicBool::new(false));
    let feeder = Feeder { messages: sender, buffers: Arc::clone(&buffers), closed };
    (feeder, Intake { messages: receiver, buffers, closing: false })
}

impl Feeder {
    /// A buffer, a used one if there is one. What it holds is of no interest; it is memory ready to be overwritten.
    #[must_use]
    pub fn buffer(&self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_default()
    }

    /// Hands `chunk` over, blocking this thread while the ring is full.
    ///
    /// # Errors
    /// [`SendError::Closed`] when nobody takes chunks any more.
    pub fn send(&self, chunk: Chunk) -> Result<(), SendError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(SendError::Closed);
        }
        self.messages.send(Message::Chunk(chunk)).map_err(|_| SendError::Closed)
    }

    /// Hands `chunk` over from a task, waiting for room at most `patience` (for ever if `None`).
    ///
    /// A full ring is the exception, so the task looks again every few milliseconds rather than being woken.
    ///
    /// # Errors
    /// [`SendError::Full`] after `patience`, [`SendError::Closed`] when nobody takes chunks any more.
    pub async fn send_from_task(&self, chunk: Chunk, patience: Option<Duration>) -> Result<(), SendError> {
        let mut message = Message::Chunk(chunk);
        let mut waited = Duration::ZERO;
        let step = Duration::from_millis(2);
        loop {
            if self.closed.load(Ordering::Acquire) {
                return Err(SendError::Closed);
            }
            match self.messages.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(SendError::Closed),
                Err(TrySendError::Full(back)) => message = back,
            }
            if patience.is_some_and(|patience| waited >= patience) {
                return Err(SendError::Full);
            }
            tokio::time::sleep(step).await;
            waited += step;
        }
    }

    /// Sets a mark behind everything handed over so far; the receiver hears when readers see all of it.
    ///
    /// # Errors
    /// [`SendError::Closed`] when nobody takes chunks any more.
    pub fn mark(&self) -> Result<oneshot::Receiver<()>, SendError> {
        let (seen, is_seen) = oneshot::channel();
        if self.closed.load(Ordering::Acquire) {
            return Err(SendError::Closed);
        }
        self.messages.send(Message::Mark(seen)).map_err(|_| SendError::Closed)?;
        Ok(is_seen)
    }

    /// Closes the ring for all feeders; what was handed over before is still folded.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            // An error says that the worker has gone, which is all that closing wants.
            let _ = self.messages.send(Message::Close);
        }
    }
}

impl Intake {
    /// The next chunk, waiting for it until `deadline` (for ever if `None`).
    #[must_use]
    pub fn next(&mut self, deadline: Option<Instant>) -> Wake {
        if self.closing {
            return self.rest();
        }
        let received = match deadline {
            Some(deadline) => self.messages.recv_deadline(deadline),
            None => self.messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(Message::Chunk(chunk)) => Wake::Chunk(chunk),
            Ok(Message::Mark(seen)) => Wake::Mark(seen),
            Ok(Message::Close) => {
                self.closing = true;
                self.rest()
            }
            Err(RecvTimeoutError::Timeout) => Wake::Deadline,
            Err(RecvTimeoutError::Disconnected) => Wake::Closed,
        }
    }

    /// What feeders handed over that had looked just before the ring was closed.
    fn rest(&self) -> Wake {
        match self.messages.try_recv() {
            Ok(Message::Chunk(chunk)) => Wake::Chunk(chunk),
            Ok(Message::Mark(seen)) => Wake::Mark(seen),
            Ok(Message::Close) | Err(_) => Wake::Closed,
        }
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.messages.is_empty()
    }

    /// Gives a chunk's buffer back to the feeders.
    pub fn recycle(&self, buffer: Vec<u8>) {
        if buffer.capacity() <= RECYCLED_BYTES_MAX {
            // A full pool has enough buffers; this one is freed.
            let _ = self.buffers.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &str) -> Chunk {
        Chunk { bytes: text.into(), source: "test".into(), position: Position::default(), reply: None }
    }

    fn text(wake: Wake) -> Option<String> {
        match wake {
            Wake::Chunk(chunk) => Some(String::from_utf8(chunk.bytes).expect("text")),
            Wake::Mark(_) | Wake::Deadline | Wake::Closed => None,
        }
    }

    #[test]
    fn chunks_arrive_in_order_and_what_was_sent_before_closing_is_still_delivered() {
        let (feeder, mut intake) = ring(8);
        feeder.send(chunk("a")).expect("room");
        feeder.send(chunk("b")).expect("room");
        feeder.close();
        assert_eq!(feeder.send(chunk("c")), Err(SendError::Closed));
        assert_eq!(text(intake.next(None)).as_deref(), Some("a"));
        assert_eq!(text(intake.next(None)).as_deref(), Some("b"));
        assert!(matches!(intake.next(None), Wake::Closed));
    }

    #[test]
    fn an_intake_without_feeders_is_closed() {
        let (feeder, mut intake) = ring(2);
        feeder.send(chunk("a")).expect("room");
        drop(feeder);
        assert_eq!(text(intake.next(None)).as_deref(), Some("a"));
        assert!(matches!(intake.next(None), Wake::Closed));
    }

    #[test]
    fn buffers_come_back_unless_they_grew_too_large() {
        let (feeder, intake) = ring(2);
        intake.recycle(Vec::with_capacity(100));
        assert!(feeder.buffer().capacity() >= 100);
        intake.recycle(Vec::with_capacity(RECYCLED_BYTES_MAX + 1));
        assert_eq!(feeder.buffer().capacity(), 0);
    }

    #[test]
    fn a_full_ring_is_reported_to_a_task_that_will_not_wait() {
        let (feeder, _intake) = ring(1);
        feeder.send(chunk("a")).expect("room");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
        let sent = runtime.block_on(feeder.send_from_task(chunk("b"), Some(Duration::ZERO)));
        assert_eq!(sent, Err(SendError::Full));
    }
}
