//! Pictures on their way from the worker to readers.
//!
//! In: deltas, at most one waiting. Out: the same deltas at the publisher's thread. A worker that finds the slot taken
//! does not build a delta at all: the engine goes on collecting changes, so a slow publisher sees fewer and larger
//! deltas and never a backlog. Refuses to know who the readers are.

use crossbeam::channel::{Receiver, Sender, bounded};
use tokio::sync::oneshot;

use crate::engine::view::Delta;
use crate::model::time::Micros;

/// A delta and the server's time when it was made.
#[derive(Debug)]
pub struct Picture {
    /// What changed.
    pub delta: Delta,
    /// The clock by which event times of this run are judged, at the moment of making.
    pub made_at: Micros,
    /// Whom to tell when readers see it.
    pub seen: Option<oneshot::Sender<()>>,
}

/// The worker's end.
#[derive(Debug)]
pub struct Publisher {
    slot: Sender<Picture>,
}

/// The readers' end.
#[derive(Debug)]
pub struct Pictures {
    slot: Receiver<Picture>,
}

/// A slot for one picture.
#[must_use]
pub fn publisher() -> (Publisher, Pictures) {
    let (sender, receiver) = bounded(1);
    (Publisher { slot: sender }, Pictures { slot: receiver })
}

impl Publisher {
    /// Whether a picture would be taken at once.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.slot.is_empty()
    }

    /// Hands a picture over, waiting for the slot; the worker asks [`Self::is_free`] first, except for its last picture.
    pub fn publish(&self, picture: Picture) {
        // An error says that nobody looks any more.
        let _ = self.slot.send(picture);
    }
}

impl Pictures {
    /// The next picture; `None` when the worker has gone.
    #[must_use]
    pub fn next(&self) -> Option<Picture> {
        self.slot.recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_slot_says_so_and_a_gone_worker_ends_the_stream() {
        let (publisher, pictures) = publisher();
        assert!(publisher.is_free());
        publisher.publish(Picture { delta: Delta::default(), made_at: Micros(1), seen: None });
        assert!(!publisher.is_free());
        drop(publisher);
        assert_eq!(pictures.next().map(|p| p.made_at), Some(Micros(1)));
        assert!(pictures.next().is_none());
    }
}
