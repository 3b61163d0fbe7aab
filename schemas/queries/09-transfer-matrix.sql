-- 9. From which queue to which: overflow and transfer between queues, and the time lost before.
--
-- Consecutive stays of one contact, consultations left out; outcome is how the stay in from_queue ended, so diverted is
-- overflow and answered is a transfer afterwards. lost_s is what callers had waited in from_queue, before_s_average what a
-- caller had waited in all queues before to_queue.
-- Parameters: since, until (instants of the contact's first event; default: everything).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until
), contact AS (
  SELECT i.tenant_id, i.interaction_id, i.root_call_id
  FROM parameter AS p
  CROSS JOIN callfold.interaction AS i
  WHERE i.started_at >= p.since AND i.started_at < p.until
), member AS (
  SELECT tenant_id, interaction_id, root_call_id AS call_id FROM contact
  UNION
  SELECT l.tenant_id, l.interaction_id, l.from_call_id
  FROM contact AS c JOIN callfold.call_link AS l ON l.tenant_id = c.tenant_id AND l.interaction_id = c.interaction_id
  UNION
  SELECT l.tenant_id, l.interaction_id, l.to_call_id
  FROM contact AS c JOIN callfold.call_link AS l ON l.tenant_id = c.tenant_id AND l.interaction_id = c.interaction_id
), stay AS (
  SELECT
    s.tenant_id, s.queue_id,
    lag(s.queue_id) OVER contact_stays AS from_queue, lag(s.outcome) OVER contact_stays AS from_outcome,
    lag(s.wait_ms) OVER contact_stays AS lost_ms, sum(s.wait_ms) OVER contact_stays - s.wait_ms AS before_ms
  FROM member AS m
  JOIN callfold.queue_segment AS s ON s.tenant_id = m.tenant_id AND s.call_id = m.call_id
  WHERE s.call_type <> 'consult'
  WINDOW contact_stays AS (
    PARTITION BY s.tenant_id, m.interaction_id ORDER BY s.entered_at, s.queue_segment_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT
  tenant_id, from_queue, queue_id AS to_queue, from_outcome AS outcome, count(*) AS calls,
  callfold.seconds(sum(lost_ms)) AS lost_s, callfold.seconds(sum(before_ms)) / count(*) AS before_s_average
FROM stay
WHERE from_queue IS NOT NULL
GROUP BY tenant_id, from_queue, queue_id, from_outcome
ORDER BY tenant_id, from_queue, queue_id, from_outcome;
