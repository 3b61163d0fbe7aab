"""Reads a feed and puts its events into the one order in which they are folded.

In: lines of the event feed. Out: a list of `Ev`, sorted, with duplicates dropped and time made monotonic in each
source. Knows the wire form and rules 3, 4, 5 and 10; knows nothing of telephony.
"""
import gzip
import heapq
import json
import re

WINDOW = 2_000_000  # reorder window, microseconds of event time
RESTART_STEP = 100_000  # a sequence number this far below the highest seen means another run of the server

EVENTS = {
    "EventServerConnected": 50, "EventServerDisconnected": 51, "EventError": 52, "EventRegistered": 53,
    "EventUnregistered": 54, "EventRegisteredAll": 55, "EventUnregisteredAll": 56, "EventQueued": 57,
    "EventDiverted": 58, "EventAbandoned": 59, "EventRinging": 60, "EventDialing": 61, "EventNetworkReached": 62,
    "EventDestinationBusy": 63, "EventEstablished": 64, "EventReleased": 65, "EventHeld": 66, "EventRetrieved": 67,
    "EventPartyChanged": 68, "EventPartyAdded": 69, "EventPartyDeleted": 70, "EventRouteRequest": 71,
    "EventRouteUsed": 72, "EventAgentLogin": 73, "EventAgentLogout": 74, "EventAgentReady": 75,
    "EventAgentNotReady": 76, "EventDNDOn": 77, "EventDNDOff": 78, "EventAttachedDataChanged": 85,
    "EventOffHook": 86, "EventOnHook": 87, "EventLinkDisconnected": 94, "EventLinkConnected": 95,
    "EventUserEvent": 96, "EventAgentAfterCallWork": 118, "EventRestoreConnection": 132, "EventPrimaryChanged": 133,
    "EventBridged": 151, "EventQueueLogout": 152,
}
CALL_TYPES = {"Unknown": 0, "Internal": 1, "Inbound": 2, "Outbound": 3, "Consult": 4}
CALL_STATES = {
    n: i for i, n in enumerate(
        "Ok Transferred Conferenced GeneralError SystemError RemoteRelease Busy NoAnswer SitDetected "
        "AnsweringMachineDetected AllTrunksBusy SitInvalidnum SitVacant SitIntercept SitUnknown SitNocircuit "
        "SitReorder FaxDetected QueueFull Cleared Overflowed Abandoned Redirected Forwarded Consult Pickedup "
        "Dropped Droppednoanswer Unknown Covered ConverseOn Bridged".split())
}
CALL_STATES |= {"Deafened": 49, "Held": 50}
ROLES = {
    n: i for i, n in enumerate(
        "Unknown Origination Destination ConferenceMember NewParty AddedBy DeletedBy TransferredBy DeletedParty "
        "ConferencedBy Observer".split())
}
WORK_MODES = {
    "Unknown": 0, "ManualIn": 1, "AutoIn": 2, "LegalGuard": 2, "AfterCallWork": 3, "AuxWork": 4,
    "NoCallDisconnect": 5, "WalkAway": 6, "ReturnBack": 7,
}


class Ev:
    """One event; absent texts are empty, absent numbers 0, an absent call type None."""

    __slots__ = (
        "i", "t", "kind", "tenant", "switch", "dn", "queue", "third", "conn", "prev", "held", "uuid", "call_type",
        "state", "role", "other_role", "third_role", "agent", "mode", "vqid", "rvqid", "reason", "seq", "epoch",
    )

    def __repr__(self):
        return f"#{self.i} {self.t} {self.kind} {self.dn} {self.conn:x}"


def text(value):
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def enum(value, names, known, absent=0):
    """Names and numbers both; what is not known behaves as 0 (rule 10)."""
    if value is None:
        return absent
    if isinstance(value, str):
        if value in names:
            return names[value]
        if not re.fullmatch(r"\d+", value):
            return 0
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value in known else 0


def conn_id(value):
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value if value > 0 else 0
    if isinstance(value, str):
        try:
            return int(value.split("@")[0], 16)
        except ValueError:
            return 0
    return 0


def kvlist(value):
    return value if isinstance(value, dict) else {}


def first_pair(value):
    """The first key and value of a list as texts, or None."""
    for key, code in kvlist(value).items():
        return key, text(code)
    return None


