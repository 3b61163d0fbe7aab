-- The tables of a callfold data directory in DuckDB 1.3 or later, under the names they have in PostgreSQL: schema callfold.
--
--   duckdb -cmd "SET VARIABLE data = '/path/to/data'" -init schemas/duckdb.sql
--
-- Without the variable the directory is ./data. Views read the files anew with every query; run this again when a table has
-- got its first file. Sums and counts may be added over any rows; ratios and percentiles are made from sums when they are
-- read, and are NULL when there is nothing to divide by. Texts in schemas/queries run here and in PostgreSQL.

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

-- Percentile p (0 to 1) of values that occur n times each, over any rows: the least value that at least the share p of all
-- is not above. With upper_ms and n of a histogram it is within 1 % of the exact one. NULL without values.
CREATE OR REPLACE MACRO callfold.percentile(value, n, p) AS CAST(
  CASE WHEN p BETWEEN 0 AND 1 THEN
    list_sort(flatten(list(repeat([CAST(value AS BIGINT)], CAST(n AS BIGINT))) FILTER (WHERE value IS NOT NULL AND n > 0)))
      [CAST(greatest(1, (sum(CAST(n AS HUGEINT)) FILTER (WHERE value IS NOT NULL AND n > 0)
        * CAST(round(p * 1000000000) AS BIGINT) + 999999999) // 1000000000) AS BIGINT)]
  END AS BIGINT);

-- Service level. a: answered, a_sl: answered within the threshold, b: abandoned, b_sl: abandoned within the threshold,
-- b_short: abandoned below the short-abandon limit. "Within" means wait <= threshold.
CREATE OR REPLACE MACRO callfold.sl_answered(a_sl, a) AS callfold.ratio(a_sl, a);
CREATE OR REPLACE MACRO callfold.sl_offered(a_sl, a, b) AS callfold.ratio(a_sl, a + b);
CREATE OR REPLACE MACRO callfold.sl_abandon_ignored(a_sl, a, b, b_sl) AS callfold.ratio(a_sl, a + b - b_sl);
CREATE OR REPLACE MACRO callfold.sl_abandon_positive(a_sl, a, b, b_sl) AS callfold.ratio(a_sl + b_sl, a + b);
CREATE OR REPLACE MACRO callfold.sl_short_excluded(a_sl, a, b, b_short) AS callfold.ratio(a_sl, a + b - b_short);
CREATE OR REPLACE MACRO callfold.sl_short_positive(a_sl, a, b, b_short) AS callfold.ratio(a_sl + b_short, a + b);

-- --- reports ------------------------------------------------------------------------------------------------------------

-- Queues per stretch of time: FROM callfold.queue_report(INTERVAL 1 DAY) WHERE queue_id = '8001@east'.
CREATE OR REPLACE MACRO callfold.queue_report(step) AS TABLE
  SELECT
    tenant_id, queue_id, media_type,
    time_bucket(step, interval_start) AS bucket_start,
    sum(entered)::BIGINT AS entered,
    sum(answered)::BIGINT AS answered,
    sum(abandoned)::BIGINT AS abandoned,
    sum(abandoned_short)::BIGINT AS abandoned_short,
    sum(diverted_out)::BIGINT AS diverted_out,
    sum(cleared)::BIGINT AS cleared,
    sum(other)::BIGINT AS other,
    sum(handled)::BIGINT AS handled,
    callfold.sl_answered(sum(answered_within_sl), sum(answered)) AS sl_answered,
    callfold.sl_offered(sum(answered_within_sl), sum(answered), sum(abandoned)) AS sl_offered,
    callfold.sl_abandon_ignored(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_within_sl)) AS sl_abandon_ignored,
    callfold.sl_abandon_positive(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_within_sl)) AS sl_abandon_positive,
    callfold.sl_short_excluded(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_short)) AS sl_short_excluded,
    callfold.sl_short_positive(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_short)) AS sl_short_positive,
    sum(wait_answered_ms) / 1000.0 / nullif(sum(answered), 0) AS asa_s,
    max(wait_answered_max_ms) / 1000.0 AS longest_wait_answered_s,
    sum(wait_abandoned_ms) / 1000.0 / nullif(sum(abandoned), 0) AS abandon_wait_s,
    sum(abandoned)::DOUBLE / nullif(sum(answered) + sum(abandoned), 0) AS abandon_rate,
    sum(handle_ms) / 1000.0 / nullif(sum(handled), 0) AS aht_s,
    max(in_queue_max) AS in_queue_max,
    sum(agents_staffed_ms)::DOUBLE / nullif(sum(interval_ms), 0) AS agents_staffed,
    sum(coverage_ms)::DOUBLE / nullif(sum(interval_ms), 0) AS coverage,
    bool_and(status IN ('final', 'revised')) AS is_final
  FROM callfold.queue_interval
  GROUP BY ALL;

