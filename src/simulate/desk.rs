//! The agents' day apart from calls: login, ready, pauses, after-call work, logout; and who is free for the next call.

use super::agenda::{Act, Chore, Step};
use super::floor::Floor;
use super::line::{Line, Text};
use super::roster;
use super::scenario::Profile;
use super::state::Presence;
use crate::model::time::{Micros, Span};

impl Floor {
    pub(super) fn chore(&mut self, seat: u32, token: u32, chore: Chore) {
        let (shift, current) = (self.seat(seat).shift, self.seat(seat).token);
        match chore {
            Chore::Arrive => self.start_shift(seat),
            Chore::Login(nth) => self.login(seat, nth),
            Chore::Pause(nth) if token == shift => {
                self.plan_pause(seat, nth + 1);
                self.pause_due(seat, nth);
            }
            Chore::Leave if token == shift => self.end_shift(seat),
            Chore::Begin | Chore::Resume | Chore::Wrapped if token == current => self.next_up(seat),
            Chore::Wrap if token == current => self.start_wrap(seat),
            Chore::Suspend if token == current => {
                let length = self.millis(15_000, 90_000);
                self.seat(seat).engaged = false;
                self.pause(seat, "NoAnswer", length);
            }
            // Overtaken by a later presence or shift.
            Chore::Pause(_)
            | Chore::Leave
            | Chore::Begin
            | Chore::Resume
            | Chore::Wrapped
            | Chore::Wrap
            | Chore::Suspend => {}
        }
    }

    /// Plans a chore that is void once the presence changes.
    pub(super) fn plan_chore(&mut self, seat: u32, after: Span, chore: Chore) {
        let token = self.seat(seat).token;
        self.agenda.plan(self.now + after, Step::Seat(seat, token, chore));
    }

    fn say_agent(&mut self, event: &'static str, seat: u32, queue: Text, mode: &'static str, reason: &'static str) {
        let seat = &self.seats[seat as usize];
        let line = Line { event, this: seat.position, agent: seat.agent, queue, mode, reason, ..Line::default() };
        self.tape.write(self.now, &line);
    }

    fn say_extension(&mut self, event: &'static str, seat: u32) {
        let seat = &self.seats[seat as usize];
        if !seat.extension.is_empty() {
            let line = Line { event, this: seat.extension, agent: seat.agent, ..Line::default() };
            self.tape.write(self.now, &line);
        }
    }

    /// The agent of the shift that runs now comes, or the seat stays empty until the next one.
    fn start_shift(&mut self, seat: u32) {
        let shift = roster::shift(&self.scenario, seat, self.now);
        if shift.start > self.now {
            let late = self.millis(0, 120_000);
            self.agenda.plan(shift.start + late, Step::Seat(seat, 0, Chore::Arrive));
            return;
        }
        let agent = roster::agent(&self.scenario, seat, shift.turn);
        let desk = self.seat(seat);
        desk.agent = agent;
        desk.presence = Presence::Settling;
        desk.engaged = false;
        desk.leaving = false;
        desk.relief = shift.end;
        self.plan_day(seat, shift.start, shift.end);
        self.login(seat, 0);
    }

    /// Plans the pauses and the end of a shift. One that began earlier may be in a pause right now.
    fn plan_day(&mut self, seat: u32, start: Micros, end: Micros) {
        let now = self.now;
        let desk = self.seat(seat);
        desk.shift = desk.shift.wrapping_add(1);
        desk.due = None;
        let shift = desk.shift;
        if self.scenario.breaks {
            let mut pauses = roster::pauses(start, &mut self.random);
            let begun = pauses.iter().take_while(|pause| pause.is_some_and(|pause| pause.at <= now)).count();
            let running = pauses[..begun].iter_mut().rposition(|pause| pause.is_some_and(|p| p.at + p.length > now));
            if let Some(pause) = running.and_then(|nth| pauses[nth].as_mut()) {
                pause.length = (pause.at + pause.length) - now;
            }
            let desk = self.seat(seat);
            desk.due = running.map(|nth| nth as u8);
            desk.pauses = pauses;
            self.plan_pause(seat, begun as u8);
        }
        if end < Micros::MAX {
            let early = self.millis(0, 120_000);
            let leave = (end - early).max(now + Span::from_secs(60));
            self.agenda.plan(leave, Step::Seat(seat, shift, Chore::Leave));
        } else if self.scenario.breaks {
            // Flat staffing: the same agent works one shift's plan after the other.
            let renewal = (start + Span::from_mins(8 * 60)).max(now + Span::from_secs(60));
            self.agenda.plan(renewal, Step::Seat(seat, shift, Chore::Leave));
        }
    }

