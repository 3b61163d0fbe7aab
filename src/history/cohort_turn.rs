//! When rows of cohorts leave: provisional with their interval, once an interval while calls go on, final when all are over,
//! revised for a while.
//!
//! In: sets of cohorts, and event time. Out: closings. Refuses to know what a cohort counts.

use super::cohort::{CohortSet, Stamp};
use super::end::Ending;
use super::interval::{About, Directory, INTERVAL, Intervals};
use crate::model::time::{Micros, Span, TimeRange};
use crate::stats::board::Board;

/// How long provisional rows of cohorts rest between two times that they leave: a little less than from grace to grace.
const REST: Span = Span::from_mins(14);

/// Why cohorts are looked through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion {
    /// The input ends.
    pub ending: Option<Ending>,
    /// Corrections leave.
    pub revises: bool,
}

impl Intervals {
    /// Cohorts: provisional with their interval where that is wanted, final once everything that entered is over, then
    /// revised for a while.
    pub(super) fn hand_out_cohorts(&mut self, now: Micros, board: &Board, names: &impl Directory, occasion: Occasion) {
        self.cohorts.settle();
        let policy = self.policy;
        let Occasion { ending, revises } = occasion;
        let last = ending.is_some();
        self.cohorts.is_revived &= !(revises || last);
        let mut sets = std::mem::take(&mut self.cohorts.sets);
        // Dense rows: an interval in which nobody entered has a set, too.
        sets.retain(|start, set| {
            let end = *start + INTERVAL;
            if set.is_final() {
                let joined = board.queues.get(set.queues..).is_some_and(|q| q.iter().any(|q| q.first_seen < end));
                if (revises || last) && (set.changed || joined) {
                    set.revision += 1;
                    set.changed = false;
                    set.status = Some("revised");
                    set.queues = board.queues.len();
                    self.write_cohorts(*start, set, now, now, board, names);
                }
                let stays = !last && (end + policy.grace + policy.revise_for >= now || !set.is_complete());
                if !stays {
                    self.cohorts.left(*start);
                }
                return stays;
            }
            let is_final = last || end + policy.grace < now && set.is_complete();
            let is_due = policy.provisional && end + policy.settle < now;
            // What goes on for hours changes with every call that ends; its rows leave again once an interval.
            let goes_on =
                set.status == Some("provisional") && set.changed && end + policy.grace < now && set.rests_until < now;
            if is_final || is_due && set.status.is_none() || goes_on {
                if goes_on {
                    set.rests_until = now + REST;
                }
                set.revision += 1;
                set.changed = false;
                set.status = Some(match ending {
                    Some(ending) => ending.status(*start, set.is_complete()),
                    None if is_final => "final",
                    None => "provisional",
                });
                let nominal = end + if is_final { policy.grace } else { policy.settle };
                // Of two times that rows leave, the later says so: who merges them goes by it.
                let nominal = if set.revision > 1 { nominal.max(now) } else { nominal };
                let written_at = if last { nominal.min(now) } else { nominal };
                self.write_cohorts(*start, set, written_at, now, board, names);
            }
            let stays = !is_final || policy.revise_for.0 > 0 && !last;
            if !stays {
                self.cohorts.left(*start);
            } else if is_final {
                set.queues = board.queues.len();
            }
            stays
        });
        self.cohorts.sets = sets;
    }

    fn write_cohorts(
        &mut self,
        start: Micros,
        set: &CohortSet,
        written_at: Micros,
        now: Micros,
        board: &Board,
        names: &impl Directory,
    ) {
        let stamp = Stamp {
            start,
            status: set.status.unwrap_or("final"),
            revision: set.revision,
            definition_version: self.policy.definition_version,
            written_at,
        };
        let range = TimeRange { start, end: start + INTERVAL };
        let mut queues = Vec::with_capacity(board.queues.len());
        for (slot, queue) in board.queues.iter().enumerate().filter(|(_, queue)| queue.first_seen < range.end) {
            let switch = names.dn_switch(queue.dn);
            let coverage_ms = self.coverage.get(switch.index()).map_or(0, |c| c.ms(range, now));
            queues.push((slot, queue.dn, About { switch, kind: names.queue_kind(queue.dn), coverage_ms }));
        }
        self.closings.cohorts.push(set.close(stamp, queues));
    }
}
