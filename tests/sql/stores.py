"""The same history twice: the tables of a PostgreSQL database, and the Parquet files of a data directory through DuckDB.

`differences` holds one relation of both against each other, cell by cell; `answers` runs one text on both.
"""
import datetime
import re
import uuid
from pathlib import Path

import duckdb
import psycopg

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "schemas" / "duckdb.sql"
QUERIES = sorted((ROOT / "schemas" / "queries").glob("*.sql"))
NULL = r"\N"


class Stores:
    """Both, open. `pg` and `duck` are the connections."""

    def __init__(self, url, data):
        self.pg = psycopg.connect(url, autocommit=True)
        self.duck = duckdb.connect()
        self.duck.execute("SET VARIABLE data = $1", [str(data)])
        self.duck.execute(SCRIPT.read_text())
        self.data = data

    def tables(self):
        """Names of all tables that both have; the log of events is in files only."""
        return [table for table in self.of_files() if table != "event_log"]

    def of_files(self):
        """Names of all tables, as DuckDB has them."""
        return re.findall(r"FROM callfold\.files\('(\w+)'\)", SCRIPT.read_text())

    def views(self):
        """Names of all views over the tables, with their schema."""
        found = self.duck.execute("SELECT schema_name, view_name FROM duckdb_views() WHERE schema_name LIKE 'callfold%'").fetchall()
        tables = set(self.of_files())
        return sorted(f"{schema}.{name}" for schema, name in found if schema != "callfold" or name not in tables)

    def columns(self, relation):
        """(name, type in DuckDB, type in PostgreSQL) of a relation; the order of columns may differ, the names may not."""
        here = {row[0]: row[1] for row in self.duck.execute(f"DESCRIBE {relation}").fetchall()}
        with self.pg.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {relation} LIMIT 0")
            there = {c.name: c.type_display for c in cursor.description}
        if set(here) != set(there):
            raise Difference(f"{relation}: columns differ: {sorted(set(here) ^ set(there))}")
        return [(name, here[name], there[name]) for name in here]

    def set(self, **parameters):
        """Sets what queries are asked for, on both sides; a value of None takes it back."""
        for name, value in parameters.items():
            self.pg.execute("SELECT set_config(%s, %s, false)", [f"callfold.{name}", value or ""])
            self.duck.execute(f"SET VARIABLE {name} = $1", [value]) if value else self.duck.execute(f"RESET VARIABLE {name}")


def own_cell(name, type_here):
    """A column of DuckDB as PostgreSQL writes it."""
    return f"""'{{' || array_to_string("{name}", ',') || '}}' AS "{name}\"""" if type_here == "VARCHAR[]" else f'"{name}"'


class Difference(Exception):
    """The two stores do not say the same."""


TYPES = {
    "VARCHAR": "text", "UUID": "uuid", "TIMESTAMP WITH TIME ZONE": "timestamptz", "TIMESTAMP": "timestamp", "BIGINT": "int8",
    "INTEGER": "int4", "BOOLEAN": "bool", "VARCHAR[]": "text[]", "DATE": "date", "TIME": "time", "DOUBLE": "float8",
}


def same_relation(stores, relation):
    """Compares a table or view of both stores, cell by cell; returns the number of rows."""
    columns = stores.columns(relation)
    for name, here, there in columns:
        if TYPES.get(here) != there:
            raise Difference(f"{relation}.{name}: {there} in PostgreSQL, {here} in DuckDB")
    names = ", ".join(f'"{name}"' for name, _, _ in columns)
    path = Path(stores.data) / "compared.csv"
    with open(path, "wb") as out, stores.pg.cursor() as cursor:
        with cursor.copy(f"COPY (SELECT {names} FROM {relation}) TO STDOUT (FORMAT csv, NULL '{NULL}')") as rows:
            for block in rows:
                out.write(block)
    cast = ", ".join(f'CAST("{name}" AS {"VARCHAR" if here == "VARCHAR[]" else here}) AS "{name}"' for name, here, _ in columns)
    own = ", ".join(own_cell(name, here) for name, here, _ in columns)
    texts = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name, _, _ in columns) + "}"
    stores.duck.execute(f"CREATE OR REPLACE TEMP TABLE here AS SELECT {own} FROM {relation}")
    stores.duck.execute(f"""CREATE OR REPLACE TEMP TABLE there AS SELECT {cast} FROM read_csv('{path}', columns = {texts},
        header = false, delim = ',', quote = '"', escape = '"', nullstr = '{NULL}', auto_detect = false, max_line_size = 10000000)""")
    path.unlink()
    only = {}
    for side, other in (("here", "there"), ("there", "here")):
        only[side] = stores.duck.execute(f"SELECT * FROM {side} EXCEPT ALL SELECT * FROM {other} ORDER BY ALL LIMIT 1").fetchone()
    count = stores.duck.execute("SELECT count(*) FROM here").fetchone()[0]
    if only["here"] is None and only["there"] is None:
        return count
    raise Difference(described(relation, [name for name, _, _ in columns], only["there"], only["here"]))


def described(what, names, there, here):
    """The first row that differs, as PostgreSQL and as DuckDB have it."""
    lines = [f"{what}: the stores differ; the first row only one of them has:"]
    for store, row in (("PostgreSQL", there), ("DuckDB", here)):
        shown = "none" if row is None else ", ".join(f"{n} {v}" for n, v in zip(names, row))
        lines.append(f"  {store}: {shown}")
    if there is not None and here is not None:
        lines.append("  columns that differ: " + ", ".join(n for n, a, b in zip(names, there, here) if a != b))
    return "\n".join(lines)


def plain(cell):
    """A cell without what only its driver adds."""
    if isinstance(cell, datetime.datetime) and cell.tzinfo:
        return cell.astimezone(datetime.timezone.utc)
    return str(cell) if isinstance(cell, uuid.UUID) else cell


def rows_of(cursor):
    return [c[0] for c in cursor.description], [tuple(map(plain, row)) for row in cursor.fetchall()]


def same_answer(stores, text, what):
    """Runs one text on both stores and compares names, order and every cell; returns names and rows."""
    names, there = rows_of(stores.pg.execute(text))
    own_names, here = rows_of(stores.duck.execute(text))
    if names != own_names:
        raise Difference(f"{what}: columns {names} in PostgreSQL, {own_names} in DuckDB")
    for place in range(max(len(there), len(here))):
        a, b = (rows[place] if place < len(rows) else None for rows in (there, here))
        if a != b:
            raise Difference(f"row {place + 1} of " + described(what, names, a, b))
    return names, there