    /// Plans one of the day's pauses; the agenda holds no more than the next one of each agent.
    fn plan_pause(&mut self, seat: u32, nth: u8) {
        let desk = self.seat(seat);
        if let Some(Some(pause)) = desk.pauses.get(usize::from(nth)) {
            let (at, shift) = (pause.at, desk.shift);
            self.agenda.plan(at, Step::Seat(seat, shift, Chore::Pause(nth)));
        }
    }

    /// Logs in to the ACD queues one by one, then at the second phone, then settles down.
    fn login(&mut self, seat: u32, nth: u16) {
        let mut acd = self.seats[seat as usize].queues.iter().map(|&q| &self.queues[q as usize]);
        let mut acd = acd.by_ref().filter(|queue| !queue.routing_point).map(|queue| queue.number);
        let number = acd.nth(usize::from(nth));
        let more = acd.next().is_some();
        self.say_agent("EventAgentLogin", seat, number.unwrap_or(Text::EMPTY), "", "");
        if more {
            let after = self.millis(5, 40);
            self.plan_chore(seat, after, Chore::Login(nth + 1));
            return;
        }
        self.say_extension("EventAgentLogin", seat);
        let opening = self.now - self.scenario.start < Span::from_secs(3);
        let after = if opening { self.millis(100, 900) } else { self.millis(2000, 20_000) };
        self.plan_chore(seat, after, Chore::Begin);
    }

    /// A chore or call is done: go home, take the pause that is due, or be ready.
    pub(super) fn next_up(&mut self, seat: u32) {
        let desk = self.seat(seat);
        if desk.leaving {
            self.logout(seat);
        } else if let Some(pause) = desk.due.take().and_then(|nth| desk.pauses[usize::from(nth)]) {
            self.pause(seat, pause.reason, pause.length);
        } else {
            desk.presence = Presence::Ready;
            desk.token = desk.token.wrapping_add(1);
            self.say_agent("EventAgentReady", seat, Text::EMPTY, "AutoIn", "");
            if !self.seat(seat).engaged {
                self.take_work(seat);
            }
        }
    }

    /// The agent's part in a call is over.
    pub(super) fn part(&mut self, seat: u32, wraps: bool) {
        if wraps {
            let after = self.millis(5, 60);
            self.plan_chore(seat, after, Chore::Wrap);
            return;
        }
        let desk = self.seat(seat);
        desk.engaged = false;
        if desk.leaving || (desk.due.is_some() && desk.presence == Presence::Ready) {
            self.next_up(seat);
        } else if desk.presence == Presence::Ready {
            self.take_work(seat);
        }
    }

    /// Whether this agent has something to write up after a customer's call.
    pub(super) fn wraps(&mut self) -> bool {
        !self.scenario.wrap.is_zero() && self.random.chance(self.scenario.mix.wrap)
    }

    /// Not ready for after-call work; on some switches that comes before the release.
    pub(super) fn say_wrap(&mut self, seat: u32) {
        let desk = self.seat(seat);
        desk.presence = Presence::Wrapping;
        desk.token = desk.token.wrapping_add(1);
        self.say_agent("EventAgentNotReady", seat, Text::EMPTY, "AfterCallWork", "");
    }

    /// The call is gone, the work after it goes on for a while.
    pub(super) fn wrap_up(&mut self, seat: u32) {
        self.seat(seat).engaged = false;
        let length = self.scenario.wrap.draw(&mut self.random);
        self.plan_chore(seat, length, Chore::Wrapped);
    }

    fn start_wrap(&mut self, seat: u32) {
        self.say_wrap(seat);
        self.wrap_up(seat);
    }

    fn pause_due(&mut self, seat: u32, nth: u8) {
        let desk = self.seat(seat);
        if desk.presence == Presence::Ready && !desk.engaged {
            if let Some(pause) = desk.pauses[usize::from(nth)] {
                self.pause(seat, pause.reason, pause.length);
            }
        } else if desk.presence != Presence::Away {
            desk.due = Some(nth);
        }
    }

    fn pause(&mut self, seat: u32, reason: &'static str, length: Span) {
        if self.seat(seat).leaving {
            self.logout(seat);
            return;
        }
        let desk = self.seat(seat);
        desk.idle = false;
        desk.presence = Presence::Paused;
        desk.token = desk.token.wrapping_add(1);
        self.say_agent("EventAgentNotReady", seat, Text::EMPTY, "AuxWork", reason);
        self.plan_chore(seat, length, Chore::Resume);
    }

