-- Type tnfr_graph, its aggregate, and computing from a stored graph.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_graph;
SET search_path = test_graph, public;

CREATE TABLE edges (src bigint, dst bigint, weight float8);
INSERT INTO edges VALUES (1, 2, 1), (3, 2, 2.5), (5, 5, 0.25), (2, 1, 1), (9, 1, 0), (3, 2, 0.5);
CREATE TABLE graphs AS
SELECT 'undirected' AS kind, tnfr_graph_agg(src, dst) AS graph FROM edges UNION ALL
SELECT 'weighted', tnfr_graph_agg(src, dst, weight) FROM edges UNION ALL
SELECT 'directed', tnfr_graph_agg(src, dst, true) FROM edges UNION ALL
SELECT 'directed and weighted', tnfr_graph_agg(src, dst, weight, true) FROM edges;

-- What can be asked.
SELECT kind, tnfr_graph_nodes(graph) AS nodes, tnfr_graph_entries(graph) AS entries, tnfr_graph_edge_count(graph) AS edges,
       tnfr_graph_density(graph) AS density, tnfr_graph_directed(graph) AS directed, tnfr_graph_weighted(graph) AS weighted,
       tnfr_graph_bytes(graph) = octet_length(tnfr_graph_send(graph)) AS bytes
FROM graphs ORDER BY kind;
SELECT kind, e.* FROM graphs, tnfr_graph_edges(graph) AS e ORDER BY kind, src, dst, weight;

-- Equal graphs are equal values, whatever the order; hash and IN work.
SELECT a.kind, b.kind FROM graphs AS a JOIN graphs AS b ON a.graph = b.graph ORDER BY 1, 2;
SELECT tnfr_graph_agg(src, dst, weight ORDER BY weight DESC) = (SELECT graph FROM graphs WHERE kind = 'weighted') AS same,
       tnfr_graph_agg(dst, src, weight) = (SELECT graph FROM graphs WHERE kind = 'weighted') AS turned,
       tnfr_graph_agg(dst, src, weight, true) <> (SELECT graph FROM graphs WHERE kind = 'directed and weighted') AS turned_directed,
       tnfr_graph_agg(src, dst, 1) = tnfr_graph_agg(src, dst) AS weights_of_one
FROM edges;
SELECT count(*), count(DISTINCT graph::text) FROM (SELECT graph FROM graphs UNION ALL SELECT graph FROM graphs) AS twice;
SELECT count(*) FROM (SELECT graph FROM graphs UNION ALL SELECT graph FROM graphs GROUP BY graph) AS g;
SELECT tnfr_graph_eq(NULL, graph) IS NULL AS strict FROM graphs LIMIT 1;
SELECT count(*) FROM graphs GROUP BY graph ORDER BY 1;

-- Text and binary forms.
SELECT kind, graph::text::tnfr_graph = graph AS text FROM graphs ORDER BY kind;
SELECT tnfr_graph_agg(1, 2)::text;
-- There is no way from or to other types.
SELECT castsource::regtype, casttarget::regtype FROM pg_cast WHERE 'tnfr_graph'::regtype IN (castsource, casttarget);
SELECT '\x00'::bytea::tnfr_graph;
SELECT graph::bytea FROM graphs;

-- In lines, as encode() writes base64.
SELECT kind, encode(tnfr_graph_send(graph), 'base64')::tnfr_graph = graph AS in_lines FROM graphs ORDER BY kind;

-- What is no graph.
\set include `echo "${PG_ABS_SRCDIR:-test}/sql/include"`
\i :include/failure.sql
SELECT failure(format('SELECT %L::tnfr_graph', t)) FROM (VALUES (''), ('!'), ('hello'), ('VE5GRw=='), (repeat('A', 1000))) AS v(t);
-- Every single bit that is turned, and every byte that is missing.
DO $$
DECLARE
	good bytea := (SELECT tnfr_graph_send(graph) FROM graphs WHERE kind = 'weighted');
	bad bytea;
	reported int := 0;
	states text[] := '{}';
BEGIN
	FOR i IN 0 .. octet_length(good) * 8 - 1 LOOP
		bad := set_bit(good, i, 1 - get_bit(good, i));
		BEGIN
			PERFORM encode(bad, 'base64')::tnfr_graph;
			RAISE WARNING 'bit % went unnoticed', i;
		EXCEPTION WHEN OTHERS THEN
			reported := reported + 1;
			states := array_append(states, SQLSTATE::text);
		END;
	END LOOP;
	FOR i IN 0 .. octet_length(good) - 1 LOOP
		BEGIN
			PERFORM encode(substr(good, 1, i), 'base64')::tnfr_graph;
			RAISE WARNING 'the first % bytes are taken for a graph', i;
		EXCEPTION WHEN OTHERS THEN
			reported := reported + 1;
			states := array_append(states, SQLSTATE::text);
		END;
	END LOOP;
	RAISE WARNING '%', CASE WHEN reported = octet_length(good) * 9 THEN 'all reported' ELSE 'some are missing' END;
	RAISE WARNING '%', (SELECT array_agg(DISTINCT s) FROM unnest(states) AS s);
