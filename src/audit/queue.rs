//! Queues: their interval rows against what their stays, handling segments and agents say.
//!
//! In: `queue_interval`, `queue_cohort_interval`, `queue_wait_hist`, and entries from stays and legs. Keeps two ledgers of the days that
//! are not judged, the level of every queue, and one threshold.

use super::finding::{Example, Findings, example};
use super::law::Law;
use super::ledger::{Column, How, INTERVAL_MS, Ledger, interval_of, key1, nothing, sum};
use super::source::Sources;
use super::stay::edges;
use super::{Map, ms, take};
use crate::model::time::Micros;
use crate::sink::{Block, NO_LONG, NO_NAME, Reader};

const fn most(name: &'static str, law: Law) -> Column {
    Column { name, law, how: How::Most }
}

const PERIOD: &[Column] = &[
    sum("entered", Law::QueueFromStays),
    sum("answered", Law::QueueFromStays),
    sum("abandoned", Law::QueueFromStays),
    sum("abandoned_short", Law::QueueFromStays),
    sum("abandoned_ringing", Law::QueueFromStays),
    sum("diverted_in", Law::QueueOffers),
    sum("diverted_out", Law::QueueFromStays),
    sum("cleared", Law::QueueFromStays),
    sum("other", Law::QueueFromStays),
    sum("queue_ms", Law::QueueFromStays),
    sum("ring_ms", Law::QueueFromStays),
    sum("wait_answered_ms", Law::QueueFromStays),
    most("wait_answered_max_ms", Law::QueueFromStays),
    sum("wait_abandoned_ms", Law::QueueFromStays),
    most("wait_abandoned_max_ms", Law::QueueFromStays),
    sum("in_queue_end", Law::QueueLevels),
    most("longest_wait_ms_at_end", Law::QueueLevels),
    sum("no_answer", Law::QueueOffers),
    sum("handled", Law::QueueFromLegs),
    sum("handle_ms", Law::QueueFromLegs),
    sum("transferred_out", Law::QueueOffers),
    sum("agents_staffed_ms", Law::QueueStaffing),
];

const COHORT: &[Column] = &[
    sum("entered", Law::CohortFromStays),
    sum("answered", Law::CohortFromStays),
    sum("abandoned", Law::CohortFromStays),
    sum("abandoned_short", Law::CohortFromStays),
    sum("abandoned_ringing", Law::CohortFromStays),
    sum("diverted", Law::CohortFromStays),
    sum("cleared", Law::CohortFromStays),
    sum("other", Law::CohortFromStays),
    sum("pending", Law::CohortFromStays),
    sum("wait_answered_ms", Law::CohortFromStays),
    sum("wait_abandoned_ms", Law::CohortFromStays),
    sum("queue_ms", Law::CohortFromStays),
    sum("talk_ms", Law::CohortFromStays),
    sum("hold_ms", Law::CohortFromStays),
    sum("acw_ms", Law::CohortFromStays),
];

const TIMES: &[Column] =
    &[sum("talk_ms", Law::QueueFromLegs), sum("hold_ms", Law::QueueFromLegs), sum("acw_ms", Law::QueueFromLegs)];

const ROWS: &[Column] = &[sum("rows", Law::CohortFromStays)];

/// A queue's last interval, and where to go on from.
struct Last {
    start: i64,
    in_queue_end: i64,
    site: u32,
    file: u32,
}

/// Begins and ends of stays of a queue, in milliseconds; of an end also whether the stay had a length.
#[derive(Default)]
struct Marks {
    level: i64,
    marks: Vec<(i64, bool, bool)>,
}

/// A count of what was within the threshold, to be explained.
struct Within {
    queue: u32,
    start: i64,
    is_cohort: bool,
    /// Whether it counts the answered.
    is_answered: bool,
    count: i64,
    file: u32,
}

/// What a histogram counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Answered,
    Abandoned,
    Handled,
}

impl Of {
    /// Its word, and the table.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Answered => ("answered", "queue_wait_hist"),
            Self::Abandoned => ("abandoned", "queue_wait_hist"),
            Self::Handled => ("handled", "queue_handle_hist"),
        }
    }
}