CREATE OR REPLACE VIEW callfold.queue_day AS FROM callfold.queue_report(INTERVAL 1 DAY);

-- The same by the interval in which calls entered, wherever in time they were answered.
CREATE OR REPLACE MACRO callfold.queue_cohort_report(step) AS TABLE
  SELECT
    tenant_id, queue_id, media_type,
    time_bucket(step, interval_start) AS bucket_start,
    sum(entered)::BIGINT AS entered,
    sum(answered)::BIGINT AS answered,
    sum(abandoned)::BIGINT AS abandoned,
    sum(pending)::BIGINT AS pending,
    callfold.sl_answered(sum(answered_within_sl), sum(answered)) AS sl_answered,
    callfold.sl_offered(sum(answered_within_sl), sum(answered), sum(abandoned)) AS sl_offered,
    callfold.sl_abandon_ignored(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_within_sl)) AS sl_abandon_ignored,
    callfold.sl_abandon_positive(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_within_sl)) AS sl_abandon_positive,
    callfold.sl_short_excluded(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_short)) AS sl_short_excluded,
    callfold.sl_short_positive(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_short)) AS sl_short_positive,
    sum(wait_answered_ms) / 1000.0 / nullif(sum(answered), 0) AS asa_s
  FROM callfold.queue_cohort_interval
  GROUP BY ALL;

-- Percentiles of the wait, exact to the histogram's buckets (under 1 %), over any number of intervals:
-- FROM callfold.wait_percentile(0.95, 'answered', INTERVAL 7 DAY).
CREATE OR REPLACE MACRO callfold.wait_percentile(p, which, step) AS TABLE
  WITH buckets AS (
    SELECT tenant_id, queue_id, media_type, time_bucket(step, interval_start) AS bucket_start, upper_ms, sum(n) AS n
    FROM callfold.queue_wait_hist
    WHERE kind = which
    GROUP BY ALL
  ), running AS (
    SELECT *,
      sum(n) OVER (PARTITION BY tenant_id, queue_id, media_type, bucket_start ORDER BY upper_ms) AS upto,
      sum(n) OVER (PARTITION BY tenant_id, queue_id, media_type, bucket_start) AS total
    FROM buckets
  )
  SELECT tenant_id, queue_id, media_type, bucket_start, total::BIGINT AS calls, min(upper_ms) / 1000.0 AS wait_s
  FROM running
  WHERE upto >= greatest(1, ceil(p * total))
  GROUP BY ALL;

-- Agents per stretch of time. Occupancy: ring, talk, hold and after-call work out of the time logged in and not in not
-- ready.
CREATE OR REPLACE MACRO callfold.agent_report(step) AS TABLE
  SELECT
    tenant_id, agent_id, media_type,
    time_bucket(step, interval_start) AS bucket_start,
    sum(logged_in_ms) / 1000.0 AS logged_in_s,
    sum(ready_ms) / 1000.0 AS ready_s,
    sum(not_ready_ms) / 1000.0 AS not_ready_s,
    sum(ring_ms) / 1000.0 AS ring_s,
    sum(talk_ms) / 1000.0 AS talk_s,
    sum(hold_ms) / 1000.0 AS hold_s,
    sum(acw_ms) / 1000.0 AS acw_s,
    sum(answered)::BIGINT AS answered,
    sum(no_answer)::BIGINT AS no_answer,
    sum(handled)::BIGINT AS handled,
    sum(handle_ms) / 1000.0 / nullif(sum(handled), 0) AS aht_s,
    sum(ring_ms + talk_ms + hold_ms + acw_ms)::DOUBLE / nullif(sum(logged_in_ms - not_ready_ms), 0) AS occupancy,
    sum(ring_ms + talk_ms + hold_ms + acw_ms)::DOUBLE / nullif(sum(logged_in_ms), 0) AS utilisation,
    min(first_login_at) AS first_login_at,
    max(last_logout_at) AS last_logout_at,
    sum(coverage_ms)::DOUBLE / nullif(sum(interval_ms), 0) AS coverage
  FROM callfold.agent_interval
  GROUP BY ALL;

CREATE OR REPLACE VIEW callfold.agent_day AS FROM callfold.agent_report(INTERVAL 1 DAY);

-- Time per reason and day, longest first.
CREATE OR REPLACE VIEW callfold.agent_reason_day AS
  SELECT tenant_id, agent_id, state, reason_key, reason_code, time_bucket(INTERVAL 1 DAY, interval_start) AS bucket_start,
    sum(ms) / 1000.0 AS time_s, sum(entries)::BIGINT AS entries
  FROM callfold.agent_reason_interval
  GROUP BY ALL
  ORDER BY bucket_start, time_s DESC;
