//! The loop of the thread that owns a partition.
//!
//! In: chunks from the ring, and the passing of time. Out: rows and refused lines to the delivery thread, pictures to the
//! publisher, answers to feeders that wait for one. One chunk is decoded and folded to its end while it is in cache; the
//! outside is acted on once per batch. Refuses to read a file, a socket, or any clock but the one it was given.
//!
//! Full queues: in a replay the worker waits for the delivery thread. Live, rows stay in the engine while that thread is
//! busy, up to a limit at which the worker waits for it; a publisher that is busy gets fewer, larger pictures.

#![expect(clippy::disallowed_methods, reason = "paces pictures and ticks; no number depends on it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam::channel::Sender;
use tokio::sync::oneshot;

use super::clock::{Clock, wall_now};
use super::delivery::{Delivery, Emptied, emptied};
use crate::engine::explain::Step;
use crate::engine::output::Reject;
use crate::engine::partition::Partition;
use crate::engine::view::{Counters, Delta, QueueSummary};
use crate::handoff::publish::{Picture, Publisher};
use crate::handoff::ring::{Chunk, Folded, Intake, Wake};
use crate::model::time::{Micros, Span};

/// Rows in the engine at which the worker waits for the delivery thread.
const ROWS_WAITING_MAX: usize = 2_000_000;

/// How often time passes for a live partition.
const TICK_EVERY: Duration = Duration::from_millis(250);

/// How far behind the clock time passes, in real time: events still on their way keep their place.
const TICK_LAG: Duration = Duration::from_secs(1);

/// How long after a start the clock stands for switches that were listened to before it.
const RETURN_PATIENCE: Duration = Duration::from_secs(10);

/// Event time in which every object is shown anew, changed or not.
const REFRESH_EVERY: Span = Span::from_mins(1);

/// Most objects shown anew in one turn, however many there are and however fast event time runs.
const REFRESH_MAX: usize = 512;

/// What others may know about the worker while it runs.
#[derive(Debug)]
pub struct Progress {
    /// Events folded.
    pub accepted: AtomicU64,
    /// Duplicates dropped.
    pub duplicate: AtomicU64,
    /// Lines refused.
    pub rejected: AtomicU64,
    /// Event time, in microseconds; [`Micros::MIN`] before the first event.
    pub event_time: AtomicI64,
}

impl Default for Progress {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self { accepted: zero(), duplicate: zero(), rejected: zero(), event_time: AtomicI64::new(Micros::MIN.0) }
    }
}

/// When rows leave.
#[derive(Clone, Copy, Debug)]
pub enum Leave {
    /// When event time enters another minute, and so at the end of every interval: somebody waits for them, but each
    /// batch costs files.
    EachMinute,
    /// When there are this many: throughput matters.
    From(usize),
    /// Now, whatever it takes: there will be no other time.
    Finally,
}

/// A partition and everything it is connected to.
#[derive(Debug)]
pub struct Writer {
    /// The partition.
    pub partition: Partition,
    /// Where chunks come from.
    pub intake: Intake,
    /// Where rows and refused lines go, if anywhere.
    pub deliveries: Option<Sender<Delivery>>,
    /// When rows leave.
    pub leave: Leave,
    /// Where pictures go, if anywhere.
    pub publisher: Option<Publisher>,
    /// Shortest time between two pictures; zero makes one after every chunk.
    pub publish_every: Duration,
    /// By which clock time passes without events; `None` in a replay, where only events move it.
    pub clock: Option<Clock>,
    /// How long an interval is provisional after its end, if another run may go on from this one; `None` where nothing follows.
    pub resumable: Option<Span>,
    /// Where figures are shown while the worker runs.
    pub progress: Arc<Progress>,
    /// Who was heard last, for what the end of the input still refuses.
    pub source: Arc<str>,
}

/// What a worker leaves behind.
#[derive(Debug)]
pub struct Ended {
    /// Every queue over everything folded.
    pub summary: Vec<QueueSummary>,
    /// Totals.
    pub counters: Counters,
    /// The steps of the call that was to be explained.
    pub steps: Vec<Step>,
    /// Event time at the end.
    pub now: Micros,
    /// The delivery thread ended before the worker did.
    pub delivery_lost: bool,
}

