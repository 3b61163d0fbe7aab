"""What the reports must say, worked out in another way: from the rows, in Python, with Python's own time zones.

Every function takes the stores and answers with a count of what it compared; it raises `Difference` at the first surprise.
"""
from collections import defaultdict
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from stores import Difference, rows_of

UTC = timezone.utc
STEP = timedelta(minutes=15)
QUARTER_MS = 900_000


def must(ok, *what):
    if not ok:
        raise Difference(" ".join(map(str, what)))


def begin_of(unit, local):
    """The wall's time at which the hour, day, week or month begins that a wall's time belongs to."""
    if unit == "hour":
        return local.replace(minute=0)
    midnight = datetime.combine(local.date(), time())
    if unit == "day":
        return midnight
    return midnight - timedelta(days=midnight.weekday()) if unit == "week" else midnight.replace(day=1)


def period_of(unit, zone, instant):
    """(begin on the wall, offset in minutes if it is an hour) of the period that an instant belongs to."""
    local = instant.astimezone(zone)
    offset = int(local.utcoffset().total_seconds()) // 60
    return begin_of(unit, local.replace(tzinfo=None)), offset if unit == "hour" else None


def length_of(unit, zone, instant):
    """The true length of that period in ms, by walking its quarter-hours in both directions."""
    mine, count = period_of(unit, zone, instant), 1
    for step in (-STEP, STEP):
        at = instant + step
        while period_of(unit, zone, at) == mine:
            count, at = count + 1, at + step
    return count * QUARTER_MS


FAMILIES = {
    "queue": ("queue_interval", "queue_id", ["entered", "answered", "abandoned", "handled", "queue_ms", "talk_ms", "interval_ms"]),
    "agent": ("agent_interval", "agent_id", ["logged_in_ms", "ready_ms", "talk_ms", "answered", "handle_ms", "interval_ms"]),
}


def calendars(stores, zones):
    """Views by hour, day, week and month against sums made here; lengths of 23- and 25-hour days; the two autumn hours."""
    compared, lengths = 0, set()
    for family, (table, who, sums) in FAMILIES.items():
        rows = stores.duck.execute(f"SELECT {who}, interval_start, {', '.join(sums)} FROM callfold.{table}").fetchall()
        for zone in zones:
            stores.set(zone=zone)
            for unit in ("hour", "day", "week", "month"):
                wanted, known = defaultdict(lambda: [0] * len(sums)), {}
                for object_id, start, *amounts in rows:
                    key = object_id, *period_of(unit, ZoneInfo(zone), start)
                    known.setdefault(key[1:], start)
                    wanted[key] = [a + b for a, b in zip(wanted[key], amounts)]
                text = f"""SELECT {who}, local_start, utc_offset_min, period_ms, period_start, {', '.join(sums)}
                    FROM callfold.{family}_{unit} WHERE tz = '{zone}'"""
                got = {}
                for row in rows_of(stores.pg.execute(text))[1]:
                    must(row[:3] not in got, family, unit, zone, "twice:", row[:3])
                    got[row[:3]] = row[3:]
                must(set(got) == set(wanted), family, unit, zone, "other periods:", sorted(map(str, set(got) ^ set(wanted)))[:3])
                true = {period: length_of(unit, ZoneInfo(zone), start) for period, start in known.items()}
                for key, (length, begin, *amounts) in got.items():
                    must(amounts == wanted[key], family, unit, zone, key, "has", amounts, "and not", wanted[key])
                    must(length == true[key[1:]], family, unit, zone, key, "lasts", length, "ms and not", true[key[1:]])
                    must(period_of(unit, ZoneInfo(zone), begin) == key[1:], family, unit, zone, key, "begins at", begin)
                    must(period_of(unit, ZoneInfo(zone), begin - STEP) != key[1:], family, unit, zone, key, "begins before", begin)
                    lengths.add((zone, unit, length))
                compared += len(got)
    stores.set(zone=None)
    return compared, lengths


# Weeks over the changes of clocks must show what a change does: which days are not of 24 hours, which hours come twice or not.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29), 23), ("Europe/Berlin", date(2026, 10, 25), 25),
    ("America/New_York", date(2026, 3, 8), 23), ("America/New_York", date(2026, 11, 1), 25),
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5), ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
    ("Asia/Kolkata", date(2026, 3, 29), 24), ("Asia/Kolkata", date(2026, 10, 25), 24),
]
HOURS = [
    ("Europe/Berlin", date(2026, 3, 29), 2, []), ("Europe/Berlin", date(2026, 10, 25), 2, [(120, 60), (60, 60)]),
    ("America/New_York", date(2026, 3, 8), 2, []), ("America/New_York", date(2026, 11, 1), 1, [(-240, 60), (-300, 60)]),
    ("Australia/Lord_Howe", date(2026, 4, 5), 1, [(660, 60), (630, 30)]), ("Australia/Lord_Howe", date(2026, 10, 4), 2, [(660, 30)]),
]


