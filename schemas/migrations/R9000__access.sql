-- Who may do what. Applied after every change of the tables, so that new ones are covered; saying it twice changes nothing.
--
-- Rows are kept apart by tenant: whoever reads sees the rows of the tenant in the setting callfold.tenant, and none without
-- it. Only the owner of the tables and the roles that write see all while the setting is empty. Views ask with the rights
-- of whoever reads them.

-- The roles are groups nobody logs in with: GRANT callfold_report TO grafana. A user who may not make roles goes without.
DO $$
DECLARE
    may boolean := (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user);
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['callfold_ingest', 'callfold_report', 'callfold_admin'] LOOP
        CONTINUE WHEN NOT may OR EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- Another database of the server was faster.
        END;
    END LOOP;
END
$$;

DO $$
DECLARE
    kept record;
    writers text := quote_ident(current_user);
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['callfold_ingest', 'callfold_admin'] LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            writers := writers || ', ' || wanted;
        END IF;
    END LOOP;
    FOR kept IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relnamespace = 'callfold'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
    LOOP
        EXECUTE format('ALTER TABLE callfold.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', kept.relname);
        EXECUTE format('DROP POLICY IF EXISTS tenant ON callfold.%I', kept.relname);
        EXECUTE format('CREATE POLICY tenant ON callfold.%I FOR SELECT
            USING (tenant_id = current_setting(''callfold.tenant'', true))', kept.relname);
        EXECUTE format('DROP POLICY IF EXISTS writer ON callfold.%I', kept.relname);
        EXECUTE format('CREATE POLICY writer ON callfold.%I TO %s
            USING (coalesce(current_setting(''callfold.tenant'', true), '''') IN ('''', tenant_id))', kept.relname, writers);
    END LOOP;
    FOR kept IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace IN ('callfold'::regnamespace, 'callfold_compat'::regnamespace) AND relkind = 'v' LOOP
        EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', kept.name);
    END LOOP;
END
$$;

DO $$
DECLARE
    wanted text;
    kept record;
BEGIN
    FOR wanted IN SELECT rolname FROM pg_roles WHERE rolname IN ('callfold_ingest', 'callfold_report', 'callfold_admin') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA callfold, callfold_compat TO %I', wanted);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA callfold, callfold_compat TO %I', wanted);
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA callfold TO %I', wanted);
        -- What was computed once knows no reader.
        FOR kept IN SELECT relname FROM pg_class WHERE relnamespace = 'callfold'::regnamespace AND relkind = 'm' LOOP
            EXECUTE format('REVOKE ALL ON callfold.%I FROM %I', kept.relname, wanted);
        END LOOP;
        CONTINUE WHEN wanted = 'callfold_report';
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA callfold_store TO %I', wanted);
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA callfold_store TO %I', wanted);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON callfold_store.delivery_cursor, callfold_store.agent_site TO %I', wanted);
        EXECUTE format('GRANT SELECT ON callfold_store.migration TO %I', wanted);
        FOR kept IN SELECT relname FROM pg_class WHERE relnamespace = 'callfold'::regnamespace AND relkind IN ('r', 'p') LOOP
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON callfold.%I TO %I', kept.relname, wanted);
            CONTINUE WHEN wanted <> 'callfold_admin';
            EXECUTE format('GRANT TRUNCATE, REFERENCES ON callfold.%I TO %I', kept.relname, wanted);
        END LOOP;
    END LOOP;
END
$$;
