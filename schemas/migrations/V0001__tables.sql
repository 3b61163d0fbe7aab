-- The tables of history, made from the declarations in src/model/row; CALLFOLD_BLESS=1 cargo test writes this file.
--
-- Instants are timestamptz with microseconds, durations whole milliseconds (*_ms), ratios are never stored. null means not known
-- or not applicable; zero means none. Tables with a time are partitioned by its month in UTC; the primary key is the logical
-- key, with that time added where it lacks it. Partitions lie in callfold_store, where nobody reads.

CREATE SCHEMA callfold;
CREATE SCHEMA callfold_store;
COMMENT ON SCHEMA callfold IS 'History of contact centres: one table per kind of row, each number with one definition';
COMMENT ON SCHEMA callfold_store IS 'Partitions, staging tables and bookkeeping of callfold; nothing to read here';

CREATE TABLE callfold.call (
    tenant_id text NOT NULL,
    call_id uuid NOT NULL,
    interaction_id uuid NOT NULL,
    site_id text NOT NULL,
    conn_id text NOT NULL,
    switch_call_id text,
    parent_call_id uuid,
    merged_into_call_id uuid,
    merge_type text,
    call_type text NOT NULL,
    media_type text NOT NULL,
    started_at timestamptz NOT NULL,
    first_queued_at timestamptz,
    first_alerting_at timestamptz,
    first_connected_at timestamptz,
    ended_at timestamptz,
    ani text,
    dnis text,
    trunk text,
    released_by text NOT NULL,
    hold_count integer NOT NULL,
    transfer_count integer NOT NULL,
    conference_count integer NOT NULL,
    divert_count integer NOT NULL,
    abandoned boolean NOT NULL,
    connected boolean NOT NULL,
    connected_to_agent boolean NOT NULL,
    duration_ms bigint NOT NULL,
    end_known boolean NOT NULL,
    joined_in_progress boolean NOT NULL,
    end_reason text,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, call_id, started_at)
) PARTITION BY RANGE (started_at);
COMMENT ON TABLE callfold.call IS 'One call: the life of one ConnID on one switch.';
COMMENT ON COLUMN callfold.call.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.call.call_id IS 'deterministic id of the call';
COMMENT ON COLUMN callfold.call.interaction_id IS 'id of the contact''s root call';
COMMENT ON COLUMN callfold.call.site_id IS 'switch';
COMMENT ON COLUMN callfold.call.conn_id IS 'ConnID as 16 hex digits';
COMMENT ON COLUMN callfold.call.switch_call_id IS 'the switch''s own call id, when kept';
COMMENT ON COLUMN callfold.call.parent_call_id IS 'the call this consultation was made from';
COMMENT ON COLUMN callfold.call.merged_into_call_id IS 'the call this one was merged into';
COMMENT ON COLUMN callfold.call.merge_type IS 'how it was merged: transfer or conference';
COMMENT ON COLUMN callfold.call.call_type IS 'unknown, internal, inbound, outbound, consult';
COMMENT ON COLUMN callfold.call.media_type IS 'voice';
COMMENT ON COLUMN callfold.call.started_at IS 'first event';
COMMENT ON COLUMN callfold.call.first_queued_at IS 'first entry into a queue or routing point';
COMMENT ON COLUMN callfold.call.first_alerting_at IS 'first ringing at a device';
COMMENT ON COLUMN callfold.call.first_connected_at IS 'first device connected';
COMMENT ON COLUMN callfold.call.ended_at IS 'last party or queue stay left; null while open';
COMMENT ON COLUMN callfold.call.ani IS 'calling number as sent';
COMMENT ON COLUMN callfold.call.dnis IS 'called number as sent';
COMMENT ON COLUMN callfold.call.trunk IS 'trunk, when known';
COMMENT ON COLUMN callfold.call.released_by IS 'customer, agent, system, unknown';
COMMENT ON COLUMN callfold.call.hold_count IS 'times a device put the call on hold';
COMMENT ON COLUMN callfold.call.transfer_count IS 'transfers completed on the call';
COMMENT ON COLUMN callfold.call.conference_count IS 'conferences completed on the call';
COMMENT ON COLUMN callfold.call.divert_count IS 'times the call left a queue towards a target';
COMMENT ON COLUMN callfold.call.abandoned IS 'the caller gave up before an answer';
COMMENT ON COLUMN callfold.call.connected IS 'some device connected';
COMMENT ON COLUMN callfold.call.connected_to_agent IS 'an agent or extension connected';
COMMENT ON COLUMN callfold.call.duration_ms IS 'from the first event to the end, or to the last instant known; milliseconds';
COMMENT ON COLUMN callfold.call.end_known IS 'the end was seen';
COMMENT ON COLUMN callfold.call.joined_in_progress IS 'the beginning was not seen';
COMMENT ON COLUMN callfold.call.end_reason IS 'released, link_lost, timed_out, superseded; null while open';
COMMENT ON COLUMN callfold.call.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.call.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.call.written_at IS 'event time at which the row was written';
CREATE INDEX call_started_at_brin ON callfold.call USING brin (started_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.call_before PARTITION OF callfold.call FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.call_after PARTITION OF callfold.call FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.party (
    tenant_id text NOT NULL,
    party_id uuid NOT NULL,
    party_guid uuid NOT NULL,
    call_id uuid NOT NULL,
    interaction_id uuid NOT NULL,
    site_id text NOT NULL,
    dn text,
    dn_type text NOT NULL,
    resource_id text,
    agent_id text,
    agent_session_id uuid,
    role text NOT NULL,
    parent_party_id uuid,
    parent_link_type text,
    joined_at timestamptz NOT NULL,
    left_at timestamptz,
    left_cause text,
    alerting_ms bigint NOT NULL,
    connected_ms bigint NOT NULL,
    hold_ms bigint NOT NULL,
    queued_ms bigint NOT NULL,
    treatment_ms bigint NOT NULL,
    acw_ms bigint NOT NULL,
    final_state text NOT NULL,
    end_known boolean NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, party_id, joined_at)
) PARTITION BY RANGE (joined_at);
COMMENT ON TABLE callfold.party IS 'One party: one device''s part in one call. A leg that moves to another call gets a second row.';
COMMENT ON COLUMN callfold.party.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.party.party_id IS 'deterministic id of the party';
COMMENT ON COLUMN callfold.party.party_guid IS 'id that stays when the leg moves to another call';
COMMENT ON COLUMN callfold.party.call_id IS 'the call';
COMMENT ON COLUMN callfold.party.interaction_id IS 'id of the contact''s root call';
COMMENT ON COLUMN callfold.party.site_id IS 'switch';
COMMENT ON COLUMN callfold.party.dn IS 'the device';
COMMENT ON COLUMN callfold.party.dn_type IS 'extension, acd_queue, routing_point, virtual_queue';
COMMENT ON COLUMN callfold.party.resource_id IS 'the device';
COMMENT ON COLUMN callfold.party.agent_id IS 'agent attributed to the party';
COMMENT ON COLUMN callfold.party.agent_session_id IS 'his login session';
COMMENT ON COLUMN callfold.party.role IS 'origination, destination, conference_member, observer, routing';
COMMENT ON COLUMN callfold.party.parent_party_id IS 'the party this one continues';
COMMENT ON COLUMN callfold.party.parent_link_type IS 'moved';
COMMENT ON COLUMN callfold.party.joined_at IS 'first event of the party in this call';
COMMENT ON COLUMN callfold.party.left_at IS 'end of the party in this call; null while open';
COMMENT ON COLUMN callfold.party.left_cause IS 'released, abandoned, transferred, conferenced, moved, diverted, cleared';
COMMENT ON COLUMN callfold.party.alerting_ms IS 'ringing time; milliseconds';
COMMENT ON COLUMN callfold.party.connected_ms IS 'connected time without hold; milliseconds';
COMMENT ON COLUMN callfold.party.hold_ms IS 'time the device held the call; milliseconds';
COMMENT ON COLUMN callfold.party.queued_ms IS 'time in queue, for queues and routing points; milliseconds';
COMMENT ON COLUMN callfold.party.treatment_ms IS 'time under treatment; milliseconds';
COMMENT ON COLUMN callfold.party.acw_ms IS 'after-call work that belongs to the party; milliseconds';
COMMENT ON COLUMN callfold.party.final_state IS 'state before the end';
COMMENT ON COLUMN callfold.party.end_known IS 'the end was seen';
COMMENT ON COLUMN callfold.party.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.party.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.party.written_at IS 'event time at which the row was written';
CREATE INDEX party_joined_at_brin ON callfold.party USING brin (joined_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.party_before PARTITION OF callfold.party FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.party_after PARTITION OF callfold.party FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX party_call_id ON callfold.party (tenant_id, call_id, joined_at);
CREATE INDEX party_agent_id ON callfold.party (tenant_id, agent_id, joined_at) WHERE agent_id IS NOT NULL;

CREATE TABLE callfold.party_state (
    tenant_id text NOT NULL,
    party_id uuid NOT NULL,
    seq integer NOT NULL,
    call_id uuid NOT NULL,
    dn text,
    agent_id text,
    state text NOT NULL,
    prev_state text,
    entered_at timestamptz NOT NULL,
    left_at timestamptz,
    duration_ms bigint NOT NULL,
    cause_event text,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, party_id, seq, entered_at)
) PARTITION BY RANGE (entered_at);
COMMENT ON TABLE callfold.party_state IS 'One state of one party: the states of a party follow one another without a gap from its begin to its end, and after-call work may follow that.';
COMMENT ON COLUMN callfold.party_state.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.party_state.party_id IS 'the party';
COMMENT ON COLUMN callfold.party_state.seq IS 'position in the party, from 1';
COMMENT ON COLUMN callfold.party_state.call_id IS 'the call';
COMMENT ON COLUMN callfold.party_state.dn IS 'the device';
COMMENT ON COLUMN callfold.party_state.agent_id IS 'agent attributed to the party';
COMMENT ON COLUMN callfold.party_state.state IS 'queued, treatment, alerting, dialing, failed, connected, held, wrap';
COMMENT ON COLUMN callfold.party_state.prev_state IS 'the state before; null in the first row';
COMMENT ON COLUMN callfold.party_state.entered_at IS 'begin';
COMMENT ON COLUMN callfold.party_state.left_at IS 'end; null while it goes on';
COMMENT ON COLUMN callfold.party_state.duration_ms IS 'length, or to the last instant known; milliseconds';
COMMENT ON COLUMN callfold.party_state.cause_event IS 'message that began the state; null when none did';
COMMENT ON COLUMN callfold.party_state.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.party_state.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.party_state.written_at IS 'event time at which the row was written';
CREATE INDEX party_state_entered_at_brin ON callfold.party_state USING brin (entered_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.party_state_before PARTITION OF callfold.party_state FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.party_state_after PARTITION OF callfold.party_state FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX party_state_call_id ON callfold.party_state (tenant_id, call_id, entered_at);
CREATE INDEX party_state_agent_id ON callfold.party_state (tenant_id, agent_id, entered_at) WHERE agent_id IS NOT NULL;

CREATE TABLE callfold.queue_segment (
    tenant_id text NOT NULL,
    queue_segment_id uuid NOT NULL,
    call_id uuid NOT NULL,
    interaction_id uuid NOT NULL,
    queue_id text,
    queue_kind text NOT NULL,
    call_type text NOT NULL,
    entered_at timestamptz NOT NULL,
    distributed_at timestamptz,
    answered_at timestamptz,
    left_at timestamptz,
    entry_seq integer NOT NULL,
    outcome text NOT NULL,
    outcome_reason text,
    queue_ms bigint NOT NULL,
    ring_ms bigint NOT NULL,
    wait_ms bigint NOT NULL,
    answered_by_agent_id text,
    handling_segment_id uuid,
    diverted_to text,
    strategy text,
    target text,
    target_kind text,
    skill_expression text,
    priority text,
    position_on_entry integer,
    ewt_ms_on_entry bigint,
    is_short_abandon boolean NOT NULL,
    definition_version integer NOT NULL,
    parallel_group_id uuid,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, queue_segment_id, entered_at)
) PARTITION BY RANGE (entered_at);
COMMENT ON TABLE callfold.queue_segment IS 'One queue segment: one stay of a call on an ACD queue, routing point or virtual queue.';
COMMENT ON COLUMN callfold.queue_segment.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.queue_segment.queue_segment_id IS 'deterministic id of the stay';
COMMENT ON COLUMN callfold.queue_segment.call_id IS 'the call';
COMMENT ON COLUMN callfold.queue_segment.interaction_id IS 'id of the contact''s root call';
COMMENT ON COLUMN callfold.queue_segment.queue_id IS 'number@switch of the queue';
COMMENT ON COLUMN callfold.queue_segment.queue_kind IS 'acd_queue, virtual_queue, routing_point, external';
COMMENT ON COLUMN callfold.queue_segment.call_type IS 'type of the call at entry';
COMMENT ON COLUMN callfold.queue_segment.entered_at IS 'entry';
COMMENT ON COLUMN callfold.queue_segment.distributed_at IS 'left towards a target; null for abandoned_queue, cleared, routed_elsewhere';
COMMENT ON COLUMN callfold.queue_segment.answered_at IS 'the target connected';
COMMENT ON COLUMN callfold.queue_segment.left_at IS 'end of the stay in the queue itself';
COMMENT ON COLUMN callfold.queue_segment.entry_seq IS 'which entry of this call into this queue, from 1';
COMMENT ON COLUMN callfold.queue_segment.outcome IS 'answered, abandoned_queue, abandoned_ring, diverted, cleared, routed_elsewhere, no_answer_returned, pending, unknown';
COMMENT ON COLUMN callfold.queue_segment.outcome_reason IS 'busy, timeout, forced and the like, when the switch says';
COMMENT ON COLUMN callfold.queue_segment.queue_ms IS 'from entry to leaving the queue; milliseconds';
COMMENT ON COLUMN callfold.queue_segment.ring_ms IS 'from leaving the queue to the end; milliseconds';
COMMENT ON COLUMN callfold.queue_segment.wait_ms IS 'queue_ms + ring_ms; milliseconds';
COMMENT ON COLUMN callfold.queue_segment.answered_by_agent_id IS 'agent who answered, when known';
COMMENT ON COLUMN callfold.queue_segment.handling_segment_id IS 'the leg that was offered the call last';
COMMENT ON COLUMN callfold.queue_segment.diverted_to IS 'number of the target as sent, for outcome diverted';
COMMENT ON COLUMN callfold.queue_segment.strategy IS 'routing strategy';
COMMENT ON COLUMN callfold.queue_segment.target IS 'target chosen by the router';
COMMENT ON COLUMN callfold.queue_segment.target_kind IS 'kind of that target';
COMMENT ON COLUMN callfold.queue_segment.skill_expression IS 'skills asked for';
COMMENT ON COLUMN callfold.queue_segment.priority IS 'priority given';
COMMENT ON COLUMN callfold.queue_segment.position_on_entry IS 'place in the queue on entry, when known';
COMMENT ON COLUMN callfold.queue_segment.ewt_ms_on_entry IS 'estimated wait on entry, when known';
COMMENT ON COLUMN callfold.queue_segment.is_short_abandon IS 'abandoned within the short-abandon limit';
COMMENT ON COLUMN callfold.queue_segment.definition_version IS 'which thresholds were applied';
COMMENT ON COLUMN callfold.queue_segment.parallel_group_id IS 'virtual queues entered together';
COMMENT ON COLUMN callfold.queue_segment.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.queue_segment.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.queue_segment.written_at IS 'event time at which the row was written';
CREATE INDEX queue_segment_entered_at_brin ON callfold.queue_segment USING brin (entered_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.queue_segment_before PARTITION OF callfold.queue_segment FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.queue_segment_after PARTITION OF callfold.queue_segment FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX queue_segment_call_id ON callfold.queue_segment (tenant_id, call_id, entered_at);
CREATE INDEX queue_segment_queue_id ON callfold.queue_segment (tenant_id, queue_id, entered_at) WHERE queue_id IS NOT NULL;

CREATE TABLE callfold.handling_segment (
    tenant_id text NOT NULL,
    handling_segment_id uuid NOT NULL,
    call_id uuid NOT NULL,
    interaction_id uuid NOT NULL,
    queue_segment_id uuid,
    queue_id text,
    resource_id text,
    resource_kind text NOT NULL,
    agent_id text,
    agent_session_id uuid,
    party_id uuid NOT NULL,
    offered_at timestamptz NOT NULL,
    answered_at timestamptz,
    released_at timestamptz,
    acw_started_at timestamptz,
    acw_ended_at timestamptz,
    ring_ms bigint NOT NULL,
    talk_ms bigint NOT NULL,
    hold_ms bigint NOT NULL,
    hold_count integer NOT NULL,
    acw_ms bigint NOT NULL,
    consult_ms bigint NOT NULL,
    dial_ms bigint NOT NULL,
    role text NOT NULL,
    result text,
    released_by text NOT NULL,
    disposition_code text,
    is_complete boolean NOT NULL,
    end_known boolean NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, handling_segment_id, offered_at)
) PARTITION BY RANGE (offered_at);
COMMENT ON TABLE callfold.handling_segment IS 'One handling segment: one device''s attempt at a call, from the offer to the end of its after-call work.';
COMMENT ON COLUMN callfold.handling_segment.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.handling_segment.handling_segment_id IS 'deterministic id of the segment';
COMMENT ON COLUMN callfold.handling_segment.call_id IS 'the call the leg ended in';
COMMENT ON COLUMN callfold.handling_segment.interaction_id IS 'id of the contact''s root call';
COMMENT ON COLUMN callfold.handling_segment.queue_segment_id IS 'the queue stay that distributed the call; null when direct';
COMMENT ON COLUMN callfold.handling_segment.queue_id IS 'its queue';
COMMENT ON COLUMN callfold.handling_segment.resource_id IS 'the device';
COMMENT ON COLUMN callfold.handling_segment.resource_kind IS 'agent, extension, ivr_port';
COMMENT ON COLUMN callfold.handling_segment.agent_id IS 'agent at the answer, else at the offer';
COMMENT ON COLUMN callfold.handling_segment.agent_session_id IS 'his login session';
COMMENT ON COLUMN callfold.handling_segment.party_id IS 'the first party of the leg';
COMMENT ON COLUMN callfold.handling_segment.offered_at IS 'rang, dialled, or was found connected';
COMMENT ON COLUMN callfold.handling_segment.answered_at IS 'connected';
COMMENT ON COLUMN callfold.handling_segment.released_at IS 'left the call; null while open';
COMMENT ON COLUMN callfold.handling_segment.acw_started_at IS 'begin of the first stretch of after-call work';
COMMENT ON COLUMN callfold.handling_segment.acw_ended_at IS 'end of the last one';
COMMENT ON COLUMN callfold.handling_segment.ring_ms IS 'ringing time; milliseconds';
COMMENT ON COLUMN callfold.handling_segment.talk_ms IS 'connected time while the call was not a consultation, without hold; milliseconds';
COMMENT ON COLUMN callfold.handling_segment.hold_ms IS 'hold time; milliseconds';
COMMENT ON COLUMN callfold.handling_segment.hold_count IS 'holds';
COMMENT ON COLUMN callfold.handling_segment.acw_ms IS 'after-call work that belongs to the segment; milliseconds';
COMMENT ON COLUMN callfold.handling_segment.consult_ms IS 'connected time while the call was a consultation; milliseconds';
COMMENT ON COLUMN callfold.handling_segment.dial_ms IS 'dialling time; milliseconds';
COMMENT ON COLUMN callfold.handling_segment.role IS 'received, received_transfer, received_consult, initiated, initiated_consult, in_conference';
COMMENT ON COLUMN callfold.handling_segment.result IS 'completed, transferred, conferenced, abandoned_while_ringing, no_answer, rejected, busy, error; null while open';
COMMENT ON COLUMN callfold.handling_segment.released_by IS 'customer, agent, system, unknown';
COMMENT ON COLUMN callfold.handling_segment.disposition_code IS 'disposition, when attached';
COMMENT ON COLUMN callfold.handling_segment.is_complete IS 'begin and end were seen and the wrap is over';
COMMENT ON COLUMN callfold.handling_segment.end_known IS 'the end was seen';
COMMENT ON COLUMN callfold.handling_segment.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.handling_segment.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.handling_segment.written_at IS 'event time at which the row was written';
CREATE INDEX handling_segment_offered_at_brin ON callfold.handling_segment USING brin (offered_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.handling_segment_before PARTITION OF callfold.handling_segment FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.handling_segment_after PARTITION OF callfold.handling_segment FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX handling_segment_call_id ON callfold.handling_segment (tenant_id, call_id, offered_at);
CREATE INDEX handling_segment_queue_id ON callfold.handling_segment (tenant_id, queue_id, offered_at) WHERE queue_id IS NOT NULL;
CREATE INDEX handling_segment_resource_id ON callfold.handling_segment (tenant_id, resource_id, offered_at) WHERE resource_id IS NOT NULL;
CREATE INDEX handling_segment_agent_id ON callfold.handling_segment (tenant_id, agent_id, offered_at) WHERE agent_id IS NOT NULL;

CREATE TABLE callfold.agent_session (
    tenant_id text NOT NULL,
    agent_session_id uuid NOT NULL,
    agent_id text,
    login_id text,
    place_id text,
    site_id text NOT NULL,
    primary_dn text,
    media_types text[] NOT NULL,
    logged_in_at timestamptz NOT NULL,
    logged_out_at timestamptz,
    login_known boolean NOT NULL,
    logout_known boolean NOT NULL,
    logout_reason text,
    duration_ms bigint NOT NULL,
    ready_ms bigint NOT NULL,
    not_ready_ms bigint NOT NULL,
    acw_ms bigint NOT NULL,
    talk_ms bigint NOT NULL,
    hold_ms bigint NOT NULL,
    ring_ms bigint NOT NULL,
    dial_ms bigint NOT NULL,
    busy_ms bigint NOT NULL,
    unknown_ms bigint NOT NULL,
    dnd_ms bigint NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, agent_session_id, logged_in_at)
) PARTITION BY RANGE (logged_in_at);
COMMENT ON TABLE callfold.agent_session IS 'One agent session: from the first DN login of an agent to the logout of the last one.';
COMMENT ON COLUMN callfold.agent_session.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.agent_session.agent_session_id IS 'deterministic id of the session';
COMMENT ON COLUMN callfold.agent_session.agent_id IS 'AgentID as sent';
COMMENT ON COLUMN callfold.agent_session.login_id IS 'login code as sent';
COMMENT ON COLUMN callfold.agent_session.place_id IS 'place, when known';
COMMENT ON COLUMN callfold.agent_session.site_id IS 'switch of the first login';
COMMENT ON COLUMN callfold.agent_session.primary_dn IS 'DN of the first login';
COMMENT ON COLUMN callfold.agent_session.media_types IS 'voice';
COMMENT ON COLUMN callfold.agent_session.logged_in_at IS 'session start';
COMMENT ON COLUMN callfold.agent_session.logged_out_at IS 'session end; null while open';
COMMENT ON COLUMN callfold.agent_session.login_known IS 'the login was seen';
COMMENT ON COLUMN callfold.agent_session.logout_known IS 'the logout was seen';
COMMENT ON COLUMN callfold.agent_session.logout_reason IS 'logout, superseded; null while open';
COMMENT ON COLUMN callfold.agent_session.duration_ms IS 'length of the session; the sum of the nine states below; milliseconds';
COMMENT ON COLUMN callfold.agent_session.ready_ms IS 'ready; milliseconds';
COMMENT ON COLUMN callfold.agent_session.not_ready_ms IS 'not ready; milliseconds';
COMMENT ON COLUMN callfold.agent_session.acw_ms IS 'after-call work; milliseconds';
COMMENT ON COLUMN callfold.agent_session.talk_ms IS 'talking, any call type; milliseconds';
COMMENT ON COLUMN callfold.agent_session.hold_ms IS 'holding a call; milliseconds';
COMMENT ON COLUMN callfold.agent_session.ring_ms IS 'ringing; milliseconds';
COMMENT ON COLUMN callfold.agent_session.dial_ms IS 'dialling; milliseconds';
COMMENT ON COLUMN callfold.agent_session.busy_ms IS 'off hook without a call, observing, bridged; milliseconds';
COMMENT ON COLUMN callfold.agent_session.unknown_ms IS 'link outage; milliseconds';
COMMENT ON COLUMN callfold.agent_session.dnd_ms IS 'do-not-disturb on some DN; a flag beside the states; milliseconds';
COMMENT ON COLUMN callfold.agent_session.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.agent_session.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.agent_session.written_at IS 'event time at which the row was written';
CREATE INDEX agent_session_logged_in_at_brin ON callfold.agent_session USING brin (logged_in_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.agent_session_before PARTITION OF callfold.agent_session FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.agent_session_after PARTITION OF callfold.agent_session FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX agent_session_agent_id ON callfold.agent_session (tenant_id, agent_id, logged_in_at) WHERE agent_id IS NOT NULL;

CREATE TABLE callfold.agent_session_dn (
    tenant_id text NOT NULL,
    agent_session_id uuid NOT NULL,
    seq integer NOT NULL,
    agent_id text,
    dn text,
    site_id text NOT NULL,
    queue_id text,
    logged_in_at timestamptz NOT NULL,
    logged_out_at timestamptz,
    duration_ms bigint NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, agent_session_id, seq, logged_in_at)
) PARTITION BY RANGE (logged_in_at);
COMMENT ON TABLE callfold.agent_session_dn IS 'One stretch of an agent session on one DN: the login there, or one queue that the login named.';
COMMENT ON COLUMN callfold.agent_session_dn.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.agent_session_dn.agent_session_id IS 'the login session';
COMMENT ON COLUMN callfold.agent_session_dn.seq IS 'position in the session by begin, from 1';
COMMENT ON COLUMN callfold.agent_session_dn.agent_id IS 'AgentID as sent';
COMMENT ON COLUMN callfold.agent_session_dn.dn IS 'the DN';
COMMENT ON COLUMN callfold.agent_session_dn.site_id IS 'its switch';
COMMENT ON COLUMN callfold.agent_session_dn.queue_id IS 'the queue he was logged in to there; null for the login on the DN itself, which has a row of its own';
COMMENT ON COLUMN callfold.agent_session_dn.logged_in_at IS 'begin';
COMMENT ON COLUMN callfold.agent_session_dn.logged_out_at IS 'end; null while it goes on';
COMMENT ON COLUMN callfold.agent_session_dn.duration_ms IS 'length, or to the last instant known; milliseconds';
COMMENT ON COLUMN callfold.agent_session_dn.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.agent_session_dn.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.agent_session_dn.written_at IS 'event time at which the row was written';
CREATE INDEX agent_session_dn_logged_in_at_brin ON callfold.agent_session_dn USING brin (logged_in_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.agent_session_dn_before PARTITION OF callfold.agent_session_dn FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.agent_session_dn_after PARTITION OF callfold.agent_session_dn FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX agent_session_dn_agent_id ON callfold.agent_session_dn (tenant_id, agent_id, logged_in_at) WHERE agent_id IS NOT NULL;
CREATE INDEX agent_session_dn_queue_id ON callfold.agent_session_dn (tenant_id, queue_id, logged_in_at) WHERE queue_id IS NOT NULL;

CREATE TABLE callfold.agent_state (
    tenant_id text NOT NULL,
    agent_session_id uuid NOT NULL,
    seq integer NOT NULL,
    state_run_id integer NOT NULL,
    agent_id text,
    dn text,
    queue_id text,
    media_type text NOT NULL,
    call_type text,
    state text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    duration_ms bigint NOT NULL,
    work_mode text,
    call_id uuid,
    reason_key text,
    reason_code text,
    reason_kind text,
    pending_state text,
    is_dnd boolean NOT NULL,
    end_known boolean NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, agent_session_id, seq, started_at)
) PARTITION BY RANGE (started_at);
COMMENT ON TABLE callfold.agent_state IS 'One agent state: a maximal stretch of equal state, call type while talking, and reason.';
COMMENT ON COLUMN callfold.agent_state.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.agent_state.agent_session_id IS 'the login session';
COMMENT ON COLUMN callfold.agent_state.seq IS 'position in the session, from 1';
COMMENT ON COLUMN callfold.agent_state.state_run_id IS 'run of equal state in the session; a changed reason keeps it';
COMMENT ON COLUMN callfold.agent_state.agent_id IS 'AgentID as sent';
COMMENT ON COLUMN callfold.agent_state.dn IS 'first DN of the session';
COMMENT ON COLUMN callfold.agent_state.queue_id IS 'queue of the call, when one is known';
COMMENT ON COLUMN callfold.agent_state.media_type IS 'voice';
COMMENT ON COLUMN callfold.agent_state.call_type IS 'type of the call while talking, else null';
COMMENT ON COLUMN callfold.agent_state.state IS 'ready, not_ready, acw, ringing, dialing, held, talking, busy, unknown';
COMMENT ON COLUMN callfold.agent_state.started_at IS 'begin';
COMMENT ON COLUMN callfold.agent_state.ended_at IS 'end, or the last instant known';
COMMENT ON COLUMN callfold.agent_state.duration_ms IS 'length; milliseconds';
COMMENT ON COLUMN callfold.agent_state.work_mode IS 'AgentWorkMode in not_ready and acw';
COMMENT ON COLUMN callfold.agent_state.call_id IS 'the call that made the state';
COMMENT ON COLUMN callfold.agent_state.reason_key IS 'key of the reason in not_ready and acw, else null';
COMMENT ON COLUMN callfold.agent_state.reason_code IS 'code of the reason in not_ready and acw, else null';
COMMENT ON COLUMN callfold.agent_state.reason_kind IS 'software, hardware; null without a reason';
COMMENT ON COLUMN callfold.agent_state.pending_state IS 'readiness behind a call';
COMMENT ON COLUMN callfold.agent_state.is_dnd IS 'do-not-disturb at the start';
COMMENT ON COLUMN callfold.agent_state.end_known IS 'the end was seen';
COMMENT ON COLUMN callfold.agent_state.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.agent_state.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.agent_state.written_at IS 'event time at which the row was written';
CREATE INDEX agent_state_started_at_brin ON callfold.agent_state USING brin (started_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.agent_state_before PARTITION OF callfold.agent_state FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.agent_state_after PARTITION OF callfold.agent_state FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX agent_state_agent_id ON callfold.agent_state (tenant_id, agent_id, started_at) WHERE agent_id IS NOT NULL;
CREATE INDEX agent_state_queue_id ON callfold.agent_state (tenant_id, queue_id, started_at) WHERE queue_id IS NOT NULL;
CREATE INDEX agent_state_call_id ON callfold.agent_state (tenant_id, call_id, started_at) WHERE call_id IS NOT NULL;

CREATE TABLE callfold.call_link (
    tenant_id text NOT NULL,
    from_call_id uuid NOT NULL,
    to_call_id uuid NOT NULL,
    link_type text NOT NULL,
    site_id text NOT NULL,
    remote_site text,
    linked_at timestamptz NOT NULL,
    evidence text NOT NULL,
    state text NOT NULL,
    interaction_id uuid NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, from_call_id, to_call_id, link_type, linked_at)
) PARTITION BY RANGE (linked_at);
COMMENT ON TABLE callfold.call_link IS 'One link between two calls of a contact.';
COMMENT ON COLUMN callfold.call_link.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.call_link.from_call_id IS 'the consultation, the call that ended in another, the call at the later switch';
COMMENT ON COLUMN callfold.call_link.to_call_id IS 'the call it was made from, became part of, or came from';
COMMENT ON COLUMN callfold.call_link.link_type IS 'consult_of, merged_into, same_contact';
COMMENT ON COLUMN callfold.call_link.site_id IS 'switch of from_call_id';
COMMENT ON COLUMN callfold.call_link.remote_site IS 'switch of to_call_id, when it is another';
COMMENT ON COLUMN callfold.call_link.linked_at IS 'event that showed the link first';
COMMENT ON COLUMN callfold.call_link.evidence IS 'what showed it: transfer_conn_id, previous_conn_id, party_changed, ref_call_uuid, call_history, remote_conn_id, is_link, conn_id';
COMMENT ON COLUMN callfold.call_link.state IS 'active while one of the calls is open, ended, unpaired when to_call_id was never seen';
COMMENT ON COLUMN callfold.call_link.interaction_id IS 'the contact';
COMMENT ON COLUMN callfold.call_link.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.call_link.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.call_link.written_at IS 'event time at which the row was written';
CREATE INDEX call_link_linked_at_brin ON callfold.call_link USING brin (linked_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.call_link_before PARTITION OF callfold.call_link FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.call_link_after PARTITION OF callfold.call_link FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.interaction (
    tenant_id text NOT NULL,
    interaction_id uuid NOT NULL,
    root_call_id uuid NOT NULL,
    media_type text NOT NULL,
    interaction_type text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    customer_key text,
    ani text,
    dnis text,
    entry_dn text,
    site_count integer NOT NULL,
    call_count integer NOT NULL,
    party_count integer NOT NULL,
    queue_segment_count integer NOT NULL,
    handling_segment_count integer NOT NULL,
    transfer_count integer NOT NULL,
    conference_count integer NOT NULL,
    consult_count integer NOT NULL,
    first_queue_id text,
    first_agent_id text,
    last_agent_id text,
    outcome text NOT NULL,
    wait_total_ms bigint NOT NULL,
    talk_total_ms bigint NOT NULL,
    hold_total_ms bigint NOT NULL,
    acw_total_ms bigint NOT NULL,
    duration_ms bigint NOT NULL,
    is_complete boolean NOT NULL,
    end_known boolean NOT NULL,
    joined_in_progress boolean NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id, started_at)
) PARTITION BY RANGE (started_at);
COMMENT ON TABLE callfold.interaction IS 'One interaction: all calls of one customer contact, found by their links.';
COMMENT ON COLUMN callfold.interaction.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.interaction.interaction_id IS 'id of the root call';
COMMENT ON COLUMN callfold.interaction.root_call_id IS 'the call that began first';
COMMENT ON COLUMN callfold.interaction.media_type IS 'voice';
COMMENT ON COLUMN callfold.interaction.interaction_type IS 'type of the root call: unknown, internal, inbound, outbound, consult';
COMMENT ON COLUMN callfold.interaction.started_at IS 'first event of the root call';
COMMENT ON COLUMN callfold.interaction.ended_at IS 'end of the last call; null while one is open';
COMMENT ON COLUMN callfold.interaction.customer_key IS 'keyed hash of the customer''s number (ani, of outbound calls dnis), when there is a secret';
COMMENT ON COLUMN callfold.interaction.ani IS 'calling number of the root call, in the form its policy asks for';
COMMENT ON COLUMN callfold.interaction.dnis IS 'called number of the root call, in the form its policy asks for';
COMMENT ON COLUMN callfold.interaction.entry_dn IS 'the DN of the root call''s first event';
COMMENT ON COLUMN callfold.interaction.site_count IS 'switches';
COMMENT ON COLUMN callfold.interaction.call_count IS 'calls';
COMMENT ON COLUMN callfold.interaction.party_count IS 'rows of party';
COMMENT ON COLUMN callfold.interaction.queue_segment_count IS 'rows of queue_segment';
COMMENT ON COLUMN callfold.interaction.handling_segment_count IS 'rows of handling_segment';
COMMENT ON COLUMN callfold.interaction.transfer_count IS 'transfers completed';
COMMENT ON COLUMN callfold.interaction.conference_count IS 'conferences completed';
COMMENT ON COLUMN callfold.interaction.consult_count IS 'consultation calls';
COMMENT ON COLUMN callfold.interaction.first_queue_id IS 'the queue or routing point entered first';
COMMENT ON COLUMN callfold.interaction.first_agent_id IS 'agent who connected first';
COMMENT ON COLUMN callfold.interaction.last_agent_id IS 'agent who connected last';
COMMENT ON COLUMN callfold.interaction.outcome IS 'answered, abandoned_queue, abandoned_ring, diverted_out, self_served, blocked, unknown';
COMMENT ON COLUMN callfold.interaction.wait_total_ms IS 'time with at least one queue stay alive, consultations excluded, summed over calls; milliseconds';
COMMENT ON COLUMN callfold.interaction.talk_total_ms IS 'talk_ms of its handling segments; milliseconds';
COMMENT ON COLUMN callfold.interaction.hold_total_ms IS 'hold_ms of its handling segments; milliseconds';
COMMENT ON COLUMN callfold.interaction.acw_total_ms IS 'acw_ms of its handling segments, as far as over when the contact closes; milliseconds';
COMMENT ON COLUMN callfold.interaction.duration_ms IS 'from the first event to the end, or to the last instant known; milliseconds';
COMMENT ON COLUMN callfold.interaction.is_complete IS 'begin and end of every call were seen, and every link has both its calls';
COMMENT ON COLUMN callfold.interaction.end_known IS 'the end of every call was seen';
COMMENT ON COLUMN callfold.interaction.joined_in_progress IS 'the beginning of the root call was not seen';
COMMENT ON COLUMN callfold.interaction.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.interaction.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.interaction.written_at IS 'event time at which the row was written';
CREATE INDEX interaction_started_at_brin ON callfold.interaction USING brin (started_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.interaction_before PARTITION OF callfold.interaction FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.interaction_after PARTITION OF callfold.interaction FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.route_decision (
    tenant_id text NOT NULL,
    route_id uuid NOT NULL,
    call_id uuid NOT NULL,
    queue_segment_id uuid,
    site_id text NOT NULL,
    routing_point text,
    strategy text,
    requested_at timestamptz NOT NULL,
    decided_at timestamptz,
    duration_ms bigint NOT NULL,
    result text,
    route_type text,
    target text,
    target_queue_id text,
    agent_id text,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, route_id, requested_at)
) PARTITION BY RANGE (requested_at);
COMMENT ON TABLE callfold.route_decision IS 'One routing request: a call at a routing point, what the router answered, and who got the call.';
COMMENT ON COLUMN callfold.route_decision.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.route_decision.route_id IS 'deterministic id of the request';
COMMENT ON COLUMN callfold.route_decision.call_id IS 'the call that asked';
COMMENT ON COLUMN callfold.route_decision.queue_segment_id IS 'its stay on the routing point';
COMMENT ON COLUMN callfold.route_decision.site_id IS 'switch';
COMMENT ON COLUMN callfold.route_decision.routing_point IS 'number@switch of the routing point';
COMMENT ON COLUMN callfold.route_decision.strategy IS 'name of the strategy, when the router attaches it and it may be kept';
COMMENT ON COLUMN callfold.route_decision.requested_at IS 'EventRouteRequest';
COMMENT ON COLUMN callfold.route_decision.decided_at IS 'EventRouteUsed, else the end of the stay there; null while open or lost';
COMMENT ON COLUMN callfold.route_decision.duration_ms IS 'from the request to the decision, or to the last instant known; milliseconds';
COMMENT ON COLUMN callfold.route_decision.result IS 'routed, defaulted, abandoned, diverted, timed_out; null while open or lost';
COMMENT ON COLUMN callfold.route_decision.route_type IS 'RouteType as the T-Library names it, when the switch says';
COMMENT ON COLUMN callfold.route_decision.target IS 'number of the target as sent';
COMMENT ON COLUMN callfold.route_decision.target_queue_id IS 'the target, when it is a queue or routing point';
COMMENT ON COLUMN callfold.route_decision.agent_id IS 'agent who was offered the call';
COMMENT ON COLUMN callfold.route_decision.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.route_decision.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.route_decision.written_at IS 'event time at which the row was written';
CREATE INDEX route_decision_requested_at_brin ON callfold.route_decision USING brin (requested_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.route_decision_before PARTITION OF callfold.route_decision FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.route_decision_after PARTITION OF callfold.route_decision FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX route_decision_call_id ON callfold.route_decision (tenant_id, call_id, requested_at);
CREATE INDEX route_decision_routing_point ON callfold.route_decision (tenant_id, routing_point, requested_at) WHERE routing_point IS NOT NULL;
CREATE INDEX route_decision_agent_id ON callfold.route_decision (tenant_id, agent_id, requested_at) WHERE agent_id IS NOT NULL;

CREATE TABLE callfold.user_data_change (
    tenant_id text NOT NULL,
    call_id uuid NOT NULL,
    key text NOT NULL,
    seq integer NOT NULL,
    site_id text NOT NULL,
    changed_at timestamptz NOT NULL,
    party_id uuid,
    agent_id text,
    change text NOT NULL,
    value_before text,
    value text,
    source text NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, call_id, key, seq, changed_at)
) PARTITION BY RANGE (changed_at);
COMMENT ON TABLE callfold.user_data_change IS 'One change of one attached key of a call, when it was first seen; only keys that are kept.';
COMMENT ON COLUMN callfold.user_data_change.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.user_data_change.call_id IS 'the call';
COMMENT ON COLUMN callfold.user_data_change.key IS 'key as sent';
COMMENT ON COLUMN callfold.user_data_change.seq IS 'which change of this key on this call, from 1';
COMMENT ON COLUMN callfold.user_data_change.site_id IS 'switch';
COMMENT ON COLUMN callfold.user_data_change.changed_at IS 'event that showed the change first';
COMMENT ON COLUMN callfold.user_data_change.party_id IS 'the party that changed it, when the switch names a device that is in the call';
COMMENT ON COLUMN callfold.user_data_change.agent_id IS 'agent of that party';
COMMENT ON COLUMN callfold.user_data_change.change IS 'add, update, delete';
COMMENT ON COLUMN callfold.user_data_change.value_before IS 'value before, in the form it is kept in; null for add';
COMMENT ON COLUMN callfold.user_data_change.value IS 'value in the form it is kept in; null for delete';
COMMENT ON COLUMN callfold.user_data_change.source IS 'user_data, reasons, extensions';
COMMENT ON COLUMN callfold.user_data_change.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.user_data_change.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.user_data_change.written_at IS 'event time at which the row was written';
CREATE INDEX user_data_change_changed_at_brin ON callfold.user_data_change USING brin (changed_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.user_data_change_before PARTITION OF callfold.user_data_change FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.user_data_change_after PARTITION OF callfold.user_data_change FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX user_data_change_agent_id ON callfold.user_data_change (tenant_id, agent_id, changed_at) WHERE agent_id IS NOT NULL;

CREATE TABLE callfold.user_data_final (
    tenant_id text NOT NULL,
    call_id uuid NOT NULL,
    site_id text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    user_data text NOT NULL,
    key_count integer NOT NULL,
    change_count integer NOT NULL,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, call_id, started_at)
) PARTITION BY RANGE (started_at);
COMMENT ON TABLE callfold.user_data_final IS 'What was attached to a call when it ended; only calls that had a key that is kept.';
COMMENT ON COLUMN callfold.user_data_final.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.user_data_final.call_id IS 'the call';
COMMENT ON COLUMN callfold.user_data_final.site_id IS 'switch';
COMMENT ON COLUMN callfold.user_data_final.started_at IS 'first event of the call';
COMMENT ON COLUMN callfold.user_data_final.ended_at IS 'end of the call; null while open';
COMMENT ON COLUMN callfold.user_data_final.user_data IS 'JSON object of key and value, in the form they are kept in, in order of first appearance';
COMMENT ON COLUMN callfold.user_data_final.key_count IS 'keys in it';
COMMENT ON COLUMN callfold.user_data_final.change_count IS 'rows of user_data_change of the call';
COMMENT ON COLUMN callfold.user_data_final.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.user_data_final.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.user_data_final.written_at IS 'event time at which the row was written';
CREATE INDEX user_data_final_started_at_brin ON callfold.user_data_final USING brin (started_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.user_data_final_before PARTITION OF callfold.user_data_final FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.user_data_final_after PARTITION OF callfold.user_data_final FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.source_session (
    tenant_id text NOT NULL,
    source_id text NOT NULL,
    session_epoch bigint NOT NULL,
    server_epoch bigint NOT NULL,
    connect_kind text NOT NULL,
    connected_at timestamptz NOT NULL,
    disconnected_at timestamptz,
    first_event_time timestamptz NOT NULL,
    last_event_time timestamptz NOT NULL,
    last_seq bigint,
    event_count bigint NOT NULL,
    duration_ms bigint NOT NULL,
    collector_id text,
    how_ended text,
    revision integer NOT NULL,
    last_event_id text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source_id, session_epoch, connected_at)
) PARTITION BY RANGE (connected_at);
COMMENT ON TABLE callfold.source_session IS 'One source session: an unbroken time of listening to one switch. Between two of them we were blind.';
COMMENT ON COLUMN callfold.source_session.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.source_session.source_id IS 'switch';
COMMENT ON COLUMN callfold.source_session.session_epoch IS 'which session of the source: its connected_at in microseconds since 1970';
COMMENT ON COLUMN callfold.source_session.server_epoch IS 'run of the server, as in the middle of its event ids';
COMMENT ON COLUMN callfold.source_session.connect_kind IS 'first, link_restored, reconnect, switchover, server_restart';
COMMENT ON COLUMN callfold.source_session.connected_at IS 'begin of listening';
COMMENT ON COLUMN callfold.source_session.disconnected_at IS 'end of listening; null while it goes on';
COMMENT ON COLUMN callfold.source_session.first_event_time IS 'first event of the session';
COMMENT ON COLUMN callfold.source_session.last_event_time IS 'last event of the session';
COMMENT ON COLUMN callfold.source_session.last_seq IS 'sequence number of that event; null without one';
COMMENT ON COLUMN callfold.source_session.event_count IS 'events of the session';
COMMENT ON COLUMN callfold.source_session.duration_ms IS 'length, or up to the last instant known; milliseconds';
COMMENT ON COLUMN callfold.source_session.collector_id IS 'which collector listened, when there are several';
COMMENT ON COLUMN callfold.source_session.how_ended IS 'link_lost, disconnected, reconnect, switchover, server_restart; null while it goes on';
COMMENT ON COLUMN callfold.source_session.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.source_session.last_event_id IS 'source:epoch:sequence of the last event that shaped the row';
COMMENT ON COLUMN callfold.source_session.written_at IS 'event time at which the row was written';
CREATE INDEX source_session_connected_at_brin ON callfold.source_session USING brin (connected_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.source_session_before PARTITION OF callfold.source_session FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.source_session_after PARTITION OF callfold.source_session FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.queue_interval (
    tenant_id text NOT NULL,
    queue_id text NOT NULL,
    queue_kind text NOT NULL,
    site_id text NOT NULL,
    media_type text NOT NULL,
    interval_start timestamptz NOT NULL,
    interval_ms integer NOT NULL,
    entered integer NOT NULL,
    answered integer NOT NULL,
    abandoned integer NOT NULL,
    abandoned_short integer NOT NULL,
    abandoned_ringing integer NOT NULL,
    diverted_in integer NOT NULL,
    diverted_out integer NOT NULL,
    cleared integer NOT NULL,
    other integer NOT NULL,
    no_answer integer NOT NULL,
    rejected integer NOT NULL,
    handled integer NOT NULL,
    transferred_out integer NOT NULL,
    in_queue_start integer NOT NULL,
    in_queue_end integer NOT NULL,
    in_queue_max integer NOT NULL,
    longest_wait_ms_at_end bigint,
    agents_staffed_ms bigint NOT NULL,
    agents_ready_ms bigint NOT NULL,
    queue_ms bigint NOT NULL,
    ring_ms bigint NOT NULL,
    talk_ms bigint NOT NULL,
    hold_ms bigint NOT NULL,
    acw_ms bigint NOT NULL,
    wait_answered_ms bigint NOT NULL,
    wait_answered_max_ms bigint,
    wait_abandoned_ms bigint NOT NULL,
    wait_abandoned_max_ms bigint,
    handle_ms bigint NOT NULL,
    answered_within_sl integer NOT NULL,
    abandoned_within_sl integer NOT NULL,
    definition_version integer NOT NULL,
    coverage_ms integer NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, queue_id, media_type, interval_start)
) PARTITION BY RANGE (interval_start);
COMMENT ON TABLE callfold.queue_interval IS 'What happened on one queue in one interval, booked when it happened.';
COMMENT ON COLUMN callfold.queue_interval.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.queue_interval.queue_id IS 'number@switch of the queue';
COMMENT ON COLUMN callfold.queue_interval.queue_kind IS 'acd_queue, virtual_queue, routing_point, external';
COMMENT ON COLUMN callfold.queue_interval.site_id IS 'switch';
COMMENT ON COLUMN callfold.queue_interval.media_type IS 'voice';
COMMENT ON COLUMN callfold.queue_interval.interval_start IS 'first instant of the interval';
COMMENT ON COLUMN callfold.queue_interval.interval_ms IS 'length of the interval; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.entered IS 'calls that entered';
COMMENT ON COLUMN callfold.queue_interval.answered IS 'stays answered';
COMMENT ON COLUMN callfold.queue_interval.abandoned IS 'stays abandoned, waiting or ringing';
COMMENT ON COLUMN callfold.queue_interval.abandoned_short IS 'of these, wait below the short-abandon limit';
COMMENT ON COLUMN callfold.queue_interval.abandoned_ringing IS 'of these, while ringing at the target';
COMMENT ON COLUMN callfold.queue_interval.diverted_in IS 'entries that came from another queue';
COMMENT ON COLUMN callfold.queue_interval.diverted_out IS 'stays diverted to another queue or to an unseen target';
COMMENT ON COLUMN callfold.queue_interval.cleared IS 'stays removed without reaching anyone, and parallel stays that lost';
COMMENT ON COLUMN callfold.queue_interval.other IS 'stays returned unanswered or ended unseen';
COMMENT ON COLUMN callfold.queue_interval.no_answer IS 'offers that ended unanswered';
COMMENT ON COLUMN callfold.queue_interval.rejected IS 'offers refused; always 0 for voice';
COMMENT ON COLUMN callfold.queue_interval.handled IS 'answered stays whose leg and wrap ended';
COMMENT ON COLUMN callfold.queue_interval.transferred_out IS 'legs released by transfer';
COMMENT ON COLUMN callfold.queue_interval.in_queue_start IS 'stays alive just before the interval';
COMMENT ON COLUMN callfold.queue_interval.in_queue_end IS 'stays alive just before its end';
COMMENT ON COLUMN callfold.queue_interval.in_queue_max IS 'most stays alive at once';
COMMENT ON COLUMN callfold.queue_interval.longest_wait_ms_at_end IS 'age of the oldest stay alive at the end';
COMMENT ON COLUMN callfold.queue_interval.agents_staffed_ms IS 'agent time logged in to the queue; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.agents_ready_ms IS 'of this, ready; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.queue_ms IS 'caller time waiting, cut to the interval; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.ring_ms IS 'caller time between leaving the queue and the end, cut; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.talk_ms IS 'connected time of the queue''s legs, cut; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.hold_ms IS 'hold time of the queue''s legs, cut; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.acw_ms IS 'after-call work of the queue''s legs, cut; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.wait_answered_ms IS 'sum of waits of stays answered here, whole; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.wait_answered_max_ms IS 'longest of them; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.wait_abandoned_ms IS 'sum of waits of stays abandoned here, whole; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.wait_abandoned_max_ms IS 'longest of them; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.handle_ms IS 'talk + hold + after-call work of the legs handled here, whole; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.answered_within_sl IS 'answered with wait at or below the service-level threshold';
COMMENT ON COLUMN callfold.queue_interval.abandoned_within_sl IS 'abandoned with wait at or below it';
COMMENT ON COLUMN callfold.queue_interval.definition_version IS 'which thresholds were applied';
COMMENT ON COLUMN callfold.queue_interval.coverage_ms IS 'time of the interval in which the source was seen; milliseconds';
COMMENT ON COLUMN callfold.queue_interval.status IS 'open, provisional, final, revised';
COMMENT ON COLUMN callfold.queue_interval.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.queue_interval.written_at IS 'event time at which the row was written';
CREATE INDEX queue_interval_interval_start_brin ON callfold.queue_interval USING brin (interval_start) WITH (autosummarize = on);
CREATE TABLE callfold_store.queue_interval_before PARTITION OF callfold.queue_interval FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.queue_interval_after PARTITION OF callfold.queue_interval FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.queue_cohort_interval (
    tenant_id text NOT NULL,
    queue_id text NOT NULL,
    queue_kind text NOT NULL,
    site_id text NOT NULL,
    media_type text NOT NULL,
    interval_start timestamptz NOT NULL,
    interval_ms integer NOT NULL,
    entered integer NOT NULL,
    answered integer NOT NULL,
    answered_within_sl integer NOT NULL,
    abandoned integer NOT NULL,
    abandoned_short integer NOT NULL,
    abandoned_within_sl integer NOT NULL,
    abandoned_ringing integer NOT NULL,
    diverted integer NOT NULL,
    cleared integer NOT NULL,
    other integer NOT NULL,
    pending integer NOT NULL,
    wait_answered_ms bigint NOT NULL,
    wait_abandoned_ms bigint NOT NULL,
    queue_ms bigint NOT NULL,
    talk_ms bigint NOT NULL,
    hold_ms bigint NOT NULL,
    acw_ms bigint NOT NULL,
    definition_version integer NOT NULL,
    coverage_ms integer NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, queue_id, media_type, interval_start)
) PARTITION BY RANGE (interval_start);
COMMENT ON TABLE callfold.queue_cohort_interval IS 'What became of the calls that entered one queue in one interval, wherever in time it happened.';
COMMENT ON COLUMN callfold.queue_cohort_interval.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.queue_cohort_interval.queue_id IS 'number@switch of the queue';
COMMENT ON COLUMN callfold.queue_cohort_interval.queue_kind IS 'acd_queue, virtual_queue, routing_point, external';
COMMENT ON COLUMN callfold.queue_cohort_interval.site_id IS 'switch';
COMMENT ON COLUMN callfold.queue_cohort_interval.media_type IS 'voice';
COMMENT ON COLUMN callfold.queue_cohort_interval.interval_start IS 'first instant of the interval of entry';
COMMENT ON COLUMN callfold.queue_cohort_interval.interval_ms IS 'length of the interval; milliseconds';
COMMENT ON COLUMN callfold.queue_cohort_interval.entered IS 'calls that entered';
COMMENT ON COLUMN callfold.queue_cohort_interval.answered IS 'of these, answered';
COMMENT ON COLUMN callfold.queue_cohort_interval.answered_within_sl IS 'of these, within the service-level threshold';
COMMENT ON COLUMN callfold.queue_cohort_interval.abandoned IS 'abandoned, waiting or ringing';
COMMENT ON COLUMN callfold.queue_cohort_interval.abandoned_short IS 'of these, below the short-abandon limit';
COMMENT ON COLUMN callfold.queue_cohort_interval.abandoned_within_sl IS 'of these, within the service-level threshold';
COMMENT ON COLUMN callfold.queue_cohort_interval.abandoned_ringing IS 'of these, while ringing';
COMMENT ON COLUMN callfold.queue_cohort_interval.diverted IS 'diverted to another queue or an unseen target';
COMMENT ON COLUMN callfold.queue_cohort_interval.cleared IS 'removed without reaching anyone, and parallel stays that lost';
COMMENT ON COLUMN callfold.queue_cohort_interval.other IS 'returned unanswered or ended unseen';
COMMENT ON COLUMN callfold.queue_cohort_interval.pending IS 'end not known yet';
COMMENT ON COLUMN callfold.queue_cohort_interval.wait_answered_ms IS 'sum of waits of the answered; milliseconds';
COMMENT ON COLUMN callfold.queue_cohort_interval.wait_abandoned_ms IS 'sum of waits of the abandoned; milliseconds';
COMMENT ON COLUMN callfold.queue_cohort_interval.queue_ms IS 'sum of queue time of all stays ended; milliseconds';
COMMENT ON COLUMN callfold.queue_cohort_interval.talk_ms IS 'talk and consultation time of their legs; milliseconds';
COMMENT ON COLUMN callfold.queue_cohort_interval.hold_ms IS 'hold time of their legs; milliseconds';
COMMENT ON COLUMN callfold.queue_cohort_interval.acw_ms IS 'after-call work of their legs; milliseconds';
COMMENT ON COLUMN callfold.queue_cohort_interval.definition_version IS 'which thresholds were applied';
COMMENT ON COLUMN callfold.queue_cohort_interval.coverage_ms IS 'time of the interval in which the source was seen; milliseconds';
COMMENT ON COLUMN callfold.queue_cohort_interval.status IS 'open, provisional, final, revised';
COMMENT ON COLUMN callfold.queue_cohort_interval.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.queue_cohort_interval.written_at IS 'event time at which the row was written';
CREATE INDEX queue_cohort_interval_interval_start_brin ON callfold.queue_cohort_interval USING brin (interval_start) WITH (autosummarize = on);
CREATE TABLE callfold_store.queue_cohort_interval_before PARTITION OF callfold.queue_cohort_interval FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.queue_cohort_interval_after PARTITION OF callfold.queue_cohort_interval FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.queue_wait_hist (
    tenant_id text NOT NULL,
    queue_id text NOT NULL,
    media_type text NOT NULL,
    interval_start timestamptz NOT NULL,
    interval_ms integer NOT NULL,
    kind text NOT NULL,
    upper_ms bigint NOT NULL,
    n integer NOT NULL,
    definition_version integer NOT NULL,
    coverage_ms integer NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, queue_id, media_type, interval_start, kind, upper_ms)
) PARTITION BY RANGE (interval_start);
COMMENT ON TABLE callfold.queue_wait_hist IS 'Distribution of waits of the calls that entered one queue in one interval: one row per non-empty bucket.';
COMMENT ON COLUMN callfold.queue_wait_hist.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.queue_wait_hist.queue_id IS 'number@switch of the queue';
COMMENT ON COLUMN callfold.queue_wait_hist.media_type IS 'voice';
COMMENT ON COLUMN callfold.queue_wait_hist.interval_start IS 'first instant of the interval of entry';
COMMENT ON COLUMN callfold.queue_wait_hist.interval_ms IS 'length of the interval; milliseconds';
COMMENT ON COLUMN callfold.queue_wait_hist.kind IS 'answered, abandoned';
COMMENT ON COLUMN callfold.queue_wait_hist.upper_ms IS 'highest wait equivalent to the bucket; milliseconds';
COMMENT ON COLUMN callfold.queue_wait_hist.n IS 'waits in the bucket';
COMMENT ON COLUMN callfold.queue_wait_hist.definition_version IS 'which buckets were used';
COMMENT ON COLUMN callfold.queue_wait_hist.coverage_ms IS 'time of the interval in which the source was seen; milliseconds';
COMMENT ON COLUMN callfold.queue_wait_hist.status IS 'open, provisional, final, revised';
COMMENT ON COLUMN callfold.queue_wait_hist.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.queue_wait_hist.written_at IS 'event time at which the row was written';
CREATE INDEX queue_wait_hist_interval_start_brin ON callfold.queue_wait_hist USING brin (interval_start) WITH (autosummarize = on);
CREATE TABLE callfold_store.queue_wait_hist_before PARTITION OF callfold.queue_wait_hist FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.queue_wait_hist_after PARTITION OF callfold.queue_wait_hist FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.queue_handle_hist (
    tenant_id text NOT NULL,
    queue_id text NOT NULL,
    media_type text NOT NULL,
    interval_start timestamptz NOT NULL,
    interval_ms integer NOT NULL,
    kind text NOT NULL,
    upper_ms bigint NOT NULL,
    n integer NOT NULL,
    definition_version integer NOT NULL,
    coverage_ms integer NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, queue_id, media_type, interval_start, kind, upper_ms)
) PARTITION BY RANGE (interval_start);
COMMENT ON TABLE callfold.queue_handle_hist IS 'Distribution of handle times of the calls that entered one queue in one interval: one row per non-empty bucket.';
COMMENT ON COLUMN callfold.queue_handle_hist.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.queue_handle_hist.queue_id IS 'number@switch of the queue';
COMMENT ON COLUMN callfold.queue_handle_hist.media_type IS 'voice';
COMMENT ON COLUMN callfold.queue_handle_hist.interval_start IS 'first instant of the interval of entry';
COMMENT ON COLUMN callfold.queue_handle_hist.interval_ms IS 'length of the interval; milliseconds';
COMMENT ON COLUMN callfold.queue_handle_hist.kind IS 'handled';
COMMENT ON COLUMN callfold.queue_handle_hist.upper_ms IS 'highest handle time equivalent to the bucket; milliseconds';
COMMENT ON COLUMN callfold.queue_handle_hist.n IS 'answering legs in the bucket';
COMMENT ON COLUMN callfold.queue_handle_hist.definition_version IS 'which buckets were used';
COMMENT ON COLUMN callfold.queue_handle_hist.coverage_ms IS 'time of the interval in which the source was seen; milliseconds';
COMMENT ON COLUMN callfold.queue_handle_hist.status IS 'open, provisional, final, revised';
COMMENT ON COLUMN callfold.queue_handle_hist.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.queue_handle_hist.written_at IS 'event time at which the row was written';
CREATE INDEX queue_handle_hist_interval_start_brin ON callfold.queue_handle_hist USING brin (interval_start) WITH (autosummarize = on);
CREATE TABLE callfold_store.queue_handle_hist_before PARTITION OF callfold.queue_handle_hist FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.queue_handle_hist_after PARTITION OF callfold.queue_handle_hist FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.agent_interval (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    media_type text NOT NULL,
    interval_start timestamptz NOT NULL,
    interval_ms integer NOT NULL,
    logged_in_ms bigint NOT NULL,
    ready_ms bigint NOT NULL,
    not_ready_ms bigint NOT NULL,
    acw_ms bigint NOT NULL,
    ring_ms bigint NOT NULL,
    talk_ms bigint NOT NULL,
    talk_inbound_ms bigint NOT NULL,
    talk_outbound_ms bigint NOT NULL,
    talk_internal_ms bigint NOT NULL,
    talk_consult_ms bigint NOT NULL,
    hold_ms bigint NOT NULL,
    dial_ms bigint NOT NULL,
    dnd_ms bigint NOT NULL,
    busy_ms bigint NOT NULL,
    unknown_ms bigint NOT NULL,
    offered integer NOT NULL,
    answered integer NOT NULL,
    no_answer integer NOT NULL,
    rejected integer NOT NULL,
    abandoned_while_ringing integer NOT NULL,
    outbound_made integer NOT NULL,
    internal_made integer NOT NULL,
    consult_made integer NOT NULL,
    consult_received integer NOT NULL,
    transfers_made integer NOT NULL,
    transfers_received integer NOT NULL,
    conferences integer NOT NULL,
    holds integer NOT NULL,
    short_calls integer NOT NULL,
    logins integer NOT NULL,
    logouts integer NOT NULL,
    not_ready_entries integer NOT NULL,
    handled integer NOT NULL,
    handle_ms bigint NOT NULL,
    first_login_at timestamptz,
    last_logout_at timestamptz,
    definition_version integer NOT NULL,
    coverage_ms integer NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, media_type, interval_start)
) PARTITION BY RANGE (interval_start);
COMMENT ON TABLE callfold.agent_interval IS 'What one agent did in one interval; times are cut at the edges and add up to the logged-in time.';
COMMENT ON COLUMN callfold.agent_interval.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.agent_interval.agent_id IS 'AgentID as sent';
COMMENT ON COLUMN callfold.agent_interval.media_type IS 'voice';
COMMENT ON COLUMN callfold.agent_interval.interval_start IS 'first instant of the interval';
COMMENT ON COLUMN callfold.agent_interval.interval_ms IS 'length of the interval; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.logged_in_ms IS 'logged in; the sum of the nine states below; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.ready_ms IS 'ready; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.not_ready_ms IS 'not ready; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.acw_ms IS 'after-call work, with or without a call; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.ring_ms IS 'ringing; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.talk_ms IS 'talking, any call type; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.talk_inbound_ms IS 'of this, inbound; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.talk_outbound_ms IS 'of this, outbound; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.talk_internal_ms IS 'of this, internal; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.talk_consult_ms IS 'of this, consultation; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.hold_ms IS 'holding a call; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.dial_ms IS 'dialling; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.dnd_ms IS 'do-not-disturb; a flag beside the states; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.busy_ms IS 'off hook without a call, observing, bridged; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.unknown_ms IS 'link outage; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.offered IS 'calls that rang';
COMMENT ON COLUMN callfold.agent_interval.answered IS 'of these, connected';
COMMENT ON COLUMN callfold.agent_interval.no_answer IS 'of these, unanswered';
COMMENT ON COLUMN callfold.agent_interval.rejected IS 'of these, refused; always 0 for voice';
COMMENT ON COLUMN callfold.agent_interval.abandoned_while_ringing IS 'of these, the caller gave up';
COMMENT ON COLUMN callfold.agent_interval.outbound_made IS 'outbound calls dialled';
COMMENT ON COLUMN callfold.agent_interval.internal_made IS 'internal calls dialled';
COMMENT ON COLUMN callfold.agent_interval.consult_made IS 'consultations connected that the agent made';
COMMENT ON COLUMN callfold.agent_interval.consult_received IS 'consultations connected that the agent received';
COMMENT ON COLUMN callfold.agent_interval.transfers_made IS 'calls released by transfer';
COMMENT ON COLUMN callfold.agent_interval.transfers_received IS 'calls taken over by transfer';
COMMENT ON COLUMN callfold.agent_interval.conferences IS 'conferences the agent completed';
COMMENT ON COLUMN callfold.agent_interval.holds IS 'times a call was put on hold';
COMMENT ON COLUMN callfold.agent_interval.short_calls IS 'calls shorter than the short-call limit';
COMMENT ON COLUMN callfold.agent_interval.logins IS 'sessions begun';
COMMENT ON COLUMN callfold.agent_interval.logouts IS 'sessions ended';
COMMENT ON COLUMN callfold.agent_interval.not_ready_entries IS 'stretches of not ready begun';
COMMENT ON COLUMN callfold.agent_interval.handled IS 'legs whose wrap ended, consultations excluded';
COMMENT ON COLUMN callfold.agent_interval.handle_ms IS 'talk + consultation + hold + after-call work of the legs handled here, whole; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.first_login_at IS 'first session begun';
COMMENT ON COLUMN callfold.agent_interval.last_logout_at IS 'last session ended';
COMMENT ON COLUMN callfold.agent_interval.definition_version IS 'which thresholds were applied';
COMMENT ON COLUMN callfold.agent_interval.coverage_ms IS 'time of the interval in which the agent''s switch was seen; milliseconds';
COMMENT ON COLUMN callfold.agent_interval.status IS 'open, provisional, final, revised';
COMMENT ON COLUMN callfold.agent_interval.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.agent_interval.written_at IS 'event time at which the row was written';
CREATE INDEX agent_interval_interval_start_brin ON callfold.agent_interval USING brin (interval_start) WITH (autosummarize = on);
CREATE TABLE callfold_store.agent_interval_before PARTITION OF callfold.agent_interval FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.agent_interval_after PARTITION OF callfold.agent_interval FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.agent_queue_interval (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    queue_id text NOT NULL,
    media_type text NOT NULL,
    interval_start timestamptz NOT NULL,
    interval_ms integer NOT NULL,
    offered integer NOT NULL,
    answered integer NOT NULL,
    ring_ms bigint NOT NULL,
    talk_ms bigint NOT NULL,
    hold_ms bigint NOT NULL,
    acw_ms bigint NOT NULL,
    handled integer NOT NULL,
    handle_ms bigint NOT NULL,
    membership_ms bigint NOT NULL,
    definition_version integer NOT NULL,
    coverage_ms integer NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, queue_id, media_type, interval_start)
) PARTITION BY RANGE (interval_start);
COMMENT ON TABLE callfold.agent_queue_interval IS 'What one agent did for one queue in one interval.';
COMMENT ON COLUMN callfold.agent_queue_interval.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.agent_queue_interval.agent_id IS 'AgentID as sent';
COMMENT ON COLUMN callfold.agent_queue_interval.queue_id IS 'number@switch of the queue';
COMMENT ON COLUMN callfold.agent_queue_interval.media_type IS 'voice';
COMMENT ON COLUMN callfold.agent_queue_interval.interval_start IS 'first instant of the interval';
COMMENT ON COLUMN callfold.agent_queue_interval.interval_ms IS 'length of the interval; milliseconds';
COMMENT ON COLUMN callfold.agent_queue_interval.offered IS 'offers of the queue''s calls';
COMMENT ON COLUMN callfold.agent_queue_interval.answered IS 'of these, connected';
COMMENT ON COLUMN callfold.agent_queue_interval.ring_ms IS 'ringing time of the offers, cut; milliseconds';
COMMENT ON COLUMN callfold.agent_queue_interval.talk_ms IS 'connected time of the legs, cut; milliseconds';
COMMENT ON COLUMN callfold.agent_queue_interval.hold_ms IS 'hold time of the legs, cut; milliseconds';
COMMENT ON COLUMN callfold.agent_queue_interval.acw_ms IS 'after-call work of the legs, cut; milliseconds';
COMMENT ON COLUMN callfold.agent_queue_interval.handled IS 'legs whose wrap ended';
COMMENT ON COLUMN callfold.agent_queue_interval.handle_ms IS 'talk + hold + after-call work of the legs handled here, whole; milliseconds';
COMMENT ON COLUMN callfold.agent_queue_interval.membership_ms IS 'time logged in to the queue, cut; milliseconds';
COMMENT ON COLUMN callfold.agent_queue_interval.definition_version IS 'which thresholds were applied';
COMMENT ON COLUMN callfold.agent_queue_interval.coverage_ms IS 'time of the interval in which the agent''s switch was seen; milliseconds';
COMMENT ON COLUMN callfold.agent_queue_interval.status IS 'open, provisional, final, revised';
COMMENT ON COLUMN callfold.agent_queue_interval.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.agent_queue_interval.written_at IS 'event time at which the row was written';
CREATE INDEX agent_queue_interval_interval_start_brin ON callfold.agent_queue_interval USING brin (interval_start) WITH (autosummarize = on);
CREATE TABLE callfold_store.agent_queue_interval_before PARTITION OF callfold.agent_queue_interval FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.agent_queue_interval_after PARTITION OF callfold.agent_queue_interval FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX agent_queue_interval_queue_id ON callfold.agent_queue_interval (tenant_id, queue_id, interval_start);

