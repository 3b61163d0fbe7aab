//! Agents: their states fill their sessions, and both, with their handling segments, make their interval rows.
//!
//! In: `agent_session`, `agent_state` and the three interval tables of agents. Keeps sessions as long as something may refer
//! to them, and ledgers of the days that are not judged.

use super::finding::{Example, Findings, example};
use super::gap::Gaps;
use super::law::Law;
use super::ledger::{Column, How, INTERVAL_MS, Key, Ledger, key1, key2, nothing, sum};
use super::queue::{Queues, number};
use super::{Map, ms, take};
use crate::model::identity::{Identities, SessionKey};
use crate::model::ids::{AgentId, Uuid};
use crate::model::time::Micros;
use crate::sink::{Block, NO_LONG, NO_NAME, Reader};

/// States with their columns.
const STATES: [(&str, &str); 9] = [
    ("ready", "ready_ms"),
    ("not_ready", "not_ready_ms"),
    ("acw", "acw_ms"),
    ("ringing", "ring_ms"),
    ("talking", "talk_ms"),
    ("held", "hold_ms"),
    ("dialing", "dial_ms"),
    ("busy", "busy_ms"),
    ("unknown", "unknown_ms"),
];

/// Call types with their columns.
const TALKS: [(&str, &str); 4] = [
    ("inbound", "talk_inbound_ms"),
    ("outbound", "talk_outbound_ms"),
    ("internal", "talk_internal_ms"),
    ("consult", "talk_consult_ms"),
];

const COUNTS: &[Column] = &[
    sum("logged_in_ms", Law::AgentFromStates),
    sum("ready_ms", Law::AgentFromStates),
    sum("not_ready_ms", Law::AgentFromStates),
    sum("acw_ms", Law::AgentFromStates),
    sum("ring_ms", Law::AgentFromStates),
    sum("talk_ms", Law::AgentFromStates),
    sum("hold_ms", Law::AgentFromStates),
    sum("dial_ms", Law::AgentFromStates),
    sum("busy_ms", Law::AgentFromStates),
    sum("unknown_ms", Law::AgentFromStates),
    sum("talk_inbound_ms", Law::AgentFromStates),
    sum("talk_outbound_ms", Law::AgentFromStates),
    sum("talk_internal_ms", Law::AgentFromStates),
    sum("talk_consult_ms", Law::AgentFromStates),
    sum("not_ready_entries", Law::AgentFromStates),
    sum("logins", Law::AgentFromStates),
    sum("logouts", Law::AgentFromStates),
    Column { name: "first_login_at", law: Law::AgentFromStates, how: How::Least },
    Column { name: "last_logout_at", law: Law::AgentFromStates, how: How::Most },
    sum("offered", Law::AgentFromLegs),
    sum("answered", Law::AgentFromLegs),
    sum("no_answer", Law::AgentFromLegs),
    sum("abandoned_while_ringing", Law::AgentFromLegs),
    sum("outbound_made", Law::AgentFromLegs),
    sum("internal_made", Law::AgentFromLegs),
    sum("consult_made", Law::AgentFromLegs),
    sum("transfers_made", Law::AgentFromLegs),
    sum("short_calls", Law::AgentFromLegs),
    sum("handled", Law::AgentFromLegs),
    sum("handle_ms", Law::AgentFromLegs),
];

const SUMS: &[Column] = &[
    sum("dnd_ms", Law::AgentFromStates),
    sum("holds", Law::AgentFromLegs),
    sum("transfers_received", Law::AgentFromLegs),
    sum("consult_received", Law::AgentFromLegs),
];

const PAIRS: &[Column] = &[
    sum("membership_ms", Law::Logins),
    sum("offered", Law::AgentQueueFromLegs),
    sum("answered", Law::AgentQueueFromLegs),
    sum("ring_ms", Law::AgentQueueFromLegs),
    sum("handled", Law::AgentQueueFromLegs),
    sum("handle_ms", Law::AgentQueueFromLegs),
];

const PAIR_TIMES: &[Column] = &[
    sum("talk_ms", Law::AgentQueueFromLegs),
    sum("hold_ms", Law::AgentQueueFromLegs),
    sum("acw_ms", Law::AgentQueueFromLegs),
];

const REASONS: &[Column] = &[sum("ms", Law::ReasonsFromStates), sum("entries", Law::ReasonsFromStates)];