def clock_changes(stores):
    """The days and hours named above, as the views have them."""
    for zone, day, hours in CHANGES:
        stores.set(zone=zone)
        found = stores.pg.execute("SELECT DISTINCT period_ms FROM callfold.queue_day WHERE tz = %s AND local_start = %s", [zone, day]).fetchall()
        must(found == [(int(hours * 3_600_000),)], zone, day, "has", found, "and not", hours, "hours")
    for zone, day, hour, wanted in HOURS:
        stores.set(zone=zone)
        at = datetime.combine(day, time(hour))
        text = """SELECT utc_offset_min, period_ms / 60000 FROM callfold.queue_hour WHERE tz = %s AND local_start = %s
            GROUP BY utc_offset_min, period_ms, period_start ORDER BY period_start"""
        found = stores.pg.execute(text, [zone, at]).fetchall()
        must(found == wanted, zone, at, "is (offset, minutes)", found, "and not", wanted)
    stores.set(zone=None)
    return len(CHANGES) + len(HOURS)


def bucket_top(wait_ms):
    """The highest wait of the bucket that a wait falls into."""
    value = min(wait_ms, 86_400_000)
    k = max(0, (value | 255).bit_length() - 8)
    return (((value >> k) + 1) << k) - 1


def exact(values, share):
    """The least of sorted values that at least `share` thousandths of all are not above."""
    return values[max(1, -(-len(values) * share // 1000)) - 1]


SPANS = {"site": "site_id", "queue": "queue_id", "queue and hour": "queue_id, date_trunc('hour', interval_start)",
         "queue and day": "queue_id, date_trunc('day', interval_start)"}


def percentiles(stores):
    """Percentiles over any roll-up against those of the single waits and handle times: the same bucket, hence within 1 %."""
    compared = 0
    detail = """SELECT s.queue_id AS queue_id, split_part(s.queue_id, '@', 2) AS site_id, s.wait_ms AS wait_ms,
        callfold.interval_of(s.entered_at) AS interval_start, CASE WHEN s.outcome = 'answered' THEN 'answered' ELSE 'abandoned' END AS kind
        FROM callfold.queue_segment s WHERE s.outcome IN ('answered', 'abandoned_queue', 'abandoned_ring')
        UNION ALL
        SELECT s.queue_id, split_part(s.queue_id, '@', 2), h.talk_ms + h.consult_ms + h.hold_ms + h.acw_ms,
        callfold.interval_of(s.entered_at), 'handled'
        FROM callfold.queue_segment s JOIN callfold.handling_segment h
        ON h.tenant_id = s.tenant_id AND h.handling_segment_id = s.handling_segment_id
        WHERE s.outcome = 'answered' AND h.is_complete"""
    merged = """SELECT h.*, split_part(h.queue_id, '@', 2) AS site_id FROM (SELECT queue_id, interval_start, kind, upper_ms, n
        FROM callfold.queue_wait_hist UNION ALL SELECT queue_id, interval_start, kind, upper_ms, n FROM callfold.queue_handle_hist) h"""
    shares = (0, 1, 70, 500, 900, 950, 990, 999, 1000)
    asked = ", ".join(f"callfold.percentile(array_agg(upper_ms), array_agg(n), {share / 1000})" for share in shares)
    for name, keys in SPANS.items():
        waits = defaultdict(list)
        for *key, wait in rows_of(stores.duck.execute(f"SELECT kind, {keys}, wait_ms FROM ({detail}) d ORDER BY wait_ms"))[1]:
            waits[tuple(key)].append(wait)
        groups = ", ".join(map(str, range(1, keys.count(",") + (3 if "trunc" not in keys else 2))))
        text = f"SELECT kind, {keys}, {asked} FROM ({merged}) h GROUP BY {groups}"
        for store in (stores.pg, stores.duck):
            rows = rows_of(store.execute(text))[1]
            must(len(rows) == len(waits), name, "has", len(rows), "groups and not", len(waits))
            for row in rows:
                key, got = row[:-len(shares)], row[-len(shares):]
                for share, value in zip(shares, got):
                    true = exact(waits[key], share)
                    must(value == bucket_top(true), "percentile", share, "of", key, "is", value, "and not", bucket_top(true))
                    must(true > 86_400_000 or true <= value <= true * 1.01 + 1e-9, "percentile", share, "of", key, value, "is too far from", true)
                    compared += 1
    return compared


def levels(stores):
    """The six service levels of the views against the formulas of the definitions; the law of what entered."""
    text = """SELECT answered, answered_within_sl, abandoned, abandoned_within_sl, abandoned_short, sl_answered, sl_offered,
        sl_abandon_ignored, sl_abandon_positive, sl_short_excluded, sl_short_positive,
        in_queue_start + entered - answered - abandoned - diverted_out - cleared - other - in_queue_end FROM callfold.queue_hour"""
    rows = stores.pg.execute(text).fetchall()
    for a, a_in, b, b_in, b_short, *got, left in rows:
        wanted = [(a_in, a), (a_in, a + b), (a_in, a + b - b_in), (a_in + b_in, a + b), (a_in, a + b - b_short), (a_in + b_short, a + b)]
        wanted = [part / whole if whole else None for part, whole in wanted]
        must(got == wanted, "service levels", got, "and not", wanted)
        must(left == 0, "an hour whose calls do not add up:", left)
    return len(rows)
