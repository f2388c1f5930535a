-- Sense index, node metrics, network metrics and pair coherence: shapes, definitions, edges of what is allowed, errors.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_measures;
SET search_path = test_measures, public;

\set include `echo "${PG_ABS_SRCDIR:-test}/sql/include"`
\i :include/failure.sql

CREATE TABLE edges (src bigint, dst bigint, weight float8);
CREATE TABLE nodes (id bigint, epi float8, vf float8, phase float8);
CREATE VIEW plain AS SELECT src, dst FROM edges;

-- What the functions return, and what the planner is told.
SELECT p.oid::regprocedure AS function, pg_get_function_result(p.oid) AS result, provolatile, proparallel, proretset,
       obj_description(p.oid, 'pg_proc') IS NOT NULL AS described
FROM pg_proc AS p
WHERE proname IN ('tnfr_si', 'tnfr_node_metrics', 'tnfr_network_metrics', 'tnfr_pair_coherence', 'tnfr_pairs_support')
ORDER BY proname;

-- Zero nodes.
SELECT count(*) FROM tnfr_si('edges', 'nodes');
SELECT count(*) FROM tnfr_node_metrics('edges', 'nodes');
SELECT count(*) FROM tnfr_pair_coherence('edges', 'nodes');
SELECT to_jsonb(m) FROM tnfr_network_metrics('edges', 'nodes') AS m;

-- One node, without and with a self-loop; one node with vf 0.
\x on
INSERT INTO nodes VALUES (5, -0.25, 1.5, 0.5);
SELECT * FROM tnfr_node_metrics('edges', 'nodes');
SELECT * FROM tnfr_network_metrics('edges', 'nodes');
INSERT INTO edges VALUES (5, 5, 2);
SELECT * FROM tnfr_node_metrics('edges', 'nodes');
SELECT nodes, edges, entries, isolated, density, mean_degree, coherence FROM tnfr_network_metrics('edges', 'nodes');
SELECT * FROM tnfr_pair_coherence('edges', 'nodes');
SELECT nodes, edges, entries, isolated, density, mean_degree, coherence FROM tnfr_network_metrics('edges', 'nodes', directed => true);
SELECT * FROM tnfr_pair_coherence('edges', 'nodes', directed => true);
UPDATE nodes SET vf = 0, phase = 0, epi = 0;
SELECT si FROM tnfr_si('edges', 'nodes');
SELECT coherence, order_parameter, mean_phase, phase_sync, mean_vf, max_vf, mean_si FROM tnfr_network_metrics('edges', 'nodes');
\x off
TRUNCATE edges, nodes;

-- Exact antipodes: no direction, so no dispersion, and no local synchrony. Zero weights: isolated, with entries.
INSERT INTO nodes VALUES (1, 0, 1, 0), (2, 0, 1, 0), (3, 0, 1, pi()), (4, 0, 2, 1), (5, 0, 2, 2);
INSERT INTO edges VALUES (1, 2, 1), (1, 3, 1), (4, 5, 0);
SELECT node, degree, strength, si, phase_dispersion, local_sync < 1e-15 AS none, state FROM tnfr_node_metrics('edges', 'nodes');
SELECT nodes, edges, entries, isolated, density FROM tnfr_network_metrics('edges', 'nodes');
SELECT nodes, edges, entries, isolated, density FROM tnfr_network_metrics('plain', 'nodes', directed => true);
TRUNCATE edges, nodes;

-- All equal: at rest, in phase, wholly coherent.
INSERT INTO nodes SELECT i, 0.3, 1.7, 2.1 FROM generate_series(1, 100) AS i;
INSERT INTO edges SELECT i, i % 100 + 1, i % 3 + 1 FROM generate_series(1, 100) AS i;
SELECT count(*), min(si) AS min, max(si) AS max FROM tnfr_si('edges', 'nodes', 'epi_vf');
SELECT count(*), count(*) FILTER (WHERE si BETWEEN 1 - 1e-12 AND 1) AS one FROM tnfr_si('edges', 'nodes', dnfr_max => 1);
SELECT abs(coherence - 1) < 1e-12 AS coherence, abs(order_parameter - 1) < 1e-12 AS r, order_parameter <= 1 AS bounded,
       abs(mean_phase - 2.1) < 1e-12 AS psi, abs(phase_sync - 1) < 1e-12 AS phase_sync, mean_vf, stable_share
