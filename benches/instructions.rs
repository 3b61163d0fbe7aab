//! The work that `benches/guard` counts instructions of: one simulated quarter of an hour, the same every time.
//!
//! `instructions decode|fold`. A floor of 1 000 agents and 50 queues runs for 25 minutes, so that everything that grows
//! has grown and the first calls are forgotten; the next fifteen minutes, which hold one interval edge and its rows, go through [`decode`] or [`fold`], the
//! functions whose instructions are counted. Prints the number of events that went through.

use std::hint::black_box;

use callfold::decode::{AHEAD, Decoder};
use callfold::engine::settings::Settings;
use callfold::engine::step::Engine;
use callfold::model::ids::{EventId, SwitchId};
use callfold::model::names::Names;
use callfold::model::tevent::TEvent;
use callfold::model::time::{Micros, Span};
use feed::{Counting, Kept};

mod feed;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const AGENTS: u32 = 1_000;
const QUEUES: u32 = 50;
const WARM_UP: Span = Span::from_mins(25);
const MEASURED: Span = Span::from_mins(15);

/// Decodes every line.
#[inline(never)]
fn decode(decoder: &mut Decoder, names: &mut Names, lines: &[u8]) -> u64 {
    let mut events = 0;
    for chunk in feed::chunks(lines) {
        decoder.chunk(chunk, names, &mut |_, _, result| {
            events += u64::from(result.is_ok());
            let _ = black_box(result.map(|event| event.conn));
        });
    }
    events
}

/// Folds every event; rows leave and their memory stays.
#[inline(never)]
fn fold(engine: &mut Engine, names: &mut Names, events: &[TEvent<'_>], seq: &mut u64) -> u64 {
    for some in events.chunks(AHEAD) {
        engine.foresee(some);
        for ev in some {
            *seq += 1;
            let id = EventId { switch: SwitchId(0), epoch: ev.epoch.unwrap_or(0), seq: *seq };
            engine.event(ev, id, names);
        }
        if *seq % 256 < AHEAD as u64 && engine.rows_waiting() >= 4096 {
            let mut rows = engine.take_rows();
            let mut closings = engine.take_closings();
            closings.write(&mut rows);
            engine.recycle(rows, closings);
        }
    }
    events.len() as u64
}

/// A second copy of the work, whose instructions are not counted.
#[inline(never)]
fn warm_up(engine: &mut Engine, names: &mut Names, events: &[TEvent<'_>], seq: &mut u64) {
    for ev in events {
        *seq += 1;
        let id = EventId { switch: SwitchId(0), epoch: ev.epoch.unwrap_or(0), seq: *seq };
        engine.event(ev, id, names);
    }
    let mut rows = engine.take_rows();
    let mut closings = engine.take_closings();
    closings.write(&mut rows);
    engine.recycle(rows, closings);
}

fn main() {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let mut floor = feed::floor(AGENTS, QUEUES, "east", 0);
    let (mut clock, mut lines, mut more) = (Micros::MIN, Vec::new(), Vec::new());
    feed::run(&mut floor, &mut clock, WARM_UP, &mut lines);
    feed::run(&mut floor, &mut clock, MEASURED, &mut more);
    let (mut decoder, mut names) = (feed::decoder(), Names::default());
    let mut kept = Kept::default();
    kept.decode(&lines, &mut decoder, &mut names);
    let events = match asked.as_str() {
        "decode" => decode(&mut decoder, &mut names, &more),
        "fold" => {
            let (mut engine, mut seq) = (Engine::new(&Settings::default()), 0);
            warm_up(&mut engine, &mut names, &kept.events(), &mut seq);
            kept.decode(&more, &mut decoder, &mut names);
            fold(&mut engine, &mut names, &kept.events(), &mut seq)
        }
        _ => {
            eprintln!("instructions decode|fold");
            std::process::exit(2);
        }
    };
    println!("{events}");
}
