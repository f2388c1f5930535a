-- Si, metrics and pair coherence: the same bits whatever the order of the rows and the number of threads.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_measures_bits;
SET search_path = test_measures_bits, public;

-- 110000 weighted edges on 20000 nodes, 70000 of them at one hub, with duplicates and self-loops.
CREATE TABLE edges AS
SELECT CASE WHEN i <= 70000 THEN 77 ELSE (power(('x' || substr(h, 1, 7))::bit(28)::int / 268435456.0, 3) * 20000)::int END AS src,
       (('x' || substr(h, 8, 7))::bit(28)::int % 20000) AS dst,
       ('x' || substr(h, 15, 7))::bit(28)::int / 1e8::float8 AS weight
FROM (SELECT i, md5(i::text) AS h FROM generate_series(1, 110000) AS i) AS t;
UPDATE edges SET weight = 0 WHERE dst % 40 = 0;
INSERT INTO edges SELECT i, i, 0.5 FROM generate_series(1, 20000, 50) AS i;
CREATE TABLE nodes AS
SELECT i AS id,
       ('x' || substr(h, 1, 7))::bit(28)::int / 134217728.0::float8 - 1 AS epi,
       ('x' || substr(h, 8, 7))::bit(28)::int / 134217728.0::float8 AS vf,
       ('x' || substr(h, 15, 7))::bit(28)::int / 26843545.6::float8 AS phase
FROM (SELECT i, md5('n' || i) AS h FROM generate_series(0, 20000) AS i) AS t;
CREATE TABLE edges_shuffled AS SELECT * FROM edges ORDER BY md5(src || ' ' || dst || ' ' || weight);
CREATE TABLE nodes_shuffled AS SELECT * FROM nodes ORDER BY md5(id::text);
CREATE VIEW edges_plain AS SELECT src, dst FROM edges;
CREATE VIEW edges_plain_shuffled AS SELECT src, dst FROM edges_shuffled;
ANALYZE;

-- Rows come in order, so their text stands for them: the shortest that gives the same double again, and -0.0 is "-0".
CREATE FUNCTION measures(edges regclass, nodes regclass, form text, directed boolean) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT concat_ws(' ',
		(SELECT md5(string_agg(m::text, '')) FROM tnfr_si(edges, nodes, form, directed, vf_max => 3) AS m),
		(SELECT md5(string_agg(m::text, '')) FROM tnfr_node_metrics(edges, nodes, form, directed) AS m),
		(SELECT md5(m::text) FROM tnfr_network_metrics(edges, nodes, form, directed) AS m),
		(SELECT md5(string_agg(m::text, '')) FROM tnfr_pair_coherence(edges, nodes, form, directed) AS m))
$$;

-- What every other way must give: one thread, no parallel plan.
SET tnfr.backend = 'serial';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE expected AS
SELECT form, directed, weighted, measures(CASE WHEN weighted THEN 'edges' ELSE 'edges_plain' END::regclass, 'nodes', form, directed) AS measures
FROM (VALUES ('canonical', false, true), ('gradient', true, true), ('epi_vf', false, false)) AS c(form, directed, weighted);
SELECT count(*), count(DISTINCT measures), count(*) FILTER (WHERE length(measures) = 4 * 32 + 3) AS whole FROM expected;
SELECT entries > 200000 AS large, isolated > 0 AS isolated, (SELECT max(degree) > 65536 FROM tnfr_node_metrics('edges', 'nodes')) AS hub
FROM tnfr_network_metrics('edges', 'nodes');

CREATE FUNCTION differences(e text, e_plain text, n text) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT count(*) FROM expected AS x
	WHERE measures <> measures(CASE WHEN weighted THEN e ELSE e_plain END::regclass, n::regclass, form, directed)
$$;

SELECT differences('edges_shuffled', 'edges_plain_shuffled', 'nodes_shuffled') AS shuffled;
SET max_parallel_workers_per_gather = 3;
SET tnfr.backend = 'openmp';
SET tnfr.max_threads = 1;
SELECT differences('edges', 'edges_plain', 'nodes') AS openmp_1;
SET tnfr.max_threads = 2;
SELECT differences('edges_shuffled', 'edges_plain', 'nodes') AS openmp_2;
SET tnfr.max_threads = 3;
SELECT differences('edges', 'edges_plain_shuffled', 'nodes_shuffled') AS openmp_3;
SET tnfr.max_threads = 4;
SELECT differences('edges_shuffled', 'edges_plain_shuffled', 'nodes_shuffled') AS openmp_4;
SET tnfr.max_threads = 0;
SET tnfr.backend = 'auto';
SELECT differences('edges', 'edges_plain', 'nodes') AS auto;

-- No value of the network is -0.0, NaN or infinite.
SELECT m::text ~ '[(,]-0[,)]' AS minus_zero, m::text ~* 'nan|inf' AS not_finite FROM tnfr_network_metrics('edges', 'nodes') AS m;

DROP SCHEMA test_measures_bits CASCADE;
