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
