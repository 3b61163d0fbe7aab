"""Generates small random feeds that visit the corners: same inputs, same bytes.

    python3 logs.py --seed N --events 500 [--dirt] [--outages] [--switches 2] > feed.ndjson

Every call follows one of the call models of the T-Library (`calls.py`); many calls and agents are interleaved. Delays
of zero, of exactly the settling time and of exactly the thresholds are common, and so are events on interval edges.
"""
import argparse
import json
import random
import sys

from calls import START, Call, Script, World


def agent_script(world, agent, switch, dns):
    """A shift: logins on one or two DNs, ready, breaks with reasons, perhaps a logout, perhaps none."""
    r = world.rng
    s = Script(world, START + r.randrange(120_000_000), switch)
    queues = [q for q in world.queues if r.random() < 0.5]
    known = lambda: agent if r.random() < 0.8 else None
    for _ in range(r.choice([1, 1, 2])):
        if r.random() < 0.85:
            for dn in dns:
                world.holder[switch, dn] = agent
                for q in queues or [None]:
                    mode = r.choice([None, "AutoIn", "AuxWork"])
                    s.say("EventAgentLogin", dn, AgentID=agent, ThisQueue=q, AgentWorkMode=mode)
                    s.short()
        else:
            s.say("EventAgentReady", dns[0], AgentID=agent)
        while s.t < world.end and r.random() < 0.85:
            s.wait(200)
            dn, x = r.choice(dns), r.random()
            if x < 0.4:
                s.say("EventAgentReady", dn, AgentID=known(), AgentWorkMode=r.choice(["AutoIn", "ManualIn", None]))
            elif x < 0.8:
                mode = r.choice(["AuxWork", "LegalGuard", "AfterCallWork", "WalkAway", 5, None])
                reasons = {"Break": r.choice(["Lunch", "Tea"]), "Second": 1} if r.random() < 0.4 else None
                ext = {"ReasonCode": r.choice(["7", 8])} if r.random() < 0.3 else None
                s.say("EventAgentNotReady", dn, AgentID=known(), AgentWorkMode=mode, Reasons=reasons, Extensions=ext)
            elif x < 0.88:
                s.say(r.choice(["EventDNDOn", "EventDNDOff"]), dn)
            elif x < 0.93:
                s.say(r.choice(["EventOffHook", "EventOnHook"]), dn)
            elif x < 0.97 and queues:
                s.say("EventQueueLogout", dn, AgentID=known(), ThisQueue=r.choice(queues))
            else:
                s.say("EventAgentLogin", dn, AgentID=agent, ThisQueue=r.choice(queues or [None]))
        if r.random() < 0.7:
            for dn in dns:
                s.say("EventAgentLogout", dn, AgentID=known())
                s.short()
        s.wait(100)
    return s


MODELS = {"acd": 8, "routed": 5, "direct": 3, "internal": 2, "outbound": 2, "parallel": 2, "predictive": 1}


def generate(seed, events, dirt=False, outages=False, switches=1):
    """The lines of a feed."""
    rng = random.Random(seed)
    w = World(rng, switches)
    w.holder = {}
    said, tie = [], 0

    def take(script):
        nonlocal tie
        tie += 1
        # Scripts may step back a little; within one script the order said is the order kept.
        t = 0
        for n, (at, e) in enumerate(script.said):
            t = max(t, at)
            e["TimeinSecs"], e["TimeinuSecs"] = t // 1_000_000, t % 1_000_000
            said.append((t, tie_key[tie % len(tie_key)], tie, n, e))

    tie_key = [rng.random() for _ in range(97)]
    free = {sw: list(w.phones) for sw in w.switches}
    for agent in w.agents:
        for sw in w.switches if rng.random() < 0.3 else [rng.choice(w.switches)]:
            dns = [free[sw].pop(0) for _ in range(min(len(free[sw]), rng.choice([1, 1, 2])))]
            if dns:
                take(agent_script(w, agent, sw, dns))
    if rng.random() < 0.5:  # somebody else logs in on a bound DN
        take(agent_script(w, "A9", w.switches[0], [rng.choice(w.phones)]))
    names = [m for m, n in MODELS.items() for _ in range(n)]
    while len(said) < events:
        call = Call(w, rng.randrange(START, w.end), rng.choice(w.switches))
        getattr(call, rng.choice(names))()
        take(call)
    if outages:
        for sw in w.switches:
            s = Script(w, rng.randrange(START, w.end), sw)
            s.say(rng.choice(["EventLinkDisconnected", "EventServerDisconnected"]), "")
            s.wait(120)
            s.say("EventLinkConnected", "")
            take(s)
    said.sort(key=lambda x: x[:4])
    said = said[:events]
    return finish(rng, [x[4] for x in said], w, dirt)


def finish(rng, events, w, dirt):
    """Numbers the events, then loses, doubles and shuffles some."""
    number = {sw: rng.choice([1, 1000]) for sw in w.switches}
    start, numbered = rng.random() < 0.5, dirt or rng.random() < 0.9
    out = []
    for e in events:
        out.append(e)
        if dirt and rng.random() < 0.02:
            out.append(orphan(rng, e, w))
    for e in out if numbered else []:
        number[e["Switch"]] += rng.choice([1, 1, 1, 3])
        e["EventSequenceNumber"] = number[e["Switch"]]
        if start:
            e["ServerStartTime"] = 1_699_000_000
    if dirt:
        out = [e for e in out if rng.random() > 0.03]
        # Each event is late by less than the reorder window; duplicates come with the same number.
        late = [(stamp(e) + rng.randrange(1_900_000) * (rng.random() < 0.3), n, e) for n, e in enumerate(out)]
        again = [e for e in out if rng.random() < 0.03]
        late += [(stamp(e) + rng.randrange(1_900_000), len(out) + n, e) for n, e in enumerate(again)]
        late.sort(key=lambda x: x[:2])
        out = [e for _, _, e in late]
    return [json.dumps(e, separators=(",", ":")) for e in out]


def stamp(e):
    return e["TimeinSecs"] * 1_000_000 + e["TimeinuSecs"]


def orphan(rng, e, w):
    """An event of a call or a DN that nobody heard of."""
    kind = rng.choice(["EventReleased", "EventHeld", "EventRetrieved", "EventEstablished", "EventPartyChanged",
                       "EventAbandoned", "EventDiverted", "EventRouteUsed", "EventSomethingNew", "EventAgentReady"])
    queue = kind in ("EventDiverted", "EventRouteUsed", "EventAbandoned")
    return {"Event": kind, "TimeinSecs": e["TimeinSecs"], "TimeinuSecs": e["TimeinuSecs"], "Switch": e["Switch"],
         "ThisDN": rng.choice(w.queues if queue else [*w.phones, "6666"]),
         "ConnID": f"{0x0077_0000_0000_0000 + rng.randrange(50):016x}",
         "CallType": rng.choice(["Inbound", "Martian", 3]),
         "PreviousConnID": f"{0x0077_0000_0000_0000 + rng.randrange(50):016x}"}


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--events", type=int, default=500)
    args.add_argument("--switches", type=int, default=1, choices=[1, 2])
    args.add_argument("--dirt", action="store_true", help="drops, duplicates, reordering, orphans, unknown values")
    args.add_argument("--outages", action="store_true", help="a link outage on every switch")
    a = args.parse_args()
    for line in generate(a.seed, a.events, a.dirt, a.outages, a.switches):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