/// A session, and what its states have added up to so far.
struct Session {
    agent: u32,
    dn: u32,
    logged_in_at: i64,
    /// The greatest instant there is while it is open.
    logged_out_at: i64,
    /// Its length and its nine states, as the row has them.
    said: [i64; 10],
    has: [i64; 10],
    seq: i32,
    run: i32,
    until: i64,
    /// Stretches of after-call work, in milliseconds.
    wraps: Vec<(i64, i64)>,
    /// State, call type, reason of the last one.
    last: [u32; 4],
    is_judged: bool,
    /// Whether there is no row of it: it was not read, or it goes on.
    is_unread: bool,
    file: u32,
}

/// What is known of the agents of a tenant.
pub(super) struct Agents {
    pub(super) counts: Ledger,
    pub(super) sums: Ledger,
    pub(super) pairs: Ledger,
    pub(super) pair_times: Ledger,
    reasons: Ledger,
    sessions: Map<u128, Session>,
    /// Conferences that agents completed.
    pub(super) conferences: i64,
    gaps: Gaps,
    /// End of the last state of each agent that is open, in milliseconds.
    until: Map<u32, i64>,
}

impl Agents {
    pub(super) fn new(gaps: Gaps) -> Self {
        let (agent, pair) = (&["agent_id"], &["agent_id", "queue_id"]);
        Self {
            counts: Ledger::new("agent_interval", agent, COUNTS),
            sums: Ledger::new("agent_interval", agent, SUMS),
            pairs: Ledger::new("agent_queue_interval", pair, PAIRS),
            pair_times: Ledger::new("agent_queue_interval", pair, PAIR_TIMES),
            reasons: Ledger::new("agent_reason_interval", &["agent_id", "state", "reason_key", "reason_code"], REASONS),
            sessions: Map::default(),
            conferences: 0,
            gaps,
            until: Map::default(),
        }
    }

    /// Whether a session is there and is this agent's, or cannot be there.
    pub(super) fn is_session_of(&self, session: u128, agent: u32) -> bool {
        let known = self.sessions.get(&session).map(|s| s.agent == agent);
        known.unwrap_or_else(|| self.gaps.may_lack_session(agent))
    }

    /// Agent, begin and end of a session in microseconds; the end is the greatest instant there is while it is open.
    pub(super) fn session(&self, id: u128) -> Option<(u32, i64, i64)> {
        self.sessions.get(&id).map(|s| (s.agent, s.logged_in_at, s.logged_out_at))
    }

    /// Whether an agent's session may have no row.
    pub(super) fn may_lack_session(&self, agent: u32) -> bool {
        self.gaps.may_lack_session(agent)
    }

    /// Calls `f` with begin and end of every session that has a row, ended before `before` (milliseconds) and is not judged yet.
    pub(super) fn for_ended(&self, before: i64, mut f: impl FnMut(u128, (i64, i64))) {
        let is_due = |s: &Session| !s.is_judged && (ms(s.logged_out_at) < before || before == i64::MAX);
        if !self.gaps.lacks.contains(&"agent_session_dn") {
            self.sessions
                .iter()
                .filter(|(_, s)| is_due(s))
                .for_each(|(id, s)| f(*id, (s.logged_in_at, s.logged_out_at)));
        }
    }

    /// After-call work of a session in a stretch of time, all in milliseconds; `None` when nobody can know.
    pub(super) fn wrapped(&self, session: u128, agent: u32, from: i64, to: i64) -> Option<i64> {
        let session = self.sessions.get(&session);
        let is_whole = session.is_none_or(|s| s.is_unread && to >= self.until.get(&agent).copied().unwrap_or(i64::MIN));
        if is_whole && self.gaps.may_lack_session(agent) {
            return None;
        }
        let wraps = session.map_or(&[][..], |session| &session.wraps);
        Some(wraps.iter().map(|(a, b)| ((*b).min(to) - (*a).max(from)).max(0)).sum())
    }

    /// Counts for an agent if he was logged in at `at`; if he was not, it may count or not.
    pub(super) fn count(&mut self, session: u128, key: Key, at: i64, column: &str, by: i64) {
        self.count_at(session, key, (at, at), column, by);
    }

