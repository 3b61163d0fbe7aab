-- 12. Most calls at once per switch and quarter-hour: all, and those with somebody outside (inbound, outbound), which hold a
-- trunk.
--
-- A call lives from its first event to its end; one that ends as another begins is not at once with it. Calls still open at
-- the end of the data live on. Intervals without any change have the level they began with.
-- Parameters: since, until (instants; default: everything), zone (UTC).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('zone', 'UTC') AS zone
), living AS (
  SELECT x.tenant_id, x.site_id, x.started_at, x.ended_at, CASE WHEN x.call_type IN ('inbound', 'outbound') THEN 1 ELSE 0 END AS external
  FROM parameter AS p
  CROSS JOIN callfold.call AS x
  WHERE x.started_at < p.until AND (x.ended_at IS NULL OR x.ended_at >= p.since)
), mark AS (
  -- At one instant: ends first, then the level with which an interval begins, then begins, then ends of calls of no length.
  SELECT tenant_id, site_id, started_at AS instant, 3 AS place, 1 AS step, external AS external_step FROM living
  UNION ALL
  SELECT tenant_id, site_id, ended_at, CASE WHEN ended_at > started_at THEN 1 ELSE 4 END, -1, -external
  FROM living WHERE ended_at IS NOT NULL
  UNION ALL
  SELECT DISTINCT q.tenant_id, q.site_id, q.interval_start, 2, 0, 0
  FROM parameter AS p
  CROSS JOIN callfold.queue_interval AS q
  WHERE q.interval_start >= p.since AND q.interval_start < p.until
), level AS (
  SELECT tenant_id, site_id, instant, sum(step) OVER so_far AS calls, sum(external_step) OVER so_far AS external_calls
  FROM mark
  WINDOW so_far AS (
    PARTITION BY tenant_id, site_id ORDER BY instant, place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT
  l.tenant_id, l.site_id, c.local_date, c.local_time, c.utc_offset_min,
  CAST(max(l.calls) AS bigint) AS calls_max, CAST(max(l.external_calls) AS bigint) AS external_calls_max
FROM parameter AS p
CROSS JOIN level AS l
JOIN callfold.dim_calendar AS c ON c.interval_start = callfold.interval_of(l.instant) AND c.tz = p.zone
WHERE l.instant >= p.since AND l.instant < p.until
GROUP BY l.tenant_id, l.site_id, c.interval_start, c.local_date, c.local_time, c.utc_offset_min
ORDER BY l.tenant_id, l.site_id, c.interval_start;