/// The delivery thread has gone; it knows why.
#[derive(Debug)]
struct DeliveryLost;

impl Writer {
    /// Folds until the ring is closed and empty, then ends the partition.
    #[must_use]
    pub fn run(mut self) -> Ended {
        let delivery_lost = self.fold_all().is_err();
        Ended {
            summary: self.partition.summary(),
            counters: self.partition.counters(),
            now: self.partition.now(),
            steps: self.partition.take_steps(),
            delivery_lost,
        }
    }

    fn fold_all(&mut self) -> Result<(), DeliveryLost> {
        let mut times = Times {
            begun: Instant::now(),
            published: None,
            ticked: Instant::now(),
            dirty: true,
            left: None,
            refreshed: None,
            emptied: emptied(),
        };
        loop {
            match self.intake.next(self.deadline(&times)) {
                Wake::Chunk(chunk) => {
                    self.fold(chunk)?;
                    times.dirty = true;
                }
                Wake::Mark(seen) => self.show(seen, &mut times),
                Wake::Deadline => {}
                Wake::Closed => break,
            }
            // The clock is looked at once per batch, not once per event.
            self.pass_time(&mut times);
            self.publish(&mut times);
            self.deliver(self.leave, &mut times)?;
        }
        self.end();
        let late = self.partition.take_rejects();
        self.refuse(&self.source, &late)?;
        self.deliver(Leave::Finally, &mut times)?;
        if let Some(publisher) = &self.publisher {
            publisher.publish(picture(&mut self.partition, None));
        }
        Ok(())
    }

    /// Ends the partition. One that is live may be gone on from by the next run; a recording of long ago is over.
    fn end(&mut self) {
        let is_live = |clock: &Clock| clock.is_live(self.partition.now());
        match self.resumable.filter(|_| self.clock.as_ref().is_some_and(is_live)) {
            Some(grace) => self.partition.pause(grace),
            None => self.partition.finish(),
        }
    }

    /// Until when the worker may wait for a chunk.
    fn deadline(&self, times: &Times) -> Option<Instant> {
        let tick = self.clock.as_ref().map(|_| times.ticked + TICK_EVERY);
        let publish = match times.published {
            Some(published) if times.dirty && self.publisher.is_some() => Some(published + self.publish_every),
            _ => None,
        };
        tick.into_iter().chain(publish).min()
    }

    fn fold(&mut self, chunk: Chunk) -> Result<(), DeliveryLost> {
        if self.clock.is_some() {
            self.partition.receive(wall_now());
        }
        let fed = self.partition.feed(&chunk.bytes, chunk.position);
        let progress = &self.progress;
        progress.accepted.fetch_add(fed.accepted, Ordering::Relaxed);
        progress.duplicate.fetch_add(fed.duplicate, Ordering::Relaxed);
        progress.rejected.fetch_add(fed.rejected, Ordering::Relaxed);
        progress.event_time.store(self.partition.now().0, Ordering::Relaxed);
        let rejects = self.partition.take_rejects();
        self.refuse(&chunk.source, &rejects)?;
        self.source = chunk.source;
        if let Some(reply) = chunk.reply {
            // A feeder that no longer waits has hung up; its events are folded all the same.
            let _ = reply.send(Folded { fed, rejects });
        }
        self.intake.recycle(chunk.bytes);
        Ok(())
    }

    /// Keeps refused lines of `source`.
    fn refuse(&self, source: &Arc<str>, rejects: &[Reject]) -> Result<(), DeliveryLost> {
        match &self.deliveries {
            Some(deliveries) if !rejects.is_empty() => {
                let delivery = Delivery::Rejects { source: Arc::clone(source), rejects: rejects.to_vec() };
                deliveries.send(delivery).map_err(|_| DeliveryLost)
            }
            _ => Ok(()),
        }
    }

