"""The call models of the T-Library as scripts of events, for `logs.py`.

A `Script` has a clock and says events; a `Call` follows one model and may run into others. No numbers, no dirt.
"""
START = 1_699_956_000 * 1_000_000 - 400_000_000  # shortly before an interval edge
STEP = 900_000_000
DELAYS = [0, 0, 0, 1, 999, 1000, 500_000, 1_999_999, 2_000_000, 2_000_001, 4_999_000, 5_000_000, 19_999_999, 20_000_000,
          20_001_000]


class World:
    def __init__(self, rng, switches):
        self.rng, self.scripts, self.next_call = rng, [], 0
        self.switches = ["east", "west"][:switches]
        self.phones = [f"70{n:02d}" for n in range(1, 9)]
        self.agents = [f"A{n}" for n in range(1, 6)]
        self.queues, self.points, self.virtual = ["8001", "8002", "8003"], ["9001", "9002"], ["VQ_gold", "VQ_all"]
        self.uuids = rng.random() < 0.7
        self.end = START + rng.choice([600, 1500, 3000]) * 1_000_000


class Script:
    """A clock and the events said so far, in order; the clock never goes back."""

    def __init__(self, world, t, switch):
        self.w, self.r, self.t, self.switch, self.said = world, world.rng, t, switch, []

    def wait(self, most=40):
        r = self.r
        if r.random() < 0.06:
            edge = (self.t // STEP + 1) * STEP
            if edge - self.t < 600_000_000:
                self.t = edge
                return
        self.t += r.choice(DELAYS) if r.random() < 0.5 else r.randrange(most * 1_000_000)

    def short(self):
        """A delay within which things belong together."""
        self.t += self.r.choice([0, 0, 1, 1000, 200_000, 1_000_000, 1_999_999, 2_000_000])

    def say(self, event, dn, **attributes):
        e = {"Event": event, "TimeinSecs": self.t // 1_000_000, "TimeinuSecs": self.t % 1_000_000,
             "Switch": self.switch, "ThisDN": dn}
        if not dn:
            del e["ThisDN"]
        e |= {k: v for k, v in attributes.items() if v is not None}
        self.said.append((self.t, e))


class Call(Script):
    def __init__(self, world, t, switch, call_type="Inbound"):
        super().__init__(world, t, switch)
        self.c1, self.type, self.ani = self.new_conn(), call_type, f"555{self.r.randrange(10_000):04d}"
        self.phones = self.r.sample(world.phones, 4)

    def new_conn(self):
        self.w.next_call += 1
        return 0x0065_0290_0000_0000 + self.w.next_call

    def ev(self, event, dn, conn=None, ct=None, **more):
        conn = conn or self.c1
        r = self.r
        core = {"ConnID": f"{conn:016x}", "CallType": ct or self.type, "CallState": "Ok", "ANI": self.ani}
        if self.w.uuids:
            core["CallUUID"] = f"{conn & 0xffffffff:032X}"
        core |= more
        if r.random() < 0.03:
            core.pop(r.choice(["CallType", "CallState", "ANI"]), None)
        if r.random() < 0.02:
            core["AgentID"] = r.choice(self.w.agents)
        self.say(event, dn, **core)

    def hang_up(self, dn, conn=None, state="Ok", **more):
        self.ev("EventReleased", dn, conn, CallState=state, **more)

    def talk(self, dn, queue=None, conn=None, ct=None):
        """Connected, perhaps with holds; the clock ends where the talk does."""
        r = self.r
        for _ in range(r.choice([0, 0, 0, 1, 2])):
            self.wait()
            self.ev("EventHeld", dn, conn, ct, ThisQueue=queue)
            self.wait(20)
            if r.random() < 0.9:
                self.ev("EventRetrieved", dn, conn, ct, ThisQueue=queue)
        self.wait(90)

    def release(self, dn, conn=None, **more):
        """Leaves the call, perhaps with after-call work that begins before or after it."""
        acw, early = self.r.random() < 0.35, self.r.random() < 0.4
        agent = self.r.random() < 0.5 and self.w.holder.get((self.switch, dn)) or None
        mode = {"AgentID": agent, "AgentWorkMode": "AfterCallWork"}
        if acw and early:
            self.say("EventAgentNotReady", dn, **mode)
            self.short()
        self.hang_up(dn, conn, **more)
        if acw and not early:
            self.short()
            self.say(*("EventAgentAfterCallWork", dn) if self.r.random() < 0.15 else ("EventAgentNotReady", dn), **mode)
        if acw and self.r.random() < 0.9:
            self.wait(30)
            self.say("EventAgentReady", dn, AgentID=agent, AgentWorkMode="AutoIn")
        if self.r.random() < 0.05:
            self.say("EventOffHook", dn)
            self.wait(10)
            self.say("EventOnHook", dn)

    def ring(self, dn, queue=None, conn=None, ct=None, **more):
        if self.r.random() < 0.08:
            self.say("EventOffHook", dn)
        self.ev("EventRinging", dn, conn, ct, ThisQueue=queue, ThisDNRole="Destination", OtherDN=self.ani, **more)

    def answer(self, dn, queue=None, conn=None, ct=None, **more):
        self.ev("EventEstablished", dn, conn, ct, ThisQueue=queue, **more)

    def enter(self, queue, conn=None, ct=None, vqid=None, kind="EventQueued"):
        ext = {"VQID": vqid, "SIGNATURE": "router"} if vqid else None
        self.ev(kind, queue, conn, ct, ThisQueue=queue, Extensions=ext)

    def leave(self, queue, target, conn=None, ct=None, event="EventDiverted", **more):
        self.ev(event, queue, conn, ct, ThisQueue=queue, ThirdPartyDN=target, **more)

    # -- from a queue to an agent ----------------------------------------------------------------------------

    def deliver(self, queue, dn, conn=None, ct=None, event="EventDiverted", tell=True):
        """Diverted and ringing in either order; perhaps one of them is missing; perhaps the report comes late."""
        r, this_queue = self.r, queue if tell else None
        target = dn if r.random() < 0.95 else None
        style = r.random()
        if style < 0.6:
            self.leave(queue, target, conn, ct, event)
            self.short()
            self.ring(dn, this_queue, conn, ct)
        elif style < 0.8:
            self.ring(dn, this_queue, conn, ct)
            self.short()
            self.leave(queue, target, conn, ct, event)
        elif style < 0.87 and tell:
            self.ring(dn, this_queue, conn, ct)
        elif style < 0.93:
            self.ring(dn, this_queue, conn, ct)
            self.short()
            self.answer(dn, this_queue, conn, ct)
            self.short()
            self.leave(queue, target, conn, ct, event)
            return True
        else:
            self.leave(queue, target, conn, ct, event)
            self.wait(5)
            self.ring(dn, this_queue, conn, ct)
        if event == "EventRouteUsed" and r.random() < 0.5:
            self.short()
            self.leave(queue, target, conn, ct)
        return False

    def outcome(self, queue, dn, conn=None, ct=None, tell=True, answered=False):
        """What the agent does with it. True when he talks and is still on the call."""
        r = self.r
        if answered:
            return True
        self.wait(25)
        x = r.random()
        if x < 0.7:
            self.answer(dn, queue if tell else None, conn, ct)
            return True
        if x < 0.8:
            self.ev("EventAbandoned", dn, conn, ct, ThisQueue=queue, CallState="Abandoned")
        elif x < 0.85:
            self.hang_up(dn, conn, r.choice(["Abandoned", "RemoteRelease"]))
        else:
            self.hang_up(dn, conn, r.choice(["NoAnswer", "Redirected", "Forwarded", "Ok", "Pickedup"]))
            return self.returned(queue, conn, ct, tell)
        return False

    def returned(self, queue, conn, ct, tell):
        """Ring no answer: the next agent, the queue again, or nothing."""
        r = self.r
        if r.random() < 0.3:
            self.say(r.choice(["EventAgentNotReady", "EventAgentLogout"]), self.phones[0], AgentWorkMode="AuxWork")
        x = r.random()
        if x < 0.35:
            self.short()
            self.ring(self.phones[1], queue if tell else None, conn, ct)
            self.wait(10)
            if r.random() < 0.7:
                self.answer(self.phones[1], queue if tell else None, conn, ct)
                self.talk(self.phones[1], queue, conn, ct)
            self.release(self.phones[1], conn)
        elif x < 0.75:
            self.short()
            self.enter(queue, conn, ct)
            self.wait()
            if r.random() < 0.5:
                self.ev("EventAbandoned", queue, conn, ct, ThisQueue=queue, CallState="Abandoned")
            else:
                dn = r.choice(self.phones)
                done = self.deliver(queue, dn, conn, ct)
                if not done:
                    self.wait(10)
                    self.answer(dn, queue, conn, ct)
                self.talk(dn, queue, conn, ct)
                self.release(dn, conn)
        return False

    def finish(self, dn, queue=None, conn=None, ct=None):
        """From answered to the end: mostly talk, sometimes another model begins here."""
        x = self.r.random()
        conn = conn or self.c1
        if x < 0.6:
            self.talk(dn, queue, conn, ct)
            if self.r.random() < 0.96:
                self.release(dn, conn)
        elif x < 0.75:
            self.consult(dn, conn)
        elif x < 0.8:
            self.to_queue(dn, conn)
        elif x < 0.87:
            self.single_step(dn, conn)
        elif x < 0.95:
            self.conference(dn, conn)
        else:
            self.observe(dn, conn)

    # -- models ----------------------------------------------------------------------------------------------

    def direct(self):
        b = self.phones[0]
        if self.r.random() < 0.9:
            self.ring(b)
            self.wait(20)
        if self.r.random() < 0.15:
            self.hang_up(b, state=self.r.choice(["NoAnswer", "Abandoned", "Busy"]))
            return
        self.answer(b)
        self.finish(b)

    def internal(self):
        self.type = "Internal"
        a, b, r = self.phones[0], self.phones[1], self.r
        self.ev("EventDialing", a, ThisDNRole="Origination", OtherDN=b)
        self.short()
        x = r.random()
        if x < 0.2:
            self.ev("EventDestinationBusy", a, CallState=r.choice(["Busy", "SitInvalidnum"]))
            self.wait(8)
            self.hang_up(a, state=r.choice(["Ok", "Busy"]))
            return
        if x < 0.3:
            self.hang_up(a)
            return
        self.ring(b)
        self.wait(15)
        if x < 0.4:
            self.hang_up(a)
            self.ev("EventAbandoned", b, CallState="Abandoned")
            return
        self.answer(a)
        self.answer(b)
        self.talk(a)
        self.release(a)
        self.short()
        self.release(b)

    def outbound(self):
        self.type = "Outbound"
        b = self.phones[0]
        self.ev("EventDialing", b, ThisDNRole="Origination", OtherDN="5550199")
        if self.r.random() < 0.6:
            self.short()
            self.ev("EventNetworkReached", b)
        self.wait(20)
        if self.r.random() < 0.25:
            self.hang_up(b, state=self.r.choice(["Ok", "Busy", "NoAnswer", "Transferred"]))
            return
        self.answer(b)
        self.finish(b)

    def acd(self):
        q, b, r = self.r.choice(self.w.queues), self.phones[0], self.r
        self.enter(q)
        if r.random() < 0.1:
            self.enter(q)
        self.wait()
        x = r.random()
        if x < 0.2:
            self.ev("EventAbandoned", q, ThisQueue=q, CallState=r.choice(["Ok", "Abandoned"]))
        elif x < 0.25:
            self.leave(q, None, CallState=r.choice(["Cleared", "Redirected", "Ok"]))
        elif x < 0.3:
            self.ev("EventReleased", q, ThisQueue=q, CallState=r.choice(["QueueFull", "Cleared"]))
        elif x < 0.4:
            other = r.choice([o for o in self.w.queues if o != q])
            self.leave(q, other)
            self.short()
            self.enter(other)
            self.wait()
            if self.outcome(other, b, answered=self.deliver(other, b)):
                self.finish(b, other)
        elif x < 0.43:
            self.leave(q, "5559999")
        elif x < 0.95:
            if self.outcome(q, b, answered=self.deliver(q, b)):
                self.finish(b, q)

    def parallel(self):
        """Waits in two queues; one distributes, both say EventDiverted."""
        q1, q2 = self.r.sample(self.w.queues, 2)
        b = self.phones[0]
        self.enter(q1)
        self.short()
        self.enter(q2)
        self.wait()
        self.leave(q2, b if self.r.random() < 0.7 else None)
        if self.outcome(q1, b, answered=self.deliver(q1, b)):
            self.finish(b, q1)

    def routed(self):
        r, rp, b = self.r, self.r.choice(self.w.points), self.phones[0]
        if r.random() < 0.6:
            self.enter(rp)
            self.short()
        self.enter(rp, kind="EventRouteRequest")
        virtual = [(v, f"v{self.w.next_call}{v}") for v in r.sample(self.w.virtual, r.choice([0, 1, 1, 2]))]
        for v, vqid in virtual:
            self.enter(v, vqid=vqid)
        if r.random() < 0.4:
            self.wait(10)
            self.ev("EventTreatmentApplied", rp)
            self.wait(10)
            self.ev("EventTreatmentEnd", rp)
        self.wait()
        x = r.random()
        if x < 0.2:
            for v, vqid in virtual:
                if r.random() < 0.9:
                    self.ev("EventAbandoned", v, ThisQueue=v, CallState="Abandoned", Extensions={"VQID": vqid})
            self.ev("EventAbandoned", rp, ThisQueue=rp, CallState="Abandoned")
            return
        if x < 0.4:
            q = self.r.choice(self.w.queues)
            self.leave(rp, q, event="EventRouteUsed", RouteType="Unknown")
            self.end_virtual(virtual, q)
            self.short()
            self.enter(q)
            self.wait()
            if self.outcome(q, b, answered=self.deliver(q, b)):
                self.finish(b, q)
            return
        if x < 0.45:
            self.leave(rp, None, event="EventRouteUsed", RouteType="Default")
            self.end_virtual(virtual, None)
            self.wait(5)
            self.ring(b)
            self.wait(10)
            self.answer(b)
            self.finish(b)
            return
        tell = r.random() < 0.3
        done = self.deliver(rp, b, event="EventRouteUsed", tell=tell)
        self.end_virtual(virtual, b)
        if self.outcome(rp, b, tell=tell, answered=done):
            self.finish(b, rp if tell else None)

    def end_virtual(self, virtual, target):
        r = self.r
        winner = r.choice(virtual)[1] if virtual else None
        with_rvqid = r.random() < 0.7
        for v, vqid in virtual:
            if r.random() < 0.07:
                continue
            third = target if vqid == winner or r.random() < 0.3 else None
            data = {"RVQID": winner} if with_rvqid else None
            self.leave(v, third, CallState="Ok" if vqid == winner else "Redirected", UserData=data,
                       Extensions={"VQID": vqid})

    def begin_consult(self, b, c1, key):
        c2, c = self.new_conn(), self.phones[2]
        self.wait(20)
        self.ev("EventHeld", b, c1)
        self.short()
        self.ev("EventDialing", b, c2, "Consult", OtherDN=c, **{key: f"{c1:016x}"})
        self.ring(c, None, c2, "Consult", PreviousConnID=f"{c1:016x}")
        return c2, c

    def consult(self, b, c1):
        r = self.r
        c2, c = self.begin_consult(b, c1, "TransferConnID")
        x = r.random()
        if x < 0.15:
            self.wait(15)
            self.hang_up(b, c2, "Ok")
            self.ev("EventAbandoned", c, c2, "Consult", CallState="Abandoned")
            self.ev("EventRetrieved", b, c1)
            self.talk(b, None, c1)
            self.release(b, c1)
            return
        blind = x < 0.4
        if not blind:
            self.wait(10)
            self.answer(b, None, c2, "Consult")
            self.answer(c, None, c2, "Consult")
            self.wait(40)
            if x < 0.55:
                self.hang_up(b, c2, CallType="Consult")
                self.hang_up(c, c2, CallType="Consult")
                self.ev("EventRetrieved", b, c1)
                self.talk(b, None, c1)
                self.release(b, c1)
                return
        changed = {"PreviousConnID": f"{c2:016x}", "CallState": "Transferred", "ThirdPartyDN": b,
                   "ThirdPartyDNRole": "TransferredBy"}
        steps = [lambda: self.hang_up(b, c2, "Transferred", CallType="Consult", ThirdPartyDN=c),
                 lambda: self.release(b, c1, state="Transferred", ThirdPartyDN=c),
                 lambda: self.ev("EventPartyChanged", c, c1, **changed)]
        r.shuffle(steps)
        t = self.t
        for step in steps:
            step()
            self.t = max(t, min(self.t, t + 1_500_000)) if r.random() < 0.5 else self.t
        self.t = max([self.t] + [x for x, _ in self.said])
        if blind:
            self.wait(10)
            if r.random() < 0.2:
                self.hang_up(c, c1, "NoAnswer")
                return
            self.answer(c, None, c1)
        self.talk(c, None, c1)
        self.release(c, c1)

    def to_queue(self, b, c1):
        """A consultation into a queue, completed while it waits, later, or given up."""
        r, q, c2, c = self.r, self.r.choice(self.w.queues), self.new_conn(), self.phones[3]
        self.wait(20)
        self.ev("EventHeld", b, c1)
        self.ev("EventDialing", b, c2, "Consult", OtherDN=q, TransferConnID=f"{c1:016x}")
        self.enter(q, c2, "Consult")
        self.wait(20)
        x = r.random()
        if x < 0.2:
            self.hang_up(b, c2, CallType="Consult")
            self.ev("EventAbandoned", q, c2, "Consult", ThisQueue=q)
            self.ev("EventRetrieved", b, c1)
            self.talk(b, None, c1)
            self.release(b, c1)
            return
        changed = {"PreviousConnID": f"{c2:016x}", "CallState": "Transferred", "ThirdPartyDN": b}
        if x < 0.65:
            self.hang_up(b, c2, "Transferred", CallType="Consult")
            self.release(b, c1, state="Transferred")
            self.ev("EventPartyChanged", q, c1, ThisQueue=q, **changed)
            self.wait(20)
            if self.outcome(q, c, c1, answered=self.deliver(q, c, c1)):
                self.talk(c, q, c1)
                self.release(c, c1)
            return
        done = self.deliver(q, c, c2, "Consult")
        if not done:
            self.wait(10)
            self.answer(c, q, c2, "Consult")
        self.answer(b, None, c2, "Consult")
        self.wait(20)
        self.hang_up(b, c2, "Transferred", CallType="Consult")
        self.release(b, c1, state="Transferred")
        self.ev("EventPartyChanged", c, c1, **changed)
        self.talk(c, q, c1)
        self.release(c, c1)

    def single_step(self, b, c1):
        c = self.phones[2]
        self.wait(30)
        self.release(b, c1, state="Transferred", ThirdPartyDN=c)
        by = {"CallState": "Transferred"} if self.r.random() < 0.5 else {"ThirdPartyDNRole": "TransferredBy"}
        self.ring(c, None, c1, ThirdPartyDN=b, **by)
        self.wait(20)
        if self.r.random() < 0.85:
            self.answer(c, None, c1)
            self.talk(c, None, c1)
            self.release(c, c1)
        else:
            self.hang_up(c, c1, "NoAnswer")

    def conference(self, b, c1):
        r = self.r
        if r.random() < 0.3:
            c = self.phones[2]
            self.wait(20)
            self.ring(c, None, c1, CallState="Conferenced")
            self.wait(10)
            self.answer(c, None, c1)
            self.ev("EventPartyAdded", b, c1, OtherDN=c, OtherDNRole="NewParty", ThirdPartyDN=b,
                    CallState="Conferenced")
        else:
            c2, c = self.begin_consult(b, c1, "ConferenceConnID")
            self.wait(10)
            self.answer(b, None, c2, "Consult")
            self.answer(c, None, c2, "Consult")
            self.wait(20)
            self.hang_up(b, c2, "Conferenced", CallType="Consult")
            self.ev("EventRetrieved", b, c1, CallState="Conferenced")
            self.ev("EventPartyAdded", b, c1, OtherDN=c, OtherDNRole="NewParty", ThirdPartyDN=b,
                    ThirdPartyDNRole="AddedBy", CallState="Conferenced")
            self.ev("EventPartyChanged", c, c1, PreviousConnID=f"{c2:016x}", ThirdPartyDN=b,
                    ThirdPartyDNRole="ConferencedBy", CallState="Conferenced")
        first, second = r.sample([b, c], 2)
        self.wait(60)
        self.release(first, c1)
        self.ev("EventPartyDeleted", second, c1, OtherDN=first, OtherDNRole="DeletedParty")
        self.wait(30)
        self.release(second, c1)

    def observe(self, b, c1):
        c = self.phones[3]
        seen = {"ThisDNRole": "Observer", "CallState": "Bridged"}
        self.wait(20)
        self.ev("EventRinging", c, c1, **seen)
        self.ev("EventPartyAdded", b, c1, OtherDN=c, OtherDNRole="Observer", CallState="Bridged")
        self.short()
        self.ev("EventEstablished", c, c1, **seen)
        self.wait(40)
        for dn in self.r.sample([b, c], 2):
            self.hang_up(dn, c1)
            self.short()

    def predictive(self):
        self.type = "Outbound"
        r, q, b = self.r, self.r.choice(self.w.queues), self.phones[0]
        self.ev("EventDialing", q, ThisQueue=q, ThisDNRole="Origination", OtherDN="5550123")
        self.wait(15)
        if r.random() < 0.3:
            self.ev("EventReleased", q, CallState=r.choice(["NoAnswer", "Busy", "SitVacant"]))
            return
        self.enter(q)
        self.wait(5)
        if self.outcome(q, b, answered=self.deliver(q, b)):
            self.finish(b, q)
