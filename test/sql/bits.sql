-- The same bits whatever the order of the rows, the plan, the backend and the number of threads.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_bits;
SET search_path = test_bits, public;

-- 200000 weighted edges with hubs, duplicates and self-loops on 20000 nodes.
CREATE TABLE edges AS
SELECT (power(('x' || substr(h, 1, 7))::bit(28)::int / 268435456.0, 3) * 20000)::int AS src,
       (('x' || substr(h, 8, 7))::bit(28)::int % 20000) AS dst,
       ('x' || substr(h, 15, 7))::bit(28)::int / 1e8::float8 AS weight
FROM (SELECT md5(i::text) AS h FROM generate_series(1, 200000) AS i) AS t;
UPDATE edges SET weight = 0 WHERE dst % 40 = 0;
INSERT INTO edges SELECT dst, src, weight * 3 FROM edges WHERE src % 10 = 0;
INSERT INTO edges SELECT i, i, 0.5 FROM generate_series(1, 20000, 50) AS i;
CREATE TABLE nodes AS
SELECT i AS id,
       ('x' || substr(h, 1, 7))::bit(28)::int / 134217728.0::float8 - 1 AS epi,
       ('x' || substr(h, 8, 7))::bit(28)::int / 134217728.0::float8 AS vf,
       ('x' || substr(h, 15, 7))::bit(28)::int / 26843545.6::float8 AS phase
FROM (SELECT i, md5('n' || i) AS h FROM generate_series(0, 20000) AS i) AS t;
CREATE TABLE edges_shuffled AS SELECT * FROM edges ORDER BY md5(src || ' ' || dst || ' ' || weight);
CREATE TABLE edges_sorted AS SELECT * FROM edges ORDER BY src, dst, weight DESC;
CREATE TABLE nodes_shuffled AS SELECT * FROM nodes ORDER BY md5(id::text);
CREATE VIEW edges_plain AS SELECT src, dst FROM edges;
CREATE VIEW edges_plain_shuffled AS SELECT src, dst FROM edges_shuffled;
-- The other end first: the same undirected network.
CREATE VIEW edges_turned AS SELECT dst AS src, src AS dst, weight FROM edges_shuffled;
ANALYZE;

CREATE FUNCTION bits(edges regclass, nodes regclass, form text, directed boolean) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT md5(string_agg(node || encode(float8send(dnfr), 'hex'), ',' ORDER BY node))
	FROM tnfr_dnfr(edges, nodes, form, directed, '{"topo": 0.1}')
$$;

-- What every other way must give: one thread, no parallel plan. This form with topo uses every sum.
SET tnfr.backend = 'serial';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE expected AS
SELECT 'canonical' AS form, directed, weighted,
       bits(CASE WHEN weighted THEN 'edges' ELSE 'edges_plain' END::regclass, 'nodes', 'canonical', directed) AS bits
FROM unnest(ARRAY[false, true]) AS directed, unnest(ARRAY[false, true]) AS weighted;
SELECT count(*), count(DISTINCT bits) FROM expected;

CREATE FUNCTION differences(e text, e_plain text, n text) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT count(*) FROM expected AS x
	WHERE bits <> bits(CASE WHEN weighted THEN e ELSE e_plain END::regclass, n::regclass, form, directed)
$$;

-- The order of the rows.
SELECT differences('edges_shuffled', 'edges_plain_shuffled', 'nodes_shuffled') AS shuffled;
SELECT differences('edges_sorted', 'edges_plain', 'nodes_shuffled') AS sorted;
SELECT count(*) AS turned FROM expected
WHERE weighted AND NOT directed AND bits <> bits('edges_turned', 'nodes', form, false);

-- The executor in place of the scan of pages.
SET tnfr.direct_scan = off;
SELECT differences('edges', 'edges_plain', 'nodes') AS executor;
SELECT differences('edges_shuffled', 'edges_plain_shuffled', 'nodes_shuffled') AS executor_shuffled;
RESET tnfr.direct_scan;

-- Backends and threads.
SET max_parallel_workers_per_gather = 3;
SET tnfr.backend = 'openmp';
SET tnfr.max_threads = 1;
SELECT differences('edges', 'edges_plain', 'nodes') AS openmp_1;
SET tnfr.max_threads = 2;
SELECT differences('edges_shuffled', 'edges_plain_shuffled', 'nodes_shuffled') AS openmp_2;
SET tnfr.max_threads = 3;
SELECT differences('edges', 'edges_plain', 'nodes_shuffled') AS openmp_3;
SET tnfr.max_threads = 64;
SELECT differences('edges_shuffled', 'edges_plain', 'nodes') AS openmp_64;
SET tnfr.max_threads = 0;
SET tnfr.backend = 'auto';
SELECT differences('edges', 'edges_plain', 'nodes') AS auto;

-- Parallel plans for the reading: the rows arrive in an order of their own each time.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT differences('edges', 'edges_plain', 'nodes') AS parallel_auto;
SET tnfr.max_threads = 2;
SELECT differences('edges_shuffled', 'edges_plain_shuffled', 'nodes_shuffled') AS parallel_2;
SET tnfr.backend = 'serial';
SELECT differences('edges_turned', 'edges_plain_shuffled', 'nodes_shuffled') > 0 AS turned_arcs_differ;
SELECT differences('edges_shuffled', 'edges_plain_shuffled', 'nodes_shuffled') AS parallel_serial;
RESET tnfr.backend;
RESET tnfr.max_threads;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- Sparse keys and keys of another type: another way from id to index, the same bits.
CREATE TABLE edges_sparse AS SELECT src * 400000000000000 - 4000000000000000000 AS src, dst * 400000000000000 - 4000000000000000000 AS dst, weight FROM edges_shuffled;
CREATE TABLE nodes_sparse AS SELECT id * 400000000000000 - 4000000000000000000 AS id, epi, vf, phase FROM nodes_shuffled;
SELECT count(*) AS rows, count(*) FILTER (WHERE float8send(a.dnfr) <> float8send(b.dnfr)) AS different
FROM tnfr_dnfr('edges', 'nodes', 'canonical') AS a
JOIN tnfr_dnfr('edges_sparse', 'nodes_sparse', 'canonical') AS b ON b.node = a.node * 400000000000000 - 4000000000000000000;

-- A component's bits do not depend on what else is in the network.
CREATE VIEW edges_more AS SELECT * FROM edges UNION ALL SELECT 30001, 30002, 1 UNION ALL SELECT -5, -6, 2;
CREATE VIEW nodes_more AS SELECT * FROM nodes UNION ALL SELECT i, 0, 1, 0 FROM unnest(ARRAY[-6, -5, 30001, 30002]) AS i;
SELECT count(*) AS rows, count(*) FILTER (WHERE float8send(a.dnfr) <> float8send(b.dnfr)) AS different
FROM tnfr_dnfr('edges', 'nodes', 'canonical') AS a JOIN tnfr_dnfr('edges_more', 'nodes_more', 'canonical') AS b USING (node);

DROP SCHEMA test_bits CASCADE;
