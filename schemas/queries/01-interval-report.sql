-- 1. What came in and what became of it, per queue and quarter-hour, on the wall of a zone.
--
-- Counts and waits are booked when things happened. asa_s and the service level are NULL in a quiet interval; coverage below 1
-- says that part of it was not seen.
-- Parameters: since, until (instants; default: everything), zone (UTC), queue (a LIKE pattern; all).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('zone', 'UTC') AS zone,
    callfold.parameter('queue', '%') AS queue
)
SELECT
  q.tenant_id, q.queue_id, q.queue_kind, c.local_date, c.local_time, c.utc_offset_min, q.media_type, q.entered, q.answered,
  q.abandoned, q.abandoned_short, q.diverted_out, q.cleared, q.other, q.in_queue_end, q.in_queue_max,
  callfold.seconds(q.wait_answered_ms) / nullif(q.answered, 0) AS asa_s,
  callfold.seconds(q.wait_answered_max_ms) AS longest_wait_answered_s,
  callfold.sl_short_excluded(q.answered_within_sl, q.answered, q.abandoned, q.abandoned_short) AS service_level,
  callfold.seconds(q.handle_ms) / nullif(q.handled, 0) AS aht_s,
  callfold.ratio(q.agents_staffed_ms, q.interval_ms) AS agents_staffed,
  callfold.ratio(q.coverage_ms, q.interval_ms) AS coverage,
  q.status
FROM parameter AS p
CROSS JOIN callfold.queue_interval AS q
JOIN callfold.dim_calendar AS c ON c.interval_start = q.interval_start AND c.tz = p.zone
WHERE q.interval_start >= p.since AND q.interval_start < p.until AND q.queue_id LIKE p.queue
ORDER BY q.tenant_id, q.queue_id, q.media_type, q.interval_start;
