-- The tables under the names of others, for reports that are being moved: those of interaction concentrators and of the marts
-- built on them. This schema is callfold's own and independent of any vendor: a name stands for what has the same grain here, not
-- for a copy of somebody's table. Columns have callfold's names, and the aggregates the usual names of measures beside
-- them. Units: columns *_ms are whole milliseconds, *_time are SECONDS (ours divided by 1000, with fraction, never rounded), all
-- instants are timestamptz in UTC. Columns that exist elsewhere and are not here cannot be told from the feed, or have no agreed
-- meaning. This text is the same in PostgreSQL and in DuckDB.

CREATE SCHEMA IF NOT EXISTS callfold_compat;

-- --- names of an interaction concentrator --------------------------------------------------------------------------------

CREATE OR REPLACE VIEW callfold_compat.g_call AS SELECT * FROM callfold.call;
COMMENT ON VIEW callfold_compat.g_call IS 'One call on one switch: callfold.call';

CREATE OR REPLACE VIEW callfold_compat.g_call_stat AS SELECT * FROM callfold.call;
COMMENT ON VIEW callfold_compat.g_call_stat IS 'One call with its counts and times: callfold.call';

CREATE OR REPLACE VIEW callfold_compat.g_ir AS SELECT * FROM callfold.interaction;
COMMENT ON VIEW callfold_compat.g_ir IS 'One contact: callfold.interaction';

CREATE OR REPLACE VIEW callfold_compat.g_is_link AS SELECT * FROM callfold.call_link WHERE link_type = 'same_contact';
COMMENT ON VIEW callfold_compat.g_is_link IS 'One link between calls on two switches: callfold.call_link of that kind';

CREATE OR REPLACE VIEW callfold_compat.g_party AS SELECT * FROM callfold.party;
COMMENT ON VIEW callfold_compat.g_party IS 'One device''s part in one call: callfold.party';

CREATE OR REPLACE VIEW callfold_compat.g_party_stat AS SELECT * FROM callfold.party;
COMMENT ON VIEW callfold_compat.g_party_stat IS 'One device''s part in one call with its times: callfold.party';

CREATE OR REPLACE VIEW callfold_compat.g_party_history AS SELECT * FROM callfold.party_state;
COMMENT ON VIEW callfold_compat.g_party_history IS 'One state of one device''s part in one call: callfold.party_state';

CREATE OR REPLACE VIEW callfold_compat.g_virtual_queue AS SELECT * FROM callfold.queue_segment WHERE queue_kind = 'virtual_queue';
COMMENT ON VIEW callfold_compat.g_virtual_queue IS 'One stay in a virtual queue: callfold.queue_segment of that kind';

CREATE OR REPLACE VIEW callfold_compat.g_route_result AS SELECT * FROM callfold.route_decision;
COMMENT ON VIEW callfold_compat.g_route_result IS 'One routing request and what came of it: callfold.route_decision';

CREATE OR REPLACE VIEW callfold_compat.g_userdata_history AS SELECT * FROM callfold.user_data_change;
COMMENT ON VIEW callfold_compat.g_userdata_history IS 'One change of an attached key that is kept: callfold.user_data_change';

CREATE OR REPLACE VIEW callfold_compat.g_login_session AS SELECT * FROM callfold.agent_session;
COMMENT ON VIEW callfold_compat.g_login_session IS 'One login session: callfold.agent_session';

CREATE OR REPLACE VIEW callfold_compat.gx_session_endpoint AS SELECT * FROM callfold.agent_session_dn;
COMMENT ON VIEW callfold_compat.gx_session_endpoint IS 'One login on one DN in a session: callfold.agent_session_dn';

CREATE OR REPLACE VIEW callfold_compat.gs_agent_stat AS SELECT * FROM callfold.agent_session;
COMMENT ON VIEW callfold_compat.gs_agent_stat IS 'One login session with its time per state: callfold.agent_session';

CREATE OR REPLACE VIEW callfold_compat.g_agent_state_history AS SELECT * FROM callfold.agent_state;
COMMENT ON VIEW callfold_compat.g_agent_state_history IS 'One stretch of one state, call type and reason: callfold.agent_state';

CREATE OR REPLACE VIEW callfold_compat.g_agent_state_rc AS SELECT * FROM callfold.agent_state WHERE reason_key IS NOT NULL;
COMMENT ON VIEW callfold_compat.g_agent_state_rc IS 'One stretch under one reason: callfold.agent_state of that kind';

