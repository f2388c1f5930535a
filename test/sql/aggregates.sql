-- Aggregates: values, NULLs, bits in any order and plan, frames, hostile states.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_aggregates;
SET search_path = test_aggregates, public;

\set include `echo "${PG_ABS_SRCDIR:-test}/sql/include"`
\i :include/failure.sql

-- What the catalogue says.
SELECT p.oid::regprocedure AS aggregate, proparallel, proisstrict, aggkind, aggtranstype::regtype, aggtransspace,
       aggcombinefn <> 0 AS combines, aggminvtransfn <> 0 AS moves, aggfinalmodify
FROM pg_aggregate JOIN pg_proc AS p ON p.oid = aggfnoid
WHERE proname LIKE 'tnfr%' ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT count(*) FILTER (WHERE obj_description(objid, classid::regclass::text::name) IS NULL) AS without_comment
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'tnfr_pg')
	AND classid = 'pg_proc'::regclass;

-- By hand: neighbours at pi/2 and 0, epi 1 and 2, of a node with vf 2, epi 0, phase 0.
-- Unweighted 2 (0.7 * 1.5 + 0.3 * 0.5), with weights 1 and 3: 2 (0.7 * 1.75 + 0.3 * 0.25).
CREATE TABLE t (e float8, p float8, w float8);
INSERT INTO t VALUES (1, pi() / 2, 1), (2, 0, 3);
SELECT round(tnfr_dnfr_agg(2, 0, 0, e, p)::numeric, 12) AS unweighted,
       round(tnfr_dnfr_agg(2, 0, 0, e, p, w)::numeric, 12) AS weighted,
       tnfr_dnfr_agg(2, 0, 0, e, p, 1) = tnfr_dnfr_agg(2, 0, 0, e, p) AS ones,
       tnfr_dnfr_agg(2, 0, 0, e, p, 0) AS zeros,
       round(tnfr_order_parameter(p)::numeric, 12) AS order_parameter,
       tnfr_coherence_agg(e) AS coherence, tnfr_coherence_agg(-e, w) AS coherence_moving FROM t;
-- One row, and one row of other types.
SELECT tnfr_dnfr_agg(1, 0.5, 0, 1.5, 0) AS dnfr, tnfr_dnfr_agg(1::smallint, 0.5::real, 0::bigint, 1.5::numeric, 0, 2::int) AS other_types,
       tnfr_order_parameter(1.25) AS r, tnfr_coherence_agg(-3) AS c, tnfr_coherence_agg(-2, -1) AS c2;
-- No rows, and only rows that are left out.
SELECT tnfr_dnfr_agg(1, e, p, e, p), tnfr_dnfr_agg(1, e, p, e, p, w), tnfr_order_parameter(p), tnfr_coherence_agg(e), tnfr_coherence_agg(e, w)
FROM t WHERE false;
SELECT tnfr_dnfr_agg(NULL, e, p, e, p), tnfr_dnfr_agg(1, NULL, p, e, p, w), tnfr_dnfr_agg(1, e, NULL, e, p),
       tnfr_order_parameter(NULL), tnfr_coherence_agg(NULL), tnfr_coherence_agg(e, NULL), tnfr_coherence_agg(NULL, w) FROM t;
SELECT e, tnfr_dnfr_agg(1, e, p, e, p) FROM t WHERE false GROUP BY e;
-- A row without the node's values is left out; one without the neighbour's names the node and adds nothing.
SELECT tnfr_dnfr_agg(f, 0, 0, e, 0) AS dnfr FROM (VALUES (1, 1), (NULL, 50), (1, NULL), (1, 3)) AS v(f, e);
SELECT tnfr_dnfr_agg(1, 0, 0, NULL, 0) AS no_epi, tnfr_dnfr_agg(1, 0, 0, 1, NULL) AS no_phase, tnfr_dnfr_agg(1, 0, 0, 1, 0, NULL) AS no_weight,
       tnfr_dnfr_agg(1, 0, 0, NULL, NULL, NULL) AS nothing;
