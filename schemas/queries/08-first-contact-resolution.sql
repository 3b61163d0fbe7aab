-- 8. How many contacts needed no second one: the same customer did not come again within some days.
--
-- A customer is the key made from his number, or the number itself where no key is made. Counted are inbound contacts that
-- were answered, by the queue they entered first. Those too young to tell are undecided and in no ratio.
-- Parameters: since, until (instants; default: everything), days (7).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    CAST(callfold.parameter('days', '7') AS bigint) * 86400000 AS within_ms
), seen AS (
  SELECT max(started_at) AS last_start FROM callfold.interaction
), contact AS (
  SELECT
    i.tenant_id, i.interaction_id, i.first_queue_id, i.outcome, i.started_at,
    lead(i.started_at) OVER (
      PARTITION BY i.tenant_id, coalesce(i.customer_key, i.ani) ORDER BY i.started_at, i.interaction_id) AS next_start
  FROM parameter AS p
  CROSS JOIN callfold.interaction AS i
  WHERE i.interaction_type = 'inbound' AND coalesce(i.customer_key, i.ani) IS NOT NULL
    AND i.started_at >= p.since AND i.started_at < callfold.ms_after(p.until, p.within_ms)
), judged AS (
  SELECT
    c.*,
    coalesce(c.next_start <= callfold.ms_after(c.started_at, p.within_ms), false) AS came_again,
    callfold.ms_after(c.started_at, p.within_ms) > s.last_start AS too_young
  FROM parameter AS p
  CROSS JOIN seen AS s
  CROSS JOIN contact AS c
  WHERE c.started_at >= p.since AND c.started_at < p.until AND c.outcome = 'answered'
)
SELECT
  tenant_id, first_queue_id, count(*) AS answered, count(*) FILTER (WHERE came_again) AS came_again,
  count(*) FILTER (WHERE NOT came_again AND too_young) AS undecided,
  callfold.ratio(count(*) FILTER (WHERE NOT came_again AND NOT too_young), count(*) FILTER (WHERE NOT too_young))
    AS resolved_at_first_contact
FROM judged
GROUP BY tenant_id, first_queue_id
ORDER BY tenant_id, first_queue_id;