FROM tnfr_network_metrics('edges', 'nodes');
SELECT count(*), count(*) FILTER (WHERE coherence BETWEEN 1 - 1e-12 AND 1) AS one FROM tnfr_pair_coherence('edges', 'nodes');
-- vf 0 everywhere: 1 takes the place of the maximum.
UPDATE nodes SET vf = 0, epi = id % 2;
SELECT count(*), count(DISTINCT si), round(min(si)::numeric, 12) AS si, round(max(abs(dnfr))::numeric, 12) AS dnfr FROM tnfr_node_metrics('edges', 'nodes', 'epi_vf');
SELECT mean_vf, max_vf, mean_rate, max_rate, mean_dnfr, coherence, round(mean_si::numeric, 12) AS mean_si FROM tnfr_network_metrics('edges', 'nodes', 'epi_vf');
SELECT mean_rate = mean_dnfr AS rate_is_dnfr, mean_dnfr FROM tnfr_network_metrics('edges', 'nodes', 'gradient');
TRUNCATE edges, nodes;

-- A network with everything: loops, duplicates, zero weights, isolated nodes, several turns.
INSERT INTO nodes
SELECT i, sin(i), CASE WHEN i % 17 = 0 THEN 0 ELSE 1 + cos(i * i) END, 9 * sin(i * 3) FROM generate_series(1, 500) AS i;
INSERT INTO edges SELECT 1 + i * i % 490, 1 + i * 7919 % 490, i % 5 FROM generate_series(1, 2000) AS i;
INSERT INTO edges SELECT i, i, 1 FROM generate_series(1, 490, 70) AS i;
INSERT INTO edges SELECT dst, src, 2 FROM edges WHERE src % 10 = 0;

-- The columns of different functions agree: the same bits.
SELECT f.form, d.directed, count(*) AS nodes,
       count(*) FILTER (WHERE float8send(m.dnfr) = float8send(x.dnfr)) AS dnfr,
       count(*) FILTER (WHERE float8send(m.si) = float8send(s.si)) AS si
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) AS f(form), unnest(ARRAY[false, true]) AS d(directed),
     LATERAL (SELECT * FROM tnfr_node_metrics('edges', 'nodes', f.form, d.directed)) AS m
JOIN LATERAL (SELECT * FROM tnfr_dnfr('edges', 'nodes', f.form, d.directed)) AS x USING (node)
JOIN LATERAL (SELECT * FROM tnfr_si('edges', 'nodes', f.form, d.directed)) AS s USING (node)
GROUP BY f.form, d.directed ORDER BY f.form, d.directed;
SELECT count(*) AS nodes, count(*) FILTER (WHERE float8send(m.dnfr) = float8send(x.dnfr)) AS dnfr
FROM tnfr_node_metrics('edges', 'nodes', weights => '{"topo": 0.3, "alpha": 2}') AS m JOIN tnfr_dnfr('edges', 'nodes', 'canonical', weights => '{"topo": 0.3}') AS x USING (node);

-- The definitions in SQL: entries, sums, Si, states, means.
CREATE VIEW entries AS
SELECT src AS row, dst AS neighbour, weight FROM edges
UNION ALL SELECT dst, src, weight FROM edges WHERE src <> dst;
CREATE VIEW sums AS
SELECT n.id AS node, n.vf, n.phase, count(row) AS degree, coalesce(sum(weight), 0) AS s,
       coalesce(sum(weight * cos(j.phase)), 0) AS x, coalesce(sum(weight * sin(j.phase)), 0) AS y