    /// Counts at the second instant if the agent was logged in at the first; both in milliseconds.
    pub(super) fn count_at(&mut self, session: u128, key: Key, at: (i64, i64), column: &str, by: i64) {
        let session = self.sessions.get(&session);
        let is_there = session.is_some_and(|s| ms(s.logged_in_at) <= at.0 && at.0 < ms(s.logged_out_at));
        if is_there {
            self.counts.add(key, at.1, column, by);
        } else {
            self.counts.may_add(key, at.1, column, by);
        }
    }

    pub(super) fn take_sessions(&mut self, block: &Block, reader: &Reader, findings: &mut Findings) {
        take!(block;
            ids: agent_session_id;
            names: agent_id, primary_dn, logout_reason;
            longs: logged_in_at, logged_out_at, duration_ms, dnd_ms;
        );
        let mut identities = Identities::default();
        for i in 0..block.rows() {
            let key = SessionKey { agent: AgentId::NONE, logged_in_at: Micros(logged_in_at[i]) };
            let wanted = identities.session(&key, reader.text(agent_id[i])).0;
            findings.that(Law::IdsDerived, wanted == agent_session_id[i], || {
                example(reader, block, i, format!("its agent and login make {}", Uuid(wanted)))
            });
            let (key, login) = (key1(agent_id[i]), ms(logged_in_at[i]));
            self.counts.add(key, login, "logins", 1);
            self.counts.add(key, login, "first_login_at", logged_in_at[i]);
            self.sums.add(key, 0, "dnd_ms", dnd_ms[i]);
            let is_open = logged_out_at[i] == NO_LONG;
            if !is_open {
                self.counts.add(key, ms(logged_out_at[i]), "logouts", 1);
                self.counts.add(key, ms(logged_out_at[i]), "last_logout_at", logged_out_at[i]);
            }
            let mut said = [0; 10];
            said[0] = duration_ms[i];
            for (at, (_, column)) in STATES.iter().enumerate() {
                said[at + 1] = number(block, column, i);
            }
            let is_whole = is_open || ms(logged_out_at[i]) - login == duration_ms[i];
            let holds = is_whole
                && said[1..].iter().sum::<i64>() == said[0]
                && dnd_ms[i] <= said[0]
                && is_open == (logout_reason[i] == NO_NAME);
            findings.that(Law::SessionStates, holds, || {
                example(reader, block, i, format!("duration_ms is {}, its states make {:?}", said[0], &said[1..]))
            });
            let session = Session {
                agent: agent_id[i],
                dn: primary_dn[i],
                logged_in_at: logged_in_at[i],
                logged_out_at: if is_open { i64::MAX } else { logged_out_at[i] },
                said,
                has: [0; 10],
                seq: 0,
                run: 0,
                until: logged_in_at[i],
                wraps: Vec::new(),
                last: [NO_NAME; 4],
                is_judged: false,
                is_unread: false,
                file: block.file(i),
            };
            self.sessions.insert(agent_session_id[i], session);
        }
    }

    /// A state of a session without a row, where there cannot be one: the session begins with it, as far as is known.
    fn take_unread(&mut self, block: &Block, i: usize) {
        take!(block;
            ids: agent_session_id;
            names: agent_id, dn;
            longs: started_at;
            ints: seq, state_run_id;
        );
        let (id, agent) = (agent_session_id[i], agent_id[i]);
        if self.sessions.contains_key(&id) || !self.gaps.may_lack_state(agent, seq[i]) {
            return;
        }
        let login = if seq[i] == 1 { started_at[i] } else { i64::MIN };
        if seq[i] == 1 {
            self.counts.add(key1(agent), ms(login), "logins", 1);
            self.counts.add(key1(agent), ms(login), "first_login_at", login);
        }
        let session = Session {
            agent,
            dn: dn[i],
            logged_in_at: login,
            logged_out_at: i64::MAX,
            said: [0; 10],
            has: [0; 10],
            seq: seq[i] - 1,
            run: state_run_id[i] - 1,
            until: started_at[i],
            wraps: Vec::new(),
            last: [NO_NAME; 4],
            is_judged: true,
            is_unread: true,
            file: block.file(i),
        };
        self.sessions.insert(id, session);
    }