CREATE TABLE callfold.agent_reason_interval (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    state text NOT NULL,
    reason_key text NOT NULL,
    reason_code text NOT NULL,
    media_type text NOT NULL,
    interval_start timestamptz NOT NULL,
    interval_ms integer NOT NULL,
    ms bigint NOT NULL,
    entries integer NOT NULL,
    definition_version integer NOT NULL,
    coverage_ms integer NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, state, reason_key, reason_code, media_type, interval_start)
) PARTITION BY RANGE (interval_start);
COMMENT ON TABLE callfold.agent_reason_interval IS 'Time of one agent in not ready or after-call work under one reason in one interval.';
COMMENT ON COLUMN callfold.agent_reason_interval.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.agent_reason_interval.agent_id IS 'AgentID as sent';
COMMENT ON COLUMN callfold.agent_reason_interval.state IS 'not_ready, acw';
COMMENT ON COLUMN callfold.agent_reason_interval.reason_key IS 'key of the reason';
COMMENT ON COLUMN callfold.agent_reason_interval.reason_code IS 'code of the reason';
COMMENT ON COLUMN callfold.agent_reason_interval.media_type IS 'voice';
COMMENT ON COLUMN callfold.agent_reason_interval.interval_start IS 'first instant of the interval';
COMMENT ON COLUMN callfold.agent_reason_interval.interval_ms IS 'length of the interval; milliseconds';
COMMENT ON COLUMN callfold.agent_reason_interval.ms IS 'time under the reason, cut; milliseconds';
COMMENT ON COLUMN callfold.agent_reason_interval.entries IS 'agent_state rows begun';
COMMENT ON COLUMN callfold.agent_reason_interval.definition_version IS 'which thresholds were applied';
COMMENT ON COLUMN callfold.agent_reason_interval.coverage_ms IS 'time of the interval in which the agent''s switch was seen; milliseconds';
COMMENT ON COLUMN callfold.agent_reason_interval.status IS 'open, provisional, final, revised';
COMMENT ON COLUMN callfold.agent_reason_interval.revision IS 'starts at 1';
COMMENT ON COLUMN callfold.agent_reason_interval.written_at IS 'event time at which the row was written';
CREATE INDEX agent_reason_interval_interval_start_brin ON callfold.agent_reason_interval USING brin (interval_start) WITH (autosummarize = on);
CREATE TABLE callfold_store.agent_reason_interval_before PARTITION OF callfold.agent_reason_interval FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.agent_reason_interval_after PARTITION OF callfold.agent_reason_interval FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.queue_snapshot (
    tenant_id text NOT NULL,
    queue_id text NOT NULL,
    queue_kind text NOT NULL,
    site_id text NOT NULL,
    media_type text NOT NULL,
    sampled_at timestamptz NOT NULL,
    waiting integer NOT NULL,
    alerting integer NOT NULL,
    longest_wait_ms bigint,
    agents_logged_in integer NOT NULL,
    agents_ready integer NOT NULL,
    agents_not_ready integer NOT NULL,
    agents_acw integer NOT NULL,
    agents_ringing integer NOT NULL,
    agents_dialing integer NOT NULL,
    agents_talking integer NOT NULL,
    agents_held integer NOT NULL,
    agents_busy integer NOT NULL,
    agents_unknown integer NOT NULL,
    PRIMARY KEY (tenant_id, queue_id, media_type, sampled_at)
) PARTITION BY RANGE (sampled_at);
COMMENT ON TABLE callfold.queue_snapshot IS 'One queue at one instant.';
COMMENT ON COLUMN callfold.queue_snapshot.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.queue_snapshot.queue_id IS 'number@switch of the queue';
COMMENT ON COLUMN callfold.queue_snapshot.queue_kind IS 'acd_queue, virtual_queue, routing_point, external';
COMMENT ON COLUMN callfold.queue_snapshot.site_id IS 'switch';
COMMENT ON COLUMN callfold.queue_snapshot.media_type IS 'voice';
COMMENT ON COLUMN callfold.queue_snapshot.sampled_at IS 'the instant; everything before it is in the row';
COMMENT ON COLUMN callfold.queue_snapshot.waiting IS 'calls in the queue itself';
COMMENT ON COLUMN callfold.queue_snapshot.alerting IS 'calls that left it and ring at a target';
COMMENT ON COLUMN callfold.queue_snapshot.longest_wait_ms IS 'age of the call that has waited longest among the waiting; milliseconds';
COMMENT ON COLUMN callfold.queue_snapshot.agents_logged_in IS 'agents logged in to the queue; the sum of the nine states below';
COMMENT ON COLUMN callfold.queue_snapshot.agents_ready IS 'of these, ready';
COMMENT ON COLUMN callfold.queue_snapshot.agents_not_ready IS 'of these, not ready';
COMMENT ON COLUMN callfold.queue_snapshot.agents_acw IS 'of these, in after-call work';
COMMENT ON COLUMN callfold.queue_snapshot.agents_ringing IS 'of these, ringing';
COMMENT ON COLUMN callfold.queue_snapshot.agents_dialing IS 'of these, dialling';
COMMENT ON COLUMN callfold.queue_snapshot.agents_talking IS 'of these, talking, on any queue''s call or another';
COMMENT ON COLUMN callfold.queue_snapshot.agents_held IS 'of these, holding a call';
COMMENT ON COLUMN callfold.queue_snapshot.agents_busy IS 'of these, off hook without a call, observing, bridged';
COMMENT ON COLUMN callfold.queue_snapshot.agents_unknown IS 'of these, behind a link that is down';
CREATE INDEX queue_snapshot_sampled_at_brin ON callfold.queue_snapshot USING brin (sampled_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.queue_snapshot_before PARTITION OF callfold.queue_snapshot FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.queue_snapshot_after PARTITION OF callfold.queue_snapshot FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);

