"""Checks the invariants of the history tables on a data directory, or on the model's rows.

    python3 invariants.py DATA | ROWS.json [--first N]

Needs no expectation: it only asks whether the tables agree with themselves. Exit 1 on any violation.
"""
import argparse
import sys
from collections import Counter, defaultdict

from store import read_all
from tables import BESIDE, KEYS, STATE_COLUMN, STEP, floor, upper_ms

OUT = ["answered", "abandoned", "diverted_out", "cleared", "other"]
STATES = list(STATE_COLUMN.values())


class Checks:
    def __init__(self):
        self.done, self.broken, self.notes = Counter(), Counter(), defaultdict(list)

    def that(self, name, ok, *what):
        self.done[name] += 1
        if not ok:
            self.broken[name] += 1
            self.notes[name].append(what)

    def equal(self, name, a, b, *what):
        self.that(name, a == b, *what, a, b)


def who(r):
    return r.get("tenant_id"), r.get("queue_id") or r.get("agent_id"), r.get("interval_start")


def by(rows, *columns):
    groups = defaultdict(list)
    for r in rows:
        groups[tuple(r[c] for c in columns)].append(r)
    return groups


def total(rows, column):
    return sum(r[column] for r in rows)


def lower_ms(upper):
    """Lowest value of the bucket that ends at `upper`."""
    value = upper
    if value <= 255:
        return value
    k = value.bit_length() - 8
    return (value >> k) << k


def queues(c, t):
    segments = by(t["queue_segment"], "tenant_id", "queue_id")
    for q, rows in by(t["queue_interval"], "tenant_id", "queue_id").items():
        rows.sort(key=lambda r: r["interval_start"])
        for r in rows:
            out = sum(r[o] for o in OUT)
            c.equal("period law", r["in_queue_start"] + r["entered"], out + r["in_queue_end"], who(r))
            c.that("levels", r["in_queue_max"] >= max(r["in_queue_start"], r["in_queue_end"]), who(r))
            none = r["in_queue_end"] == 0
            c.equal("longest wait is null without calls", r["longest_wait_ms_at_end"] is None, none, who(r))
            c.that("within", r["answered_within_sl"] <= r["answered"] and r["abandoned_within_sl"] <= r["abandoned"]
                   and r["abandoned_short"] <= r["abandoned"] and r["abandoned_ringing"] <= r["abandoned"], who(r))
            c.equal("maximum is null without calls", r["wait_answered_max_ms"] is None, r["answered"] == 0, who(r))
            c.equal("maximum is null without calls", r["wait_abandoned_max_ms"] is None, r["abandoned"] == 0, who(r))
            c.that("ready within staffed", 0 <= r["agents_ready_ms"] <= r["agents_staffed_ms"], who(r))
        for a, b in zip(rows, rows[1:]):
            c.equal("dense", a["interval_start"] + STEP, b["interval_start"], who(a))
            c.equal("in_queue continuity", a["in_queue_end"], b["in_queue_start"], who(a))
        stays = segments.get(q, [])
        for column in ("queue_ms", "ring_ms"):
            c.equal("cut time sums to stays", total(rows, column), total(stays, column), q, column)
        c.equal("entered is the number of stays", total(rows, "entered"), len(stays), q)
        c.equal("no start before the first interval", rows[0]["in_queue_start"], 0, q)
        answered = Counter(floor(s["answered_at"]) for s in stays if s["answered_at"] is not None)
        for r in rows:
            c.equal("period answered is segments answered", r["answered"], answered[r["interval_start"]], who(r))
        words = Counter(s["outcome"] for s in stays)
        open_ = sum(1 for s in stays if s["outcome"] == "pending")
        c.equal("pending is in_queue_end", rows[-1]["in_queue_end"], open_, q)
        flight = sum(1 for s in stays if s["outcome"] == "pending" and s["left_at"] is not None)
        gone = sum(1 for s in stays if s["distributed_at"] is not None)
        c.equal("distributed", gone, flight + words["answered"] + words["abandoned_ring"] + words["diverted"]
                + words["no_answer_returned"], q)
        c.equal("conservation", len(stays), gone + words["abandoned_queue"] + words["cleared"]
                + words["routed_elsewhere"] + words["unknown"] + open_ - flight, q)


