"""Small calls worked out by hand from the rules; the model has to agree with them.

    python3 scenarios.py
"""
import json
import sys

from events import load
from model import run_events

BASE = 1_699_956_000  # an interval edge


class Feed:
    """A feed written as (seconds, event, DN, ConnID, attributes)."""

    def __init__(self):
        self.lines = []

    def __call__(self, at, event, dn, conn=None, **more):
        us = round(at * 1_000_000)
        e = {"Event": "Event" + event, "TimeinSecs": BASE + us // 1_000_000, "TimeinuSecs": us % 1_000_000,
             "Switch": "s", "ThisDN": dn, "EventSequenceNumber": len(self.lines) + 1}
        if conn:
            e |= {"ConnID": f"{conn:016x}", "CallType": "Inbound"}
        self.lines.append(json.dumps(e | more))
        return self

    def rows(self):
        return run_events(load(self.lines)[0])


def us(at):
    return BASE * 1_000_000 + round(at * 1_000_000)


def one(rows, **where):
    found = [r for r in rows if all(r[k] == v for k, v in where.items())]
    assert len(found) == 1, (where, found)
    return found[0]


def has(row, **want):
    for k, v in want.items():
        assert row[k] == v, f"{k}: expected {v!r}, is {row[k]!r}"


def login(f, at, dn="71", agent="A", queue=None, ready=True):
    f(at, "AgentLogin", dn, AgentID=agent, **({"ThisQueue": queue} if queue else {}))
    return f(at, "AgentReady", dn) if ready else f


def answered_with_wrap():
    f = login(Feed(), 0, queue="Q")
    f(10, "Queued", "Q", 1, ThisQueue="Q")
    f(15, "Diverted", "Q", 1, ThisQueue="Q", ThirdPartyDN="71")
    f(15.5, "Ringing", "71", 1, ThisQueue="Q")
    f(20, "Established", "71", 1, ThisQueue="Q")
    f(50, "Held", "71", 1)(60, "Retrieved", "71", 1)
    f(899, "Released", "71", 1)(901, "AgentNotReady", "71", AgentWorkMode=3)
    f(931, "AgentReady", "71")(1000, "AgentLogout", "71")
    r = f.rows()
    has(one(r["queue_segment"]), outcome="answered", left_at=us(15), queue_ms=5000, ring_ms=5000, wait_ms=10000,
        answered_by_agent_id="A", entry_seq=1, call_type="inbound", distributed_at=us(15))
    has(one(r["handling_segment"]), ring_ms=4500, talk_ms=869000, hold_ms=10000, hold_count=1, acw_ms=30000,
        acw_started_at=us(901), acw_ended_at=us(931), result="completed", role="received", resource_kind="agent")
    a, b = r["queue_interval"]
    has(a, entered=1, answered=1, handled=0, talk_ms=869000, acw_ms=0, agents_staffed_ms=900000,
        agents_ready_ms=15500 + 1000, coverage_ms=900000, queue_ms=5000, ring_ms=5000, in_queue_max=1, in_queue_end=0)
    has(b, entered=0, handled=1, handle_ms=909000, acw_ms=30000, agents_staffed_ms=100000, coverage_ms=100000)
    x, y = r["agent_interval"]
    has(x, logins=1, offered=1, answered=1, ready_ms=16500, ring_ms=4500, talk_ms=869000, talk_inbound_ms=869000,
        hold_ms=10000, holds=1, not_ready_entries=0, handled=0, logged_in_ms=900000, acw_ms=0)
    has(y, handled=1, handle_ms=909000, acw_ms=30000, ready_ms=70000, logouts=1, last_logout_at=us(1000))
    has(one(r["agent_reason_interval"]), state="acw", reason_key="WorkMode", reason_code="AfterCallWork", ms=30000)
    has(one(r["agent_queue_interval"], interval_start=us(900)), handled=1, membership_ms=100000, acw_ms=30000)


def late_wrap_is_idle():
    f = login(Feed(), 0)
    f(1, "Ringing", "71", 1)(2, "Established", "71", 1)(10, "Released", "71", 1)
    f(12.000001, "AgentNotReady", "71", AgentWorkMode=3)(20, "AgentReady", "71")
    r = f.rows()
    has(one(r["handling_segment"]), acw_ms=0, acw_started_at=None)
    has(one(r["agent_interval"]), acw_ms=8000, handled=1, handle_ms=8000, short_calls=0)


