-- The tables of a callfold data directory in DuckDB 1.3 or later, under the names they have in PostgreSQL: schema callfold.
--
--   duckdb -init schemas/duckdb.sql
--   duckdb -cmd "SET VARIABLE data = '/path/to/data'" -cmd ".read schemas/duckdb.sql"
--
-- Without the variable the directory is ./data. Views read the files anew with every query; run this again when a table has
-- got its first file. Sums and counts may be added over any rows; ratios and percentiles are made from sums when they are
-- read, and are NULL when there is nothing to divide by. The texts in schemas/queries run here and in PostgreSQL.

SET TimeZone = 'UTC';
CREATE SCHEMA IF NOT EXISTS callfold;
USE callfold;

-- --- tables: one view each -----------------------------------------------------------------------------------------------

SET VARIABLE callfold_tables = (
  SELECT list(DISTINCT regexp_extract(file, '.*/history/([^/]+)/', 1))
  FROM glob(coalesce(getvariable('data'), './data') || '/history/**/*.parquet'));

CREATE OR REPLACE MACRO callfold.files(name) AS TABLE FROM query(
  CASE WHEN list_contains(getvariable('callfold_tables'), name) IS FALSE THEN 'SELECT NULL::VARCHAR AS tenant_id WHERE false'
  ELSE 'FROM read_parquet(''' || replace(coalesce(getvariable('data'), './data'), '''', '''''') || '/history/' || name
    || '/**/*.parquet'', hive_partitioning = false, union_by_name = true)' END);

-- tables: begin
CREATE OR REPLACE VIEW callfold.call AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS call_id, NULL::UUID AS interaction_id, NULL::VARCHAR AS site_id,
  NULL::VARCHAR AS conn_id, NULL::VARCHAR AS switch_call_id, NULL::UUID AS parent_call_id,
  NULL::UUID AS merged_into_call_id, NULL::VARCHAR AS merge_type, NULL::VARCHAR AS call_type,
  NULL::VARCHAR AS media_type, NULL::TIMESTAMPTZ AS started_at, NULL::TIMESTAMPTZ AS first_queued_at,
  NULL::TIMESTAMPTZ AS first_alerting_at, NULL::TIMESTAMPTZ AS first_connected_at, NULL::TIMESTAMPTZ AS ended_at,
  NULL::VARCHAR AS ani, NULL::VARCHAR AS dnis, NULL::VARCHAR AS trunk, NULL::VARCHAR AS released_by,
  NULL::INTEGER AS hold_count, NULL::INTEGER AS transfer_count, NULL::INTEGER AS conference_count,
  NULL::INTEGER AS divert_count, NULL::BOOLEAN AS abandoned, NULL::BOOLEAN AS connected,
  NULL::BOOLEAN AS connected_to_agent, NULL::BIGINT AS duration_ms, NULL::BOOLEAN AS end_known,
  NULL::BOOLEAN AS joined_in_progress, NULL::VARCHAR AS end_reason, NULL::INTEGER AS revision,
  NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('call');
CREATE OR REPLACE VIEW callfold.party AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS party_id, NULL::UUID AS party_guid, NULL::UUID AS call_id,
  NULL::UUID AS interaction_id, NULL::VARCHAR AS site_id, NULL::VARCHAR AS dn, NULL::VARCHAR AS dn_type,
  NULL::VARCHAR AS resource_id, NULL::VARCHAR AS agent_id, NULL::UUID AS agent_session_id, NULL::VARCHAR AS role,
  NULL::UUID AS parent_party_id, NULL::VARCHAR AS parent_link_type, NULL::TIMESTAMPTZ AS joined_at,
  NULL::TIMESTAMPTZ AS left_at, NULL::VARCHAR AS left_cause, NULL::BIGINT AS alerting_ms, NULL::BIGINT AS connected_ms,
  NULL::BIGINT AS hold_ms, NULL::BIGINT AS queued_ms, NULL::BIGINT AS treatment_ms, NULL::BIGINT AS acw_ms,
  NULL::VARCHAR AS final_state, NULL::BOOLEAN AS end_known, NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id,
  NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('party');
CREATE OR REPLACE VIEW callfold.party_state AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS party_id, NULL::INTEGER AS seq, NULL::UUID AS call_id, NULL::VARCHAR AS dn,
  NULL::VARCHAR AS agent_id, NULL::VARCHAR AS state, NULL::VARCHAR AS prev_state, NULL::TIMESTAMPTZ AS entered_at,
  NULL::TIMESTAMPTZ AS left_at, NULL::BIGINT AS duration_ms, NULL::VARCHAR AS cause_event, NULL::INTEGER AS revision,
  NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('party_state');
CREATE OR REPLACE VIEW callfold.queue_segment AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS queue_segment_id, NULL::UUID AS call_id, NULL::UUID AS interaction_id,
  NULL::VARCHAR AS queue_id, NULL::VARCHAR AS queue_kind, NULL::VARCHAR AS call_type, NULL::TIMESTAMPTZ AS entered_at,
  NULL::TIMESTAMPTZ AS distributed_at, NULL::TIMESTAMPTZ AS answered_at, NULL::TIMESTAMPTZ AS left_at,
  NULL::INTEGER AS entry_seq, NULL::VARCHAR AS outcome, NULL::VARCHAR AS outcome_reason, NULL::BIGINT AS queue_ms,
  NULL::BIGINT AS ring_ms, NULL::BIGINT AS wait_ms, NULL::VARCHAR AS answered_by_agent_id,
  NULL::UUID AS handling_segment_id, NULL::VARCHAR AS diverted_to, NULL::VARCHAR AS strategy, NULL::VARCHAR AS target,
  NULL::VARCHAR AS target_kind, NULL::VARCHAR AS skill_expression, NULL::VARCHAR AS priority,
  NULL::INTEGER AS position_on_entry, NULL::BIGINT AS ewt_ms_on_entry, NULL::BOOLEAN AS is_short_abandon,
  NULL::INTEGER AS definition_version, NULL::UUID AS parallel_group_id, NULL::INTEGER AS revision,
  NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('queue_segment');
CREATE OR REPLACE VIEW callfold.handling_segment AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS handling_segment_id, NULL::UUID AS call_id, NULL::UUID AS interaction_id,
  NULL::UUID AS queue_segment_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS resource_id,
  NULL::VARCHAR AS resource_kind, NULL::VARCHAR AS agent_id, NULL::UUID AS agent_session_id, NULL::UUID AS party_id,
  NULL::TIMESTAMPTZ AS offered_at, NULL::TIMESTAMPTZ AS answered_at, NULL::TIMESTAMPTZ AS released_at,
  NULL::TIMESTAMPTZ AS acw_started_at, NULL::TIMESTAMPTZ AS acw_ended_at, NULL::BIGINT AS ring_ms,
  NULL::BIGINT AS talk_ms, NULL::BIGINT AS hold_ms, NULL::INTEGER AS hold_count, NULL::BIGINT AS acw_ms,
  NULL::BIGINT AS consult_ms, NULL::BIGINT AS dial_ms, NULL::VARCHAR AS role, NULL::VARCHAR AS result,
  NULL::VARCHAR AS released_by, NULL::VARCHAR AS disposition_code, NULL::BOOLEAN AS is_complete,
  NULL::BOOLEAN AS end_known, NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('handling_segment');
CREATE OR REPLACE VIEW callfold.agent_session AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS agent_session_id, NULL::VARCHAR AS agent_id, NULL::VARCHAR AS login_id,
  NULL::VARCHAR AS place_id, NULL::VARCHAR AS site_id, NULL::VARCHAR AS primary_dn, NULL::VARCHAR[] AS media_types,
  NULL::TIMESTAMPTZ AS logged_in_at, NULL::TIMESTAMPTZ AS logged_out_at, NULL::BOOLEAN AS login_known,
  NULL::BOOLEAN AS logout_known, NULL::VARCHAR AS logout_reason, NULL::BIGINT AS duration_ms, NULL::BIGINT AS ready_ms,
  NULL::BIGINT AS not_ready_ms, NULL::BIGINT AS acw_ms, NULL::BIGINT AS talk_ms, NULL::BIGINT AS hold_ms,
  NULL::BIGINT AS ring_ms, NULL::BIGINT AS dial_ms, NULL::BIGINT AS busy_ms, NULL::BIGINT AS unknown_ms,
  NULL::BIGINT AS dnd_ms, NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('agent_session');
CREATE OR REPLACE VIEW callfold.agent_session_dn AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS agent_session_id, NULL::INTEGER AS seq, NULL::VARCHAR AS agent_id,
  NULL::VARCHAR AS dn, NULL::VARCHAR AS site_id, NULL::VARCHAR AS queue_id, NULL::TIMESTAMPTZ AS logged_in_at,
  NULL::TIMESTAMPTZ AS logged_out_at, NULL::BIGINT AS duration_ms, NULL::INTEGER AS revision,
  NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('agent_session_dn');
CREATE OR REPLACE VIEW callfold.agent_state AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS agent_session_id, NULL::INTEGER AS seq, NULL::INTEGER AS state_run_id,
  NULL::VARCHAR AS agent_id, NULL::VARCHAR AS dn, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS media_type,
  NULL::VARCHAR AS call_type, NULL::VARCHAR AS state, NULL::TIMESTAMPTZ AS started_at, NULL::TIMESTAMPTZ AS ended_at,
  NULL::BIGINT AS duration_ms, NULL::VARCHAR AS work_mode, NULL::UUID AS call_id, NULL::VARCHAR AS reason_key,
  NULL::VARCHAR AS reason_code, NULL::VARCHAR AS reason_kind, NULL::VARCHAR AS pending_state, NULL::BOOLEAN AS is_dnd,
  NULL::BOOLEAN AS end_known, NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('agent_state');
CREATE OR REPLACE VIEW callfold.call_link AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS from_call_id, NULL::UUID AS to_call_id, NULL::VARCHAR AS link_type,
  NULL::VARCHAR AS site_id, NULL::VARCHAR AS remote_site, NULL::TIMESTAMPTZ AS linked_at, NULL::VARCHAR AS evidence,
  NULL::VARCHAR AS state, NULL::UUID AS interaction_id, NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id,
  NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('call_link');
CREATE OR REPLACE VIEW callfold.interaction AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS interaction_id, NULL::UUID AS root_call_id, NULL::VARCHAR AS media_type,
  NULL::VARCHAR AS interaction_type, NULL::TIMESTAMPTZ AS started_at, NULL::TIMESTAMPTZ AS ended_at,
  NULL::VARCHAR AS customer_key, NULL::VARCHAR AS ani, NULL::VARCHAR AS dnis, NULL::VARCHAR AS entry_dn,
  NULL::INTEGER AS site_count, NULL::INTEGER AS call_count, NULL::INTEGER AS party_count,
  NULL::INTEGER AS queue_segment_count, NULL::INTEGER AS handling_segment_count, NULL::INTEGER AS transfer_count,
  NULL::INTEGER AS conference_count, NULL::INTEGER AS consult_count, NULL::VARCHAR AS first_queue_id,
  NULL::VARCHAR AS first_agent_id, NULL::VARCHAR AS last_agent_id, NULL::VARCHAR AS outcome,
  NULL::BIGINT AS wait_total_ms, NULL::BIGINT AS talk_total_ms, NULL::BIGINT AS hold_total_ms,
  NULL::BIGINT AS acw_total_ms, NULL::BIGINT AS duration_ms, NULL::BOOLEAN AS is_complete, NULL::BOOLEAN AS end_known,
  NULL::BOOLEAN AS joined_in_progress, NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id,
  NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('interaction');
CREATE OR REPLACE VIEW callfold.route_decision AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS route_id, NULL::UUID AS call_id, NULL::UUID AS queue_segment_id,
  NULL::VARCHAR AS site_id, NULL::VARCHAR AS routing_point, NULL::VARCHAR AS strategy,
  NULL::TIMESTAMPTZ AS requested_at, NULL::TIMESTAMPTZ AS decided_at, NULL::BIGINT AS duration_ms,
  NULL::VARCHAR AS result, NULL::VARCHAR AS route_type, NULL::VARCHAR AS target, NULL::VARCHAR AS target_queue_id,
  NULL::VARCHAR AS agent_id, NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('route_decision');
CREATE OR REPLACE VIEW callfold.user_data_change AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS call_id, NULL::VARCHAR AS key, NULL::INTEGER AS seq,
  NULL::VARCHAR AS site_id, NULL::TIMESTAMPTZ AS changed_at, NULL::UUID AS party_id, NULL::VARCHAR AS agent_id,
  NULL::VARCHAR AS change, NULL::VARCHAR AS value_before, NULL::VARCHAR AS value, NULL::VARCHAR AS source,
  NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('user_data_change');
CREATE OR REPLACE VIEW callfold.user_data_final AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::UUID AS call_id, NULL::VARCHAR AS site_id, NULL::TIMESTAMPTZ AS started_at,
  NULL::TIMESTAMPTZ AS ended_at, NULL::VARCHAR AS user_data, NULL::INTEGER AS key_count, NULL::INTEGER AS change_count,
  NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('user_data_final');
CREATE OR REPLACE VIEW callfold.source_session AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS source_id, NULL::BIGINT AS session_epoch, NULL::BIGINT AS server_epoch,
  NULL::VARCHAR AS connect_kind, NULL::TIMESTAMPTZ AS connected_at, NULL::TIMESTAMPTZ AS disconnected_at,
  NULL::TIMESTAMPTZ AS first_event_time, NULL::TIMESTAMPTZ AS last_event_time, NULL::BIGINT AS last_seq,
  NULL::BIGINT AS event_count, NULL::BIGINT AS duration_ms, NULL::VARCHAR AS collector_id, NULL::VARCHAR AS how_ended,
  NULL::INTEGER AS revision, NULL::VARCHAR AS last_event_id, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('source_session');
CREATE OR REPLACE VIEW callfold.queue_interval AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS queue_kind, NULL::VARCHAR AS site_id,
  NULL::VARCHAR AS media_type, NULL::TIMESTAMPTZ AS interval_start, NULL::INTEGER AS interval_ms,
  NULL::INTEGER AS entered, NULL::INTEGER AS answered, NULL::INTEGER AS abandoned, NULL::INTEGER AS abandoned_short,
  NULL::INTEGER AS abandoned_ringing, NULL::INTEGER AS diverted_in, NULL::INTEGER AS diverted_out,
  NULL::INTEGER AS cleared, NULL::INTEGER AS other, NULL::INTEGER AS no_answer, NULL::INTEGER AS rejected,
  NULL::INTEGER AS handled, NULL::INTEGER AS transferred_out, NULL::INTEGER AS in_queue_start,
  NULL::INTEGER AS in_queue_end, NULL::INTEGER AS in_queue_max, NULL::BIGINT AS longest_wait_ms_at_end,
  NULL::BIGINT AS agents_staffed_ms, NULL::BIGINT AS agents_ready_ms, NULL::BIGINT AS queue_ms, NULL::BIGINT AS ring_ms,
  NULL::BIGINT AS talk_ms, NULL::BIGINT AS hold_ms, NULL::BIGINT AS acw_ms, NULL::BIGINT AS wait_answered_ms,
  NULL::BIGINT AS wait_answered_max_ms, NULL::BIGINT AS wait_abandoned_ms, NULL::BIGINT AS wait_abandoned_max_ms,
  NULL::BIGINT AS handle_ms, NULL::INTEGER AS answered_within_sl, NULL::INTEGER AS abandoned_within_sl,
  NULL::INTEGER AS definition_version, NULL::INTEGER AS coverage_ms, NULL::VARCHAR AS status, NULL::INTEGER AS revision,
  NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('queue_interval');
CREATE OR REPLACE VIEW callfold.queue_cohort_interval AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS queue_kind, NULL::VARCHAR AS site_id,
  NULL::VARCHAR AS media_type, NULL::TIMESTAMPTZ AS interval_start, NULL::INTEGER AS interval_ms,
  NULL::INTEGER AS entered, NULL::INTEGER AS answered, NULL::INTEGER AS answered_within_sl, NULL::INTEGER AS abandoned,
  NULL::INTEGER AS abandoned_short, NULL::INTEGER AS abandoned_within_sl, NULL::INTEGER AS abandoned_ringing,
  NULL::INTEGER AS diverted, NULL::INTEGER AS cleared, NULL::INTEGER AS other, NULL::INTEGER AS pending,
  NULL::BIGINT AS wait_answered_ms, NULL::BIGINT AS wait_abandoned_ms, NULL::BIGINT AS queue_ms,
  NULL::BIGINT AS talk_ms, NULL::BIGINT AS hold_ms, NULL::BIGINT AS acw_ms, NULL::INTEGER AS definition_version,
  NULL::INTEGER AS coverage_ms, NULL::VARCHAR AS status, NULL::INTEGER AS revision, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('queue_cohort_interval');
CREATE OR REPLACE VIEW callfold.queue_wait_hist AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS media_type,
  NULL::TIMESTAMPTZ AS interval_start, NULL::INTEGER AS interval_ms, NULL::VARCHAR AS kind, NULL::BIGINT AS upper_ms,
  NULL::INTEGER AS n, NULL::INTEGER AS definition_version, NULL::INTEGER AS coverage_ms, NULL::VARCHAR AS status,
  NULL::INTEGER AS revision, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('queue_wait_hist');
CREATE OR REPLACE VIEW callfold.queue_handle_hist AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS media_type,
  NULL::TIMESTAMPTZ AS interval_start, NULL::INTEGER AS interval_ms, NULL::VARCHAR AS kind, NULL::BIGINT AS upper_ms,
  NULL::INTEGER AS n, NULL::INTEGER AS definition_version, NULL::INTEGER AS coverage_ms, NULL::VARCHAR AS status,
  NULL::INTEGER AS revision, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('queue_handle_hist');
CREATE OR REPLACE VIEW callfold.agent_interval AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS agent_id, NULL::VARCHAR AS media_type,
  NULL::TIMESTAMPTZ AS interval_start, NULL::INTEGER AS interval_ms, NULL::BIGINT AS logged_in_ms,
  NULL::BIGINT AS ready_ms, NULL::BIGINT AS not_ready_ms, NULL::BIGINT AS acw_ms, NULL::BIGINT AS ring_ms,
  NULL::BIGINT AS talk_ms, NULL::BIGINT AS talk_inbound_ms, NULL::BIGINT AS talk_outbound_ms,
  NULL::BIGINT AS talk_internal_ms, NULL::BIGINT AS talk_consult_ms, NULL::BIGINT AS hold_ms, NULL::BIGINT AS dial_ms,
  NULL::BIGINT AS dnd_ms, NULL::BIGINT AS busy_ms, NULL::BIGINT AS unknown_ms, NULL::INTEGER AS offered,
  NULL::INTEGER AS answered, NULL::INTEGER AS no_answer, NULL::INTEGER AS rejected,
  NULL::INTEGER AS abandoned_while_ringing, NULL::INTEGER AS outbound_made, NULL::INTEGER AS internal_made,
  NULL::INTEGER AS consult_made, NULL::INTEGER AS consult_received, NULL::INTEGER AS transfers_made,
  NULL::INTEGER AS transfers_received, NULL::INTEGER AS conferences, NULL::INTEGER AS holds,
  NULL::INTEGER AS short_calls, NULL::INTEGER AS logins, NULL::INTEGER AS logouts, NULL::INTEGER AS not_ready_entries,
  NULL::INTEGER AS handled, NULL::BIGINT AS handle_ms, NULL::TIMESTAMPTZ AS first_login_at,
  NULL::TIMESTAMPTZ AS last_logout_at, NULL::INTEGER AS definition_version, NULL::INTEGER AS coverage_ms,
  NULL::VARCHAR AS status, NULL::INTEGER AS revision, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('agent_interval');
CREATE OR REPLACE VIEW callfold.agent_queue_interval AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS agent_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS media_type,
  NULL::TIMESTAMPTZ AS interval_start, NULL::INTEGER AS interval_ms, NULL::INTEGER AS offered,
  NULL::INTEGER AS answered, NULL::BIGINT AS ring_ms, NULL::BIGINT AS talk_ms, NULL::BIGINT AS hold_ms,
  NULL::BIGINT AS acw_ms, NULL::INTEGER AS handled, NULL::BIGINT AS handle_ms, NULL::BIGINT AS membership_ms,
  NULL::INTEGER AS definition_version, NULL::INTEGER AS coverage_ms, NULL::VARCHAR AS status, NULL::INTEGER AS revision,
  NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('agent_queue_interval');
CREATE OR REPLACE VIEW callfold.agent_reason_interval AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS agent_id, NULL::VARCHAR AS state, NULL::VARCHAR AS reason_key,
  NULL::VARCHAR AS reason_code, NULL::VARCHAR AS media_type, NULL::TIMESTAMPTZ AS interval_start,
  NULL::INTEGER AS interval_ms, NULL::BIGINT AS ms, NULL::INTEGER AS entries, NULL::INTEGER AS definition_version,
  NULL::INTEGER AS coverage_ms, NULL::VARCHAR AS status, NULL::INTEGER AS revision, NULL::TIMESTAMPTZ AS written_at
  WHERE false UNION ALL BY NAME FROM callfold.files('agent_reason_interval');
CREATE OR REPLACE VIEW callfold.queue_snapshot AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS queue_kind, NULL::VARCHAR AS site_id,
  NULL::VARCHAR AS media_type, NULL::TIMESTAMPTZ AS sampled_at, NULL::INTEGER AS waiting, NULL::INTEGER AS alerting,
  NULL::BIGINT AS longest_wait_ms, NULL::INTEGER AS agents_logged_in, NULL::INTEGER AS agents_ready,
  NULL::INTEGER AS agents_not_ready, NULL::INTEGER AS agents_acw, NULL::INTEGER AS agents_ringing,
  NULL::INTEGER AS agents_dialing, NULL::INTEGER AS agents_talking, NULL::INTEGER AS agents_held,
  NULL::INTEGER AS agents_busy, NULL::INTEGER AS agents_unknown
  WHERE false UNION ALL BY NAME FROM callfold.files('queue_snapshot');
CREATE OR REPLACE VIEW callfold.agent_snapshot AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS agent_id, NULL::VARCHAR AS site_id, NULL::VARCHAR AS media_type,
  NULL::TIMESTAMPTZ AS sampled_at, NULL::VARCHAR AS state, NULL::VARCHAR AS call_type, NULL::TIMESTAMPTZ AS since,
  NULL::UUID AS call_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS reason_key, NULL::VARCHAR AS reason_code,
  NULL::BOOLEAN AS is_dnd
  WHERE false UNION ALL BY NAME FROM callfold.files('agent_snapshot');
CREATE OR REPLACE VIEW callfold.event_log AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS event_id, NULL::VARCHAR AS site_id, NULL::VARCHAR AS source_id,
  NULL::TIMESTAMPTZ AS folded_at, NULL::INTEGER AS place, NULL::TIMESTAMPTZ AS event_time,
  NULL::TIMESTAMPTZ AS received_at, NULL::VARCHAR AS event_name, NULL::VARCHAR AS this_dn, NULL::VARCHAR AS this_queue,
  NULL::VARCHAR AS other_dn, NULL::BOOLEAN AS other_dn_is_known, NULL::VARCHAR AS third_party_dn,
  NULL::BOOLEAN AS third_party_dn_is_known, NULL::VARCHAR AS agent_id, NULL::VARCHAR AS conn_id,
  NULL::VARCHAR AS previous_conn_id, NULL::VARCHAR AS transfer_conn_id, NULL::VARCHAR AS call_uuid,
  NULL::BIGINT AS switch_call_id, NULL::BIGINT AS this_trunk, NULL::BIGINT AS other_trunk, NULL::VARCHAR AS call_type,
  NULL::INTEGER AS call_state, NULL::INTEGER AS this_dn_role, NULL::INTEGER AS other_dn_role,
  NULL::INTEGER AS third_party_dn_role, NULL::INTEGER AS work_mode, NULL::VARCHAR AS ani, NULL::VARCHAR AS ani_key,
  NULL::VARCHAR AS dnis, NULL::VARCHAR AS dnis_key, NULL::VARCHAR AS user_data, NULL::VARCHAR AS reasons,
  NULL::VARCHAR AS extensions, NULL::INTEGER AS route_type, NULL::INTEGER AS treatment_type,
  NULL::VARCHAR AS first_transfer_conn_id, NULL::VARCHAR AS first_transfer_site, NULL::VARCHAR AS last_transfer_conn_id,
  NULL::VARCHAR AS last_transfer_site, NULL::VARCHAR AS remote_conn_id, NULL::VARCHAR AS remote_site,
  NULL::VARCHAR AS network_call_id, NULL::VARCHAR AS ref_call_uuid, NULL::VARCHAR AS is_links,
  NULL::VARCHAR AS collector_id
  WHERE false UNION ALL BY NAME FROM callfold.files('event_log');
CREATE OR REPLACE VIEW callfold.dim_tenant AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS name
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_tenant');
CREATE OR REPLACE VIEW callfold.dim_site AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS site_id, NULL::VARCHAR AS name
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_site');
CREATE OR REPLACE VIEW callfold.dim_resource AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS resource_id, NULL::VARCHAR AS dn, NULL::VARCHAR AS site_id,
  NULL::VARCHAR AS kind, NULL::VARCHAR AS name
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_resource');
CREATE OR REPLACE VIEW callfold.dim_agent AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS agent_id, NULL::VARCHAR AS site_id, NULL::VARCHAR AS employee_id,
  NULL::VARCHAR AS name
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_agent');
CREATE OR REPLACE VIEW callfold.dim_queue AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS queue_id, NULL::VARCHAR AS dn, NULL::VARCHAR AS site_id,
  NULL::VARCHAR AS queue_kind, NULL::VARCHAR AS name, NULL::BIGINT AS sl_threshold_ms, NULL::BIGINT AS short_abandon_ms,
  NULL::INTEGER AS definition_version
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_queue');
CREATE OR REPLACE VIEW callfold.dim_reason AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS reason_key, NULL::VARCHAR AS reason_code, NULL::VARCHAR AS name
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_reason');
CREATE OR REPLACE VIEW callfold.dim_definition AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::INTEGER AS definition_version, NULL::VARCHAR AS name, NULL::VARCHAR AS kind,
  NULL::BIGINT AS value, NULL::VARCHAR AS expression, NULL::TIMESTAMPTZ AS valid_from
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_definition');
CREATE OR REPLACE VIEW callfold.dim_group AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS group_id, NULL::VARCHAR AS kind
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_group');
CREATE OR REPLACE VIEW callfold.group_member AS SELECT
  NULL::VARCHAR AS tenant_id, NULL::VARCHAR AS group_id, NULL::VARCHAR AS member_kind, NULL::VARCHAR AS member_id,
  NULL::TIMESTAMPTZ AS valid_from, NULL::TIMESTAMPTZ AS valid_to
  WHERE false UNION ALL BY NAME FROM callfold.files('group_member');
CREATE OR REPLACE VIEW callfold.dim_calendar AS SELECT
  NULL::VARCHAR AS tz, NULL::TIMESTAMPTZ AS interval_start, NULL::DATE AS local_date, NULL::TIME AS local_time,
  NULL::INTEGER AS utc_offset_min, NULL::BOOLEAN AS is_dst, NULL::INTEGER AS iso_year, NULL::INTEGER AS iso_week,
  NULL::INTEGER AS year, NULL::INTEGER AS quarter, NULL::INTEGER AS month, NULL::INTEGER AS dow,
  NULL::BOOLEAN AS business_day, NULL::INTEGER AS slot_of_day, NULL::INTEGER AS day_slots,
  NULL::TIMESTAMPTZ AS day_start, NULL::DATE AS business_date, NULL::VARCHAR AS tzdata_version
  WHERE false UNION ALL BY NAME FROM callfold.files('dim_calendar');
-- tables: end

-- --- functions: the same names and meanings as in PostgreSQL -------------------------------------------------------------

-- What a query is asked for, as text: SET VARIABLE zone = 'Europe/Berlin'; otherwise the second argument.
CREATE OR REPLACE MACRO callfold.parameter(name, otherwise) AS coalesce(nullif(CAST(getvariable(name) AS VARCHAR), ''), otherwise);

-- part / whole; NULL when whole is 0.
CREATE OR REPLACE MACRO callfold.ratio(part, whole) AS CAST(part AS DOUBLE) / nullif(CAST(whole AS DOUBLE), 0);

-- Milliseconds as seconds.
CREATE OR REPLACE MACRO callfold.seconds(ms) AS CAST(ms AS DOUBLE) / 1000;

-- Whole milliseconds from one instant to another, as durations of rows are made.
CREATE OR REPLACE MACRO callfold.ms_between(earlier, later) AS epoch_us(later) // 1000 - epoch_us(earlier) // 1000;

-- The instant so many milliseconds later.
CREATE OR REPLACE MACRO callfold.ms_after(earlier, ms) AS earlier + to_milliseconds(ms);

-- The quarter-hour that an instant belongs to.
CREATE OR REPLACE MACRO callfold.interval_of(instant) AS time_bucket(INTERVAL 15 MINUTE, instant);

-- percentile(array_agg(upper_ms), array_agg(n), 0.95): the least amount that at least the share p (0 to 1) of all is not above,
-- each amount occurring n times; over the rows of a histogram, any rows, within 1 % of the exact one; NULL without any.
CREATE OR REPLACE MACRO callfold.percentile(amounts, counts, p) AS CASE WHEN p BETWEEN 0 AND 1 THEN
  list_sort(flatten(
    [repeat([CAST(z[1] AS BIGINT)], CAST(z[2] AS BIGINT)) FOR z IN list_zip(amounts, counts) IF z[1] IS NOT NULL AND z[2] > 0]))
  [CAST(greatest(1, (
    list_sum([CAST(z[2] AS HUGEINT) FOR z IN list_zip(amounts, counts) IF z[1] IS NOT NULL AND z[2] > 0])
    * CAST(round(p * 1000000000) AS BIGINT) + 999999999) // 1000000000) AS BIGINT)]
  END;

-- Service level. a: answered, a_sl: answered within the threshold, b: abandoned, b_sl: abandoned within the threshold,
-- b_short: abandoned below the short-abandon limit. "Within" means wait <= threshold.
CREATE OR REPLACE MACRO callfold.sl_answered(a_sl, a) AS callfold.ratio(a_sl, a);
CREATE OR REPLACE MACRO callfold.sl_offered(a_sl, a, b) AS callfold.ratio(a_sl, a + b);
CREATE OR REPLACE MACRO callfold.sl_abandon_ignored(a_sl, a, b, b_sl) AS callfold.ratio(a_sl, a + b - b_sl);
CREATE OR REPLACE MACRO callfold.sl_abandon_positive(a_sl, a, b, b_sl) AS callfold.ratio(a_sl + b_sl, a + b);
CREATE OR REPLACE MACRO callfold.sl_short_excluded(a_sl, a, b, b_short) AS callfold.ratio(a_sl, a + b - b_short);
CREATE OR REPLACE MACRO callfold.sl_short_positive(a_sl, a, b, b_short) AS callfold.ratio(a_sl + b_short, a + b);

-- --- views: the same text in PostgreSQL (schemas/migrations) ----------------------------------------------------------------

-- views: begin
-- Reports over the tables, for any time zone that dim_calendar has. This text is the same in PostgreSQL and in DuckDB; a test
-- holds the copy in schemas/duckdb.sql to it. Sums come first, what is divided last: add the sums of any rows, then divide anew.

-- A period is an hour, day, week (from Monday) or month on the wall of a zone. The hour that autumn repeats is two periods of
-- equal local_start, told apart by utc_offset_min; the hour that spring skips is none.
CREATE OR REPLACE VIEW callfold.calendar_slot AS
SELECT
  c.tz, u.unit, date_trunc(u.unit, c.local_date + c.local_time) AS local_start,
  CASE WHEN u.unit = 'hour' THEN c.utc_offset_min ELSE 0 END AS hour_offset_min,
  c.interval_start
FROM callfold.dim_calendar AS c
CROSS JOIN (VALUES ('hour'), ('day'), ('week'), ('month')) AS u (unit);
COMMENT ON VIEW callfold.calendar_slot IS 'One quarter-hour in one period (hour, day, week, month) of one zone';

CREATE OR REPLACE VIEW callfold.calendar_period AS
SELECT
  tz, unit, local_start, hour_offset_min,
  min(interval_start) AS period_start, CAST(count(*) * 900000 AS bigint) AS period_ms
FROM callfold.calendar_slot
GROUP BY tz, unit, local_start, hour_offset_min;
COMMENT ON VIEW callfold.calendar_period IS 'One period of one zone with its true length: days of 23, 24 and 25 hours';

-- Columns of all views by period: unit, local_start (on the wall), utc_offset_min (of hours, otherwise NULL), period_start (the
-- instant), period_ms (true length), interval_ms (length of the rows that are there), coverage_ms (of this, seen).
CREATE OR REPLACE VIEW callfold.queue_period AS
WITH summed AS (
  SELECT
    q.tenant_id, c.tz, c.unit, c.local_start, c.hour_offset_min, q.queue_id, q.site_id, q.media_type,
    (array_agg(q.queue_kind ORDER BY q.interval_start DESC))[1] AS queue_kind,
    CAST(sum(q.entered) AS bigint) AS entered,
    CAST(sum(q.answered) AS bigint) AS answered,
    CAST(sum(q.answered_within_sl) AS bigint) AS answered_within_sl,
    CAST(sum(q.abandoned) AS bigint) AS abandoned,
    CAST(sum(q.abandoned_within_sl) AS bigint) AS abandoned_within_sl,
    CAST(sum(q.abandoned_short) AS bigint) AS abandoned_short,
    CAST(sum(q.abandoned_ringing) AS bigint) AS abandoned_ringing,
    CAST(sum(q.diverted_in) AS bigint) AS diverted_in,
    CAST(sum(q.diverted_out) AS bigint) AS diverted_out,
    CAST(sum(q.cleared) AS bigint) AS cleared,
    CAST(sum(q.other) AS bigint) AS other,
    CAST(sum(q.no_answer) AS bigint) AS no_answer,
    CAST(sum(q.rejected) AS bigint) AS rejected,
    CAST(sum(q.handled) AS bigint) AS handled,
    CAST(sum(q.transferred_out) AS bigint) AS transferred_out,
    (array_agg(q.in_queue_start ORDER BY q.interval_start))[1] AS in_queue_start,
    (array_agg(q.in_queue_end ORDER BY q.interval_start DESC))[1] AS in_queue_end,
    max(q.in_queue_max) AS in_queue_max,
    (array_agg(q.longest_wait_ms_at_end ORDER BY q.interval_start DESC))[1] AS longest_wait_ms_at_end,
    CAST(sum(q.agents_staffed_ms) AS bigint) AS agents_staffed_ms,
    CAST(sum(q.agents_ready_ms) AS bigint) AS agents_ready_ms,
    CAST(sum(q.queue_ms) AS bigint) AS queue_ms,
    CAST(sum(q.ring_ms) AS bigint) AS ring_ms,
    CAST(sum(q.talk_ms) AS bigint) AS talk_ms,
    CAST(sum(q.hold_ms) AS bigint) AS hold_ms,
    CAST(sum(q.acw_ms) AS bigint) AS acw_ms,
    CAST(sum(q.wait_answered_ms) AS bigint) AS wait_answered_ms,
    max(q.wait_answered_max_ms) AS wait_answered_max_ms,
    CAST(sum(q.wait_abandoned_ms) AS bigint) AS wait_abandoned_ms,
    max(q.wait_abandoned_max_ms) AS wait_abandoned_max_ms,
    CAST(sum(q.handle_ms) AS bigint) AS handle_ms,
    CAST(sum(q.interval_ms) AS bigint) AS interval_ms,
    CAST(sum(q.coverage_ms) AS bigint) AS coverage_ms,
    bool_and(q.status IN ('final', 'revised')) AS is_final
  FROM callfold.queue_interval AS q
  JOIN callfold.calendar_slot AS c ON c.interval_start = q.interval_start
  GROUP BY q.tenant_id, c.tz, c.unit, c.local_start, c.hour_offset_min, q.queue_id, q.site_id, q.media_type
)
SELECT
  s.tenant_id, s.tz, s.unit, s.local_start, CASE WHEN s.unit = 'hour' THEN s.hour_offset_min END AS utc_offset_min,
  p.period_start, p.period_ms, s.queue_id, s.queue_kind, s.site_id, s.media_type,
  s.entered, s.answered, s.answered_within_sl, s.abandoned, s.abandoned_within_sl, s.abandoned_short, s.abandoned_ringing,
  s.diverted_in, s.diverted_out, s.cleared, s.other, s.no_answer, s.rejected, s.handled, s.transferred_out,
  s.in_queue_start, s.in_queue_end, s.in_queue_max, s.longest_wait_ms_at_end, s.agents_staffed_ms, s.agents_ready_ms,
  s.queue_ms, s.ring_ms, s.talk_ms, s.hold_ms, s.acw_ms, s.wait_answered_ms, s.wait_answered_max_ms, s.wait_abandoned_ms,
  s.wait_abandoned_max_ms, s.handle_ms, s.interval_ms, s.coverage_ms, s.is_final,
  callfold.sl_answered(s.answered_within_sl, s.answered) AS sl_answered,
  callfold.sl_offered(s.answered_within_sl, s.answered, s.abandoned) AS sl_offered,
  callfold.sl_abandon_ignored(s.answered_within_sl, s.answered, s.abandoned, s.abandoned_within_sl) AS sl_abandon_ignored,
  callfold.sl_abandon_positive(s.answered_within_sl, s.answered, s.abandoned, s.abandoned_within_sl) AS sl_abandon_positive,
  callfold.sl_short_excluded(s.answered_within_sl, s.answered, s.abandoned, s.abandoned_short) AS sl_short_excluded,
  callfold.sl_short_positive(s.answered_within_sl, s.answered, s.abandoned, s.abandoned_short) AS sl_short_positive,
  callfold.seconds(s.wait_answered_ms) / nullif(s.answered, 0) AS asa_s,
  callfold.seconds(s.wait_abandoned_ms) / nullif(s.abandoned, 0) AS abandon_wait_s,
  callfold.ratio(s.abandoned, s.answered + s.abandoned) AS abandon_rate,
  callfold.seconds(s.handle_ms) / nullif(s.handled, 0) AS aht_s,
  callfold.ratio(s.agents_staffed_ms, s.interval_ms) AS agents_staffed,
  callfold.ratio(s.coverage_ms, s.interval_ms) AS coverage
FROM summed AS s
JOIN callfold.calendar_period AS p
  ON p.tz = s.tz AND p.unit = s.unit AND p.local_start = s.local_start AND p.hour_offset_min = s.hour_offset_min;
COMMENT ON VIEW callfold.queue_period IS
  'One queue in one period (unit: hour, day, week, month) of one zone (tz), by when things happened: queue_interval added up';

CREATE OR REPLACE VIEW callfold.queue_hour AS SELECT * FROM callfold.queue_period WHERE unit = 'hour';
CREATE OR REPLACE VIEW callfold.queue_day AS SELECT * FROM callfold.queue_period WHERE unit = 'day';
CREATE OR REPLACE VIEW callfold.queue_week AS SELECT * FROM callfold.queue_period WHERE unit = 'week';
CREATE OR REPLACE VIEW callfold.queue_month AS SELECT * FROM callfold.queue_period WHERE unit = 'month';
COMMENT ON VIEW callfold.queue_hour IS 'One queue in one hour of a zone; the hour that autumn repeats is two rows';
COMMENT ON VIEW callfold.queue_day IS 'One queue on one day of a zone';
COMMENT ON VIEW callfold.queue_week IS 'One queue in one week of a zone, from Monday';
COMMENT ON VIEW callfold.queue_month IS 'One queue in one month of a zone';

CREATE OR REPLACE VIEW callfold.queue_cohort_period AS
WITH summed AS (
  SELECT
    q.tenant_id, c.tz, c.unit, c.local_start, c.hour_offset_min, q.queue_id, q.site_id, q.media_type,
    (array_agg(q.queue_kind ORDER BY q.interval_start DESC))[1] AS queue_kind,
    CAST(sum(q.entered) AS bigint) AS entered,
    CAST(sum(q.answered) AS bigint) AS answered,
    CAST(sum(q.answered_within_sl) AS bigint) AS answered_within_sl,
    CAST(sum(q.abandoned) AS bigint) AS abandoned,
    CAST(sum(q.abandoned_short) AS bigint) AS abandoned_short,
    CAST(sum(q.abandoned_within_sl) AS bigint) AS abandoned_within_sl,
    CAST(sum(q.abandoned_ringing) AS bigint) AS abandoned_ringing,
    CAST(sum(q.diverted) AS bigint) AS diverted,
    CAST(sum(q.cleared) AS bigint) AS cleared,
    CAST(sum(q.other) AS bigint) AS other,
    CAST(sum(q.pending) AS bigint) AS pending,
    CAST(sum(q.wait_answered_ms) AS bigint) AS wait_answered_ms,
    CAST(sum(q.wait_abandoned_ms) AS bigint) AS wait_abandoned_ms,
    CAST(sum(q.queue_ms) AS bigint) AS queue_ms,
    CAST(sum(q.talk_ms) AS bigint) AS talk_ms,
    CAST(sum(q.hold_ms) AS bigint) AS hold_ms,
    CAST(sum(q.acw_ms) AS bigint) AS acw_ms,
    CAST(sum(q.interval_ms) AS bigint) AS interval_ms,
    CAST(sum(q.coverage_ms) AS bigint) AS coverage_ms,
    bool_and(q.status IN ('final', 'revised')) AS is_final
  FROM callfold.queue_cohort_interval AS q
  JOIN callfold.calendar_slot AS c ON c.interval_start = q.interval_start
  GROUP BY q.tenant_id, c.tz, c.unit, c.local_start, c.hour_offset_min, q.queue_id, q.site_id, q.media_type
)
SELECT
  s.tenant_id, s.tz, s.unit, s.local_start, CASE WHEN s.unit = 'hour' THEN s.hour_offset_min END AS utc_offset_min,
  p.period_start, p.period_ms, s.queue_id, s.queue_kind, s.site_id, s.media_type,
  s.entered, s.answered, s.answered_within_sl, s.abandoned, s.abandoned_short, s.abandoned_within_sl, s.abandoned_ringing,
  s.diverted, s.cleared, s.other, s.pending, s.wait_answered_ms, s.wait_abandoned_ms, s.queue_ms, s.talk_ms, s.hold_ms,
  s.acw_ms, s.interval_ms, s.coverage_ms, s.is_final,
  callfold.sl_answered(s.answered_within_sl, s.answered) AS sl_answered,
  callfold.sl_offered(s.answered_within_sl, s.answered, s.abandoned) AS sl_offered,
  callfold.sl_abandon_ignored(s.answered_within_sl, s.answered, s.abandoned, s.abandoned_within_sl) AS sl_abandon_ignored,
  callfold.sl_abandon_positive(s.answered_within_sl, s.answered, s.abandoned, s.abandoned_within_sl) AS sl_abandon_positive,
  callfold.sl_short_excluded(s.answered_within_sl, s.answered, s.abandoned, s.abandoned_short) AS sl_short_excluded,
  callfold.sl_short_positive(s.answered_within_sl, s.answered, s.abandoned, s.abandoned_short) AS sl_short_positive,
  callfold.seconds(s.wait_answered_ms) / nullif(s.answered, 0) AS asa_s
FROM summed AS s
JOIN callfold.calendar_period AS p
  ON p.tz = s.tz AND p.unit = s.unit AND p.local_start = s.local_start AND p.hour_offset_min = s.hour_offset_min;
COMMENT ON VIEW callfold.queue_cohort_period IS
  'One queue in one period (unit) of one zone (tz), by when calls entered: queue_cohort_interval added up';

CREATE OR REPLACE VIEW callfold.agent_period AS
WITH summed AS (
  SELECT
    a.tenant_id, c.tz, c.unit, c.local_start, c.hour_offset_min, a.agent_id, a.media_type,
    CAST(sum(a.logged_in_ms) AS bigint) AS logged_in_ms,
    CAST(sum(a.ready_ms) AS bigint) AS ready_ms,
    CAST(sum(a.not_ready_ms) AS bigint) AS not_ready_ms,
    CAST(sum(a.acw_ms) AS bigint) AS acw_ms,
    CAST(sum(a.ring_ms) AS bigint) AS ring_ms,
    CAST(sum(a.talk_ms) AS bigint) AS talk_ms,
    CAST(sum(a.talk_inbound_ms) AS bigint) AS talk_inbound_ms,
    CAST(sum(a.talk_outbound_ms) AS bigint) AS talk_outbound_ms,
    CAST(sum(a.talk_internal_ms) AS bigint) AS talk_internal_ms,
    CAST(sum(a.talk_consult_ms) AS bigint) AS talk_consult_ms,
    CAST(sum(a.hold_ms) AS bigint) AS hold_ms,
    CAST(sum(a.dial_ms) AS bigint) AS dial_ms,
    CAST(sum(a.dnd_ms) AS bigint) AS dnd_ms,
    CAST(sum(a.busy_ms) AS bigint) AS busy_ms,
    CAST(sum(a.unknown_ms) AS bigint) AS unknown_ms,
    CAST(sum(a.offered) AS bigint) AS offered,
    CAST(sum(a.answered) AS bigint) AS answered,
    CAST(sum(a.no_answer) AS bigint) AS no_answer,
    CAST(sum(a.rejected) AS bigint) AS rejected,
    CAST(sum(a.abandoned_while_ringing) AS bigint) AS abandoned_while_ringing,
    CAST(sum(a.outbound_made) AS bigint) AS outbound_made,
    CAST(sum(a.internal_made) AS bigint) AS internal_made,
    CAST(sum(a.consult_made) AS bigint) AS consult_made,
    CAST(sum(a.consult_received) AS bigint) AS consult_received,
    CAST(sum(a.transfers_made) AS bigint) AS transfers_made,
    CAST(sum(a.transfers_received) AS bigint) AS transfers_received,
    CAST(sum(a.conferences) AS bigint) AS conferences,
    CAST(sum(a.holds) AS bigint) AS holds,
    CAST(sum(a.short_calls) AS bigint) AS short_calls,
    CAST(sum(a.logins) AS bigint) AS logins,
    CAST(sum(a.logouts) AS bigint) AS logouts,
    CAST(sum(a.not_ready_entries) AS bigint) AS not_ready_entries,
    CAST(sum(a.handled) AS bigint) AS handled,
    CAST(sum(a.handle_ms) AS bigint) AS handle_ms,
    min(a.first_login_at) AS first_login_at,
    max(a.last_logout_at) AS last_logout_at,
    CAST(sum(a.interval_ms) AS bigint) AS interval_ms,
    CAST(sum(a.coverage_ms) AS bigint) AS coverage_ms,
    bool_and(a.status IN ('final', 'revised')) AS is_final
  FROM callfold.agent_interval AS a
  JOIN callfold.calendar_slot AS c ON c.interval_start = a.interval_start
  GROUP BY a.tenant_id, c.tz, c.unit, c.local_start, c.hour_offset_min, a.agent_id, a.media_type
)
SELECT
  s.tenant_id, s.tz, s.unit, s.local_start, CASE WHEN s.unit = 'hour' THEN s.hour_offset_min END AS utc_offset_min,
  p.period_start, p.period_ms, s.agent_id, s.media_type,
  s.logged_in_ms, s.ready_ms, s.not_ready_ms, s.acw_ms, s.ring_ms, s.talk_ms, s.talk_inbound_ms, s.talk_outbound_ms,
  s.talk_internal_ms, s.talk_consult_ms, s.hold_ms, s.dial_ms, s.dnd_ms, s.busy_ms, s.unknown_ms, s.offered, s.answered,
  s.no_answer, s.rejected, s.abandoned_while_ringing, s.outbound_made, s.internal_made, s.consult_made, s.consult_received,
  s.transfers_made, s.transfers_received, s.conferences, s.holds, s.short_calls, s.logins, s.logouts, s.not_ready_entries,
  s.handled, s.handle_ms, s.first_login_at, s.last_logout_at, s.interval_ms, s.coverage_ms, s.is_final,
  callfold.ratio(s.ring_ms + s.talk_ms + s.hold_ms + s.acw_ms, s.logged_in_ms - s.not_ready_ms) AS occupancy,
  callfold.ratio(s.ring_ms + s.talk_ms + s.hold_ms + s.acw_ms, s.logged_in_ms) AS utilisation,
  callfold.seconds(s.handle_ms) / nullif(s.handled, 0) AS aht_s,
  callfold.ratio(s.coverage_ms, s.interval_ms) AS coverage
FROM summed AS s
JOIN callfold.calendar_period AS p
  ON p.tz = s.tz AND p.unit = s.unit AND p.local_start = s.local_start AND p.hour_offset_min = s.hour_offset_min;
COMMENT ON VIEW callfold.agent_period IS
  'One agent in one period (unit: hour, day, week, month) of one zone (tz): agent_interval added up';

CREATE OR REPLACE VIEW callfold.agent_hour AS SELECT * FROM callfold.agent_period WHERE unit = 'hour';
CREATE OR REPLACE VIEW callfold.agent_day AS SELECT * FROM callfold.agent_period WHERE unit = 'day';
CREATE OR REPLACE VIEW callfold.agent_week AS SELECT * FROM callfold.agent_period WHERE unit = 'week';
CREATE OR REPLACE VIEW callfold.agent_month AS SELECT * FROM callfold.agent_period WHERE unit = 'month';
COMMENT ON VIEW callfold.agent_hour IS 'One agent in one hour of a zone; the hour that autumn repeats is two rows';
COMMENT ON VIEW callfold.agent_day IS 'One agent on one day of a zone';
COMMENT ON VIEW callfold.agent_week IS 'One agent in one week of a zone, from Monday';
COMMENT ON VIEW callfold.agent_month IS 'One agent in one month of a zone';

-- Which calls a contact consists of. Rows of calls name their own root as it was known when they left; links know the last word.
CREATE OR REPLACE VIEW callfold.interaction_call AS
SELECT tenant_id, interaction_id, root_call_id AS call_id FROM callfold.interaction
UNION
SELECT tenant_id, interaction_id, from_call_id FROM callfold.call_link
UNION
SELECT tenant_id, interaction_id, to_call_id FROM callfold.call_link WHERE state <> 'unpaired';
COMMENT ON VIEW callfold.interaction_call IS 'One call of one contact, over transfers, consultations and switches';

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
-- views: end
