"""Runs the model on many generated feeds and checks every invariant on its own rows.

    python3 selftest.py [--seeds 200] [--events 500]
"""
import argparse
import json
import random
import sys
from collections import Counter

from events import load
from invariants import check
from logs import generate, stamp
from model import run_events


def variants(seed):
    return {"dirt": seed % 2 == 1, "outages": seed % 5 == 0, "switches": 1 + (seed % 3 == 0)}


def disturbed(lines, seed):
    """The same feed with duplicates and reordering inside the window, or None when its events have no numbers."""
    rng, events = random.Random(seed), [json.loads(x) for x in lines]
    if any("EventSequenceNumber" not in e for e in events):
        return None
    late = [(stamp(e) + rng.choice([0, rng.randrange(1_999_999)]), n, e) for n, e in enumerate(events)]
    late += [(stamp(e) + rng.randrange(1_999_999), len(events) + n, e) for n, e in enumerate(events) if n % 7 == 0]
    return [json.dumps(e) for _, _, e in sorted(late, key=lambda x: x[:2])]


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--first-seed", type=int, default=1)
    args.add_argument("--seeds", type=int, default=200)
    args.add_argument("--events", type=int, default=500)
    a = args.parse_args()
    bad, shared, twice, words, checks = 0, 0, 0, Counter(), 0
    for seed in range(a.first_seed, a.first_seed + a.seeds):
        lines = generate(seed, a.events, **variants(seed))
        rows = run_events(load(lines)[0])
        again = None if variants(seed)["dirt"] else disturbed(lines, seed)
        if again:
            twice += 1
            if run_events(load(again)[0]) != rows:
                bad += 1
                print(f"seed {seed}: repeats and reordering changed a cell")
        words.update(f"stay {r['outcome']}" for r in rows["queue_segment"])
        words.update(f"role {r['role']}" for r in rows["handling_segment"])
        words.update(f"result {r['result']}" for r in rows["handling_segment"])
        words.update(f"state {r['state']}" for r in rows["agent_state"])
        c = check(rows)
        checks += sum(c.done.values())
        if c.broken["keys are unique"]:
            # Two sessions, stays or legs of one identity in one microsecond share a key; see CHOICES.md, item 9.
            shared += 1
        elif c.broken:
            bad += 1
            for name in c.broken:
                print(f"seed {seed}: {name}", *c.notes[name][:2])
    for word, n in sorted(words.items()):
        print(f"{word}: {n}")
    print(f"{a.seeds} feeds ({twice} also disturbed), {checks} checks, {bad} feeds with violations, "
          f"{shared} with shared keys")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