FROM nodes AS n LEFT JOIN entries ON row = n.id LEFT JOIN nodes AS j ON j.id = neighbour GROUP BY n.id, n.vf, n.phase;
CREATE VIEW directions AS
SELECT sums.*, CASE WHEN s > 0 THEN sqrt(x * x + y * y) / s ELSE 0 END AS sync,
       CASE WHEN s > 0 THEN abs(atan2(sin(phase - atan2(y, x)), cos(phase - atan2(y, x)))) / pi() ELSE 0 END AS dispersion
FROM sums;
CREATE FUNCTION expected_metrics(form text) RETURNS TABLE (node bigint, degree bigint, strength float8, dnfr float8, si float8,
	phase_dispersion float8, local_sync float8, state text) LANGUAGE sql STABLE AS $$
	SELECT d.node, degree, s, m.dnfr,
	       0.34 * vf / max(vf) OVER () + 0.33 * (1 - dispersion) + 0.33 * (1 - abs(m.dnfr) / max(abs(m.dnfr)) OVER ()),
	       dispersion, sync,
	       CASE WHEN sync >= 0.8 AND abs(m.dnfr) / max(abs(m.dnfr)) OVER () <= 0.2 THEN 'stable'
	            WHEN sync <= 0.4 AND abs(m.dnfr) / max(abs(m.dnfr)) OVER () >= 0.5 THEN 'dissonant' ELSE 'transition' END
	FROM directions AS d JOIN tnfr_dnfr('edges', 'nodes', form) AS m USING (node)
$$;
SELECT f.form, count(*) AS nodes, count(*) FILTER (WHERE m.degree = e.degree AND m.strength = e.strength) AS degree,
       count(*) FILTER (WHERE abs(m.si - e.si) < 1e-12) AS si, count(*) FILTER (WHERE abs(m.phase_dispersion - e.phase_dispersion) < 1e-12) AS dispersion,
       count(*) FILTER (WHERE abs(m.local_sync - e.local_sync) < 1e-12) AS local_sync, count(*) FILTER (WHERE m.state = e.state) AS state
FROM unnest(ARRAY['gradient', 'canonical']) AS f(form), LATERAL (SELECT * FROM tnfr_node_metrics('edges', 'nodes', f.form)) AS m
FULL JOIN LATERAL (SELECT * FROM expected_metrics(f.form)) AS e USING (node) GROUP BY f.form ORDER BY f.form;

-- The network's row from the nodes' rows.
CREATE FUNCTION expected_network(form text, directed boolean) RETURNS TABLE (key text, value float8) LANGUAGE sql STABLE AS $$
	WITH m AS MATERIALIZED (
		SELECT m.*, n.epi, n.vf, n.phase, CASE WHEN form = 'gradient' THEN m.dnfr ELSE n.vf * m.dnfr END AS rate
		FROM tnfr_node_metrics('edges', 'nodes', form, directed) AS m JOIN nodes AS n ON n.id = node
	), psi AS (
		SELECT atan2(sum(sin(phase)), sum(cos(phase))) AS psi FROM m
	), s AS (
		SELECT count(*) AS nodes, (SELECT count(*) FROM edges) AS edges, sum(degree) AS entries, count(*) FILTER (WHERE strength = 0) AS isolated,
		       (SELECT count(*) FROM edges WHERE src <> dst) * CASE WHEN directed THEN 1 ELSE 2 END / (count(*) * (count(*) - 1))::float8 AS density,
		       avg(degree) AS mean_degree, 1 / (1 + avg(abs(dnfr)) + avg(abs(rate))) AS coherence,
		       sqrt(avg(cos(phase)) ^ 2 + avg(sin(phase)) ^ 2) AS order_parameter, min(psi) AS mean_phase,
		       1 / (1 + var_pop(atan2(sin(phase - psi), cos(phase - psi)))) AS phase_sync,
		       avg(abs(dnfr)) AS mean_dnfr, max(abs(dnfr)) AS max_dnfr, avg(abs(rate)) AS mean_rate, max(abs(rate)) AS max_rate,
		       avg(epi) AS mean_epi, avg(vf) AS mean_vf, max(vf) AS max_vf, avg(si) AS mean_si, avg(local_sync) AS mean_local_sync,
		       avg((abs(dnfr) <= 1e-3 AND abs(rate) <= 1e-3)::int) AS stable_share, avg((si >= 0.66)::int) AS si_high_share,
		       avg((si <= 0.33)::int) AS si_low_share, avg((state = 'stable')::int) AS stable_state_share,
		       avg((state = 'dissonant')::int) AS dissonant_state_share, avg((state = 'transition')::int) AS transition_state_share
		FROM m, psi
	)
	SELECT j.key, j.value::float8 FROM s, jsonb_each_text(to_jsonb(s)) AS j
