-- Networks small enough to work out by hand, in every form.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_dnfr;
SET search_path = test_dnfr, public;

-- Two nodes a quarter turn apart.
-- Node 1: g_epi = 1, g_vf = 1, g_phase = 1/2, g_sin = 1; node 2 the opposite.
CREATE TABLE pair_edges (src int, dst int);
INSERT INTO pair_edges VALUES (1, 2);
CREATE TABLE pair_nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO pair_nodes VALUES (2, 1, 2, pi() / 2), (1, 0, 1, 0);

SELECT node, round(dnfr::numeric, 12) AS dnfr FROM tnfr_dnfr('pair_edges', 'pair_nodes');
SELECT f.form, d.node, round(d.dnfr::numeric, 12) AS dnfr
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) WITH ORDINALITY AS f(form, n),
     tnfr_dnfr('pair_edges', 'pair_nodes', f.form) AS d
ORDER BY f.n, d.node;

-- Directed: only the source row has an entry.
SELECT f.form, d.node, round(d.dnfr::numeric, 12) AS dnfr
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) WITH ORDINALITY AS f(form, n),
     tnfr_dnfr('pair_edges', 'pair_nodes', f.form, true) AS d
ORDER BY f.n, d.node;

-- Named arguments, in any order.
SELECT * FROM tnfr_dnfr(nodes => 'pair_nodes', edges => 'pair_edges', directed => true, form => 'epi_vf');

-- A triangle in phase: e = 0, 3, 6 and f = 1, 2, 3.
-- g_epi = 4.5, 0, -4.5 and g_vf = 1.5, 0, -1.5.
CREATE TABLE triangle_edges (src int, dst int);
INSERT INTO triangle_edges VALUES (1, 2), (2, 3), (3, 1);
CREATE TABLE triangle_nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO triangle_nodes VALUES (1, 0, 1, 0.5), (2, 3, 2, 0.5), (3, 6, 3, 0.5);
SELECT f.form, array_agg(round(d.dnfr::numeric, 12) ORDER BY d.node) AS dnfr
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) WITH ORDINALITY AS f(form, n),
     tnfr_dnfr('triangle_edges', 'triangle_nodes', f.form) AS d
GROUP BY f.n, f.form ORDER BY f.n;
-- As a directed ring each node sees its successor alone.
SELECT node, round(dnfr::numeric, 12) AS dnfr
FROM tnfr_dnfr('triangle_edges', 'triangle_nodes', 'laplacian', true, '{"epi": 1, "vf": 0}');

-- A star of four leaves: the centre sees the mean 2.5, each leaf sees the centre.
-- Strengths 4 and 1, so g_topo is -3 at the centre and 3 at a leaf.
CREATE TABLE star_edges (src int, dst int);
INSERT INTO star_edges SELECT 0, i FROM generate_series(1, 4) AS i;
CREATE TABLE star_nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO star_nodes SELECT i, i, 1, 0 FROM generate_series(0, 4) AS i;
SELECT * FROM tnfr_dnfr('star_edges', 'star_nodes', 'epi_vf');
SELECT * FROM tnfr_dnfr('star_edges', 'star_nodes', 'canonical', weights => '{"phase": 0, "epi": 0, "vf": 0, "topo": 1}');

-- A self-loop adds its weight to the strength and nothing to the differences:
-- node 1 has entries 1 and 2, so g_epi = (0 + 1) / 2.
CREATE TABLE loop_edges (src int, dst int);
INSERT INTO loop_edges VALUES (1, 2), (1, 1);
CREATE TABLE loop_nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO loop_nodes VALUES (1, 0, 1, 0), (2, 1, 1, 0), (3, 5, 1, 0);
SELECT * FROM tnfr_dnfr('loop_edges', 'loop_nodes', 'epi_vf');
SELECT * FROM tnfr_dnfr('loop_edges', 'loop_nodes', 'epi_vf', true);
-- Strengths 2, 1, 0: g_topo of node 1 is (2 + 1) / 2 - 2, of node 2 it is 2 - 1.
SELECT * FROM tnfr_dnfr('loop_edges', 'loop_nodes', 'canonical', weights => '{"phase": 0, "epi": 0, "vf": 0, "topo": 1}');
-- A node whose only edge is a self-loop is at rest, as is a node without any.
SELECT * FROM tnfr_dnfr('loop_edges', 'loop_nodes') WHERE node = 3;
INSERT INTO loop_edges VALUES (3, 3);
SELECT * FROM tnfr_dnfr('loop_edges', 'loop_nodes') WHERE node = 3;