def cohorts(c, t):
    hist = by(t["queue_wait_hist"], "tenant_id", "queue_id", "interval_start", "kind")
    stays = defaultdict(list)
    for s in t["queue_segment"]:
        stays[s["tenant_id"], s["queue_id"], floor(s["entered_at"])].append(s)
    period = by(t["queue_interval"], "tenant_id", "queue_id")
    for q, rows in by(t["queue_cohort_interval"], "tenant_id", "queue_id").items():
        c.equal("period entered is cohort entered", total(rows, "entered"), total(period.get(q, []), "entered"), q)
        for name in ("answered", "abandoned", "wait_answered_ms", "wait_abandoned_ms", "talk_ms", "hold_ms", "acw_ms"):
            c.equal("period total is cohort total", total(rows, name), total(period.get(q, []), name), q, name)
        for r in rows:
            outs = ("answered", "abandoned", "diverted", "cleared", "other", "pending")
            c.equal("cohort law", r["entered"], sum(r[o] for o in outs), who(r))
            here = stays[who(r)]
            c.equal("cohort entered is the number of stays", r["entered"], len(here), who(r))
            for kind in ("answered", "abandoned"):
                buckets = hist.pop((*who(r), kind), [])
                n = total(buckets, "n")
                c.equal("histogram counts", n, r[kind], who(r), kind)
                waits = [s["wait_ms"] for s in here if s["outcome"].startswith(kind)]
                c.equal("cohort wait is the sum of stays", r[f"wait_{kind}_ms"], sum(waits), who(r), kind)
                if buckets and max(waits, default=0) <= 86_400_000:
                    low = sum(lower_ms(b["upper_ms"]) * b["n"] for b in buckets)
                    high = sum(b["upper_ms"] * b["n"] for b in buckets)
                    c.that("histogram mean", low <= r[f"wait_{kind}_ms"] <= high, who(r), kind)
                    last = max(b["upper_ms"] for b in buckets)
                    c.equal("histogram maximum", last, upper_ms(max(waits, default=0)), who(r), kind)
    c.equal("histogram without cohort", len(hist), 0, list(hist)[:3])


def segments(c, t):
    legs = {h["handling_segment_id"]: h for h in t["handling_segment"]}
    calls = {x["call_id"]: x for x in t["call"]} if t.get("call") else {}
    for s in t["queue_segment"]:
        k = s["queue_segment_id"]
        c.equal("wait is queue and ring", s["wait_ms"], s["queue_ms"] + s["ring_ms"], k)
        c.that("no negative time", s["queue_ms"] >= 0 and s["ring_ms"] >= 0, k)
        c.equal("answered_at", s["answered_at"] is not None, s["outcome"] == "answered", k)
        c.that("diverted_to", s["diverted_to"] is None or s["outcome"] == "diverted", k)
        if s["outcome"] == "answered":
            leg = legs.get(s["handling_segment_id"])
            c.that("answered stay has its handling segment", leg is not None and leg["answered_at"] is not None, k)
            if leg:
                c.equal("stay and leg are answered at once", s["answered_at"], leg["answered_at"], k)
                c.equal("stay and leg have one agent", s["answered_by_agent_id"], leg["agent_id"], k)
    for h in t["handling_segment"]:
        k = h["handling_segment_id"]
        if h["released_at"] is not None:
            whole = h["released_at"] // 1000 - h["offered_at"] // 1000
            parts = sum(h[p] for p in ("ring_ms", "dial_ms", "talk_ms", "consult_ms", "hold_ms"))
            c.equal("parts of a leg", parts, whole, k)
        c.equal("result with release", h["result"] is None, h["released_at"] is None, k)
        call = calls.get(h["call_id"])
        if calls:
            c.that("leg has its call", call is not None, k)
        if call and h["released_at"] is not None and call["ended_at"] is not None:
            c.that("leg ends inside its call", h["released_at"] <= call["ended_at"], k)


