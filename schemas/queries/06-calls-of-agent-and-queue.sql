-- 6. Calls that an agent answered from a queue, with hold and transfer, newest first.
--
-- One row is one leg. conn_id and call_id lead on: query 7 with the interaction, or callfold explain --call CONN_ID over the
-- recording, shows every step.
-- Parameters: since, until (instants of the answer; default: everything), agent, queue (LIKE patterns; all).
WITH parameter AS NOT MATERIALIZED (
  SELECT
    CAST(callfold.parameter('since', '-infinity') AS timestamptz) AS since,
    CAST(callfold.parameter('until', 'infinity') AS timestamptz) AS until,
    callfold.parameter('agent', '%') AS agent,
    callfold.parameter('queue', '%') AS queue
)
SELECT
  h.tenant_id, h.answered_at, h.agent_id, h.queue_id, x.ani, x.dnis, callfold.seconds(s.wait_ms) AS wait_s,
  callfold.seconds(h.ring_ms) AS ring_s, callfold.seconds(h.talk_ms) AS talk_s, callfold.seconds(h.hold_ms) AS hold_s,
  h.hold_count, callfold.seconds(h.consult_ms) AS consult_s, callfold.seconds(h.acw_ms) AS acw_s, h.role, h.result,
  h.result = 'transferred' AS was_transferred, h.released_by, h.interaction_id, h.call_id, x.conn_id, h.handling_segment_id
FROM parameter AS p
CROSS JOIN callfold.handling_segment AS h
JOIN callfold.queue_segment AS s ON s.tenant_id = h.tenant_id AND s.queue_segment_id = h.queue_segment_id
LEFT JOIN callfold.call AS x ON x.tenant_id = h.tenant_id AND x.call_id = h.call_id
WHERE h.answered_at >= p.since AND h.answered_at < p.until AND h.agent_id LIKE p.agent AND h.queue_id LIKE p.queue
ORDER BY h.answered_at DESC, h.tenant_id, h.handling_segment_id;
