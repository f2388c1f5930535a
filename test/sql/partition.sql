-- Communities and partitions: what must hold of them, in any order of the input and with any number of threads.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_partition;
SET search_path = test_partition, public;
\set include `echo "${PG_ABS_SRCDIR:-test}/sql/include"`
\i :include/failure.sql

-- Two crowds, one of them around the seam of the phases in different turns, and a node far from both.
CREATE TABLE nodes AS SELECT * FROM (VALUES
	(1, 0, 1.0, 3.1), (2, 0, 5.0, 0.0), (3, 0, 1.0, -3.1), (4, 0, 5.1, 0.1), (5, 0, 1.1, 3.15), (6, 0, 5.0, 6.2), (7, 0, 90.0, 1.5))
	AS n(id, epi, vf, phase);
CREATE TABLE edges AS SELECT * FROM (VALUES (1, 3), (3, 5), (1, 2), (2, 4), (4, 6), (5, 5), (3, 1)) AS e(src, dst);
SELECT * FROM tnfr_partition('edges', 'nodes');
-- Packing: communities of 3, 3 and 1 nodes into partitions of 4.
SELECT * FROM tnfr_partition('edges', 'nodes', max_size => 4);
-- A cap ends a community; the rest begins another.
SELECT * FROM tnfr_partition('edges', 'nodes', max_size => 2, threshold => 0.5);
-- Nobody is coherent enough; everybody is.
SELECT count(DISTINCT community) AS nobody FROM tnfr_partition('edges', 'nodes', threshold => 1);
SELECT count(DISTINCT community) AS everybody FROM tnfr_partition('edges', 'nodes', threshold => -1);
-- Along edges, whatever their direction: 6 is no neighbour of 2 but comes by way of 4.
SELECT * FROM tnfr_partition('edges', 'nodes', candidates => 'neighbours');
SELECT partition, size, communities, round(mean_vf::numeric, 3) AS mean_vf, round(coherence::numeric, 6) AS coherence,
       entries, cut_entries, halo, worker, cap, round(density::numeric, 6) AS density, clustering, clustering_exact
FROM tnfr_partition_summary('edges', 'nodes', candidates => 'neighbours', workers => 2);
-- With a size given, nothing is derived from the network.
SELECT partition, size, worker, cap, density, clustering, clustering_exact FROM tnfr_partition_summary('edges', 'nodes', max_size => 3, workers => 4);

-- No nodes, one node, no edges.
CREATE TABLE no_nodes AS SELECT * FROM nodes WHERE false;
CREATE TABLE no_edges AS SELECT * FROM edges WHERE false;
SELECT * FROM tnfr_partition('no_edges', 'no_nodes');
SELECT * FROM tnfr_partition_summary('no_edges', 'no_nodes');
CREATE TABLE one_node AS SELECT * FROM nodes WHERE id = 5;
SELECT * FROM tnfr_partition('no_edges', 'one_node');
SELECT * FROM tnfr_partition_summary('no_edges', 'one_node', workers => 3);
SELECT * FROM tnfr_partition('no_edges', 'nodes', candidates => 'neighbours');

-- A larger network: 3000 nodes in clusters, with ties, hubs, duplicates, loops and isolated nodes.
CREATE FUNCTION hash(text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5($1), 1, 7))::bit(28)::int / 268435456.0::float8 $$;
CREATE TABLE large_nodes AS
SELECT 7 * i AS id, 0 AS epi, floor(hash('c' || i) * 6) + floor(hash('f' || i) * 50) / 100 AS vf, hash('c' || i) * 40 + hash('p' || i) AS phase
FROM generate_series(1, 3000) AS i;
CREATE TABLE large_edges AS
SELECT 7 * (1 + floor(power(hash('s' || i), 3) * 2900))::int AS src, 7 * (1 + floor(hash('d' || i) * 2900))::int AS dst FROM generate_series(1, 12000) AS i;

-- For each kind of candidates and size: nodes, and what may not be.
SELECT candidates, max_size, count(*) AS nodes, count(DISTINCT p.node) AS different,
       max(p.size) <= max(p.cap) AS "within cap", count(*) FILTER (WHERE homes > 1) AS torn,
       min(community) AS first, max(community) + 1 = count(DISTINCT community) AS dense,
       max(partition) + 1 = count(DISTINCT partition) AS "dense partitions"
