//! What holds for the rows of every input, however broken it is: sums over tables that count the same thing, levels that
//! follow from entries and ends, times that partition one another.

use std::collections::{BTreeMap, HashMap, HashSet};

use callfold::model::ids::{AgentId, DnId};
use callfold::model::row::{AgentIntervalRow, AgentSessionRow, QueueIntervalRow, QueueSegmentRow};
use callfold::model::table::Type;
use callfold::model::time::{Micros, Span, TimeRange, ms_between};

use super::Run;

/// The broken invariants of a finished run, one sentence each.
pub fn broken(run: &Run) -> Vec<String> {
    let mut found = Found { run, broken: Vec::new() };
    found.counters();
    found.no_negative_number();
    found.keys();
    found.queue_levels();
    found.cohorts();
    found.segments();
    found.agent_clocks();
    found.references();
    found.coverage();
    // What is concluded after its rows are final is counted, and missing from them.
    if !run.anomalies().contains_key("booked_after_final") {
        found.queues_agree_with_segments();
        found.agent_states();
        found.agents_agree_with_sessions();
    }
    found.broken
}

struct Found<'a> {
    run: &'a Run,
    broken: Vec<String>,
}

fn is_final(status: &str) -> bool {
    status != "provisional" && status != "open"
}

/// The nine states in which a logged-in agent can be.
fn states(r: &AgentIntervalRow) -> [(&'static str, i64); 9] {
    [
        ("ready", r.ready_ms),
        ("not_ready", r.not_ready_ms),
        ("acw", r.acw_ms),
        ("ringing", r.ring_ms),
        ("talking", r.talk_ms),
        ("held", r.hold_ms),
        ("dialing", r.dial_ms),
        ("busy", r.busy_ms),
        ("unknown", r.unknown_ms),
    ]
}

fn session_states(r: &AgentSessionRow) -> [i64; 9] {
    [r.ready_ms, r.not_ready_ms, r.acw_ms, r.ring_ms, r.talk_ms, r.hold_ms, r.dial_ms, r.busy_ms, r.unknown_ms]
}

impl<'a> Found<'a> {
    /// What counts as seen of an interval is the time of its switch's sessions in it.
    fn coverage(&mut self) {
        let until = self.run.partition.now();
        for row in self.run.rows.queue_interval.iter().filter(|r| is_final(r.status)) {
            let range = TimeRange { start: row.interval_start, end: row.interval_start + Span::from_mins(15) };
            let sessions = self.run.rows.source_session.iter().filter(|s| s.source_id == row.site_id);
            let seen: i64 =
                sessions.map(|s| range.overlap_ms(s.connected_at, s.disconnected_at.unwrap_or(until))).sum();
            let queue = self.dn(row.queue_id);
            self.equal(i64::from(row.coverage_ms), seen, || format!("{queue} at {}: coverage", row.interval_start.0));
        }
    }

    fn expect(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds && self.broken.len() < 40 {
            self.broken.push(sentence());
        }
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, left: T, right: T, what: impl FnOnce() -> String) {
        let holds = left == right;
        self.expect(holds, || format!("{}: {left:?} is not {right:?}", what()));
    }

    fn dn(&self, dn: DnId) -> String {
        self.run.partition.names().dn_text(dn)
    }

    fn agent(&self, agent: AgentId) -> &'a str {
        self.run.partition.names().agent_id(agent)
    }

    fn counters(&mut self) {
        let counters = self.run.partition.counters();
        self.equal(counters.violations, 0, || "the program found its own invariants broken".to_owned());
    }

    fn no_negative_number(&mut self) {
        for sheet in self.run.sheets().iter() {
            for (i, column) in sheet.table.columns.iter().enumerate() {
                if !matches!(column.ty, Type::Long | Type::Int) {
                    continue;
                }
                for row in &sheet.rows {
                    let negative = row[i].as_ref().is_some_and(|cell| cell.starts_with('-'));
                    self.expect(!negative, || format!("{}.{} is {:?}", sheet.table.name, column.name, row[i]));
                }
            }
        }
    }

    fn keys(&mut self) {
        for sheet in self.run.sheets().iter() {
            let key: Vec<usize> = sheet.table.key.iter().map(|name| sheet.column(name)).collect();
            let status = sheet.table.columns.iter().position(|c| c.name == "status");
            let mut seen = HashSet::new();
            for row in &sheet.rows {
                if status.is_some_and(|s| !row[s].as_deref().is_some_and(is_final)) {
                    continue;
                }
                let value: Vec<&Option<String>> = key.iter().map(|i| &row[*i]).collect();
                let text = format!("{value:?}");
                let new = seen.insert(value);
                self.expect(new, || format!("{} has the key {text} twice", sheet.table.name));
            }
        }
    }

    fn final_queue_rows(&self) -> BTreeMap<u32, Vec<&'a QueueIntervalRow>> {
        let mut by_queue: BTreeMap<u32, Vec<&'a QueueIntervalRow>> = BTreeMap::new();
        for row in self.run.rows.queue_interval.iter().filter(|r| is_final(r.status)) {
            by_queue.entry(row.queue_id.0).or_default().push(row);
        }
        by_queue.values_mut().for_each(|rows| rows.sort_by_key(|r| r.interval_start));
        by_queue
    }

    fn queue_levels(&mut self) {
        for rows in self.final_queue_rows().values() {
            let mut before: Option<&QueueIntervalRow> = None;
            for r in rows {
                let at = format!("{} at {}", self.dn(r.queue_id), r.interval_start.0);
                let left = r.answered + r.abandoned + r.diverted_out + r.cleared + r.other + r.in_queue_end;
                self.equal(r.in_queue_start + r.entered, left, || format!("{at}: entries and ends"));
                let peak = r.in_queue_max >= r.in_queue_start.max(r.in_queue_end);
                self.expect(peak, || format!("{at}: the greatest level is below the first or last"));
                let possible = r.in_queue_max <= r.in_queue_start + r.entered;
                self.expect(possible, || format!("{at}: the greatest level is above what entered"));
                self.expect(r.answered_within_sl <= r.answered, || format!("{at}: answered within service level"));
                self.expect(r.abandoned_short <= r.abandoned, || format!("{at}: short abandons"));
                self.expect(r.abandoned_ringing <= r.abandoned, || format!("{at}: abandoned ringing"));
                self.expect(r.abandoned_within_sl <= r.abandoned, || format!("{at}: abandoned within service level"));
                self.expect(r.agents_ready_ms <= r.agents_staffed_ms, || format!("{at}: ready above staffed"));
                self.expect(r.coverage_ms <= r.interval_ms, || format!("{at}: coverage"));
                self.equal(r.wait_answered_max_ms.is_some(), r.answered > 0, || format!("{at}: longest answered"));
                self.equal(r.wait_abandoned_max_ms.is_some(), r.abandoned > 0, || format!("{at}: longest abandoned"));
                self.equal(r.longest_wait_ms_at_end.is_some(), r.in_queue_end > 0, || format!("{at}: longest wait"));
                self.expect(r.wait_answered_max_ms.unwrap_or(0) <= r.wait_answered_ms, || {
                    format!("{at}: max above sum")
                });
                match before {
                    Some(b) => {
                        self.equal(b.in_queue_end, r.in_queue_start, || format!("{at}: level between intervals"));
                        let next = b.interval_start.0 + i64::from(b.interval_ms) * 1000;
                        self.equal(r.interval_start.0, next, || format!("{at}: a row is missing before"));
                    }
                    None => self.equal(r.in_queue_start, 0, || format!("{at}: level before the first event")),
                }
                before = Some(r);
            }
        }
    }

    fn cohorts(&mut self) {
        let run = self.run;
        let mut waits: HashMap<(u32, i64, &str), i32> = HashMap::new();
        for r in run.rows.queue_wait_hist.iter().filter(|r| is_final(r.status)) {
            *waits.entry((r.queue_id.0, r.interval_start.0, r.kind)).or_default() += r.n;
        }
        let period: HashMap<(u32, i64), i32> = (run.rows.queue_interval.iter().filter(|r| is_final(r.status)))
            .map(|r| ((r.queue_id.0, r.interval_start.0), r.entered))
            .collect();
        let mut cohorts = 0;
        for r in run.rows.queue_cohort_interval.iter().filter(|r| is_final(r.status)) {
            cohorts += 1;
            let at = format!("cohort of {} at {}", self.dn(r.queue_id), r.interval_start.0);
            let left = r.answered + r.abandoned + r.diverted + r.cleared + r.other + r.pending;
            self.equal(r.entered, left, || format!("{at}: entries and ends"));
            let entered = period.get(&(r.queue_id.0, r.interval_start.0)).copied();
            self.equal(entered, Some(r.entered), || format!("{at}: entered in the period row"));
            for (kind, n) in [("answered", r.answered), ("abandoned", r.abandoned)] {
                let counted = waits.remove(&(r.queue_id.0, r.interval_start.0, kind)).unwrap_or(0);
                self.equal(counted, n, || format!("{at}: waits of the {kind} in the histogram"));
            }
        }
        let mut handles: HashMap<u32, i32> = HashMap::new();
        for r in run.rows.queue_handle_hist.iter().filter(|r| is_final(r.status)) {
            *handles.entry(r.queue_id.0).or_default() += r.n;
        }
        let mut handled: HashMap<u32, i32> = HashMap::new();
        for r in run.rows.queue_interval.iter().filter(|r| is_final(r.status)) {
            *handled.entry(r.queue_id.0).or_default() += r.handled;
        }
        for (queue, n) in handled {
            self.equal(handles.remove(&queue).unwrap_or(0), n, || format!("handle times of queue {queue}"));
        }
        self.equal(cohorts, period.len(), || "cohort rows beside queue rows".to_owned());
        self.expect(waits.is_empty(), || format!("histograms without a cohort row: {waits:?}"));
    }

    fn queues_agree_with_segments(&mut self) {
        let run = self.run;
        let mut segments: HashMap<u32, Vec<&QueueSegmentRow>> = HashMap::new();
        for s in &run.rows.queue_segment {
            segments.entry(s.queue_id.0).or_default().push(s);
        }
        for (queue, rows) in self.final_queue_rows() {
            let name = self.dn(DnId(queue));
            let stays = segments.remove(&queue).unwrap_or_default();
            let count = |words: &[&str]| stays.iter().filter(|s| words.contains(&s.outcome)).count() as i64;
            let sum = |f: &dyn Fn(&QueueIntervalRow) -> i64| rows.iter().map(|r| f(r)).sum::<i64>();
            let total = |f: &dyn Fn(&QueueSegmentRow) -> i64| stays.iter().map(|s| f(s)).sum::<i64>();
            let wait_of = |words: &'static [&str]| {
                total(&|s: &QueueSegmentRow| if words.contains(&s.outcome) { s.wait_ms } else { 0 })
            };
            const ABANDONED: &[&str] = &["abandoned_queue", "abandoned_ring"];
            let pairs = [
                ("entered", sum(&|r| r.entered.into()), stays.len() as i64),
                ("answered", sum(&|r| r.answered.into()), count(&["answered"])),
                ("abandoned", sum(&|r| r.abandoned.into()), count(ABANDONED)),
                ("abandoned_ringing", sum(&|r| r.abandoned_ringing.into()), count(&["abandoned_ring"])),
                ("diverted_out", sum(&|r| r.diverted_out.into()), count(&["diverted"])),
                ("cleared", sum(&|r| r.cleared.into()), count(&["cleared", "routed_elsewhere"])),
                ("other", sum(&|r| r.other.into()), count(&["no_answer_returned", "unknown"])),
                ("in_queue_end", rows.last().map_or(0, |r| r.in_queue_end.into()), count(&["pending"])),
                ("abandoned_short", sum(&|r| r.abandoned_short.into()), total(&|s| s.is_short_abandon.into())),
                ("queue_ms", sum(&|r| r.queue_ms), total(&|s| s.queue_ms)),
                ("ring_ms", sum(&|r| r.ring_ms), total(&|s| s.ring_ms)),
                ("wait_answered_ms", sum(&|r| r.wait_answered_ms), wait_of(&["answered"])),
                ("wait_abandoned_ms", sum(&|r| r.wait_abandoned_ms), wait_of(ABANDONED)),
            ];
            for (what, in_rows, in_segments) in pairs {
                self.equal(in_rows, in_segments, || format!("{name}: {what} in intervals and in segments"));
            }
            let cohorts = run.rows.queue_cohort_interval.iter();
            let (mut talk, mut hold, mut acw) = (0, 0, 0);
            for c in cohorts.filter(|c| c.queue_id.0 == queue && is_final(c.status)) {
                (talk, hold, acw) = (talk + c.talk_ms, hold + c.hold_ms, acw + c.acw_ms);
            }
            self.equal(sum(&|r| r.talk_ms), talk, || format!("{name}: talk_ms in period and cohort"));
            self.equal(sum(&|r| r.hold_ms), hold, || format!("{name}: hold_ms in period and cohort"));
            self.equal(sum(&|r| r.acw_ms), acw, || format!("{name}: acw_ms in period and cohort"));
        }
        self.expect(segments.is_empty(), || format!("segments on queues without rows: {:?}", segments.keys()));
    }

    fn segments(&mut self) {
        let last = self.run.partition.now();
        for s in &self.run.rows.queue_segment {
            let at = format!("stay on {} at {}", self.dn(s.queue_id), s.entered_at.0);
            self.equal(s.wait_ms, s.queue_ms + s.ring_ms, || format!("{at}: wait is queue and ring"));
            self.equal(s.answered_at.is_some(), s.outcome == "answered", || format!("{at}: answered_at"));
            self.expect(s.left_at.is_none_or(|l| l >= s.entered_at), || format!("{at}: left before it entered"));
        }
        for l in &self.run.rows.handling_segment {
            let at = format!("leg on {} at {}", self.dn(l.resource_id), l.offered_at.0);
            let end = l.released_at.unwrap_or(last);
            let parts = l.ring_ms + l.dial_ms + l.talk_ms + l.consult_ms + l.hold_ms;
            self.equal(parts, ms_between(l.offered_at, end), || format!("{at}: parts of the leg"));
            self.equal(l.result.is_some(), l.released_at.is_some(), || format!("{at}: result of a released leg"));
            self.expect(l.answered_at.is_none_or(|a| a >= l.offered_at && a <= end), || format!("{at}: answer"));
            let wrapped = l.acw_ms > 0;
            self.expect(!wrapped || l.answered_at.is_some(), || format!("{at}: after-call work without an answer"));
        }
    }

    fn agent_clocks(&mut self) {
        let run = self.run;
        let mut reasons: HashMap<(u32, i64, &str), i64> = HashMap::new();
        for r in run.rows.agent_reason_interval.iter().filter(|r| is_final(r.status)) {
            *reasons.entry((r.agent_id.0, r.interval_start.0, r.state)).or_default() += r.ms;
        }
        for r in run.rows.agent_interval.iter().filter(|r| is_final(r.status)) {
            let at = format!("{} at {}", self.agent(r.agent_id), r.interval_start.0);
            let sum: i64 = states(r).iter().map(|s| s.1).sum();
            self.equal(sum, r.logged_in_ms, || format!("{at}: the states add up to the logged-in time"));
            self.expect(r.logged_in_ms <= i64::from(r.interval_ms), || format!("{at}: more than an interval"));
            self.expect(r.dnd_ms <= r.logged_in_ms, || format!("{at}: do-not-disturb beyond the login"));
            let typed = r.talk_inbound_ms + r.talk_outbound_ms + r.talk_internal_ms + r.talk_consult_ms;
            self.expect(typed <= r.talk_ms, || format!("{at}: talk by call type above talk"));
            for (state, ms) in [("not_ready", r.not_ready_ms), ("acw", r.acw_ms)] {
                let by_reason = reasons.remove(&(r.agent_id.0, r.interval_start.0, state)).unwrap_or(0);
                self.equal(by_reason, ms, || format!("{at}: reasons add up to {state}"));
            }
        }
        reasons.retain(|_, ms| *ms != 0);
        self.expect(reasons.is_empty(), || format!("reasons without an agent row: {reasons:?}"));
    }

    fn agent_states(&mut self) {
        let run = self.run;
        let mut rows: Vec<_> = run.rows.agent_state.iter().collect();
        rows.sort_by_key(|r| (r.agent_id.0, r.agent_session_id.logged_in_at, r.seq));
        let mut previous: Option<&callfold::model::row::AgentStateRow> = None;
        for r in &rows {
            let at = format!("state {} of {} at {}", r.seq, self.agent(r.agent_id), r.started_at.0);
            self.expect(r.ended_at > r.started_at, || format!("{at}: an empty stretch"));
            self.equal(r.duration_ms, ms_between(r.started_at, r.ended_at), || format!("{at}: duration"));
            match previous.filter(|p| p.agent_session_id == r.agent_session_id) {
                Some(p) => {
                    self.equal(r.started_at, p.ended_at, || format!("{at}: the stretch before ended elsewhere"));
                    self.equal(r.seq, p.seq + 1, || format!("{at}: sequence"));
                    let same = (p.state, p.call_type, p.reason_key, p.reason_code)
                        == (r.state, r.call_type, r.reason_key, r.reason_code);
                    self.expect(!same, || format!("{at}: the same as the stretch before"));
                }
                None => self.equal(r.seq, 1, || format!("{at}: the session's first stretch")),
            }
            previous = Some(r);
        }
        let entries: i32 =
            run.rows.agent_reason_interval.iter().filter(|r| is_final(r.status)).map(|r| r.entries).sum();
        let begun = rows.iter().filter(|r| matches!(r.state, "not_ready" | "acw")).count();
        self.equal(entries, begun as i32, || "reason entries and agent_state rows".to_owned());
    }

    fn agents_agree_with_sessions(&mut self) {
        let run = self.run;
        // Milliseconds by state: in intervals, in sessions, in stretches.
        type Sums = ([i64; 9], [i64; 9], [i64; 9]);
        let mut by_agent: BTreeMap<u32, Sums> = BTreeMap::new();
        for r in run.rows.agent_interval.iter().filter(|r| is_final(r.status)) {
            let sums = &mut by_agent.entry(r.agent_id.0).or_default().0;
            states(r).iter().zip(sums).for_each(|((_, ms), sum)| *sum += ms);
        }
        for r in &run.rows.agent_session {
            let sums = &mut by_agent.entry(r.agent_id.0).or_default().1;
            session_states(r).iter().zip(sums).for_each(|(ms, sum)| *sum += ms);
            let parts: i64 = session_states(r).iter().sum();
            let at = format!("session of {} at {}", self.agent(r.agent_id), r.logged_in_at.0);
            self.equal(parts, r.duration_ms, || format!("{at}: parts and duration"));
            let end = r.logged_out_at.unwrap_or(run.partition.now());
            self.equal(r.duration_ms, ms_between(r.logged_in_at, end), || format!("{at}: begin and end"));
        }
        let words = ["ready", "not_ready", "acw", "ringing", "talking", "held", "dialing", "busy", "unknown"];
        for r in &run.rows.agent_state {
            let place = words.iter().position(|w| *w == r.state).expect("every state has a word");
            by_agent.entry(r.agent_id.0).or_default().2[place] += r.duration_ms;
        }
        for (agent, (intervals, sessions, stretches)) in by_agent {
            let name = self.agent(AgentId(agent));
            self.equal(intervals, sessions, || format!("{name}: states in intervals and in sessions"));
            self.equal(intervals, stretches, || format!("{name}: states in intervals and in agent_state"));
        }
    }

    fn references(&mut self) {
        let run = self.run;
        let legs: HashMap<(u128, u32, Micros), &callfold::model::row::HandlingSegmentRow> = run
            .rows
            .handling_segment
            .iter()
            .map(|l| (l.handling_segment_id, l))
            .map(|(k, l)| ((k.call.0, k.dn.0, k.offered_at), l))
            .collect();
        let calls: HashSet<u128> = run.rows.call.iter().map(|c| c.call_id.0).collect();
        for s in &run.rows.queue_segment {
            let at = format!("stay on {} at {}", self.dn(s.queue_id), s.entered_at.0);
            self.expect(calls.contains(&s.call_id.0), || format!("{at}: its call has no row"));
            let leg = s.handling_segment_id.map(|k| legs.get(&(k.call.0, k.dn.0, k.offered_at)).copied());
            self.expect(leg != Some(None), || format!("{at}: its leg has no row"));
            if s.outcome == "answered" {
                let answered = leg.flatten().and_then(|l| l.answered_at);
                self.equal(answered, s.answered_at, || format!("{at}: answered by its leg"));
            }
        }
        for l in &run.rows.handling_segment {
            let at = format!("leg on {} at {}", self.dn(l.resource_id), l.offered_at.0);
            self.expect(calls.contains(&l.call_id.0), || format!("{at}: its call has no row"));
        }
    }
}
