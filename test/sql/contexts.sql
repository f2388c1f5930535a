-- Where the function may stand: in PL/pgSQL, cursors, views, prepared statements, read-only transactions.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_contexts;
SET search_path = test_contexts, public;

-- What the catalogue says of it, and that every object has a comment.
SELECT provolatile, proparallel, proisstrict, proretset, prosecdef, pronargdefaults, pg_get_function_result(oid) AS result
FROM pg_proc WHERE proname = 'tnfr_dnfr';
SELECT pg_get_function_arguments('tnfr_dnfr'::regproc) AS arguments;
SELECT count(*) FILTER (WHERE obj_description(objid, classid::regclass::text::name) IS NULL) AS without_comment
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'tnfr_pg')
	AND classid = 'pg_proc'::regclass;
SELECT count(*) AS overloads FROM pg_proc WHERE proname = 'tnfr_dnfr';

CREATE TABLE edges (src int, dst int);
INSERT INTO edges SELECT i, i + 1 FROM generate_series(1, 9) AS i;
CREATE TABLE nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO nodes SELECT i, i * i, 1, 0 FROM generate_series(1, 10) AS i;

-- In the select list, in FROM, with column aliases, under LIMIT and OFFSET, in an expression.
SELECT tnfr_dnfr('edges', 'nodes', 'epi_vf') LIMIT 2;
SELECT (tnfr_dnfr('edges', 'nodes', 'epi_vf')).* LIMIT 2;
SELECT a, b FROM tnfr_dnfr('edges', 'nodes', 'epi_vf') AS t(a, b) OFFSET 8 LIMIT 1;
SELECT n.id, n.epi, d.dnfr FROM nodes AS n JOIN tnfr_dnfr('edges', 'nodes', 'epi_vf') AS d ON d.node = n.id WHERE n.id < 3;
SELECT (SELECT max(dnfr) FROM tnfr_dnfr('edges', 'nodes', 'epi_vf')) > 0 AS expression;
SELECT EXISTS (SELECT FROM tnfr_dnfr('edges', 'nodes') WHERE node = 11) AS eleven;

