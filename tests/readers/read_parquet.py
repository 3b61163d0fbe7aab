#!/usr/bin/env python3
"""Reads a data directory as other programs do: plain globs, hive partitions, three readers that share no code.

usage: read_parquet.py DATA [EXPECTED]

Checks for every table under DATA/history that pyarrow, DuckDB and Polars see the same columns, the same number of rows and
the same sums, that the types are those promised, that the manifests agree, and that every key occurs once. EXPECTED is an
optional JSON object of row counts by table. Exit code 0 when all agree. Needs: pyarrow, duckdb, polars.
"""

import glob
import json
import os
import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

KEYS = {
    "call": ["tenant_id", "call_id"],
    "party": ["tenant_id", "party_id"],
    "party_state": ["tenant_id", "party_id", "seq"],
    "queue_segment": ["tenant_id", "queue_segment_id"],
    "handling_segment": ["tenant_id", "handling_segment_id"],
    "agent_session": ["tenant_id", "agent_session_id"],
    "agent_session_dn": ["tenant_id", "agent_session_id", "seq"],
    "agent_state": ["tenant_id", "agent_session_id", "seq"],
    "call_link": ["tenant_id", "from_call_id", "to_call_id", "link_type"],
    "interaction": ["tenant_id", "interaction_id"],
    "route_decision": ["tenant_id", "route_id"],
    "user_data_change": ["tenant_id", "call_id", "key", "seq"],
    "user_data_final": ["tenant_id", "call_id"],
    "source_session": ["tenant_id", "source_id", "session_epoch"],
    "queue_interval": ["tenant_id", "queue_id", "media_type", "interval_start"],
    "queue_cohort_interval": ["tenant_id", "queue_id", "media_type", "interval_start"],
    "queue_handle_hist": ["tenant_id", "queue_id", "media_type", "interval_start", "kind", "upper_ms"],
    "queue_wait_hist": ["tenant_id", "queue_id", "media_type", "interval_start", "kind", "upper_ms"],
    "agent_interval": ["tenant_id", "agent_id", "media_type", "interval_start"],
    "agent_queue_interval": ["tenant_id", "agent_id", "queue_id", "media_type", "interval_start"],
    "agent_reason_interval": [
        "tenant_id", "agent_id", "state", "reason_key", "reason_code", "media_type", "interval_start",
    ],
    "queue_snapshot": ["tenant_id", "queue_id", "media_type", "sampled_at"],
    "event_log": ["tenant_id", "event_id"],
    "agent_snapshot": ["tenant_id", "agent_id", "media_type", "sampled_at"],
    "dim_tenant": ["tenant_id"],
    "dim_site": ["tenant_id", "site_id"],
    "dim_resource": ["tenant_id", "resource_id"],
    "dim_agent": ["tenant_id", "agent_id"],
    "dim_queue": ["tenant_id", "queue_id"],
    "dim_reason": ["tenant_id", "reason_key", "reason_code"],
    "dim_definition": ["tenant_id", "definition_version", "name"],
    "dim_group": ["tenant_id", "group_id"],
    "group_member": ["tenant_id", "group_id", "member_id", "valid_from"],
    "dim_calendar": ["tz", "interval_start"],
}
PARTITION = {"tenant", "date"}
problems = []


def check(ok, message):
    if not ok:
        problems.append(message)
        print("  FAILED:", message)


def kind(name, arrow):
    """The DuckDB and Polars types that belong to an Arrow type, by the meaning that the column's name carries."""
    if pa.types.is_timestamp(arrow):
        return {"TIMESTAMP WITH TIME ZONE"}, polars.Datetime("us", "UTC")
    if pa.types.is_fixed_size_binary(arrow) or str(arrow) == "extension<arrow.uuid>":
        return {"UUID"}, polars.Binary
    if pa.types.is_string(arrow) or pa.types.is_dictionary(arrow):
        return {"VARCHAR"}, polars.String
    if pa.types.is_int64(arrow):
        return {"BIGINT"}, polars.Int64
    if pa.types.is_int32(arrow):
        return {"INTEGER"}, polars.Int32
    if pa.types.is_date32(arrow):
        return {"DATE"}, polars.Date
    if pa.types.is_time64(arrow):
        return {"TIME"}, polars.Time
    if pa.types.is_boolean(arrow):
        return {"BOOLEAN"}, polars.Boolean
    if pa.types.is_list(arrow):
        return {"VARCHAR[]"}, polars.List(polars.String)
    return set(), None


def sums(schema):
    """Columns whose sum is compared, and those whose nulls are."""
    numbers = [f.name for f in schema if pa.types.is_integer(f.type) and f.name not in PARTITION]
    return numbers, [f.name for f in schema if f.name not in PARTITION]


