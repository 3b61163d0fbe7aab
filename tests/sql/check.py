"""One history in PostgreSQL and in Parquet files gives the same answers.

    python3 check.py BINARY weeks             simulated weeks over the changes of clocks in four zones
    python3 check.py BINARY bank RECORDING    a recorded week

Starts a PostgreSQL server of its own, lets the program make the tables and write both stores, and compares every cell of every
table and view, the texts in schemas/queries with several parameters, percentiles with exact ones and local days with Python's.
Needs the packages of tests/readers/requirements.txt and requirements.txt. Exit 1 at the first difference, which is shown.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import expected
from cluster import Cluster
from stores import QUERIES, Difference, Stores, same_answer, same_relation

HERE = Path(__file__).resolve().parent
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]

# Recordings of a small floor: begin, hours, seed. Each week has a change of the clocks of at least one zone.
WEEKS = [("2026-03-07T12:00:00Z", 36, 1), ("2026-03-28T12:00:00Z", 204, 2), ("2026-10-03T12:00:00Z", 24, 3),
         ("2026-10-24T12:00:00Z", 204, 4)]

# Sets of parameters beside the defaults, which are everything in UTC.
ASKED = {
    "weeks": [
        dict(zone="Europe/Berlin", since="2026-10-24T22:00:00Z", until="2026-10-25T23:00:00Z", unit="hour", queue="800%", hours="24"),
        dict(zone="Asia/Kolkata", since="2026-03-28T18:30:00Z", until="2026-04-05T18:30:00Z", unit="month", team="First team", days="2",
             pulled="2026-04-01T00:00:00Z", holds="2", long_s="600"),
    ],
    "bank": [dict(zone="Asia/Jerusalem", since="1999-08-02T21:00:00Z", until="1999-08-03T21:00:00Z", unit="hour", agent="A%", queue="%N%")],
}

# What has no rows in a good week: reconciliation, odd sessions. Not ready without reasons and attached data are not in the bank's feed.
QUIET = {"weeks": {"13", "17"}, "bank": {"09", "10", "13", "15", "17"}}


def program(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Difference(f"callfold {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout[-4000:]}")


def said(begin, what):
    print(f"{time.monotonic() - begin:6.1f} s  {what}", flush=True)


def recordings(binary, which, work):
    if which != "weeks":
        return [which]
    paths = []
    for start, hours, seed in WEEKS:
        paths.append(work / f"week-{seed}.ndjson")
        program(binary, "simulate", "--agents", 4, "--queues", 2, "--for", f"{hours}h", "--start", start, "--seed", seed,
                "--out", paths[-1], "--quiet")
    return paths


def is_other_name(view):
    """Whether a view only gives one of the compared tables, or a part of it, another name."""
    return view.startswith("callfold_compat.") and not view.startswith("callfold_compat.ag2_")


def compare(stores, kind):
    """Tables, views and queries of both stores."""
    begin = time.monotonic()
    rows = {table: same_relation(stores, f"callfold.{table}") for table in stores.tables()}
    said(begin, f"{sum(rows.values())} rows of {len(rows)} tables are equal; without rows: {', '.join(t for t, n in rows.items() if not n) or 'none'}")
    for table in ("call", "queue_interval", "queue_wait_hist", "agent_interval", "agent_state", "dim_calendar", "group_member"):
        if not rows[table]:
            raise Difference(f"{table} has no rows: nothing was compared")
    views = {view: same_relation(stores, view) for view in stores.views() if not is_other_name(view)}
    others = [view for view in stores.views() if is_other_name(view)]
    said(begin, f"{sum(views.values())} rows of {len(views)} views are equal")
    for view in others:
        counts = [store.execute(f"SELECT count(*) FROM {view}").fetchone() for store in (stores.pg, stores.duck)]
        expected.must(stores.columns(view) and counts[0] == counts[1], view, "has", counts, "rows")
    said(begin, f"{len(others)} views that give a table another name have equal columns and numbers of rows")
    for asked in [{}, *ASKED[kind]]:
        stores.set(**asked)
        found = {path.name[:2]: len(same_answer(stores, path.read_text(), f"{path.name} {asked or ''}")[1]) for path in QUERIES}
        stores.set(**dict.fromkeys(asked))
        said(begin, f"{sum(found.values())} rows of {len(found)} queries are equal {asked or ''}")
        empty = {number for number, count in found.items() if not count}
        if not asked and empty != QUIET[kind]:
            raise Difference(f"queries without rows: {sorted(empty)}; expected: {sorted(QUIET[kind])}")


def find_what_is_changed(stores):
    """A comparison that cannot fail proves nothing: changes cells in PostgreSQL and looks whether they are found."""
    def found(change, search):
        with stores.pg.transaction(force_rollback=True):
            stores.pg.execute(change)
            try:
                return search()
            except Difference as difference:
                return str(difference)

    one = "(tenant_id, queue_id, interval_start) IN (SELECT tenant_id, queue_id, interval_start FROM callfold.queue_interval WHERE entered > 0 LIMIT 1)"
    change = f"UPDATE callfold.queue_interval SET entered = entered + 1 WHERE {one}"
    told = found(change, lambda: same_relation(stores, "callfold.queue_interval"))
    expected.must("columns that differ: entered" in str(told), "a changed cell of a table is not found:", told)
    query = {path.name[:2]: path.read_text() for path in QUERIES}
    told = found(change, lambda: same_answer(stores, query["01"], "01"))
    expected.must("columns that differ: entered" in str(told), "a changed answer is not found:", told)
    rows = found(change, lambda: stores.pg.execute(query["13"]).fetchall())
    expected.must(len(rows) == 1 and rows[0][1] == "entered", "reconciliation shows", rows, "and not one changed count")
    idle = """UPDATE callfold.agent_session SET ready_ms = 0, talk_ms = 0, ring_ms = 0 WHERE (agent_id, agent_session_id) IN
        (SELECT agent_id, agent_session_id FROM callfold.agent_session WHERE duration_ms > 900000 ORDER BY 2 LIMIT 1)"""
    rows = found(idle, lambda: stores.pg.execute(query["17"]).fetchall())
    expected.must([row[1] for row in rows] == ["never ready"], "odd sessions shows", rows, "and not one that was never ready")
    longer = """UPDATE callfold.agent_session SET logged_in_at = pair.first + interval '1 second', duration_ms = 60000 FROM (
        SELECT b.agent_session_id AS second, a.logged_in_at AS first FROM callfold.agent_session a JOIN callfold.agent_session b
        USING (agent_id) WHERE a.logged_in_at < b.logged_in_at AND a.duration_ms > 60000 ORDER BY 1, 2 LIMIT 1) pair
        WHERE agent_session_id = pair.second"""
    rows = found(longer, lambda: stores.pg.execute(query["17"]).fetchall())
    expected.must("overlap" in [row[1] for row in rows], "odd sessions shows", rows, "and no overlap")


def readers_see_their_tenant(stores):
    """Reports ask with the rights of whoever reads: without a tenant nothing, with it everything of that tenant."""
    text = "SELECT count(*) FROM callfold.queue_day"
    mine = stores.pg.execute(text + " WHERE tenant_id = 'default'").fetchone()
    with stores.pg.transaction(force_rollback=True):
        stores.pg.execute("SET LOCAL ROLE callfold_report")
        for tenant, wanted in (("", (0,)), ("other", (0,)), ("default", mine)):
            stores.pg.execute("SELECT set_config('callfold.tenant', %s, true)", [tenant])
            expected.must(stores.pg.execute(text).fetchone() == wanted, "a reader of tenant", repr(tenant), "does not see", wanted)
        stores.set(since="2026-03-29T00:00:00Z", until="2026-03-30T00:00:00Z")
        for path in QUERIES:
            stores.pg.execute(path.read_text())
        for view in stores.views():
            stores.pg.execute(f"SELECT * FROM {view} WHERE false")
        stores.set(since=None, until=None)


def check(binary, kind, recording):
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, Cluster() as cluster:
        work = Path(scratch)
        said(begin, "PostgreSQL runs")
        cluster.create("callfold")
        url, data = cluster.url("callfold"), work / "data"
        program(binary, "db", "migrate", "--postgres", url)
        for path in recordings(binary, recording or kind, work):
            program(binary, "replay", path, "--data", data, "--postgres", url, "--config", HERE / "callfold.toml", "--quiet")
        stores = Stores(url, data)
        stores.pg.execute("ANALYZE")
        said(begin, "both stores are written")
        compare(stores, kind)
        said(begin, f"{expected.percentiles(stores)} percentiles are those of the single waits and handle times, within 1 %")
        said(begin, f"{expected.levels(stores)} hours have the service levels of the definitions, and add up")
        if kind == "weeks":
            compared, lengths = expected.calendars(stores, ZONES)
            said(begin, f"{compared} hours, days, weeks and months are those of Python's zones, of {len(lengths)} lengths")
            said(begin, f"{expected.clock_changes(stores)} days and hours at changes of clocks are as the law has them")
        find_what_is_changed(stores)
        readers_see_their_tenant(stores)
        said(begin, "changes are found, and readers see their tenant")


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in ASKED:
        sys.exit(__doc__)
    # Who ends the check ends its server, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    try:
        check(os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    except Difference as difference:
        sys.exit(f"DIFFERENT: {difference}")


if __name__ == "__main__":
    main()