-- A CTE, and the function twice in one statement.
WITH once AS (SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf'))
SELECT count(*), count(*) FILTER (WHERE a.dnfr = b.dnfr) AS same
FROM once AS a JOIN once AS b USING (node);
WITH once AS MATERIALIZED (SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf'))
SELECT count(*) FROM once;
SELECT count(*), count(*) FILTER (WHERE a.dnfr = b.dnfr) AS same
FROM tnfr_dnfr('edges', 'nodes', 'canonical') AS a, tnfr_dnfr('edges', 'nodes', 'canonical') AS b
WHERE a.node = b.node;

-- LATERAL: relation, form and direction from a row.
CREATE TABLE reversed AS SELECT dst AS src, src AS dst FROM edges;
SELECT t.e, t.d, sum(x.dnfr) AS total, count(*)
FROM (VALUES ('edges'::regclass, false), ('edges', true), ('reversed', false), ('reversed', true)) AS t(e, d),
LATERAL tnfr_dnfr(t.e, 'nodes', 'epi_vf', t.d) AS x
GROUP BY t.e, t.d ORDER BY t.e::text, t.d;

-- Nested: ranges over its own result through a view.
CREATE VIEW next_nodes AS
SELECT n.id, n.epi + 0.1 * d.dnfr AS epi, n.vf, n.phase FROM nodes AS n JOIN tnfr_dnfr('edges', 'nodes') AS d ON d.node = n.id;
CREATE VIEW after_next_nodes AS
SELECT n.id, n.epi + 0.1 * d.dnfr AS epi, n.vf, n.phase FROM next_nodes AS n JOIN tnfr_dnfr('edges', 'next_nodes') AS d ON d.node = n.id;
SELECT count(*), round(sum(dnfr)::numeric, 9) AS total FROM tnfr_dnfr('edges', 'after_next_nodes');

-- PL/pgSQL: a loop, a loop left early, EXECUTE, RETURN QUERY, an error that is caught.
DO $$
DECLARE
	r record;
	seen int := 0;
	total float8;
BEGIN
	FOR r IN SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf') LOOP
		seen := seen + 1;
		EXIT WHEN r.node = 4;
	END LOOP;
	ASSERT seen = 4;
	EXECUTE 'SELECT sum(dnfr) FROM tnfr_dnfr($1, $2)' INTO total USING 'edges'::regclass, 'nodes'::regclass;
	ASSERT total IS NOT NULL;
	FOR i IN 1 .. 20 LOOP
		BEGIN
			PERFORM FROM tnfr_dnfr('edges', 'nodes', 'no such form');
		EXCEPTION WHEN invalid_parameter_value THEN
			seen := seen + 1;
		END;
	END LOOP;
	ASSERT seen = 24;
	-- What the transaction has written so far is seen.
	INSERT INTO nodes VALUES (11, 0, 1, 0);
	ASSERT (SELECT count(*) FROM tnfr_dnfr('edges', 'nodes')) = 11;
	DELETE FROM nodes WHERE id = 11;
	ASSERT (SELECT count(*) FROM tnfr_dnfr('edges', 'nodes')) = 10;
END $$;
CREATE FUNCTION top(n int) RETURNS SETOF bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY SELECT node FROM tnfr_dnfr('edges', 'nodes') ORDER BY dnfr DESC, node LIMIT n;
END $$;
SELECT array_agg(t) FROM top(3) AS t;

-- A statement sees the state before it: the CTE's own insert does not show.
WITH added AS (INSERT INTO nodes VALUES (12, 0, 1, 0) RETURNING id)
SELECT (SELECT count(*) FROM added) AS added, count(*) FROM tnfr_dnfr('edges', 'nodes');
DELETE FROM nodes WHERE id = 12;

-- A cursor, forwards, backwards and held over the commit.
BEGIN;
DECLARE walk SCROLL CURSOR FOR SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
FETCH 2 FROM walk;
MOVE 5 FROM walk;
FETCH 1 FROM walk;
FETCH BACKWARD 1 FROM walk;
DELETE FROM nodes WHERE id = 10;
DELETE FROM edges WHERE dst = 10;
FETCH LAST FROM walk;
CLOSE walk;
ROLLBACK;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
COMMIT;
FETCH 1 FROM held;
CLOSE held;

-- Prepared, with a generic plan, and after DDL and new rows.
CREATE TABLE prepared_edges AS TABLE edges;
CREATE TABLE prepared_nodes AS TABLE nodes;
SET plan_cache_mode = force_generic_plan;
PREPARE p(regclass, text) AS SELECT count(*), round(sum(dnfr)::numeric, 9) AS total FROM tnfr_dnfr($1, 'prepared_nodes', $2);
EXECUTE p('prepared_edges', 'epi_vf');
EXECUTE p('prepared_edges', 'gradient');
ALTER TABLE prepared_edges ADD COLUMN weight numeric DEFAULT 2;
EXECUTE p('prepared_edges', 'gradient');
UPDATE prepared_edges SET weight = 0 WHERE src = 1;
EXECUTE p('prepared_edges', 'gradient');
ALTER TABLE prepared_edges DROP COLUMN weight;
EXECUTE p('prepared_edges', 'gradient');
ALTER TABLE prepared_nodes ALTER id TYPE int8, ALTER epi TYPE numeric;
EXECUTE p('prepared_edges', 'gradient');
RESET plan_cache_mode;
DEALLOCATE p;

-- A view on top follows RENAME and holds on to its tables.
CREATE VIEW result AS SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
SELECT round(sum(dnfr * node)::numeric, 9) AS before FROM result;
ALTER TABLE edges RENAME TO edges_renamed;
ALTER TABLE nodes RENAME TO nodes_renamed;
SELECT round(sum(dnfr * node)::numeric, 9) AS renamed FROM result;
CREATE SCHEMA test_contexts_moved;
ALTER TABLE nodes_renamed SET SCHEMA test_contexts_moved;
SELECT round(sum(dnfr * node)::numeric, 9) AS moved FROM result;
ALTER TABLE test_contexts_moved.nodes_renamed SET SCHEMA test_contexts;
DROP SCHEMA test_contexts_moved;
SELECT pg_get_viewdef('result'::regclass) ~ 'edges_renamed.*nodes_renamed' AS shows_new_names;
\set VERBOSITY terse
DROP TABLE edges_renamed;
\echo :SQLSTATE
DROP EXTENSION tnfr_pg;
\echo :SQLSTATE
\set VERBOSITY default
ALTER TABLE edges_renamed RENAME TO edges;
ALTER TABLE nodes_renamed RENAME TO nodes;

-- A materialised view, refreshed under any search_path.
CREATE MATERIALIZED VIEW stored AS SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
CREATE UNIQUE INDEX ON stored (node);
UPDATE nodes SET epi = 0 WHERE id = 1;
SET search_path = '';
REFRESH MATERIALIZED VIEW test_contexts.stored;
REFRESH MATERIALIZED VIEW CONCURRENTLY test_contexts.stored;
SELECT count(*) FROM test_contexts.stored;
SET search_path = test_contexts, public;
SELECT count(*) AS different FROM stored AS a FULL JOIN result AS b USING (node) WHERE a.dnfr IS DISTINCT FROM b.dnfr;

-- Read-only and serializable transactions, and one that has failed before.
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
COMMIT;
BEGIN;
SAVEPOINT s;
\set VERBOSITY terse
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes', 'no such form');
\set VERBOSITY default
ROLLBACK TO s;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');
COMMIT;

-- Each edge is read once, whatever is behind it.
CREATE SEQUENCE calls;
CREATE FUNCTION counted(int) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT nextval('calls'); SELECT $1 $$;
CREATE VIEW counted_edges AS SELECT counted(src) AS src, dst FROM edges;
SELECT count(*) FROM tnfr_dnfr('counted_edges', 'nodes');
SELECT last_value AS each_edge_read_once FROM calls;

-- The planner's estimate follows the size of the nodes table.
CREATE FUNCTION estimate(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
CREATE TABLE many_nodes AS SELECT i AS id, 0::float8 AS epi, 1::float8 AS vf, 0::float8 AS phase FROM generate_series(1, 20000) AS i;
ANALYZE nodes, many_nodes;
SELECT estimate('SELECT * FROM tnfr_dnfr(''edges'', ''many_nodes'')') BETWEEN 10000 AND 40000 AS many,
       estimate('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'')') BETWEEN 1 AND 1000 AS few;

-- Beside parallel plans: the function stays with the leader.
DO $$
BEGIN
	PERFORM set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
END $$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT count(*), round(sum(dnfr * node)::numeric, 9) AS total FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
SELECT count(*) FROM many_nodes AS m JOIN tnfr_dnfr('edges', 'nodes', 'epi_vf') AS d ON d.node = m.id;
SELECT count(*) FROM many_nodes WHERE id IN (SELECT node FROM tnfr_dnfr('edges', 'nodes'));
DO $$
BEGIN
	PERFORM set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
END $$;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- Results larger than work_mem.
SET work_mem = '64kB';
SELECT count(*), count(DISTINCT node) FROM tnfr_dnfr('edges', 'many_nodes');
RESET work_mem;

DROP SCHEMA test_contexts CASCADE;