    pub(super) fn take_states(&mut self, block: &Block, reader: &mut Reader, findings: &mut Findings) {
        take!(block;
            ids: agent_session_id;
            names: agent_id, dn, state, call_type, reason_key, reason_code;
            longs: started_at, ended_at, duration_ms;
            ints: seq, state_run_id;
        );
        let states = STATES.map(|(word, column)| (reader.name(word), column));
        let talks = TALKS.map(|(word, column)| (reader.name(word), column));
        let (not_ready, acw) = (states[1].0, states[2].0);
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| (agent_session_id[i], seq[i]));
        for i in order {
            let (from, to) = (ms(started_at[i]), ms(ended_at[i]));
            self.take_unread(block, i);
            if self.gaps.open.contains_key(&agent_id[i]) {
                let until = self.until.entry(agent_id[i]).or_insert(to);
                *until = to.max(*until);
            }
            let wrong = self.follows(block, i, &states);
            findings.that(Law::SessionStates, wrong.is_none(), || {
                example(reader, block, i, wrong.clone().unwrap_or_default())
            });
            let is_length = duration_ms[i] == to - from && started_at[i] < ended_at[i];
            findings.that(Law::SessionStates, is_length, || example(reader, block, i, "duration_ms is not its length"));
            let key = key1(agent_id[i]);
            let column = states.iter().find(|(word, _)| *word == state[i]).map_or("unknown_ms", |(_, column)| column);
            self.counts.cut(key, from, to, column);
            self.counts.cut(key, from, to, "logged_in_ms");
            if column == "talk_ms"
                && let Some((_, column)) = talks.iter().find(|(word, _)| *word == call_type[i])
            {
                self.counts.cut(key, from, to, column);
            }
            let is_reasoned = state[i] == not_ready || state[i] == acw;
            let fits = is_reasoned == (reason_key[i] != NO_NAME)
                && is_reasoned == (reason_code[i] != NO_NAME)
                && (column == "talk_ms") == (call_type[i] != NO_NAME);
            findings.that(Law::SessionStates, fits, || {
                example(reader, block, i, "reason or call type do not fit the state")
            });
            if is_reasoned {
                let key = [agent_id[i], state[i], reason_key[i], reason_code[i]];
                self.reasons.cut(key, from, to, "ms");
                self.reasons.add(key, from, "entries", 1);
            }
            let Some(session) = self.sessions.get_mut(&agent_session_id[i]) else { continue };
            if state[i] == not_ready && state_run_id[i] != session.run {
                // What an unread session begins with may have begun before.
                if session.is_unread && session.last[0] == NO_NAME && seq[i] > 1 {
                    self.counts.may_add(key, from, "not_ready_entries", 1);
                } else {
                    self.counts.add(key, from, "not_ready_entries", 1);
                }
            }
            let at = states.iter().position(|(word, _)| *word == state[i]).unwrap_or(8);
            if state[i] == acw {
                session.wraps.push((from, to));
            }
            session.has[0] += duration_ms[i];
            session.has[at + 1] += duration_ms[i];
            (session.seq, session.run, session.until) = (seq[i], state_run_id[i], ended_at[i]);
            session.last = [state[i], call_type[i], reason_key[i], reason_code[i]];
            let fits = session.dn == dn[i];
            findings.that(Law::SessionStates, fits, || example(reader, block, i, "dn is not the session's"));
        }
    }

    /// What is wrong with a state as the next of its session.
    fn follows(&self, block: &Block, i: usize, states: &[(u32, &str); 9]) -> Option<String> {
        take!(block;
            ids: agent_session_id;
            names: agent_id, state, call_type, reason_key, reason_code;
            longs: started_at;
            ints: seq, state_run_id;
        );
        let Some(session) = self.sessions.get(&agent_session_id[i]) else {
            return Some("its session is not there".into());
        };
        let same_run = session.last[0] == state[i];
        let run = session.run + i32::from(!same_run);
        let is_same = session.last == [state[i], call_type[i], reason_key[i], reason_code[i]];
        if session.agent != agent_id[i] {
            Some("its session is another agent's".into())
        } else if seq[i] != session.seq + 1 {
            Some(format!("it comes after number {}", session.seq))
        } else if started_at[i] != session.until {
            Some(format!("the one before it ended at {}", Micros(session.until)))
        } else if state_run_id[i] != run || is_same || !states.iter().any(|(word, _)| *word == state[i]) {
            Some(format!("state_run_id is {}, states make {run}", state_run_id[i]))
        } else {
            None
        }
    }

    pub(super) fn take_intervals(&mut self, block: &Block, reader: &Reader, findings: &mut Findings) {
        take!(block; names: agent_id; longs: interval_start, logged_in_ms, dnd_ms; ints: interval_ms, rejected, conferences;);
        for i in 0..block.rows() {
            let states: i64 = STATES.iter().map(|(_, column)| number(block, column, i)).sum();
            let talks: i64 = TALKS.iter().map(|(_, column)| number(block, column, i)).sum();
            let holds = states == logged_in_ms[i]
                && logged_in_ms[i] <= i64::from(interval_ms[i])
                && dnd_ms[i] <= logged_in_ms[i]
                && talks <= number(block, "talk_ms", i)
                && rejected[i] == 0;
            findings.that(Law::AgentLaw, holds, || {
                example(reader, block, i, format!("logged_in_ms is {}, the states make {states}", logged_in_ms[i]))
            });
            self.conferences += i64::from(conferences[i]);
            let (key, file) = (key1(agent_id[i]), block.file(i));
            let values = COUNTS.iter().map(|column| number(block, column.name, i));
            self.counts.say(key, ms(interval_start[i]), values, file);
            self.sums.say_more(key, SUMS.iter().map(|column| number(block, column.name, i)), file);
        }
    }

    pub(super) fn take_pairs(&mut self, block: &Block, queues: &mut Queues) {
        take!(block; names: agent_id, queue_id; longs: interval_start, membership_ms;);
        for i in 0..block.rows() {
            let (key, start, file) = (key2(agent_id[i], queue_id[i]), ms(interval_start[i]), block.file(i));
            queues.period.add(key1(queue_id[i]), start, "agents_staffed_ms", membership_ms[i]);
            self.pairs.say(key, start, PAIRS.iter().map(|column| number(block, column.name, i)), file);
            self.pair_times.say_more(key, PAIR_TIMES.iter().map(|column| number(block, column.name, i)), file);
        }
    }

    pub(super) fn take_reasons(&mut self, block: &Block) {
        take!(block; names: agent_id, state, reason_key, reason_code; longs: interval_start;);
        for i in 0..block.rows() {
            let key = [agent_id[i], state[i], reason_key[i], reason_code[i]];
            let values = REASONS.iter().map(|column| number(block, column.name, i));
            self.reasons.say(key, ms(interval_start[i]), values, block.file(i));
        }
    }

    /// Judges intervals that begin, and sessions that ended, before `before`.
    pub(super) fn judge(&mut self, before: i64, forget: i64, reader: &Reader, findings: &mut Findings) {
        let Self { gaps, until, .. } = self;
        // A state that goes on has no row yet.
        let goes_on = |key: &Key, start: i64, law: Law| match law {
            Law::Logins => gaps.is_cut || gaps.open.contains_key(&key[0]) || gaps.lacks.contains(&"agent_session_dn"),
            Law::AgentFromStates | Law::ReasonsFromStates => {
                let until = until.get(&key[0]);
                gaps.open.contains_key(&key[0]) && until.is_none_or(|until| start + INTERVAL_MS > *until)
            }
            _ => false,
        };
        for ledger in [&mut self.counts, &mut self.pairs, &mut self.reasons] {
            ledger.judge(before, goes_on, reader, findings);
        }
        self.sessions.retain(|id, session| {
            let ended = ms(session.logged_out_at);
            if !session.is_judged && (ended < before || before == i64::MAX) {
                session.is_judged = true;
                let ends = session.logged_out_at == i64::MAX || session.until == session.logged_out_at;
                findings.that(Law::SessionStates, session.said == session.has && ends, || Example {
                    place: reader.text(session.file).to_owned(),
                    key: format!("agent_session_id={}", Uuid(*id)),
                    what: format!("its row has {:?} ms, its states {:?}", session.said, session.has),
                });
            }
            session.wraps.retain(|(_, to)| *to >= forget);
            ended >= forget
        });
    }

    /// Sums over all intervals.
    pub(super) fn finish(&mut self, reader: &Reader, findings: &mut Findings) {
        self.sums.judge(i64::MAX, nothing, reader, findings);
        self.pair_times.judge(i64::MAX, nothing, reader, findings);
    }
}
