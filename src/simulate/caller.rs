//! Customers' calls until somebody answers: arrival, routing point, queue, ringing, and everything that can go wrong there.

use super::agenda::{Act, Chore, Step};
use super::floor::{Floor, More};
use super::line::Text;
use super::state::{Call, Leg, NOBODY, Place, Stage};
use crate::model::tevent::CallType;
use crate::model::time::Span;

/// What the IVR has found out about callers.
const SEGMENTS: [&str; 4] =
    [r#"{"Segment":"gold"}"#, r#"{"Segment":"silver"}"#, r#"{"Segment":"bronze"}"#, r#"{"Segment":"new"}"#];

impl Floor {
    /// Plans the next candidate of the Poisson stream; none when nobody ever calls.
    pub(super) fn plan_customer(&mut self) {
        let max = self.curve.max();
        if max > 0.0 {
            let gap = self.random.exponential(1e6 / max);
            self.agenda.plan(self.now + Span(gap as i64), Step::Customer);
        }
    }

    /// A candidate of the Poisson stream, at the rate of the busiest time; thinned to the rate of this time of day.
    pub(super) fn customer(&mut self) {
        self.plan_customer();
        if self.random.unit() * self.curve.max() < self.curve.at(self.now) {
            self.arrive(false);
        }
    }

    /// A customer calls; with `residual` one who has been talking for a while as soon as somebody answers.
    pub(super) fn arrive(&mut self, residual: bool) {
        let share = self.random.unit() * self.weights.last().copied().unwrap_or(0.0);
        let queue = self.weights.partition_point(|&sum| sum <= share).min(self.queues.len() - 1) as u32;
        let ani = Text::outside((self.random.bits() >> 32) as u32);
        let dnis = self.queues[queue as usize].dnis;
        let ix = self.new_call(CallType::Inbound, ani, dnis);
        let segment = match self.random.below(20) {
            0..3 => 0,
            3..9 => 1,
            9..18 => 2,
            _ => 3,
        };
        let call = self.call_mut(ix);
        call.data = SEGMENTS[segment];
        call.queue = queue;
        call.residual = residual;
        self.wait_from_now(ix);
        let fronted = !self.queues[queue as usize].routing_point && !self.fronts.is_empty() && self.random.chance(0.5);
        if fronted && !residual {
            self.enter_front(ix);
        } else {
            self.enter_queue(ix, queue, More::NONE);
        }
    }

    /// Patience starts to run.
    pub(super) fn wait_from_now(&mut self, ix: u32) {
        let patience = if self.random.chance(self.scenario.mix.hasty) {
            self.millis(200, 8000)
        } else {
            self.scenario.patience.draw(&mut self.random)
        };
        let deadline = self.now + patience;
        let call = self.call_mut(ix);
        call.deadline = deadline;
        let birth = call.birth;
        self.agenda.plan(deadline, Step::GiveUp(ix, birth));
    }

    fn enter_front(&mut self, ix: u32) {
        let front = self.random.below(self.fronts.len() as u32);
        let treated = self.random.chance(0.4);
        let call = self.call_mut(ix);
        (call.front, call.stage, call.treated) = (front, Stage::Front, treated);
        if !self.front_is_plain(front) {
            self.say("EventQueued", ix, Place::Front(front), More::NONE);
        }
        self.say("EventRouteRequest", ix, Place::Front(front), More::NONE);
        if treated {
            self.say("EventTreatmentApplied", ix, Place::Front(front), More::NONE);
        }
        let after = if treated { self.millis(3000, 12_000) } else { self.millis(30, 900) };
        self.plan(ix, after, Act::Route);
    }

    /// Every second routing point says only that it asked for a route and used it.
    const fn front_is_plain(&self, front: u32) -> bool {
        front % 2 == 1
    }

    pub(super) fn route(&mut self, ix: u32) {
        let Call { front, queue, treated, .. } = *self.call(ix);
        let to = More::third(self.queues[queue as usize].number, "Destination");
        if treated {
            self.say("EventTreatmentEnd", ix, Place::Front(front), More::NONE);
        }
        self.say("EventRouteUsed", ix, Place::Front(front), to);
        if !self.front_is_plain(front) {
            self.say("EventDiverted", ix, Place::Front(front), to);
        }
        self.enter_queue(ix, queue, More::NONE);
    }

    /// The call comes to the end of the queue and, if an agent is free, leaves it at once.
    pub(super) fn enter_queue(&mut self, ix: u32, queue: u32, more: More) {
        self.say_entry(ix, queue, more);
        self.stand_in_line(ix, queue);
    }

    fn say_entry(&mut self, ix: u32, queue: u32, more: More) {
        let (routing_point, plain) = (self.queues[queue as usize].routing_point, self.queues[queue as usize].plain);
        if !plain {
            self.say("EventQueued", ix, Place::Queue(queue), more);
        }
        if routing_point {
            self.say("EventRouteRequest", ix, Place::Queue(queue), more);
        }
    }

    /// Without a word: the call is in the queue already, or has just entered.
    pub(super) fn stand_in_line(&mut self, ix: u32, queue: u32) {
        self.tickets += 1;
        let ticket = self.tickets;
        let call = self.call_mut(ix);
        (call.stage, call.queue, call.place, call.credited) = (Stage::Waiting, queue, ticket, NOBODY);
        if let Some(seat) = self.free_agent(queue) {
            self.distribute(ix, seat);
            return;
        }
        self.call_mut(ix).ticket = ticket;
        let line = &mut self.queues[queue as usize];
        line.waiting.push_back((ix, ticket));
        line.waiting_count += 1;
        if line.waiting.len() > 2 * line.waiting_count as usize + 32 {
            let calls = &self.calls;
            line.waiting.retain(|&(ix, ticket)| calls[ix as usize].ticket == ticket);
        }
    }

    /// The ticket of the first caller in line; those who gave up are cleared away.
    pub(super) fn first_waiting(&mut self, queue: u32) -> Option<u64> {
        let line = &mut self.queues[queue as usize];
        while let Some(&(ix, ticket)) = line.waiting.front() {
            if self.calls[ix as usize].ticket == ticket {
                return Some(ticket);
            }
            line.waiting.pop_front();
        }
        None
    }

    /// An agent is free as the call enters; the switch takes milliseconds to bring them together.
    fn distribute(&mut self, ix: u32, seat: u32) {
        let call = self.call_mut(ix);
        (call.agent, call.stage) = (Leg::position(seat), Stage::Offered);
        if self.scenario.ring.is_zero() {
            self.offer(ix, seat);
        } else {
            let after = self.millis(2, 60);
            self.plan(ix, after, Act::Offer);
        }
    }

    /// The queue gives the call to an agent. Whether it says so before or after the phone rings depends on the switch.
    pub(super) fn offer(&mut self, ix: u32, seat: u32) {
        self.engage(seat);
        let call = self.call_mut(ix);
        call.ticket = 0;
        call.agent = Leg::position(seat);
        call.stage = Stage::Offered;
        let queue = call.queue;
        if !self.queues[queue as usize].routing_point {
            self.call_mut(ix).credited = seat;
        }
        if self.scenario.ring.is_zero() {
            self.say_departure(ix);
            self.say("EventRinging", ix, Place::Phone(Leg::position(seat)), More::NONE);
            self.answer(ix);
        } else if self.random.chance(0.6) {
            self.say_departure(ix);
            let after = self.millis(1, 40);
            self.plan(ix, after, Act::Ring);
        } else {
            self.say("EventRinging", ix, Place::Phone(Leg::position(seat)), More::NONE);
            let after = self.millis(1, 30);
            self.plan(ix, after, Act::Divert);
        }
    }

    /// The queue says that the call has gone to its agent.
    fn say_departure(&mut self, ix: u32) {
        let Call { queue, agent, .. } = *self.call(ix);
        let to = More::third(self.number(agent), "Destination");
        let (routing_point, plain) = (self.queues[queue as usize].routing_point, self.queues[queue as usize].plain);
        if routing_point {
            self.say("EventRouteUsed", ix, Place::Queue(queue), to);
        }
        if !plain {
            self.say("EventDiverted", ix, Place::Queue(queue), to);
        }
    }

    pub(super) fn ring(&mut self, ix: u32) {
        let leg = self.call(ix).agent;
        self.say("EventRinging", ix, Place::Phone(leg), More::NONE);
        self.await_answer(ix);
    }

    pub(super) fn divert(&mut self, ix: u32) {
        self.say_departure(ix);
        self.await_answer(ix);
    }

    /// The phone rings: the agent will answer, or not.
    pub(super) fn await_answer(&mut self, ix: u32) {
        self.call_mut(ix).stage = Stage::Ringing;
        if self.random.chance(self.scenario.mix.no_answer) {
            let after = self.millis(12_000, 20_000);
            self.plan(ix, after, Act::Ignore);
        } else {
            self.plan_answer(ix, Act::Answer);
        }
    }

    pub(super) fn answer(&mut self, ix: u32) {
        let Call { agent, residual, remaining, incidents, .. } = *self.call(ix);
        self.say("EventEstablished", ix, Place::Phone(agent), More::NONE);
        self.call_mut(ix).stage = Stage::Talking;
        if incidents == 0 && remaining == Span(0) {
            let whole = self.scenario.talk.draw(&mut self.random);
            let share = if residual { (1.8 * self.random.unit()).min(1.0) } else { 1.0 };
            self.call_mut(ix).remaining = if residual { Span((whole.0 as f64 * share) as i64) } else { whole };
        }
        self.talk_on(ix);
    }

    /// Nobody answers: the agent is taken out of work, the call rings elsewhere or goes back to where it was in line.
    pub(super) fn ignore(&mut self, ix: u32) {
        let Call { agent, queue, place, incidents, .. } = *self.call(ix);
        let state = if self.random.chance(0.6) { "NoAnswer" } else { "Redirected" };
        self.say("EventReleased", ix, Place::Phone(agent), More::state(state));
        let after = self.millis(3, 30);
        self.plan_chore(agent.seat, after, Chore::Suspend);
        let routing_point = self.queues[queue as usize].routing_point;
        let credited = self.call(ix).credited == agent.seat;
        let elsewhere = credited && self.random.chance(0.5);
        if let Some(seat) = elsewhere.then(|| self.free_agent(queue)).flatten() {
            let call = self.call_mut(ix);
            (call.agent, call.credited, call.stage) = (Leg::position(seat), seat, Stage::Offered);
            let after = self.millis(2, 40);
            self.plan(ix, after, Act::Ring);
            return;
        }
        if credited || (routing_point && incidents == 0) {
            self.say_entry(ix, queue, More::state("Redirected"));
            self.return_to_line(ix, queue, place);
        } else {
            // A transferred call has no place to return to.
            self.enter_queue(ix, queue, More::state("Redirected"));
        }
    }

    /// At the front of the line, where the call was.
    fn return_to_line(&mut self, ix: u32, queue: u32, place: u64) {
        let call = self.call_mut(ix);
        (call.stage, call.credited) = (Stage::Waiting, NOBODY);
        if let Some(seat) = self.free_agent(queue) {
            self.distribute(ix, seat);
            return;
        }
        self.call_mut(ix).ticket = place;
        let line = &mut self.queues[queue as usize];
        line.waiting.push_front((ix, place));
        line.waiting_count += 1;
    }

    /// The caller hangs up, if he is still waiting for an answer.
    pub(super) fn give_up(&mut self, ix: u32, birth: u32) {
        let Call { birth: current, deadline, stage, queue, front, agent, .. } = *self.call(ix);
        if current != birth || deadline != self.now {
            return;
        }
        match stage {
            Stage::Over | Stage::Talking => {}
            Stage::Offered => {
                // Between queue and phone nobody would know to whom to say it: a moment later.
                let deadline = self.now + Span::from_millis(60);
                self.call_mut(ix).deadline = deadline;
                self.agenda.plan(deadline, Step::GiveUp(ix, birth));
            }
            Stage::Front => {
                self.say("EventAbandoned", ix, Place::Front(front), More::NONE);
                self.end_call(ix);
            }
            Stage::Waiting => {
                let state = if self.random.chance(0.5) { "Ok" } else { "Abandoned" };
                self.say("EventAbandoned", ix, Place::Queue(queue), More::state(state));
                self.queues[queue as usize].waiting_count -= 1;
                self.call_mut(ix).ticket = 0;
                self.end_call(ix);
            }
            Stage::Ringing => {
                self.say("EventAbandoned", ix, Place::Phone(agent), More::NONE);
                self.end_call(ix);
                self.part(agent.seat, false);
            }
        }
    }
}
