"""A PostgreSQL server that exists for one check: made in a directory of its own, on a socket, and gone afterwards."""
import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SETTINGS = {
    "listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "timezone": "UTC",
    "shared_buffers": "256MB", "work_mem": "64MB", "maintenance_work_mem": "128MB", "max_wal_size": "2GB", "jit": "off",
}


def programs():
    """The directory of the newest server that is installed."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    found = places[-1] if places else shutil.which("initdb")
    if not found:
        sys.exit("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    return Path(found).parent


def somebody():
    """Whom the server runs as: it refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            person = pwd.getpwnam(name)
            return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    sys.exit("the server must not run as root, and there is nobody else")


class Cluster:
    """A running server; `with Cluster() as c:`, then `c.url(database)`."""

    def __init__(self):
        self.bin, self.who = programs(), somebody()
        self.dir = Path(tempfile.mkdtemp(prefix="callfold-sql-"))
        self.data = self.dir / "data"
        if self.who:
            os.chown(self.dir, self.who["user"], self.who["group"])

    def run(self, program, *arguments):
        done = subprocess.run([self.bin / program, *arguments], cwd=self.dir, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "LC_ALL": "C"}, **self.who)
        if done.returncode:
            log = self.dir / "log"
            sys.exit(f"{program} failed:\n{done.stdout}\n{log.read_text() if log.exists() else ''}")

    def __enter__(self):
        try:
            self.run("initdb", "--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", "--username=postgres", "-D", self.data)
            options = [f"-c {name}={value or repr('')}" for name, value in SETTINGS.items()]
            self.run("pg_ctl", "start", "-w", "-D", self.data, "-l", self.dir / "log", "-o",
                     " ".join([f"-k {self.dir}", *options]))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if (self.data / "postmaster.pid").exists():
            with contextlib.suppress(SystemExit):
                self.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.data)
        shutil.rmtree(self.dir, ignore_errors=True)

    def url(self, database):
        return f"host={self.dir} user=postgres dbname={database}"

    def create(self, database):
        self.run("createdb", "-h", self.dir, "-U", "postgres", database)
