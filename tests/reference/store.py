"""Reads history tables back: from a data directory (Parquet) or from the model's own JSON."""
import json
import uuid
from pathlib import Path


def cell(value):
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.decode("utf-8", "replace")
    return value


def read_table(data, table):
    """Rows of one table as dicts, instants in microseconds, ids as texts; None when there is no such directory."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    root = Path(data) / "history" / table
    if not root.is_dir():
        return None
    rows = []
    for path in sorted(root.rglob("*.parquet")):
        t = pq.ParquetFile(path).read()
        for i, field in enumerate(t.schema):
            if pa.types.is_timestamp(field.type):
                us = pc.cast(pc.cast(t.column(i), pa.timestamp("us", field.type.tz)), pa.int64())
                t = t.set_column(i, field.name, us)
        hive = dict(p.split("=", 1) for p in path.relative_to(root).parts[:-1] if "=" in p)
        for row in t.to_pylist():
            row = {k: cell(v) for k, v in row.items()}
            if "tenant_id" not in row and "tenant" in hive:
                row["tenant_id"] = hive["tenant"]
            rows.append(row)
    return rows


def latest(rows, key):
    """One row per key, the highest revision; and how many were superseded at the same revision."""
    best, doubled = {}, 0
    for row in rows:
        k = tuple(row.get(c) for c in key)
        old = best.get(k)
        if old is not None and old.get("revision") == row.get("revision"):
            doubled += 1
        if old is None or (row.get("revision") or 0) >= (old.get("revision") or 0):
            best[k] = row
    return best, doubled


def read_all(data, keys):
    """{table: rows} of a data directory or of the model's JSON."""
    if str(data).endswith(".json"):
        with open(data, encoding="utf-8") as f:
            return json.load(f)
    out = {}
    for table, key in keys.items():
        rows = read_table(data, table)
        out[table] = None if rows is None else list(latest(rows, key)[0].values())
    return out
