"""Decides, with full knowledge of what came later, what became of every queue stay and every leg.

In: a `World`. Out: the same world with outcomes on stays, roles, results and wraps on parties, and the stretches of
agent status. Numbers in brackets are items of the rules.
"""
from collections import defaultdict

from fold import ABANDONED, BUSY, CLEARED, CONFERENCED, CONSULT, REDIRECTED, REMOTE_RELEASE, SETTLE, TRANSFERRED

TYPES = ["unknown", "internal", "inbound", "outbound", "consult"]
KIND_RANK = {"acd_queue": 0, "virtual_queue": 1, "routing_point": 2}
# Highest first; talking is followed by its call types in this order [35].
TALK_ORDER = [2, 3, 1, 4, 0]


def queue_kind(world, stay_or_key):
    k = stay_or_key if isinstance(stay_or_key, tuple) else (stay_or_key.tenant, stay_or_key.switch, stay_or_key.queue)
    return "virtual_queue" if k in world.vq else "routing_point" if k in world.rp else "acd_queue"


def unanswered_as(p):
    """Result of a ringing party that closed unanswered [25]."""
    if p.close_by == 59 or p.close_state in (ABANDONED, REMOTE_RELEASE):
        return "abandoned_while_ringing"
    return "no_answer"


def decide_stays(world):
    taken = defaultdict(set)  # (queue, VQID) -> parties that belong to one of its stays
    order = sorted((s for s in world.stays if s.left_t is not None), key=lambda s: s.left_i)
    for s in order:
        if s.closed_by == 64:
            taken[own(s)].add(s.answer_party)
    for s in order:
        decide(world, s, taken[own(s)])
    expire_virtual(world)
    name_legs(world)


def own(s):
    return (s.tenant, s.switch, s.queue, s.vqid)


def end(s, outcome, i, t):
    s.outcome, s.end_i, s.end_t = outcome, i, t


def decide(world, s, taken):
    kind = queue_kind(world, s)
    if s.closed_by == 64:
        s.attempts = [s.answer_party]
        end(s, "answered", s.left_i, s.left_t)
        return
    if s.closed_by == 59 or (s.closed_by == 65 and s.state == ABANDONED):
        end(s, "abandoned_queue", s.left_i, s.left_t)
        return
    if kind == "virtual_queue":  # (a), [17]
        if s.rvqid and s.rvqid != s.close_vqid:
            return end(s, "routed_elsewhere", s.left_i, s.left_t)
        if not s.rvqid and not s.third:
            return end(s, "cleared", s.left_i, s.left_t)
    if not s.third and s.state in (CLEARED, REDIRECTED):  # (b)
        return end(s, "cleared", s.left_i, s.left_t)
    if s.third and world.is_queue(s.tenant, s.switch, s.third):  # (c)
        return end(s, "diverted", s.left_i, s.left_t)
    p = target(world, s, taken)  # (d)
    if p is None:  # (e)
        return end(s, "diverted" if s.third else "cleared", s.left_i, s.left_t)
    if kind == "acd_queue" and p.ring_queue and p.ring_queue != s.queue:  # [19]
        return end(s, "routed_elsewhere", s.left_i, s.left_t)
    follow(world, s, p, taken, kind)


def candidates(world, s, taken):
    conns = dict.fromkeys(c for _, _, c in s.conns)
    found = [p for c in conns for p in world.parties_of_conn.get((s.tenant, s.switch, c), ())]
    found = [p for p in found if not p.observer and p not in taken]
    return sorted(found, key=lambda p: p.open_i)


def target(world, s, taken):
    """The party the call left for [12 d]."""
    late = []
    for p in candidates(world, s, taken):
        if p.opened_by not in (60, 64) or p.open_i <= s.enter_i or p.open_t > s.left_t + SETTLE:
            continue
        if (p.dn != s.third) if s.third else (p.ring_queue != s.queue):
            continue
        if p.close_t is None or p.close_t >= s.left_t:
            return p
        if p.answer_t is None and s.left_t - p.close_t <= SETTLE:
            late.append(p)
    return late[0] if late else None


def follow(world, s, p, taken, kind):
    """From the offer to the answer or the end of the stay."""
    while True:
        taken.add(p)
        s.attempts.append(p)
        if p.answer_t is not None:
            if p.answer_t < s.left_t:  # the switch reports late [13]
                s.left_i, s.left_t = p.answer_i, p.answer_t
            return end(s, "answered", p.answer_i, p.answer_t)
        if p.close_t is None:
            return  # pending with left_at
        if p.close_t < s.left_t:
            s.left_i, s.left_t = p.close_i, p.close_t
        if unanswered_as(p) == "abandoned_while_ringing":
            return end(s, "abandoned_ring", p.close_i, p.close_t)
        s.no_answers.append(p.close_t)
        again = further(world, s, p, taken) if kind == "acd_queue" else None  # [16]
        if again is None:
            return end(s, "no_answer_returned", p.close_i, p.close_t)
        p = again