CREATE TABLE callfold.agent_snapshot (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    site_id text NOT NULL,
    media_type text NOT NULL,
    sampled_at timestamptz NOT NULL,
    state text NOT NULL,
    call_type text,
    since timestamptz NOT NULL,
    call_id uuid,
    queue_id text,
    reason_key text,
    reason_code text,
    is_dnd boolean NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, media_type, sampled_at)
) PARTITION BY RANGE (sampled_at);
COMMENT ON TABLE callfold.agent_snapshot IS 'One logged-in agent at one instant.';
COMMENT ON COLUMN callfold.agent_snapshot.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.agent_snapshot.agent_id IS 'AgentID as sent';
COMMENT ON COLUMN callfold.agent_snapshot.site_id IS 'switch of the session''s first login';
COMMENT ON COLUMN callfold.agent_snapshot.media_type IS 'voice';
COMMENT ON COLUMN callfold.agent_snapshot.sampled_at IS 'the instant; everything before it is in the row';
COMMENT ON COLUMN callfold.agent_snapshot.state IS 'ready, not_ready, acw, ringing, dialing, held, talking, busy, unknown';
COMMENT ON COLUMN callfold.agent_snapshot.call_type IS 'type of the call while talking, else null';
COMMENT ON COLUMN callfold.agent_snapshot.since IS 'begin of the state; another reason does not restart it';
COMMENT ON COLUMN callfold.agent_snapshot.call_id IS 'the call that made the state';
COMMENT ON COLUMN callfold.agent_snapshot.queue_id IS 'queue of the call, when one is known';
COMMENT ON COLUMN callfold.agent_snapshot.reason_key IS 'key of the reason in not_ready and acw, else null';
COMMENT ON COLUMN callfold.agent_snapshot.reason_code IS 'code of the reason in not_ready and acw, else null';
COMMENT ON COLUMN callfold.agent_snapshot.is_dnd IS 'do-not-disturb';
CREATE INDEX agent_snapshot_sampled_at_brin ON callfold.agent_snapshot USING brin (sampled_at) WITH (autosummarize = on);
CREATE TABLE callfold_store.agent_snapshot_before PARTITION OF callfold.agent_snapshot FOR VALUES FROM (MINVALUE) TO ('1990-01-01Z');
CREATE TABLE callfold_store.agent_snapshot_after PARTITION OF callfold.agent_snapshot FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
CREATE INDEX agent_snapshot_call_id ON callfold.agent_snapshot (tenant_id, call_id, sampled_at) WHERE call_id IS NOT NULL;
CREATE INDEX agent_snapshot_queue_id ON callfold.agent_snapshot (tenant_id, queue_id, sampled_at) WHERE queue_id IS NOT NULL;

