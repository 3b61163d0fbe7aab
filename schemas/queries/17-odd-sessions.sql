-- 17. Agents logged in and never ready, and sessions of one agent that overlap.
--
-- never ready: a session of at least so many minutes without a millisecond of ready, and without a call. overlap: a session
-- that begins before an earlier one of the same agent has ended; overlap_s says by how much.
-- Parameters: since, until (instants of the login; default: everything), minutes (15).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    CAST(callfold.parameter('minutes', '15') AS bigint) * 60000 AS least_ms
), session AS (
  SELECT
    s.*, callfold.ms_after(s.logged_in_at, s.duration_ms) AS known_until,
    max(callfold.ms_after(s.logged_in_at, s.duration_ms)) OVER (
      PARTITION BY s.tenant_id, s.agent_id ORDER BY s.logged_in_at, s.agent_session_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_until
  FROM callfold.agent_session AS s
)
SELECT
  s.tenant_id, w.reason, s.agent_id, s.site_id, s.primary_dn, s.logged_in_at, s.logged_out_at, s.login_known,
  callfold.seconds(s.duration_ms) AS session_s, callfold.seconds(s.not_ready_ms) AS not_ready_s,
  CASE WHEN w.reason = 'overlap' THEN callfold.seconds(callfold.ms_between(s.logged_in_at, least(s.earlier_until, s.known_until))) END
    AS overlap_s,
  s.agent_session_id
FROM parameter AS p
CROSS JOIN session AS s
CROSS JOIN (VALUES ('never ready'), ('overlap')) AS w (reason)
WHERE s.logged_in_at >= p.since AND s.logged_in_at < p.until
  AND CASE w.reason
    WHEN 'never ready' THEN s.duration_ms >= p.least_ms AND s.ready_ms = 0 AND s.talk_ms = 0 AND s.ring_ms = 0
    ELSE callfold.ms_between(s.logged_in_at, s.earlier_until) > 0
  END
ORDER BY s.tenant_id, w.reason, s.logged_in_at, s.agent_session_id;
