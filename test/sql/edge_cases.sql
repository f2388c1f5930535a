-- Sizes and values at the edges of what is allowed.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_edge_cases;
SET search_path = test_edge_cases, public;

CREATE TABLE edges (src bigint, dst bigint, weight float8);
CREATE TABLE nodes (id bigint, epi float8, vf float8, phase float8);

-- No nodes; one node; one node with a self-loop.
SELECT f.form, count(d.*)
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) AS f(form)
LEFT JOIN LATERAL tnfr_dnfr('edges', 'nodes', f.form) AS d ON true GROUP BY f.form ORDER BY f.form;
INSERT INTO nodes VALUES (5, 1, 1, 1);
SELECT * FROM tnfr_dnfr('edges', 'nodes');
INSERT INTO edges VALUES (5, 5, 2);
SELECT * FROM tnfr_dnfr('edges', 'nodes');
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'canonical', true);
-- Edges without any node.
TRUNCATE nodes;
\set VERBOSITY terse
SELECT * FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
TRUNCATE edges;

-- Both ends of bigint, in one network and in order.
INSERT INTO nodes VALUES (9223372036854775807, 1, 1, 0), (0, 0, 1, 0), (-9223372036854775808, 3, 1, 0),
	(-1, 10, 1, 0), (9223372036854775806, 20, 1, 0), (-9223372036854775807, 30, 1, 0);
INSERT INTO edges VALUES (9223372036854775807, -9223372036854775808, 1), (0, 9223372036854775807, 1),
	(-9223372036854775808, 0, 1), (-9223372036854775807, 9223372036854775806, 1);
SELECT node, dnfr FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
INSERT INTO edges VALUES (9223372036854775805, 0, 1);
SELECT * FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
TRUNCATE edges, nodes;

-- Compact ranges far from zero, at either end.
INSERT INTO nodes SELECT 9223372036854775807 - i, i, 1, 0 FROM generate_series(0, 999) AS i;
INSERT INTO nodes SELECT -9223372036854775808 + i, i, 1, 0 FROM generate_series(0, 999) AS i;
INSERT INTO edges SELECT 9223372036854775807 - i, -9223372036854775808 + i, 1 FROM generate_series(0, 999) AS i;
INSERT INTO edges SELECT 9223372036854775807 - i, -9223372036854775808 + i + 1, 1 FROM generate_series(0, 998) AS i;
SELECT count(*), sum(dnfr) AS total, count(*) FILTER (WHERE abs(dnfr) = 0.25) AS inner_nodes FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
TRUNCATE edges, nodes;

-- Sparse ids: the answer is the one of the same network numbered from 1.
INSERT INTO nodes SELECT ('x' || substr(md5(i::text), 1, 16))::bit(64)::bigint, i % 7, 1, i % 5 FROM generate_series(1, 3000) AS i;
CREATE TABLE small AS SELECT row_number() OVER (ORDER BY id) AS small, id FROM nodes;
CREATE TABLE small_edges AS
SELECT 1 + (i * 7919) % 3000 AS src, 1 + (i * 104729 + i / 7) % 3000 AS dst, (i % 5)::float8 AS weight FROM generate_series(1, 20000) AS i;
CREATE TABLE small_nodes AS SELECT small AS id, epi, vf, phase FROM nodes JOIN small USING (id);
INSERT INTO edges SELECT a.id, b.id, weight FROM small_edges JOIN small AS a ON a.small = src JOIN small AS b ON b.small = dst;
SELECT count(*), count(*) FILTER (WHERE a.dnfr IS DISTINCT FROM b.dnfr) AS different
FROM tnfr_dnfr('edges', 'nodes', 'canonical') AS a JOIN small ON small.id = a.node
FULL JOIN tnfr_dnfr('small_edges', 'small_nodes', 'canonical') AS b ON b.node = small.small;
TRUNCATE edges, nodes;

-- A hub of 200000 neighbours: epi of the leaves is 0 and 1 by turns, so the mean is exactly 1/2.
INSERT INTO nodes SELECT i, i % 2, 1, 0 FROM generate_series(0, 200000) AS i;
INSERT INTO edges SELECT 0, i, 1 FROM generate_series(1, 200000) AS i;
SELECT count(*), count(*) FILTER (WHERE dnfr = CASE WHEN node = 0 THEN 0.25 WHEN node % 2 = 1 THEN -0.5 ELSE 0 END) AS exact
FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
SELECT dnfr = 0.25 AS hub FROM tnfr_dnfr('edges', 'nodes', 'epi_vf', true) WHERE node = 0;
-- One edge 200000 times over.
UPDATE edges SET dst = 1, weight = dst;
SELECT node, dnfr FROM tnfr_dnfr('edges', 'nodes', 'epi_vf') WHERE dnfr <> 0 OR node < 2;
SELECT node, dnfr FROM tnfr_dnfr('edges', 'nodes', 'canonical', weights => '{"phase": 0, "epi": 0, "vf": 0, "topo": 1}') WHERE node < 3;
TRUNCATE edges, nodes;

