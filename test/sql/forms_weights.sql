-- The weights argument: keys, presets, and what is refused.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_weights;
SET search_path = test_weights, public;

\set include `echo "${PG_ABS_SRCDIR:-test}/sql/include"`
\i :include/failure.sql

-- Node 1 has g_phase = 1/2, g_epi = 1, g_vf = 2, g_topo = 1 (strengths 1 and 2), g_sin = 1, f = 2.
CREATE TABLE edges (src int, dst int);
INSERT INTO edges VALUES (1, 2), (2, 3);
CREATE TABLE nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO nodes VALUES (1, 0, 2, 0), (2, 1, 4, pi() / 2), (3, 2, 8, 0);

CREATE FUNCTION of_node_1(form text, weights jsonb) RETURNS numeric LANGUAGE sql STABLE AS $$
	SELECT round(dnfr::numeric, 12) FROM tnfr_dnfr('edges', 'nodes', form, false, weights) WHERE node = 1
$$;

-- Each key by itself, alone and with the others at their defaults.
SELECT form, weights, of_node_1(form, weights::jsonb) AS dnfr
FROM (VALUES
	('gradient', NULL),
	('gradient', '{}'),
	('gradient', '{"epi": 0.7, "sin": 0.3}'),
	('gradient', '{"epi": 1, "sin": 0}'),
	('gradient', '{"epi": 0, "sin": 1}'),
	('gradient', '{"epi": 1}'),
	('gradient', '{"sin": 1}'),
	('gradient', '{"epi": 2, "sin": 3}'),
	('gradient', '{"epi": 0, "sin": 0}'),
	('gradient', '{"epi": -1}'),
	('gradient', '{"preset": "seed"}'),
	('canonical', NULL),
	('canonical', '{}'),
	('canonical', '{"preset": "seed"}'),
	('canonical', '{"phase": 1, "epi": 0, "vf": 0, "topo": 0}'),
	('canonical', '{"phase": 0, "epi": 1, "vf": 0}'),
	('canonical', '{"phase": 0, "epi": 0, "vf": 1}'),
	('canonical', '{"phase": 0, "epi": 0, "vf": 0, "topo": 1}'),
	('canonical', '{"phase": 7, "epi": 0, "vf": 0}'),
	('canonical', '{"phase": 1, "epi": 1, "vf": 1, "topo": 1}'),
	('canonical', '{"phase": 0.25, "epi": 0.25, "vf": 0.25, "topo": 0.25}'),
	('canonical', '{"topo": 1}'),
	('phase', NULL),
	('phase', '{"phase": 1}'),
	('phase', '{"phase": 0.5}'),
	('phase', '{"phase": 0}'),
	('phase', '{"preset": "seed"}'),
	('epi_vf', NULL),
	('epi_vf', '{"epi": 1, "vf": 0}'),
	('epi_vf', '{"vf": 0}'),
	('epi_vf', '{"epi": 2, "vf": 3}'),
	('epi_vf', '{"preset": "seed"}'),
	('laplacian', NULL),
	('laplacian', '{"epi": 0}'),
	('laplacian', '{"epi": 1, "vf": 1}'),
	('laplacian', '{"preset": "seed"}')
) AS t(form, weights);

-- The preset pi: pi/(pi+1), pi/(pi+1)^2, 1/(pi+1)^2, and 0 for topo; keys beside it win.
SELECT abs(of_node_1('canonical', '{"preset": "pi"}')
	- (pi() / (pi() + 1) * 0.5 + pi() / (pi() + 1) ^ 2 * 1 + 1 / (pi() + 1) ^ 2 * 2)) < 1e-11 AS pi,
	of_node_1('canonical', '{"preset": "pi", "phase": 0, "vf": 0}') AS pi_epi_alone,
	of_node_1('canonical', '{"phase": 0, "preset": "pi", "vf": 0}') AS order_of_keys;

-- NULL is the default, and so is leaving the argument out.
SELECT count(*) AS different
FROM tnfr_dnfr('edges', 'nodes', 'canonical', false, NULL) AS a
FULL JOIN tnfr_dnfr('edges', 'nodes', 'canonical') AS b USING (node)
WHERE a.dnfr IS DISTINCT FROM b.dnfr;

-- The form is an exact name.
\pset format unaligned
\pset tuples_only on
SELECT format('%L, %L: %s', form, weights, failure(format(
	'SELECT * FROM test_weights.of_node_1(%L, %L)', form, weights)))
FROM (VALUES
	('gradients', NULL),
	('', NULL),
	('Gradient', NULL),
	('gradient ', NULL),
	('gradient', '{"phase": 1}'),
	('gradient', '{"EPI": 1}'),
	('gradient', '{"": 1}'),
	('canonical', '{"sin": 1}'),
	('canonical', '{"epi": 1, "speed": 1, "mass": 2}'),
	('phase', '{"epi": 1}'),
	('epi_vf', '{"phase": 1}'),
	('laplacian', '{"topo": 1}'),
	('canonical', '{"vf": -0.1}'),
	('canonical', '{"phase": 0, "epi": 0, "vf": 0}'),
	('canonical', '{"phase": 0, "epi": 0, "vf": 0, "topo": 0}'),
	('gradient', '{"epi": "1"}'),
	('gradient', '{"epi": null}'),
	('gradient', '{"epi": true}'),
	('gradient', '{"epi": [1]}'),
	('gradient', '{"epi": {"sin": 1}}'),
	('gradient', '{"epi": 1e400}'),
	('gradient', '[0.7, 0.3]'),
	('gradient', '[]'),
	('gradient', '0.7'),
	('gradient', '"pi"'),
	('gradient', 'null'),
	('gradient', 'true'),
	('gradient', '{"preset": "pi"}'),
	('phase', '{"preset": "pi"}'),
	('epi_vf', '{"preset": "pi"}'),
	('laplacian', '{"preset": "pi"}'),
	('canonical', '{"preset": "e"}'),
	('canonical', '{"preset": 3}'),
	('canonical', '{"preset": null}')
) AS t(form, weights);

DROP SCHEMA test_weights CASCADE;
