-- 15. Volume and handle time by attached data: by customer segment, service type, or whatever key is kept.
--
-- The value a call ended with, one row per key and value. legs are answered attempts of those calls, consultations left out.
-- Parameters: since, until (instants of the call's first event; default: everything), key (a LIKE pattern; all).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('key', '%') AS key_like
), chosen AS (
  SELECT
    x.tenant_id, x.call_id, x.abandoned, count(h.call_id) AS legs, sum(h.talk_ms) AS talk_ms, sum(h.hold_ms) AS hold_ms,
    sum(h.talk_ms + h.consult_ms + h.hold_ms + h.acw_ms) AS handle_ms
  FROM parameter AS p
  CROSS JOIN callfold.call AS x
  LEFT JOIN callfold.handling_segment AS h ON h.tenant_id = x.tenant_id AND h.call_id = x.call_id
    AND h.answered_at IS NOT NULL AND h.role NOT IN ('initiated_consult', 'received_consult')
  WHERE x.started_at >= p.since AND x.started_at < p.until
  GROUP BY x.tenant_id, x.call_id, x.abandoned
), latest AS (
  SELECT c.*, u.key, u.value, u.change,
    row_number() OVER (PARTITION BY u.tenant_id, u.call_id, u.key ORDER BY u.seq DESC) AS back
  FROM chosen AS c
  JOIN callfold.user_data_change AS u ON u.tenant_id = c.tenant_id AND u.call_id = c.call_id
)
SELECT
  d.tenant_id, d.key, d.value, count(*) AS calls, count(*) FILTER (WHERE d.abandoned) AS abandoned,
  CAST(sum(d.legs) AS bigint) AS legs, callfold.seconds(sum(d.talk_ms)) AS talk_s, callfold.seconds(sum(d.hold_ms)) AS hold_s,
  callfold.seconds(sum(d.handle_ms)) / nullif(CAST(sum(d.legs) AS bigint), 0) AS aht_s
FROM parameter AS p
CROSS JOIN latest AS d
WHERE d.back = 1 AND d.change <> 'delete' AND d.key LIKE p.key_like
GROUP BY d.tenant_id, d.key, d.value
ORDER BY d.tenant_id, d.key, calls DESC, d.value;
