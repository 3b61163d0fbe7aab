//! What holds for the cells of any table: keys, places, numbers, words, instants.
//!
//! Everything here is read from the table's declaration and from the names of its columns; only the words that a column
//! knows are listed.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};

use super::finding::{Findings, example};
use super::law::Law;
use super::shelf::{DAY_MS, Lot, date_of};
use crate::model::table::Type;
use crate::sink::{Block, NO_NAME, Reader};

/// Words of columns: table (empty for any), column, words.
const WORDS: [(&str, &str, &[&str]); 31] = [
    ("", "media_type", &["voice"]),
    ("", "status", &["open", "provisional", "final", "revised"]),
    ("", "call_type", &["unknown", "internal", "inbound", "outbound", "consult"]),
    ("", "interaction_type", &["unknown", "internal", "inbound", "outbound", "consult"]),
    ("", "queue_kind", &["acd_queue", "virtual_queue", "routing_point", "external"]),
    ("", "released_by", &["customer", "agent", "system", "unknown"]),
    ("", "merge_type", &["transfer", "conference"]),
    ("", "end_reason", &["released", "link_lost", "timed_out", "superseded"]),
    ("", "resource_kind", &["agent", "extension", "ivr_port"]),
    ("", "reason_kind", &["software", "hardware"]),
    ("", "change", &["add", "update", "delete"]),
    ("", "source", &["user_data", "reasons", "extensions"]),
    ("", "link_type", &["consult_of", "merged_into", "same_contact"]),
    ("", "parent_link_type", &["moved"]),
    ("", "logout_reason", &["logout", "superseded"]),
    ("call_link", "state", &["active", "ended", "unpaired"]),
    (
        "call_link",
        "evidence",
        &[
            "transfer_conn_id",
            "previous_conn_id",
            "party_changed",
            "ref_call_uuid",
            "call_history",
            "remote_conn_id",
            "is_link",
            "conn_id",
        ],
    ),
    (
        "agent_state",
        "state",
        &["ready", "not_ready", "acw", "ringing", "dialing", "held", "talking", "busy", "unknown"],
    ),
    ("agent_reason_interval", "state", &["not_ready", "acw"]),
    (
        "queue_segment",
        "outcome",
        &[
            "answered",
            "abandoned_queue",
            "abandoned_ring",
            "diverted",
            "cleared",
            "routed_elsewhere",
            "no_answer_returned",
            "pending",
            "unknown",
        ],
    ),
    (
        "interaction",
        "outcome",
        &["answered", "abandoned_queue", "abandoned_ring", "diverted_out", "self_served", "blocked", "unknown"],
    ),
    (
        "handling_segment",
        "result",
        &[
            "completed",
            "transferred",
            "conferenced",
            "abandoned_while_ringing",
            "no_answer",
            "rejected",
            "busy",
            "error",
        ],
    ),
    (
        "handling_segment",
        "role",
        &["received", "received_transfer", "received_consult", "initiated", "initiated_consult", "in_conference"],
    ),
    ("route_decision", "result", &["routed", "defaulted", "abandoned", "diverted", "timed_out"]),
    ("party", "role", &["origination", "destination", "conference_member", "observer", "routing"]),
    (
        "party",
        "left_cause",
        &["released", "abandoned", "transferred", "conferenced", "moved", "diverted", "cleared", "no_answer", "lost"],
    ),
    ("queue_wait_hist", "kind", &["answered", "abandoned"]),
    ("source_session", "connect_kind", &["first", "link_restored", "reconnect", "switchover", "server_restart"]),
    ("source_session", "how_ended", &["link_lost", "disconnected", "reconnect", "switchover", "server_restart"]),
    (
        "agent_state",
        "pending_state",
        &["ready", "not_ready", "acw", "ringing", "dialing", "held", "talking", "busy", "unknown"],
    ),
    ("party", "final_state", &["null", "alerting", "dialing", "failed", "connected", "held", "queued"]),
];

