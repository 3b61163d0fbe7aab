//! The end of a finite input, and the end of what was lost: rows of everything that is still open.
//!
//! At the end nothing is waited for any more and open stretches count up to the last event. A call of which nothing was
//! heard for too long is ended at its last event, never at "now".

use super::anomaly::Anomaly;
use super::call::Call;
use super::offer::credits_of;
use super::party::{Credit, PartyState};
use super::slab::{Ix, NIL};
use super::stay::StayState;
use super::world::World;
use super::wrap::Wrap;
use crate::model::action::{Action, Durable, Outcome};
use crate::model::ids::AgentId;
use crate::model::row::HandlingSegmentRow;
use crate::model::time::{Micros, ms_between};

impl World {
    /// Takes every open decision and writes the rows of everything open, cut at `until`. The world is of no use after.
    pub fn cut(&mut self, until: Micros) {
        self.now = self.now.max(until);
        self.settle_all();
        self.cut_agents(until);
        self.cut_sources(until);
        for ix in self.sorted_calls(|_| true) {
            self.cut_stays(ix, until);
            self.cut_parties(ix, until);
            let call = &self.calls[ix];
            let ended = call.ended();
            let row = self.call_row(ix, ended, ended.unwrap_or(until));
            self.out.calls.push(row);
            self.leave_contact(ix, ended, ended.unwrap_or(until));
            self.write_late_route(ix);
            self.write_data(ix, ended);
        }
    }

    /// Calls in order of their start, so that rows do not depend on the table's layout.
    fn sorted_calls(&self, wanted: impl Fn(&Call) -> bool) -> Vec<Ix> {
        let mut calls: Vec<Ix> = self.live_calls().filter(|ix| wanted(&self.calls[*ix])).collect();
        calls.sort_unstable_by_key(|ix| (self.calls[*ix].started_at, self.calls[*ix].id));
        calls
    }

    fn cut_agents(&mut self, until: Micros) {
        for i in 0..self.agents.len() {
            let agent = AgentId(i as u32);
            if let Some(wrap) = self.agents[i].wrap {
                self.cut_wrap(agent, wrap, until);
            }
            if self.agents[i].session.is_some() {
                self.stop_clock(agent, until, false);
                let row = self.session_row(agent, until, None);
                self.out.sessions.extend(row);
                for dn in self.agents[i].dns.clone() {
                    for queue in 0..self.devices[dn.index()].login.queues.len() {
                        self.write_login(dn, Some(queue), until, None);
                    }
                    self.write_login(dn, None, until, None);
                }
            } else {
                self.write_stretch_before(agent);
            }
        }
    }

    /// A wrap that goes on: its leg is written with the after-call work so far.
    fn cut_wrap(&mut self, agent: AgentId, ix: Ix, until: Micros) {
        if self.wraps[ix].stretch_since.is_none_or(|since| since >= until) {
            self.finish_wrap(ix);
            return;
        }
        let wrap = self.wraps[ix];
        let mut row = self.leg_row(wrap.party, Some(&wrap));
        if let Some(since) = wrap.stretch_since.filter(|since| *since < until) {
            let ms = ms_between(since, until);
            row.acw_started_at.get_or_insert(since);
            row.acw_ended_at = None;
            row.acw_ms += ms;
            self.trail_wrapped(wrap.party, wrap.call, (since, until), true);
            for on in self.queues_of(wrap.party, agent).into_iter().flatten() {
                self.out.push(Action::LegAccrued { on, what: Durable::AfterCallWork, ms });
            }
        }
        let wrap = Wrap { acw_ms: row.acw_ms, ..wrap };
        self.tally_wrap(&wrap);
        self.out.legs.push(HandlingSegmentRow { is_complete: false, ..row });
        let part = self.wrapped_part(&wrap);
        self.out.parties.push(part);
    }

    fn cut_stays(&mut self, call: Ix, until: Micros) {
        let mut ix = self.calls[call].stays;
        while ix != NIL {
            let left_at = match self.stays[ix].state {
                StayState::Offered(_) => self.stays[ix].left_at,
                StayState::Waiting | StayState::Left | StayState::Returned => None,
            };
            self.cut_treatment(ix, left_at.unwrap_or(until));
            let row = self.stay_row(ix, Outcome::Pending, left_at, until, AgentId::NONE);
            self.out.stays.push(row);
            self.tally_stay(ix, Outcome::Pending, until);
            self.cut_route(ix, until);
            self.write_queue_party(ix, Outcome::Pending, left_at.unwrap_or(until));
            let stay = &self.stays[ix];
            self.out.push(Action::StayEnded {
                queue: stay.queue,
                entered_at: stay.key.entered_at,
                left_at: left_at.unwrap_or(until),
                ended_at: until,
                order: self.order,
                outcome: Outcome::Pending,
            });
            ix = self.stays[ix].next_in_call;
        }
    }

    fn cut_parties(&mut self, call: Ix, until: Micros) {
        let mut ix = self.calls[call].parties;
        while ix != NIL {
            if self.parties[ix].is_open() {
                self.cut_party(ix, until);
            }
            ix = self.parties[ix].next_in_call;
        }
    }

    fn cut_party(&mut self, ix: Ix, until: Micros) {
        self.parties[ix].accrue(until);
        let (state, observer) = (self.parties[ix].state, self.parties[ix].observer);
        self.write_part(ix, until, None, state.word());
        if observer {
            return;
        }
        if state == PartyState::Alerting {
            let place = |c: &Credit| (c.key.queue, c.key.entered_at);
            let open = credits_of(&self.credits, &self.parties[ix]).filter(|c| c.stay != NIL);
            for (queue, entered_at) in open.map(place).collect::<Vec<_>>() {
                self.offer_over(queue, entered_at, ix, until);
            }
        }
        let what = match state {
            PartyState::Connected => Some(Durable::CallTalk),
            PartyState::Held => Some(Durable::CallOnHold),
            _ => None,
        };
        if let Some(what) = what {
            let party = &self.parties[ix];
            let ms = ms_between(party.phase_since, until);
            for on in self.queues_of(ix, party.leg_agent).into_iter().flatten() {
                self.out.push(Action::LegAccrued { on, what, ms });
            }
        }
        self.tally_leg(ix, None);
        let row = self.leg_row(ix, None);
        self.out.legs.push(row);
    }

    /// Ends every call of which nothing was heard since `now` minus the stuck limit.
    pub fn sweep(&mut self, now: Micros) {
        if now <= self.sweep_at {
            return;
        }
        let limit = now - self.patience.stuck;
        for ix in self.sorted_calls(|c| c.last_event_at < limit && (c.open > 0 || c.open_virtual > 0)) {
            self.out.odd(Anomaly::CallStuck);
            let at = self.calls[ix].last_event_at;
            self.lose_call(ix, at);
        }
        // Looking through all calls takes long, so it is done when one of them may have been silent for long enough.
        let oldest = self.live_calls().map(|ix| self.calls[ix].last_event_at).filter(|at| *at >= limit).min();
        self.sweep_at = oldest.unwrap_or(now) + self.patience.stuck;
    }

    fn lose_call(&mut self, call: Ix, at: Micros) {
        self.calls[call].lost = true;
        self.end_attempt(call, at);
        while self.calls[call].stays != NIL {
            let ix = self.calls[call].stays;
            self.lose_stay(ix, at);
        }
        let mut ix = self.calls[call].parties;
        while ix != NIL {
            let next = self.parties[ix].next_in_call;
            if self.parties[ix].is_open() {
                self.lose_party(ix, at);
            }
            ix = next;
        }
    }
}
