//! What the benches of the core share: a simulated feed in memory, events kept for a second look, a counting allocator.
#![allow(dead_code, reason = "each bench uses its part")]

use std::alloc::{GlobalAlloc, Layout};
use std::fs;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use callfold::decode::{Decoder, Limits};
use callfold::model::names::Names;
use callfold::model::tevent::TEvent;
use callfold::model::time::{Micros, Span};
use callfold::model::userdata::KvList;
use callfold::simulate::scenario::Profile;
use callfold::simulate::{Floor, Scenario};
use mimalloc::MiMalloc;

/// Bytes of a chunk, as sources make them.
const CHUNK_BYTES: usize = 128 * 1024;

/// The program's allocator, counting.
pub struct Counting;

/// Allocations and growths so far.
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// Bytes allocated and not freed.
static LIVE: AtomicI64 = AtomicI64::new(0);

// SAFETY: every call goes to the program's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LIVE.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { MiMalloc.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LIVE.fetch_add(new_size as i64 - layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { MiMalloc.realloc(ptr, layout, new_size) }
    }
}

/// Allocations and growths since the process began.
pub fn allocations() -> u64 {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// Bytes allocated and not freed.
pub fn live_bytes() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// A number of the process in KiB, by its name in `/proc/self/status`; zero where there is none.
pub fn status_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// A floor of exactly this many agents, all at work, on a switch of this name.
pub fn floor(agents: u32, queues: u32, switch: &str, agent_offset: u32) -> Floor {
    let scenario = Scenario {
        agents,
        queues,
        profile: Profile::Flat,
        switch: switch.to_owned(),
        agent_offset,
        seed: 7 + u64::from(agent_offset),
        ..Scenario::default()
    };
    Floor::new(scenario)
}

/// The floor's next lines, for this long; `clock` moves on. Returns the number of events.
pub fn run(floor: &mut Floor, clock: &mut Micros, span: Span, lines: &mut Vec<u8>) -> u64 {
    lines.clear();
    *clock = (*clock).max(Scenario::default().start) + span;
    floor.run_until(*clock, lines)
}

/// The lines cut into chunks of whole lines.
pub fn chunks(mut lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let most = lines.len().min(CHUNK_BYTES);
        let end = memchr::memrchr(b'\n', &lines[..most])? + 1;
        let (chunk, rest) = lines.split_at(end);
        lines = rest;
        Some(chunk)
    })
}

/// A small generator of numbers that look random and are the same every time.
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number, below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// The same lines, the keys of each in an order of its own.
pub fn shuffle(lines: &[u8], numbers: &mut Numbers, out: &mut Vec<u8>) {
    out.clear();
    let mut pairs = Vec::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        split(line, &mut pairs);
        for i in (1..pairs.len()).rev() {
            pairs.swap(i, numbers.below(i as u64 + 1) as usize);
        }
        for (i, pair) in pairs.iter().enumerate() {
            out.push(if i == 0 { b'{' } else { b',' });
            out.extend_from_slice(&line[pair.clone()]);
        }
        out.extend_from_slice(b"}\n");
    }
}

/// The pairs of the outermost object of a line as the simulation writes it.
fn split(line: &[u8], pairs: &mut Vec<Range<usize>>) {
    pairs.clear();
    let (mut depth, mut quoted, mut begin, mut at) = (0, false, 1, 0);
    while at < line.len() {
        match line[at] {
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => pairs.push(begin..at),
            b'}' | b']' => depth -= 1,
            b',' if depth == 1 => {
                pairs.push(begin..at);
                begin = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
}

/// Decoded events kept for a second look: their texts by place, and all texts in a row.
#[derive(Default)]
pub struct Kept {
    events: Vec<(TEvent<'static>, [Range<usize>; 8])>,
    texts: String,
}

impl Kept {
    /// Decodes the lines anew; names are minted in `names`.
    pub fn decode(&mut self, lines: &[u8], decoder: &mut Decoder, names: &mut Names) {
        let Self { events, texts } = self;
        events.clear();
        texts.clear();
        decoder.chunk(lines, names, &mut |_, _, result| {
            let ev = result.expect("the simulation writes events");
            let lists = [ev.user_data, ev.reasons, ev.extensions].map(|list| list.as_json());
            let all = [ev.third_party_number, ev.other_number, ev.call_uuid, ev.ani, ev.dnis].into_iter().chain(lists);
            let mut places = [const { 0..0 }; 8];
            for (place, text) in places.iter_mut().zip(all) {
                *place = texts.len()..texts.len() + text.len();
                texts.push_str(text);
            }
            let bare = TEvent {
                third_party_number: "",
                other_number: "",
                call_uuid: "",
                ani: "",
                dnis: "",
                user_data: KvList::EMPTY,
                reasons: KvList::EMPTY,
                extensions: KvList::EMPTY,
                rare: None,
                ..*ev
            };
            events.push((bare, places));
        });
    }

    /// The events, ready to be folded.
    pub fn events(&self) -> Vec<TEvent<'_>> {
        let text = |place: &Range<usize>| &self.texts[place.clone()];
        let list = |place: &Range<usize>| KvList::from_json(text(place));
        let whole = |(ev, places): &(TEvent<'static>, [Range<usize>; 8])| {
            let [third, other, uuid, ani, dnis, user_data, reasons, extensions] = places;
            TEvent {
                third_party_number: text(third),
                other_number: text(other),
                call_uuid: text(uuid),
                ani: text(ani),
                dnis: text(dnis),
                user_data: list(user_data),
                reasons: list(reasons),
                extensions: list(extensions),
                ..*ev
            }
        };
        self.events.iter().map(whole).collect()
    }
}

/// A decoder with the usual limits.
pub fn decoder() -> Decoder {
    Decoder::new(Limits::default())
}