/// Queue, interval of entry in milliseconds, what is counted, highest time of the bucket.
type BucketKey = (u32, i64, Of, i64);

/// A bucket of a histogram: what details make, how many more may be right, and what its row says.
struct Bucket {
    derived: i64,
    more: i64,
    stored: i64,
    file: u32,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { derived: 0, more: 0, stored: 0, file: NO_NAME }
    }
}

/// A wait that ended in an answer or was given up, in milliseconds.
pub(super) struct Wait {
    pub(super) queue: u32,
    pub(super) entered: i64,
    pub(super) end: i64,
    pub(super) wait_ms: i64,
    pub(super) is_answered: bool,
    /// Whether it is in the histogram already.
    pub(super) is_counted: bool,
}

/// What is known of the queues of a tenant.
pub(super) struct Queues {
    pub(super) period: Ledger,
    pub(super) cohort: Ledger,
    pub(super) times: Ledger,
    rows: Ledger,
    last: Map<u32, Last>,
    marks: Map<u32, Marks>,
    maxima: Map<(u32, i64), (i64, u32)>,
    /// Stays that were answered or abandoned.
    pub(super) waits: Vec<Wait>,
    within: Vec<Within>,
    /// The threshold is at least the first and below the second.
    threshold: (i64, i64),
    buckets: Map<BucketKey, Bucket>,
    /// Tables without one row.
    lacks: Vec<&'static str>,
}

impl Queues {
    pub(super) fn new(lacks: Vec<&'static str>) -> Self {
        let table = "queue_interval";
        Self {
            period: Ledger::new(table, &["queue_id"], PERIOD),
            cohort: Ledger::new("queue_cohort_interval", &["queue_id"], COHORT),
            times: Ledger::new(table, &["queue_id"], TIMES),
            rows: Ledger::new("queue_cohort_interval", &["queue_id"], ROWS),
            last: Map::default(),
            marks: Map::default(),
            maxima: Map::default(),
            waits: Vec::new(),
            within: Vec::new(),
            threshold: (0, i64::MAX),
            buckets: Map::default(),
            lacks,
        }
    }

    /// A stay lived from `entered_at` (microseconds) to `end` (milliseconds).
    pub(super) fn alive(&mut self, queue: u32, entered_at: i64, end: i64, is_pending: bool) {
        let entered = ms(entered_at);
        for start in edges(entered_at, end, is_pending) {
            self.period.add(key1(queue), start, "in_queue_end", 1);
            let until = if is_pending && start == interval_of(end) { end } else { start + INTERVAL_MS };
            self.period.add(key1(queue), start, "longest_wait_ms_at_end", until - entered);
        }
        let marks = &mut self.marks.entry(queue).or_default().marks;
        marks.push((entered, false, end > entered));
        if !is_pending {
            marks.push((end, true, end > entered));
        }
    }

