-- Whatever can stand in FROM: kinds of relation, names, column names, types.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_relations;
SET search_path = test_relations, public;

-- The network all others must agree with.
CREATE TABLE edges (src int, dst int, weight float8);
INSERT INTO edges
SELECT (i * 7919) % 100, (i * 104729 + i / 3) % 100, (i % 16) / 4.0 FROM generate_series(1, 600) AS i;
CREATE TABLE nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO nodes SELECT i, (i % 17) / 8.0, 1 + (i % 5) / 4.0, (i % 25) / 4.0 FROM generate_series(0, 109) AS i;

CREATE FUNCTION bits(edges regclass, nodes regclass) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT md5(string_agg(node || encode(float8send(dnfr), 'hex'), ',' ORDER BY node))
	FROM tnfr_dnfr(edges, nodes, 'canonical')
$$;
CREATE FUNCTION same(edges regclass, nodes regclass) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT bits(edges, nodes) = bits('edges', 'nodes')
$$;
SELECT count(*), count(*) FILTER (WHERE dnfr <> 0) AS moving FROM tnfr_dnfr('edges', 'nodes', 'canonical');

-- Views, materialised views, temporary and unlogged tables.
CREATE VIEW edges_view AS SELECT weight, 'x' AS label, dst, src FROM edges;
CREATE VIEW nodes_view AS SELECT phase, vf, epi, id FROM nodes ORDER BY md5(id::text);
CREATE MATERIALIZED VIEW edges_mat AS SELECT * FROM edges ORDER BY md5(src::text || dst);
CREATE MATERIALIZED VIEW nodes_mat AS SELECT * FROM nodes ORDER BY id DESC;
CREATE TEMP TABLE edges_temp AS SELECT * FROM edges;
CREATE TEMP TABLE nodes_temp AS SELECT * FROM nodes;
CREATE TEMP VIEW nodes_temp_view AS SELECT * FROM nodes_temp;
CREATE UNLOGGED TABLE edges_unlogged AS SELECT * FROM edges;
SELECT e, n, same(e::regclass, n::regclass)
FROM unnest(ARRAY['edges_view', 'edges_mat', 'edges_temp', 'edges_unlogged']) AS e,
     unnest(ARRAY['nodes', 'nodes_view', 'nodes_mat', 'nodes_temp', 'nodes_temp_view']) AS n
ORDER BY 1, 2;

-- A view over expressions, joins and aggregates.
CREATE VIEW edges_summed AS
SELECT src, dst, sum(weight) AS weight FROM edges GROUP BY src, dst
UNION ALL SELECT src, dst, 0 FROM edges WHERE weight = 0;
SELECT max(abs(a.dnfr - b.dnfr)) < 1e-13 AS summed_agrees
FROM tnfr_dnfr('edges', 'nodes') AS a JOIN tnfr_dnfr('edges_summed', 'nodes') AS b USING (node);

-- Partitioned tables, two levels deep, columns in another order in one partition; inheritance.
CREATE TABLE edges_parted (src int, dst int, weight float8) PARTITION BY HASH (src);
CREATE TABLE edges_parted_0 PARTITION OF edges_parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE edges_parted_1 (weight float8, junk text, dst int, src int);
ALTER TABLE edges_parted_1 DROP COLUMN junk;
ALTER TABLE edges_parted ATTACH PARTITION edges_parted_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO edges_parted SELECT * FROM edges;
CREATE TABLE nodes_parted (id int, epi float8, vf float8, phase float8) PARTITION BY RANGE (id);
CREATE TABLE nodes_parted_low PARTITION OF nodes_parted FOR VALUES FROM (0) TO (50);
CREATE TABLE nodes_parted_high PARTITION OF nodes_parted FOR VALUES FROM (50) TO (1000) PARTITION BY LIST (vf);
CREATE TABLE nodes_parted_high_1 PARTITION OF nodes_parted_high FOR VALUES IN (1);
CREATE TABLE nodes_parted_high_rest PARTITION OF nodes_parted_high DEFAULT;
INSERT INTO nodes_parted SELECT * FROM nodes;
CREATE TABLE nodes_parent (id int, epi float8, vf float8, phase float8);
CREATE TABLE nodes_child (note text) INHERITS (nodes_parent);
INSERT INTO nodes_parent SELECT * FROM nodes WHERE id % 3 = 0;
INSERT INTO nodes_child SELECT *, 'child' FROM nodes WHERE id % 3 <> 0;
SELECT same('edges_parted', 'nodes_parted') AS partitioned, same('edges', 'nodes_parent') AS inherited;

