-- 16. Calls that deserve a look: too long, too many holds, connected for less than a second (faulty lines).
--
-- One row per answered leg and reason: long (talk and hold above the limit), holds (at least so many), no talk.
-- Parameters: since, until (instants of the answer; default: everything), long_s (1800), holds (3).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    CAST(callfold.parameter('long_s', '1800') AS bigint) * 1000 AS long_ms,
    CAST(callfold.parameter('holds', '3') AS bigint) AS holds
)
SELECT
  h.tenant_id, w.reason, h.answered_at, h.resource_id, h.agent_id, h.queue_id,
  callfold.seconds(h.talk_ms + h.consult_ms) AS talk_s, callfold.seconds(h.hold_ms) AS hold_s, h.hold_count, h.result,
  h.released_by, h.end_known, h.call_id, h.handling_segment_id
FROM parameter AS p
CROSS JOIN callfold.handling_segment AS h
CROSS JOIN (VALUES ('long'), ('holds'), ('no talk')) AS w (reason)
WHERE h.answered_at >= p.since AND h.answered_at < p.until
  AND CASE w.reason
    WHEN 'long' THEN h.talk_ms + h.consult_ms + h.hold_ms > p.long_ms
    WHEN 'holds' THEN h.hold_count >= p.holds
    ELSE h.released_at IS NOT NULL AND h.talk_ms + h.consult_ms + h.hold_ms < 1000
  END
ORDER BY h.tenant_id, w.reason, h.answered_at, h.handling_segment_id;
