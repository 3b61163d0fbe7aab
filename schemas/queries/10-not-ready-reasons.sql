-- 10. What teams were not ready for, per day of a zone, and who has been longest at it.
--
-- entries are stretches begun, longest_s the longest of those begun that day, still_open those that went on at the end of the
-- data, longest_open_s the longest of them. Team is the agents' group he was in at the time; NULL for none.
-- Parameters: since, until (instants; default: everything), zone (UTC), team (a LIKE pattern; all).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('zone', 'UTC') AS zone,
    callfold.parameter('team', '%') AS team
), spent AS (
  SELECT r.tenant_id, c.local_date, m.group_id AS team, r.reason_key, r.reason_code, r.agent_id, r.ms, r.entries,
    CAST(NULL AS bigint) AS stretch_ms, false AS still_open
  FROM parameter AS p
  CROSS JOIN callfold.agent_reason_interval AS r
  JOIN callfold.dim_calendar AS c ON c.interval_start = r.interval_start AND c.tz = p.zone
  LEFT JOIN callfold.group_member AS m ON m.tenant_id = r.tenant_id AND m.member_kind = 'agent' AND m.member_id = r.agent_id
    AND m.valid_from <= r.interval_start AND (m.valid_to IS NULL OR m.valid_to > r.interval_start)
  WHERE r.state = 'not_ready' AND r.interval_start >= p.since AND r.interval_start < p.until
  UNION ALL
  SELECT a.tenant_id, c.local_date, m.group_id, a.reason_key, a.reason_code, a.agent_id, 0, 0, a.duration_ms,
    s.logged_out_at IS NULL AND NOT a.end_known
  FROM parameter AS p
  CROSS JOIN callfold.agent_state AS a
  JOIN callfold.dim_calendar AS c ON c.interval_start = callfold.interval_of(a.started_at) AND c.tz = p.zone
  LEFT JOIN callfold.agent_session AS s ON s.tenant_id = a.tenant_id AND s.agent_session_id = a.agent_session_id
  LEFT JOIN callfold.group_member AS m ON m.tenant_id = a.tenant_id AND m.member_kind = 'agent' AND m.member_id = a.agent_id
    AND m.valid_from <= callfold.interval_of(a.started_at)
    AND (m.valid_to IS NULL OR m.valid_to > callfold.interval_of(a.started_at))
  WHERE a.state = 'not_ready' AND callfold.interval_of(a.started_at) >= p.since
    AND callfold.interval_of(a.started_at) < p.until
)
SELECT
  t.tenant_id, t.local_date, t.team, t.reason_key, t.reason_code, n.name AS reason_name,
  count(DISTINCT t.agent_id) AS agents, callfold.seconds(sum(t.ms)) AS time_s, CAST(sum(t.entries) AS bigint) AS entries,
  callfold.seconds(max(t.stretch_ms)) AS longest_s, count(*) FILTER (WHERE t.still_open) AS still_open,
  callfold.seconds(max(CASE WHEN t.still_open THEN t.stretch_ms END)) AS longest_open_s
FROM parameter AS p
CROSS JOIN spent AS t
LEFT JOIN callfold.dim_reason AS n
  ON n.tenant_id = t.tenant_id AND n.reason_key = t.reason_key AND n.reason_code = t.reason_code
WHERE coalesce(t.team, '') LIKE p.team
GROUP BY t.tenant_id, t.local_date, t.team, t.reason_key, t.reason_code, n.name
ORDER BY t.tenant_id, t.local_date, t.team, time_s DESC, t.reason_key, t.reason_code;