$$;
SELECT key, count(*) AS networks, count(*) FILTER (WHERE abs(e.value - m.value) < 1e-12 * greatest(1, abs(e.value))) AS agree
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) AS f(form), unnest(ARRAY[false, true]) AS d(directed),
     LATERAL (SELECT * FROM expected_network(f.form, d.directed)) AS e
FULL JOIN LATERAL (SELECT j.key, j.value::float8 FROM tnfr_network_metrics('edges', 'nodes', f.form, d.directed) AS m, jsonb_each_text(to_jsonb(m)) AS j) AS m USING (key)
GROUP BY key ORDER BY key COLLATE "C";

-- Every edge once, in order, with the coherence of its ends.
CREATE FUNCTION expected_pairs(form text, directed boolean) RETURNS TABLE (src bigint, dst bigint, coherence float8) LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN directed THEN e.src ELSE least(e.src, e.dst) END, CASE WHEN directed THEN e.dst ELSE greatest(e.src, e.dst) END,
	       0.34 * (1 + cos(a.phase - b.phase)) / 2 + 0.33 * (1 - abs(a.epi - b.epi) / r.epi) + 0.20 * (1 - abs(a.vf - b.vf) / r.vf) + 0.13 * (1 - abs(s.si - t.si))
	FROM edges AS e JOIN nodes AS a ON a.id = e.src JOIN nodes AS b ON b.id = e.dst
	JOIN tnfr_si('edges', 'nodes', form, directed) AS s ON s.node = e.src JOIN tnfr_si('edges', 'nodes', form, directed) AS t ON t.node = e.dst,
	(SELECT max(epi) - min(epi) AS epi, max(vf) - min(vf) AS vf FROM nodes) AS r
$$;
SELECT f.form, d.directed, count(*) AS pairs, count(*) FILTER (WHERE abs(m.coherence - e.coherence) < 1e-12 AND (m.src, m.dst) = (e.src, e.dst)) AS agree
FROM unnest(ARRAY['gradient', 'canonical']) AS f(form), unnest(ARRAY[false, true]) AS d(directed),
     LATERAL (SELECT *, row_number() OVER () AS i FROM tnfr_pair_coherence('edges', 'nodes', f.form, d.directed)) AS m
FULL JOIN LATERAL (SELECT *, row_number() OVER (ORDER BY src, dst) AS i FROM expected_pairs(f.form, d.directed)) AS e USING (i)
GROUP BY f.form, d.directed ORDER BY f.form, d.directed;
SELECT count(*) AS edges, (SELECT count(*) FROM tnfr_pair_coherence('edges', 'nodes')) AS pairs, (SELECT count(*) FROM tnfr_pair_coherence('edges', 'nodes') WHERE src > dst) AS turned FROM edges;

-- Weights: those of Si, those of the form, presets for both.
CREATE FUNCTION si_is(weights jsonb, alpha float8, beta float8, gamma float8, form_weights jsonb DEFAULT NULL, form text DEFAULT 'canonical') RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT max(abs(s.si - e)) < 1e-12 AND count(*) = 500
	FROM (SELECT node, alpha * n.vf / max(n.vf) OVER () + beta * (1 - phase_dispersion) + gamma * (1 - abs(d.dnfr) / max(abs(d.dnfr)) OVER ()) AS e
	      FROM tnfr_node_metrics('edges', 'nodes') JOIN nodes AS n ON n.id = node JOIN tnfr_dnfr('edges', 'nodes', form, weights => form_weights) AS d USING (node)) AS x
	JOIN tnfr_si('edges', 'nodes', form, weights => weights) AS s USING (node)
