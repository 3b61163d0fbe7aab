"""Compares a data directory with the model, cell by cell.

    python3 compare.py FEED DATA [--tables a,b] [--ignore COLUMN or TABLE.COLUMN]... [--first N]

Exit 1 on any difference.
"""
import argparse
import sys
from collections import Counter

from model import run
from store import latest, read_table
from tables import KEYS


def ignored(table, column, ignore):
    return column in ignore or f"{table}.{column}" in ignore


def compare(table, expected, actual, ignore, first):
    """Prints one line of figures and the first differences; returns the number of differing cells and rows."""
    key = KEYS[table]
    want, _ = latest(expected, key)
    # Two objects of one identity in one microsecond: the rules give them one key, so no cell of theirs is decided.
    keys = Counter(tuple(r[c] for c in key) for r in expected)
    twice = {k for k, n in keys.items() if n > 1}
    if twice:
        print(f"  {table}: {len(twice)} keys stand for two rows of the model and are not compared")
    if actual is None:
        print(f"{table}: expected {len(want)} rows, no such table")
        return len(want)
    have, doubled = latest(actual, key)
    columns = [c for c in (expected[0] if expected else {}) if not ignored(table, c, ignore)]
    absent = [c for c in columns if actual and c not in actual[0]]
    columns = [c for c in columns if c not in absent]
    cells, notes, by_column = 0, [], Counter()
    for k, row in want.items():
        if k in twice:
            continue
        if k not in have:
            notes.append(f"missing row {k}: {row}")
            by_column["(missing row)"] += 1
            continue
        for c in columns:
            cells += 1
            if row[c] != have[k][c]:
                by_column[c] += 1
                notes.append(f"{dict(zip(key, k))} {c}: expected {row[c]!r}, actual {have[k][c]!r}")
    for k in have.keys() - want.keys():
        by_column["(extra row)"] += 1
        notes.append(f"extra row {k}: {have[k]}")
    wrong = sum(by_column.values()) + len(absent) + doubled
    print(f"{table}: {len(want)} rows expected, {len(have)} found, {cells} cells compared, {wrong} different")
    if absent:
        print(f"  columns absent: {', '.join(absent)}")
    if doubled:
        print(f"  {doubled} rows repeat a key at the same revision")
    if by_column:
        print("  by column:", ", ".join(f"{c} {n}" for c, n in by_column.most_common()))
    for note in notes[:first]:
        print("  " + note)
    return wrong


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("feed")
    args.add_argument("data")
    args.add_argument("--tables", default=",".join(KEYS), help="comma-separated")
    args.add_argument("--ignore", action="append", default=[], metavar="COLUMN")
    args.add_argument("--first", type=int, default=5, help="differences printed per table")
    a = args.parse_args()
    rows, stats = run(a.feed)
    print(stats)
    ignore = {c for part in a.ignore for c in part.split(",")}
    wrong = sum(compare(t, rows[t], read_table(a.data, t), ignore, a.first) for t in a.tables.split(","))
    print("equal" if not wrong else f"{wrong} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
