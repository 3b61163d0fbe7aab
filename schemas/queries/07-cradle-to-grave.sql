-- 7. One contact from its first event to its last, over transfers, consultations and switches, in order of time.
--
-- Parameters: interaction (its id; default: the contact with most calls, of these the longest).
WITH parameter AS NOT MATERIALIZED (
  SELECT callfold.parameter('interaction', '') AS interaction
), chosen AS (
  SELECT i.tenant_id, i.interaction_id
  FROM parameter AS p
  CROSS JOIN callfold.interaction AS i
  WHERE p.interaction IN ('', CAST(i.interaction_id AS text))
  ORDER BY i.call_count DESC, i.duration_ms DESC, i.interaction_id
  LIMIT 1
), part AS (
  SELECT k.tenant_id, k.interaction_id, k.call_id
  FROM callfold.interaction_call AS k
  WHERE k.tenant_id = (SELECT tenant_id FROM chosen) AND k.interaction_id = (SELECT interaction_id FROM chosen)
), step AS (
  SELECT p.*, x.started_at AS instant, 10 AS place, 'call begins' AS what, x.site_id AS place_id,
    CAST(NULL AS text) AS agent_id, x.call_type AS detail, CAST(NULL AS bigint) AS ms
  FROM part AS p JOIN callfold.call AS x ON x.tenant_id = p.tenant_id AND x.call_id = p.call_id
  UNION ALL
  SELECT p.*, x.ended_at, 90, 'call ends', x.site_id, NULL, x.end_reason || ', released by ' || x.released_by, x.duration_ms
  FROM part AS p JOIN callfold.call AS x ON x.tenant_id = p.tenant_id AND x.call_id = p.call_id
  WHERE x.ended_at IS NOT NULL
  UNION ALL
  SELECT p.*, s.entered_at, 20, 'enters queue', s.queue_id, NULL, s.queue_kind, NULL
  FROM part AS p JOIN callfold.queue_segment AS s ON s.tenant_id = p.tenant_id AND s.call_id = p.call_id
  UNION ALL
  SELECT p.*, callfold.ms_after(s.entered_at, s.wait_ms), 50, 'leaves queue', s.queue_id, s.answered_by_agent_id, s.outcome,
    s.wait_ms
  FROM part AS p JOIN callfold.queue_segment AS s ON s.tenant_id = p.tenant_id AND s.call_id = p.call_id
  WHERE s.outcome <> 'pending'
  UNION ALL
  SELECT p.*, h.offered_at, 30, 'offered', h.resource_id, h.agent_id, h.role, NULL
  FROM part AS p JOIN callfold.handling_segment AS h ON h.tenant_id = p.tenant_id AND h.call_id = p.call_id
  UNION ALL
  SELECT p.*, h.answered_at, 40, 'connected', h.resource_id, h.agent_id, h.role, h.ring_ms + h.dial_ms
  FROM part AS p JOIN callfold.handling_segment AS h ON h.tenant_id = p.tenant_id AND h.call_id = p.call_id
  WHERE h.answered_at IS NOT NULL
  UNION ALL
  SELECT p.*, h.released_at, 60, 'released', h.resource_id, h.agent_id, h.result, h.talk_ms + h.consult_ms + h.hold_ms
  FROM part AS p JOIN callfold.handling_segment AS h ON h.tenant_id = p.tenant_id AND h.call_id = p.call_id
  WHERE h.released_at IS NOT NULL
  UNION ALL
  SELECT p.*, h.acw_ended_at, 70, 'after-call work ends', h.resource_id, h.agent_id, NULL, h.acw_ms
  FROM part AS p JOIN callfold.handling_segment AS h ON h.tenant_id = p.tenant_id AND h.call_id = p.call_id
  WHERE h.acw_ended_at IS NOT NULL
  UNION ALL
  SELECT p.*, l.linked_at, 25, 'linked', l.remote_site, NULL, l.link_type || ' ' || CAST(l.to_call_id AS text), NULL
  FROM part AS p JOIN callfold.call_link AS l ON l.tenant_id = p.tenant_id AND l.from_call_id = p.call_id
  UNION ALL
  SELECT p.*, r.decided_at, 45, 'routed', r.routing_point, r.agent_id, r.result || coalesce(' to ' || r.target, ''), r.duration_ms
  FROM part AS p JOIN callfold.route_decision AS r ON r.tenant_id = p.tenant_id AND r.call_id = p.call_id
  WHERE r.decided_at IS NOT NULL
  UNION ALL
  SELECT p.*, u.changed_at, 15, 'data: ' || u.change, u.key, u.agent_id, u.value, NULL
  FROM part AS p JOIN callfold.user_data_change AS u ON u.tenant_id = p.tenant_id AND u.call_id = p.call_id
)
SELECT tenant_id, interaction_id, instant, call_id, what, place_id, agent_id, detail, callfold.seconds(ms) AS lasted_s
FROM step
ORDER BY instant, place, call_id, what, place_id, agent_id, detail, ms;