$$;
SELECT si_is(NULL, 0.34, 0.33, 0.33) AS defaults, si_is('{}', 0.34, 0.33, 0.33) AS nothing, si_is('{"preset": "seed"}', 0.34, 0.33, 0.33) AS seed,
       si_is('{"alpha": 1, "beta": 0, "gamma": 0}', 1, 0, 0) AS alpha, si_is('{"alpha": 0, "beta": 3, "gamma": 0}', 0, 1, 0) AS beta,
       si_is('{"alpha": 0, "beta": 0, "gamma": 1e-3}', 0, 0, 1) AS gamma, si_is('{"alpha": 0.67, "beta": 0.66, "gamma": 0.67}', 0.335, 0.33, 0.335) AS shares,
       si_is('{"alpha": 2}', 2 / 2.66, 0.33 / 2.66, 0.33 / 2.66) AS one;
SELECT si_is('{"preset": "pi"}', pi() / (pi() + 1), pi() / (pi() + 1) ^ 2, 1 / (pi() + 1) ^ 2, '{"preset": "pi"}') AS pi,
       si_is('{"preset": "pi", "alpha": 0, "topo": 1}', 0, pi() / (pi() + 1), 1 / (pi() + 1), '{"preset": "pi", "topo": 1}') AS pi_and_keys,
       si_is('{"epi": 0, "gamma": 1}', 0.34 / 1.67, 0.33 / 1.67, 1 / 1.67, '{"epi": 0}') AS both,
       si_is('{"epi": -1, "sin": 2, "beta": 0}', 0.34 / 0.67, 0, 0.33 / 0.67, '{"epi": -1, "sin": 2}', 'gradient') AS gradient;

-- Given maxima in place of the network's.
SELECT count(*), count(*) FILTER (WHERE abs(s.si - (0.34 * n.vf / 10 + 0.33 * (1 - phase_dispersion) + 0.33 * (1 - abs(dnfr) / 20))) < 1e-12) AS agree
FROM tnfr_si('edges', 'nodes', vf_max => 10, dnfr_max => 20) AS s JOIN tnfr_node_metrics('edges', 'nodes') USING (node) JOIN nodes AS n ON n.id = node;
-- Too small ones: clamped.
SELECT max(si), count(*) FILTER (WHERE si = 1) > 100 AS some FROM tnfr_si('edges', 'nodes', vf_max => 0.01);
SELECT min(si), count(*) FILTER (WHERE si = 0) > 100 AS some FROM tnfr_si('edges', 'nodes', dnfr_max => 1e-3);

-- No result is -0.0, and shares of the node rows add up to 1.
SELECT count(*) FILTER (WHERE float8send(v) = '\x8000000000000000') AS minus_zero, count(*) AS values
FROM unnest(ARRAY['gradient', 'canonical', 'phase', 'epi_vf', 'laplacian']) AS f(form),
     LATERAL (SELECT * FROM tnfr_node_metrics('edges', 'nodes', f.form)) AS m, LATERAL unnest(ARRAY[strength, dnfr, si, phase_dispersion, local_sync]) AS v;
SELECT stable_state_share + dissonant_state_share + transition_state_share AS one FROM tnfr_network_metrics('edges', 'nodes');

