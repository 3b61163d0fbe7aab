//! The laws that stored rows obey, each with a name that scripts can rely on and a sentence for people.
//!
//! Most hold whatever the switch has said. Some hold unless it contradicted itself: an agent who changes in the middle of a ringing call,
//! a transfer without its begin. Those are *expected*, and told apart.
//!
//! The list is here once; `schemas/definitions.md` shows it, and a test holds the two together. Whoever checks rows, in
//! files or in a database, names its findings after this list.

/// How surely a law holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whatever the switch has said.
    Certain,
    /// Unless the switch contradicted itself.
    Expected,
}

impl Kind {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Expected => "expected",
        }
    }
}

macro_rules! laws {
    ($($law:ident = $name:literal, $kind:ident, $says:literal;)+) => {
        /// A law.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "every law has its sentence")]
        pub enum Law {
            $($law,)+
        }

        impl Law {
            /// All laws, in the order in which they are reported.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$law),+];

            /// Name, as in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$law => $name,)+ }
            }

            /// How surely it holds.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$law => Kind::$kind,)+ }
            }

            /// What holds.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$law => $says,)+ }
            }
        }
    };
}

impl Law {
    /// Whether a row or a file obeys it or not by itself, whatever other rows say.
    pub(super) const fn is_about_one(self) -> bool {
        use Law::{CellsValid, FilesListed, FilesWhole, IdsDerived, KeysUnique, RowsInPlace, StoresAgree};
        matches!(self, FilesListed | FilesWhole | StoresAgree | KeysUnique | RowsInPlace | CellsValid | IdsDerived)
    }
}