def no_answer_and_further_attempt():
    f = login(login(Feed(), 0), 0, "72", "B")
    f(1, "Queued", "Q", 1, ThisQueue="Q")(5, "Diverted", "Q", 1, ThisQueue="Q", ThirdPartyDN="71")
    f(5, "Ringing", "71", 1, ThisQueue="Q")(15, "Released", "71", 1, CallState=7)
    f(17, "Ringing", "72", 1, ThisQueue="Q")(18, "Established", "72", 1)(30, "Released", "72", 1)
    r = f.rows()
    has(one(r["queue_segment"]), outcome="answered", queue_ms=4000, ring_ms=13000, answered_by_agent_id="B")
    has(one(r["queue_interval"]), answered=1, no_answer=1, other=0, entered=1)
    has(one(r["agent_interval"], agent_id="A"), offered=1, no_answer=1, answered=0)
    f = login(login(Feed(), 0), 0, "72", "B")
    f(1, "Queued", "Q", 1, ThisQueue="Q")(5, "Diverted", "Q", 1, ThisQueue="Q", ThirdPartyDN="71")
    f(5, "Ringing", "71", 1, ThisQueue="Q")(15, "Released", "71", 1, CallState=7)
    f(15, "Queued", "Q", 1, ThisQueue="Q")(16, "Abandoned", "Q", 1, ThisQueue="Q")
    r = f.rows()
    has(one(r["queue_segment"], entry_seq=1), outcome="no_answer_returned", wait_ms=14000)
    has(one(r["queue_segment"], entry_seq=2), outcome="abandoned_queue", wait_ms=1000, is_short_abandon=True)
    has(one(r["queue_interval"]), entered=2, other=1, no_answer=1, abandoned=1, abandoned_short=1, abandoned_ringing=0)


def settling():
    """The target rings exactly at the end of the settling time, or a microsecond later."""
    for late, outcome in ((7.0, "answered"), (7.000001, "diverted")):
        f = Feed()(1, "Queued", "Q", 1, ThisQueue="Q")(5, "Diverted", "Q", 1, ThisQueue="Q", ThirdPartyDN="71")
        f(late, "Ringing", "71", 1)(8, "Established", "71", 1)(9, "Released", "71", 1)
        has(one(f.rows()["queue_segment"]), outcome=outcome, diverted_to="71" if outcome == "diverted" else None)


def abandoned_while_ringing():
    for how in ("Abandoned", "Released"):
        f = login(Feed(), 0)(1, "Queued", "Q", 1, ThisQueue="Q")
        f(3, "Ringing", "71", 1, ThisQueue="Q")(4, "Diverted", "Q", 1, ThisQueue="Q", ThirdPartyDN="71")
        f(24, how, "71", 1, CallState="RemoteRelease")
        r = f.rows()
        has(one(r["queue_segment"]), outcome="abandoned_ring", queue_ms=3000, ring_ms=20000, is_short_abandon=False)
        has(one(r["queue_interval"]), abandoned=1, abandoned_ringing=1, abandoned_within_sl=0, no_answer=0,
            wait_abandoned_max_ms=23000)
        has(one(r["agent_interval"]), abandoned_while_ringing=1, no_answer=0, ring_ms=21000)