-- A foreign table, where file_fdw is at hand.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'file_fdw') THEN
		CREATE EXTENSION file_fdw SCHEMA test_relations;
		CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
		CREATE FOREIGN TABLE edges_foreign (src int, dst int) SERVER files
			OPTIONS (program 'printf "0,1\n1,2\n2,0\n"', format 'csv');
	ELSE
		CREATE TABLE edges_foreign (src int, dst int);
		INSERT INTO edges_foreign VALUES (0, 1), (1, 2), (2, 0);
	END IF;
END $$;
SELECT node, dnfr FROM tnfr_dnfr('edges_foreign', 'nodes', 'epi_vf', weights => '{"epi": 1, "vf": 0}') WHERE node < 4;

-- The same relation for both, a view over a system catalogue, names in pg_temp.
CREATE TABLE both_roles (src int, dst int, id int, epi float8, vf float8, phase float8);
INSERT INTO both_roles VALUES (1, 2, 1, 0, 1, 0), (2, 1, 2, 1, 1, 0);
SELECT * FROM tnfr_dnfr('both_roles', 'both_roles', 'epi_vf', true);
CREATE VIEW catalogue AS SELECT objid::int8 AS src, refobjid::int8 AS dst FROM pg_depend WHERE false;
SELECT count(*) FROM tnfr_dnfr('catalogue', 'nodes');
SELECT same('pg_temp.edges_temp', 'pg_temp.nodes_temp') AS pg_temp;

-- Names that need quotes.
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."Edges "" of ' \ ; --" AS SELECT * FROM edges;
CREATE TABLE "Odd Schema"."SELECT" AS SELECT * FROM nodes;
ALTER TABLE "Odd Schema"."SELECT" ADD COLUMN "odd "" column; DROP" int, ADD COLUMN "Epi" text, ADD COLUMN "ID" text;
SELECT same('"Odd Schema"."Edges "" of '' \ ; --"', '"Odd Schema"."SELECT"') AS quoted;
DROP SCHEMA "Odd Schema" CASCADE;

