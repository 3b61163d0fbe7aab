//! Logins on DNs and to queues: inside their session, numbered, and as long as the agent was a member.
//!
//! In: `agent_session_dn`, after the sessions it refers to. Out: entries of membership in the ledger of agents at queues.

use super::Map;
use super::agent::Agents;
use super::finding::{Example, Findings, example};
use super::law::Law;
use super::ledger::key2;
use super::{ms, take};
use crate::model::ids::Uuid;
use crate::sink::{Block, NO_LONG, NO_NAME, Reader};

/// What the rows of a session have said so far.
#[derive(Default)]
struct Stretches {
    /// Rows, and the sum of their numbers: those of 1 to n, once each.
    rows: i64,
    numbers: i64,
    /// First begin and last end of logins on DNs; the end is the greatest instant there is while one is open.
    dns: Option<(i64, i64)>,
    file: u32,
}

/// Logins of sessions that are not judged yet.
#[derive(Default)]
pub(super) struct Logins {
    sessions: Map<u128, Stretches>,
    /// By agent and queue: until when membership is counted, in milliseconds. On several DNs it counts once.
    counted: Map<(u32, u32), i64>,
}

impl Logins {
    pub(super) fn take(&mut self, block: &Block, agents: &mut Agents, reader: &Reader, findings: &mut Findings) {
        take!(block;
            ids: agent_session_id;
            names: agent_id, queue_id;
            longs: logged_in_at, logged_out_at, duration_ms;
            ints: seq;
        );
        let mut order: Vec<usize> = (0..block.rows()).collect();
        order.sort_by_key(|&i| (logged_in_at[i], seq[i]));
        for i in order {
            let (from, is_open) = (logged_in_at[i], logged_out_at[i] == NO_LONG);
            let to = if is_open { i64::MAX } else { logged_out_at[i] };
            let session = agents.session(agent_session_id[i]);
            let wrong = match session {
                None if agents.may_lack_session(agent_id[i]) => None,
                None => Some("its session is not there"),
                Some((agent, ..)) if agent != agent_id[i] => Some("its session is another agent's"),
                Some((_, begin, end)) if from < begin || to > end => Some("it is not inside its session"),
                Some(_) if !is_open && ms(to) - ms(from) != duration_ms[i] => Some("duration_ms is not its length"),
                Some(_) => None,
            };
            findings.that(Law::Logins, wrong.is_none(), || example(reader, block, i, wrong.unwrap_or_default()));
            let stretches = self.sessions.entry(agent_session_id[i]).or_default();
            (stretches.rows, stretches.numbers) = (stretches.rows + 1, stretches.numbers + i64::from(seq[i]));
            stretches.file = block.file(i);
            if queue_id[i] == NO_NAME {
                let (first, last) = stretches.dns.unwrap_or((from, to));
                stretches.dns = Some((first.min(from), last.max(to)));
                continue;
            }
            let until = self.counted.entry((agent_id[i], queue_id[i])).or_insert(i64::MIN);
            let begin = ms(from).max(*until);
            let end = ms(from) + duration_ms[i];
            *until = end.max(*until);
            agents.pairs.cut(key2(agent_id[i], queue_id[i]), begin, end, "membership_ms");
        }
    }

    /// Judges sessions that ended before `before` (milliseconds).
    pub(super) fn judge(&mut self, before: i64, agents: &Agents, reader: &Reader, findings: &mut Findings) {
        let Self { sessions, .. } = self;
        agents.for_ended(before, |id, (begin, end)| {
            let stretches = sessions.remove(&id).unwrap_or(Stretches { file: NO_NAME, ..Stretches::default() });
            let Stretches { rows, numbers, dns, file } = stretches;
            let wrong = if numbers != rows * (rows + 1) / 2 {
                Some("the numbers of its logins on DNs are not those from 1 on")
            } else if dns.is_none_or(|(first, last)| (first, last) != (begin, end)) {
                Some("its logins on DNs do not last from its begin to its end")
            } else {
                None
            };
            findings.that(Law::Logins, wrong.is_none(), || Example {
                place: if file == NO_NAME { "agent_session_dn".into() } else { reader.text(file).to_owned() },
                key: format!("agent_session_id={}", Uuid(id)),
                what: wrong.unwrap_or_default().to_owned(),
            });
        });
    }
}