FROM (VALUES ('spatial', NULL), ('spatial', 1), ('spatial', 37), ('spatial', 5000), ('neighbours', NULL), ('neighbours', 37)) AS c(candidates, max_size),
     LATERAL (SELECT t.*, count(*) OVER (PARTITION BY t.partition) AS size, s.cap,
                     max(t.partition) OVER w - min(t.partition) OVER w + 1 AS homes
              FROM tnfr_partition('large_edges', 'large_nodes', c.max_size, candidates => c.candidates) AS t
                   JOIN tnfr_partition_summary('large_edges', 'large_nodes', c.max_size, candidates => c.candidates) AS s USING (partition)
              WINDOW w AS (PARTITION BY t.community)) AS p
GROUP BY candidates, max_size ORDER BY candidates, max_size;

-- The same from shuffled rows, turned edges, and with other threads.
CREATE TABLE shuffled_nodes AS SELECT * FROM large_nodes ORDER BY hash('o' || id);
CREATE TABLE shuffled_edges AS SELECT CASE WHEN hash(src || 't' || dst) < 0.5 THEN src ELSE dst END AS src,
	CASE WHEN hash(src || 't' || dst) < 0.5 THEN dst ELSE src END AS dst FROM large_edges ORDER BY hash(src || 'o' || dst);
CREATE FUNCTION digest(edges text, nodes text, candidates text) RETURNS text LANGUAGE sql AS $$
	SELECT (SELECT md5(string_agg(t::text, ',')) FROM tnfr_partition(edges::regclass, nodes::regclass, candidates => digest.candidates) AS t) ||
	       (SELECT md5(string_agg(t::text, ',')) FROM tnfr_partition_summary(edges::regclass, nodes::regclass, candidates => digest.candidates, workers => 3) AS t) $$;
CREATE TABLE digests AS SELECT c AS candidates, digest('large_edges', 'large_nodes', c) FROM unnest('{spatial,neighbours}'::text[]) AS c;
SELECT candidates, digest = digest('shuffled_edges', 'shuffled_nodes', candidates) AS same FROM digests;
SET tnfr.backend = openmp;
SET tnfr.max_threads = 5;
SELECT candidates, digest = digest('shuffled_edges', 'shuffled_nodes', candidates) AS same FROM digests;
SET tnfr.backend = serial;
SELECT candidates, digest = digest('large_edges', 'shuffled_nodes', candidates) AS same FROM digests;
RESET tnfr.backend;
RESET tnfr.max_threads;

-- A stored graph gives the same; of a directed one the summary counts the arcs.
CREATE TABLE graphs AS SELECT false AS directed, tnfr_graph_agg(src, dst) AS graph FROM large_edges UNION ALL SELECT true, tnfr_graph_agg(src, dst, true) FROM large_edges;
SELECT directed, candidates, bool_and(a = b) AS same, count(*)
FROM graphs, unnest('{spatial,neighbours}'::text[]) AS candidates,
     ROWS FROM (tnfr_partition('large_edges', 'large_nodes', candidates => candidates), tnfr_graph_partition(graph, 'large_nodes', candidates => candidates))
     AS t(n, c, p, m, d, q), LATERAL (SELECT (n, c, p) AS a, (m, d, q) AS b) AS u
GROUP BY directed, candidates ORDER BY directed, candidates;
SELECT directed, sum(s.entries) AS entries, count(*) FILTER (WHERE s IS DISTINCT FROM t) AS "other rows"
FROM graphs, tnfr_graph_partition_summary(graph, 'large_nodes', workers => 2) AS s
     JOIN tnfr_partition_summary('large_edges', 'large_nodes', workers => 2) AS t USING (partition)
GROUP BY directed ORDER BY directed;
SELECT replace(pg_get_function_arguments(t.oid), 'edges regclass', 'graph tnfr_graph') = pg_get_function_arguments(s.oid) AS arguments,
       pg_get_function_result(t.oid) = pg_get_function_result(s.oid) AS result,
       s.provolatile AS volatility, s.proparallel AS parallel, obj_description(s.oid) IS NOT NULL AND obj_description(t.oid) IS NOT NULL AS comments
FROM pg_proc AS t JOIN pg_proc AS s ON s.proname = replace(t.proname, 'tnfr_', 'tnfr_graph_')
WHERE t.proname IN ('tnfr_partition', 'tnfr_partition_summary') ORDER BY t.proname;

