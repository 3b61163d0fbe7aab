//! How long does a line of the feed take until it is an event?
//!
//! A deterministic feed of 10 000 agents and 500 queues, about 370 bytes an event, in chunks of 128 KiB: once with the
//! keys in the usual orders, once shuffled differently on every line. The harness alone (finding the lines) comes
//! first; every figure is the median of its runs. Allocations in steady state are counted and must be none.

use callfold::decode::{Decoder, Limits};
use callfold::model::names::Names;
use std::hint::black_box;
use std::time::Instant;

use feed::{Counting, Numbers};

mod feed;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Passes over the feed; short ones, so that the best is seldom disturbed.
const ROUNDS: usize = 101;

/// The pairs of one event of one call, in a usual order.
fn event(numbers: &mut Numbers, seq: u64) -> Vec<(&'static str, String)> {
    let text = |s: &str| format!("\"{s}\"");
    let (agent, queue) = (numbers.below(10_000), numbers.below(500));
    let step = numbers.below(6);
    let name = ["EventQueued", "EventRinging", "EventEstablished", "EventReleased", "EventDiverted", "EventAgentReady"];
    let (dn, queue_dn, ani) = (70_000 + agent, 8_000 + queue, 5_550_000 + numbers.below(10_000));
    let mut pairs = vec![
        ("Event", text(name[step as usize])),
        ("EventSequenceNumber", (670_300 + seq).to_string()),
        ("TimeinSecs", (1_699_956_920 + seq / 1000).to_string()),
        ("TimeinuSecs", (seq % 1000 * 1000).to_string()),
        ("Switch", text("east")),
    ];
    if step == 5 {
        pairs.push(("ThisDN", text(&dn.to_string())));
        pairs.push(("ThisQueue", text(&queue_dn.to_string())));
        pairs.push(("AgentID", text(&format!("a{agent:05}"))));
        pairs.push(("AgentWorkMode", text("AutoIn")));
        return pairs;
    }
    let on_queue = step == 0 || step == 4;
    pairs.push(("ThisDN", text(&if on_queue { queue_dn } else { dn }.to_string())));
    pairs.push(("ThisDNRole", text("Destination")));
    if step == 4 {
        pairs.push(("ThirdPartyDN", text(&dn.to_string())));
        pairs.push(("ThirdPartyDNRole", text("Destination")));
    }
    pairs.push(("OtherDN", text(&ani.to_string())));
    pairs.push(("OtherDNRole", text("Origination")));
    pairs.push(("ThisQueue", text(&queue_dn.to_string())));
    if !on_queue {
        pairs.push(("AgentID", text(&format!("a{agent:05}"))));
    }
    let call = numbers.below(100_000);
    pairs.push(("ConnID", text(&format!("0065{:012x}", 0x0290_aa1b_3001_u64 + call))));
    pairs.push(("CallID", call.to_string()));
    pairs.push(("CallType", text("Inbound")));
    pairs.push(("CallState", text("Ok")));
    pairs.push(("ANI", text(&ani.to_string())));
    pairs.push(("DNIS", text("5550199")));
    pairs.push(("UserData", format!("{{\"Segment\":\"{}\"}}", ["gold", "silver", "bronze"][(call % 3) as usize])));
    pairs
}

/// The feed cut into chunks of whole lines.
fn feed(events: u64, shuffled: bool) -> Vec<Vec<u8>> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut chunks, mut chunk) = (Vec::new(), Vec::new());
    for seq in 0..events {
        let mut pairs = event(&mut numbers, seq);
        if shuffled {
            for i in (1..pairs.len()).rev() {
                pairs.swap(i, numbers.below(i as u64 + 1) as usize);
            }
        }
        let body: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let line = format!("{{{}}}\n", body.join(","));
        if chunk.len() + line.len() > 128 * 1024 {
            chunks.push(std::mem::take(&mut chunk));
        }
        chunk.extend_from_slice(line.as_bytes());
    }
    chunks.push(chunk);
    chunks
}

/// Runs `pass` over the chunks many times and reports the median and the best.
fn measure(name: &str, events: u64, chunks: &[Vec<u8>], mut pass: impl FnMut(&[u8]) -> u64) {
    let bytes: usize = chunks.iter().map(Vec::len).sum();
    let mut nanos = Vec::with_capacity(ROUNDS);
    let mut allocations = 0;
    for round in 0..ROUNDS {
        let (before, start) = (feed::allocations(), Instant::now());
        let decoded: u64 = chunks.iter().map(|chunk| pass(black_box(chunk))).sum();
        let elapsed = start.elapsed();
        assert_eq!(decoded, events, "every line is one event");
        // The first rounds learn names, words and orders of keys.
        if round >= 2 {
            nanos.push(elapsed.as_nanos() as f64 / events as f64);
            allocations += feed::allocations() - before;
        }
    }
    nanos.sort_by(f64::total_cmp);
    let (median, per_event) = (nanos[nanos.len() / 2], bytes as f64 / events as f64);
    println!(
        "{name:<26} {median:7.1} ns/event (best {:6.1})  {:6.2} M events/s  {:6.2} GB/s  {per_event:.0} bytes/event  \
         {allocations} allocations",
        nanos[0],
        1e3 / median,
        per_event / median,
    );
    assert_eq!(allocations, 0, "steady state allocates nothing");
}

fn main() {
    // Fewer events when the instructions are counted instead of the time.
    let events = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(20_000);
    // One order alone when its name is given.
    let asked = |order: &str| std::env::args().any(|arg| arg == order);
    for (shuffled, order, other) in [(false, "canonical", "shuffled"), (true, "shuffled", "canonical")] {
        if asked(other) && !asked(order) {
            continue;
        }
        let chunks = feed(events, shuffled);
        measure(&format!("harness alone, {order}"), events, &chunks, memchr_lines);
        let (mut decoder, mut names) = (Decoder::new(Limits::default()), Names::default());
        measure(&format!("decode, {order}"), events, &chunks, |chunk| {
            let mut events = 0;
            decoder.chunk(chunk, &mut names, &mut |_, _, result| {
                events += u64::from(result.is_ok());
                let _ = black_box(result.map(|event| event.conn));
            });
            events
        });
    }
}

fn memchr_lines(chunk: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', chunk).count() as u64
}