    pub(super) fn take_period(&mut self, block: &Block, sources: &Sources, reader: &Reader, findings: &mut Findings) {
        take!(block;
            names: queue_id, site_id;
            longs: interval_start, longest_wait_ms_at_end, agents_staffed_ms, agents_ready_ms;
            ints: entered, answered, abandoned, abandoned_short, abandoned_ringing, diverted_out, cleared, other, in_queue_start,
                in_queue_end, in_queue_max, answered_within_sl, abandoned_within_sl, rejected;
        );
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| (queue_id[i], interval_start[i]));
        for i in order {
            let gone = answered[i] + abandoned[i] + diverted_out[i] + cleared[i] + other[i];
            let is_balanced = in_queue_start[i] + entered[i] == gone + in_queue_end[i];
            let parts = [abandoned_short[i], abandoned_ringing[i], abandoned_within_sl[i]];
            let holds = is_balanced
                && parts.into_iter().all(|part| part <= abandoned[i])
                && answered_within_sl[i] <= answered[i]
                && rejected[i] == 0;
            findings.that(Law::QueueLaw, holds, || {
                let (before, after) = (in_queue_start[i], in_queue_end[i]);
                let what = format!("{before} + {} entered, {gone} gone, {after} left, parts {parts:?}", entered[i]);
                example(reader, block, i, what)
            });
            let is_level = in_queue_max[i] >= in_queue_start[i].max(in_queue_end[i])
                && (longest_wait_ms_at_end[i] == NO_LONG) == (in_queue_end[i] == 0);
            findings.that(Law::QueueLevels, is_level, || example(reader, block, i, "levels contradict one another"));
            findings.that(Law::QueueStaffing, agents_ready_ms[i] <= agents_staffed_ms[i], || {
                example(reader, block, i, "more agent time ready than staffed")
            });
            let (start, file) = (ms(interval_start[i]), block.file(i));
            self.follows(block, i, sources, reader, findings);
            self.last.insert(queue_id[i], Last { start, in_queue_end: in_queue_end[i].into(), site: site_id[i], file });
            self.marks.entry(queue_id[i]).or_default();
            self.maxima.insert((queue_id[i], start), (in_queue_max[i].into(), file));
            for (is_answered, count) in [(true, answered_within_sl[i]), (false, abandoned_within_sl[i])] {
                let count = i64::from(count);
                self.within.push(Within { queue: queue_id[i], start, is_cohort: false, is_answered, count, file });
            }
            let values = PERIOD.iter().map(|column| number(block, column.name, i));
            self.period.say(key1(queue_id[i]), start, values, file);
            let values = TIMES.iter().map(|column| number(block, column.name, i));
            self.times.say_more(key1(queue_id[i]), values, file);
            self.rows.add(key1(queue_id[i]), start, "rows", 1);
        }
    }

    /// An interval goes on from the one before; the first of a run begins with nobody.
    fn follows(&self, block: &Block, i: usize, sources: &Sources, reader: &Reader, findings: &mut Findings) {
        take!(block; names: queue_id, site_id; longs: interval_start; ints: in_queue_start;);
        let start = ms(interval_start[i]);
        let before = self.last.get(&queue_id[i]);
        let run = sources.run_at(site_id[i], start + INTERVAL_MS);
        // A run that began behind the row before knows nothing of it.
        let (level, next) = match before {
            Some(last) if run < last.start + INTERVAL_MS => (last.in_queue_end, Some(last.start + INTERVAL_MS)),
            _ => (0, None),
        };
        let silence = 31 * 96 * INTERVAL_MS;
        let is_next = next.is_none_or(|next| next == start || start - next > silence);
        findings.that(Law::QueueContinuity, is_next && level == i64::from(in_queue_start[i]), || {
            let what = match next {
                Some(next) if !is_next => format!("the interval {} is missing before it", Micros(next * 1000)),
                _ => format!("in_queue_start is {}, the one before ended with {level}", in_queue_start[i]),
            };
            example(reader, block, i, what)
        });
    }

    pub(super) fn take_cohort(&mut self, block: &Block, reader: &Reader, findings: &mut Findings) {
        take!(block;
            names: queue_id;
            longs: interval_start;
            ints: entered, answered, abandoned, abandoned_short, abandoned_ringing, diverted, cleared, other, pending,
                answered_within_sl, abandoned_within_sl;
        );
        for i in 0..block.rows() {
            let parts = answered[i] + abandoned[i] + diverted[i] + cleared[i] + other[i] + pending[i];
            let of_abandoned = [abandoned_short[i], abandoned_ringing[i], abandoned_within_sl[i]];
            let holds = entered[i] == parts
                && of_abandoned.into_iter().all(|part| part <= abandoned[i])
                && answered_within_sl[i] <= answered[i];
            findings.that(Law::CohortLaw, holds, || {
                example(reader, block, i, format!("{} entered, the parts are {parts}", entered[i]))
            });
            let (start, file) = (ms(interval_start[i]), block.file(i));
            for (is_answered, count) in [(true, answered_within_sl[i]), (false, abandoned_within_sl[i])] {
                let count = i64::from(count);
                self.within.push(Within { queue: queue_id[i], start, is_cohort: true, is_answered, count, file });
            }
            let values = COHORT.iter().map(|column| number(block, column.name, i));
            self.cohort.say(key1(queue_id[i]), start, values, file);
            self.rows.say(key1(queue_id[i]), start, [1].into_iter(), file);
        }
    }

    pub(super) fn take_histogram(&mut self, block: &Block, reader: &mut Reader) {
        take!(block; names: queue_id, kind; longs: interval_start, upper_ms; ints: n;);
        let (answered, handled) = (reader.name("answered"), reader.name("handled"));
        for i in 0..block.rows() {
            let of = match kind[i] {
                k if k == answered => Of::Answered,
                k if k == handled => Of::Handled,
                _ => Of::Abandoned,
            };
            let key = (queue_id[i], ms(interval_start[i]), of, upper_ms[i]);
            let bucket = self.buckets.entry(key).or_default();
            bucket.stored += i64::from(n[i]);
            bucket.file = block.file(i);
        }
    }

    /// A leg that answered a stay entered at `entered` took `handle_ms`; whether it is over with its wrap may not be known.
    pub(super) fn handled(&mut self, queue: u32, entered: i64, handle_ms: i64, is_sure: bool) {
        let bucket = self.buckets.entry((queue, interval_of(entered), Of::Handled, upper(handle_ms))).or_default();
        if is_sure {
            bucket.derived += 1;
        } else {
            bucket.more += 1;
        }
    }

    /// Judges intervals that begin before `before`.
    pub(super) fn judge(&mut self, before: i64, reader: &Reader, findings: &mut Findings) {
        for ledger in [&mut self.period, &mut self.cohort, &mut self.rows] {
            ledger.judge(before, nothing, reader, findings);
        }
        self.judge_levels(before, reader, findings);
        self.judge_threshold(before, reader, findings);
        for wait in self.waits.iter_mut().filter(|w| !w.is_counted && interval_of(w.entered) < before) {
            wait.is_counted = true;
            let of = if wait.is_answered { Of::Answered } else { Of::Abandoned };
            let key = (wait.queue, interval_of(wait.entered), of, upper(wait.wait_ms));
            self.buckets.entry(key).or_default().derived += 1;
        }
        self.waits.retain(|wait| interval_of(wait.end) >= before);
        let due: Vec<_> = self.buckets.keys().filter(|key| key.1 < before).copied().collect();
        for key in due {
            let Some(Bucket { derived, more, stored, file }) = self.buckets.remove(&key) else { continue };
            let (kind, table) = key.2.words();
            if self.lacks.contains(&table) {
                continue;
            }
            findings.that(Law::Histogram, (derived..=derived + more).contains(&stored), || {
                let place = if file == NO_NAME { table } else { reader.text(file) };
                let (queue, start) = (reader.text(key.0), Micros(key.1 * 1000));
                let key = format!("queue_id={queue} interval_start={start} kind={kind} upper_ms={}", key.3);
                Example { place: place.to_owned(), key, what: format!("n is {stored}, details make {derived}") }
            });
        }
    }

    /// What holds at the end of all days: sums over all intervals, and queues of one run ending together.
    pub(super) fn finish(&mut self, sources: &Sources, sums: bool, reader: &Reader, findings: &mut Findings) {
        if sums {
            self.times.judge(i64::MAX, nothing, reader, findings);
        }
        let mut ends: Map<(u32, i64), i64> = Map::default();
        for last in self.last.values() {
            let end = ends.entry((last.site, sources.run_at(last.site, last.start + INTERVAL_MS))).or_insert(i64::MIN);
            *end = last.start.max(*end);
        }
        for (queue, last) in &self.last {
            let end = ends[&(last.site, sources.run_at(last.site, last.start + INTERVAL_MS))];
            findings.that(Law::QueueContinuity, end == last.start, || Example {
                place: reader.text(last.file).to_owned(),
                key: format!("queue_id={} interval_start={}", reader.text(*queue), Micros(last.start * 1000)),
                what: format!("its last interval; others of {} go on", reader.text(last.site)),
            });
        }
    }

    /// Sweeps begins and ends: what is alive at once, at least and at most, as the order within a millisecond is not known.
    fn judge_levels(&mut self, before: i64, reader: &Reader, findings: &mut Findings) {
        for (queue, marks) in &mut self.marks {
            marks.marks.sort_unstable();
            let due = marks.marks.partition_point(|(at, ..)| *at < before);
            let mut due: Vec<_> = marks.marks.drain(..due).collect();
            due.push((before, false, false));
            let mut at = 0;
            let mut starts: Vec<i64> =
                self.maxima.keys().filter(|key| key.0 == *queue && key.1 < before).map(|key| key.1).collect();
            starts.sort_unstable();
            for start in starts {
                while due[at].0 < start {
                    marks.level += if due[at].1 { -1 } else { 1 };
                    at += 1;
                }
                let (mut least, mut greatest) = (marks.level, marks.level);
                while due[at].0 < (start + INTERVAL_MS).min(before) {
                    let now = due[at].0;
                    let (mut begins, mut ends, mut points) = (0, 0, false);
                    while due[at].0 == now && at + 1 < due.len() {
                        if due[at].1 {
                            ends += 1;
                        } else {
                            begins += 1;
                            points |= !due[at].2;
                        }
                        at += 1;
                    }
                    greatest = greatest.max(marks.level + begins);
                    marks.level += begins - ends;
                    least = least.max(marks.level + i64::from(points && ends > 0 && begins > 0));
                }
                least = least.min(greatest);
                let Some((said, file)) = self.maxima.remove(&(*queue, start)) else { continue };
                findings.that(Law::QueueLevels, (least..=greatest).contains(&said), || Example {
                    place: reader.text(file).to_owned(),
                    key: format!("queue_id={} interval_start={}", reader.text(*queue), Micros(start * 1000)),
                    what: format!("in_queue_max is {said}, stays make {least} to {greatest}"),
                });
            }
            while at + 1 < due.len() {
                marks.level += if due[at].1 { -1 } else { 1 };
                at += 1;
            }
        }
        self.maxima.retain(|(_, start), _| *start >= before);
    }

    /// Narrows the threshold by every row: the n-th shortest wait was within it and the next one was not.
    fn judge_threshold(&mut self, before: i64, reader: &Reader, findings: &mut Findings) {
        let mut waits: Map<(u32, i64, bool, bool), Vec<i64>> = Map::default();
        for w in &self.waits {
            waits.entry((w.queue, interval_of(w.end), false, w.is_answered)).or_default().push(w.wait_ms);
            waits.entry((w.queue, interval_of(w.entered), true, w.is_answered)).or_default().push(w.wait_ms);
        }
        let (due, later) = std::mem::take(&mut self.within).into_iter().partition(|w| w.start < before);
        self.within = later;
        let due: Vec<Within> = due;
        // Waits that were not read would narrow it wrongly.
        for within in due.iter().filter(|_| !findings.is_partial()).collect::<Vec<_>>() {
            let mut own = waits.remove(&(within.queue, within.start, within.is_cohort, within.is_answered));
            let own = own.get_or_insert_default();
            own.sort_unstable();
            let count = usize::try_from(within.count).unwrap_or(0);
            let least = if count == 0 { 0 } else { own.get(count - 1).copied().unwrap_or(i64::MAX) };
            let below = own.get(count).copied().unwrap_or(i64::MAX);
            let both = (self.threshold.0.max(least), self.threshold.1.min(below));
            let holds = both.0 < both.1;
            findings.that(Law::Threshold, holds, || {
                let table = if within.is_cohort { "cohort" } else { "period" };
                let column = if within.is_answered { "answered_within_sl" } else { "abandoned_within_sl" };
                let (from, to) = self.threshold;
                Example {
                    place: reader.text(within.file).to_owned(),
                    key: format!(
                        "queue_id={} interval_start={}",
                        reader.text(within.queue),
                        Micros(within.start * 1000)
                    ),
                    what: format!("{table}: {column} is {count}, which no threshold from {from} to {to} ms explains"),
                }
            });
            if holds {
                self.threshold = both;
            }
        }
    }
}

/// A number of a row; null as a ledger has it.
pub(super) fn number(block: &Block, column: &str, row: usize) -> i64 {
    let at = block.table.columns.iter().position(|c| c.name == column);
    at.and_then(|at| block.number(at, row)).unwrap_or(NO_LONG)
}

/// The bucket of a wait: the greatest one in it.
fn upper(wait_ms: i64) -> i64 {
    let value = wait_ms.clamp(0, 86_400_000);
    let shift = (64 - (value | 255).leading_zeros() as i64 - 8).max(0);
    (((value >> shift) + 1) << shift) - 1
}