CREATE TABLE callfold.dim_tenant (
    tenant_id text NOT NULL,
    name text,
    PRIMARY KEY (tenant_id)
);
COMMENT ON TABLE callfold.dim_tenant IS 'One tenant.';
COMMENT ON COLUMN callfold.dim_tenant.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.dim_tenant.name IS 'what people call it, when configured';

CREATE TABLE callfold.dim_site (
    tenant_id text NOT NULL,
    site_id text NOT NULL,
    name text,
    PRIMARY KEY (tenant_id, site_id)
);
COMMENT ON TABLE callfold.dim_site IS 'One switch.';
COMMENT ON COLUMN callfold.dim_site.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.dim_site.site_id IS 'switch';
COMMENT ON COLUMN callfold.dim_site.name IS 'what people call it, when configured';

CREATE TABLE callfold.dim_resource (
    tenant_id text NOT NULL,
    resource_id text NOT NULL,
    dn text NOT NULL,
    site_id text NOT NULL,
    kind text,
    name text,
    PRIMARY KEY (tenant_id, resource_id)
);
COMMENT ON TABLE callfold.dim_resource IS 'One DN that had a part in a call, distributed calls, or was logged in on.';
COMMENT ON COLUMN callfold.dim_resource.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.dim_resource.resource_id IS 'number@switch';
COMMENT ON COLUMN callfold.dim_resource.dn IS 'number as sent';
COMMENT ON COLUMN callfold.dim_resource.site_id IS 'switch';
COMMENT ON COLUMN callfold.dim_resource.kind IS 'extension, acd_queue, routing_point, virtual_queue, external, ivr_port, voice_mail, trunk: the last that was known';
COMMENT ON COLUMN callfold.dim_resource.name IS 'what people call it, when configured';