def virtual_queues():
    ext = lambda v: {"Extensions": {"VQID": v}}
    f = login(Feed(), 0)(1, "RouteRequest", "RP", 1, ThisQueue="RP")
    f(1, "Queued", "V1", 1, ThisQueue="V1", **ext("x"))(1, "Queued", "V2", 1, ThisQueue="V2", **ext("y"))
    f(10, "RouteUsed", "RP", 1, ThisQueue="RP", ThirdPartyDN="71")(10.1, "Ringing", "71", 1)
    f(12, "Established", "71", 1)
    for v, q in (("V1", "x"), ("V2", "y")):
        f(12.5, "Diverted", v, 1, ThisQueue=v, ThirdPartyDN="71", UserData={"RVQID": "x"}, **ext(q))
    f(20, "Released", "71", 1)
    r = f.rows()
    has(one(r["queue_segment"], queue_id="RP@s"), outcome="answered", queue_ms=9000, queue_kind="routing_point")
    has(one(r["queue_segment"], queue_id="V1@s"), outcome="answered", queue_ms=11000, ring_ms=0, left_at=us(12))
    has(one(r["queue_segment"], queue_id="V2@s"), outcome="routed_elsewhere", wait_ms=11500, distributed_at=None)
    has(one(r["handling_segment"]), queue_id="V1@s")
    assert {x["queue_id"] for x in r["agent_queue_interval"]} == {"RP@s", "V1@s"}
    f = Feed()(0, "Queued", "V1", 1, ThisQueue="V1", **ext("x"))(1, "Ringing", "71", 1)(5, "Released", "71", 1)
    f(60, "AgentLogin", "71", AgentID="A")
    has(one(f.rows()["queue_segment"]), outcome="unknown", left_at=us(7))


def two_step_transfer():
    f = login(login(Feed(), 0), 0, "72", "B")
    f(1, "Ringing", "71", 1)(2, "Established", "71", 1)(10, "Held", "71", 1)
    c = {"CallType": "Consult"}
    f(10, "Dialing", "71", 2, TransferConnID=f"{1:016x}", **c)(11, "Ringing", "72", 2, **c)
    f(13, "Established", "71", 2, **c)(13, "Established", "72", 2, **c)
    f(20, "Released", "71", 2, CallState=1, **c)(20, "Released", "71", 1, CallState=1)
    f(20, "PartyChanged", "72", 1, PreviousConnID=f"{2:016x}", CallState="Transferred")(50, "Released", "72", 1)
    r = f.rows()
    has(one(r["handling_segment"], role="initiated_consult"), dial_ms=3000, consult_ms=7000, result="transferred")
    has(one(r["handling_segment"], role="received"), talk_ms=8000, hold_ms=10000, result="transferred")
    has(one(r["handling_segment"], role="received_transfer"), consult_ms=7000, talk_ms=30000, result="completed")
    has(one(r["agent_interval"], agent_id="A"), transfers_made=1, consult_made=1, handled=1, handle_ms=18000, holds=1,
        hold_ms=3000, talk_ms=15000, talk_consult_ms=7000, dial_ms=0, transfers_received=0)
    has(one(r["agent_interval"], agent_id="B"), transfers_received=1, consult_received=1, offered=1, answered=1,
        handled=1, handle_ms=37000, talk_consult_ms=7000, talk_inbound_ms=30000)


def consultation_into_a_queue():
    f = Feed()(1, "Ringing", "71", 1)(2, "Established", "71", 1)(3, "Held", "71", 1)
    c = {"CallType": "Consult", "ThisQueue": "Q"}
    f(3, "Dialing", "71", 2, CallType="Consult", TransferConnID=f"{1:016x}")(3, "Queued", "Q", 2, **c)
    f(9, "Released", "71", 2, CallType="Consult", CallState=1)(9, "Released", "71", 1, CallState=1)
    f(9, "PartyChanged", "Q", 1, PreviousConnID=f"{2:016x}", ThisQueue="Q")
    f(14, "Diverted", "Q", 1, ThisQueue="Q", ThirdPartyDN="72")(14, "Ringing", "72", 1, ThisQueue="Q")
    f(15, "Established", "72", 1, ThisQueue="Q")(20, "Released", "72", 1)
    r = f.rows()
    has(one(r["queue_segment"]), outcome="answered", call_type="consult", wait_ms=12000)
    has(one(r["queue_interval"]), entered=1, answered=1, talk_ms=5000)


def levels_and_edges():
    f = Feed()(0, "Queued", "Q", 1, ThisQueue="Q")(0, "Abandoned", "Q", 1, ThisQueue="Q")
    f(899.9995, "Queued", "Q", 2, ThisQueue="Q")(900, "Queued", "Q", 3, ThisQueue="Q")
    f(1800, "Abandoned", "Q", 2, ThisQueue="Q")
    a, b, c = f.rows()["queue_interval"]
    has(a, entered=2, abandoned=1, in_queue_start=0, in_queue_end=1, in_queue_max=1, queue_ms=1,
        longest_wait_ms_at_end=1)
    has(b, entered=1, in_queue_start=1, in_queue_end=2, in_queue_max=2, queue_ms=1800000, longest_wait_ms_at_end=900001)
    has(c, abandoned=1, in_queue_start=2, in_queue_end=1, in_queue_max=2, coverage_ms=0, queue_ms=0,
        longest_wait_ms_at_end=900000, wait_abandoned_ms=900001)


