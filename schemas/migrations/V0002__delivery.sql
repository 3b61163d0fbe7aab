-- How rows get in, and how far: bookkeeping of the writers, and the function that makes partitions.

-- A watermark is told to readers; the rest is between callfold and itself.
CREATE TABLE callfold.delivery_source (
    writer text NOT NULL,
    tenant_id text NOT NULL,
    site_id text NOT NULL,
    watermark timestamptz NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, site_id, writer)
);
COMMENT ON TABLE callfold.delivery_source IS 'How far the rows of a switch have come, by writer';
COMMENT ON COLUMN callfold.delivery_source.writer IS 'name of the writer, as configured';
COMMENT ON COLUMN callfold.delivery_source.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold.delivery_source.site_id IS 'switch';
COMMENT ON COLUMN callfold.delivery_source.watermark IS 'event time up to which every row that had left the engine is here';
COMMENT ON COLUMN callfold.delivery_source.written_at IS 'time of this server when that was last moved';

CREATE TABLE callfold_store.delivery_cursor (
    writer text NOT NULL,
    spool text NOT NULL,
    segment bigint NOT NULL,
    rows bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (writer, spool)
);
COMMENT ON TABLE callfold_store.delivery_cursor IS 'The last segment of each spool whose rows are here; moved in the transaction that wrote them';
COMMENT ON COLUMN callfold_store.delivery_cursor.writer IS 'name of the writer, as configured';
COMMENT ON COLUMN callfold_store.delivery_cursor.spool IS 'id of a spool, made with its directory';
COMMENT ON COLUMN callfold_store.delivery_cursor.segment IS 'number of the last segment written';
COMMENT ON COLUMN callfold_store.delivery_cursor.rows IS 'rows delivered from this spool so far';
COMMENT ON COLUMN callfold_store.delivery_cursor.written_at IS 'time of this server when that was last moved';

CREATE TABLE callfold_store.agent_site (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    site_id text NOT NULL,
    PRIMARY KEY (tenant_id, agent_id)
);
COMMENT ON TABLE callfold_store.agent_site IS 'The switch whose writer replaces an agent''s intervals';
COMMENT ON COLUMN callfold_store.agent_site.tenant_id IS 'tenant';
COMMENT ON COLUMN callfold_store.agent_site.agent_id IS 'AgentID';
COMMENT ON COLUMN callfold_store.agent_site.site_id IS 'switch on which the agent was seen first';

-- A new partition is made apart and attached: readers of the table are not locked out, and lock nobody out.
CREATE FUNCTION callfold_store.ensure_partitions(table_name text, months date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made integer := 0;
    part text;
    month date;
BEGIN
    FOREACH month IN ARRAY months LOOP
        month := date_trunc('month', month::timestamp)::date;
        part := format('%s_%s', table_name, to_char(month, 'YYYY_MM'));
        CONTINUE WHEN month < '1990-01-01' OR month >= '2100-01-01' OR to_regclass(format('callfold_store.%I', part)) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtextextended('callfold partitions', 0));
        CONTINUE WHEN to_regclass(format('callfold_store.%I', part)) IS NOT NULL;
        EXECUTE format('CREATE TABLE callfold_store.%I (LIKE callfold.%I INCLUDING ALL)', part, table_name);
        -- A row of an interval is written twice, provisional and final: with room beside it, the second time costs no index anything.
        IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = format('callfold.%I', table_name)::regclass AND attname = 'interval_start') THEN
            EXECUTE format('ALTER TABLE callfold_store.%I SET (fillfactor = 50)', part);
        END IF;
        EXECUTE format('ALTER TABLE callfold.%I ATTACH PARTITION callfold_store.%I FOR VALUES FROM (%L) TO (%L)', table_name,
            part, month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION callfold_store.ensure_partitions(text, date[]) IS 'Makes the partitions of a table for the months of these days that lack one';
REVOKE ALL ON FUNCTION callfold_store.ensure_partitions(text, date[]) FROM PUBLIC;