CREATE TABLE callfold.dim_agent (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    site_id text,
    employee_id text,
    name text,
    PRIMARY KEY (tenant_id, agent_id)
);
COMMENT ON TABLE callfold.dim_agent IS 'One agent. Names of people are personal data of the class name.';
COMMENT ON COLUMN callfold.dim_agent.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.dim_agent.agent_id IS 'AgentID as sent';
COMMENT ON COLUMN callfold.dim_agent.site_id IS 'switch where he was first heard of; null when only configured';
COMMENT ON COLUMN callfold.dim_agent.employee_id IS 'the employer''s number for him, when configured';
COMMENT ON COLUMN callfold.dim_agent.name IS 'his name, when configured';

CREATE TABLE callfold.dim_queue (
    tenant_id text NOT NULL,
    queue_id text NOT NULL,
    dn text NOT NULL,
    site_id text NOT NULL,
    queue_kind text,
    name text,
    sl_threshold_ms bigint NOT NULL,
    short_abandon_ms bigint NOT NULL,
    definition_version integer NOT NULL,
    PRIMARY KEY (tenant_id, queue_id)
);
COMMENT ON TABLE callfold.dim_queue IS 'One queue, routing point or virtual queue that has interval rows or is configured.';
COMMENT ON COLUMN callfold.dim_queue.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.dim_queue.queue_id IS 'number@switch';
COMMENT ON COLUMN callfold.dim_queue.dn IS 'number as sent';
COMMENT ON COLUMN callfold.dim_queue.site_id IS 'switch';
COMMENT ON COLUMN callfold.dim_queue.queue_kind IS 'acd_queue, virtual_queue, routing_point, external; null when only configured';
COMMENT ON COLUMN callfold.dim_queue.name IS 'what people call it, when configured';
COMMENT ON COLUMN callfold.dim_queue.sl_threshold_ms IS 'longest wait within the service level; milliseconds';
COMMENT ON COLUMN callfold.dim_queue.short_abandon_ms IS 'an abandoned wait below this is short; milliseconds';
COMMENT ON COLUMN callfold.dim_queue.definition_version IS 'the definitions these thresholds belong to';

