-- Every golden value within 1e-12. What the files hold stands in test/golden/README.md.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_golden;
SET search_path = test_golden, public;

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
INSERT INTO network SELECT key, value FROM json_each(:'content');
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
SELECT name, (SELECT count(*) FROM all_nodes AS n WHERE n.name = w.name) AS nodes,
       (SELECT count(*) FROM all_edges AS e WHERE e.name = w.name) AS edges
FROM network AS w ORDER BY name COLLATE "C";

-- The network under test is a setting, so that one pair of views serves all.
CREATE VIEW weighted AS SELECT src, dst, weight FROM all_edges WHERE name = current_setting('golden.network');
CREATE VIEW unweighted AS SELECT src, dst FROM all_edges WHERE name = current_setting('golden.network');
CREATE VIEW nodes AS SELECT id, epi, vf, phase FROM all_nodes WHERE name = current_setting('golden.network');

-- Which call gives which value. g_sin comes multiplied by vf.
CREATE TABLE call (key text, form text, weights jsonb, relative boolean, times_vf boolean);
INSERT INTO call VALUES
	('dnfr_gradient', 'gradient', NULL, false, false),
	('dnfr_canonical', 'canonical', NULL, false, false),
	('dnfr_canonical_quarter_strength', 'canonical', '{"phase": 0.25, "epi": 0.25, "vf": 0.25, "topo": 0.25}', true, false),
	('dnfr_phase_only', 'phase', NULL, false, false),
	('dnfr_epi_vf_mixed', 'epi_vf', NULL, false, false),
	('dnfr_laplacian', 'laplacian', NULL, false, false),
	('g_epi', 'epi_vf', '{"epi": 1, "vf": 0}', false, false),
	('g_vf', 'epi_vf', '{"epi": 0, "vf": 1}', false, false),
	('g_strength', 'canonical', '{"phase": 0, "epi": 0, "vf": 0, "topo": 1}', true, false),
	('g_phase', 'phase', NULL, false, false),
	('g_sin', 'gradient', '{"epi": 0, "sin": 1}', false, true);

-- Everything to compare: the path of the values, and the call.
CREATE TABLE comparison AS
SELECT w.name, ARRAY['outputs', c.key] AS path, c.edges, c.form, (w.doc ->> 'directed')::boolean AS directed, c.weights, c.relative, false AS times_vf
FROM network AS w, (VALUES
	('dnfr_gpu_unweighted', 'unweighted', 'gradient', NULL::jsonb, false),
	('dnfr_gpu_weighted', 'weighted', 'gradient', NULL, false),
	('dnfr_gpu_adjacency', 'unweighted', 'gradient', NULL, false),
	('dnfr_canonical', 'unweighted', 'canonical', NULL, false),
	('dnfr_canonical_dense', 'unweighted', 'canonical', NULL, false),
	('dnfr_canonical_quarter_topo', 'unweighted', 'canonical', '{"phase": 0.25, "epi": 0.25, "vf": 0.25, "topo": 0.25}', true),
	('dnfr_phase_only', 'unweighted', 'phase', NULL, false),
	('dnfr_epi_vf_mixed', 'unweighted', 'epi_vf', NULL, false),
	('dnfr_laplacian', 'unweighted', 'laplacian', NULL, false)) AS c(key, edges, form, weights, relative)
WHERE w.doc #> ARRAY['outputs', c.key] IS NOT NULL
UNION ALL
SELECT w.name, ARRAY['outputs', definition, direction, c.key],
       CASE definition WHEN 'weighted_definition' THEN 'weighted' ELSE 'unweighted' END,
       c.form, direction <> 'undirected', c.weights, c.relative, c.times_vf
FROM network AS w, call AS c,
     unnest(ARRAY['weighted_definition', 'unweighted_definition', 'unweighted_multiplicity_definition']) AS definition,
     unnest(ARRAY['undirected', 'directed', 'directed_as_listed']) AS direction
WHERE w.doc #> ARRAY['outputs', definition, direction, c.key] IS NOT NULL;

CREATE FUNCTION difference(c comparison) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	worst float8;
BEGIN
	PERFORM set_config('golden.network', c.name, true);
	SELECT max(abs(d.dnfr - CASE WHEN c.times_vf THEN n.vf * r.value ELSE r.value END)
	           / CASE WHEN c.relative THEN greatest(1, abs(r.value)) ELSE 1 END) INTO worst
	FROM tnfr_dnfr(c.edges::regclass, 'nodes', c.form, c.directed, c.weights) AS d
	JOIN nodes AS n ON n.id = d.node
	FULL JOIN (SELECT i - 1 AS id, v::float8 AS value
	           FROM network, json_array_elements_text(doc #> c.path) WITH ORDINALITY AS a(v, i) WHERE name = c.name) AS r ON r.id = d.node;
	-- A value too few or too many leaves NULL beside its partner.
	IF (SELECT count(*) FROM nodes) <> (SELECT json_array_length(doc #> c.path) FROM network WHERE name = c.name) THEN
		RETURN 'Infinity';
	END IF;
	RETURN worst;
END $$;

SELECT name, array_to_string(path[2:], ' ') AS value, form, directed, difference(c) <= 1e-12 AS agrees
FROM comparison AS c ORDER BY name COLLATE "C", array_to_string(path[2:], ' ') COLLATE "C";

DROP SCHEMA test_golden CASCADE;
