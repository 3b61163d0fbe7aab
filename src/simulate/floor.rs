//! The simulation: takes steps off the agenda and lets calls and agents play them.
//!
//! Everything a step says carries the step's time. Steps only plan later steps, so lines come in the order of time and
//! cutting the time into any number of runs changes no byte.

use super::agenda::{Act, Agenda, Chore, Step};
use super::line::{CallPart, Line, Party, Tape, Text};
use super::random::{Random, split_mix};
use super::roster::{self, Curve};
use super::scenario::{Profile, Scenario};
use super::state::{Call, Leg, NOBODY, Place, Presence, Queue, Seat, Stage};
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span};

/// A contact centre that has opened. It never closes: there is always a next event.
#[derive(Clone, Debug)]
pub struct Floor {
    pub(super) scenario: Scenario,
    pub(super) random: Random,
    pub(super) agenda: Agenda,
    pub(super) tape: Tape,
    pub(super) now: Micros,
    pub(super) calls: Vec<Call>,
    pub(super) free: Vec<u32>,
    pub(super) seats: Vec<Seat>,
    pub(super) queues: Vec<Queue>,
    /// Routing points in front of the queues.
    pub(super) fronts: Vec<Text>,
    /// For each queue the sum of the weights up to it.
    pub(super) weights: Vec<f64>,
    /// ACD queues, for transfers.
    pub(super) acd_queues: Vec<u32>,
    pub(super) curve: Curve,
    /// Leading bits of every ConnID.
    conn_base: u64,
    calls_made: u64,
    pub(super) tickets: u64,
}

/// What an event says beyond what the call and the place tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct More {
    pub(super) state: &'static str,
    pub(super) other: Option<Party>,
    pub(super) third: Option<Party>,
    pub(super) previous: u64,
    pub(super) held: Option<(&'static str, u64)>,
    /// Which side let go.
    pub(super) let_go: &'static str,
}

impl More {
    pub(super) const NONE: Self = Self { state: "Ok", other: None, third: None, previous: 0, held: None, let_go: "" };
    /// Who has the phone let go.
    pub(super) const LOCAL: Self = Self { let_go: "1 Local", ..Self::NONE };
    /// The other side let go.
    pub(super) const REMOTE: Self = Self { let_go: "2 Remote", ..Self::NONE };

    pub(super) const fn state(state: &'static str) -> Self {
        Self { state, ..Self::NONE }
    }

    pub(super) const fn third(number: Text, role: &'static str) -> Self {
        Self { third: Some((number, role)), ..Self::NONE }
    }
}

impl Floor {
    /// Opens the floor. Numbers outside the ranges of [`Scenario`] are brought to the nearest end.
    #[must_use]
    pub fn new(mut scenario: Scenario) -> Self {
        scenario.agents = scenario.agents.clamp(1, 1_000_000);
        scenario.queues = scenario.queues.clamp(1, 100_000);
        let mut random = Random::new(scenario.seed);
        let (mut queues, weights) = roster::queues(&scenario, &mut random);
        let seats = roster::seats(&scenario, &mut queues, &weights, &mut random);
        let acd_queues = (0_u32..).zip(&queues).filter(|(_, queue)| !queue.routing_point).map(|(n, _)| n).collect();
        // Another seed or start makes another server: its calls must not look like those of an earlier run.
        let mut counter = scenario.seed ^ scenario.start.0 as u64;
        let conn_base = (split_mix(&mut counter) & 0x00ff_ffff | 1) << 32;
        let mut floor = Self {
            random,
            agenda: Agenda::default(),
            tape: Tape::new(&scenario.switch),
            now: scenario.start,
            calls: Vec::new(),
            free: Vec::new(),
            seats,
            queues,
            fronts: roster::fronts(&scenario),
            weights,
            acd_queues,
            curve: Curve::new(&scenario),
            conn_base,
            calls_made: 0,
            tickets: 0,
            scenario,
        };
        floor.open();
        floor
    }

