//! How fast is a T-Server's text log read?
//!
//! A deterministic log of 10 000 agents and 500 queues, one event in five with user data, one message in six something that
//! is not folded, in pieces of 64 KiB. First the harness alone (finding the lines), then rewriting as lines of the feed,
//! then all the way to events; every figure is the median of its rounds, in bytes of the log. Allocations in steady
//! state are counted and must be none.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use callfold::decode::text::{Format, Transcriber, Wishes};
use callfold::decode::{Decoder, Limits};
use callfold::model::names::Names;

use feed::{Counting, Numbers};

mod feed;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Passes over the log; short ones, so that the best is seldom disturbed.
const ROUNDS: usize = 61;
const EVENTS: u64 = 20_000;

/// The log, and how many of its messages are folded.
fn log() -> (String, u64) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut text, mut folded) = (String::new(), 0);
    for seq in 0..EVENTS {
        let (agent, queue, call) = (numbers.below(10_000), numbers.below(500), numbers.below(100_000));
        let (at, is_folded) = (1_699_956_920 + seq / 1000, seq % 6 != 0);
        let name = ["EventQueued", "EventRinging", "EventEstablished", "EventReleased"][numbers.below(4) as usize];
        let (h, m, s, f) = (at / 3600 % 24, at / 60 % 60, at % 60, seq % 1000 * 10);
        let to = if is_folded { "distribute_event" } else { "send_to_client" };
        folded += u64::from(is_folded);
        write!(
            text,
            "@{h:02}:{m:02}:{s:02}.{f:04} [0] 8.1.101.99 {to}: message {name}\n\tAttributeEventSequenceNumber\t{seq:016x}\n\
             \tAttributeTimeinuSecs\t{}\n\tAttributeTimeinSecs\t{at} ({h:02}:{m:02}:{s:02})\n\tAttributeThisQueue\t'{}'\n\
             \tAttributeOtherDNRole\t1\n\tAttributeOtherDN\t'{}'\n\tAttributeThisDNRole\t2\n\tAttributeThisDN\t'{}'\n\
             \tAttributeAgentID\t'a{agent:05}'\n\tAttributeANI\t'{}'\n\tAttributeDNIS\t'5550199'\n\
             \tAttributeCallUUID\t'0A1B2C3D4E5F6G7H8I9J0K1L{call:08}'\n\tAttributeConnID\t0065{:012x}\n\tAttributeCallID\t{call}\n\
             \tAttributeCallType\t2\n\tAttributeCallState\t0\n",
            seq % 1000 * 1000,
            8000 + queue,
            5_550_000 + call,
            70_000 + agent,
            5_550_000 + call,
            0x0290_aa1b_3001_u64 + call,
        )
        .expect("a string takes all");
        if seq % 5 == 0 {
            text += "\tAttributeUserData\t[50] 00 03 00 00..\n\t\t'Segment'\t'gold'\n\t\t'Tries'\t2\n\t\t'Note'\t'it''s fine'\n";
        }
    }
    (text, folded)
}

/// Runs `pass` over the pieces many times and reports the median.
fn measure(name: &str, rounds: usize, pieces: &[&[u8]], mut pass: impl FnMut(&[u8])) {
    let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
    let (mut nanos, mut allocations) = (Vec::with_capacity(rounds), 0);
    for round in 0..rounds {
        let (before, start) = (feed::allocations(), Instant::now());
        pieces.iter().for_each(|piece| pass(black_box(piece)));
        let elapsed = start.elapsed();
        // The first rounds learn names and words, and buffers grow.
        if round >= 3 {
            nanos.push(elapsed.as_nanos() as f64);
            allocations += feed::allocations() - before;
        }
    }
    nanos.sort_by(f64::total_cmp);
    let (median, best) = (nanos[nanos.len() / 2], nanos[0]);
    let rate = |nanos: f64| bytes as f64 * 1e3 / nanos;
    println!(
        "{name:<16} {:7.0} MB/s (best {:7.0})  {:7.1} ns/message  {} bytes/message  {allocations} allocations",
        rate(median),
        rate(best),
        median / EVENTS as f64,
        bytes / EVENTS as usize,
    );
    assert_eq!(allocations, 0, "steady state allocates nothing");
}

fn main() {
    // Fewer rounds when the instructions are counted instead of the time.
    let rounds = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(ROUNDS);
    let (text, folded) = log();
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(64 * 1024).collect();
    measure("harness alone", rounds, &pieces, |piece| {
        black_box(memchr::memchr_iter(b'\n', piece).count());
    });
    let wishes = Wishes { switch: Some("east".into()), zone: None };
    let (mut transcriber, mut lines) = (Transcriber::new(Format::TServer, wishes.clone()), Vec::new());
    measure("rewrite", rounds, &pieces, |piece| {
        lines.clear();
        transcriber.push(piece, &mut lines);
        black_box(&lines);
    });
    let mut transcriber = Transcriber::new(Format::TServer, wishes);
    let (mut decoder, mut names, mut events) = (Decoder::new(Limits::default()), Names::default(), 0);
    measure("log to events", rounds, &pieces, |piece| {
        lines.clear();
        transcriber.push(piece, &mut lines);
        decoder.chunk(&lines, &mut names, &mut |_, _, result| {
            events += u64::from(result.is_ok());
            let _ = black_box(result.map(|event| event.conn));
        });
    });
    // The last message of a round waits for the first line of the next.
    assert_eq!(events, folded * rounds as u64 - 1, "every message that is folded is an event");
}
