-- Views over a callfold data directory for DuckDB 1.2 or later.
--
--   duckdb -cmd "SET VARIABLE data = '/path/to/data'" -init schemas/duckdb.sql
--
-- Without the variable the directory is ./data. Views read the files anew with every query. A table that has no file yet
-- cannot be opened; the rest works without it. Sums and counts may be added over any rows; ratios and percentiles are made
-- here, from sums, and are NULL when there is nothing to divide by. "Within" the threshold means wait <= threshold.

SET TimeZone = 'UTC';

CREATE OR REPLACE MACRO callfold_files(name) AS TABLE
  SELECT * FROM read_parquet(
    coalesce(getvariable('data'), './data') || '/history/' || name || '/*/*/*.parquet',
    hive_partitioning = true, hive_types = {'tenant': VARCHAR, 'date': DATE}, union_by_name = true);

CREATE OR REPLACE VIEW call AS FROM callfold_files('call');
CREATE OR REPLACE VIEW party AS FROM callfold_files('party');
CREATE OR REPLACE VIEW queue_segment AS FROM callfold_files('queue_segment');
CREATE OR REPLACE VIEW handling_segment AS FROM callfold_files('handling_segment');
CREATE OR REPLACE VIEW agent_session AS FROM callfold_files('agent_session');
CREATE OR REPLACE VIEW agent_state AS FROM callfold_files('agent_state');
CREATE OR REPLACE VIEW interaction AS FROM callfold_files('interaction');
CREATE OR REPLACE VIEW source_session AS FROM callfold_files('source_session');
CREATE OR REPLACE VIEW queue_interval AS FROM callfold_files('queue_interval');
CREATE OR REPLACE VIEW queue_cohort_interval AS FROM callfold_files('queue_cohort_interval');
CREATE OR REPLACE VIEW queue_wait_hist AS FROM callfold_files('queue_wait_hist');
CREATE OR REPLACE VIEW agent_interval AS FROM callfold_files('agent_interval');
CREATE OR REPLACE VIEW agent_queue_interval AS FROM callfold_files('agent_queue_interval');
CREATE OR REPLACE VIEW agent_reason_interval AS FROM callfold_files('agent_reason_interval');

-- Service level. a: answered, a_sl: answered within the threshold, b: abandoned, b_sl: abandoned within the threshold,
-- b_short: abandoned below the short-abandon limit.
CREATE OR REPLACE MACRO sl_answered(a_sl, a) AS a_sl::DOUBLE / nullif(a, 0);
CREATE OR REPLACE MACRO sl_offered(a_sl, a, b) AS a_sl::DOUBLE / nullif(a + b, 0);
CREATE OR REPLACE MACRO sl_abandon_ignored(a_sl, a, b, b_sl) AS a_sl::DOUBLE / nullif(a + b - b_sl, 0);
CREATE OR REPLACE MACRO sl_abandon_positive(a_sl, a, b, b_sl) AS (a_sl + b_sl)::DOUBLE / nullif(a + b, 0);
CREATE OR REPLACE MACRO sl_short_excluded(a_sl, a, b, b_short) AS a_sl::DOUBLE / nullif(a + b - b_short, 0);
CREATE OR REPLACE MACRO sl_short_positive(a_sl, a, b, b_short) AS (a_sl + b_short)::DOUBLE / nullif(a + b, 0);