-- The summary against its definitions.
CREATE TABLE parts AS SELECT * FROM tnfr_partition('large_edges', 'large_nodes');
CREATE TABLE summary AS SELECT * FROM tnfr_partition_summary('large_edges', 'large_nodes', workers => 3);
CREATE VIEW entry AS SELECT src AS node, dst AS neighbour FROM large_edges UNION ALL SELECT dst, src FROM large_edges WHERE src <> dst;
SELECT count(*) AS partitions, count(*) FILTER (WHERE s.size <> d.size OR s.communities <> d.communities) AS sizes,
       count(*) FILTER (WHERE abs(s.mean_vf - d.mean_vf) > 1e-12) AS means,
       count(*) FILTER (WHERE s.entries <> e.entries OR s.cut_entries <> e.cut OR s.halo <> e.halo) AS entries
FROM summary AS s
     JOIN (SELECT partition, count(*) AS size, count(DISTINCT community) AS communities, avg(vf) AS mean_vf
           FROM parts JOIN large_nodes ON id = node GROUP BY partition) AS d USING (partition)
     JOIN (SELECT a.partition, count(e.node) AS entries, count(*) FILTER (WHERE b.partition <> a.partition) AS cut,
                  count(DISTINCT e.neighbour) FILTER (WHERE b.partition <> a.partition) AS halo
           FROM parts AS a LEFT JOIN entry AS e USING (node) LEFT JOIN parts AS b ON b.node = e.neighbour GROUP BY a.partition) AS e USING (partition);