def further(world, s, last, taken):
    conns = {c for _, _, c in s.conns}
    for p in candidates(world, s, taken):
        if p.opened_by != 60 or p.open_i <= last.close_i or p.open_t > last.close_t + SETTLE or p.ring_queue != s.queue:
            continue
        between = any(
            last.close_i < o.enter_i < p.open_i
            for c in conns for o in world.stays_of_conn.get((s.tenant, s.switch, c), ()))
        if not between:
            return p
        return None
    return None


def expire_virtual(world):
    """A virtual stay whose call has ended everywhere for SETTLE ended unseen [28]."""
    for s in world.stays:
        if queue_kind(world, s) != "virtual_queue":
            continue
        conns = {c for _, _, c in s.conns}
        busy = []
        for p in world.parties:
            if (p.tenant, p.switch) != (s.tenant, s.switch):
                continue
            for n, (_, t, c) in enumerate(p.conns):
                to = p.conns[n + 1][1] if n + 1 < len(p.conns) else p.close_t
                if c in conns:
                    busy.append((t, to))
        for o in world.stays:
            if o is not s and (o.tenant, o.switch) == (s.tenant, s.switch) and queue_kind(world, o) != "virtual_queue":
                if conns & {c for _, _, c in o.conns}:
                    busy.append((o.enter_t, o.end_t))
        at, stop = s.enter_t, s.left_t if s.left_t is not None else world.t_last
        for a, b in sorted(busy, key=lambda x: x[0]):
            if a > at + SETTLE:
                break
            at = max(at, world.t_last + 1 if b is None else b)
        if at + SETTLE < stop or (s.left_t is None and at + SETTLE <= stop):
            s.left_t = at + SETTLE
            s.left_i = max((e.i for e in world.events if e.t <= s.left_t), default=0) + 0.5
            s.third, s.attempts, s.no_answers = "", [], []
            end(s, "unknown", s.left_i, s.left_t)


def name_legs(world):
    """Which stay a leg names: ACD queue before winning virtual queue before routing point [18]."""
    for s in sorted(world.stays, key=lambda s: s.enter_i):
        for p in s.attempts:
            best = getattr(p, "stay", None)
            if best is None or KIND_RANK[queue_kind(world, s)] < KIND_RANK[queue_kind(world, best)]:
                p.stay = s


def decide_legs(world):
    delivered = {p for s in world.stays for p in s.attempts}
    for p in world.parties:
        p.stay = getattr(p, "stay", None)
        p.role = role(p)
        p.result = result(p)
        p.transfer_received = None  # (i, t) [43]
        marks = [m for m in p.transfer_marks if not (m[2] and p in delivered)]
        if p.role == "received_transfer" and marks and p.answer_t is not None:
            p.transfer_received = max((p.answer_i, p.answer_t), marks[0][:2])
        p.acw = []  # (from, to, still running)


def role(p):
    if p.opened_by == 61:
        return "initiated_consult" if p.consult_dial else "initiated"
    if p.conference_mark:
        return "in_conference"
    if p.transfer_marks:
        return "received_transfer"
    return "received_consult" if p.call_type == CONSULT else "received"


def result(p):
    if p.close_t is None:
        return None
    if p.answer_t is not None or p.opened_by == 61:
        if p.close_by == 65 and p.close_state == TRANSFERRED:
            return "transferred"
        if p.close_by == 65 and p.close_state == CONFERENCED:
            return "conferenced"
    if p.answer_t is not None:
        return "completed"
    if p.opened_by == 61:
        if p.busy_state == BUSY or (p.close_by == 65 and p.close_state == BUSY):
            return "busy"
        return "error" if p.busy_state is not None else "no_answer"
    return unanswered_as(p)


# -- agents --------------------------------------------------------------------------------------------------


def clip(a, b, lo, hi):
    a, b = max(a, lo), min(b, hi)
    return (a, b) if a < b else None


def session_facts(world, session):
    """(from, to, what) of everything that bears on the agent's status in the session."""
    t_end = session.end_t if session.end_t is not None else world.t_inf
    ak, facts = (session.tenant, session.agent), []
    binds = [
        (k, b[2], b[4] if b[4] is not None else t_end)
        for k, bs in world.bindings.items() for b in bs if b[5] is session
    ]
    for k, lo, hi in binds:
        for p in world.parties_on.get(k, ()):
            if not p.agent_by_id:
                add_party(world, facts, p, lo, hi)
        for a, b in world.hook.get(k, ()):
            add(facts, a, b, lo, hi, ("busy", 0))
        for a, b in world.outages.get(k[:2], ()):
            add(facts, a, b, lo, hi, ("unknown", 0))
    for p in world.parties_by_id.get(ak, ()):
        add_party(world, facts, p, session.start_t, t_end)
    for n, (_, t, state, _, reason) in enumerate(session.readiness):
        to = session.readiness[n + 1][1] if n + 1 < len(session.readiness) else t_end
        add(facts, t, to, session.start_t, t_end, (state, reason))
    session.dnd = [x for k, lo, hi in binds for a, b in world.dnd.get(k, ()) if (x := clip(a, b, lo, hi))]
    return facts, t_end


