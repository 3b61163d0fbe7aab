"""Rows of every table, by brute force: each fact is added to each interval it touches.

In: a decided `World`. Out: {table: [row]}, a row being a dict with instants as integer microseconds and ids as texts.
Numbers in brackets are items of the rules; section D is the attribution of every column.
"""
import uuid
from collections import defaultdict

from decide import TYPES, queue_kind, unanswered_as, wrap_end
from fold import CONSULT, SETTLE, TRANSFERRED

STEP = 900_000_000
SL_MS, SHORT_MS, DAY_MS = 20_000, 5_000, 86_400_000
SPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "callfold")

KEYS = {
    "call": ["tenant_id", "call_id"],
    "queue_segment": ["tenant_id", "queue_segment_id"],
    "handling_segment": ["tenant_id", "handling_segment_id"],
    "agent_session": ["tenant_id", "agent_session_id"],
    "agent_state": ["tenant_id", "agent_session_id", "seq"],
    "queue_interval": ["tenant_id", "queue_id", "media_type", "interval_start"],
    "queue_cohort_interval": ["tenant_id", "queue_id", "media_type", "interval_start"],
    "queue_wait_hist": ["tenant_id", "queue_id", "media_type", "interval_start", "kind", "upper_ms"],
    "agent_interval": ["tenant_id", "agent_id", "media_type", "interval_start"],
    "agent_queue_interval": ["tenant_id", "agent_id", "queue_id", "media_type", "interval_start"],
    "agent_reason_interval":
        ["tenant_id", "agent_id", "state", "reason_key", "reason_code", "media_type", "interval_start"],
}
# Tables that the model does not make; that they agree with the others is checked all the same.
BESIDE = {
    "party": ["tenant_id", "party_id"],
    "party_state": ["tenant_id", "party_id", "seq"],
    "queue_handle_hist": ["tenant_id", "queue_id", "media_type", "interval_start", "kind", "upper_ms"],
    "agent_session_dn": ["tenant_id", "agent_session_id", "seq"],
}
QUEUE_SUMS = """entered answered abandoned abandoned_short abandoned_ringing diverted_in diverted_out cleared other
    no_answer rejected handled transferred_out agents_staffed_ms agents_ready_ms queue_ms ring_ms talk_ms hold_ms acw_ms
    wait_answered_ms wait_abandoned_ms handle_ms answered_within_sl abandoned_within_sl""".split()
COHORT_SUMS = """entered answered answered_within_sl abandoned abandoned_short abandoned_within_sl abandoned_ringing
    diverted cleared other pending wait_answered_ms wait_abandoned_ms queue_ms talk_ms hold_ms acw_ms""".split()
AGENT_SUMS = """logged_in_ms ready_ms not_ready_ms acw_ms ring_ms talk_ms talk_inbound_ms talk_outbound_ms
    talk_internal_ms talk_consult_ms hold_ms dial_ms dnd_ms busy_ms unknown_ms offered answered no_answer rejected
    abandoned_while_ringing outbound_made internal_made consult_made consult_received transfers_made
    transfers_received conferences holds short_calls logins logouts not_ready_entries handled handle_ms""".split()
AGENT_QUEUE_SUMS = "offered answered ring_ms talk_ms hold_ms acw_ms handled handle_ms membership_ms".split()
STATE_COLUMN = {
    "ready": "ready_ms", "not_ready": "not_ready_ms", "acw": "acw_ms", "ringing": "ring_ms", "talking": "talk_ms",
    "held": "hold_ms", "dialing": "dial_ms", "busy": "busy_ms", "unknown": "unknown_ms",
}


def ms(t):
    return t // 1000


def span_ms(a, b):
    return ms(b) - ms(a)


def floor(t):
    return t // STEP * STEP


def cut(a, b):
    """(interval start, ms) of every interval [a, b) touches."""
    at = floor(a)
    while at < b:
        part = span_ms(max(a, at), min(b, at + STEP))
        if part:
            yield at, part
        at += STEP


def union(spans):
    out = []
    for a, b in sorted(spans):
        if out and a <= out[-1][1]:
            out[-1][1] = max(out[-1][1], b)
        else:
            out.append([a, b])
    return out


def overlap(spans, others):
    return [(max(a, c), min(b, d)) for a, b in spans for c, d in others if max(a, c) < min(b, d)]


