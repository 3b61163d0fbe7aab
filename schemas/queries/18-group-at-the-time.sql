-- 18. To which groups did agent and queue belong when the call was offered: volumes by the membership of that time.
--
-- Membership is dated, and a fact belongs to the groups of its begin, whatever was changed since. A leg counts in every group
-- its agent was in; those of agents without one have agent_group NULL, likewise queues.
-- Parameters: since, until (instants of the offer; default: everything), zone (UTC).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('zone', 'UTC') AS zone
)
SELECT
  h.tenant_id, c.local_date, a.group_id AS agent_group, q.group_id AS queue_group, count(DISTINCT h.agent_id) AS agents,
  count(*) AS offered, count(h.answered_at) AS answered, callfold.seconds(sum(h.talk_ms)) AS talk_s,
  callfold.seconds(sum(h.hold_ms)) AS hold_s, callfold.seconds(sum(h.acw_ms)) AS acw_s
FROM parameter AS p
CROSS JOIN callfold.handling_segment AS h
JOIN callfold.dim_calendar AS c ON c.interval_start = callfold.interval_of(h.offered_at) AND c.tz = p.zone
LEFT JOIN callfold.group_member AS a ON a.tenant_id = h.tenant_id AND a.member_kind = 'agent' AND a.member_id = h.agent_id
  AND a.valid_from <= h.offered_at AND (a.valid_to IS NULL OR a.valid_to > h.offered_at)
LEFT JOIN callfold.group_member AS q ON q.tenant_id = h.tenant_id AND q.member_kind = 'queue' AND q.member_id = h.queue_id
  AND q.valid_from <= h.offered_at AND (q.valid_to IS NULL OR q.valid_to > h.offered_at)
WHERE h.offered_at >= p.since AND h.offered_at < p.until AND h.agent_id IS NOT NULL
GROUP BY h.tenant_id, c.local_date, a.group_id, q.group_id
ORDER BY h.tenant_id, c.local_date, agent_group, queue_group;