CREATE TABLE callfold.dim_reason (
    tenant_id text NOT NULL,
    reason_key text NOT NULL,
    reason_code text NOT NULL,
    name text,
    PRIMARY KEY (tenant_id, reason_key, reason_code)
);
COMMENT ON TABLE callfold.dim_reason IS 'One reason of not ready or after-call work that has interval rows or is configured.';
COMMENT ON COLUMN callfold.dim_reason.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.dim_reason.reason_key IS 'key of the reason';
COMMENT ON COLUMN callfold.dim_reason.reason_code IS 'code of the reason';
COMMENT ON COLUMN callfold.dim_reason.name IS 'what people call it, when configured';

CREATE TABLE callfold.dim_definition (
    tenant_id text NOT NULL,
    definition_version integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    value bigint,
    expression text,
    valid_from timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, definition_version, name)
);
COMMENT ON TABLE callfold.dim_definition IS 'One rule by which numbers were made, in one version of the definitions.';
COMMENT ON COLUMN callfold.dim_definition.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.dim_definition.definition_version IS 'version, as rows of facts name it';
COMMENT ON COLUMN callfold.dim_definition.name IS 'sl_answered and its like, sl_threshold_ms, short_abandon_ms, short_call_ms, settle_ms, acw_interrupted, hist_sub_buckets, hist_max_ms';
COMMENT ON COLUMN callfold.dim_definition.kind IS 'service_level, limit, policy, histogram';
COMMENT ON COLUMN callfold.dim_definition.value IS 'of a limit or histogram: milliseconds where the name ends so, else a count';
COMMENT ON COLUMN callfold.dim_definition.expression IS 'of a service level: the formula over columns; of a policy: the word';
COMMENT ON COLUMN callfold.dim_definition.valid_from IS 'begin of the first interval known to be counted by it';
CREATE INDEX dim_definition_name ON callfold.dim_definition (tenant_id, name);