def read_table(data, table, expected):
    pattern = os.path.join(data, "history", table, "**", "*.parquet")
    files = sorted(glob.glob(pattern, recursive=True))
    print(f"{table}: {len(files)} files")
    # Dimensions have no date, and the calendar has no tenant either.
    by = [name for name in ("tenant", "date") if f"/{name}=" in files[0]]
    part = pa.dataset.partitioning(pa.schema([(name, pa.string()) for name in by]), flavor="hive")
    types = ", ".join(f"'{name}': {'DATE' if name == 'date' else 'VARCHAR'}" for name in by)
    hive = f"hive_partitioning = true, hive_types = {{{types}}}" if by else "hive_partitioning = false"
    dataset = pa.dataset.dataset(files, format="parquet", partitioning=part, partition_base_dir=os.path.join(data, "history", table))
    arrow = dataset.to_table()
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute(
        f"CREATE VIEW t AS SELECT * FROM read_parquet('{pattern}', {hive}, union_by_name = true)"
    )
    frame = polars.scan_parquet(pattern, hive_partitioning=bool(by)).collect()

    rows = arrow.num_rows
    in_duck = duck.execute("SELECT count(*) FROM t").fetchone()[0]
    check(rows == in_duck == frame.height, f"{table}: rows {rows} / {in_duck} / {frame.height}")
    if table in expected:
        check(rows == expected[table], f"{table}: {rows} rows, expected {expected[table]}")

    duck_types = {name: ty for name, ty, *_ in duck.execute("DESCRIBE t").fetchall()}
    for field in arrow.schema:
        if field.name in PARTITION:
            continue
        want_duck, want_polars = kind(field.name, field.type)
        check(duck_types.get(field.name) in want_duck, f"{table}.{field.name}: DuckDB sees {duck_types.get(field.name)}")
        seen = frame.schema.get(field.name)
        check(seen == want_polars, f"{table}.{field.name}: Polars sees {seen}, Arrow {field.type}")
        if field.name.endswith("_ms"):
            check(pa.types.is_integer(field.type), f"{table}.{field.name}: durations are integers, not {field.type}")

    numbers, columns = sums(arrow.schema)
    duck_sums = duck.execute("SELECT count(*), " + ", ".join(f'sum("{n}")::HUGEINT' for n in numbers) + " FROM t").fetchone()[1:]
    for name, from_duck in zip(numbers, duck_sums):
        from_arrow = pa.compute.sum(arrow[name].cast(pa.int64())).as_py()
        from_polars = frame[name].cast(polars.Int64).sum()
        check((from_arrow or 0) == (from_duck or 0) == (from_polars or 0), f"{table}.{name}: sums differ")
    duck_nulls = duck.execute("SELECT " + ", ".join(f'count(*) - count("{n}")' for n in columns) + " FROM t").fetchone()
    duck_distinct = duck.execute("SELECT " + ", ".join(f'count(DISTINCT "{n}")' for n in columns) + " FROM t").fetchone()
    for name, nulls, distinct in zip(columns, duck_nulls, duck_distinct):
        from_polars = frame[name].null_count()
        check(arrow[name].null_count == nulls == from_polars, f"{table}.{name}: nulls differ")
        if not pa.types.is_list(arrow[name].type):
            from_polars = frame[name].drop_nulls().n_unique()
            check(distinct == from_polars, f"{table}.{name}: {distinct} / {from_polars} different values")
        if pa.types.is_string(arrow[name].type):
            from_arrow = pa.compute.count_distinct(arrow[name]).as_py()
            check(distinct == from_arrow, f"{table}.{name}: {distinct} / {from_arrow} different values in Arrow")

    keys = ", ".join(KEYS[table])
    twice = duck.execute(f"SELECT count(*) FROM (SELECT {keys} FROM t GROUP BY ALL HAVING count(*) > 1)").fetchone()[0]
    check(twice == 0, f"{table}: {twice} keys occur more than once")
    check_filters(table, pattern, duck, frame)
    check_files(data, table, files, rows)
    return rows


def check_filters(table, pattern, duck, frame):
    """Readers skip row groups and pages by statistics: a filter on a sorted column must find what a full scan finds."""
    names = [n for n in ("queue_id", "agent_id", "resource_id") if n in frame.columns]
    for name in names[:1]:
        values = frame[name].drop_nulls().unique().sort().to_list()
        for value in values[:: max(1, len(values) // 7)]:
            full = frame.filter(polars.col(name) == value).height
            by_duck = duck.execute(f"SELECT count(*) FROM t WHERE {name} = ?", [value]).fetchone()[0]
            lazy = polars.scan_parquet(pattern, hive_partitioning=True).filter(polars.col(name) == value).collect().height
            check(full == by_duck == lazy, f"{table}: filter {name} = {value}: {full} / {by_duck} / {lazy}")


def check_files(data, table, files, rows):
    listed = {}
    manifests = glob.glob(os.path.join(data, "manifest", table, "**", "*.json"), recursive=True)
    for path in manifests + glob.glob(os.path.join(data, "manifest", table + ".json")):
        with open(path) as f:
            manifest = json.load(f)
        partition = os.path.relpath(path, os.path.join(data, "manifest"))[: -len(".json")]
        for entry in manifest["files"]:
            listed[os.path.join(data, "history", partition, entry["name"])] = entry
    check(set(listed) == set(files), f"{table}: manifests and files differ: {set(listed) ^ set(files)}")
    check(sum(e["rows"] for e in listed.values()) == rows, f"{table}: manifests count other rows")
    for path in files:
        meta = pq.ParquetFile(path).metadata
        entry = listed.get(path)
        if entry:
            check(entry["rows"] == meta.num_rows, f"{path}: rows")
            check(entry["bytes"] == os.path.getsize(path), f"{path}: bytes")
        extra = {k.decode(): v.decode() for k, v in (meta.metadata or {}).items()}
        check(extra.get("callfold.table") == table, f"{path}: no table in its metadata")
        check(extra.get("callfold.rows") == str(meta.num_rows), f"{path}: rows in its metadata")
        check(bool(meta.row_group(0).sorting_columns), f"{path}: no sorting columns")
        start = extra.get("callfold.first_us")
        check(start is not None, f"{path}: no first instant")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    data = sys.argv[1]
    expected = {}
    if len(sys.argv) > 2:
        with open(sys.argv[2]) as f:
            expected = json.load(f)
    tables = sorted(os.listdir(os.path.join(data, "history")))
    counts = {table: read_table(data, table, expected) for table in tables}
    for table in expected:
        check(table in counts or expected[table] == 0, f"{table}: missing")
    print(json.dumps(counts))
    if problems:
        sys.exit(f"{len(problems)} problems")
    print("all readers agree")


if __name__ == "__main__":
    main()