SELECT tnfr_order_parameter(v) AS r, tnfr_coherence_agg(v) AS c, tnfr_coherence_agg(v, u) AS c2
FROM (VALUES (0::float8, 0::float8), (NULL, 5), (0, NULL)) AS x(v, u);
-- Never -0, and a phase of any turn.
SELECT float8send(tnfr_dnfr_agg('-0', 0, 0, -1, 0)) AS zero, float8send(tnfr_dnfr_agg(1, '-0', '-0', '-0', '-0')) AS zero,
       tnfr_order_parameter(1e300) <= 1 AS far_phase;
SELECT float8send(tnfr_dnfr_agg(f, e, 0, 1, 0)) = float8send(tnfr_dnfr_agg(abs(f), abs(e), 0, 1, 0)) AS signs_of_zero
FROM (VALUES (0::float8, 0::float8), ('-0', 0), (0, '-0')) AS v(f, e);
-- R is at most 1.
SELECT count(*) AS above FROM (SELECT tnfr_order_parameter(i * 0.37) AS r FROM generate_series(1, 2000) AS i, generate_series(1, 3) GROUP BY i) AS x WHERE r > 1;
-- Sums that cancel are exact: 1e16 + 1 - 1e16, and what is beyond double on the way.
SELECT abs(tnfr_dnfr_agg(1, 0, 0, e, 0) - 0.7 / 3) < 1e-15 AS of_cancelled FROM (VALUES (1e16), (1), (-1e16)) AS v(e);
SELECT tnfr_dnfr_agg(1, 0, 0, e, 0) AS back_in_range FROM (VALUES (1e308), (1e308), (-1e308), (-1e308)) AS v(e);
-- FILTER, DISTINCT, ORDER BY.
INSERT INTO t VALUES (2, 0, 3), (7, 1, 1);
SELECT round(tnfr_dnfr_agg(2, 0, 0, e, p, w) FILTER (WHERE e < 7)::numeric, 12) AS filtered,
       round(tnfr_dnfr_agg(DISTINCT 2, 0, 0, e, p, w) FILTER (WHERE e < 7)::numeric, 12) AS distinct_ones,
       tnfr_dnfr_agg(2, 0, 0, e, p, w ORDER BY p) = tnfr_dnfr_agg(2, 0, 0, e, p, w ORDER BY p DESC) AS ordered,
       tnfr_coherence_agg(DISTINCT w) AS distinct_c, tnfr_order_parameter(p) FILTER (WHERE w = 3) AS filtered_r FROM t;

-- Errors. The greatest and the least are named in any order.
\pset format unaligned
\pset tuples_only on
SELECT query || E'\n' || failure('SELECT ' || query) FROM (VALUES
	('tnfr_dnfr_agg(''NaN'', 0, 0, 0, 0)'),
	('tnfr_dnfr_agg(-1e-300, 0, 0, 0, 0)'),
	('tnfr_dnfr_agg(1, ''-Infinity'', 0, NULL, 0)'),
	('tnfr_dnfr_agg(1, 0, ''Infinity'', 0, 0, 1)'),
	('tnfr_dnfr_agg(1, 0, 0, ''NaN'', 0)'),
	('tnfr_dnfr_agg(1, 0, 0, 0, ''Infinity'')'),
	('tnfr_dnfr_agg(1, 0, 0, ''Infinity'', 0, 0)'),
	('tnfr_dnfr_agg(1, 0, 0, 0, ''NaN'', 1)'),
	('tnfr_dnfr_agg(1, 0, 0, 0, 0, -0.5)'),
	('tnfr_dnfr_agg(1, 0, 0, 0, 0, ''Infinity'')'),
	('tnfr_dnfr_agg(1, 0, 0, 0, 0, ''NaN'')'),
	('tnfr_dnfr_agg(f, 0, 0, 0, 0) FROM (VALUES (1), (2)) AS v(f)'),
	('tnfr_dnfr_agg(f, 0, 0, 0, 0) FROM (VALUES (2), (1)) AS v(f)'),
	('tnfr_dnfr_agg(1, e, 0, 0, 0) FROM (VALUES (0.1), (0.10000000000000002), (0.05)) AS v(e)'),
	('tnfr_dnfr_agg(1, 0, p, NULL, 0, 0) FROM (VALUES (0), (1), (-1)) AS v(p)'),
	('tnfr_dnfr_agg(1, -1.7e308, 0, 1.7e308, 0)'),
	('tnfr_dnfr_agg(1, 0, 0, 1e308, 0, 1e308)'),
	('tnfr_dnfr_agg(1, 0, 0, 1e308, 0) FROM generate_series(1, 2)'),
	('tnfr_dnfr_agg(1, 0, 0, 0, 0, 1e308) FROM generate_series(1, 2)'),
	('tnfr_order_parameter(''NaN'')'),
	('tnfr_order_parameter(''-Infinity'')'),
	('tnfr_coherence_agg(''-Infinity'')'),
	('tnfr_coherence_agg(1, ''NaN'')'),
	('tnfr_coherence_agg(1e308) FROM generate_series(1, 2)')
) AS v(query);
\pset format aligned
\pset tuples_only off