    /// No event is earlier than this. At this time there usually is one; now and then it turns out that nothing happens.
    #[must_use]
    pub fn next_at(&self) -> Micros {
        self.agenda.next_at().unwrap_or(Micros::MAX)
    }

    /// Appends the lines of all events up to and including `until`, in the order of time, each ended by a newline.
    /// Returns their number. A time already passed adds nothing.
    pub fn run_until(&mut self, until: Micros, out: &mut Vec<u8>) -> u64 {
        let before = self.tape.written();
        std::mem::swap(&mut self.tape.out, out);
        while let Some((at, step)) = self.agenda.take(until) {
            self.now = at;
            self.play(step);
        }
        std::mem::swap(&mut self.tape.out, out);
        self.tape.written() - before
    }

    /// Plans how the day begins.
    fn open(&mut self) {
        let start = self.scenario.start;
        self.agenda.plan(start, Step::Open);
        self.plan_customer();
        self.plan_own_call();
        // A warm floor fills within seconds; a cold one within minutes, except that flat staffing is always complete.
        let spread = match (self.scenario.warm, self.scenario.profile) {
            (true, _) => Span::from_millis(1500),
            (false, Profile::Flat) => Span(0),
            (false, _) => Span::from_mins(10),
        };
        for seat in 0..self.seats.len() as u32 {
            let at = start + Span(self.random.between(0, spread.0));
            self.agenda.plan(at, Step::Seat(seat, 0, Chore::Arrive));
        }
        if self.scenario.warm {
            let talk_secs = self.scenario.talk.mean().0 as f64 / 1e6;
            let callers = (self.curve.at(start) * talk_secs).min(f64::from(self.scenario.agents)) as u32;
            for _ in 0..callers {
                let at = start + Span(self.random.between(2_000_000, 9_000_000));
                self.agenda.plan(at, Step::Caller);
            }
        }
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Open => self.tape.write(self.now, &Line { event: "EventServerConnected", ..Line::default() }),
            Step::Customer => self.customer(),
            Step::Caller => self.arrive(true),
            Step::OwnCall => self.own_call(),
            Step::GiveUp(ix, birth) => self.give_up(ix, birth),
            Step::Seat(seat, token, chore) => self.chore(seat, token, chore),
            Step::Call(ix, token, act) => {
                if self.call(ix).token == token && self.call(ix).stage != Stage::Over {
                    self.act(ix, act);
                }
            }
        }
    }

    fn act(&mut self, ix: u32, act: Act) {
        match act {
            Act::Route => self.route(ix),
            Act::Offer => self.offer(ix, self.call(ix).agent.seat),
            Act::Ring => self.ring(ix),
            Act::Divert => self.divert(ix),
            Act::Answer => self.answer(ix),
            Act::Ignore => self.ignore(ix),
            Act::Talk => self.talk(ix),
            Act::Release => self.release_wrapping(ix),
            Act::Retrieve => self.retrieve(ix),
            Act::Drop => self.drop_held(ix),
            Act::Dial => self.dial(ix),
            Act::Alert => self.alert(ix),
            Act::Accept => self.accept(ix),
            Act::Resolve => self.resolve(ix),
            Act::Deliver => self.deliver(ix),
            Act::Join => self.join(ix),
            Act::Leave => self.leave(ix),
            Act::Disband => self.disband(ix),
            Act::Reach => self.reach(ix),
            Act::Connect => self.connect(ix),
            Act::Engaged => self.engaged(ix),
            Act::Quit => self.quit(ix),
        }
    }

    pub(super) fn call(&self, ix: u32) -> &Call {
        &self.calls[ix as usize]
    }

    pub(super) fn call_mut(&mut self, ix: u32) -> &mut Call {
        &mut self.calls[ix as usize]
    }

    pub(super) fn seat(&mut self, seat: u32) -> &mut Seat {
        &mut self.seats[seat as usize]
    }

    /// A duration between two numbers of milliseconds, to the microsecond.
    pub(super) fn millis(&mut self, low: i64, high: i64) -> Span {
        Span(self.random.between(low * 1000, high * 1000))
    }

    /// Plans the next act of a call.
    pub(super) fn plan(&mut self, ix: u32, after: Span, act: Act) {
        let token = self.call(ix).token;
        self.agenda.plan(self.now + after, Step::Call(ix, token, act));
    }

    /// Makes a call with new identifiers; the rest is up to the caller.
    pub(super) fn new_call(&mut self, kind: CallType, ani: Text, dnis: Text) -> u32 {
        let ix = self.free.pop().unwrap_or_else(|| {
            self.calls.push(Call::NONE);
            self.calls.len() as u32 - 1
        });
        self.calls_made += 1;
        let mut uuid = [0; 32];
        for chunk in uuid.chunks_mut(8) {
            let mut bits = self.random.bits();
            for digit in chunk {
                *digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUV"[(bits & 31) as usize];
                bits >>= 5;
            }
        }
        let old = *self.call(ix);
        *self.call_mut(ix) = Call {
            conn: self.conn_base.wrapping_add(self.calls_made) & 0x00ff_ffff_ffff_ffff,
            id: ((self.calls_made - 1) % 60_000) as u32 + 1,
            uuid,
            kind,
            ani,
            dnis,
            birth: old.birth.wrapping_add(1),
            token: old.token.wrapping_add(1),
            stage: Stage::Talking,
            ..Call::NONE
        };
        ix
    }

    /// The call is over; its slot may be used again.
    pub(super) fn end_call(&mut self, ix: u32) {
        let call = self.call_mut(ix);
        call.stage = Stage::Over;
        call.token = call.token.wrapping_add(1);
        self.free.push(ix);
    }

    /// The number of a phone.
    pub(super) fn number(&self, leg: Leg) -> Text {
        let seat = &self.seats[leg.seat as usize];
        if leg.extension && !seat.extension.is_empty() { seat.extension } else { seat.position }
    }

    /// The phone from which an agent makes calls of his own: the second one where there is one.
    pub(super) fn own_phone(&self, seat: u32) -> Leg {
        Leg { seat, extension: !self.seats[seat as usize].extension.is_empty() }
    }

    /// Whether the agent waits for work.
    pub(super) fn is_idle(&self, seat: u32) -> bool {
        let seat = &self.seats[seat as usize];
        seat.presence == Presence::Ready && !seat.engaged
    }

    /// Takes the agent out of the idle lists for a call.
    pub(super) fn engage(&mut self, seat: u32) {
        let seat = self.seat(seat);
        seat.idle = false;
        seat.engaged = true;
    }

    /// Says an event of a call.
    pub(super) fn say(&mut self, event: &'static str, ix: u32, place: Place, more: More) {
        let call = &self.calls[ix as usize];
        let mut line =
            Line { event, this_role: "Destination", other: Some((call.ani, "Origination")), ..Line::default() };
        match place {
            Place::Queue(queue) => {
                line.this = self.queues[queue as usize].number;
                line.queue = line.this;
            }
            Place::Front(front) => {
                line.this = self.fronts[front as usize];
                line.queue = line.this;
            }
            Place::Phone(leg) => {
                line.this = self.number(leg);
                line.agent = self.seats[leg.seat as usize].agent;
                if call.credited == leg.seat && call.credited != NOBODY {
                    line.queue = self.queues[call.queue as usize].number;
                }
                if call.origin == leg.seat {
                    line.this_role = "Origination";
                    line.other = Some((call.dnis, "Destination"));
                }
            }
        }
        line.other = more.other.or(line.other);
        line.third = more.third;
        line.previous = if more.previous == 0 { call.previous } else { more.previous };
        line.held = more.held;
        line.state = more.state;
        line.let_go = more.let_go;
        line.call = Some(CallPart {
            conn: call.conn,
            id: call.id,
            uuid: call.uuid,
            kind: call.kind,
            ani: call.ani,
            dnis: call.dnis,
            data: call.data,
        });
        self.tape.write(self.now, &line);
    }
}
