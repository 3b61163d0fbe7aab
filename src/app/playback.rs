//! Plays a recording as if it happened now: each event is handed on when a played clock shows its time.
//!
//! In: recordings and a clock. Out: chunks in the ring, in time. What comes before there is anything to see is handed on at
//! once: recordings tend to begin in the night. Lines without a time go with their neighbours. When the
//! recordings end the clock stands, so that the last picture stays as it was. Refuses to know what a line says beyond its
//! time.

use std::sync::Arc;
use std::time::Duration;

use memchr::memchr_iter;

use super::clock::Clock;
use crate::engine::partition::Position;
use crate::handoff::ring::{Chunk, Feeder};
use crate::handoff::stop::Stop;
use crate::model::time::{Micros, Span};
use crate::source::cut::Cut;
use crate::source::file::FileError;
use crate::source::merge::Merge;
use crate::source::peek;

/// How much recorded time passes between two looks at whether there is anything to see.
const LOOK_EVERY: Span = Span::from_mins(1);

/// Plays what `merge` gives into `feeder`; the clock starts with the first event after which `is_worth_seeing`.
///
/// # Errors
/// What could not be read; [`FileError::Stopped`] when `stop` was set first.
pub fn play(
    mut merge: Merge,
    feeder: &Feeder,
    clock: &Clock,
    stop: &Stop,
    is_worth_seeing: &dyn Fn() -> bool,
) -> Result<(), FileError> {
    let mut player = Player { feeder, clock, stop, is_worth_seeing, looked: None, shown: None, last: Micros::MIN };
    let mut played = Ok(());
    loop {
        match merge.next(&mut Vec::new) {
            Ok(Some(piece)) if player.cut(&piece.source, &piece.cut) => {}
            Ok(Some(piece)) => {
                played = Err(FileError::Stopped { path: piece.source.to_string() });
                break;
            }
            Ok(None) => break,
            Err(error) => {
                played = Err(error);
                break;
            }
        }
    }
    clock.stand(player.last);
    match merge.take_damaged().pop() {
        Some(damage) if played.is_ok() => Err(damage),
        _ => played,
    }
}

struct Player<'a> {
    feeder: &'a Feeder,
    clock: &'a Clock,
    stop: &'a Stop,
    is_worth_seeing: &'a dyn Fn() -> bool,
    /// Event time of the last look whether there is anything to see.
    looked: Option<Micros>,
    /// What the clock showed last; `None` before it was started.
    shown: Option<Micros>,
    /// Latest event time met.
    last: Micros,
}

impl Player<'_> {
    /// Hands on the lines of `cut`, each group when it is due; returns whether to go on.
    fn cut(&mut self, source: &Arc<str>, cut: &Cut) -> bool {
        let (bytes, mut position) = (&cut.bytes[..], cut.position);
        let (mut start, mut line_start) = (0, 0);
        let ends = memchr_iter(b'\n', bytes).map(|at| at + 1).chain(std::iter::once(bytes.len()));
        for end in ends {
            if let Some(time) = peek::event_time(&bytes[line_start..end])
                && !self.is_due(time)
            {
                if !self.send(source, &bytes[start..line_start], &mut position) {
                    return false;
                }
                start = line_start;
                if self.shown.is_none() && !self.look(time) {
                    line_start = end;
                    continue;
                }
                if !self.wait(time) {
                    return false;
                }
            }
            line_start = end;
        }
        self.send(source, &bytes[start..], &mut position)
    }

    fn is_due(&mut self, time: Micros) -> bool {
        self.last = self.last.max(time);
        if self.shown.is_none() {
            return *self.looked.get_or_insert(Micros::MIN) > time - LOOK_EVERY;
        }
        self.shown >= Some(time) || {
            self.shown = self.clock.now();
            self.shown >= Some(time)
        }
    }

    /// Starts the clock at `time` if there is anything to see by now; returns whether it runs.
    fn look(&mut self, time: Micros) -> bool {
        self.looked = Some(time);
        let is_seen = self.feeder.mark().is_ok_and(|seen| seen.blocking_recv().is_ok());
        if is_seen && !(self.is_worth_seeing)() {
            return false;
        }
        self.clock.start(time);
        self.shown = Some(time);
        true
    }

    /// Waits until the clock shows `time`; returns whether to go on.
    fn wait(&mut self, time: Micros) -> bool {
        loop {
            let wait = self.clock.until(time);
            if wait.is_zero() {
                self.shown = self.clock.now();
                return !self.stop.is_set();
            }
            if self.stop.sleep(wait.max(Duration::from_millis(1))) {
                return false;
            }
        }
    }

    fn send(&mut self, source: &Arc<str>, bytes: &[u8], position: &mut Position) -> bool {
        if bytes.is_empty() {
            return !self.stop.is_set();
        }
        let mut buffer = self.feeder.buffer();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        let chunk = Chunk { bytes: buffer, source: Arc::clone(source), position: *position, reply: None };
        position.skip(bytes);
        !self.stop.is_set() && self.feeder.send(chunk).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::ring::{Wake, ring};
    use crate::source::file::Recording;

    #[test]
    fn events_come_when_their_time_has_come_and_keep_their_places() {
        let path = std::env::temp_dir().join(format!("callfold-playback-{}.ndjson", std::process::id()));
        let line = |secs| format!("{{\"TimeinSecs\":{secs}}}\n");
        let lines = [line(100), "noise\n".into(), line(100), line(170), line(200), "tail".into()];
        std::fs::write(&path, lines.concat()).expect("written");
        let (feeder, mut intake) = ring(8);
        let clock = Clock::played(1000.0);
        let merge = Merge::new(vec![Recording::File(path.clone())], Arc::default()).expect("readable");
        let reader = std::thread::spawn(move || {
            let mut chunks = Vec::new();
            loop {
                match intake.next(None) {
                    Wake::Chunk(chunk) => {
                        let text = String::from_utf8(chunk.bytes).expect("text");
                        chunks.push((chunk.position.line, chunk.position.offset as usize, text));
                    }
                    Wake::Mark(seen) => seen.send(()).expect("somebody waits"),
                    Wake::Deadline | Wake::Closed => return chunks,
                }
            }
        });
        let looks = std::cell::Cell::new(0);
        let is_worth_seeing = || looks.replace(looks.get() + 1) > 0;
        play(merge, &feeder, &clock, &Stop::new(), &is_worth_seeing).expect("readable");
        assert_eq!(clock.now(), Some(Micros::from_parts(200, 0)), "the clock stands at the last event");
        assert_eq!(looks.get(), 2, "a look a minute until there is something to see");
        feeder.close();
        let (first, second) = (lines[..3].concat(), &lines[3]);
        let expected = [
            (1, 0, first.clone()),
            (4, first.len(), second.clone()),
            (5, first.len() + second.len(), lines[4..].concat()),
        ];
        assert_eq!(reader.join().expect("no panic"), expected);
        std::fs::remove_file(&path).expect("removed");
    }
}