def add(facts, a, b, lo, hi, what):
    x = clip(a, b, lo, hi)
    if x:
        facts.append((*x, what))


def add_party(world, facts, p, lo, hi):
    for a, b, state, ct in p.spans(world.t_inf):
        if p.observer:
            what = ("busy", 0)
        elif state == "connected":
            what = ("talking", ct)
        else:
            what = ({"alerting": "ringing", "dialing": "dialing", "held": "held"}[state], 0)
        add(facts, a, b, lo, hi, what)


def status(active):
    """(state, call type, reason) of everything that holds at one instant [35]."""
    kinds = {w[0] for w in active}
    if "unknown" in kinds:
        return ("unknown", None, None)
    talk = {w[1] for w in active if w[0] == "talking"}
    for ct in TALK_ORDER:
        if ct in talk:
            return ("talking", TYPES[ct], None)
    if "held" in kinds:
        return ("held", None, None)
    for state in ("acw", "not_ready"):
        for w in active:
            if w[0] == state:
                return (state, None, w[1])
    for state in ("ringing", "dialing", "busy"):
        if state in kinds:
            return (state, None, None)
    return ("ready", None, None)


def decide_agents(world):
    world.parties_on, world.parties_by_id = defaultdict(list), defaultdict(list)
    for p in world.parties:
        world.parties_on[(p.tenant, p.switch, p.dn)].append(p)
        if p.agent_by_id:
            world.parties_by_id[(p.tenant, p.agent_id)].append(p)
    for session in world.sessions:
        facts, t_end = session_facts(world, session)
        edges = sorted({session.start_t, t_end, *(f[0] for f in facts), *(f[1] for f in facts)})
        facts.sort(key=lambda f: f[0])
        rows, active, n = [], [], 0
        for a, b in zip(edges, edges[1:]):
            while n < len(facts) and facts[n][0] <= a:
                active.append(facts[n])
                n += 1
            active = [f for f in active if f[1] > a]
            now = status([f[2] for f in active])
            if rows and rows[-1][2] == now:
                rows[-1][1] = b
            else:
                rows.append([a, b, now])
        stretches(world, session, rows)
        # Open sessions were seen to one microsecond past the last event, which tells what is still running there.
        session.stop = min(t_end, world.t_last)
        session.rows = [(a, min(b, session.stop), now, b <= session.stop) for a, b, now in rows if a < session.stop]
        session.runs = [(a, min(b, session.stop), state) for a, b, state in session.runs if a < session.stop]
        session.dnd = [(a, min(b, session.stop)) for a, b in session.dnd if a < session.stop]


def stretches(world, session, rows):
    """Runs of one status, and to which leg each run of after-call work belongs [38]."""
    runs = []
    for a, b, (state, _, _) in rows:
        if runs and runs[-1][2] == state:
            runs[-1][1] = b
        else:
            runs.append([a, b, state])
    session.runs = runs
    legs = sorted(
        (p for p in world.parties if p.tenant == session.tenant and p.leg_agent == session.agent and not p.observer
         and p.answer_t is not None and p.close_t is not None and p.role != "initiated_consult"),
        key=lambda p: (p.close_t, p.close_i))
    for a, b, state in runs:
        if state != "acw":
            continue
        before = [p for p in legs if p.close_t <= a]
        if before and acw_since(session, a) <= before[-1].close_t + SETTLE:
            if a < world.t_last:
                before[-1].acw.append((a, min(b, world.t_last), b > world.t_last))


def acw_since(session, t):
    """When the readiness that holds at `t` became acw."""
    since = None
    settled = [r for n, r in enumerate(session.readiness)
               if n + 1 == len(session.readiness) or session.readiness[n + 1][1] > r[1]]
    for _, at, state, _, _ in settled:
        if at > t:
            break
        if state != "acw":
            since = None
        elif since is None:
            since = at
    return since


def wrap_end(p):
    """(t) at which the leg is handled, or None [39]."""
    if p.observer or p.answer_t is None or p.close_t is None:
        return None
    if any(running for _, _, running in p.acw):
        return None
    return p.acw[-1][1] if p.acw else p.close_t


def decide_all(world):
    world.stays_of_conn = defaultdict(list)
    for s in world.stays:
        world.stays_of_conn[(s.tenant, s.switch, s.conns[0][2])].append(s)
    decide_stays(world)
    decide_legs(world)
    decide_agents(world)