CREATE OR REPLACE VIEW callfold_compat.g_sync_control AS SELECT * FROM callfold.source_session;
COMMENT ON VIEW callfold_compat.g_sync_control IS 'How far each source was heard: callfold.source_session';

CREATE OR REPLACE VIEW callfold_compat.g_timecode AS SELECT * FROM callfold.dim_calendar;
COMMENT ON VIEW callfold_compat.g_timecode IS 'One quarter-hour in one zone: callfold.dim_calendar';

-- --- names of a mart: facts ---------------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW callfold_compat.interaction_fact AS SELECT * FROM callfold.interaction;
COMMENT ON VIEW callfold_compat.interaction_fact IS 'One contact: callfold.interaction';

CREATE OR REPLACE VIEW callfold_compat.interaction_resource_fact AS SELECT * FROM callfold.handling_segment;
COMMENT ON VIEW callfold_compat.interaction_resource_fact IS 'One attempt of one device at a call: callfold.handling_segment';

CREATE OR REPLACE VIEW callfold_compat.ixn_resource_state_fact AS SELECT * FROM callfold.party_state;
COMMENT ON VIEW callfold_compat.ixn_resource_state_fact IS 'One state of one device''s part in one call: callfold.party_state';

CREATE OR REPLACE VIEW callfold_compat.mediation_segment_fact AS SELECT * FROM callfold.queue_segment;
COMMENT ON VIEW callfold_compat.mediation_segment_fact IS 'One stay in one queue: callfold.queue_segment';

CREATE OR REPLACE VIEW callfold_compat.sm_res_session_fact AS SELECT * FROM callfold.agent_session;
COMMENT ON VIEW callfold_compat.sm_res_session_fact IS 'One login session: callfold.agent_session';

CREATE OR REPLACE VIEW callfold_compat.sm_res_state_fact AS SELECT * FROM callfold.agent_state;
COMMENT ON VIEW callfold_compat.sm_res_state_fact IS 'One stretch of one state, call type and reason: callfold.agent_state';

CREATE OR REPLACE VIEW callfold_compat.sm_res_state_reason_fact AS SELECT * FROM callfold.agent_state WHERE reason_key IS NOT NULL;
COMMENT ON VIEW callfold_compat.sm_res_state_reason_fact IS 'One stretch under one reason: callfold.agent_state of that kind';

CREATE OR REPLACE VIEW callfold_compat.date_time AS SELECT * FROM callfold.dim_calendar;
COMMENT ON VIEW callfold_compat.date_time IS 'One quarter-hour in one zone: callfold.dim_calendar';

-- --- names of a mart: aggregates -----------------------------------------------------------------------------------------

-- By the quarter-hour in which calls entered, and revised until all are over. accepted counts whoever answered, agent or not.
CREATE OR REPLACE VIEW callfold_compat.ag2_queue_subhr AS
SELECT
  tenant_id, queue_id, queue_kind, site_id, media_type, interval_start,
  entered, answered AS accepted, answered_within_sl, abandoned, abandoned_short, abandoned_ringing AS abandoned_invite,
  cleared, diverted AS redirected, other, pending,
  callfold.seconds(wait_answered_ms) AS accepted_time, callfold.seconds(wait_abandoned_ms) AS abandoned_time,
  callfold.seconds(talk_ms) AS engage_time, callfold.seconds(hold_ms) AS hold_time, callfold.seconds(acw_ms) AS wrap_time,
  coverage_ms, status, revision, written_at
FROM callfold.queue_cohort_interval;
COMMENT ON VIEW callfold_compat.ag2_queue_subhr IS
  'One queue and the calls that entered it in one quarter-hour; *_time in seconds: callfold.queue_cohort_interval';

CREATE OR REPLACE VIEW callfold_compat.ag2_queue_acc_agent AS
SELECT tenant_id, queue_id, media_type, interval_start, upper_ms, callfold.seconds(upper_ms) AS accepted_time, n AS accepted
FROM callfold.queue_wait_hist WHERE kind = 'answered';
COMMENT ON VIEW callfold_compat.ag2_queue_acc_agent IS
  'How many answered calls waited how long, accepted_time in seconds: callfold.queue_wait_hist of the answered';

