//! Two people talk, until the call ends or something comes between.

use super::agenda::Act;
use super::floor::{Floor, More};
use super::state::{Call, Incident, NOBODY, Place};
use crate::model::tevent::CallType;
use crate::model::time::Span;

/// Incidents in one call at most; bounds its story.
const INCIDENTS_MAX: u8 = 4;

impl Floor {
    /// Plans the next stretch of talk, and what will end it.
    pub(super) fn talk_on(&mut self, ix: u32) {
        let incident = self.draw_incident(ix);
        let remaining = self.call(ix).remaining;
        let stretch = if incident == Incident::End {
            remaining
        } else {
            Span((remaining.0 as f64 * (0.15 + 0.7 * self.random.unit())) as i64)
        };
        let call = self.call_mut(ix);
        call.incident = incident;
        call.remaining = Span(remaining.0 - stretch.0);
        self.plan(ix, stretch, Act::Talk);
    }

    fn draw_incident(&mut self, ix: u32) -> Incident {
        let mix = self.scenario.mix;
        let Call { incidents, kind, .. } = *self.call(ix);
        if incidents >= INCIDENTS_MAX {
            return Incident::End;
        }
        let mut left = self.random.unit();
        if kind != CallType::Inbound {
            return if left < mix.hold { Incident::Hold } else { Incident::End };
        }
        let table = [
            (mix.hold, Incident::Hold),
            (mix.transfer * 0.75, Incident::Transfer),
            (mix.transfer * 0.25, Incident::BlindTransfer),
            (mix.consult * 0.75, Incident::Consult),
            (mix.consult * 0.25, Incident::ConsultUnanswered),
            (mix.single_step_transfer * 0.6, Incident::StepTransfer),
            (mix.single_step_transfer * 0.4, Incident::StepQueueTransfer),
            (mix.queue_transfer, Incident::QueueTransfer),
            (mix.conference, Incident::Conference),
            (mix.single_step_conference, Incident::StepConference),
        ];
        for (probability, incident) in table {
            if left < probability {
                return incident;
            }
            left -= probability;
        }
        Incident::End
    }

    /// A stretch of talk is over.
    pub(super) fn talk(&mut self, ix: u32) {
        let call = self.call_mut(ix);
        call.incidents += 1;
        match call.incident {
            Incident::End => self.finish(ix),
            Incident::Hold => self.hold(ix),
            Incident::Transfer
            | Incident::BlindTransfer
            | Incident::Consult
            | Incident::ConsultUnanswered
            | Incident::Conference => self.consult_colleague(ix),
            Incident::QueueTransfer => self.consult_queue(ix),
            Incident::StepTransfer => self.step_to_colleague(ix),
            Incident::StepQueueTransfer => self.step_to_queue(ix),
            Incident::StepConference => self.step_conference(ix),
        }
    }

    fn hold(&mut self, ix: u32) {
        let leg = self.call(ix).agent;
        self.say("EventHeld", ix, Place::Phone(leg), More::NONE);
        if self.random.chance(0.02) {
            let after = self.millis(5000, 60_000);
            self.plan(ix, after, Act::Drop);
        } else {
            let after = self.millis(6000, 54_000);
            self.plan(ix, after, Act::Retrieve);
        }
    }

    pub(super) fn retrieve(&mut self, ix: u32) {
        let leg = self.call(ix).agent;
        self.say("EventRetrieved", ix, Place::Phone(leg), More::NONE);
        self.talk_on(ix);
    }

    /// The caller has had enough of the music.
    pub(super) fn drop_held(&mut self, ix: u32) {
        let wraps = self.wraps();
        self.hang_up(ix, wraps, More::REMOTE);
    }

    /// The call ends. Some agents press the key for after-call work before they hang up.
    fn finish(&mut self, ix: u32) {
        let Call { kind, agent, .. } = *self.call(ix);
        let wraps = match kind {
            CallType::Inbound => self.wraps(),
            CallType::Outbound => self.random.chance(0.5) && self.wraps(),
            CallType::Unknown | CallType::Internal | CallType::Consult => false,
        };
        if wraps && self.random.chance(0.3) {
            self.say_wrap(agent.seat);
            let after = self.millis(10, 400);
            self.plan(ix, after, Act::Release);
        } else {
            let more = self.who_lets_go(ix);
            self.hang_up(ix, wraps, more);
        }
    }

    /// Two callers of three hang up first.
    fn who_lets_go(&self, ix: u32) -> More {
        if self.call(ix).uuid[0].is_multiple_of(3) { More::LOCAL } else { More::REMOTE }
    }

    pub(super) fn release_wrapping(&mut self, ix: u32) {
        let leg = self.call(ix).agent;
        let more = self.who_lets_go(ix);
        self.say("EventReleased", ix, Place::Phone(leg), more);
        self.end_call(ix);
        self.wrap_up(leg.seat);
    }

    /// All phones in the call are hung up; `more` says who began.
    pub(super) fn hang_up(&mut self, ix: u32, wraps: bool, more: More) {
        let Call { kind, agent, peer, .. } = *self.call(ix);
        self.say("EventReleased", ix, Place::Phone(agent), more);
        if peer.seat != NOBODY {
            let is_peers = kind == CallType::Internal && more.let_go == More::REMOTE.let_go;
            let more = if is_peers { More::LOCAL } else { More::REMOTE };
            self.say("EventReleased", ix, Place::Phone(peer), more);
        }
        self.end_call(ix);
        self.part(agent.seat, wraps);
        if peer.seat != NOBODY {
            self.part(peer.seat, false);
        }
    }
}
