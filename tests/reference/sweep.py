"""Generates feeds, lets the program replay each, and compares every table and every invariant.

    python3 sweep.py --replay "callfold replay {feed} --data {data}" [--seeds 50] [--events 500] [--ignore COLUMN]

Copies the feeds that differ to --keep DIR.
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import compare
from invariants import check
from logs import generate
from model import run
from selftest import variants
from store import read_all, read_table
from tables import BESIDE, KEYS


def one_seed(a, seed, feed, data, ignore):
    """Number of differences and violations of one seed."""
    feed.write_text("\n".join(generate(seed, a.events, **variants(seed))) + "\n", encoding="utf-8")
    command = [part.format(feed=feed, data=data) for part in a.replay.split()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"seed {seed}: exit {done.returncode}: {done.stderr.strip()[-500:]}")
        return 1
    rows, _ = run(str(feed))
    wrong = sum(compare(t, rows[t], read_table(data, t), ignore, a.first) for t in a.tables.split(","))
    broken = check(read_all(data, {**KEYS, **BESIDE})).broken
    for name, n in broken.items():
        print(f"seed {seed}: invariant broken {n} times: {name}")
    return wrong + sum(broken.values())


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--replay", required=True, help="command with {feed} and {data}")
    args.add_argument("--first-seed", type=int, default=1)
    args.add_argument("--seeds", type=int, default=50)
    args.add_argument("--events", type=int, default=500)
    args.add_argument("--tables", default=",".join(KEYS))
    args.add_argument("--ignore", action="append", default=[])
    args.add_argument("--first", type=int, default=2, help="differences printed per table")
    args.add_argument("--keep", help="directory for feeds that differ")
    args.add_argument("--stop-after", type=int, default=3, help="seeds with differences")
    a = args.parse_args()
    ignore, bad = {c for part in a.ignore for c in part.split(",")}, []
    for seed in range(a.first_seed, a.first_seed + a.seeds):
        with tempfile.TemporaryDirectory() as tmp:
            feed, data = Path(tmp) / "feed.ndjson", Path(tmp) / "data"
            print(f"--- seed {seed} {variants(seed)}")
            if one_seed(a, seed, feed, data, ignore):
                bad.append(seed)
                if a.keep:
                    Path(a.keep).mkdir(parents=True, exist_ok=True)
                    shutil.copy(feed, Path(a.keep) / f"seed-{seed}.ndjson")
        if len(bad) >= a.stop_after:
            break
    print(f"seeds that differ: {bad}" if bad else "all equal")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
