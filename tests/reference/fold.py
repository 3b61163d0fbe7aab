"""Builds the complete histories: parties, queue stays, agent bindings, sessions, readiness.

In: events in fold order. Out: a `World` with lists of (time, change). Positions in the event order (`i`) decide what
came first where times are equal. Nothing about intervals is known here. Numbers in brackets are items of the rules.
"""
from collections import defaultdict

SETTLE = 2_000_000
ABANDONED, REMOTE_RELEASE, CLEARED, REDIRECTED, BUSY, TRANSFERRED, CONFERENCED, BRIDGED = 21, 5, 19, 22, 6, 1, 2, 31
OBSERVER, TRANSFERRED_BY = 10, 7
CONSULT = 4
NOT_READY_MODES = {3: "AfterCallWork", 4: "AuxWork", 5: "NoCallDisconnect", 6: "WalkAway"}


class Party:
    """One device's part in a call; keeps its identity when the ConnID changes."""

    def __init__(self, e, opened_by, state):
        self.tenant, self.switch, self.dn = e.tenant, e.switch, e.dn
        self.conn = e.conn
        self.conns = [(e.i, e.t, e.conn)]  # ConnID from this position on
        self.opened_by, self.open_i, self.open_t = opened_by, e.i, e.t
        self.phases = []  # (i, t, state, call type) from this position on
        self.call_type, self.state = 0, None
        self.queue = e.queue  # ThisQueue as last sent
        self.ring_queue = e.queue  # ThisQueue of the opening event
        self.observer = e.role == OBSERVER or e.state == BRIDGED or opened_by == 151
        self.answer_i = self.answer_t = self.answer_type = None
        self.close_i = self.close_t = self.close_by = self.close_state = None
        self.busy_state = None  # CallState of EventDestinationBusy
        self.consult_dial = opened_by == 61 and e.held != 0
        self.conference_mark = opened_by == 60 and e.state == CONFERENCED
        self.transfer_marks = []  # (i, t, by ringing)
        if opened_by == 60 and (e.state == TRANSFERRED or e.third_role == TRANSFERRED_BY):
            self.transfer_marks.append((e.i, e.t, True))
        self.agent_id = ""  # first AgentID of its events
        self.claim_i = self.claim_t = None  # where it was named
        self.holds = []  # events of hold
        self.agent_by_id = False  # decided at the end [32]
        self.leg_agent = None
        self.set(e, state)

    def set(self, e, state):
        """The party is in `state` with the event's call type from here on."""
        if e.call_type is not None:
            self.call_type = e.call_type
        self.state = state
        self.phases.append((e.i, e.t, state, self.call_type))

    def answer(self, e):
        self.answer_i, self.answer_t = e.i, e.t

    def close(self, e):
        self.close_i, self.close_t, self.close_by, self.close_state = e.i, e.t, e.kind, e.state
        self.state = None

    def spans(self, end):
        """(from, to, state, call type) of every phase, open ones up to `end`."""
        stop = self.close_t if self.close_t is not None else end
        for k, (_, t, state, ct) in enumerate(self.phases):
            to = self.phases[k + 1][1] if k + 1 < len(self.phases) else stop
            yield t, to, state, ct


class Stay:
    """One stay of a call in a queue."""

    def __init__(self, e, call_type, call, entry_seq):
        self.tenant, self.switch, self.queue, self.conn = e.tenant, e.switch, e.dn, e.conn
        self.conns, self.vqid = [(e.i, e.t, e.conn)], e.vqid if e.kind == 57 else ""
        self.enter_i, self.enter_t, self.call_type, self.call, self.entry_seq = e.i, e.t, call_type, call, entry_seq
        self.calls = [(e.i, e.t, call)]
        self.left_i = self.left_t = None
        self.closed_by = self.third = self.state = self.rvqid = self.close_vqid = None
        self.answer_party = None
        # Decided later:
        self.outcome, self.attempts, self.end_i, self.end_t, self.no_answers = "pending", [], None, None, []

    def leave(self, e):
        self.left_i, self.left_t, self.closed_by, self.state = e.i, e.t, e.kind, e.state
        self.third, self.rvqid, self.close_vqid = e.third, e.rvqid, e.vqid or self.vqid