laws! {
    FilesListed = "files_listed", Certain, "every file of a manifest is there, and every file is in a manifest";
    FilesWhole = "files_whole", Certain, "length, checksum, rows and description of a file are those of its manifest";
    StoresAgree = "stores_agree", Certain, "where files and a database are checked together, each key is in both, with the same cells";
    KeysUnique = "keys_unique", Certain, "a key is there once";
    RowsInPlace = "rows_in_place", Certain, "a row lies under its tenant and the UTC date of its time column";
    CellsValid = "cells_valid", Certain, "no number is negative, no word unknown, no event id malformed, no instant later than written_at, intervals are on the grid and seen for at most their length";
    IdsDerived = "ids_derived", Certain, "an id is the hash of what the row says about its object";
    Dimensions = "dimensions", Certain, "what rows name is in its dimension; members belong to groups that are there, one stretch at a time; every version of the definitions is whole";
    Calendar = "calendar", Certain, "every day has its quarter-hours in every zone, in local days of 92, 96 or 100";
    SourceSessions = "source_sessions", Certain, "sessions of a source do not overlap, hold their events, and last as long as they say";
    Coverage = "coverage", Certain, "coverage_ms is the time of the switch's sessions in the interval";
    QueueLaw = "queue_law", Certain, "in_queue_start + entered = answered + abandoned + diverted_out + cleared + other + in_queue_end; parts are within the whole";
    QueueContinuity = "queue_continuity", Certain, "a queue's intervals follow one another without a hole, and in_queue_end is in_queue_start of the next; all queues of a run end together";
    QueueLevels = "queue_levels", Certain, "in_queue_end, in_queue_max and longest_wait_ms_at_end are those of the stays alive";
    QueueFromStays = "queue_from_stays", Certain, "counts and times of queue_interval are those of queue_segment";
    QueueFromLegs = "queue_from_legs", Certain, "handled, handle_ms and the sums of talk_ms, hold_ms, acw_ms are those of the queue's legs";
    QueueOffers = "queue_offers", Expected, "no_answer, transferred_out and diverted_in are what the queue's handling segments and stays say";
    QueueStaffing = "queue_staffing", Certain, "agents_staffed_ms is the sum of membership_ms, agents_ready_ms a part of it";
    CohortLaw = "cohort_law", Certain, "entered = answered + abandoned + diverted + cleared + other + pending; parts are within the whole";
    CohortFromStays = "cohort_from_stays", Certain, "queue_cohort_interval is what became of the stays that entered in it, and has the rows that queue_interval has";
    Histogram = "histogram", Certain, "queue_wait_hist has the waits of the stays that entered in the interval, queue_handle_hist the handle times of their answers, bucket by bucket";
    Threshold = "threshold", Certain, "one service-level threshold explains every count of what was within it";
    StayTimes = "stay_times", Certain, "queue_ms, ring_ms and wait_ms are the differences of the stay's instants, and these fit its outcome";
    StayAnswer = "stay_answer", Certain, "an answered stay has exactly one handling segment, answered at the same instant by the same agent";
    LegTimes = "leg_times", Certain, "the parts of a handling segment add up to it, and it lies inside its call";
    LegParts = "leg_parts", Certain, "a handling segment is the sum of its parties, and theirs and its agent's are one";
    LegWraps = "leg_wraps", Expected, "after-call work of a handling segment is that of its agent's states, and of its parties' where they are kept";
    CallParts = "call_parts", Certain, "a call ends with its last party, is held as often as its handling segments, and enters queues with its stays; all of these have a call";
    CallCounts = "call_counts", Expected, "a call begins at its first party, is answered first by its first handling segment, and has their transfers and conferences";
    PartyTimes = "party_times", Certain, "the parts of a party fit into it; a party that goes on in another call is there";
    PartyStays = "party_stays", Certain, "a queue's party is a stay, and the other way round";
    PartyStates = "party_states", Certain, "where they are kept, the states of a party follow one another from its begin to its end, and add up to it";
    SessionStates = "session_states", Certain, "the states of a session follow one another from its begin to its end, numbered, and add up to it";
    Logins = "logins", Certain, "logins on DNs are numbered and inside their session, from its begin to its end, and membership_ms is the time logged in to the queue";
    AgentLaw = "agent_law", Certain, "the nine states add up to logged_in_ms, and no time exceeds the interval";
    AgentFromStates = "agent_from_states", Certain, "times and not_ready_entries of agent_interval are agent_state cut at the edges; logins and logouts are those of agent_session";
    AgentFromLegs = "agent_from_legs", Expected, "counts of agent_interval are those of the agent's handling segments";
    AgentQueueFromLegs = "agent_queue_from_legs", Expected, "agent_queue_interval is what the agent's handling segments for the queue say";
    ReasonsFromStates = "reasons_from_states", Certain, "agent_reason_interval is agent_state by reason, cut at the edges";
    QueueSnapshots = "queue_snapshots", Certain, "at its instant a snapshot has the calls that stays had in the queue, the agents logged in to it, and each of them in his state";
    AgentSnapshots = "agent_snapshots", Certain, "at its instant a snapshot has everybody who was logged in, in his state";
    Contacts = "contacts", Certain, "an interaction has the sums of its calls, and every call has one interaction";
    Links = "links", Certain, "both ends of a link are there unless it is unpaired, and calls that name one another are linked";
    Routes = "routes", Certain, "a routing request is that of a stay on its routing point";
    RouteRequests = "route_requests", Expected, "every stay on a routing point has a request";
    UserData = "user_data", Certain, "changes of a key are numbered and follow one another; what a call had at its end counts them and is what they left";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `CALLFOLD_BLESS=1` writes the section instead.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test asks for a new section")]
    fn the_definitions_list_every_law() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/definitions.md");
        let text = std::fs::read_to_string(path).unwrap();
        let mut list = String::from("| law | | what holds |\n| --- | --- | --- |\n");
        for law in Law::ALL {
            list += &format!("| `{}` | {} | {} |\n", law.name(), law.kind().word(), law.says());
        }
        let (begin, end) = ("<!-- laws -->\n", "<!-- end of laws -->\n");
        let (before, rest) = text.split_once(begin).unwrap();
        let (written, after) = rest.split_once(end).unwrap();
        if std::env::var_os("CALLFOLD_BLESS").is_some() {
            std::fs::write(path, format!("{before}{begin}{list}{end}{after}")).unwrap();
        } else {
            assert!(written == list, "the list of laws is stale; run the tests with CALLFOLD_BLESS=1");
        }
    }
}