-- search_path changes nothing once the names are resolved, and a hostile one is ignored.
CREATE SCHEMA hostile;
CREATE DOMAIN hostile.int8 AS text;
CREATE DOMAIN hostile.float8 AS text;
CREATE TABLE hostile.edges (src int, dst int, weight float8);
CREATE TABLE hostile.nodes (id int, epi float8, vf float8, phase float8);
CREATE FUNCTION hostile.int8(int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 0::bigint';
CREATE FUNCTION hostile.float8(float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 0::float8';
SELECT bits('edges', 'nodes') AS expected \gset
SET search_path = '';
SELECT md5(string_agg(node || encode(float8send(dnfr), 'hex'), ',' ORDER BY node)) = :'expected' AS empty_path
FROM public.tnfr_dnfr('test_relations.edges', 'test_relations.nodes', 'canonical');
SET search_path = hostile, pg_catalog;
SELECT md5(string_agg(node || encode(float8send(dnfr), 'hex'), ',' ORDER BY node)) = :'expected' AS hostile_path
FROM public.tnfr_dnfr('test_relations.edges', 'test_relations.nodes', 'canonical');
SET search_path = test_relations, public;
DROP SCHEMA hostile CASCADE;

-- The other column names, and both at once: the first names count.
CREATE VIEW edges_named AS SELECT src AS source, dst AS target, weight FROM edges;
CREATE VIEW nodes_named AS SELECT id, epi, vf AS nu_f, phase AS theta FROM nodes;
CREATE VIEW edges_mixed AS SELECT src, dst AS target, weight FROM edges;
CREATE VIEW nodes_mixed AS SELECT id, epi, vf AS nu_f, phase FROM nodes;
CREATE VIEW edges_both AS SELECT src, dst, weight, 'x'::text AS source, 0 AS target FROM edges;
CREATE VIEW nodes_both AS SELECT id, epi, vf, phase, NULL::int AS nu_f, 'NaN'::float8 AS theta FROM nodes;
SELECT e, n, same(e::regclass, n::regclass)
FROM (VALUES ('edges_named', 'nodes_named'), ('edges_mixed', 'nodes_mixed'), ('edges_both', 'nodes_both')) AS t(e, n);

-- Dropped and generated columns, defaults added later, columns named like nothing else.
CREATE TABLE edges_altered (junk text, src int, gone int, dst int, also_gone float8);
ALTER TABLE edges_altered DROP COLUMN junk, DROP COLUMN gone;
INSERT INTO edges_altered SELECT src, dst FROM edges;
ALTER TABLE edges_altered DROP COLUMN also_gone, ADD COLUMN weight float8 DEFAULT 1;
CREATE VIEW edges_plain AS SELECT src, dst FROM edges;
SELECT bits('edges_altered', 'nodes') = bits('edges_plain', 'nodes') AS altered;
CREATE TABLE nodes_generated (id int, epi float8, base float8, vf float8 GENERATED ALWAYS AS (base * 2) STORED, phase float8);
INSERT INTO nodes_generated (id, epi, base, phase) SELECT id, epi, vf / 2, phase FROM nodes;
SELECT same('edges', 'nodes_generated') AS generated;

-- A dropped column leaves no trace: its name is missing.
CREATE TABLE nodes_dropped AS SELECT * FROM nodes;
ALTER TABLE nodes_dropped DROP COLUMN vf;
\set VERBOSITY terse
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes_dropped');
\echo :SQLSTATE
ALTER TABLE nodes_dropped ADD COLUMN nu_f float8 DEFAULT 1;
SELECT count(*) FROM tnfr_dnfr('edges', 'nodes_dropped');

-- A wide table whose other columns are NULL or long.
SELECT string_agg(format('NULL::int AS n%s, repeat(''x'', id %% 40) AS t%s', i, i), ', ') AS filler FROM generate_series(1, 300) AS i \gset
CREATE TABLE nodes_wide AS SELECT NULL::text AS first, id, :filler, epi, NULL::jsonb AS doc, vf, phase, NULL::text AS last FROM nodes;
CREATE TABLE edges_wide AS SELECT NULL::text AS first, weight, repeat('y', 5000) AS toast, dst, NULL::int AS hole, src FROM edges;
SELECT same('edges_wide', 'nodes_wide') AS wide;

-- Types. Every integer as a key, every number as a value, and domains over them.
CREATE DOMAIN node_key AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN fraction AS numeric(20, 10);
CREATE DOMAIN key_of_key AS node_key NOT NULL;
CREATE FUNCTION with_types(key text, value text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	agrees boolean;
BEGIN
	EXECUTE format('CREATE TABLE edges_typed AS SELECT src::%1$s, dst::%1$s, weight::%2$s FROM edges', key, value);
	EXECUTE format('CREATE TABLE nodes_typed AS SELECT id::%1$s, epi::%2$s, vf::%2$s, phase::%2$s FROM nodes', key, value);
	SELECT same('edges_typed', 'nodes_typed') INTO agrees;
	DROP TABLE edges_typed, nodes_typed;
	RETURN agrees;
END $$;
SELECT key, value, with_types(key, value)
FROM unnest(ARRAY['int2', 'int4', 'int8', 'node_key', 'key_of_key']) WITH ORDINALITY AS k(key, i),
     unnest(ARRAY['float4', 'float8', 'numeric', 'numeric(8,4)', 'fraction']) WITH ORDINALITY AS v(value, j)
ORDER BY i, j;
-- Integer values, each type by itself.
CREATE VIEW whole_edges AS SELECT src, dst, floor(weight) AS weight FROM edges;
CREATE VIEW whole_nodes AS SELECT id, floor(epi) AS epi, floor(vf) AS vf, floor(phase) AS phase FROM nodes;
DO $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY ARRAY['int2', 'int4', 'int8', 'node_key'] LOOP
		EXECUTE format('CREATE VIEW edges_%1$s AS SELECT src, dst, weight::%1$s FROM whole_edges', value);
		EXECUTE format('CREATE VIEW nodes_%1$s AS SELECT id, epi::%1$s, vf::%1$s, phase::%1$s FROM whole_nodes', value);
		IF bits('whole_edges', 'whole_nodes') <> bits(('edges_' || value)::regclass, ('nodes_' || value)::regclass) THEN
			RAISE WARNING '% differs', value;
		END IF;
	END LOOP;
END $$;
-- Keys of three widths at once.
CREATE VIEW edges_widths AS SELECT src::int2, dst::int8, weight::float4 FROM edges;
SELECT same('edges_widths', 'nodes') AS widths;
-- Numbers are rounded once, as a cast would.
CREATE TABLE precise (id int, epi numeric, vf numeric, phase numeric);
INSERT INTO precise VALUES (0, 0.1000000000000000055511151231257827, 1, 0), (1, 0.30000000000000000000000000001, 1, 0);
CREATE VIEW rounded AS SELECT id, epi::float8, vf::float8, phase::float8 FROM precise;
CREATE VIEW between AS SELECT 0 AS src, 1 AS dst;
SELECT bits('between', 'precise') = bits('between', 'rounded') AS rounded_once;

-- Ids come back as bigint, dnfr as double precision.
SELECT DISTINCT pg_typeof(node), pg_typeof(dnfr) FROM tnfr_dnfr('edges', 'nodes');

-- A relation that was dropped is gone.
DROP TABLE edges_altered CASCADE;
SELECT count(*) FROM tnfr_dnfr('edges_altered', 'nodes');
\echo :SQLSTATE

RESET search_path;
DROP SCHEMA test_relations CASCADE;