-- What the planner expects: rows of the nodes, of the edges, one.
CREATE FUNCTION expected_rows(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
ANALYZE edges, nodes;
SELECT expected_rows('SELECT * FROM tnfr_si(''edges'', ''nodes'')') AS si, expected_rows('SELECT * FROM tnfr_node_metrics(''edges'', ''nodes'')') AS nodes,
       expected_rows('SELECT * FROM tnfr_pair_coherence(''edges'', ''nodes'')') AS pairs, expected_rows('SELECT * FROM tnfr_network_metrics(''edges'', ''nodes'')') AS network,
       (SELECT count(*) FROM edges) AS edges;

\pset format unaligned
\pset tuples_only on
-- NULL arguments, unknown forms and weights, weights and maxima out of range.
SELECT failure(format('SELECT * FROM %s(%s)', f, a))
FROM unnest(ARRAY['tnfr_si', 'tnfr_node_metrics', 'tnfr_network_metrics', 'tnfr_pair_coherence']) AS f,
     unnest(ARRAY['NULL, ''nodes''', '''edges'', NULL', '''edges'', ''nodes'', NULL', '''edges'', ''nodes'', directed => NULL', '''edges'', ''nodes'', ''harmonic''']) AS a;
SELECT failure(format('SELECT * FROM tnfr_si(''edges'', ''nodes'', %L, weights => %L)', form, weights)) FROM (VALUES
	('canonical', '{"delta": 1}'),
	('gradient', '{"phase": 1}'),
	('epi_vf', '{"speed": 1, "alpha": 1}'),
	('canonical', '{"alpha": -0.1}'),
	('canonical', '{"gamma": "1"}'),
	('gradient', '{"beta": 1e400}'),
	('canonical', '{"alpha": 0, "beta": 0, "gamma": 0}'),
	('gradient', '{"alpha": 1e308, "beta": 1e308}'),
	('canonical', '{"phase": 0, "epi": 0, "vf": 0}'),
	('canonical', '{"preset": "e"}'),
	('gradient', '{"preset": "pi"}'),
	('canonical', '[]')) AS t(form, weights);
SELECT failure(format('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'', ''canonical'', weights => %L)', '{"alpha": 1}'));
SELECT failure(format('SELECT * FROM tnfr_si(''edges'', ''nodes'', %s => %s)', a, v))
FROM unnest(ARRAY['vf_max', 'dnfr_max']) AS a, unnest(ARRAY['0', '-1', '''NaN''', '''Infinity''', '1e-308', 'NULL']) AS v WHERE (a, v) <> ('vf_max', '1e-308');

-- Values whose sums are more than a double holds.
TRUNCATE edges, nodes;
INSERT INTO nodes VALUES (1, 1e308, 1, 0), (2, -1e308, 1, 1), (3, 1e308, 1, 2);
INSERT INTO edges VALUES (1, 2, 1), (2, 3, 1);
SELECT failure(format('SELECT * FROM %s(''edges'', ''nodes'', ''epi_vf'')', f)) FROM unnest(ARRAY['tnfr_si', 'tnfr_node_metrics', 'tnfr_network_metrics', 'tnfr_pair_coherence']) AS f;
SELECT failure('SELECT * FROM tnfr_pair_coherence(''edges'', ''nodes'', ''phase'')');
SELECT failure('SELECT * FROM tnfr_network_metrics(''edges'', ''nodes'', ''phase'')');
INSERT INTO nodes SELECT i, 1e308, 1, 2 FROM generate_series(4, 9) AS i;
SELECT failure('SELECT * FROM tnfr_network_metrics(''edges'', ''nodes'', ''phase'')');
UPDATE nodes SET epi = id / 10.0, vf = 1e308;
SELECT failure('SELECT * FROM tnfr_network_metrics(''edges'', ''nodes'', ''epi_vf'')');
SELECT failure('SELECT * FROM tnfr_network_metrics(''edges'', ''nodes'', ''phase'', weights => ''{"phase": 1000}'')');
SELECT failure('SELECT * FROM tnfr_si(''edges'', ''nodes'', ''phase'', vf_max => 0.1)');
SELECT failure('SELECT * FROM tnfr_si(''edges'', ''nodes'', ''phase'', dnfr_max => 1e-323, weights => ''{"phase": 1e10}'')');
UPDATE edges SET weight = 1.5e308;
SELECT failure(format('SELECT * FROM %s(''edges'', ''nodes'', ''phase'')', f)) FROM unnest(ARRAY['tnfr_si', 'tnfr_node_metrics', 'tnfr_network_metrics', 'tnfr_pair_coherence']) AS f;

DROP SCHEMA test_measures CASCADE;