END $$;

-- The aggregate: no rows, NULLs, one row, errors.
SELECT tnfr_graph_agg(src, dst) IS NULL AS no_rows, tnfr_graph_agg(src, dst, weight, true) IS NULL AS no_rows_weighted FROM edges WHERE false;
SELECT tnfr_graph_agg(NULL, dst) IS NULL AS only_nulls FROM edges;
SELECT tnfr_graph_edge_count(tnfr_graph_agg(nullif(src, 3), dst, nullif(weight, 0))) AS without_nulls FROM edges;
SELECT e.* FROM (SELECT tnfr_graph_agg(7, 7) AS g) AS s, tnfr_graph_edges(g) AS e;
SELECT e.* FROM (SELECT tnfr_graph_agg(x, -x, true) AS g FROM (VALUES (9223372036854775807), (-9223372036854775807)) AS v(x)) AS s, tnfr_graph_edges(g) AS e;
SELECT tnfr_graph_edge_count(tnfr_graph_agg(src, dst) FILTER (WHERE weight >= 1)) AS filtered,
       tnfr_graph_edge_count(tnfr_graph_agg(DISTINCT src, dst)) AS "distinct" FROM edges;
SELECT failure(s) FROM (VALUES ('SELECT tnfr_graph_agg(src, dst, -weight) FROM test_graph.edges WHERE weight = 2.5'),
	('SELECT tnfr_graph_agg(src, dst, ''NaN'') FROM test_graph.edges WHERE src = 1'),
	('SELECT tnfr_graph_agg(src, dst, ''Infinity'') FROM test_graph.edges WHERE src = 1'),
	('SELECT tnfr_graph_agg(src, dst, src > 2) FROM test_graph.edges'),
	('SELECT tnfr_graph_agg(src, dst, NULL::boolean) FROM test_graph.edges'),
	('SELECT tnfr_graph_agg(src, dst) OVER () FROM test_graph.edges'),
	('SELECT test_graph.tnfr_graph_agg_add(NULL, 1, 2)'),
	('SET tnfr.memory_limit = 1000; SELECT tnfr_graph_agg(i, i) FROM generate_series(1, 100000) AS i')) AS v(s);
RESET tnfr.memory_limit;

-- Many graphs: a graph a group.
CREATE TABLE many AS SELECT i % 1000 AS network, i * 7919 % 100 AS src, i * 1049 % 99 AS dst FROM generate_series(1, 100000) AS i;
SELECT count(*), sum(tnfr_graph_edge_count(graph)), sum(tnfr_graph_nodes(graph))
FROM (SELECT network, tnfr_graph_agg(src, dst) AS graph FROM many GROUP BY network) AS g;
SELECT count(*), sum(tnfr_graph_edge_count(graph))
FROM (SELECT i, tnfr_graph_agg(i, i + 1) AS graph FROM generate_series(1, 100000) AS i GROUP BY i) AS g;

-- A hash table that is kept when its plan is run again still has every graph.
SET max_parallel_workers_per_gather = 0;
SET enable_sort = off;
SELECT x, (SELECT tnfr_graph_edge_count(g) FROM (SELECT network % 3 AS k, tnfr_graph_agg(src, dst) AS g FROM many GROUP BY 1 OFFSET 0) AS s WHERE s.k = x)
FROM generate_series(0, 2) AS x;
RESET enable_sort;
RESET max_parallel_workers_per_gather;

-- The same graph from any plan, as bytes: edges enough for several chunks and parts.
CREATE TABLE large AS
SELECT (power(('x' || substr(h, 1, 7))::bit(28)::int / 268435456.0, 3) * 50000)::bigint * 1000003 AS src,
       (('x' || substr(h, 8, 7))::bit(28)::int % 50000)::bigint * 1000003 AS dst, (i % 5)::float8 AS weight
FROM (SELECT i, md5(i::text) AS h FROM generate_series(1, 300000) AS i) AS t;
ALTER TABLE large SET (parallel_workers = 4);
ANALYZE large;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE FUNCTION plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
		CONTINUE WHEN line !~ 'Aggregate|Append|Gather';
		RETURN NEXT line;
	END LOOP;