-- Many entries for one neighbour with weights of every size: the order of the rows does not show.
INSERT INTO nodes VALUES (1, 0.1, 1, 0.3), (2, 0.7, 1, 0.9), (3, -0.3, 1, 2);
INSERT INTO edges SELECT 1, 2, exp(i / 50.0) FROM generate_series(-1000, 1000) AS i;
INSERT INTO edges SELECT 3, 1, 1.0 / i FROM generate_series(1, 2000) AS i;
CREATE TABLE edges_backwards AS SELECT * FROM edges ORDER BY weight DESC;
CREATE TABLE edges_shuffled AS SELECT * FROM edges ORDER BY md5(weight::text);
CREATE TABLE edges_turned AS SELECT dst AS src, src AS dst, weight FROM edges ORDER BY md5(weight::text || 'x');
SELECT count(*) AS rows, count(DISTINCT (node, encode(float8send(dnfr), 'hex'))) AS answers
FROM unnest(ARRAY['edges', 'edges_backwards', 'edges_shuffled', 'edges_turned']) AS e, tnfr_dnfr(e::regclass, 'nodes', 'canonical');
TRUNCATE edges;
-- Zero weights of either sign have the same place among the others.
INSERT INTO edges SELECT 1, 2, CASE WHEN i % 3 = 0 THEN '-0' ELSE (i % 17) / 10.0::float8 + i / 300000.0::float8 END FROM generate_series(1, 300000) AS i;
CREATE VIEW edges_positive AS SELECT src, dst, CASE WHEN weight = 0 THEN 0 ELSE weight END AS weight FROM edges;
SELECT count(*) AS rows, count(*) FILTER (WHERE float8send(a.dnfr) <> float8send(b.dnfr)) AS different
FROM tnfr_dnfr('edges', 'nodes', 'canonical', true, '{"topo": 1}') AS a
JOIN tnfr_dnfr('edges_positive', 'nodes', 'canonical', true, '{"topo": 1}') AS b USING (node);
TRUNCATE edges, nodes;

-- Large values that stay in range.
INSERT INTO nodes VALUES (1, 8e307, 1, 0), (2, -8e307, 1, 0), (3, 0, 1, 1e15);
INSERT INTO edges VALUES (1, 2, 1), (1, 3, 1e-300), (2, 3, 1e300);
SELECT node, dnfr > '-Infinity' AND dnfr < 'Infinity' AS finite
FROM tnfr_dnfr('edges', 'nodes', 'epi_vf', true) WHERE node < 2;
-- Beyond the range: 22003, and the node.
UPDATE nodes SET epi = sign(epi) * 1.7e308;
SELECT * FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
UPDATE nodes SET epi = 1, vf = 1.7e308;
INSERT INTO edges VALUES (1, 2, 1);
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf', true);
\echo :SQLSTATE
UPDATE nodes SET vf = 1;
UPDATE edges SET weight = 1.7e308;
SELECT * FROM tnfr_dnfr('edges', 'nodes');
\echo :SQLSTATE
-- A strength beyond the range is an error in every form, though inf/inf might look like a number.
UPDATE nodes SET phase = id, epi = 0, vf = 0;
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'phase');
\echo :SQLSTATE
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
\echo :SQLSTATE
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'canonical', true, '{"phase": 0, "epi": 0, "vf": 0, "topo": 1}');
\echo :SQLSTATE
TRUNCATE edges, nodes;

-- Denormal weights and values, and -0.0 everywhere.
INSERT INTO nodes VALUES (1, 5e-324, 1, 0), (2, -5e-324, 1, 0), (3, '-0', '-0', '-0');
INSERT INTO edges VALUES (1, 2, 5e-324), (2, 1, 5e-324), (1, 3, '-0');
SELECT d.node, d.dnfr, float8send(d.dnfr) <> '\x8000000000000000' AS not_negative_zero
FROM tnfr_dnfr('edges', 'nodes', 'epi_vf', weights => '{"epi": 1, "vf": 0}') AS d;
UPDATE edges SET weight = '-0';
SELECT f.form, bool_and(float8send(d.dnfr) = '\x0000000000000000') AS positive_zero
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) AS f(form), tnfr_dnfr('edges', 'nodes', f.form) AS d
GROUP BY f.form ORDER BY f.form;
-- The zero of a row with entries is positive too.
UPDATE nodes SET epi = '-0', vf = '-0', phase = '-0';
UPDATE edges SET weight = 1;
SELECT f.form, bool_and(float8send(d.dnfr) = '\x0000000000000000') AS positive_zero
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) AS f(form), tnfr_dnfr('edges', 'nodes', f.form) AS d
GROUP BY f.form ORDER BY f.form;

-- Phases of many turns.
UPDATE nodes SET phase = id * 1e6;
SELECT count(*) FILTER (WHERE abs(dnfr) <= 1) AS within_one FROM tnfr_dnfr('edges', 'nodes', 'phase');
UPDATE nodes SET phase = id * 1e300;
SELECT count(*) FILTER (WHERE abs(dnfr) <= 1) AS within_one FROM tnfr_dnfr('edges', 'nodes', 'phase');

-- Rows of 1 to 40 entries, around every boundary of the summation.
TRUNCATE edges, nodes;
INSERT INTO nodes SELECT i, i, 1, 0 FROM generate_series(0, 600) AS i;
INSERT INTO edges SELECT n, 100 + i, 1 FROM generate_series(1, 70) AS n, generate_series(1, n) AS i;
SELECT count(*) FILTER (WHERE dnfr = 0.5 * (100 + (node + 1) / 2.0 - node)) AS exact
FROM tnfr_dnfr('edges', 'nodes', 'epi_vf', true) WHERE node BETWEEN 1 AND 70;

DROP SCHEMA test_edge_cases CASCADE;
