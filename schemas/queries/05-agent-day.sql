-- 5. The day of each agent: one row per figure and per reason, beside the median of his team.
--
-- Team is the agents' group he was in at the begin of that day's rows; those in none are compared with each other. Figures:
-- seconds per state and per reason, logged in, counts, occupancy and AHT as defined in schemas/definitions.md. The median is
-- the lower one of an even number, of those who have the figure.
-- Parameters: since, until (instants; default: everything), zone (UTC), agent (a LIKE pattern; all), team (likewise).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('zone', 'UTC') AS zone,
    callfold.parameter('agent', '%') AS agent,
    callfold.parameter('team', '%') AS team
), day AS (
  SELECT
    a.tenant_id, a.agent_id, c.local_date, min(a.interval_start) AS first_interval,
    min(a.first_login_at) AS first_login_at, max(a.last_logout_at) AS last_logout_at,
    CAST(sum(a.logged_in_ms) AS bigint) AS logged_in_ms, CAST(sum(a.ready_ms) AS bigint) AS ready_ms,
    CAST(sum(a.not_ready_ms) AS bigint) AS not_ready_ms, CAST(sum(a.ring_ms) AS bigint) AS ring_ms,
    CAST(sum(a.talk_ms) AS bigint) AS talk_ms, CAST(sum(a.hold_ms) AS bigint) AS hold_ms,
    CAST(sum(a.acw_ms) AS bigint) AS acw_ms, CAST(sum(a.dial_ms) AS bigint) AS dial_ms,
    CAST(sum(a.busy_ms) AS bigint) AS busy_ms, CAST(sum(a.unknown_ms) AS bigint) AS unknown_ms,
    CAST(sum(a.answered) AS bigint) AS answered, CAST(sum(a.handled) AS bigint) AS handled,
    CAST(sum(a.handle_ms) AS bigint) AS handle_ms
  FROM parameter AS p
  CROSS JOIN callfold.agent_interval AS a
  JOIN callfold.dim_calendar AS c ON c.interval_start = a.interval_start AND c.tz = p.zone
  WHERE a.interval_start >= p.since AND a.interval_start < p.until
  GROUP BY a.tenant_id, a.agent_id, c.local_date
), member AS (
  SELECT d.tenant_id, d.agent_id, d.local_date, min(m.group_id) AS team
  FROM day AS d
  JOIN callfold.group_member AS m ON m.tenant_id = d.tenant_id AND m.member_kind = 'agent' AND m.member_id = d.agent_id
    AND m.valid_from <= d.first_interval AND (m.valid_to IS NULL OR m.valid_to > d.first_interval)
  GROUP BY d.tenant_id, d.agent_id, d.local_date
), figure AS (
  SELECT d.tenant_id, d.agent_id, d.local_date, f.place, f.figure,
    CASE f.figure
      WHEN 'logged_in_s' THEN callfold.seconds(d.logged_in_ms) WHEN 'ready_s' THEN callfold.seconds(d.ready_ms)
      WHEN 'not_ready_s' THEN callfold.seconds(d.not_ready_ms) WHEN 'ring_s' THEN callfold.seconds(d.ring_ms)
      WHEN 'talk_s' THEN callfold.seconds(d.talk_ms) WHEN 'hold_s' THEN callfold.seconds(d.hold_ms)
      WHEN 'acw_s' THEN callfold.seconds(d.acw_ms) WHEN 'dial_s' THEN callfold.seconds(d.dial_ms)
      WHEN 'busy_s' THEN callfold.seconds(d.busy_ms) WHEN 'unknown_s' THEN callfold.seconds(d.unknown_ms)
      WHEN 'answered' THEN CAST(d.answered AS double precision) WHEN 'handled' THEN CAST(d.handled AS double precision)
      WHEN 'occupancy' THEN callfold.ratio(d.ring_ms + d.talk_ms + d.hold_ms + d.acw_ms, d.logged_in_ms - d.not_ready_ms)
      WHEN 'aht_s' THEN callfold.seconds(d.handle_ms) / nullif(d.handled, 0)
    END AS amount
  FROM day AS d
  CROSS JOIN (VALUES
    (1, 'logged_in_s'), (2, 'ready_s'), (3, 'not_ready_s'), (4, 'ring_s'), (5, 'talk_s'), (6, 'hold_s'), (7, 'acw_s'),
    (8, 'dial_s'), (9, 'busy_s'), (10, 'unknown_s'), (11, 'answered'), (12, 'handled'), (13, 'occupancy'), (14, 'aht_s')
  ) AS f (place, figure)
  UNION ALL
  SELECT
    r.tenant_id, r.agent_id, c.local_date, 15, r.state || ': ' || r.reason_key || ' = ' || r.reason_code,
    callfold.seconds(sum(r.ms))
  FROM parameter AS p
  CROSS JOIN callfold.agent_reason_interval AS r
  JOIN callfold.dim_calendar AS c ON c.interval_start = r.interval_start AND c.tz = p.zone
  WHERE r.interval_start >= p.since AND r.interval_start < p.until
  GROUP BY r.tenant_id, r.agent_id, c.local_date, r.state, r.reason_key, r.reason_code
), teamed AS (
  SELECT f.*, coalesce(m.team, '') AS team
  FROM figure AS f
  LEFT JOIN member AS m ON m.tenant_id = f.tenant_id AND m.agent_id = f.agent_id AND m.local_date = f.local_date
), median AS (
  SELECT tenant_id, local_date, team, figure, percentile_disc(0.5) WITHIN GROUP (ORDER BY amount) AS amount
  FROM teamed
  WHERE amount IS NOT NULL
  GROUP BY tenant_id, local_date, team, figure
)
SELECT
  d.tenant_id, d.local_date, nullif(f.team, '') AS team, d.agent_id, d.first_login_at, d.last_logout_at, f.figure, f.amount,
  t.amount AS team_median
FROM parameter AS p
CROSS JOIN day AS d
JOIN teamed AS f ON f.tenant_id = d.tenant_id AND f.agent_id = d.agent_id AND f.local_date = d.local_date
LEFT JOIN median AS t
  ON t.tenant_id = f.tenant_id AND t.local_date = f.local_date AND t.team = f.team AND t.figure = f.figure
WHERE d.agent_id LIKE p.agent AND f.team LIKE p.team
ORDER BY d.tenant_id, d.local_date, f.team, d.agent_id, f.place, f.figure;