def agents(c, t):
    reasons = by(t["agent_reason_interval"], "tenant_id", "agent_id", "interval_start", "state")
    sessions = by(t["agent_session"], "tenant_id", "agent_id")
    rows_of = by(t["agent_interval"], "tenant_id", "agent_id")
    for a, rows in rows_of.items():
        for r in rows:
            c.equal("agent time sums to logged in", sum(r[s] for s in STATES), r["logged_in_ms"], who(r))
            c.that("agent time within the interval",
                   all(0 <= r[s] <= r["interval_ms"] for s in [*STATES, "logged_in_ms", "dnd_ms"]), who(r))
            parts = sum(r[f"talk_{x}_ms"] for x in ("inbound", "outbound", "internal", "consult"))
            c.that("talk parts", parts <= r["talk_ms"], who(r))
            for state in ("not_ready", "acw"):
                got = total(reasons.pop((*who(r), state), []), "ms")
                c.equal("reasons sum to the state", got, r[f"{state}_ms"], who(r), state)
        for column in [*STATES, "dnd_ms"]:
            c.equal("intervals sum to sessions", total(rows, column), total(sessions.get(a, []), column), a, column)
        c.equal("intervals sum to sessions", total(rows, "logged_in_ms"), total(sessions.get(a, []), "duration_ms"), a)
        c.equal("logins are sessions", total(rows, "logins"), len(sessions.get(a, [])), a)
        ended = sum(1 for s in sessions.get(a, []) if s["logged_out_at"] is not None)
        c.equal("logouts are ended sessions", total(rows, "logouts"), ended, a)
    left = sum(r["ms"] for group in reasons.values() for r in group)
    c.equal("reason time without agent row", left, 0)
    states = by(t["agent_state"], "agent_session_id")
    for s in t["agent_session"]:
        k = s["agent_session_id"]
        c.equal("session is the sum of its states", sum(s[x] for x in STATES), s["duration_ms"], k)
        rows = sorted(states.get((k,), []), key=lambda r: r["seq"])
        c.equal("states fill the session", total(rows, "duration_ms"), s["duration_ms"], k)
        c.equal("states are numbered", [r["seq"] for r in rows], list(range(1, len(rows) + 1)), k)
        for x, y in zip(rows, rows[1:]):
            c.equal("states touch", x["ended_at"], y["started_at"], k)
            same = all(x[f] == y[f] for f in ("state", "call_type", "reason_key", "reason_code"))
            c.that("states are maximal", not same, k, x["seq"])
        for r in rows:
            c.that("states have a length", r["started_at"] < r["ended_at"], k, r["seq"])


def agent_queues(c, t):
    legs = {h["handling_segment_id"]: h for h in t["handling_segment"]}
    want = defaultdict(Counter)
    for s in t["queue_segment"]:
        h = legs.get(s["handling_segment_id"])
        if s["outcome"] == "answered" and h and h["agent_id"] is not None:
            x = want[s["tenant_id"], h["agent_id"], s["queue_id"]]
            x["answered"] += 1
            x["talk_ms"] += h["talk_ms"] + h["consult_ms"]
            x["hold_ms"] += h["hold_ms"]
            x["acw_ms"] += h["acw_ms"]
    got = by(t["agent_queue_interval"], "tenant_id", "agent_id", "queue_id")
    for k in want.keys() | got.keys():
        for column in ("answered", "talk_ms", "hold_ms", "acw_ms"):
            c.equal("agent and queue sum to legs", total(got.get(k, []), column), want[k][column], k, column)


def handles(c, t, rows):
    hist = by(rows, "tenant_id", "queue_id")
    counted = by(rows, "tenant_id", "queue_id", "interval_start")
    for r in t["queue_cohort_interval"]:
        c.that("handle times of a cohort", total(counted.get(who(r), []), "n") <= r["answered"], who(r))
    for q, period in by(t["queue_interval"], "tenant_id", "queue_id").items():
        buckets = hist.pop(q, [])
        c.equal("handle times are legs handled", total(buckets, "n"), total(period, "handled"), q)
        if all(b["upper_ms"] < 86_400_000 for b in buckets):
            low = sum(lower_ms(b["upper_ms"]) * b["n"] for b in buckets)
            high = sum(b["upper_ms"] * b["n"] for b in buckets)
            c.that("mean of handle times", low <= total(period, "handle_ms") <= high, q)
    c.equal("handle times without queue", len(hist), 0, list(hist)[:3])


def union_ms(stretches):
    """Milliseconds that lie in any of the stretches."""
    length, reached = 0, None
    for a, b in sorted(stretches):
        a = a if reached is None else max(a, reached)
        if b > a:
            length += b // 1000 - a // 1000
        reached = b if reached is None else max(b, reached)
    return length


