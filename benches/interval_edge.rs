//! How long does the end of an interval keep the writer's thread?
//!
//! `interval_edge [AGENTS] [QUEUES] [INTERVALS]`, by default 10 000, 500 and 6. A centre speaks to an engine with the
//! settings of a live program: provisional rows soon after the edge, final ones when the grace is over, revisions for an
//! hour. Every call into the engine is timed on its own. For each edge the longest call is reported that fell into the
//! seconds after the edge, after the settling time, and after the grace, and beside it the longest of all others, which
//! is what the machine's noise amounts to. Figures are medians over the intervals, of processor time, because a neighbour takes
//! wall-clock time only; the wait for memory that he causes stays in them.

use std::hint::black_box;

use callfold::decode::Decoder;
use callfold::engine::settings::Settings;
use callfold::engine::step::Engine;
use callfold::model::ids::{EventId, SwitchId};
use callfold::model::names::Names;
use callfold::model::time::{Micros, Span};
use feed::{Counting, Kept};

mod feed;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How long after an instant a pause is put down to it.
const AFTER: Span = Span::from_secs(20);

const INTERVAL: Span = Span::from_mins(15);

/// Processor time of this thread, in nanoseconds.
fn cpu_nanos() -> i64 {
    #[repr(C)]
    struct Timespec {
        secs: i64,
        nanos: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: i32, out: *mut Timespec) -> i32;
    }
    const THREAD_CPU_TIME: i32 = 3;
    let mut time = Timespec { secs: 0, nanos: 0 };
    // SAFETY: the call writes one `timespec` of a 64-bit Linux, which is what it is given.
    let failed = unsafe { clock_gettime(THREAD_CPU_TIME, &raw mut time) };
    assert_eq!(failed, 0, "a thread knows its processor time");
    time.secs * 1_000_000_000 + time.nanos
}

/// The longest call of each kind in one interval, in microseconds, and how many rows left after it.
#[derive(Clone, Copy, Default)]
struct Longest {
    micros: f64,
    rows: usize,
}

/// What a call is put down to.
const OCCASIONS: [&str; 4] = ["edge", "provisional rows", "final rows", "any other event"];

fn occasion(now: Micros, settings: &Settings) -> usize {
    let into = now - now.floor_to(INTERVAL);
    let after = |instant: Span| into >= instant && into.0 - instant.0 < AFTER.0;
    match () {
        () if into <= settings.settle => 0,
        () if after(settings.settle) => 1,
        () if after(settings.grace) => 2,
        () => 3,
    }
}

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<u32>().ok());
    let (agents, queues) = (numbers.next().unwrap_or(10_000), numbers.next().unwrap_or(500));
    let intervals = numbers.next().unwrap_or(6);
    let settings = Settings {
        provisional_rows: true,
        grace: Span::from_mins(5),
        revise_for: Span::from_mins(60),
        ..Settings::default()
    };
    let mut engine = Engine::new(&settings);
    let mut floor = feed::floor(agents, queues, "east", 0);
    let (mut decoder, mut names): (Decoder, _) = (feed::decoder(), Names::default());
    let (mut clock, mut lines, mut kept, mut seq) = (Micros::MIN, Vec::new(), Kept::default(), 0);
    let mut found: [Vec<Longest>; 4] = Default::default();
    let mut longest = [Longest::default(); 4];
    // Two hours first, so that whatever is kept for an hour is there.
    for second in 0..i64::from(intervals + 7) * 900 {
        feed::run(&mut floor, &mut clock, Span::from_secs(1), &mut lines);
        kept.decode(&lines, &mut decoder, &mut names);
        for ev in kept.events() {
            seq += 1;
            let id = EventId { switch: SwitchId(0), epoch: 0, seq };
            let before = engine.rows_waiting();
            let begun = cpu_nanos();
            engine.event(&ev, id, &mut names);
            let micros = (cpu_nanos() - begun) as f64 / 1000.0;
            let one = &mut longest[occasion(engine.now(), &settings)];
            if micros > one.micros {
                *one = Longest { micros, rows: engine.rows_waiting() - before };
            }
        }
        // In the program another thread writes what is ready to be written.
        let mut rows = engine.take_rows();
        let mut closings = engine.take_closings();
        closings.write(&mut rows);
        let rows = black_box(rows);
        engine.recycle(rows, closings);
        if second % 900 == 899 {
            let longest = std::mem::take(&mut longest);
            if second / 900 >= 7 {
                found.iter_mut().zip(longest).for_each(|(all, one)| all.push(one));
            }
        }
    }
    println!("{agents} agents, {queues} queues, {seq} events, {intervals} intervals");
    println!("{:<20} {:>12} {:>12} {:>10}", "longest call", "median us", "worst us", "rows");
    for (name, all) in OCCASIONS.iter().zip(&mut found) {
        all.sort_by(|a, b| a.micros.total_cmp(&b.micros));
        let (median, worst) = (all[all.len() / 2], all[all.len() - 1]);
        println!("{name:<20} {:12.0} {:12.0} {:10}", median.micros, worst.micros, median.rows);
    }
}
