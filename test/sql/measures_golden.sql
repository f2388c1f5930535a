-- Every golden value of Si, node and network metrics and pair coherence within 1e-12.
-- What the files hold stands in test/golden/README.md.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_measures_golden;
SET search_path = test_measures_golden, public;

CREATE TABLE network (name text PRIMARY KEY, doc json);
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
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/digraph_weighted_300.json"`
INSERT INTO network VALUES ('digraph_weighted_300', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/quirks.json"`
INSERT INTO network SELECT key, value FROM json_each(:'content') WHERE key = 'undirected_path';
-- The variant with zero weights has arcs of its own.
INSERT INTO network
SELECT 'zero_weight_variant', json_build_object('edges', doc #> '{outputs,zero_weight_variant,arcs}', 'nodes', doc -> 'nodes',
	'outputs', doc #> '{outputs,zero_weight_variant}')
FROM network WHERE name = 'digraph_weighted_300';

CREATE TABLE all_edges AS
SELECT name, (e ->> 0)::int AS src, (e ->> 1)::int AS dst, (e ->> 2)::float8 AS weight
FROM network, json_array_elements(doc -> 'edges') AS e;
CREATE TABLE all_nodes AS
SELECT name, (i - 1)::int AS id, epi::float8, vf::float8, phase::float8
FROM network, ROWS FROM (json_array_elements_text(doc #> '{nodes,epi}'), json_array_elements_text(doc #> '{nodes,vf}'),
	json_array_elements_text(doc #> '{nodes,phase}')) WITH ORDINALITY AS n(epi, vf, phase, i);

-- The network under test is a setting, so that one set of views serves all.
CREATE VIEW weighted AS SELECT src, dst, weight FROM all_edges WHERE name = current_setting('golden.network');
CREATE VIEW unweighted AS SELECT src, dst FROM all_edges WHERE name = current_setting('golden.network');
CREATE VIEW nodes AS SELECT id, epi, vf, phase FROM all_nodes WHERE name = current_setting('golden.network');
-- Weighted by the coherence of its ends: the local synchrony of local_phase_sync.
CREATE VIEW coherent AS SELECT src, dst, coherence AS weight FROM tnfr_pair_coherence('unweighted', 'nodes') WHERE src <> dst;

-- The blocks of values, and the network that each is of.
CREATE TABLE block AS
SELECT name, 'outputs' AS block, doc -> 'outputs' AS doc, 'unweighted' AS edges, false AS directed
FROM network WHERE doc #> '{outputs,si}' IS NOT NULL
UNION ALL
SELECT w.name, definition || ' ' || direction, w.doc #> ARRAY['outputs', definition, direction],
       CASE definition WHEN 'weighted_definition' THEN 'weighted' ELSE 'unweighted' END, direction <> 'undirected'
FROM network AS w,
     unnest(ARRAY['weighted_definition', 'unweighted_definition', 'unweighted_multiplicity_definition']) AS definition,
     unnest(ARRAY['undirected', 'directed', 'directed_as_listed']) AS direction
WHERE w.doc #> ARRAY['outputs', definition, direction] IS NOT NULL;

-- Values by the number of the node; of edges by both; of the network by 0.
CREATE TABLE golden (name text, block text, key text, place bigint, value float8);
INSERT INTO golden
SELECT name, block, key, i - 1, v::float8
FROM block, unnest(ARRAY['si', 'neighbour_resultant', 'strength', 'dnfr_canonical', 'local_phase_sync', 'W_i']) AS key,
     json_array_elements_text(doc -> key) WITH ORDINALITY AS a(v, i);
INSERT INTO golden
SELECT name, block, key, 0, (doc #>> string_to_array(key, ' '))::float8
FROM block, unnest(ARRAY['coherence_C', 'dnfr_abs_mean', 'kuramoto_R', 'kuramoto_psi', 'phase_sync', 'W_stats min', 'W_stats max', 'W_stats mean']) AS key
WHERE doc #> string_to_array(key, ' ') IS NOT NULL;
INSERT INTO golden
SELECT name, block, 'W_edges', 1000 * least((e ->> 0)::int, (e ->> 1)::int) + greatest((e ->> 0)::int, (e ->> 1)::int), (e ->> 2)::float8
FROM block, json_array_elements(doc -> 'W_edges') AS e;

CREATE TABLE result (LIKE golden);
CREATE FUNCTION measure(b block) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('golden.network', b.name, true);
	INSERT INTO result SELECT b.name, b.block, 'si', node, si FROM tnfr_si(b.edges::regclass, 'nodes', directed => b.directed);
	INSERT INTO result
	SELECT b.name, b.block, key, node, value
	FROM tnfr_node_metrics(b.edges::regclass, 'nodes', directed => b.directed),
	     LATERAL (VALUES ('neighbour_resultant', local_sync), ('strength', strength), ('dnfr_canonical', dnfr)) AS v(key, value);
	-- coherence_C is that of a state at rest: dEPI/dt = 0.
	INSERT INTO result
	SELECT b.name, b.block, key, 0, value
	FROM tnfr_network_metrics(b.edges::regclass, 'nodes', directed => b.directed),
	     LATERAL (VALUES ('coherence_C', 1 / (1 + mean_dnfr)), ('dnfr_abs_mean', mean_dnfr), ('kuramoto_R', order_parameter),
	                     ('kuramoto_psi', mean_phase), ('phase_sync', phase_sync)) AS v(key, value);
	INSERT INTO result SELECT b.name, b.block, 'W_edges', 1000 * src + dst, coherence FROM tnfr_pair_coherence(b.edges::regclass, 'nodes', directed => b.directed);
	INSERT INTO result SELECT b.name, b.block, 'local_phase_sync', node, local_sync FROM tnfr_node_metrics('coherent', 'nodes');
	-- The coherence of a node, itself included, and the coherences of all pairs, those without an edge counted as 0.
	INSERT INTO result
	SELECT b.name, b.block, 'W_i', id, (1 + coalesce(sum(weight), 0)) / (SELECT count(*) FROM nodes)
	FROM nodes LEFT JOIN coherent ON id IN (src, dst) GROUP BY id;
	INSERT INTO result
	SELECT b.name, b.block, key, 0, value
	FROM (SELECT count(*) AS n FROM nodes) AS t,
	     (SELECT count(*) AS m, min(weight), max(weight), sum(weight) FROM coherent) AS c,
	     LATERAL (VALUES ('W_stats min', CASE WHEN 2 * m < n * (n - 1) THEN 0 ELSE min END), ('W_stats max', max),
	                     ('W_stats mean', 2 * sum / (n * (n - 1)))) AS v(key, value);
END $$;
DO $$ BEGIN PERFORM measure(b) FROM block AS b; END $$;

-- kuramoto_psi modulo a turn.
CREATE VIEW comparison AS
SELECT name, block, key, g.value AS expected, r.value AS value,
       CASE WHEN key = 'kuramoto_psi' THEN least(abs(r.value - g.value), abs(2 * pi() - abs(r.value - g.value)))
            ELSE abs(r.value - g.value) END AS difference
FROM golden AS g LEFT JOIN result AS r USING (name, block, key, place);
SELECT name, block, key, count(*) AS golden, count(*) FILTER (WHERE difference <= 1e-12) AS agree
FROM comparison GROUP BY name, block, key ORDER BY name COLLATE "C", block COLLATE "C", key COLLATE "C";
SELECT count(*) AS golden, count(*) FILTER (WHERE difference <= 1e-12) AS agree FROM comparison;
-- Nothing beyond what the files list, where they list any.
SELECT count(*) AS too_many
FROM result AS r JOIN (SELECT DISTINCT name, block, key FROM golden) AS k USING (name, block, key)
LEFT JOIN golden AS g USING (name, block, key, place) WHERE g.place IS NULL;

DROP SCHEMA test_measures_golden CASCADE;
