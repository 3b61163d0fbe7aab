//! How long does an event take on its way from the bytes of a line to folded state?
//!
//! `pipeline [SEGMENTS]`. Three simulated centres speak, a small one, a usual one and a large one, in segments of event time: each
//! segment is made in memory, then decoded alone, fed to a partition with its keys in the usual order, fed to another one
//! in shuffled order, and folded from decoded events. All of them have heard everything before, so that they are as full
//! as after hours of work; a segment holds interval edges as they come. Figures are medians over the segments, by
//! processor time where the system tells it, because a neighbour takes wall-clock time only. Then two partitions of the
//! usual size run on two threads, which is a matter of wall-clock time.
//!
//! Rows leave as in the program, but nobody writes them.

use std::fs;
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use callfold::decode::{AHEAD, Decoder};
use callfold::engine::partition::{Partition, Position};
use callfold::engine::settings::Settings;
use callfold::engine::step::Engine;
use callfold::model::ids::{EventId, SwitchId};
use callfold::model::names::Names;
use callfold::model::tevent::TEvent;
use callfold::model::time::{Micros, Span};
use callfold::simulate::Floor;
use feed::{Counting, Kept, Numbers};

mod feed;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Rows that leave at once.
const ROWS: usize = 4096;

/// What one measurement gave for a segment.
#[derive(Clone, Copy)]
struct Sample {
    nanos: f64,
    wall_nanos: f64,
    allocations: u64,
    events: u64,
}

/// All samples of one question.
struct Series {
    name: String,
    samples: Vec<Sample>,
}

impl Series {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), samples: Vec::new() }
    }

    fn measure(&mut self, events: u64, pass: impl FnOnce() -> u64) {
        let (allocations, cpu, wall) = (feed::allocations(), cpu_nanos(), Instant::now());
        let seen = black_box(pass());
        let wall_nanos = wall.elapsed().as_nanos() as f64;
        let (cpu_after, allocated) = (cpu_nanos(), feed::allocations());
        assert_eq!(seen, events, "every line is one event");
        let nanos = cpu.zip(cpu_after).map_or(wall_nanos, |(before, after)| (after - before) as f64);
        // The count of allocations excludes those of reading the clocks, which are the same each time.
        let own = CLOCK_ALLOCATIONS.with(|own| *own);
        let allocations = (allocated - allocations).saturating_sub(own);
        self.samples.push(Sample { nanos, wall_nanos, allocations, events });
    }

    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let mut values: Vec<f64> = self.samples.iter().map(|s| of(s) / s.events as f64).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn print(&self) {
        let (ns, wall) = (self.median(|s| s.nanos), self.median(|s| s.wall_nanos));
        let allocations = self.median(|s| s.allocations as f64);
        let worst = self.samples.iter().map(|s| s.nanos / s.events as f64).fold(0.0, f64::max);
        println!("{:<44} {ns:8.1} {worst:8.1} {wall:8.1} {:9.2} {allocations:12.5}", self.name, 1e3 / ns);
    }
}

thread_local! {
    static CLOCK_ALLOCATIONS: u64 = {
        let before = feed::allocations();
        cpu_nanos();
        cpu_nanos();
        (feed::allocations() - before) / 2
    };
}

/// Processor time of this thread.
fn cpu_nanos() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Feeds the lines; rows leave and their memory comes back.
fn feed_partition(partition: &mut Partition, lines: &[u8]) -> u64 {
    let mut accepted = 0;
    for chunk in feed::chunks(lines) {
        accepted += partition.feed(chunk, Position::default()).accepted;
        if partition.rows_waiting() >= ROWS
            && let Some(batch) = partition.take_rows()
        {
            partition.recycle(black_box(batch));
        }
    }
    accepted
}

/// Folds decoded events with names that know them all.
struct FoldAlone {
    engine: Engine,
    names: Names,
    decoder: Decoder,
    seq: u64,
}

impl FoldAlone {
    fn new() -> Self {
        let engine = Engine::new(&Settings::default());
        Self { engine, names: Names::default(), decoder: feed::decoder(), seq: 0 }
    }

    fn fold(&mut self, events: &[TEvent<'_>]) -> u64 {
        for some in events.chunks(AHEAD) {
            self.engine.foresee(some);
            for ev in some {
                self.seq += 1;
                let id = EventId { switch: SwitchId(0), epoch: ev.epoch.unwrap_or(0), seq: self.seq };
                self.engine.event(ev, id, &mut self.names);
            }
            if self.seq % 1024 < AHEAD as u64 && self.engine.rows_waiting() >= ROWS {
                let mut rows = self.engine.take_rows();
                let mut closings = self.engine.take_closings();
                closings.write(&mut rows);
                let rows = black_box(rows);
                self.engine.recycle(rows, closings);
            }
        }
        events.len() as u64
    }
}

/// A centre and everything that listens to it.
struct Centre {
    floor: Floor,
    clock: Micros,
    lines: Vec<u8>,
    shuffled: Vec<u8>,
    kept: Kept,
    decoder: Decoder,
    names: Names,
    canonical: Partition,
    any_order: Partition,
    alone: FoldAlone,
}

impl Centre {
    fn new(agents: u32, queues: u32) -> Self {
        Self {
            floor: feed::floor(agents, queues, "east", 0),
            clock: Micros::MIN,
            lines: Vec::new(),
            shuffled: Vec::new(),
            kept: Kept::default(),
            decoder: feed::decoder(),
            names: Names::default(),
            canonical: Partition::new(Settings::default()),
            any_order: Partition::new(Settings::default()),
            alone: FoldAlone::new(),
        }
    }