def parse(line):
    """The event of one line, or None when the line is not an event."""
    try:
        raw = json.loads(line)
    except ValueError:
        return None
    if not isinstance(raw, dict):
        return None
    name, secs = raw.get("Event"), raw.get("TimeinSecs")
    if isinstance(name, str):
        kind = EVENTS.get(name, int(name) if name.isdigit() else 255)
    elif isinstance(name, int) and not isinstance(name, bool):
        kind = name if 0 <= name <= 182 else 255
    else:
        return None
    if isinstance(secs, str) and secs.isdigit():
        secs = int(secs)
    if not isinstance(secs, int) or isinstance(secs, bool):
        return None
    micro = raw.get("TimeinuSecs") or 0
    e = Ev()
    e.kind, e.t = kind, secs * 1_000_000 + int(micro)
    e.tenant, e.switch = text(raw.get("Tenant")) or "default", text(raw.get("Switch")) or "default"
    e.dn, e.queue, e.third = text(raw.get("ThisDN")), text(raw.get("ThisQueue")), text(raw.get("ThirdPartyDN"))
    e.conn, e.prev = conn_id(raw.get("ConnID")), conn_id(raw.get("PreviousConnID"))
    e.held = conn_id(raw.get("TransferConnID")) or conn_id(raw.get("ConferenceConnID"))
    e.uuid, e.agent = text(raw.get("CallUUID")), text(raw.get("AgentID"))
    e.call_type = enum(raw.get("CallType"), CALL_TYPES, range(5), None)
    e.state = enum(raw.get("CallState"), CALL_STATES, [*range(32), 49, 50])
    e.role = enum(raw.get("ThisDNRole"), ROLES, range(11))
    e.other_role = enum(raw.get("OtherDNRole"), ROLES, range(11))
    e.third_role = enum(raw.get("ThirdPartyDNRole"), ROLES, range(11))
    e.mode = enum(raw.get("AgentWorkMode"), WORK_MODES, range(8))
    ext = kvlist(raw.get("Extensions"))
    e.vqid = text(ext.get("VQID"))
    e.rvqid = text(kvlist(raw.get("UserData")).get("RVQID"))
    e.reason = first_pair(raw.get("Reasons") if "Reasons" in raw else raw.get("Reason"))
    if e.reason is None and text(ext.get("ReasonCode")):
        e.reason = ("ReasonCode", text(ext["ReasonCode"]))
    seq = raw.get("EventSequenceNumber")
    e.seq = int(seq) if isinstance(seq, int) or (isinstance(seq, str) and seq.isdigit()) else None
    start = raw.get("ServerStartTime")
    e.epoch = None if start is None else text(start)
    return e


class Source:
    """One switch: duplicates, order, monotonic time."""

    def __init__(self):
        self.seen, self.ranks = set(), {}
        self.counter, self.highest = 0, -1
        self.buffer, self.high, self.out, self.last_key, self.arrival = [], None, [], (0, -1), 0
        self.duplicates = self.skew_us = 0

    def epoch_of(self, e):
        if e.epoch is not None:
            return ("start", e.epoch)
        if e.kind in (50, 132, 133) or (e.seq is not None and e.seq < self.highest - RESTART_STEP):
            self.counter, self.highest = self.counter + 1, -1
        if e.seq is not None:
            self.highest = max(self.highest, e.seq)
        return ("count", self.counter)

    def push(self, e):
        epoch = self.epoch_of(e)
        if e.seq is not None:
            if (epoch, e.seq) in self.seen:
                self.duplicates += 1
                return
            self.seen.add((epoch, e.seq))
            self.last_key = (self.ranks.setdefault(epoch, len(self.ranks)), e.seq)
        # An event without a number stays behind the one that arrived before it.
        self.arrival += 1
        heapq.heappush(self.buffer, (*self.last_key, self.arrival, e))
        self.high = e.t if self.high is None else max(self.high, e.t)
        while self.buffer and self.buffer[0][3].t + WINDOW <= self.high:
            self.out.append(heapq.heappop(self.buffer)[3])

    def finish(self):
        while self.buffer:
            self.out.append(heapq.heappop(self.buffer)[3])
        last = None
        for e in self.out:
            if last is not None and e.t < last:
                self.skew_us += last - e.t
                e.t = last
            last = e.t
        return self.out


def load(lines):
    """All events of the feed in fold order, and what was repaired."""
    sources, rejected = {}, 0
    for line in lines:
        if not line.strip():
            continue
        e = parse(line)
        if e is None:
            rejected += 1
            continue
        sources.setdefault((e.switch, e.tenant), Source()).push(e)
    merged = []
    for key, source in sources.items():
        merged += [(e.t, key, pos, e) for pos, e in enumerate(source.finish())]
    merged.sort(key=lambda m: m[:3])
    events = [m[3] for m in merged]
    for i, e in enumerate(events):
        e.i = i
    stats = {
        "events": len(events), "rejected": rejected, "duplicates": sum(s.duplicates for s in sources.values()),
        "skew_us": sum(s.skew_us for s in sources.values()),
    }
    return events, stats


def load_path(path):
    if path == "-":
        import sys
        return load(sys.stdin)
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8", errors="replace") as f:
        return load(f)
