-- Days that are older than they shall be kept: how far each table was emptied, and the function that drops months.

CREATE TABLE callfold.retained (
    table_name text PRIMARY KEY,
    first_day date NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE callfold.retained IS 'Tables from which days were removed for their age (history.retention); one that is not named has all its days';
COMMENT ON COLUMN callfold.retained.table_name IS 'the table';
COMMENT ON COLUMN callfold.retained.first_day IS 'first day (UTC) that was kept: what is older is missing with good reason';
COMMENT ON COLUMN callfold.retained.written_at IS 'time of this server when that was last moved';

-- Whoever writes owns no table. He notes first how far a table shall be emptied, which everybody can read, and this drops what lies before the
-- day he names and is covered by the note, one whole month a call, the oldest first. Others keep out of the table only for as long as dropping takes: when somebody is in it and
-- stays, the wait ends soon, with an error, and is for the caller to repeat.
CREATE FUNCTION callfold_store.drop_retained(table_name text, first_day date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '500ms' AS $$
DECLARE
    first date := (SELECT least(r.first_day, drop_retained.first_day) FROM callfold.retained r WHERE r.table_name = drop_retained.table_name);
    part text;
BEGIN
    -- As whoever makes partitions does.
    PERFORM pg_advisory_xact_lock(hashtextextended('callfold partitions', 0));
    SELECT c.relname INTO part
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relnamespace = 'callfold_store'::regnamespace
    WHERE i.inhparent = to_regclass(format('callfold.%I', drop_retained.table_name))
      AND CASE WHEN c.relname ~ '_[0-9]{4}_[0-9]{2}$' THEN to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' END <= first
    ORDER BY c.relname LIMIT 1;
    IF part IS NOT NULL THEN
        EXECUTE format('DROP TABLE callfold_store.%I', part);
    END IF;
    RETURN part;
END
$$;
COMMENT ON FUNCTION callfold_store.drop_retained(text, date) IS 'Drops the oldest month of a table if all of it lies before this day and callfold.retained says so; its name, or NULL when there is none';
REVOKE ALL ON FUNCTION callfold_store.drop_retained(text, date) FROM PUBLIC;