    /// Everybody hears the next segment; what they say is measured.
    fn segment(&mut self, span: Span, series: &mut [Series; 6]) {
        let events = feed::run(&mut self.floor, &mut self.clock, span, &mut self.lines);
        feed::shuffle(&self.lines, &mut Numbers(0x9e37_79b9_7f4a_7c15), &mut self.shuffled);
        let [harness, decode, canonical, any_order, walk, fold] = series;
        let lines = &self.lines;
        harness.measure(events, || feed::chunks(lines).map(|c| memchr::memchr_iter(b'\n', c).count() as u64).sum());
        let (decoder, names) = (&mut self.decoder, &mut self.names);
        decode.measure(events, || {
            let mut n = 0;
            for chunk in feed::chunks(lines) {
                decoder.chunk(chunk, names, &mut |_, _, result| {
                    n += u64::from(result.is_ok());
                    let _ = black_box(result.map(|event| event.conn));
                });
            }
            n
        });
        canonical.measure(events, || feed_partition(&mut self.canonical, lines));
        any_order.measure(events, || feed_partition(&mut self.any_order, &self.shuffled));
        self.kept.decode(lines, &mut self.alone.decoder, &mut self.alone.names);
        let list = self.kept.events();
        walk.measure(events, || list.iter().map(|ev| u64::from(black_box(ev).time.0 != 0)).sum());
        fold.measure(events, || self.alone.fold(&list));
    }
}

fn centre(agents: u32, queues: u32, span: Span, segments: usize) {
    let mut centre = Centre::new(agents, queues);
    let title = format!("{agents} agents, {queues} queues");
    let names = [
        "harness: lines",
        "decode",
        "bytes to state",
        "bytes to state, any key order",
        "harness: events",
        "fold and statistics",
    ];
    let mut series = names.map(Series::new);
    for _ in 0..2 {
        centre.segment(span, &mut series);
    }
    series.iter_mut().for_each(|s| s.samples.clear());
    for _ in 0..segments {
        centre.segment(span, &mut series);
    }
    let events = series[0].samples.iter().map(|s| s.events).sum::<u64>();
    println!("{title}: {events} events in {segments} segments");
    println!("{:<44} {:>8} {:>8} {:>8} {:>9} {:>12}", "", "ns/event", "worst", "wall", "M/s", "allocs/event");
    series.iter().for_each(Series::print);
}

/// Two partitions, alone one after the other, then on two threads.
fn two_partitions(agents: u32, queues: u32, span: Span, segments: usize) {
    let mut floors =
        [("east", 0), ("west", agents)].map(|(switch, offset)| feed::floor(agents, queues, switch, offset));
    let mut clocks = [Micros::MIN; 2];
    let mut lines = [Vec::new(), Vec::new()];
    let mut partitions = [(); 2].map(|()| Partition::new(Settings::default()));
    let (mut single, mut double) = (Vec::new(), Vec::new());
    for round in 0..2 * segments + 2 {
        let mut events = 0;
        for ((floor, clock), lines) in floors.iter_mut().zip(&mut clocks).zip(&mut lines) {
            events += feed::run(floor, clock, span, lines);
        }
        let begun = Instant::now();
        let together = round % 2 == 1;
        if together {
            thread::scope(|scope| {
                for (partition, lines) in partitions.iter_mut().zip(&lines) {
                    scope.spawn(move || feed_partition(partition, lines));
                }
            });
        } else {
            for (partition, lines) in partitions.iter_mut().zip(&lines) {
                feed_partition(partition, lines);
            }
        }
        let rate = events as f64 / begun.elapsed().as_secs_f64();
        if round >= 2 {
            if together { double.push(rate) } else { single.push(rate) }
        }
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (one, two) = (median(&mut single), median(&mut double));
    println!(
        "two partitions of {agents} agents: one thread {:.2} M/s, two threads {:.2} M/s: {:.2} times",
        one / 1e6,
        two / 1e6,
        two / one
    );
}

fn main() {
    let segments = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(7);
    // All of its state is near: the difference to the others is the waiting for memory.
    centre(200, 10, Span::from_mins(60), segments);
    centre(10_000, 500, Span::from_mins(6), segments);
    two_partitions(10_000, 500, Span::from_mins(6), segments.min(5));
    centre(100_000, 5_000, Span::from_mins(2), segments);
}