class Call:
    """The life of one ConnID on one switch."""

    def __init__(self, e):
        self.tenant, self.switch, self.conn, self.uuid, self.start_t = e.tenant, e.switch, e.conn, e.uuid, e.t
        self.call_type = 0
        self.attempts = []  # [queue, from, to]: dialled from a queue


class Session:
    """One agent from his first DN login to his last logout."""

    def __init__(self, tenant, agent, e, known):
        self.tenant, self.agent, self.switch, self.dn = tenant, agent, e.switch, e.dn
        self.start_i, self.start_t, self.login_known = e.i, e.t, known
        self.end_i = self.end_t = None
        self.superseded = False
        self.readiness = []  # (i, t, state, mode, reason)


class World:
    def __init__(self, events):
        self.events = events
        self.t_last = max((e.t for e in events), default=0)
        self.t_inf = self.t_last + 1  # what is open here is open at the end
        self.first_seen, self.outages, self.switch_down = {}, defaultdict(list), {}
        self.queue_from, self.queue_first = {}, {}  # DN -> position, time from which it is queue-like
        self.vq, self.rp = set(), set()
        self.used_as_phone = set()
        self.parties, self.party_at = [], {}
        self.stays, self.waiting, self.last_left = [], defaultdict(list), {}
        self.calls, self.call_at, self.entries = [], {}, defaultdict(int)
        self.conn_type = {}
        self.conferences = []  # (event, party or None)
        self.bindings, self.bound = defaultdict(list), {}  # DN -> [agent, i, t, i, t, session]
        self.sessions, self.session_at = [], {}
        self.dnd, self.dnd_on = defaultdict(list), {}
        self.hook, self.hook_off = defaultdict(list), {}
        self.assoc, self.assoc_on = [], {}  # [tenant, agent, switch, queue, from, to]
        self.open_on_dn = defaultdict(int)
        self.orphans = 0
        for e in events:
            self.step(e)
        self.finish()

    # -- helpers ---------------------------------------------------------------------------------------------

    @staticmethod
    def key(e):
        return (e.tenant, e.switch, e.dn)

    def is_queue(self, tenant, switch, dn):
        return (tenant, switch, dn) in self.queue_from

    def call(self, e):
        """The call of the event's ConnID, made when this is its first event."""
        k = (e.tenant, e.switch, e.conn)
        c = self.call_at.get(k)
        if c is None or (e.uuid and c.uuid and e.uuid != c.uuid):
            c = self.call_at[k] = Call(e)
            self.calls.append(c)
        if e.call_type is not None:
            c.call_type = e.call_type
        return c

    # -- one event -------------------------------------------------------------------------------------------

    def step(self, e):
        sw = (e.tenant, e.switch)
        self.first_seen.setdefault(sw, e.t)
        if e.kind in (51, 94):
            self.switch_down.setdefault(sw, e.t)
        elif e.kind in (50, 95):
            if sw in self.switch_down:
                self.outages[sw].append((self.switch_down.pop(sw), e.t))
        elif not e.dn:
            return
        elif e.kind in (73, 74, 75, 76, 118, 152):
            self.agent_event(e)
        elif e.kind in (77, 78):
            self.flag(self.dnd, self.dnd_on, e, e.kind == 77)
        elif e.kind in (86, 87):
            self.flag(self.hook, self.hook_off, e, e.kind == 86)
        elif e.conn and (57 <= e.kind <= 72 or e.kind == 151):
            self.call_event(e)

    def flag(self, done, on, e, value):
        k = self.key(e)
        if value:
            on.setdefault(k, e.t)
        elif k in on:
            done[k].append((on.pop(k), e.t))

    def call_event(self, e):
        k = self.key(e)
        own = e.queue == e.dn and e.kind in (57, 58, 59, 61, 72)
        if e.kind in (57, 71) or own or (e.kind == 58 and k not in self.used_as_phone):
            self.queue_from.setdefault(k, e.i)
        if k in self.queue_from:
            self.queue_first.setdefault(k, e.t)
        if e.kind == 57 and e.vqid:
            self.vq.add(k)
        if e.kind == 71:
            self.rp.add(k)
        ck = (e.tenant, e.switch, e.conn)
        if k in self.queue_from:
            self.queue_event(e)
        else:
            self.used_as_phone.add(k)
            self.party_event(e)
        if e.call_type is not None:
            self.conn_type[ck] = e.call_type
            if ck in self.call_at:
                self.call_at[ck].call_type = e.call_type

    # -- queues ----------------------------------------------------------------------------------------------

    def find_waiting(self, e, conn):
        """The open stay an event on the queue DN speaks of: by VQID, else the oldest where one side has none."""
        same = [s for s in self.waiting[self.key(e)] if s.conn == conn]
        exact = [s for s in same if s.vqid == e.vqid]
        loose = [s for s in same if not s.vqid or not e.vqid]
        return (exact or loose or [None])[0]

    def queue_event(self, e):
        k = self.key(e)
        if e.kind in (57, 71):
            if e.kind == 57:
                here = [s for s in self.waiting[k] if s.conn == e.conn and s.vqid == e.vqid]
            else:
                here = [s for s in self.waiting[k] if s.conn == e.conn]
            if here:
                return
            ck = (e.tenant, e.switch, e.conn)
            ct = e.call_type if e.call_type is not None else self.conn_type.get(ck, 0)
            call = self.call(e)
            self.end_attempt(call, e)
            self.entries[(call, k)] += 1
            s = Stay(e, ct, call, self.entries[(call, k)])
            self.stays.append(s)
            self.waiting[k].append(s)
        elif e.kind == 61:
            if not any(s.conn == e.conn for s in self.waiting[k]):
                call = self.call(e)
                if not call.attempts or call.attempts[-1][2] is not None:
                    call.attempts.append([e.dn, e.t, None])
        elif e.kind in (59, 65) and self.attempted(e):
            self.end_attempt(self.call(e), e)
        elif e.kind in (58, 59, 65, 72):
            s = self.find_waiting(e, e.conn)
            if s is not None:
                s.leave(e)
                self.waiting[k].remove(s)
                self.last_left.setdefault((k, e.conn), []).append(s)
                return
            # A later closing event only adds the target [13].
            for s in reversed(self.last_left.get((k, e.conn), [])):
                if e.t - s.left_t <= SETTLE and (s.vqid == e.vqid or not s.vqid or not e.vqid):
                    s.third = s.third or e.third
                    return
            self.orphans += 1
        elif e.kind == 68 and e.prev and e.prev != e.conn:
            for s in self.waiting[k]:
                if s.conn == e.prev:
                    s.conn = e.conn
                    s.conns.append((e.i, e.t, e.conn))
                    s.calls.append((e.i, e.t, self.call(e)))

    def attempted(self, e):
        """Whether the event's call is being dialled from this queue."""
        call = self.call_at.get((e.tenant, e.switch, e.conn))
        return call is not None and bool(call.attempts) and call.attempts[-1][2] is None and call.attempts[-1][0] == e.dn

    @staticmethod
    def end_attempt(call, e):
        if call.attempts and call.attempts[-1][2] is None:
            call.attempts[-1][2] = e.t

    # -- phones ----------------------------------------------------------------------------------------------

    def open(self, e, state):
        p = Party(e, e.kind, state)
        p.calls = [(e.i, e.t, self.call(e))]
        self.end_attempt(p.calls[0][2], e)
        self.parties.append(p)
        self.party_at[(*self.key(e), e.conn)] = p
        self.open_on_dn[self.key(e)] += 1
        if state in ("connected", "held"):
            self.answered(p, e)
        return p

    def answered(self, p, e):
        p.answer(e)
        p.answer_type = p.call_type
        if p.observer:
            return
        # An answer at a party with ThisQueue = a queue that did not let the call go closes its stay [13].
        queue = e.queue or p.queue
        if queue:
            for s in self.waiting[(e.tenant, e.switch, queue)]:
                if s.conn == e.conn:
                    s.leave(e)
                    s.closed_by, s.answer_party = 64, p
                    self.waiting[(e.tenant, e.switch, queue)].remove(s)
                    self.last_left.setdefault(((e.tenant, e.switch, queue), e.conn), []).append(s)
                    break

    def party_event(self, e):
        k = (*self.key(e), e.conn)
        p = self.party_at.get(k)
        if e.kind == 68:
            p = self.changed(e, p)
        if p is None:
            if e.kind == 60:
                p = self.open(e, "alerting")
            elif e.kind == 61:
                p = self.open(e, "dialing")
            elif e.kind in (64, 67, 68):
                p = self.open(e, "connected")
            elif e.kind == 66:
                p = self.open(e, "held")
                p.holds.append((e.i, e.t))
            elif e.kind == 151:
                p = self.open(e, "alerting")
            else:
                self.orphans += e.kind in (59, 65)
                if e.kind == 69:
                    self.conference(e, None)
                return
        elif e.kind in (59, 65):
            if e.call_type is not None:
                p.call_type = e.call_type
            self.note(p, e)
            p.close(e)
            del self.party_at[k]
            dn = self.key(e)
            self.open_on_dn[dn] -= 1
            if not self.open_on_dn[dn] and dn in self.hook_off:
                self.hook[dn].append((self.hook_off.pop(dn), e.t))
            return
        else:
            state = p.state
            self.note(p, e)
            if e.kind in (64, 66, 67) and state in ("alerting", "dialing"):
                state = "held" if e.kind == 66 else "connected"
                p.set(e, state)
                self.answered(p, e)
                if e.kind == 66:
                    p.holds.append((e.i, e.t))
            elif e.kind == 66 and state == "connected":
                p.set(e, "held")
                p.holds.append((e.i, e.t))
            elif e.kind == 67 and state == "held":
                p.set(e, "connected")
            else:
                p.set(e, state)
            if e.kind == 63:
                p.busy_state = e.state
            if e.kind == 69:
                self.conference(e, p)
        self.note(p, e)

    @staticmethod
    def note(p, e):
        if e.agent and not p.agent_id:
            p.agent_id, p.claim_i, p.claim_t = e.agent, e.i, e.t
        p.queue = e.queue or p.queue

    def changed(self, e, p):
        """EventPartyChanged: the party gets a new ConnID and may become transferred or conferenced."""
        new = e.prev and e.prev != e.conn
        if new and p is None:
            p = self.party_at.pop((*self.key(e), e.prev), None)
            if p is not None:
                p.conn = e.conn
                p.conns.append((e.i, e.t, e.conn))
                p.phases.append((e.i, e.t, p.state, p.call_type))
                self.party_at[(*self.key(e), e.conn)] = p
                p.calls.append((e.i, e.t, self.call(e)))
        if new:
            if p is None:
                p = self.open(e, "connected")
            if e.state == CONFERENCED:
                p.conference_mark = True
            if e.state == TRANSFERRED:
                p.transfer_marks.append((e.i, e.t, False))
        return p

    def conference(self, e, p):
        if e.state == CONFERENCED and e.other_role != OBSERVER and e.third == e.dn:
            self.conferences.append((e, p))

    # -- agents ----------------------------------------------------------------------------------------------

    def agent_event(self, e):
        k = self.key(e)
        b = self.bound.get(k)
        if e.kind == 74:
            if b is not None:
                self.unbind(k, e, False)
            return
        if e.kind == 152:
            if b is not None and e.queue:
                self.end_assoc((k, e.queue), e.t)
            return
        if b is not None and e.agent and e.agent != b[0]:
            self.unbind(k, e, True)
            b = None
        if b is None:
            if not e.agent:
                self.orphans += 1
                return
            b = self.bind(k, e)
        session = b[5]
        if e.kind == 73:
            if e.queue:
                self.assoc_on.setdefault((k, e.queue), (e.t, b[0]))
            return
        if e.kind == 75:
            session.readiness.append((e.i, e.t, "ready", e.mode, None))
        else:
            mode = 3 if e.kind == 118 else e.mode
            state = "acw" if mode == 3 else "not_ready"
            session.readiness.append((e.i, e.t, state, mode, self.reason(e, mode)))

    @staticmethod
    def reason(e, mode):
        if e.reason is not None:
            return e.reason
        if mode == 2 and e.kind == 76:
            return ("WorkMode", "LegalGuard")
        return ("WorkMode", NOT_READY_MODES[mode]) if mode in NOT_READY_MODES else ("none", "none")

    def bind(self, k, e):
        ak = (e.tenant, e.agent)
        session = self.session_at.get(ak)
        if session is None:
            session = self.session_at[ak] = Session(e.tenant, e.agent, e, e.kind == 73)
            session.dns = set()
            self.sessions.append(session)
            session.readiness.append((e.i, e.t, "not_ready", e.mode, self.reason(e, e.mode)))
        session.dns.add(k)
        b = self.bound[k] = [e.agent, e.i, e.t, None, None, session]
        self.bindings[k].append(b)
        return b

    def unbind(self, k, e, superseded):
        b = self.bound.pop(k)
        b[3], b[4] = e.i, e.t
        for key in [key for key in self.assoc_on if key[0] == k]:
            self.end_assoc(key, e.t)
        session = b[5]
        session.dns.discard(k)
        if not session.dns:
            session.end_i, session.end_t, session.superseded = e.i, e.t, superseded
            del self.session_at[(session.tenant, session.agent)]

    def end_assoc(self, key, t):
        if key in self.assoc_on:
            start, agent = self.assoc_on.pop(key)
            (tenant, switch, _), queue = key
            self.assoc.append((tenant, agent, switch, queue, start, t))

    # -- the end ---------------------------------------------------------------------------------------------

    def finish(self):
        for key in list(self.assoc_on):
            self.end_assoc(key, self.t_last)
        for done, on in ((self.dnd, self.dnd_on), (self.hook, self.hook_off)):
            for k, start in on.items():
                done[k].append((start, self.t_inf))
        for sw, start in self.switch_down.items():
            self.outages[sw].append((start, self.t_inf))
        self.sessions_of = defaultdict(list)
        for s in self.sessions:
            self.sessions_of[(s.tenant, s.agent)].append(s)
        self.parties_of_conn = defaultdict(list)
        for p in self.parties:
            self.parties_of_conn[(p.tenant, p.switch, p.conns[0][2])].append(p)
            self.attribute(p)

    def binding_at(self, k, i):
        for b in self.bindings.get(k, ()):
            if b[1] <= i and (b[3] is None or i < b[3]):
                return b
        return None

    def attribute(self, p):
        """Whether the party's agent is told by its AgentID, and the agent of its segment [32]."""
        k, last = (p.tenant, p.switch, p.dn), p.close_i if p.close_i is not None else len(self.events)
        over = [b for b in self.bindings.get(k, ()) if b[1] <= last and (b[3] is None or b[3] > p.open_i)]
        # From the event that names him until somebody logs in on the DN.
        p.claim_end_i = min((max(b[1], p.open_i) for b in over), default=None)
        p.claim_end_t = min((max(b[2], p.open_t) for b in over), default=None)
        p.agent_by_id = bool(p.agent_id) and (p.claim_end_i is None or p.claim_i < p.claim_end_i)
        at_answer = self.agent_of(p, p.answer_i) if p.answer_i is not None else None
        p.leg_agent = at_answer or self.agent_of(p, p.open_i)

    def session_of(self, tenant, agent, i):
        for s in self.sessions_of.get((tenant, agent), ()):
            if s.start_i <= i and (s.end_i is None or i < s.end_i):
                return s
        return None

    def agent_of(self, p, i):
        """The agent to whom the party is attributed at a position in the event order, or None."""
        if p.agent_by_id and p.claim_i <= i and (p.claim_end_i is None or i < p.claim_end_i):
            return p.agent_id if self.session_of(p.tenant, p.agent_id, i) else None
        b = self.binding_at((p.tenant, p.switch, p.dn), i)
        return b[0] if b else None