CREATE TABLE callfold.dim_group (
    tenant_id text NOT NULL,
    group_id text NOT NULL,
    kind text NOT NULL,
    PRIMARY KEY (tenant_id, group_id)
);
COMMENT ON TABLE callfold.dim_group IS 'One group of agents or of queues, as configured.';
COMMENT ON COLUMN callfold.dim_group.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.dim_group.group_id IS 'its name';
COMMENT ON COLUMN callfold.dim_group.kind IS 'agent, queue';

CREATE TABLE callfold.group_member (
    tenant_id text NOT NULL,
    group_id text NOT NULL,
    member_kind text NOT NULL,
    member_id text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    PRIMARY KEY (tenant_id, group_id, member_id, valid_from)
);
COMMENT ON TABLE callfold.group_member IS 'One stretch of time in which an agent or a queue belongs to a group, as configured. Join where the fact begins in it.';
COMMENT ON COLUMN callfold.group_member.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.group_member.group_id IS 'the group''s name';
COMMENT ON COLUMN callfold.group_member.member_kind IS 'agent, queue';
COMMENT ON COLUMN callfold.group_member.member_id IS 'AgentID, or number@switch';
COMMENT ON COLUMN callfold.group_member.valid_from IS 'first instant; 1970-01-01 when it has always been so';
COMMENT ON COLUMN callfold.group_member.valid_to IS 'first instant after it; null when it goes on';