    /// Lets time pass for a live partition.
    fn pass_time(&mut self, times: &mut Times) {
        let Some(clock) = &self.clock else { return };
        if times.ticked.elapsed() < TICK_EVERY {
            return;
        }
        times.ticked = Instant::now();
        if self.partition.hopes() {
            // Senders that were waiting for us go on in a moment, and nothing will have been missed.
            if times.begun.elapsed() < RETURN_PATIENCE {
                return;
            }
            self.partition.give_up();
        }
        let lag = Span((TICK_LAG.as_secs_f64() * clock.speed() * 1e6) as i64);
        if let Some(now) = clock.now()
            && clock.is_live(self.partition.now())
            && now - lag > self.partition.now()
        {
            self.partition.tick(now - lag);
            times.dirty = true;
        }
        self.refresh(times);
    }

    /// Shows again the objects whose turn it is, as many as event time has moved since the last look.
    fn refresh(&mut self, times: &mut Times) {
        let now = self.partition.now();
        if now == Micros::MIN {
            return;
        }
        let passed = times.refreshed.replace(now).map_or(Span(0), |before| now - before);
        if passed.0 > 0 && self.publisher.is_some() {
            self.partition.refresh((passed.0 as f64 / REFRESH_EVERY.0 as f64).min(1.0), REFRESH_MAX);
            times.dirty = true;
        }
    }

    /// Publishes at once and tells `seen` when readers see it.
    fn show(&mut self, seen: oneshot::Sender<()>, times: &mut Times) {
        if let Some(publisher) = &self.publisher {
            publisher.publish(picture(&mut self.partition, Some(seen)));
            times.published = Some(Instant::now());
            times.dirty = false;
        }
    }

    fn publish(&mut self, times: &mut Times) {
        let Some(publisher) = &self.publisher else { return };
        let due = times.published.is_none_or(|published| published.elapsed() >= self.publish_every);
        if times.dirty && due {
            if publisher.is_free() {
                publisher.publish(picture(&mut self.partition, None));
                times.dirty = false;
            }
            times.published = Some(Instant::now());
        }
    }

    fn deliver(&mut self, leave: Leave, times: &mut Times) -> Result<(), DeliveryLost> {
        if matches!(leave, Leave::EachMinute) {
            self.deliver_log(times)?;
        }
        let waiting = self.partition.rows_waiting();
        let enough = match leave {
            Leave::Finally => waiting > 0,
            Leave::EachMinute => waiting > 0 && times.is_next_minute(self.partition.now()),
            Leave::From(count) => waiting >= count,
        };
        let Some(deliveries) = &self.deliveries else {
            if enough {
                drop(self.partition.take_batch());
            }
            return Ok(());
        };
        // Nobody else sends, so a queue that is not full now takes the batch without waiting. Where nobody waits for the
        // worker it waits for room: rows that pile up leave every cache.
        let may_wait = matches!(leave, Leave::From(_) | Leave::Finally);
        if enough
            && (may_wait || !deliveries.is_full() || waiting >= ROWS_WAITING_MAX)
            && let Some(mut batch) = self.partition.take_batch()
        {
            batch.keep_last_revisions();
            times.left = Some((Instant::now(), batch.watermark));
            let emptied = Arc::clone(&times.emptied);
            if let Some(spare) = emptied.pop() {
                self.partition.recycle(*spare);
            }
            deliveries.send(Delivery::Rows(Box::new(batch), emptied)).map_err(|_| DeliveryLost)?;
        }
        Ok(())
    }
}

impl Writer {
    /// Gives away what is in the event log when it is much: a dense feed does not wait for the minute to end.
    fn deliver_log(&mut self, times: &Times) -> Result<(), DeliveryLost> {
        let Some(deliveries) = &self.deliveries else { return Ok(()) };
        if deliveries.is_full() && !self.partition.log_overflows() {
            return Ok(());
        }
        let Some(batch) = self.partition.take_log() else { return Ok(()) };
        deliveries.send(Delivery::Rows(Box::new(batch), Arc::clone(&times.emptied))).map_err(|_| DeliveryLost)
    }
}

