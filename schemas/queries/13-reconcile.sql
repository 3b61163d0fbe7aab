-- 13. Where detail rows and interval rows differ. No row is the good answer.
--
-- Counts and waits of queues from queue_segment, time of agents from agent_state, each against the interval it belongs to.
-- What was heard of after its interval was final is booked in a later one (schemas/definitions.md) and shows here as a pair.
-- Parameters: since, until (begins of intervals; default: everything).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until
), stay AS (
  SELECT
    s.tenant_id, s.queue_id, s.entered_at, s.answered_at, s.wait_ms,
    s.outcome = 'answered' AS answered, s.outcome IN ('abandoned_queue', 'abandoned_ring') AS abandoned,
    s.entered_at >= p.since AND s.entered_at < p.until AS entered_here,
    s.answered_at >= p.since AND s.answered_at < p.until AS answered_here
  FROM parameter AS p
  CROSS JOIN callfold.queue_segment AS s
  WHERE s.entered_at < p.until AND (s.entered_at >= p.since OR s.answered_at >= p.since)
), worked AS (
  SELECT
    s.tenant_id, s.agent_id, s.started_at, s.ended_at, callfold.interval_of(s.started_at) AS first_interval,
    callfold.ms_between(callfold.interval_of(s.started_at), s.ended_at) AS reach_ms
  FROM parameter AS p
  CROSS JOIN callfold.agent_state AS s
  WHERE s.started_at < p.until AND s.ended_at > p.since
), piece AS (
  SELECT tenant_id, agent_id, first_interval AS interval_start, started_at, ended_at FROM worked WHERE reach_ms <= 900000
  UNION ALL
  -- Over an edge: one piece an interval, for up to a week.
  SELECT w.tenant_id, w.agent_id, callfold.ms_after(w.first_interval, 900000 * k.n), w.started_at, w.ended_at
  FROM worked AS w
  CROSS JOIN generate_series(0, 672) AS k (n)
  WHERE w.reach_ms > 900000 AND 900000 * k.n < w.reach_ms
), detail AS (
  SELECT s.tenant_id, m.measure, s.queue_id AS object,
    callfold.interval_of(CASE WHEN m.measure IN ('answered', 'wait_answered_ms') THEN s.answered_at ELSE s.entered_at END) AS interval_start,
    CASE WHEN m.measure IN ('wait_answered_ms', 'cohort wait_abandoned_ms') THEN s.wait_ms ELSE 1 END AS amount
  FROM stay AS s
  CROSS JOIN (VALUES
    ('entered'), ('answered'), ('wait_answered_ms'), ('cohort answered'), ('cohort abandoned'), ('cohort wait_abandoned_ms')
  ) AS m (measure)
  WHERE CASE m.measure
    WHEN 'entered' THEN s.entered_here
    WHEN 'answered' THEN s.answered AND s.answered_here
    WHEN 'wait_answered_ms' THEN s.answered AND s.answered_here
    WHEN 'cohort answered' THEN s.answered AND s.entered_here
    ELSE s.abandoned AND s.entered_here
  END
  UNION ALL
  SELECT tenant_id, 'logged_in_ms', agent_id, interval_start,
    callfold.ms_between(greatest(started_at, interval_start), least(ended_at, callfold.ms_after(interval_start, 900000)))
  FROM piece
), stored AS (
  SELECT q.tenant_id, m.measure, q.queue_id AS object, q.interval_start,
    CASE m.measure WHEN 'entered' THEN q.entered WHEN 'answered' THEN q.answered ELSE q.wait_answered_ms END AS amount
  FROM parameter AS p
  CROSS JOIN callfold.queue_interval AS q
  CROSS JOIN (VALUES ('entered'), ('answered'), ('wait_answered_ms')) AS m (measure)
  WHERE q.interval_start >= p.since AND q.interval_start < p.until
  UNION ALL
  SELECT q.tenant_id, m.measure, q.queue_id, q.interval_start,
    CASE m.measure WHEN 'cohort answered' THEN q.answered WHEN 'cohort abandoned' THEN q.abandoned ELSE q.wait_abandoned_ms END
  FROM parameter AS p
  CROSS JOIN callfold.queue_cohort_interval AS q
  CROSS JOIN (VALUES ('cohort answered'), ('cohort abandoned'), ('cohort wait_abandoned_ms')) AS m (measure)
  WHERE q.interval_start >= p.since AND q.interval_start < p.until
  UNION ALL
  SELECT a.tenant_id, 'logged_in_ms', a.agent_id, a.interval_start, a.logged_in_ms
  FROM parameter AS p
  CROSS JOIN callfold.agent_interval AS a
  WHERE a.interval_start >= p.since AND a.interval_start < p.until
), both_sides AS (
  SELECT tenant_id, measure, object, interval_start, amount AS from_detail, CAST(0 AS bigint) AS from_intervals FROM detail
  UNION ALL
  SELECT tenant_id, measure, object, interval_start, 0, amount FROM stored
)
SELECT
  b.tenant_id, b.measure, b.object, b.interval_start, CAST(sum(b.from_detail) AS bigint) AS from_detail,
  CAST(sum(b.from_intervals) AS bigint) AS from_intervals
FROM parameter AS p
CROSS JOIN both_sides AS b
WHERE b.interval_start >= p.since AND b.interval_start < p.until
GROUP BY b.tenant_id, b.measure, b.object, b.interval_start
HAVING sum(b.from_detail) <> sum(b.from_intervals)
ORDER BY b.tenant_id, b.measure, b.object, b.interval_start;