CREATE OR REPLACE VIEW callfold_compat.ag2_queue_abn AS
SELECT tenant_id, queue_id, media_type, interval_start, upper_ms, callfold.seconds(upper_ms) AS abandoned_time, n AS abandoned
FROM callfold.queue_wait_hist WHERE kind = 'abandoned';
COMMENT ON VIEW callfold_compat.ag2_queue_abn IS
  'How many abandoned calls waited how long, abandoned_time in seconds: callfold.queue_wait_hist of the abandoned';

CREATE OR REPLACE VIEW callfold_compat.ag2_agent_subhr AS
SELECT
  tenant_id, agent_id, media_type, interval_start,
  offered, answered AS accepted, no_answer AS not_accepted, rejected, handled,
  callfold.seconds(logged_in_ms) AS active_time, callfold.seconds(ready_ms) AS ready_time,
  callfold.seconds(not_ready_ms) AS not_ready_time, callfold.seconds(busy_ms) AS busy_time,
  callfold.seconds(ring_ms) AS invite_time, callfold.seconds(talk_ms) AS engage_time, callfold.seconds(hold_ms) AS hold_time,
  callfold.seconds(acw_ms) AS wrap_time, consult_made, consult_received, talk_consult_ms, handle_ms,
  coverage_ms, status, revision, written_at
FROM callfold.agent_interval;
COMMENT ON VIEW callfold_compat.ag2_agent_subhr IS 'One agent in one quarter-hour; *_time in seconds: callfold.agent_interval';

CREATE OR REPLACE VIEW callfold_compat.ag2_i_agent AS
SELECT
  tenant_id, agent_id, media_type, interval_start,
  offered, answered AS accepted, no_answer AS not_accepted, rejected, handled,
  callfold.seconds(logged_in_ms) AS active_time, callfold.seconds(ready_ms) AS ready_time,
  callfold.seconds(not_ready_ms) AS not_ready_time, callfold.seconds(busy_ms) AS busy_time,
  callfold.seconds(ring_ms) AS invite_time, callfold.seconds(talk_ms) AS engage_time, callfold.seconds(hold_ms) AS hold_time,
  callfold.seconds(acw_ms) AS wrap_time, consult_made, consult_received, talk_consult_ms, handle_ms,
  coverage_ms, status, revision, written_at
FROM callfold.agent_interval;
COMMENT ON VIEW callfold_compat.ag2_i_agent IS 'One agent in one quarter-hour, time cut at its edges; *_time in seconds: callfold.agent_interval';

CREATE OR REPLACE VIEW callfold_compat.ag2_i_sess_state AS
SELECT
  tenant_id, agent_id, media_type, interval_start,
  offered, answered AS accepted, no_answer AS not_accepted, rejected, handled,
  callfold.seconds(logged_in_ms) AS active_time, callfold.seconds(ready_ms) AS ready_time,
  callfold.seconds(not_ready_ms) AS not_ready_time, callfold.seconds(busy_ms) AS busy_time,
  callfold.seconds(ring_ms) AS invite_time, callfold.seconds(talk_ms) AS engage_time, callfold.seconds(hold_ms) AS hold_time,
  callfold.seconds(acw_ms) AS wrap_time, consult_made, consult_received, talk_consult_ms, handle_ms,
  coverage_ms, status, revision, written_at
FROM callfold.agent_interval;
COMMENT ON VIEW callfold_compat.ag2_i_sess_state IS 'Time of one agent per state in one quarter-hour; *_time in seconds: callfold.agent_interval';

CREATE OR REPLACE VIEW callfold_compat.ag2_agent_queue AS
SELECT
  tenant_id, agent_id, queue_id, media_type, interval_start, offered, answered AS accepted, handled,
  callfold.seconds(ring_ms) AS invite_time, callfold.seconds(talk_ms) AS engage_time, callfold.seconds(hold_ms) AS hold_time,
  callfold.seconds(acw_ms) AS wrap_time, handle_ms, membership_ms, coverage_ms, status, revision, written_at
FROM callfold.agent_queue_interval;
COMMENT ON VIEW callfold_compat.ag2_agent_queue IS
  'One agent for one queue in one quarter-hour; *_time in seconds: callfold.agent_queue_interval';

CREATE OR REPLACE VIEW callfold_compat.ag2_i_state_rsn AS SELECT * FROM callfold.agent_reason_interval;
COMMENT ON VIEW callfold_compat.ag2_i_state_rsn IS
  'Time of one agent under one reason in one quarter-hour, in milliseconds: callfold.agent_reason_interval';
