//! Snapshots: how queues and agents stood at an instant, against the rows that say what was going on then.
//!
//! In: `queue_snapshot`, `agent_snapshot`, and the stretches that stays, logins and states lasted. A snapshot says what was known at its
//! instant, rows what was known in the end; what is concluded up to two seconds late is not held against it.

use std::collections::{BTreeMap, BTreeSet};

use super::Map;
use super::finding::{Example, Findings, example};
use super::gap::Gaps;
use super::law::Law;
use super::source::Sources;
use super::{ms, take};
use crate::model::time::Micros;
use crate::sink::{Block, NO_LONG, NO_NAME, Reader};

/// How late a conclusion may come, in microseconds.
const LATE_US: i64 = 2_000_000;

/// States of an agent, with their columns in `queue_snapshot`.
const STATES: [(&str, &str); 9] = [
    ("ready", "agents_ready"),
    ("not_ready", "agents_not_ready"),
    ("acw", "agents_acw"),
    ("ringing", "agents_ringing"),
    ("dialing", "agents_dialing"),
    ("talking", "agents_talking"),
    ("held", "agents_held"),
    ("busy", "agents_busy"),
    ("unknown", "agents_unknown"),
];

/// A stretch of time in microseconds, `[from, to)`.
type Stretch = (i64, i64);

/// A state of an agent.
#[derive(Clone, Copy)]
struct State {
    from: i64,
    to: i64,
    state: u32,
    call_type: u32,
    reason: (u32, u32),
    /// Begin of the run of equal status.
    since: i64,
}

/// What a snapshot of a queue says.
struct OfQueue {
    at: i64,
    queue: u32,
    waiting: i64,
    longest_wait_ms: i64,
    logged_in: i64,
    states: [i64; 9],
    file: u32,
}

/// What a snapshot of an agent says.
struct OfAgent {
    at: i64,
    agent: u32,
    state: u32,
    call_type: u32,
    reason: (u32, u32),
    since: i64,
    file: u32,
}

/// Snapshots of days that are not judged, and what was going on.
#[derive(Default)]
pub(super) struct Snapshots {
    /// Whether there are any: otherwise nothing is remembered.
    has_queues: bool,
    has_agents: bool,
    gaps: Gaps,
    words: Option<[u32; 9]>,
    stays: Map<u32, Vec<Stretch>>,
    /// By queue: agents with a stretch of membership.
    members: Map<u32, Vec<(u32, Stretch)>>,
    states: Map<u32, Vec<State>>,
    /// By session: the last status, which is state and type of call, and since when.
    runs: Map<u128, ((u32, u32), i64)>,
    queues: Vec<OfQueue>,
    /// By switch and instant at which queues were sampled: which.
    instants: BTreeMap<(u32, i64), Vec<u32>>,
    /// By switch: begin of the run of the program, and the queues sampled in it so far.
    alive: Map<u32, (i64, BTreeSet<u32>)>,
    agents: Vec<OfAgent>,
    /// Instants at which agents were sampled, with how many rows there are.
    sampled: Map<i64, i64>,
}

impl Snapshots {
    /// Nothing read yet.
    pub(super) fn new(gaps: Gaps) -> Self {
        let has = |table: &str| !gaps.lacks.contains(&table);
        Self { has_queues: has("queue_snapshot"), has_agents: has("agent_snapshot"), gaps, ..Self::default() }
    }

    /// Whether the logins and states of everybody are there.
    fn is_whole(&self) -> bool {
        !self.gaps.is_cut && self.gaps.open.is_empty() && !self.gaps.lacks.contains(&"agent_session_dn")
    }

    /// Takes the times in which calls were in a queue itself.
    pub(super) fn take_stays(&mut self, block: &Block) {
        take!(block; names: queue_id; longs: entered_at, left_at;);
        for i in (0..block.rows()).filter(|_| self.has_queues) {
            let to = if left_at[i] == NO_LONG { i64::MAX } else { left_at[i] };
            self.stays.entry(queue_id[i]).or_default().push((entered_at[i], to));
        }
    }

    /// Takes the members of queues from logins on DNs.
    pub(super) fn take_logins(&mut self, block: &Block) {
        take!(block; names: agent_id, queue_id; longs: logged_in_at, logged_out_at;);
        for i in (0..block.rows()).filter(|i| self.has_queues && queue_id[*i] != NO_NAME) {
            let to = if logged_out_at[i] == NO_LONG { i64::MAX } else { logged_out_at[i] };
            self.members.entry(queue_id[i]).or_default().push((agent_id[i], (logged_in_at[i], to)));
        }
    }