/// When the worker last acted on the outside, and whether anything changed since.
struct Times {
    begun: Instant,
    published: Option<Instant>,
    ticked: Instant,
    dirty: bool,
    /// When rows left last, by this machine's clock and in event time.
    left: Option<(Instant, Micros)>,
    /// Event time at the last refresh.
    refreshed: Option<Micros>,
    /// Where batches come back from the delivery thread.
    emptied: Emptied,
}

impl Times {
    /// Whether `now` lies in a later minute than the rows that left last. Event time that runs fast does not make more
    /// than one batch a second.
    fn is_next_minute(&self, now: Micros) -> bool {
        let minute = Span::from_mins(1);
        self.left.is_none_or(|(at, left)| {
            now.floor_to(minute) > left.floor_to(minute) && at.elapsed() >= Duration::from_secs(1)
        })
    }
}

fn picture(partition: &mut Partition, seen: Option<oneshot::Sender<()>>) -> Picture {
    let mut delta = Delta::default();
    partition.delta(&mut delta);
    Picture { delta, made_at: wall_now(), seen }
}

#[cfg(test)]
mod tests {
    use crossbeam::channel::bounded;

    use super::*;
    use crate::engine::partition::Position;
    use crate::engine::settings::Settings;
    use crate::handoff::publish::publisher;
    use crate::handoff::ring::ring;

    fn writer(intake: Intake) -> Writer {
        Writer {
            partition: Partition::new(Settings::default()),
            intake,
            deliveries: None,
            leave: Leave::EachMinute,
            publisher: None,
            publish_every: Duration::from_secs(3600),
            clock: Some(Clock::wall()),
            resumable: None,
            progress: Arc::default(),
            source: "".into(),
        }
    }

    #[test]
    fn a_mark_is_answered_with_a_picture_however_recent_the_last_one_is() {
        let (feeder, intake) = ring(4);
        let (publisher, pictures) = publisher();
        let worker = Writer { publisher: Some(publisher), ..writer(intake) };
        let worker = std::thread::spawn(move || worker.run());
        let (reply, folded) = oneshot::channel();
        let position = Position { line: 1, offset: 0 };
        let chunk = Chunk { bytes: b"\n".to_vec(), source: "test".into(), position, reply: Some(reply) };
        feeder.send(chunk).expect("room");
        folded.blocking_recv().expect("folded");
        let mut marked = feeder.mark().expect("open");
        let mut seen = 0;
        while marked.try_recv().is_err() {
            let picture = pictures.next().expect("the worker lives");
            seen += 1;
            picture.seen.map(|seen| seen.send(()));
        }
        assert!((1..=2).contains(&seen));
        feeder.close();
        assert!(pictures.next().is_some(), "the last picture shows the end");
        assert!(!worker.join().expect("no panic").delivery_lost);
    }

    #[test]
    fn a_lost_delivery_thread_ends_the_worker() {
        let (feeder, intake) = ring(4);
        let (deliveries, receiver) = bounded(1);
        drop(receiver);
        let worker = Writer { deliveries: Some(deliveries), ..writer(intake) };
        let rejects =
            [Reject { line: 1, offset: 0, reason: "invalid_json", detail: String::new(), sample: Vec::new() }];
        assert!(worker.refuse(&"test".into(), &[]).is_ok());
        assert!(worker.refuse(&"test".into(), &rejects).is_err());
        drop(feeder);
    }

    #[test]
    fn rows_leave_once_a_minute_of_event_time_and_at_most_once_a_second() {
        let at = |secs| Micros::from_parts(secs, 0);
        let long_ago = Instant::now().checked_sub(Duration::from_secs(2)).expect("the machine runs for seconds");
        let times = |left| Times {
            begun: Instant::now(),
            published: None,
            ticked: Instant::now(),
            dirty: false,
            left,
            refreshed: None,
            emptied: emptied(),
        };
        assert!(times(None).is_next_minute(at(0)));
        assert!(times(Some((long_ago, at(59)))).is_next_minute(at(60)));
        assert!(!times(Some((long_ago, at(60)))).is_next_minute(at(119)));
        assert!(!times(Some((Instant::now(), at(0)))).is_next_minute(at(600)));
    }
}
