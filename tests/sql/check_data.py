"""Simulated days in files and in PostgreSQL: `check data` finds nothing in either, nor between the two, and then finds what is taken away.

    check_data.py CALLFOLD DURATION [AGENTS]        DURATION as 48h

Prints how long each step took.
"""
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import Cluster

CONFIG = """[history]
party_states = true
queue_snapshots = "1m"
agent_snapshots = "1m"
[calendar]
zones = ["UTC", "Europe/Berlin"]
"""


def run(what, wanted, *command):
    """Runs the program; ends the check unless it ends with the wanted code."""
    begun = time.monotonic()
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    print(f"{what}: {time.monotonic() - begun:.1f} s; {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}", flush=True)
    if done.returncode != wanted:
        sys.exit(f"{what} ended with {done.returncode} instead of {wanted}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def main():
    program, length = Path(sys.argv[1]).resolve(), sys.argv[2]
    agents = sys.argv[3] if len(sys.argv) > 3 else "60"
    with tempfile.TemporaryDirectory() as scratch, Cluster() as cluster:
        work = Path(scratch)
        cluster.create("callfold")
        url, data, feed = cluster.url("callfold"), work / "data", work / "feed.ndjson"
        config = work / "callfold.toml"
        config.write_text(CONFIG)
        run("simulate", 0, program, "simulate", "--agents", agents, "--queues", "6", "--for", length, "--seed", "7", "--out", feed)
        run("replay", 0, program, "replay", feed, "--data", data, "--postgres", url, "--user-data", "*", "--config", config)
        run("check the files", 0, program, "check", "data", "--strict", "--data", data)
        run("check the database", 0, program, "check", "data", "--strict", "--postgres", url)
        run("check both", 0, program, "check", "data", "--strict", "--data", data, "--postgres", url)
        cluster.run("psql", "-h", cluster.dir, "-U", "postgres", "-d", "callfold", "-v", "ON_ERROR_STOP=1", "-c",
                    "DELETE FROM callfold.party WHERE party_id = (SELECT party_id FROM callfold.party LIMIT 1 OFFSET 1000)")
        run("check after a row went", 6, program, "check", "data", "--postgres", url)


main()
