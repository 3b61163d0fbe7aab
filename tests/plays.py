#!/usr/bin/env python3
"""Plays a recording on the wallboard and sees its numbers move.

usage: plays.py PATH/TO/callfold FEED [--speed N] [--within SECONDS]

Starts `callfold demo --from FEED` on a free loopback port, asks /api/v1/queues until the day's counts have grown three times
and /metrics names the switch's queues, then interrupts it. Exit code 0 when all of that happened and the program stopped
cleanly. Standard library only.
"""
import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def entered(url):
    """Calls entered today and queues, over all queues."""
    queues = json.loads(get(url + "api/v1/queues"))["data"]
    return sum(queue["day"]["entered"] for queue in queues), len(queues)


def watch(url, deadline):
    """The counts seen, each larger than the one before."""
    seen = []
    while len(seen) < 4 and time.monotonic() < deadline:
        calls, queues = entered(url)
        if queues and (not seen or calls > seen[-1]):
            seen.append(calls)
            print(f"{queues} queues, {calls} calls entered today", flush=True)
        time.sleep(0.2)
    return seen


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("binary")
    args.add_argument("feed")
    args.add_argument("--speed", default="600")
    args.add_argument("--within", type=float, default=120)
    a = args.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        command = [a.binary, "demo", "--from", a.feed, "--speed", a.speed, "--listen", "127.0.0.1:0", "--no-open",
                   "--data", str(Path(scratch) / "data")]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        said, found = [], threading.Event()

        def listen():
            for line in server.stderr:
                said.append(line)
                if "wallboard" in line:
                    found.set()

        threading.Thread(target=listen, daemon=True).start()
        try:
            if not found.wait(30):
                sys.exit("the demo did not say where it is: " + "".join(said))
            url = re.search(r"http://\S+/", "".join(said)).group()
            seen = watch(url, time.monotonic() + a.within)
            if len(seen) < 4:
                sys.exit(f"numbers did not move: {seen}")
            if "callfold_queue_entered_total{" not in get(url + "metrics"):
                sys.exit("/metrics has no callfold_queue_entered_total")
            server.send_signal(signal.SIGINT)
            code = server.wait(30)
        finally:
            if server.poll() is None:
                server.kill()
        if code not in (0, 130):
            sys.exit(f"exit code {code}: " + "".join(said))
    print("plays")


if __name__ == "__main__":
    main()