-- Queues per stretch of time: FROM queue_report(INTERVAL 1 DAY) WHERE queue_id = '8001@east'.
CREATE OR REPLACE MACRO queue_report(step) AS TABLE
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
    sl_answered(sum(answered_within_sl), sum(answered)) AS sl_answered,
    sl_offered(sum(answered_within_sl), sum(answered), sum(abandoned)) AS sl_offered,
    sl_abandon_ignored(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_within_sl)) AS sl_abandon_ignored,
    sl_abandon_positive(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_within_sl)) AS sl_abandon_positive,
    sl_short_excluded(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_short)) AS sl_short_excluded,
    sl_short_positive(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_short)) AS sl_short_positive,
    sum(wait_answered_ms) / 1000.0 / nullif(sum(answered), 0) AS asa_s,
    max(wait_answered_max_ms) / 1000.0 AS longest_wait_answered_s,
    sum(wait_abandoned_ms) / 1000.0 / nullif(sum(abandoned), 0) AS abandon_wait_s,
    sum(abandoned)::DOUBLE / nullif(sum(answered) + sum(abandoned), 0) AS abandon_rate,
    sum(handle_ms) / 1000.0 / nullif(sum(handled), 0) AS aht_s,
    max(in_queue_max) AS in_queue_max,
    sum(agents_staffed_ms)::DOUBLE / nullif(sum(interval_ms), 0) AS agents_staffed,
    sum(coverage_ms)::DOUBLE / nullif(sum(interval_ms), 0) AS coverage,
    bool_and(status IN ('final', 'revised')) AS is_final
  FROM queue_interval
  GROUP BY ALL;

CREATE OR REPLACE VIEW queue_day AS FROM queue_report(INTERVAL 1 DAY);

-- The same by the interval in which calls entered, wherever in time they were answered.
CREATE OR REPLACE MACRO queue_cohort_report(step) AS TABLE
  SELECT
    tenant_id, queue_id, media_type,
    time_bucket(step, interval_start) AS bucket_start,
    sum(entered)::BIGINT AS entered,
    sum(answered)::BIGINT AS answered,
    sum(abandoned)::BIGINT AS abandoned,
    sum(pending)::BIGINT AS pending,
    sl_answered(sum(answered_within_sl), sum(answered)) AS sl_answered,
    sl_offered(sum(answered_within_sl), sum(answered), sum(abandoned)) AS sl_offered,
    sl_abandon_ignored(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_within_sl)) AS sl_abandon_ignored,
    sl_abandon_positive(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_within_sl)) AS sl_abandon_positive,
    sl_short_excluded(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_short)) AS sl_short_excluded,
    sl_short_positive(sum(answered_within_sl), sum(answered), sum(abandoned), sum(abandoned_short)) AS sl_short_positive,
    sum(wait_answered_ms) / 1000.0 / nullif(sum(answered), 0) AS asa_s
  FROM queue_cohort_interval
  GROUP BY ALL;

-- Percentiles of the wait, exact to the histogram's buckets (under 1 %), over any number of intervals:
-- FROM wait_percentile(0.95, 'answered', INTERVAL 7 DAY).
CREATE OR REPLACE MACRO wait_percentile(p, which, step) AS TABLE
  WITH buckets AS (
    SELECT tenant_id, queue_id, media_type, time_bucket(step, interval_start) AS bucket_start, upper_ms, sum(n) AS n
    FROM queue_wait_hist
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
CREATE OR REPLACE MACRO agent_report(step) AS TABLE
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
  FROM agent_interval
  GROUP BY ALL;

CREATE OR REPLACE VIEW agent_day AS FROM agent_report(INTERVAL 1 DAY);

-- Time per reason and day, longest first.
CREATE OR REPLACE VIEW agent_reason_day AS
  SELECT tenant_id, agent_id, state, reason_key, reason_code, time_bucket(INTERVAL 1 DAY, interval_start) AS bucket_start,
    sum(ms) / 1000.0 AS time_s, sum(entries)::BIGINT AS entries
  FROM agent_reason_interval
  GROUP BY ALL
  ORDER BY bucket_start, time_s DESC;

-- Tables that many sites have nothing in stand last, so that nothing else waits for them.
CREATE OR REPLACE VIEW call_link AS FROM callfold_files('call_link');
CREATE OR REPLACE VIEW route_decision AS FROM callfold_files('route_decision');
CREATE OR REPLACE VIEW user_data_change AS FROM callfold_files('user_data_change');
CREATE OR REPLACE VIEW user_data_final AS FROM callfold_files('user_data_final');