    fn end_shift(&mut self, seat: u32) {
        if self.scenario.profile == Profile::Flat {
            self.plan_day(seat, self.now, Micros::MAX);
            return;
        }
        let desk = self.seat(seat);
        match desk.presence {
            Presence::Away => {}
            Presence::Ready | Presence::Paused if !desk.engaged => self.logout(seat),
            Presence::Ready | Presence::Paused | Presence::Wrapping | Presence::Settling => desk.leaving = true,
        }
    }

    fn logout(&mut self, seat: u32) {
        let acd: Vec<Text> = self.seats[seat as usize]
            .queues
            .iter()
            .map(|&queue| &self.queues[queue as usize])
            .filter(|queue| !queue.routing_point)
            .map(|queue| queue.number)
            .collect();
        let (last, others) = acd.split_last().map_or((Text::EMPTY, [].as_slice()), |(last, others)| (*last, others));
        for &queue in others {
            self.say_agent("EventQueueLogout", seat, queue, "", "");
        }
        self.say_extension("EventAgentLogout", seat);
        self.say_agent("EventAgentLogout", seat, last, "", "");
        let desk = self.seat(seat);
        desk.presence = Presence::Away;
        desk.idle = false;
        desk.leaving = false;
        desk.due = None;
        desk.token = desk.token.wrapping_add(1);
        desk.shift = desk.shift.wrapping_add(1);
        let relief = desk.relief;
        let handover = self.millis(30_000, 180_000);
        self.agenda.plan(relief.max(self.now) + handover, Step::Seat(seat, 0, Chore::Arrive));
    }

    /// The agent is free: the caller who waits longest in one of his queues, else the idle lists.
    fn take_work(&mut self, seat: u32) {
        let mut oldest: Option<(u64, u32)> = None;
        for nth in 0..self.seats[seat as usize].queues.len() {
            let queue = self.seats[seat as usize].queues[nth];
            if let Some(place) = self.first_waiting(queue)
                && oldest.is_none_or(|(first, _)| place < first)
            {
                oldest = Some((place, queue));
            }
        }
        if let Some((_, queue)) = oldest {
            if let Some((ix, _)) = self.queues[queue as usize].waiting.pop_front() {
                self.queues[queue as usize].waiting_count -= 1;
                self.offer(ix, seat);
            }
            return;
        }
        let desk = &mut self.seats[seat as usize];
        desk.idle = true;
        desk.idle_token = desk.idle_token.wrapping_add(1);
        for nth in 0..self.seats[seat as usize].queues.len() {
            let desk = &self.seats[seat as usize];
            let queue = &mut self.queues[desk.queues[nth] as usize];
            queue.idle.push_back((seat, desk.idle_token));
            if queue.idle.len() > 2 * queue.seats as usize + 16 {
                let seats = &self.seats;
                queue
                    .idle
                    .retain(|&(seat, token)| seats[seat as usize].idle && seats[seat as usize].idle_token == token);
            }
        }
    }

    /// The agent who has been idle longest among those who serve the queue; he is engaged from now on.
    pub(super) fn free_agent(&mut self, queue: u32) -> Option<u32> {
        while let Some((seat, token)) = self.queues[queue as usize].idle.pop_front() {
            let desk = self.seat(seat);
            if desk.idle && desk.idle_token == token {
                self.engage(seat);
                return Some(seat);
            }
        }
        None
    }

    /// Some idle colleague, who is engaged from now on; `None` when the first few that come to mind are busy.
    pub(super) fn colleague(&mut self, of: u32) -> Option<u32> {
        let count = self.seats.len() as u32;
        let Self { random, seats, .. } = self;
        let found = (0..8).map(|_| random.below(count)).find(|&seat| seat != of && seats[seat as usize].idle)?;
        self.engage(found);
        Some(found)
    }

    /// Plans an act after the time it takes to answer a phone.
    pub(super) fn plan_answer(&mut self, ix: u32, act: Act) {
        let ring = self.ring_time();
        self.plan(ix, ring, act);
    }

    /// How long a phone rings before it is answered.
    pub(super) fn ring_time(&mut self) -> Span {
        let ring = self.scenario.ring.draw(&mut self.random);
        if matches!(self.scenario.ring, super::scenario::Law::Fixed(_)) {
            return ring;
        }
        Span(ring.0.clamp(100_000, 6_000_000))
    }
}
