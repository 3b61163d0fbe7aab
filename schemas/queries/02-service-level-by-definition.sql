-- 2. Service level under each named definition, side by side, per queue and day (or hour, week, month) of a zone.
--
-- Shares of 1; NULL when there is nothing to divide by. What the six mean: schemas/definitions.md.
-- Parameters: since, until (instants; default: everything), zone (UTC), unit (day), queue (a LIKE pattern; all).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('zone', 'UTC') AS zone,
    callfold.parameter('unit', 'day') AS unit,
    callfold.parameter('queue', '%') AS queue
), summed AS (
  SELECT
    q.tenant_id, q.queue_id, c.local_start, c.hour_offset_min, min(q.interval_start) AS first_interval,
    CAST(sum(q.answered) AS bigint) AS answered, CAST(sum(q.answered_within_sl) AS bigint) AS answered_within_sl,
    CAST(sum(q.abandoned) AS bigint) AS abandoned, CAST(sum(q.abandoned_within_sl) AS bigint) AS abandoned_within_sl,
    CAST(sum(q.abandoned_short) AS bigint) AS abandoned_short
  FROM parameter AS p
  CROSS JOIN callfold.queue_interval AS q
  JOIN callfold.calendar_slot AS c ON c.interval_start = q.interval_start AND c.tz = p.zone AND c.unit = p.unit
  WHERE q.interval_start >= p.since AND q.interval_start < p.until AND q.queue_id LIKE p.queue
  GROUP BY q.tenant_id, q.queue_id, c.local_start, c.hour_offset_min
)
SELECT
  tenant_id, queue_id, local_start, answered, abandoned, answered_within_sl, abandoned_within_sl, abandoned_short,
  callfold.sl_answered(answered_within_sl, answered) AS sl_answered,
  callfold.sl_offered(answered_within_sl, answered, abandoned) AS sl_offered,
  callfold.sl_abandon_ignored(answered_within_sl, answered, abandoned, abandoned_within_sl) AS sl_abandon_ignored,
  callfold.sl_abandon_positive(answered_within_sl, answered, abandoned, abandoned_within_sl) AS sl_abandon_positive,
  callfold.sl_short_excluded(answered_within_sl, answered, abandoned, abandoned_short) AS sl_short_excluded,
  callfold.sl_short_positive(answered_within_sl, answered, abandoned, abandoned_short) AS sl_short_positive
FROM summed
ORDER BY tenant_id, queue_id, first_interval;
