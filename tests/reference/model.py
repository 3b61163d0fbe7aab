"""The reference: a feed in, the rows of every history table out, slowly and in the open.

    python3 model.py FEED.ndjson[.gz] [--json OUT] [--totals]
"""
import argparse
import json
import sys
import time
from collections import defaultdict

from decide import decide_all
from events import load_path
from fold import World
from tables import KEYS, Tables


def index(world):
    world.stays_of_queue, world.stays_of_any_conn = defaultdict(list), defaultdict(list)
    for s in world.stays:
        world.stays_of_queue[(s.tenant, s.switch, s.queue)].append(s)
        for conn in {c for _, _, c in s.conns}:
            world.stays_of_any_conn[(s.tenant, s.switch, conn)].append(s)


def run_events(events):
    """Rows by table of events in fold order."""
    world = World(events)
    if not events:
        return {t: [] for t in KEYS}
    index(world)
    decide_all(world)
    rows = Tables(world).rows
    for table, key in KEYS.items():
        rows[table].sort(key=lambda r: tuple(str(r[c]) if isinstance(r[c], str) else r[c] for c in key))
    return rows


def run(path):
    events, stats = load_path(path)
    return run_events(events), stats


def totals(rows):
    """Sums per queue over all intervals."""
    sums = defaultdict(lambda: defaultdict(int))
    columns = ["entered", "answered", "abandoned", "abandoned_short", "abandoned_ringing", "diverted_in",
               "diverted_out", "cleared", "other", "no_answer", "handled", "answered_within_sl",
               "abandoned_within_sl", "wait_answered_ms", "wait_abandoned_ms", "queue_ms", "ring_ms", "talk_ms",
               "hold_ms", "acw_ms", "handle_ms"]
    for r in rows["queue_interval"]:
        for c in columns:
            sums[r["queue_id"]][c] += r[c]
    return columns, sums


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("feed")
    args.add_argument("--json", help="write the rows here")
    args.add_argument("--totals", action="store_true", help="print sums per queue")
    a = args.parse_args()
    begin = time.time()
    rows, stats = run(a.feed)
    print(stats, f"{time.time() - begin:.1f} s", {t: len(r) for t, r in rows.items()}, file=sys.stderr)
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(rows, f)
    if a.totals:
        columns, sums = totals(rows)
        for queue in sorted(sums):
            print(queue, " ".join(f"{c}={sums[queue][c]}" for c in columns))


if __name__ == "__main__":
    main()
