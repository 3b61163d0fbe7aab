//! How much memory does a large centre take after a busy day?
//!
//! `memory [MINUTES] [AGENTS] [QUEUES]`, by default as many minutes of 100 000 agents and 5 000 queues as fit into a
//! minute of ours. Ended calls are kept for a quarter of an hour, so a shorter run has not levelled off, and only a run of a
//! day shows a day. The feed is made a second at a time, so that the state is nearly all there is. Reports the peak of
//! resident memory, the live bytes (altogether and divided by agents) and how many objects are open.

use std::hint::black_box;

use callfold::engine::partition::{Partition, Position};
use callfold::engine::settings::Settings;
use callfold::engine::view::Delta;
use callfold::model::time::{Micros, Span};
use feed::Counting;

mod feed;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: f64 = 1024.0 * 1024.0;

/// A size in MiB.
fn mib(bytes: i64) -> f64 {
    bytes as f64 / MIB
}

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<u32>().ok());
    let minutes = numbers.next().unwrap_or(17);
    let (agents, queues) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(5_000));
    let settings = Settings { provisional_rows: true, revise_for: Span::from_mins(60), ..Settings::default() };
    let mut partition = Partition::new(settings);
    let (mut clock, mut lines) = (Micros::MIN, Vec::new());
    let before = feed::live_bytes();
    let mut floor = feed::floor(agents, queues, "east", 0);
    // What the simulation has allocated, and how much of that is new in each step.
    let mut simulation = feed::live_bytes() - before;
    let (mut events, mut peak, mut rows) = (0, 0, 0);
    for second in 0..i64::from(minutes) * 60 {
        let before = feed::live_bytes();
        events += feed::run(&mut floor, &mut clock, Span::from_secs(1), &mut lines);
        simulation += feed::live_bytes() - before;
        for chunk in feed::chunks(&lines) {
            partition.feed(chunk, Position::default());
            peak = peak.max(feed::live_bytes() - simulation);
            rows += partition.rows_waiting();
            drop(black_box(partition.take_rows()));
        }
        if second % 300 == 299 {
            let state = feed::live_bytes() - simulation;
            println!("{:4} min: {events:9} events, state {:7.1} MiB", (second + 1) / 60, mib(state));
        }
    }
    let (state, counters) = (feed::live_bytes() - simulation, partition.counters());
    let resident = feed::status_kib("VmHWM") as f64 / 1024.0;
    println!("{agents} agents, {queues} queues, {minutes} minutes, {events} events, {rows} rows");
    println!("state {:.1} MiB, at most {:.1} MiB with rows that wait", mib(state), mib(peak));
    println!("resident at most {resident:.1} MiB, of which the simulation {:.1} MiB", mib(simulation));
    println!("per agent {:.0} bytes, all in all", state as f64 / f64::from(agents));
    let open = counters.open;
    println!("open: {} calls, {} parties, {} stays, {} sessions", open.calls, open.parties, open.stays, open.sessions);
    let mut delta = Delta::default();
    let before = feed::live_bytes();
    partition.delta(&mut delta);
    println!("a whole picture for readers {:.1} MiB", mib(feed::live_bytes() - before));
}