def repeats_reordering_and_skew():
    f = Feed()(0, "Queued", "Q", 1, ThisQueue="Q")(1, "Diverted", "Q", 1, ThisQueue="Q", ThirdPartyDN="71")
    f(1.5, "Ringing", "71", 1)(2, "Established", "71", 1)(2.5, "Released", "71", 1)
    clean = f.rows()
    f.lines = [f.lines[k] for k in (1, 0, 0, 3, 2, 2, 4, 3)]
    assert f.rows() == clean
    f = Feed()(5, "Ringing", "71", 1)(4, "Established", "71", 1)(6, "Released", "71", 1)
    has(one(f.rows()["handling_segment"]), ring_ms=0, talk_ms=1000)


def agents_and_bindings():
    f = login(Feed(), 0, "71", "A")(5, "AgentLogin", "75", AgentID="A")(10, "AgentLogin", "71", AgentID="B")
    f(20, "AgentLogout", "75")(30, "AgentNotReady", "76", AgentID="C", Reasons={"Break": "Tea", "x": 1})
    f(40, "AgentNotReady", "76", AgentWorkMode="AuxWork")(50, "AgentLogout", "76", AgentID="Z")
    r = f.rows()
    has(one(r["agent_session"], agent_id="A"), duration_ms=20000, ready_ms=20000, login_known=True)
    has(one(r["agent_session"], agent_id="B"), logged_out_at=None, not_ready_ms=40000)
    has(one(r["agent_session"], agent_id="C"), login_known=False, not_ready_ms=20000, logged_out_at=us(50))
    has(one(r["agent_interval"], agent_id="C"), not_ready_entries=1)
    x, y = (s for s in r["agent_state"] if s["agent_id"] == "C")
    has(x, reason_key="Break", reason_code="Tea", state_run_id=1)
    has(y, reason_key="WorkMode", reason_code="AuxWork", state_run_id=1)


def interrupted_wrap():
    f = login(Feed(), 0)(1, "Ringing", "71", 1)(2, "Established", "71", 1)
    f(9, "AgentNotReady", "71", AgentWorkMode=3)(10, "Released", "71", 1)
    f(15, "Ringing", "71", 2)(20, "Established", "71", 2)(30, "Released", "71", 2)(37, "AgentReady", "71")
    r = f.rows()
    has(one(r["handling_segment"], offered_at=us(1)), acw_ms=10000, acw_started_at=us(10), acw_ended_at=us(20))
    has(one(r["handling_segment"], offered_at=us(15)), acw_ms=7000, ring_ms=5000)
    has(one(r["agent_interval"]), acw_ms=17000, ring_ms=1000, handled=2, handle_ms=8000 + 10000 + 10000 + 7000)


def outage():
    f = login(Feed(), 0)(10, "LinkDisconnected", "")(25, "LinkConnected", "")(40, "OffHook", "71")(45, "OnHook", "71")
    f(50, "DNDOn", "71")(60, "AgentReady", "71")
    r = f.rows()
    has(one(r["agent_interval"]), unknown_ms=15000, ready_ms=40000, busy_ms=5000, dnd_ms=10000, coverage_ms=45000)


def main():
    tests = [
        answered_with_wrap, late_wrap_is_idle, no_answer_and_further_attempt, settling, abandoned_while_ringing,
        virtual_queues, two_step_transfer, consultation_into_a_queue, levels_and_edges, repeats_reordering_and_skew,
        agents_and_bindings, interrupted_wrap, outage]
    bad = 0
    for test in tests:
        try:
            test()
        except AssertionError as e:
            bad += 1
            print(f"{test.__name__}: {e}")
    print(f"{len(tests)} scenarios, {bad} wrong")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