CREATE TABLE callfold.dim_calendar (
    tz text NOT NULL,
    interval_start timestamptz NOT NULL,
    local_date date NOT NULL,
    local_time time NOT NULL,
    utc_offset_min integer NOT NULL,
    is_dst boolean NOT NULL,
    iso_year integer NOT NULL,
    iso_week integer NOT NULL,
    year integer NOT NULL,
    quarter integer NOT NULL,
    month integer NOT NULL,
    dow integer NOT NULL,
    business_day boolean NOT NULL,
    slot_of_day integer NOT NULL,
    day_slots integer NOT NULL,
    day_start timestamptz NOT NULL,
    business_date date NOT NULL,
    tzdata_version text,
    PRIMARY KEY (tz, interval_start)
);
COMMENT ON TABLE callfold.dim_calendar IS 'One quarter-hour in one time zone. The same for all tenants; join by zone and interval_start.';
COMMENT ON COLUMN callfold.dim_calendar.tz IS 'IANA name of the zone';
COMMENT ON COLUMN callfold.dim_calendar.interval_start IS 'first instant of the quarter-hour';
COMMENT ON COLUMN callfold.dim_calendar.local_date IS 'date on the wall';
COMMENT ON COLUMN callfold.dim_calendar.local_time IS 'time on the wall; twice in the hour that autumn repeats';
COMMENT ON COLUMN callfold.dim_calendar.utc_offset_min IS 'minutes that the wall is ahead of UTC';
COMMENT ON COLUMN callfold.dim_calendar.is_dst IS 'summer time';
COMMENT ON COLUMN callfold.dim_calendar.iso_year IS 'year of the ISO week';
COMMENT ON COLUMN callfold.dim_calendar.iso_week IS 'ISO week, 1 to 53';
COMMENT ON COLUMN callfold.dim_calendar.year IS 'year of local_date';
COMMENT ON COLUMN callfold.dim_calendar.quarter IS 'quarter, 1 to 4';
COMMENT ON COLUMN callfold.dim_calendar.month IS 'month, 1 to 12';
COMMENT ON COLUMN callfold.dim_calendar.dow IS 'day of the week, 1 Monday to 7 Sunday';
COMMENT ON COLUMN callfold.dim_calendar.business_day IS 'a configured business day and no holiday';
COMMENT ON COLUMN callfold.dim_calendar.slot_of_day IS 'which quarter-hour of the local day, from 0, in order of time';
COMMENT ON COLUMN callfold.dim_calendar.day_slots IS 'quarter-hours of the local day: 96, or 92 and 100 where the clock changes';
COMMENT ON COLUMN callfold.dim_calendar.day_start IS 'first instant of the local day';
COMMENT ON COLUMN callfold.dim_calendar.business_date IS 'date of the reporting day, which begins at the configured time instead of midnight';
COMMENT ON COLUMN callfold.dim_calendar.tzdata_version IS 'version of the zone rules; null for UTC, which has none';