    pub(super) fn take_states(&mut self, block: &Block) {
        if !self.has_queues && !self.has_agents {
            return;
        }
        take!(block; ids: agent_session_id; names: agent_id, state, call_type, reason_key, reason_code; longs: started_at, ended_at;);
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| (agent_session_id[i], started_at[i]));
        for i in order {
            // Another reason does not restart a state, another type of call does.
            let status = (state[i], call_type[i]);
            let run = self.runs.entry(agent_session_id[i]).or_insert((status, started_at[i]));
            if run.0 != status {
                *run = (status, started_at[i]);
            }
            let since = run.1;
            self.states.entry(agent_id[i]).or_default().push(State {
                from: started_at[i],
                to: ended_at[i],
                state: state[i],
                call_type: call_type[i],
                reason: (reason_key[i], reason_code[i]),
                since,
            });
        }
    }

    pub(super) fn take_queues(&mut self, block: &Block, reader: &mut Reader, findings: &mut Findings) {
        take!(block; names: queue_id, site_id; longs: sampled_at, longest_wait_ms; ints: waiting, agents_logged_in;);
        self.words.get_or_insert_with(|| STATES.map(|(word, _)| reader.name(word)));
        for i in 0..block.rows() {
            let states = STATES.map(|(_, column)| i64::from(block.ints(column)[i]));
            let holds = states.iter().sum::<i64>() == i64::from(agents_logged_in[i])
                && (waiting[i] == 0) == (longest_wait_ms[i] == NO_LONG);
            findings.that(Law::QueueSnapshots, holds, || {
                example(
                    reader,
                    block,
                    i,
                    "agents_logged_in is not the sum of the states, or nobody waits and waits long",
                )
            });
            self.instants.entry((site_id[i], sampled_at[i])).or_default().push(queue_id[i]);
            self.queues.push(OfQueue {
                at: sampled_at[i],
                queue: queue_id[i],
                waiting: waiting[i].into(),
                longest_wait_ms: longest_wait_ms[i],
                logged_in: agents_logged_in[i].into(),
                states,
                file: block.file(i),
            });
        }
    }

    pub(super) fn take_agents(&mut self, block: &Block) {
        take!(block; names: agent_id, state, call_type, reason_key, reason_code; longs: sampled_at, since;);
        for i in 0..block.rows() {
            *self.sampled.entry(sampled_at[i]).or_default() += 1;
            self.agents.push(OfAgent {
                at: sampled_at[i],
                agent: agent_id[i],
                state: state[i],
                call_type: call_type[i],
                reason: (reason_key[i], reason_code[i]),
                since: since[i],
                file: block.file(i),
            });
        }
    }

    /// Judges snapshots before `before`, and forgets what ended before `forget`, both in milliseconds.
    pub(super) fn judge(
        &mut self,
        before: i64,
        forget: i64,
        sources: &Sources,
        reader: &Reader,
        findings: &mut Findings,
    ) {
        let before_us = before.saturating_mul(1000);
        self.judge_presence(before_us, sources, reader, findings);
        for states in self.states.values_mut() {
            states.sort_by_key(|state| state.from);
        }
        self.judge_queues(before_us, reader, findings);
        self.judge_agents(before_us, reader, findings);
        let forget = forget.saturating_mul(1000);
        self.stays.values_mut().for_each(|all| all.retain(|(_, to)| *to >= forget));
        self.members.values_mut().for_each(|all| all.retain(|(_, (_, to))| *to >= forget));
        self.states.values_mut().for_each(|all| all.retain(|state| state.to >= forget));
    }

    fn judge_queues(&mut self, before: i64, reader: &Reader, findings: &mut Findings) {
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.queues).into_iter().partition(|s| s.at < before);
        self.queues = later;
        let no_stays = Vec::new();
        for snapshot in due {
            let at = snapshot.at;
            let stays = self.stays.get(&snapshot.queue).unwrap_or(&no_stays);
            let waiting = stays.iter().filter(|(from, to)| *from < at && at <= *to);
            let (count, first) = waiting.fold((0, i64::MAX), |(n, first), (from, _)| (n + 1, first.min(*from)));
            let longest = if count == 0 { NO_LONG } else { ms(at) - ms(first) };
            let members = self.members.get(&snapshot.queue).map_or(&[][..], Vec::as_slice);
            let mut inside: Vec<u32> =
                members.iter().filter(|(_, (from, to))| *from < at && at <= *to).map(|(agent, _)| *agent).collect();
            inside.sort_unstable();
            inside.dedup();
            let wrong = if snapshot.waiting != count {
                Some(format!("waiting is {}, stays make {count}", snapshot.waiting))
            } else if snapshot.longest_wait_ms != longest {
                Some(format!("longest_wait_ms is {}, stays make {longest}", snapshot.longest_wait_ms))
            } else if !self.is_whole() {
                None
            } else if snapshot.logged_in != inside.len() as i64 {
                Some(format!("agents_logged_in is {}, logins make {}", snapshot.logged_in, inside.len()))
            } else {
                self.unlike(&snapshot, &inside)
            };
            findings.that(Law::QueueSnapshots, wrong.is_none(), || Example {
                place: reader.text(snapshot.file).to_owned(),
                key: format!("queue_id={} sampled_at={}", reader.text(snapshot.queue), Micros(at)),
                what: wrong.unwrap_or_default(),
            });
        }
    }

    /// A queue that was sampled once is sampled every time as long as the program runs; so is one with a stay before the instant.
    fn judge_presence(&mut self, before: i64, sources: &Sources, reader: &Reader, findings: &mut Findings) {
        let later: BTreeMap<_, _> =
            self.instants.iter().filter(|(at, _)| at.1 >= before).map(|(a, b)| (*a, b.clone())).collect();
        for ((site, at), present) in
            std::mem::replace(&mut self.instants, later).into_iter().filter(|(of, _)| of.1 < before)
        {
            let run = sources.run_at(site, ms(at) + 1);
            let (known, alive) = self.alive.entry(site).or_insert((run, BTreeSet::new()));
            if *known != run {
                (*known, *alive) = (run, BTreeSet::new());
            }
            let suffix = format!("@{}", reader.text(site));
            let entered = self.stays.iter().filter(|(queue, stays)| {
                reader.text(**queue).ends_with(&suffix) && stays.iter().any(|(from, _)| ms(*from) >= run && *from < at)
            });
            alive.extend(entered.map(|(queue, _)| *queue));
            for queue in &*alive {
                findings.that(Law::QueueSnapshots, present.contains(queue), || Example {
                    place: "queue_snapshot".into(),
                    key: format!("queue_id={} sampled_at={}", reader.text(*queue), Micros(at)),
                    what: "the queue was not sampled when others were".into(),
                });
            }
            alive.extend(present);
        }
    }

    /// What the states of the agents in a queue contradict: each state has at least those who were surely in it.
    fn unlike(&self, snapshot: &OfQueue, inside: &[u32]) -> Option<String> {
        let words = self.words?;
        let mut sure = [0; 9];
        for agent in inside {
            if let Some(state) = self.state_at(*agent, snapshot.at).filter(|state| state.from + LATE_US < snapshot.at)
                && let Some(at) = words.iter().position(|word| *word == state.state)
            {
                sure[at] += 1;
            }
        }
        let at = (0..9).find(|at| snapshot.states[*at] < sure[*at])?;
        Some(format!("{} is {}, states make at least {}", STATES[at].1, snapshot.states[at], sure[at]))
    }

    /// The state of an agent just before an instant.
    fn state_at(&self, agent: u32, at: i64) -> Option<&State> {
        self.states_at(agent, at).0
    }

    /// The same, and the one before it.
    fn states_at(&self, agent: u32, at: i64) -> (Option<&State>, Option<&State>) {
        let states = self.states.get(&agent).map_or(&[][..], Vec::as_slice);
        let before = &states[..states.partition_point(|state| state.from < at)];
        let last = before.last().filter(|state| at <= state.to);
        (last, before.len().checked_sub(2).map(|at| &before[at]))
    }

    fn judge_agents(&mut self, before: i64, reader: &Reader, findings: &mut Findings) {
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.agents).into_iter().partition(|s| s.at < before);
        self.agents = later;
        for snapshot in due {
            let mut wrong = None;
            // Of what is concluded late the state before it was known.
            let (state, before) = self.states_at(snapshot.agent, snapshot.at);
            for state in [state, before.filter(|_| state.is_some_and(|state| state.from + LATE_US >= snapshot.at))] {
                wrong = match state {
                    None if self.gaps.may_lack_session(snapshot.agent) => None,
                    None => wrong.or(Some("no state of his lasts then")),
                    Some(state) if state.state != snapshot.state => Some("state is not that of his states"),
                    Some(state) if state.call_type != snapshot.call_type => Some("call_type is not that of his states"),
                    Some(state) if state.reason != snapshot.reason => Some("the reason is not that of his states"),
                    Some(state) if state.since != snapshot.since => Some("since is not the begin of his state"),
                    Some(_) => None,
                };
                if wrong.is_none() {
                    break;
                }
            }
            findings.that(Law::AgentSnapshots, wrong.is_none(), || Example {
                place: reader.text(snapshot.file).to_owned(),
                key: format!("agent_id={} sampled_at={}", reader.text(snapshot.agent), Micros(snapshot.at)),
                what: wrong.unwrap_or_default().to_owned(),
            });
        }
        self.judge_instants(before, findings);
    }

    /// Everybody who was logged in has a row at every instant at which agents were sampled.
    fn judge_instants(&mut self, before: i64, findings: &mut Findings) {
        let mut due: Vec<(i64, i64)> =
            self.sampled.iter().map(|(at, n)| (*at, *n)).filter(|(at, _)| *at < before).collect();
        due.sort_unstable();
        for (at, n) in due {
            self.sampled.remove(&at);
            if !self.is_whole() {
                continue;
            }
            let agents: Vec<u32> =
                self.states.keys().copied().filter(|agent| self.state_at(*agent, at).is_some()).collect();
            findings.that(Law::AgentSnapshots, agents.len() as i64 == n, || Example {
                place: "agent_snapshot".into(),
                key: format!("sampled_at={}", Micros(at)),
                what: format!("{n} agents have a row, states make {}", agents.len()),
            });
        }
    }
}
