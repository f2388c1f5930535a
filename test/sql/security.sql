-- Everything runs with the rights of the caller and honours row-level security.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE ROLE regress_tnfr_owner;
CREATE ROLE regress_tnfr_reader;
CREATE SCHEMA test_security;
GRANT USAGE ON SCHEMA test_security TO PUBLIC;
GRANT CREATE ON SCHEMA test_security TO regress_tnfr_owner;
SET search_path = test_security, public;

SET ROLE regress_tnfr_owner;
CREATE TABLE edges (src int, dst int, weight float8, tenant text, secret text);
CREATE TABLE nodes (id int, epi float8, vf float8, phase float8, tenant text, secret text);
INSERT INTO nodes SELECT i, i, 1, 0, CASE WHEN i < 10 THEN 'a' ELSE 'b' END, 'hidden' FROM generate_series(1, 20) AS i;
INSERT INTO edges SELECT i, i + 1, 1, CASE WHEN i < 10 THEN 'a' ELSE 'b' END, 'hidden' FROM generate_series(1, 19) AS i WHERE i <> 9;
SELECT count(*), sum(dnfr) FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
RESET ROLE;

-- Without SELECT on either table: permission denied, and nothing about the columns.
\set VERBOSITY terse
SET ROLE regress_tnfr_reader;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
RESET ROLE;
GRANT SELECT ON nodes TO regress_tnfr_reader;
SET ROLE regress_tnfr_reader;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
SELECT count(*) FROM tnfr_dnfr('nodes', 'nodes');
\echo :SQLSTATE
RESET ROLE;
REVOKE SELECT ON nodes FROM regress_tnfr_reader;
GRANT SELECT ON edges TO regress_tnfr_reader;
SET ROLE regress_tnfr_reader;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
RESET ROLE;
REVOKE SELECT ON edges FROM regress_tnfr_reader;

-- SELECT on the columns that are read is enough, and each of them is needed.
GRANT SELECT (src, dst, weight) ON edges TO regress_tnfr_reader;
GRANT SELECT (id, epi, vf, phase) ON nodes TO regress_tnfr_reader;
SET ROLE regress_tnfr_reader;
SELECT count(*), sum(dnfr) FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
RESET ROLE;
REVOKE SELECT (weight) ON edges FROM regress_tnfr_reader;
SET ROLE regress_tnfr_reader;
SELECT count(*), sum(dnfr) FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
\echo :SQLSTATE
RESET ROLE;

-- A wrapper with the owner's rights opens what the owner chose to open.
SET ROLE regress_tnfr_owner;
CREATE FUNCTION opened() RETURNS TABLE (node bigint, dnfr float8) LANGUAGE sql STABLE SECURITY DEFINER
	SET search_path = test_security, public, pg_temp
	AS $$ SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf') $$;
CREATE FUNCTION not_opened() RETURNS TABLE (node bigint, dnfr float8) LANGUAGE sql STABLE SECURITY INVOKER
	AS $$ SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf') $$;
RESET ROLE;
SET ROLE regress_tnfr_reader;
SELECT count(*), sum(dnfr) FROM opened();
SELECT count(*), sum(dnfr) FROM not_opened();
\echo :SQLSTATE
RESET ROLE;

-- A view gives the tables with its owner's rights, so a view over the tables may be read;
-- a view that calls the function runs it as the reader.
SET ROLE regress_tnfr_owner;
CREATE VIEW edges_view AS SELECT src, dst, weight FROM edges;
CREATE VIEW nodes_view AS SELECT id, epi, vf, phase FROM nodes;
CREATE VIEW result_view AS SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
GRANT SELECT ON edges_view, nodes_view, result_view TO regress_tnfr_reader;
RESET ROLE;
SET ROLE regress_tnfr_reader;
SELECT count(*), sum(dnfr) FROM tnfr_dnfr('edges_view', 'nodes_view', 'epi_vf');
SELECT count(*), sum(dnfr) FROM result_view;
\echo :SQLSTATE
RESET ROLE;

-- Row-level security, on both tables.
ALTER TABLE edges ENABLE ROW LEVEL SECURITY;
ALTER TABLE nodes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON edges FOR SELECT TO regress_tnfr_reader USING (tenant = current_setting('test.tenant', true));
CREATE POLICY own ON nodes FOR SELECT TO regress_tnfr_reader USING (tenant = current_setting('test.tenant', true));
GRANT SELECT ON edges, nodes TO regress_tnfr_reader;
SET ROLE regress_tnfr_reader;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
SET test.tenant = 'a';
SELECT count(*), min(node), max(node) FROM tnfr_dnfr('edges', 'nodes');
SET test.tenant = 'b';
SELECT count(*), min(node), max(node) FROM tnfr_dnfr('edges', 'nodes');
-- One prepared statement follows the setting and the role.
PREPARE mine AS SELECT count(*), min(node), max(node) FROM tnfr_dnfr('edges', 'nodes');
EXECUTE mine;
SET test.tenant = 'a';
EXECUTE mine;
RESET ROLE;
EXECUTE mine;
SET ROLE regress_tnfr_reader;
EXECUTE mine;
DEALLOCATE mine;
-- Refusing to have rows filtered is an error, not a silent full read.
SET row_security = off;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
RESET row_security;
RESET ROLE;
-- The owner sees all rows, unless row security is forced on the owner too.
SET ROLE regress_tnfr_owner;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
ALTER TABLE nodes FORCE ROW LEVEL SECURITY;
ALTER TABLE edges FORCE ROW LEVEL SECURITY;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
RESET ROLE;

-- Edges in sight whose nodes are hidden are edges to unknown nodes.
ALTER TABLE edges DISABLE ROW LEVEL SECURITY;
SET ROLE regress_tnfr_reader;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
RESET ROLE;

-- EXECUTE can be taken away.
REVOKE EXECUTE ON FUNCTION tnfr_dnfr FROM PUBLIC;
SET ROLE regress_tnfr_reader;
SELECT count(*) FROM tnfr_dnfr('edges_view', 'nodes_view');
\echo :SQLSTATE
RESET ROLE;
GRANT EXECUTE ON FUNCTION tnfr_dnfr TO PUBLIC;

-- Without USAGE on its schema a relation stays out of reach, by OID too.
CREATE SCHEMA test_private;
CREATE TABLE test_private.nodes AS SELECT 1 AS id, 0 AS epi, 1 AS vf, 0 AS phase;
CREATE TABLE test_private.edges AS SELECT 1 AS src, 1 AS dst;
GRANT SELECT ON test_private.nodes, test_private.edges TO regress_tnfr_reader;
SELECT 'test_private.nodes'::regclass::oid AS nodes_oid, 'test_private.edges'::regclass::oid AS edges_oid \gset
SET ROLE regress_tnfr_reader;
SELECT count(*) FROM tnfr_dnfr(:edges_oid::regclass, :nodes_oid::regclass);
\echo :SQLSTATE
RESET ROLE;
GRANT USAGE ON SCHEMA test_private TO regress_tnfr_reader;
SET ROLE regress_tnfr_reader;
SELECT count(*) FROM tnfr_dnfr(:edges_oid::regclass, :nodes_oid::regclass);
-- Only a superuser decides whether tables are read without the executor.
SET tnfr.direct_scan = off;
\echo :SQLSTATE
RESET ROLE;

DROP SCHEMA test_private CASCADE;
DROP SCHEMA test_security CASCADE;
DROP ROLE regress_tnfr_owner;
DROP ROLE regress_tnfr_reader;