CREATE FUNCTION coherence_of(part text) RETURNS TABLE (partition bigint, coherence float8) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE format(
	'SELECT a.partition::bigint, avg(0.6 / (1 + abs(m.vf - n.vf)) + 0.4 * cos(m.phase - n.phase))
	 FROM %1$I AS a JOIN %1$I AS b ON b.partition = a.partition AND b.node > a.node
	      JOIN large_nodes AS m ON m.id = a.node JOIN large_nodes AS n ON n.id = b.node GROUP BY a.partition', part); END $$;
SELECT count(*) FILTER (WHERE abs(s.coherence - c.coherence) > 1e-12) AS "other coherence" FROM summary AS s JOIN coherence_of('parts') AS c USING (partition);
-- Far more coherent than random partitions of the same sizes.
CREATE TABLE random_parts AS
SELECT node, partition FROM (SELECT node, row_number() OVER (ORDER BY hash('r' || node)) AS i FROM parts) AS a
       JOIN (SELECT partition, row_number() OVER (ORDER BY node) AS i FROM parts) AS b USING (i);
SELECT round((SELECT avg(coherence) FROM summary)::numeric, 1) AS ours, round((SELECT avg(coherence) FROM coherence_of('random_parts'))::numeric, 1) AS random;
-- Workers have contiguous ranges of frequencies, and about the same entries.
SELECT worker, min(mean_vf) > lag(max(mean_vf)) OVER (ORDER BY worker) AS "above the one before",
       sum(entries) / sum(sum(entries)) OVER () < 0.4 AS balanced
FROM summary GROUP BY worker ORDER BY worker;

-- The adaptive cap of golden networks: 1.5 when sparse, 0.5 when dense; 1.2 when little clustered, 0.8 when much.
CREATE TABLE network (name text, doc json);
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/karate_club.json"`
INSERT INTO network VALUES ('karate_club', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/les_miserables.json"`
INSERT INTO network VALUES ('les_miserables', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/grid_10x10.json"`
INSERT INTO network VALUES ('grid_10x10', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/star_50.json"`
INSERT INTO network VALUES ('star_50', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/isolated_two_components.json"`
INSERT INTO network VALUES ('isolated_two_components', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/complete_30.json"`
INSERT INTO network VALUES ('complete_30', :'content');
SET golden.network = '';
CREATE VIEW golden_edges AS SELECT (e ->> 0)::int AS src, (e ->> 1)::int AS dst
FROM network, json_array_elements(doc -> 'edges') AS e WHERE name = current_setting('golden.network');
CREATE VIEW golden_nodes AS SELECT (i - 1)::int AS id, epi::float8, vf::float8, phase::float8
FROM network, ROWS FROM (json_array_elements_text(doc #> '{nodes,epi}'), json_array_elements_text(doc #> '{nodes,vf}'),
	json_array_elements_text(doc #> '{nodes,phase}')) WITH ORDINALITY AS n(epi, vf, phase, i) WHERE name = current_setting('golden.network');
-- Clustering by counting: pairs of neighbours, and those that are connected.
CREATE VIEW link AS SELECT DISTINCT a, b FROM (SELECT src AS a, dst AS b FROM golden_edges UNION ALL SELECT dst, src FROM golden_edges) AS e WHERE a <> b;
CREATE VIEW rule AS
SELECT n, density, clustering, greatest(10, least(500, trunc(base *
	((CASE WHEN density > 0.5 THEN 0.5 WHEN density > 0.1 THEN 1 ELSE 1.5 END)::float8 * (CASE WHEN clustering > 0.6 THEN 0.8 WHEN clustering < 0.2 THEN 1.2 ELSE 1 END)::float8)))) AS cap
FROM (SELECT n, (CASE WHEN n < 100 THEN n WHEN n < 1000 THEN 100 ELSE 200 END)::float8 AS base, (SELECT count(*) FROM link)::float8 / (n * (n - 1)) AS density,
             (SELECT sum(share) FROM (SELECT count(*) FILTER (WHERE (x.b, y.b) IN (SELECT a, b FROM link))::float8 / count(*) AS share
                                      FROM link AS x JOIN link AS y ON x.a = y.a AND x.b <> y.b GROUP BY x.a) AS s) / n AS clustering
      FROM (SELECT count(*) AS n FROM golden_nodes) AS c) AS r;
CREATE FUNCTION cap_of(name text) RETURNS TABLE (n bigint, cap bigint, "is the rule's" boolean, clustering text, "within 1e-12" boolean) LANGUAGE sql AS $$
	SELECT set_config('golden.network', name, false);
	SELECT r.n, s.cap, s.cap = r.cap, to_char(s.clustering, '0.0000'), abs(s.clustering - coalesce(r.clustering, 0)) < 1e-12 AND abs(s.density - r.density) < 1e-12 AND s.clustering_exact
	FROM rule AS r, tnfr_partition_summary('golden_edges', 'golden_nodes') AS s WHERE s.partition = 0 $$;
SELECT name, c.* FROM network, LATERAL cap_of(name) AS c ORDER BY name;

-- Errors.
CREATE FUNCTION fails(arguments text) RETURNS text LANGUAGE sql AS $$
	SELECT failure(format('SELECT * FROM tnfr_partition(''edges'', ''nodes'', %s)', arguments)) $$;
\pset format unaligned
\pset tuples_only on
SELECT fails('max_size => 0');
SELECT fails('max_size => -5');
SELECT fails('threshold => 1.01');
SELECT fails('threshold => ''NaN''');
SELECT fails('threshold => NULL');
SELECT fails('k => 0');
SELECT fails('k => 10001');
SELECT fails('k => NULL');
SELECT fails('candidates => ''neighbors''');
SELECT fails('candidates => NULL');
SELECT failure('SELECT * FROM tnfr_partition(NULL, ''nodes'')');
SELECT failure('SELECT * FROM tnfr_partition_summary(''edges'', ''nodes'', workers => 0)');
SELECT failure('SELECT * FROM tnfr_graph_partition(NULL, ''nodes'')');
SELECT failure('SELECT * FROM tnfr_partition(''edges'', ''one_node'')');
\pset format aligned
\pset tuples_only off
-- The mean of finite frequencies can pass the largest number there is.
CREATE TABLE huge AS SELECT i AS id, 0 AS epi, 1.7e308::float8 AS vf, 0 AS phase FROM generate_series(1, 3) AS i;
SELECT * FROM tnfr_partition('no_edges', 'huge');
SELECT failure('SELECT * FROM tnfr_partition_summary(''no_edges'', ''huge'')');

-- In a read-only transaction, over views.
CREATE VIEW view_nodes AS SELECT * FROM nodes WHERE id < 7;
CREATE VIEW view_edges AS SELECT src AS source, dst AS target FROM edges;
BEGIN READ ONLY;
SELECT count(*) FROM tnfr_partition('view_edges', 'view_nodes');
COMMIT;

DROP SCHEMA test_partition CASCADE;
