-- 4. Callers who gave up in the last hour, newest first, with number and wait: the list to call back.
--
-- reached_later says that a call from the same number was answered afterwards. Short abandons are marked, not left out.
-- Parameters: until (default: end of the last interval that has rows), hours (1), queue (a LIKE pattern; all).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    CAST(callfold.parameter('hours', '1') AS bigint) AS hours,
    callfold.parameter('queue', '%') AS queue
), span AS (
  SELECT least(p.until, callfold.ms_after(l.last_interval, 900000)) AS until, p.hours, p.queue
  FROM parameter AS p
  CROSS JOIN (SELECT max(interval_start) AS last_interval FROM callfold.queue_interval) AS l
), gone AS (
  SELECT
    s.tenant_id, s.queue_segment_id, s.queue_id, s.outcome, s.call_id, s.entered_at, s.wait_ms, s.is_short_abandon, x.ani,
    callfold.ms_after(s.entered_at, s.wait_ms) AS abandoned_at
  FROM span AS p
  CROSS JOIN callfold.queue_segment AS s
  LEFT JOIN callfold.call AS x ON x.tenant_id = s.tenant_id AND x.call_id = s.call_id
  WHERE s.outcome IN ('abandoned_queue', 'abandoned_ring') AND s.queue_id LIKE p.queue AND s.call_type <> 'consult'
    AND s.entered_at < p.until
    AND callfold.ms_after(s.entered_at, s.wait_ms) >= callfold.ms_after(p.until, -3600000 * p.hours)
    AND callfold.ms_after(s.entered_at, s.wait_ms) < p.until
), reached AS (
  SELECT x.tenant_id, x.ani, max(s.answered_at) AS answered_at
  FROM callfold.queue_segment AS s
  JOIN callfold.call AS x ON x.tenant_id = s.tenant_id AND x.call_id = s.call_id
  WHERE s.answered_at IS NOT NULL AND x.ani IS NOT NULL
    AND s.answered_at >= (SELECT callfold.ms_after(until, -3600000 * hours) FROM span)
    AND s.answered_at < (SELECT until FROM span)
  GROUP BY x.tenant_id, x.ani
)
SELECT
  g.tenant_id, g.abandoned_at, g.queue_id, g.ani, callfold.seconds(g.wait_ms) AS wait_s, g.outcome, g.is_short_abandon,
  coalesce(r.answered_at > g.abandoned_at, false) AS reached_later, g.call_id
FROM gone AS g
LEFT JOIN reached AS r ON r.tenant_id = g.tenant_id AND r.ani = g.ani
ORDER BY g.abandoned_at DESC, g.tenant_id, g.queue_segment_id;