def logins(c, t, rows):
    last = max((s["logged_in_at"] // 1000 + s["duration_ms"] for s in t["agent_session"]), default=0)
    stretches = by(rows, "agent_session_id")
    members = defaultdict(list)
    for s in t["agent_session"]:
        k = s["agent_session_id"]
        here = stretches.pop((k,), [])
        c.equal("logins are numbered", sorted(r["seq"] for r in here), list(range(1, len(here) + 1)), k)
        own = [r for r in here if r["queue_id"] is None]
        c.equal("a session begins with a login", min(r["logged_in_at"] for r in own), s["logged_in_at"], k)
        ends = [r["logged_out_at"] for r in own]
        c.equal("a session ends with the last logout", None if None in ends else max(ends), s["logged_out_at"], k)
        for r in here:
            end = r["logged_out_at"]
            if end is None:
                end = r["logged_in_at"] // 1000 * 1000 + r["duration_ms"] * 1000
                c.equal("open logins last to the end", end // 1000, last, k, r["seq"])
            if r["queue_id"] is not None:
                members[s["tenant_id"], s["agent_id"], r["queue_id"]].append((r["logged_in_at"], end))
                over = [o for o in own if o["dn"] == r["dn"] and o["logged_in_at"] <= r["logged_in_at"]
                        and (o["logged_out_at"] or end) >= end]
                c.equal("a queue is served on a DN that is logged in", len(over) > 0, True, k, r["seq"])
    c.equal("logins without session", len(stretches), 0)
    got = by(t["agent_queue_interval"], "tenant_id", "agent_id", "queue_id")
    for k in members.keys() | got.keys():
        want = union_ms(members.get(k, []))
        c.equal("membership is the union of logins", total(got.get(k, []), "membership_ms"), want, k)


def trails(c, parties, rows):
    """The states of a party follow one another from its begin to its end; after-call work comes after."""
    states = by(rows, "party_id")
    for p in parties:
        k = p["party_id"]
        here = sorted(states.pop((k,), []), key=lambda r: r["seq"])
        c.equal("states are numbered", [r["seq"] for r in here], list(range(1, len(here) + 1)), k)
        c.equal("states say what was before", [r["prev_state"] for r in here[1:]], [r["state"] for r in here[:-1]], k)
        own = [r for r in here if r["state"] != "wrap"]
        for a, b in zip(own, own[1:]):
            c.equal("states of a party touch", a["left_at"], b["entered_at"], k)
        if own:
            c.equal("states begin with the party", own[0]["entered_at"], p["joined_at"], k)
            c.that("states end with the party", p["left_at"] in (None, own[-1]["left_at"]), k)
        for column, words in (("alerting_ms", ["alerting"]), ("connected_ms", ["connected"]), ("hold_ms", ["held"]),
                              ("queued_ms", ["queued", "treatment"]), ("treatment_ms", ["treatment"])):
            c.equal("states sum to the party", sum(r["duration_ms"] for r in own if r["state"] in words), p[column], k, column)
        for r in here:
            if r["state"] == "wrap" and own:
                c.that("wrap follows the party", r["entered_at"] >= (p["left_at"] or 0), k)
    c.equal("states without party", len(states), 0, list(states)[:3])


def common(c, t):
    keys_of = {**KEYS, **BESIDE}
    for table, rows in t.items():
        keys = Counter(tuple(r[k] for k in keys_of[table]) for r in rows)
        doubled = [k for k, n in keys.items() if n > 1]
        c.equal("keys are unique", len(doubled), 0, table, doubled[:2])
        for r in rows:
            if "coverage_ms" in r:
                c.that("coverage within the interval", 0 <= r["coverage_ms"] <= r["interval_ms"], table, who(r))
            if "interval_start" in r:
                c.equal("interval on the grid", r["interval_start"] % STEP, 0, table, who(r))


def check(tables):
    """All checks on {table: rows}; a table that is None is taken as empty."""
    t = {name: tables.get(name) or [] for name in KEYS}
    beside = {name: tables[name] for name in BESIDE if tables.get(name) is not None}
    c = Checks()
    common(c, {**t, **beside})
    queues(c, t)
    cohorts(c, t)
    segments(c, t)
    agents(c, t)
    agent_queues(c, t)
    if "queue_handle_hist" in beside:
        handles(c, t, beside["queue_handle_hist"])
    if beside.get("party_state"):
        trails(c, beside["party"], beside["party_state"])
    if "agent_session_dn" in beside:
        logins(c, t, beside["agent_session_dn"])
    return c


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("data")
    args.add_argument("--first", type=int, default=5)
    a = args.parse_args()
    tables = read_all(a.data, {**KEYS, **BESIDE})
    absent = [t for t in KEYS if tables.get(t) is None]
    if absent:
        print("no rows:", ", ".join(absent))
    c = check(tables)
    for name, n in c.done.items():
        print(f"{'BROKEN' if c.broken[name] else 'ok    '} {name}: {n} checked" +
              (f", {c.broken[name]} broken" if c.broken[name] else ""))
        for what in c.notes[name][:a.first]:
            print("   ", *what)
    # A table without rows has no file; that it should have some is for the laws to say.
    sys.exit(1 if c.broken or len(absent) == len(KEYS) else 0)


if __name__ == "__main__":
    main()