def v5(name):
    return str(uuid.uuid5(SPACE, name))


def upper_ms(value):
    value = min(value, DAY_MS)
    k = max(0, (value | 255).bit_length() - 8)
    return (((value >> k) + 1) << k) - 1


class Tables:
    def __init__(self, world):
        self.w, self.t_last = world, world.t_last
        self.rows = {t: [] for t in KEYS}
        self.leg_facts()
        self.detail()
        self.queue_tables()
        self.agent_tables()

    # -- ids -------------------------------------------------------------------------------------------------

    def call_id(self, c):
        tail = c.uuid or f"{c.conn:016x}|{c.start_t}"
        return v5(f"call|{c.switch}|{tail}")

    def leg_id(self, p):
        return v5(f"leg|{self.call_id(p.calls[0][2])}|{p.dn}@{p.switch}|{p.open_t}")

    def stay_id(self, s):
        return v5(f"queue|{self.call_id(s.call)}|{s.queue}@{s.switch}|{s.enter_t}|{s.vqid}")

    def session_id(self, s):
        return v5(f"session|{s.agent}|{s.start_t}")

    # -- facts about legs and stays --------------------------------------------------------------------------

    def leg_facts(self):
        for p in self.w.parties:
            f = p.f = {"ring": [], "dial": [], "talk": [], "consult": [], "hold": []}
            for a, b, state, ct in p.spans(self.t_last):
                name = {"alerting": "ring", "dialing": "dial", "held": "hold"}.get(state)
                f[name or ("consult" if ct == CONSULT else "talk")].append((a, b))
            f["acw"] = [(a, b) for a, b, _ in p.acw]
            p.ms = {name: sum(span_ms(a, b) for a, b in spans) for name, spans in f.items()}
            p.handled_at = wrap_end(p)
            p.handle_ms = p.ms["talk"] + p.ms["consult"] + p.ms["hold"] + p.ms["acw"]
        for s in self.w.stays:
            stop = s.end_t if s.end_t is not None else self.t_last
            left = s.left_t if s.left_t is not None else stop
            s.stop = stop
            s.queue_ms, s.ring_ms, s.wait_ms = span_ms(s.enter_t, left), span_ms(left, stop), span_ms(s.enter_t, stop)
            s.leg = s.attempts[-1] if s.outcome == "answered" else None
            s.is_abandoned = s.outcome in ("abandoned_queue", "abandoned_ring")

    # -- detail tables ---------------------------------------------------------------------------------------

    def detail(self):
        self.parties_of, self.stays_of = defaultdict(list), defaultdict(list)
        for p in self.w.parties:
            for call in dict.fromkeys(c for _, _, c in p.calls):
                self.parties_of[call].append(p)
        for s in self.w.stays:
            for call in dict.fromkeys(c for _, _, c in s.calls):
                self.stays_of[call].append(s)
        for c in self.w.calls:
            self.call_row(c)
        for s in self.w.stays:
            self.stay_row(s)
        for p in self.w.parties:
            if not p.observer:
                self.leg_row(p)
        for session in self.w.sessions:
            self.session_rows(session)

    def call_row(self, c):
        ends, queued, alerting, connected, holds = [], [], [], [], 0
        for p in self.parties_of[c]:
            for n, (i, t, call) in enumerate(p.calls):
                if call is not c:
                    continue
                last = n + 1 == len(p.calls)
                i_to, t_to = (p.close_i, p.close_t) if last else p.calls[n + 1][:2]
                ends.append(t_to)
                if p.observer:
                    continue
                i_to = len(self.w.events) if i_to is None else i_to
                holds += sum(i <= h[0] < i_to for h in p.holds)
                if p.phases[0][2] == "alerting" and n == 0:
                    alerting.append(p.open_t)
                if p.answer_i is not None and p.answer_i < i_to:
                    connected.append(max(t, p.answer_t))
        for s in self.stays_of[c]:
            for n, (i, t, call) in enumerate(s.calls):
                if call is c:
                    ends.append(s.left_t if n + 1 == len(s.calls) else s.calls[n + 1][1])
                    if n == 0:
                        queued.append(s.enter_t)
        ends += [to for _, _, to in c.attempts]
        ended = None if None in ends or not ends else max(ends)
        self.rows["call"].append({
            "tenant_id": c.tenant, "call_id": self.call_id(c), "site_id": c.switch, "conn_id": f"{c.conn:016x}",
            "call_type": TYPES[c.call_type], "media_type": "voice", "started_at": c.start_t,
            "first_queued_at": min(queued, default=None), "first_alerting_at": min(alerting, default=None),
            "first_connected_at": min(connected, default=None), "ended_at": ended, "hold_count": holds,
            "connected": bool(connected), "connected_to_agent": bool(connected),
            "duration_ms": span_ms(c.start_t, self.t_last if ended is None else ended),
        })

    def stay_row(self, s):
        distributed = s.left_t is not None and s.outcome not in (
            "abandoned_queue", "cleared", "routed_elsewhere", "unknown")
        self.rows["queue_segment"].append({
            "tenant_id": s.tenant, "queue_segment_id": self.stay_id(s), "call_id": self.call_id(s.call),
            "queue_id": f"{s.queue}@{s.switch}", "queue_kind": queue_kind(self.w, s), "call_type": TYPES[s.call_type],
            "entered_at": s.enter_t, "distributed_at": s.left_t if distributed else None,
            "answered_at": s.end_t if s.outcome == "answered" else None, "left_at": s.left_t,
            "entry_seq": s.entry_seq, "outcome": s.outcome, "queue_ms": s.queue_ms, "ring_ms": s.ring_ms,
            "wait_ms": s.wait_ms, "answered_by_agent_id": s.leg.leg_agent if s.leg else None,
            "handling_segment_id": self.leg_id(s.attempts[-1]) if s.attempts else None,
            "diverted_to": s.third if s.outcome == "diverted" else None,
            "is_short_abandon": s.is_abandoned and s.wait_ms < SHORT_MS,
        })

    def leg_row(self, p):
        acw = p.acw[0][0] if p.acw else None
        acw_end = p.acw[-1][1] if p.acw and not p.acw[-1][2] else None
        self.rows["handling_segment"].append({
            "tenant_id": p.tenant, "handling_segment_id": self.leg_id(p), "call_id": self.call_id(p.calls[-1][2]),
            "queue_segment_id": self.stay_id(p.stay) if p.stay else None,
            "queue_id": f"{p.stay.queue}@{p.stay.switch}" if p.stay else None,
            "resource_id": f"{p.dn}@{p.switch}", "resource_kind": "agent" if p.leg_agent else "extension",
            "agent_id": p.leg_agent, "offered_at": p.open_t, "answered_at": p.answer_t, "released_at": p.close_t,
            "acw_started_at": acw, "acw_ended_at": acw_end, "ring_ms": p.ms["ring"], "talk_ms": p.ms["talk"],
            "hold_ms": p.ms["hold"], "hold_count": len(p.holds), "acw_ms": p.ms["acw"],
            "consult_ms": p.ms["consult"], "dial_ms": p.ms["dial"], "role": p.role, "result": p.result,
        })

    def session_rows(self, x):
        sid, sums, run, before = self.session_id(x), defaultdict(int), 0, None
        for n, (a, b, (state, ct, reason), known) in enumerate(x.rows):
            run += state != before
            before = state
            sums[STATE_COLUMN[state]] += span_ms(a, b)
            self.rows["agent_state"].append({
                "tenant_id": x.tenant, "agent_session_id": sid, "seq": n + 1, "state_run_id": run,
                "agent_id": x.agent, "dn": f"{x.dn}@{x.switch}", "media_type": "voice", "state": state,
                "call_type": ct, "started_at": a, "ended_at": b, "duration_ms": span_ms(a, b),
                "reason_key": reason[0] if reason else None, "reason_code": reason[1] if reason else None,
                "end_known": known,
            })
        self.rows["agent_session"].append({
            "tenant_id": x.tenant, "agent_session_id": sid, "agent_id": x.agent, "site_id": x.switch,
            "primary_dn": f"{x.dn}@{x.switch}", "logged_in_at": x.start_t, "logged_out_at": x.end_t,
            "login_known": x.login_known, "duration_ms": span_ms(x.start_t, x.stop),
            **{c: sums[c] for c in STATE_COLUMN.values()},
            "dnd_ms": sum(span_ms(a, b) for a, b in union(x.dnd)),
        })

    # -- queues ----------------------------------------------------------------------------------------------

    def coverage(self, sw, at):
        seen = [(max(self.w.first_seen[sw], at), min(self.t_last, at + STEP))]
        lost = sum(span_ms(a, b) for x in union(self.w.outages.get(sw, ())) for a, b in overlap(seen, [x]))
        return span_ms(*seen[0]) - lost if seen[0][0] < seen[0][1] else 0

    def queue_tables(self):
        period, cohort, hist = {}, {}, defaultdict(int)
        for q, first in self.w.queue_first.items():
            for at in range(floor(first), floor(self.t_last) + 1, STEP):
                period[q, at] = dict.fromkeys(QUEUE_SUMS, 0) | {
                    "wait_answered_max_ms": None, "wait_abandoned_max_ms": None}
                cohort[q, at] = dict.fromkeys(COHORT_SUMS, 0)
        for s in self.w.stays:
            self.book_stay(s, period, cohort[self.q(s), floor(s.enter_t)], hist)
        for tenant, agent, sw, queue, a, b in self.associations():
            q = (tenant, sw, queue)
            ready = [(c, d) for x in self.w.sessions_of[(tenant, agent)] for c, d, state in x.runs if state == "ready"]
            for col, spans in (("agents_staffed_ms", [(a, b)]), ("agents_ready_ms", overlap([(a, b)], ready))):
                for c, d in spans:
                    self.add(period, q, col, c, d)
        for (q, at), row in period.items():
            row.update(self.levels(q, at))
            self.rows["queue_interval"].append(self.queue_row(q, at) | row)
        for (q, at), row in cohort.items():
            self.rows["queue_cohort_interval"].append(self.queue_row(q, at) | row)
        for (q, at, kind, upper), n in hist.items():
            row = self.queue_row(q, at) | {"kind": kind, "upper_ms": upper, "n": n}
            del row["queue_kind"], row["site_id"]
            self.rows["queue_wait_hist"].append(row)

    @staticmethod
    def q(s):
        return (s.tenant, s.switch, s.queue)

    def queue_row(self, q, at):
        return {
            "tenant_id": q[0], "queue_id": f"{q[2]}@{q[1]}", "queue_kind": queue_kind(self.w, q), "site_id": q[1],
            "media_type": "voice", "interval_start": at, "interval_ms": STEP // 1000,
            "coverage_ms": self.coverage(q[:2], at), "status": "final",
        }

    @staticmethod
    def add(rows, q, col, a, b):
        for at, part in cut(a, b):
            if (q, at) in rows:
                rows[q, at][col] += part

    def book_stay(self, s, period, c, hist):
        q = self.q(s)
        entry = period[q, floor(s.enter_t)]
        entry["entered"] += 1
        c["entered"] += 1
        entry["diverted_in"] += self.came_from_queue(s)
        self.add(period, q, "queue_ms", s.enter_t, s.left_t if s.left_t is not None else self.t_last)
        if s.attempts:
            self.add(period, q, "ring_ms", s.left_t, s.stop)
        for t in s.no_answers:
            period[q, floor(t)]["no_answer"] += 1
        if s.outcome == "pending":
            c["pending"] += 1
            return
        c["queue_ms"] += s.queue_ms
        p = period[q, floor(s.end_t)]
        short, within = s.wait_ms < SHORT_MS, s.wait_ms <= SL_MS
        if s.outcome == "answered" or s.is_abandoned:
            word = "answered" if s.outcome == "answered" else "abandoned"
            for row in (p, c):
                row[word] += 1
                row[f"{word}_within_sl"] += within
                row[f"wait_{word}_ms"] += s.wait_ms
                if s.is_abandoned:
                    row["abandoned_short"] += short
                    row["abandoned_ringing"] += s.outcome == "abandoned_ring"
            p[f"wait_{word}_max_ms"] = max(s.wait_ms, p[f"wait_{word}_max_ms"] or 0)
            hist[q, floor(s.enter_t), word, upper_ms(s.wait_ms)] += 1
        elif s.outcome == "diverted":
            p["diverted_out"] += 1
            c["diverted"] += 1
        elif s.outcome in ("cleared", "routed_elsewhere"):
            p["cleared"] += 1
            c["cleared"] += 1
        else:
            p["other"] += 1
            c["other"] += 1
        if s.leg:
            self.book_leg(q, s.leg, period, c)

    def book_leg(self, q, leg, period, c):
        c["talk_ms"] += leg.ms["talk"] + leg.ms["consult"]
        c["hold_ms"] += leg.ms["hold"]
        c["acw_ms"] += leg.ms["acw"]
        for col, names in (("talk_ms", ("talk", "consult")), ("hold_ms", ("hold",)), ("acw_ms", ("acw",))):
            for name in names:
                for a, b in leg.f[name]:
                    self.add(period, q, col, a, b)
        if leg.handled_at is not None:
            row = period[q, floor(leg.handled_at)]
            row["handled"] += 1
            row["handle_ms"] += leg.handle_ms
        if leg.result == "transferred":
            period[q, floor(leg.close_t)]["transferred_out"] += 1

    def came_from_queue(self, s):
        for o in self.w.stays_of_any_conn.get((s.tenant, s.switch, s.conns[0][2]), ()):
            if o is not s and o.outcome == "diverted" and o.third == s.queue and abs(o.left_t - s.enter_t) <= SETTLE:
                return 1
        return 0

    def levels(self, q, at):
        stays = self.w.stays_of_queue.get(q, [])
        until = at + STEP
        final = until > self.t_last

        def alive(s, t):
            return s.enter_t < t and (s.end_t is None or s.end_t >= t)

        start = sum(alive(s, at) for s in stays)
        rest = [s for s in stays if (s.end_t is None if final else alive(s, until))]
        steps = []
        for s in stays:
            if at <= s.enter_t < until:
                steps.append((s.enter_i, 1))
            if s.end_t is not None and at <= s.end_t < until:
                steps.append((s.end_i, -1))
        level = top = start
        for _, step in sorted(steps):
            level += step
            top = max(top, level)
        to = self.t_last if final else until
        return {
            "in_queue_start": start, "in_queue_end": len(rest), "in_queue_max": top,
            "longest_wait_ms_at_end": max((span_ms(s.enter_t, to) for s in rest), default=None),
        }

    def associations(self):
        """Times an agent was logged in to a queue; two DNs count once."""
        spans = defaultdict(list)
        for tenant, agent, sw, queue, a, b in self.w.assoc:
            if a < b:
                spans[tenant, agent, sw, queue].append((a, b))
        for k, list_ in spans.items():
            for a, b in union(list_):
                yield (*k, a, b)

    # -- agents ----------------------------------------------------------------------------------------------

    def agent_tables(self):
        self.ai = defaultdict(lambda: dict.fromkeys(AGENT_SUMS, 0) | {"first_login_at": None, "last_logout_at": None})
        self.aq = defaultdict(lambda: dict.fromkeys(AGENT_QUEUE_SUMS, 0))
        self.ar = defaultdict(lambda: {"ms": 0, "entries": 0})
        for x in self.w.sessions:
            self.book_session(x)
        for p in self.w.parties:
            if not p.observer:
                self.book_party(p)
        for e, p in self.w.conferences:
            b = self.w.binding_at((e.tenant, e.switch, e.dn), e.i)
            agent = self.w.agent_of(p, e.i) if p else b[0] if b else None
            if not (p and p.observer):
                self.count(e.tenant, agent, e.t, "conferences")
        for s in self.w.stays:
            for p in s.attempts:
                self.book_attempt(s, p)
        for tenant, agent, sw, queue, a, b in self.associations():
            for at, part in cut(a, b):
                self.aq[tenant, agent, f"{queue}@{sw}", at]["membership_ms"] += part
        self.agent_rows()

    def book_session(self, x):
        ak = (x.tenant, x.agent)

        def add(col, a, b):
            for at, part in cut(a, b):
                self.ai[(*ak, at)][col] += part

        add("logged_in_ms", x.start_t, x.stop)
        for a, b, (state, ct, reason), _ in x.rows:
            add(STATE_COLUMN[state], a, b)
            if state == "talking" and ct != "unknown":
                add(f"talk_{ct}_ms", a, b)
            if reason:
                for at, part in cut(a, b):
                    self.ar[(*ak, state, *reason, at)]["ms"] += part
                self.ar[(*ak, state, *reason, floor(a))]["entries"] += 1
        for a, b in union(x.dnd):
            add("dnd_ms", a, b)
        for a, _, state in x.runs:
            if state == "not_ready":
                self.ai[(*ak, floor(a))]["not_ready_entries"] += 1
        row = self.ai[(*ak, floor(x.start_t))]
        row["logins"] += 1
        row["first_login_at"] = min(x.start_t, row["first_login_at"] or x.start_t)
        if x.end_t is not None:
            row = self.ai[(*ak, floor(x.end_t))]
            row["logouts"] += 1
            row["last_logout_at"] = max(x.end_t, row["last_logout_at"] or x.end_t)

    def count(self, tenant, agent, t, col, n=1):
        if agent is not None and n:
            self.ai[tenant, agent, floor(t)][col] += n

    def book_party(self, p):
        def at(i, t, col, n=1):
            self.count(p.tenant, self.w.agent_of(p, i), t, col, n)

        if p.opened_by == 60:
            at(p.open_i, p.open_t, "offered")
        if p.opened_by == 61 and p.phases[0][3] in (1, 3):
            at(p.open_i, p.open_t, "outbound_made" if p.phases[0][3] == 3 else "internal_made")
        if p.answer_i is not None:
            made = p.opened_by == 61
            if not made:
                at(p.answer_i, p.answer_t, "answered")
            if p.answer_type == CONSULT:
                at(p.answer_i, p.answer_t, "consult_made" if made else "consult_received")
        for i, t in p.holds:
            at(i, t, "holds")
        if p.transfer_received:
            at(*p.transfer_received, "transfers_received")
        if p.close_i is None:
            return
        if p.answer_i is None and p.opened_by != 61:
            at(p.close_i, p.close_t, unanswered_as(p))
        if p.close_by == 65 and p.close_state == TRANSFERRED and p.role != "initiated_consult":
            at(p.close_i, p.close_t, "transfers_made")
        if p.role in ("initiated_consult", "received_consult") or p.answer_i is None:
            return
        if span_ms(p.answer_t, p.close_t) < SHORT_MS:
            at(p.close_i, p.close_t, "short_calls")
        if p.leg_agent and p.handled_at is not None and self.w.agent_of(p, p.close_i) == p.leg_agent:
            self.count(p.tenant, p.leg_agent, p.handled_at, "handled")
            self.count(p.tenant, p.leg_agent, p.handled_at, "handle_ms", p.handle_ms)

    def book_attempt(self, s, p):
        if p.leg_agent is None:
            return
        key = (s.tenant, p.leg_agent, f"{s.queue}@{s.switch}")

        def add(col, spans):
            for a, b in spans:
                for at, part in cut(a, b):
                    self.aq[(*key, at)][col] += part

        if p.opened_by == 60:
            self.aq[(*key, floor(p.open_t))]["offered"] += 1
        add("ring_ms", p.f["ring"])
        if p is not s.leg:
            return
        self.aq[(*key, floor(p.answer_t))]["answered"] += 1
        add("talk_ms", p.f["talk"] + p.f["consult"])
        add("hold_ms", p.f["hold"])
        add("acw_ms", p.f["acw"])
        if p.handled_at is not None:
            row = self.aq[(*key, floor(p.handled_at))]
            row["handled"] += 1
            row["handle_ms"] += p.handle_ms

    def agent_rows(self):
        def head(tenant, agent, at):
            sw = self.w.sessions_of[(tenant, agent)][0].switch
            return {
                "tenant_id": tenant, "agent_id": agent, "media_type": "voice", "interval_start": at,
                "interval_ms": STEP // 1000, "coverage_ms": self.coverage((tenant, sw), at), "status": "final",
            }

        for (tenant, agent, at), row in self.ai.items():
            if any(row.values()):
                self.rows["agent_interval"].append(head(tenant, agent, at) | row)
        for (tenant, agent, queue, at), row in self.aq.items():
            if any(row.values()):
                self.rows["agent_queue_interval"].append(head(tenant, agent, at) | {"queue_id": queue} | row)
        for (tenant, agent, state, key, code, at), row in self.ar.items():
            if any(row.values()):
                self.rows["agent_reason_interval"].append(
                    head(tenant, agent, at) | {"state": state, "reason_key": key, "reason_code": code} | row)
