-- 14. Intervals that were not wholly seen or are not final yet, and what came or changed since the last pull.
--
-- One row per table, object and interval with a reason: gap (coverage below 1), open (status not final), revised (written
-- again after it was final), changed (written at or after the instant of the last pull, in event time).
-- Parameters: since, until (instants of intervals; default: everything), pulled (instant; default: nothing counts as changed).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    CAST(callfold.parameter('pulled', 'infinity') AS timestamptz) AS pulled
), interval_row AS (
  SELECT 'queue_interval' AS table_name, tenant_id, queue_id AS object, interval_start, interval_ms, coverage_ms, status,
    revision, written_at
  FROM callfold.queue_interval
  UNION ALL
  SELECT 'queue_cohort_interval', tenant_id, queue_id, interval_start, interval_ms, coverage_ms, status, revision, written_at
  FROM callfold.queue_cohort_interval
  UNION ALL
  SELECT 'agent_interval', tenant_id, agent_id, interval_start, interval_ms, coverage_ms, status, revision, written_at
  FROM callfold.agent_interval
  UNION ALL
  SELECT 'agent_queue_interval', tenant_id, agent_id || ' at ' || queue_id, interval_start, interval_ms, coverage_ms, status,
    revision, written_at
  FROM callfold.agent_queue_interval
)
SELECT
  r.tenant_id, r.table_name, r.object, r.interval_start, w.reason, callfold.ratio(r.coverage_ms, r.interval_ms) AS coverage,
  r.status, r.revision, r.written_at
FROM parameter AS p
CROSS JOIN interval_row AS r
CROSS JOIN (VALUES ('gap'), ('open'), ('revised'), ('changed')) AS w (reason)
WHERE r.interval_start >= p.since AND r.interval_start < p.until
  AND CASE w.reason
    WHEN 'gap' THEN r.coverage_ms < r.interval_ms
    WHEN 'open' THEN r.status NOT IN ('final', 'revised')
    WHEN 'revised' THEN r.status = 'revised'
    ELSE r.written_at >= p.pulled
  END
ORDER BY r.tenant_id, r.table_name, r.object, r.interval_start, w.reason;