-- Duplicates are entries of their own: node 1 sees (1 + 1 + 4) / 3 = 2.
-- The reverse of an undirected edge is a duplicate too.
CREATE TABLE duplicate_edges (src int, dst int);
INSERT INTO duplicate_edges VALUES (1, 2), (2, 1), (1, 3);
CREATE TABLE duplicate_nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO duplicate_nodes VALUES (1, 0, 1, 0), (2, 1, 1, 0), (3, 4, 1, 0);
SELECT * FROM tnfr_dnfr('duplicate_edges', 'duplicate_nodes', 'epi_vf');
-- Directed they are one arc each way.
SELECT * FROM tnfr_dnfr('duplicate_edges', 'duplicate_nodes', 'epi_vf', true);

-- Weights. Node 1 sees (1*1 + 3*4) / 4 = 3.25; weight 1 everywhere is the unweighted network.
CREATE TABLE weighted_edges (src int, dst int, weight float8);
INSERT INTO weighted_edges VALUES (1, 2, 1), (1, 3, 3);
SELECT * FROM tnfr_dnfr('weighted_edges', 'duplicate_nodes', 'epi_vf');
UPDATE weighted_edges SET weight = 1;
CREATE VIEW unweighted AS SELECT src, dst FROM weighted_edges;
SELECT w.node, w.dnfr = u.dnfr AS same
FROM tnfr_dnfr('weighted_edges', 'duplicate_nodes', 'canonical') AS w
JOIN tnfr_dnfr('unweighted', 'duplicate_nodes', 'canonical') AS u USING (node);

-- Zero weights count for nothing; a row that has only such entries is isolated.
UPDATE weighted_edges SET weight = CASE dst WHEN 2 THEN 0 ELSE 2 END;
SELECT * FROM tnfr_dnfr('weighted_edges', 'duplicate_nodes', 'epi_vf');
UPDATE weighted_edges SET weight = 0;
SELECT f.form, bool_and(float8send(d.dnfr) = '\x0000000000000000') AS positive_zero, count(*)
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) WITH ORDINALITY AS f(form, n),
     tnfr_dnfr('weighted_edges', 'duplicate_nodes', f.form) AS d
GROUP BY f.n, f.form ORDER BY f.n;

-- Isolated nodes are listed, with 0. Rows come in ascending id without ORDER BY.
CREATE TABLE ring_edges (src int, dst int);
INSERT INTO ring_edges SELECT i, (i + 1) % 50 FROM generate_series(0, 49) AS i;
CREATE TABLE ring_nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO ring_nodes SELECT i, i, 1, 0 FROM generate_series(-50, 149) AS i ORDER BY md5(i::text);
SELECT count(*), count(DISTINCT node), bool_and(node = n - 51) AS ascending,
       bool_and(dnfr = 0) FILTER (WHERE node NOT BETWEEN 0 AND 49) AS outside_at_rest,
       count(*) FILTER (WHERE dnfr <> 0) AS moving
FROM tnfr_dnfr('ring_edges', 'ring_nodes', 'epi_vf') WITH ORDINALITY AS d(node, dnfr, n);

-- Antipodes. Half a turn away is +1 from both sides, never -1.
CREATE TABLE antipode_nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO antipode_nodes VALUES (1, 0, 1, 0), (2, 0, 1, pi());
SELECT * FROM tnfr_dnfr('pair_edges', 'antipode_nodes', 'phase');
-- Neighbours that cancel have no mean phase: g_phase is 0 there.
CREATE TABLE cancel_edges (src int, dst int);
INSERT INTO cancel_edges VALUES (1, 2), (1, 3);
CREATE TABLE cancel_nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO cancel_nodes VALUES (1, 0, 1, 0.7), (2, 0, 1, 0), (3, 0, 1, pi());
SELECT node, round(dnfr::numeric, 12) AS dnfr FROM tnfr_dnfr('cancel_edges', 'cancel_nodes', 'phase');
-- Whole turns change nothing.
UPDATE cancel_nodes SET phase = phase + 2 * pi() * CASE id WHEN 1 THEN 3 WHEN 2 THEN -2 ELSE 0 END;
SELECT node, round(dnfr::numeric, 12) AS dnfr FROM tnfr_dnfr('cancel_edges', 'cancel_nodes', 'phase');
UPDATE pair_nodes SET phase = phase - 4 * pi();
SELECT node, round(dnfr::numeric, 12) AS dnfr FROM tnfr_dnfr('pair_edges', 'pair_nodes', 'canonical');

-- A constant state is at rest.
UPDATE ring_nodes SET epi = 0.25, vf = 1.5, phase = 2;
SELECT f.form, max(abs(d.dnfr)) < 1e-15 AS at_rest
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) WITH ORDINALITY AS f(form, n),
     tnfr_dnfr('ring_edges', 'ring_nodes', f.form) AS d
GROUP BY f.n, f.form ORDER BY f.n;

-- vf = 0 holds a node still in gradient.
UPDATE pair_nodes SET vf = 0 WHERE id = 2;
SELECT node, round(dnfr::numeric, 12) AS dnfr FROM tnfr_dnfr('pair_edges', 'pair_nodes');

DROP SCHEMA test_dnfr CASCADE;
