//! When switches were listened to, and whether interval rows say so.
//!
//! In: `source_session`, and the coverage of rows. Keeps every session of the tenant: there are few.

use super::finding::{Findings, example};
use super::law::Law;
use super::{Map, ms, take};
use crate::sink::{Block, NO_LONG, NO_NAME, Reader};

/// Sessions of the sources of a tenant.
#[derive(Default)]
pub(super) struct Sources {
    /// By source: begin and end in milliseconds.
    sessions: Map<u32, Vec<(i64, i64)>>,
    /// By source: begins of listening without a memory of before.
    firsts: Map<u32, Vec<i64>>,
    /// Whether the last session of each may go on, without a row.
    are_open: bool,
}

impl Sources {
    /// Nothing known yet.
    pub(super) fn new(are_open: bool) -> Self {
        Self { are_open, ..Self::default() }
    }

    pub(super) fn take(&mut self, block: &Block, reader: &mut Reader, findings: &mut Findings) {
        take!(block;
            names: source_id, connect_kind, how_ended;
            longs: session_epoch, connected_at, disconnected_at, first_event_time, last_event_time, duration_ms, event_count;
        );
        let first = reader.name("first");
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| (source_id[i], connected_at[i]));
        for i in order {
            let sessions = self.sessions.entry(source_id[i]).or_default();
            let end = ms(connected_at[i]) + duration_ms[i];
            let is_open = disconnected_at[i] == NO_LONG;
            let overlaps = sessions.last().is_some_and(|(_, before)| *before > ms(connected_at[i]));
            let is_right = session_epoch[i] == connected_at[i]
                && (is_open || ms(disconnected_at[i]) == end)
                && connected_at[i] <= first_event_time[i]
                && first_event_time[i] <= last_event_time[i]
                && ms(last_event_time[i]) <= end
                && event_count[i] > 0
                && is_open == (how_ended[i] == NO_NAME);
            findings.that(Law::SourceSessions, is_right && !overlaps, || {
                let what = if overlaps { "overlaps the session before" } else { "its instants do not fit one another" };
                example(reader, block, i, what)
            });
            sessions.push((ms(connected_at[i]), end));
            if connect_kind[i] == first {
                self.firsts.entry(source_id[i]).or_default().push(ms(connected_at[i]));
            }
        }
    }

    /// Milliseconds of `[start, end)` in which a source was listened to.
    fn seen(&self, source: u32, start: i64, end: i64) -> i64 {
        let sessions = self.sessions.get(&source).map_or(&[][..], Vec::as_slice);
        sessions.iter().map(|&(from, to)| (to.min(end) - from.max(start)).max(0)).sum()
    }

    /// End of the last session that has a row.
    fn last_end(&self, source: u32) -> i64 {
        let sessions = self.sessions.get(&source).map_or(&[][..], Vec::as_slice);
        sessions.iter().map(|(_, end)| *end).max().unwrap_or(i64::MIN)
    }

    /// The latest begin of a run of the program over a source at or before `at`; the run itself when there is none.
    pub(super) fn run_at(&self, source: u32, at: i64) -> i64 {
        let firsts = self.firsts.get(&source).map_or(&[][..], Vec::as_slice);
        firsts.iter().copied().take_while(|first| *first < at).last().unwrap_or(i64::MIN)
    }

    /// Compares the coverage of every interval row with the sessions: of its own switch, else of some switch.
    pub(super) fn coverage(&self, block: &Block, reader: &Reader, findings: &mut Findings) {
        take!(block; longs: interval_start; ints: interval_ms, coverage_ms;);
        let sites = block.has("site_id").then(|| block.names("site_id"));
        for i in 0..block.rows() {
            let (start, length) = (ms(interval_start[i]), i64::from(interval_ms[i]));
            let is_seen = |source: u32| {
                let goes_on = self.are_open && self.last_end(source) < start + length;
                goes_on || self.seen(source, start, start + length) == i64::from(coverage_ms[i])
            };
            let holds = match sites {
                Some(sites) => is_seen(sites[i]),
                // A source whose first session goes on is not known at all.
                None => {
                    self.sessions.keys().any(|source| is_seen(*source)) || (self.are_open && self.sessions.is_empty())
                }
            };
            findings.that(Law::Coverage, holds, || {
                let seen = |source: u32| self.seen(source, start, start + length).to_string();
                let seen = match sites {
                    Some(sites) => seen(sites[i]),
                    None => self.sessions.keys().map(|source| seen(*source)).collect::<Vec<_>>().join(" or "),
                };
                example(reader, block, i, format!("coverage_ms is {}, sessions make {seen}", coverage_ms[i]))
            });
        }
    }
}