END $$;
SELECT plan_of('SELECT tnfr_graph_agg(src, dst, weight) FROM test_graph.large');
SELECT plan_of('SELECT tnfr_graph_agg(src, dst) FROM test_graph.large');
SELECT plan_of('SELECT tnfr_graph_agg(src, dst, true) FROM test_graph.large');
SELECT plan_of('SELECT tnfr_graph_agg(src, dst, weight, true) FROM test_graph.large');
CREATE FUNCTION forms(relation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	EXECUTE format('SELECT concat_ws('' '', md5(tnfr_graph_send(tnfr_graph_agg(src, dst))), md5(tnfr_graph_send(tnfr_graph_agg(src, dst, weight))),
		md5(tnfr_graph_send(tnfr_graph_agg(src, dst, true))), md5(tnfr_graph_send(tnfr_graph_agg(src, dst, weight, true)))) FROM %s', relation)
	INTO answer;
	RETURN answer;
END $$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE reference AS SELECT forms('test_graph.large') AS forms;
SELECT forms('(SELECT * FROM test_graph.large ORDER BY md5(src::text || dst)) AS s') = forms AS shuffled FROM reference;
SET max_parallel_workers_per_gather = 1;
SELECT forms('test_graph.large') = forms AS one_worker FROM reference;
SET max_parallel_workers_per_gather = 4;
SELECT forms('test_graph.large') = forms AS four_workers FROM reference;
SET parallel_leader_participation = off;
SELECT forms('test_graph.large') = forms AS leader_only_merges FROM reference;
RESET parallel_leader_participation;
-- Partition by partition.
CREATE TABLE parted (src bigint, dst bigint, weight float8) PARTITION BY HASH (src);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT * FROM large;
ANALYZE parted;
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
SELECT plan_of('SELECT tnfr_graph_agg(src, dst) FROM test_graph.parted');
SELECT forms('test_graph.parted') = forms AS partitionwise FROM reference;
SET max_parallel_workers_per_gather = 4;
SELECT forms('test_graph.parted') = forms AS partitionwise_parallel FROM reference;

-- Computing from a stored graph: the bits of the tables.
CREATE TABLE nodes AS
SELECT i::bigint * 1000003 AS id, sin(i) AS epi, 1 + cos(i) AS vf, 7 * sin(2 * i) AS phase FROM generate_series(-10, 50010) AS i;
CREATE MATERIALIZED VIEW grid AS SELECT tnfr_graph_agg(src, dst, weight) AS graph, tnfr_graph_agg(src, dst, true) AS arcs FROM large;
CREATE VIEW unweighted AS SELECT src, dst FROM large;
CREATE FUNCTION bits(bigint, float8) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || encode(float8send($2), 'hex') $$;
CREATE FUNCTION form_bits(form text, weights jsonb) RETURNS TABLE (same boolean, same_directed boolean, rows bigint) LANGUAGE sql STABLE AS $$
	SELECT md5((SELECT string_agg(bits(node, dnfr), '' ORDER BY node) FROM tnfr_graph_dnfr((SELECT graph FROM grid), 'nodes', $1, $2))) =
	       md5((SELECT string_agg(bits(node, dnfr), '' ORDER BY node) FROM tnfr_dnfr('large', 'nodes', $1, false, $2))),
	       md5((SELECT string_agg(bits(node, dnfr), '' ORDER BY node) FROM tnfr_graph_dnfr((SELECT arcs FROM grid), 'nodes', $1, $2))) =
	       md5((SELECT string_agg(bits(node, dnfr), '' ORDER BY node) FROM tnfr_dnfr('unweighted', 'nodes', $1, true, $2))),
	       (SELECT count(*) FROM tnfr_graph_dnfr((SELECT graph FROM grid), 'nodes', $1, $2))
$$;
SELECT f.form, b.* FROM (VALUES ('gradient', NULL::jsonb), ('canonical', '{"topo": 0.5}'), ('phase', NULL), ('epi_vf', '{"epi": 2}'), ('laplacian', NULL)) AS f(form, weights),
	form_bits(form, weights) AS b;
-- The cache and its refresh.
SELECT tnfr_graph_edge_count(graph) FROM grid;
INSERT INTO large VALUES (1000003, 2000006, 1);
REFRESH MATERIALIZED VIEW grid;
SELECT tnfr_graph_edge_count(graph) FROM grid;
SELECT * FROM form_bits('gradient', NULL);
-- Nodes that are exactly those of the graph, and nodes that are missing.
CREATE TABLE few AS SELECT id, 1::float8 AS epi, 1::float8 AS vf, 0::float8 AS phase FROM (VALUES (1), (2), (3), (5), (9)) AS v(id);
SELECT count(*), bool_and(dnfr = 0) FROM graphs, tnfr_graph_dnfr(graph, 'few');
DELETE FROM few WHERE id IN (5, 2);
SELECT failure('SELECT * FROM test_graph.graphs, tnfr_graph_dnfr(graph, ''test_graph.few'') WHERE kind = ''directed''');
SELECT failure('SELECT * FROM tnfr_graph_dnfr(NULL, ''test_graph.few'')');
SELECT failure('SELECT * FROM test_graph.graphs, tnfr_graph_dnfr(graph, NULL)');
SELECT failure('SELECT * FROM test_graph.graphs, tnfr_graph_dnfr(graph, ''test_graph.few'', ''nope'')');
SELECT count(*) FROM graphs, tnfr_graph_edges(NULL);

SET client_min_messages = error;
DROP SCHEMA test_graph CASCADE;
