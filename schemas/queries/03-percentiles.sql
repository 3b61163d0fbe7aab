-- 3. Half, 90 % and 95 % of the callers waited no longer than this, per queue and week (or hour, day, month) of a zone; and
-- took no longer to be handled.
--
-- By the time of entry. kind answered and abandoned are waits, handled are handle times. Percentiles come from the merged
-- histograms and are within 1 %.
-- Parameters: since, until (instants; default: everything), zone (UTC), unit (week), queue (a LIKE pattern; all).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('zone', 'UTC') AS zone,
    callfold.parameter('unit', 'week') AS unit,
    callfold.parameter('queue', '%') AS queue
), bucket AS (
  SELECT
    h.tenant_id, h.queue_id, h.kind, c.local_start, c.hour_offset_min, h.upper_ms,
    min(h.interval_start) AS first_interval, CAST(sum(h.n) AS bigint) AS n
  FROM parameter AS p
  CROSS JOIN (
    SELECT tenant_id, queue_id, interval_start, kind, upper_ms, n FROM callfold.queue_wait_hist
    UNION ALL
    SELECT tenant_id, queue_id, interval_start, kind, upper_ms, n FROM callfold.queue_handle_hist
  ) AS h
  JOIN callfold.calendar_slot AS c ON c.interval_start = h.interval_start AND c.tz = p.zone AND c.unit = p.unit
  WHERE h.interval_start >= p.since AND h.interval_start < p.until AND h.queue_id LIKE p.queue
  GROUP BY h.tenant_id, h.queue_id, h.kind, c.local_start, c.hour_offset_min, h.upper_ms
)
SELECT
  tenant_id, queue_id, kind, local_start, CAST(sum(n) AS bigint) AS calls,
  callfold.seconds(callfold.percentile(array_agg(upper_ms), array_agg(n), 0.5)) AS p50_s,
  callfold.seconds(callfold.percentile(array_agg(upper_ms), array_agg(n), 0.9)) AS p90_s,
  callfold.seconds(callfold.percentile(array_agg(upper_ms), array_agg(n), 0.95)) AS p95_s
FROM bucket
GROUP BY tenant_id, queue_id, kind, local_start, hour_offset_min
ORDER BY tenant_id, queue_id, kind, min(first_interval);
