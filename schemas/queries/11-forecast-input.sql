-- 11. What workforce management forecasts from: calls entered and average handle time per queue and half-hour of a zone.
--
-- Every half-hour that has rows, also quiet ones. The half-hours that autumn repeats are rows of their own (utc_offset_min).
-- coverage below 1 marks those to be left out of a forecast. 13 months are usual.
-- Parameters: since, until (instants; default: everything), zone (UTC), queue (a LIKE pattern; all).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('zone', 'UTC') AS zone,
    callfold.parameter('queue', '%') AS queue
), slot AS (
  SELECT
    q.*, c.local_date, c.utc_offset_min,
    date_trunc('hour', c.local_date + c.local_time)
      + CASE WHEN extract(minute FROM c.local_time) >= 30 THEN INTERVAL '30 minutes' ELSE INTERVAL '0 minutes' END AS half_hour
  FROM parameter AS p
  CROSS JOIN callfold.queue_interval AS q
  JOIN callfold.dim_calendar AS c ON c.interval_start = q.interval_start AND c.tz = p.zone
  WHERE q.interval_start >= p.since AND q.interval_start < p.until AND q.queue_id LIKE p.queue
)
SELECT
  tenant_id, queue_id, media_type, local_date, CAST(half_hour AS time) AS local_time, utc_offset_min,
  CAST(sum(entered) AS bigint) AS entered, CAST(sum(answered) AS bigint) AS answered, CAST(sum(handled) AS bigint) AS handled,
  callfold.seconds(sum(handle_ms)) / nullif(CAST(sum(handled) AS bigint), 0) AS aht_s,
  callfold.ratio(sum(coverage_ms), sum(interval_ms)) AS coverage
FROM slot
GROUP BY tenant_id, queue_id, media_type, local_date, half_hour, utc_offset_min
ORDER BY tenant_id, queue_id, media_type, min(interval_start);