/// Looks at every cell of a block.
pub(super) fn check(block: &Block, lot: &Lot, reader: &mut Reader, findings: &mut Findings) {
    keys(block, reader, findings);
    places(block, lot, reader, findings);
    words(block, reader, findings);
    let columns = block.table.columns;
    for row in 0..block.rows() {
        let mut wrong = None;
        let written = column(block, "written_at").and_then(|at| block.number(at, row));
        for (at, column) in columns.iter().enumerate() {
            let number = block.number(at, row);
            let is_wrong = match column.ty {
                // Clocks west of Greenwich are behind.
                Type::Long | Type::Int => number.is_some_and(|n| n < 0) && column.name != "utc_offset_min",
                Type::Instant => number.zip(written).is_some_and(|(n, written)| n > written),
                _ => false,
            };
            if is_wrong {
                wrong = Some(column.name);
            }
        }
        findings.that(Law::CellsValid, wrong.is_none(), || {
            let column = wrong.unwrap_or_default();
            let shown = block.shown(reader, column, row);
            example(reader, block, row, format!("{column} is {shown}"))
        });
    }
    if block.has("last_event_id") {
        for row in 0..block.rows() {
            let id = block.text("last_event_id", row);
            findings.that(Law::CellsValid, id.is_none_or(is_event_id), || {
                example(reader, block, row, format!("last_event_id is {}", id.unwrap_or_default()))
            });
        }
    }
    if block.has("interval_ms") {
        grid(block, reader, findings);
    }
}

fn column(block: &Block, name: &str) -> Option<usize> {
    block.table.columns.iter().position(|c| c.name == name)
}

/// `source:epoch:sequence`; the source's name may have colons.
fn is_event_id(id: &str) -> bool {
    let mut parts = id.rsplitn(3, ':');
    let numbers = [parts.next(), parts.next()];
    numbers.iter().all(|part| part.is_some_and(|n| n.parse::<u64>().is_ok())) && parts.next().is_some()
}

/// A row's key as two hashes of 64 bits: no two keys of a day meet by chance.
pub(super) fn key(block: &Block, row: usize) -> [u64; 2] {
    let mut hashers = [1, 2].map(|seed| foldhash::fast::FixedState::with_seed(seed).build_hasher());
    for name in block.table.key {
        match block.table.columns.iter().find(|c| c.name == *name).map(|c| c.ty) {
            Some(Type::Name) => hashers.iter_mut().for_each(|h| block.names(name)[row].hash(h)),
            Some(Type::Uuid) => hashers.iter_mut().for_each(|h| block.ids(name)[row].hash(h)),
            Some(Type::Text) => hashers.iter_mut().for_each(|h| block.text(name, row).hash(h)),
            _ => {
                let number = column(block, name).and_then(|at| block.number(at, row));
                hashers.iter_mut().for_each(|h| number.hash(h));
            }
        }
    }
    hashers.map(|h| h.finish())
}

fn keys(block: &Block, reader: &Reader, findings: &mut Findings) {
    let mut seen = HashSet::<_, foldhash::fast::FixedState>::with_capacity_and_hasher(block.rows(), Default::default());
    for row in 0..block.rows() {
        let is_new = seen.insert(key(block, row));
        findings.that(Law::KeysUnique, is_new, || example(reader, block, row, "the key is there more than once"));
    }
}

fn places(block: &Block, lot: &Lot, reader: &mut Reader, findings: &mut Findings) {
    let wanted = reader.name(&lot.tenant);
    let tenants = block.has("tenant_id").then(|| block.names("tenant_id"));
    let times = lot.day.map(|_| block.longs(block.table.time));
    for row in 0..block.rows() {
        let day = times.map(|times| times[row].div_euclid(86_400_000_000) * DAY_MS);
        let is_tenants = tenants.is_none_or(|tenants| tenants[row] == wanted);
        findings.that(Law::RowsInPlace, is_tenants && day == lot.day, || {
            let of = tenants.map_or("", |tenants| reader.text(tenants[row]));
            let lies = lot.day.map(date_of).unwrap_or_default();
            example(reader, block, row, format!("tenant {of}, lies with tenant {} and date {lies}", lot.tenant))
        });
    }
}

fn words(block: &Block, reader: &mut Reader, findings: &mut Findings) {
    for (table, column, words) in WORDS {
        if (!table.is_empty() && table != block.table.name) || !block.has(column) {
            continue;
        }
        let known: Vec<u32> = words.iter().map(|word| reader.name(word)).chain([NO_NAME]).collect();
        for (row, word) in block.names(column).iter().enumerate() {
            findings.that(Law::CellsValid, known.contains(word), || {
                example(reader, block, row, format!("{column} is {}", reader.text(*word)))
            });
        }
    }
}

fn grid(block: &Block, reader: &Reader, findings: &mut Findings) {
    let starts = block.longs("interval_start");
    let (lengths, coverage) = (block.ints("interval_ms"), block.ints("coverage_ms"));
    for row in 0..block.rows() {
        let holds = starts[row] % 900_000_000 == 0 && lengths[row] == 900_000 && coverage[row] <= lengths[row];
        findings.that(Law::CellsValid, holds, || {
            let (length, coverage) = (lengths[row], coverage[row]);
            example(reader, block, row, format!("interval_ms is {length}, coverage_ms {coverage}"))
        });
    }
}