-- Golden values within 1e-12: test/golden/README.md.
CREATE TABLE network (name text PRIMARY KEY, doc json);
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/karate_club.json"`
INSERT INTO network VALUES ('karate_club', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/les_miserables.json"`
INSERT INTO network VALUES ('les_miserables', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/isolated_two_components.json"`
INSERT INTO network VALUES ('isolated_two_components', :'content');
\set content `cat "${PG_ABS_SRCDIR:-test}/golden/digraph_weighted_300.json"`
INSERT INTO network VALUES ('digraph_weighted_300', :'content');
CREATE TABLE arcs AS
SELECT name, (e ->> 0)::int AS src, (e ->> 1)::int AS dst, (e ->> 2)::float8 AS weight, false AS turned
FROM network, json_array_elements(doc -> 'edges') AS e;
INSERT INTO arcs SELECT name, dst, src, weight, true FROM arcs WHERE src <> dst;
CREATE TABLE golden_nodes AS
SELECT name, (i - 1)::int AS id, epi::float8, vf::float8, phase::float8
FROM network, ROWS FROM (json_array_elements_text(doc #> '{nodes,epi}'), json_array_elements_text(doc #> '{nodes,vf}'),
	json_array_elements_text(doc #> '{nodes,phase}')) WITH ORDINALITY AS n(epi, vf, phase, i);
CREATE TABLE computed AS
SELECT n.name, n.id, tnfr_dnfr_agg(n.vf, n.epi, n.phase, m.epi, m.phase) AS unweighted,
       tnfr_dnfr_agg(n.vf, n.epi, n.phase, m.epi, m.phase, a.weight) AS weighted,
       tnfr_dnfr_agg(n.vf, n.epi, n.phase, m.epi, m.phase, CASE WHEN NOT a.turned THEN a.weight END) AS directed
FROM golden_nodes AS n LEFT JOIN arcs AS a ON a.name = n.name AND a.src = n.id
LEFT JOIN golden_nodes AS m ON m.name = a.name AND m.id = a.dst
GROUP BY n.name, n.id;
CREATE TABLE wanted AS
SELECT w.name, k.path, k.kind, i - 1 AS id, v::float8 AS value
FROM network AS w, (VALUES
	('{outputs,dnfr_gpu_unweighted}'::text[], 'unweighted'), ('{outputs,dnfr_gpu_weighted}', 'weighted'),
	('{outputs,unweighted_multiplicity_definition,undirected,dnfr_gradient}', 'unweighted'),
	('{outputs,weighted_definition,undirected,dnfr_gradient}', 'weighted'),
	('{outputs,weighted_definition,directed,dnfr_gradient}', 'directed'),
	('{outputs,weighted_definition,directed_as_listed,dnfr_gradient}', 'directed')) AS k(path, kind),
json_array_elements_text(doc #> k.path) WITH ORDINALITY AS a(v, i);
SELECT name, array_to_string(path[2:], ' ') AS value, count(*) AS nodes,
       bool_and(coalesce(abs(CASE kind WHEN 'unweighted' THEN unweighted WHEN 'weighted' THEN weighted ELSE directed END - w.value) <= 1e-12, false)) AS agrees
FROM wanted AS w FULL JOIN computed AS c USING (name, id)
GROUP BY name, path ORDER BY name COLLATE "C", path;
SELECT w.name, abs(r - (doc #>> '{outputs,kuramoto_R}')::float8) <= 1e-12 AS kuramoto_r, abs(c - (doc #>> '{outputs,coherence_C}')::float8) <= 1e-12 AS coherence_c
FROM network AS w,
LATERAL (SELECT tnfr_order_parameter(phase) AS r FROM golden_nodes AS n WHERE n.name = w.name) AS x,
LATERAL (SELECT tnfr_coherence_agg(d::float8) AS c FROM json_array_elements_text(doc #> '{outputs,dnfr_canonical}') AS d) AS y
WHERE doc #> '{outputs,kuramoto_R}' IS NOT NULL ORDER BY w.name COLLATE "C";

-- 100000 nodes, some isolated, with text keys, against tnfr_dnfr.
CREATE TABLE nodes AS
SELECT i AS id, 'node ' || i AS key, ('x' || substr(h, 1, 7))::bit(28)::int / 134217728.0::float8 - 1 AS epi,
       ('x' || substr(h, 8, 7))::bit(28)::int / 134217728.0::float8 AS vf, ('x' || substr(h, 15, 7))::bit(28)::int / 26843545.6::float8 AS phase
FROM (SELECT i, md5('n' || i) AS h FROM generate_series(1, 100000) AS i) AS t;
CREATE TABLE edges AS
SELECT 1 + (power(('x' || substr(h, 1, 7))::bit(28)::int / 268435456.0, 3) * 99998)::int AS src,
       1 + ('x' || substr(h, 8, 7))::bit(28)::int % 100000 AS dst, ('x' || substr(h, 15, 7))::bit(28)::int / 1e8::float8 AS weight
FROM (SELECT md5(i::text) AS h FROM generate_series(1, 150000) AS i) AS t;
CREATE TABLE entries AS
SELECT n.key, n.vf, n.epi, n.phase, m.epi AS nbr_epi, m.phase AS nbr_phase, e.weight
FROM nodes AS n LEFT JOIN edges AS e ON e.src = n.id LEFT JOIN nodes AS m ON m.id = e.dst;
ANALYZE;
SELECT count(*) AS nodes, count(*) FILTER (WHERE abs(a.dnfr - d.dnfr) <= 1e-12) AS agree, count(*) FILTER (WHERE a.dnfr = 0) > 100 AS isolated
FROM (SELECT key, tnfr_dnfr_agg(vf, epi, phase, nbr_epi, nbr_phase, weight) AS dnfr FROM entries GROUP BY key) AS a
JOIN nodes AS n USING (key) JOIN tnfr_dnfr('edges', 'nodes', directed => true) AS d ON d.node = n.id;

-- The same bits in any order: of rows, of plans, of partitions. Values from 1e-290 to 1e290 make the window of a sum move.
CREATE TABLE wild AS
SELECT i, i % 700 AS g, (i % 700) * 0.01 AS own, (r - 0.5) * power(10, ((i * 7919) % 30 - 15) * CASE WHEN i % 20 = 0 THEN 19 ELSE 1 END) AS x, r
FROM (SELECT i, ('x' || substr(md5(i::text), 1, 7))::bit(28)::int / 268435456.0::float8 AS r FROM generate_series(1, 40000) AS i) AS t;
CREATE TABLE wild_shuffled AS SELECT * FROM wild ORDER BY md5(i::text);
CREATE TABLE wild_parts (LIKE wild) PARTITION BY HASH (i);
CREATE TABLE wild_part_0 PARTITION OF wild_parts FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE wild_part_1 PARTITION OF wild_parts FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE wild_part_2 PARTITION OF wild_parts FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO wild_parts SELECT * FROM wild_shuffled;
ANALYZE wild, wild_shuffled, wild_parts;

CREATE FUNCTION bits_query(relation regclass) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT g, tnfr_dnfr_agg(own, own, own, x, x) AS a, tnfr_dnfr_agg(own, own, own, x, i, r) AS b,
		tnfr_order_parameter(x) AS c, tnfr_coherence_agg(x) AS d, tnfr_coherence_agg(x, r) AS e FROM %s GROUP BY g', relation)
$$;
CREATE FUNCTION bits(relation regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('SELECT md5(string_agg(concat_ws('' '', g, float8send(a), float8send(b), float8send(c), float8send(d), float8send(e)), '','' ORDER BY g))
		FROM (%s) AS t', bits_query(relation)) INTO found;
	RETURN found;
END $$;
CREATE FUNCTION plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found text[];
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		found := found || substring(line FROM '(Partial|Finalize|Gather)');
	END LOOP;
	RETURN (SELECT string_agg(DISTINCT f, ' ' ORDER BY f) FROM unnest(found) AS f);
END $$;

SET max_parallel_workers_per_gather = 0;
SELECT plan(bits_query('wild'));
SELECT bits('wild') AS bits \gset
SELECT bits('wild_shuffled') = :'bits' AS shuffled, bits('wild_parts') = :'bits' AS parts;
SET enable_hashagg = off;
SELECT bits('wild_shuffled') = :'bits' AS sorted;
RESET enable_hashagg;
SET enable_partitionwise_aggregate = on;
SELECT plan(bits_query('wild_parts')), bits('wild_parts') = :'bits' AS partitionwise;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
ALTER TABLE wild SET (parallel_workers = 4);
ALTER TABLE wild_shuffled SET (parallel_workers = 4);
SET max_parallel_workers_per_gather = 1;
SELECT plan(bits_query('wild')), bits('wild') = :'bits' AS workers_1, bits('wild_shuffled') = :'bits' AS shuffled, bits('wild_parts') = :'bits' AS parts;
SET max_parallel_workers_per_gather = 2;
SELECT plan(bits_query('wild')), bits('wild') = :'bits' AS workers_2, bits('wild_shuffled') = :'bits' AS shuffled, bits('wild_parts') = :'bits' AS parts;
SET enable_partitionwise_aggregate = off;
SET max_parallel_workers_per_gather = 3;
SELECT plan(bits_query('wild')), bits('wild') = :'bits' AS workers_3, bits('wild_shuffled') = :'bits' AS shuffled, bits('wild_parts') = :'bits' AS parts;
SET max_parallel_workers_per_gather = 4;
SET parallel_leader_participation = off;
SELECT plan(bits_query('wild')), bits('wild') = :'bits' AS workers_4, bits('wild_shuffled') = :'bits' AS shuffled, bits('wild_parts') = :'bits' AS parts;
RESET parallel_leader_participation;
-- One group, all the rows; an error found in parts is the same error.
SELECT plan('SELECT tnfr_dnfr_agg(1, 0, 0, x, r), tnfr_order_parameter(r), tnfr_coherence_agg(x) FROM wild');
SELECT float8send(tnfr_dnfr_agg(1, 0, 0, x, r, r)) || float8send(tnfr_order_parameter(r)) || float8send(tnfr_coherence_agg(x, r)) AS one FROM wild_shuffled \gset
SELECT failure('SELECT tnfr_dnfr_agg(r, 0, 0, x, r) FROM wild') AS error \gset
SET max_parallel_workers_per_gather = 0;
SELECT float8send(tnfr_dnfr_agg(1, 0, 0, x, r, r)) || float8send(tnfr_order_parameter(r)) || float8send(tnfr_coherence_agg(x, r)) = :'one' AS one_group FROM wild;
SELECT failure('SELECT tnfr_dnfr_agg(r, 0, 0, x, r) FROM wild_shuffled') = :'error' AS same_error;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- Frames: each has the bits of an aggregate of its own. Values of one size, of all sizes, and none.
CREATE TABLE series AS
SELECT i, CASE WHEN i % 17 = 0 THEN NULL WHEN i BETWEEN 500 AND 540 THEN 0 WHEN i BETWEEN 800 AND 850 THEN NULL
               WHEN i % 5 = 0 THEN x ELSE r END AS v, r FROM wild WHERE i <= 1000;
CREATE FUNCTION frames(lower_end int, upper_end int) RETURNS TABLE (rows bigint, different bigint) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT count(*), count(*) FILTER (WHERE (float8send(m.r), float8send(m.c), float8send(m.c2), float8send(m.d))
			IS DISTINCT FROM (float8send(f.r), float8send(f.c), float8send(f.c2), float8send(f.d)))
		FROM (SELECT i, tnfr_order_parameter(v) OVER w AS r, tnfr_coherence_agg(v) OVER w AS c, tnfr_coherence_agg(v, s.r) OVER w AS c2,
			tnfr_dnfr_agg(1, 0, 0, v, s.r) OVER w AS d
			FROM series AS s WINDOW w AS (ORDER BY i ROWS BETWEEN %1$s PRECEDING AND %2$s FOLLOWING)) AS m,
		LATERAL (SELECT tnfr_order_parameter(v) AS r, tnfr_coherence_agg(v) AS c, tnfr_coherence_agg(v, s.r) AS c2, tnfr_dnfr_agg(1, 0, 0, v, s.r) AS d
			FROM series AS s WHERE s.i BETWEEN m.i - %1$s AND m.i + %2$s) AS f$q$, lower_end, upper_end);
END $$;
SELECT k, (frames(k, 0)).* FROM unnest(ARRAY[0, 1, 2, 10, 100]) AS k;
SELECT k, (frames(k, k)).* FROM unnest(ARRAY[1, 20]) AS k;
SELECT count(*) AS rows, count(*) FILTER (WHERE r IS DISTINCT FROM last_r) AS different
FROM (SELECT tnfr_order_parameter(v) OVER (ORDER BY i) AS r, tnfr_order_parameter(v) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES) AS last_r FROM series) AS x;
-- A row costs the same in a frame of any width, as long as the frame is in memory: otherwise these would be billions of steps.
SET work_mem = '64MB';
SET statement_timeout = '60s';
SELECT count(r) AS rows, min(r) > 0 AS positive, count(c) AS rows
FROM (SELECT tnfr_order_parameter(phase) OVER w AS r, tnfr_coherence_agg(epi, vf) OVER w AS c
      FROM nodes WINDOW w AS (ORDER BY id ROWS BETWEEN 50000 PRECEDING AND CURRENT ROW)) AS x;
RESET statement_timeout;
RESET work_mem;
-- The value itself does not change under a frame that grows.
SELECT bool_and(a = b) AS final_does_not_modify FROM (SELECT tnfr_order_parameter(v) OVER (ORDER BY i) AS a,
	tnfr_order_parameter(v) OVER (ORDER BY i ROWS UNBOUNDED PRECEDING) AS b FROM series WHERE v IS NOT NULL) AS x;

-- States are values: kept in a table, merged later.
SELECT pg_column_size(tnfr_dnfr_accum(NULL, 1, 2, 3, 4, 5)) AS dnfr, pg_column_size(tnfr_dnfr_accum(NULL, 1, 2, 3, 4, 5, 6)) AS weighted,
       pg_column_size(tnfr_order_parameter_accum(NULL, 1)) AS order_parameter, pg_column_size(tnfr_coherence_accum(NULL, 1)) AS coherence;
SELECT tnfr_dnfr_final(tnfr_dnfr_accum(tnfr_dnfr_accum(NULL, 1, 0, 0, 1, 0), 1, 0, 0, 3, 0)) AS by_hand, tnfr_dnfr_final(NULL) AS none,
       tnfr_dnfr_combine(NULL, NULL) AS neither, tnfr_dnfr_accum(NULL, NULL, 1, 1, 1, 1) AS left_out,
       tnfr_coherence_final(tnfr_coherence_remove(tnfr_coherence_accum(tnfr_coherence_accum(NULL, 1), 3), 3)) AS removed,
       tnfr_coherence_remove(tnfr_coherence_accum(tnfr_coherence_accum(NULL, 1e-20), 3), 3) AS not_removable,
       tnfr_order_parameter_remove(NULL, 1) AS nothing_to_remove, tnfr_order_parameter_final(tnfr_order_parameter_accum(NULL, NULL)) AS no_rows;
CREATE AGGREGATE dnfr_state(float8, float8, float8, float8, float8, float8) (SFUNC = tnfr_dnfr_accum, STYPE = bytea, COMBINEFUNC = tnfr_dnfr_combine, PARALLEL = SAFE);
CREATE AGGREGATE dnfr_merge(bytea) (SFUNC = tnfr_dnfr_combine, STYPE = bytea, FINALFUNC = tnfr_dnfr_final, COMBINEFUNC = tnfr_dnfr_combine, PARALLEL = SAFE);
CREATE AGGREGATE order_state(float8) (SFUNC = tnfr_order_parameter_accum, STYPE = bytea);
CREATE AGGREGATE order_merge(bytea) (SFUNC = tnfr_order_parameter_combine, STYPE = bytea, FINALFUNC = tnfr_order_parameter_final);
CREATE TABLE kept AS SELECT g, i % 4 AS part, dnfr_state(own, own, own, x, i, r) AS d, order_state(x) AS o FROM wild GROUP BY g, i % 4;
INSERT INTO kept SELECT g, 9, NULL, NULL FROM kept;
SELECT count(*) AS groups, count(*) FILTER (WHERE float8send(m.d) <> float8send(w.d) OR float8send(m.o) <> float8send(w.o)) AS different
FROM (SELECT g, dnfr_merge(d) AS d, order_merge(o) AS o FROM kept GROUP BY g) AS m
JOIN (SELECT g, tnfr_dnfr_agg(own, own, own, x, i, r) AS d, tnfr_order_parameter(x) AS o FROM wild GROUP BY g) AS w USING (g);
-- A direct call leaves its argument as it was.
SELECT count(*) AS changed FROM kept AS k, LATERAL (SELECT d AS before, tnfr_dnfr_accum(d, 1, 1, 1, 1, 1), tnfr_dnfr_combine(d, d) OFFSET 0) AS x WHERE k.d <> x.before;

-- Doubling reaches the most rows a group may have.
CREATE FUNCTION doubled(times int) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	state bytea := tnfr_dnfr_accum(NULL, 1, 0, 0, 1.75, 0, 1e290);
BEGIN
	FOR i IN 1 .. times LOOP
		state := tnfr_dnfr_combine(state, state);
	END LOOP;
	RETURN state;
END $$;
SELECT tnfr_dnfr_final(doubled(0)) AS "1", tnfr_dnfr_final(doubled(35)) AS "2^35";
\pset format unaligned
\pset tuples_only on
SELECT failure('SELECT doubled(36)');
SELECT failure('SELECT tnfr_dnfr_accum(doubled(35), 1, 0, 0, 1, 0)');

-- States that are none: an error, or an answer, and nothing else.
SELECT failure('SELECT tnfr_dnfr_final(''\x'')');
SELECT failure('SELECT tnfr_dnfr_final(tnfr_order_parameter_accum(NULL, 1))');
SELECT failure('SELECT tnfr_coherence_final(tnfr_order_parameter_accum(NULL, 1))');
SELECT failure('SELECT tnfr_coherence_final(decode(repeat(''ff'', 124), ''hex''))');
\pset format aligned
\pset tuples_only off
CREATE FUNCTION outcome(query text, state bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query USING state;
	RETURN 'answer';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE TABLE attack (call text, state bytea);
INSERT INTO attack VALUES
	('tnfr_dnfr_final($1)', tnfr_dnfr_accum(tnfr_dnfr_accum(NULL, 1, 2, 3, 4, 5, 6), 1, 2, 3, -1e200, 5, 6)),
	('tnfr_dnfr_combine($1, $1)', tnfr_dnfr_accum(NULL, 1, 2, 3, 4, 5)),
	('tnfr_dnfr_combine($1, tnfr_dnfr_accum(NULL, 1, 2, 3, 1e-200, 5))', tnfr_dnfr_accum(NULL, 1, 2, 3, 4, 5)),
	('tnfr_dnfr_accum($1, 1, 2, 3, 4e300, 5, 1)', tnfr_dnfr_accum(NULL, 1, 2, 3, 4, 5, 6)),
	('tnfr_order_parameter_final($1)', tnfr_order_parameter_accum(tnfr_order_parameter_accum(NULL, 1), 0)),
	('tnfr_order_parameter_combine(tnfr_order_parameter_accum(NULL, 2), $1)', tnfr_order_parameter_accum(NULL, 1)),
	('tnfr_order_parameter_remove($1, 1)', tnfr_order_parameter_accum(tnfr_order_parameter_accum(NULL, 1), 1)),
	('tnfr_coherence_final($1)', tnfr_coherence_accum(NULL, 1, 1e-300)),
	('tnfr_coherence_remove($1, 1e300, 1e-300)', tnfr_coherence_accum(NULL, 1, 1)),
	('tnfr_coherence_accum(tnfr_coherence_combine($1, $1), 1, 1)', tnfr_coherence_accum(NULL, 1, 1));
CREATE TABLE outcomes AS
-- one bit turned
SELECT 'bit' AS kind, call, outcome('SELECT ' || call, set_bit(state, b, 1 - get_bit(state, b))) AS outcome
FROM attack, LATERAL generate_series(0, length(state) * 8 - 1) AS b
UNION ALL
-- one byte set
SELECT 'byte', call, outcome('SELECT ' || call, set_byte(state, b, v))
FROM attack, LATERAL generate_series(0, length(state) - 1) AS b, unnest(ARRAY[0, 127, 128, 255]) AS v
UNION ALL
-- cut off or drawn out
SELECT 'length', call, outcome('SELECT ' || call, substr(state || state, 1, l))
FROM attack, LATERAL generate_series(0, length(state) * 2) AS l WHERE l <> length(state)
UNION ALL
-- the header of a state, and any bytes
SELECT 'any', call, outcome('SELECT ' || call, substr(state, 1, h * 4) || substr(decode(repeat(md5(i::text) || md5(call || i), 8), 'hex'), 1, length(state) - h * 4))
FROM attack, generate_series(0, 3) AS h, generate_series(1, 100) AS i;
SELECT kind, count(*) > 1000 AS many, string_agg(DISTINCT outcome, ' ' ORDER BY outcome) AS outcomes FROM outcomes GROUP BY kind ORDER BY kind;

-- The same as the first state of an aggregate, which is not copied.
DO $$
DECLARE
	bad bytea;
	a record;
	seen text[];
BEGIN
	FOR a IN SELECT * FROM (VALUES
		('(float8, float8, float8, float8, float8)', 'tnfr_dnfr', '(r, r, r, x, 1)', tnfr_dnfr_accum(NULL, 1, 2, 3, 4, 5)),
		('(float8)', 'tnfr_order_parameter', '(x)', tnfr_order_parameter_accum(NULL, 1)),
		('(float8, float8)', 'tnfr_coherence', '(x, r)', tnfr_coherence_accum(NULL, 1, 1e30))) AS v(types, name, args, state)
	LOOP
		FOR i IN 0 .. 79 LOOP
			bad := CASE WHEN i < 60 THEN set_byte(set_byte(a.state, 4 + i * 37 % (length(a.state) - 4), 255), 4 + i * 11 % (length(a.state) - 4), i * 3)
				ELSE substr(a.state, 1, i - 60) END;
			EXECUTE format('CREATE AGGREGATE hostile%s (SFUNC = %s_accum, STYPE = bytea, FINALFUNC = %2$s_final, INITCOND = %L)', a.types, a.name, bad);
			seen := seen || outcome(format('SELECT hostile%s FROM test_aggregates.wild WHERE i < 300', a.args), NULL);
			EXECUTE format('DROP AGGREGATE hostile%s', a.types);
		END LOOP;
	END LOOP;
	RAISE WARNING 'outcomes: %', (SELECT string_agg(DISTINCT s, ' ' ORDER BY s) FROM unnest(seen) AS s);
END $$;

DROP SCHEMA test_aggregates CASCADE;
