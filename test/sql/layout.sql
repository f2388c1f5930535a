-- tnfr.layout: the order in which rows are summed changes no bit of any answer.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_layout;
SET search_path = test_layout, public;

-- 12000 weighted edges on 4000 nodes: communities that ids do not tell, hubs, duplicates, loops, isolated nodes.
CREATE TABLE edges AS
SELECT src, CASE WHEN i % 5 > 0 THEN (src % 40 + 40 * (dst % 98)) ELSE dst END AS dst, weight
FROM (SELECT i, (power(('x' || substr(h, 1, 7))::bit(28)::int / 268435456.0, 2) * 3900)::int AS src,
             (('x' || substr(h, 8, 7))::bit(28)::int % 3900) AS dst,
             ('x' || substr(h, 15, 7))::bit(28)::int % 100 / 7.0::float8 AS weight
      FROM (SELECT i, md5(i::text) AS h FROM generate_series(1, 12000) AS i) AS t) AS t;
INSERT INTO edges SELECT i, i, 0.5 FROM generate_series(3, 3000, 90) AS i;
INSERT INTO edges SELECT 17, i, 1.5 FROM generate_series(1, 3800) AS i;
CREATE TABLE nodes AS
SELECT i AS id,
       ('x' || substr(h, 1, 7))::bit(28)::int / 134217728.0::float8 - 1 AS epi,
       ('x' || substr(h, 8, 7))::bit(28)::int / 134217728.0::float8 AS vf,
       ('x' || substr(h, 15, 7))::bit(28)::int / 26843545.6::float8 AS phase
FROM (SELECT i, md5('n' || i) AS h FROM generate_series(0, 3999) AS i) AS t;
CREATE VIEW plain AS SELECT src, dst FROM edges;
CREATE VIEW none AS SELECT src, dst FROM edges WHERE false;
CREATE VIEW nobody AS SELECT * FROM nodes WHERE false;
CREATE VIEW somebody AS SELECT * FROM nodes WHERE id = 7;
CREATE VIEW loop AS SELECT 7 AS src, 7 AS dst FROM generate_series(1, 3);
CREATE MATERIALIZED VIEW graphs AS
SELECT 'edges' AS relation, false AS directed, tnfr_graph_agg(src, dst, weight) AS graph FROM edges UNION ALL
SELECT 'edges', true, tnfr_graph_agg(src, dst, weight, true) FROM edges UNION ALL
SELECT 'plain', false, tnfr_graph_agg(src, dst) FROM edges UNION ALL
SELECT 'plain', true, tnfr_graph_agg(src, dst, true) FROM edges;

-- The bytes of every number.
CREATE FUNCTION digest(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	EXECUTE format('SELECT count(*) || '' '' || md5(string_agg(record_send(t)::text, '','')) FROM %s AS t', call) INTO answer;
	RETURN answer;
END $$;
CREATE TABLE calls (name text, arguments text);
INSERT INTO calls VALUES ('dnfr', ''), ('dnfr', ', form => ''canonical'', weights => ''{"topo": 0.3}'''),
	('dnfr', ', form => ''laplacian'''), ('si', ''), ('si', ', vf_max => 3, dnfr_max => 0.7'),
	('node_metrics', ''), ('node_metrics', ', form => ''phase'''), ('network_metrics', ''),
	('network_metrics', ', form => ''epi_vf'''), ('pair_coherence', '');
CREATE FUNCTION answers() RETURNS TABLE (name text, arguments text, source text, relation text, directed boolean, answer text)
LANGUAGE sql AS $$
	SELECT name, arguments, 'tables', relation, directed,
	       digest(format('tnfr_%s(%L, ''nodes'', directed => %L%s)', name, relation, directed, arguments))
	FROM calls, graphs
	UNION ALL
	SELECT name, arguments, 'stored', relation, directed,
	       digest(format('tnfr_graph_%s((SELECT graph FROM graphs WHERE relation = %L AND directed = %L), ''nodes''%s)', name, relation, directed, arguments))
	FROM calls, graphs
$$;

SET tnfr.layout = 'id';
CREATE TABLE expected AS SELECT * FROM answers();
SELECT count(*), count(DISTINCT answer) FROM expected;
CREATE FUNCTION compared(OUT same bigint, OUT different bigint) LANGUAGE sql AS $$
	SELECT count(*) FILTER (WHERE a.answer = e.answer), count(*) FILTER (WHERE a.answer <> e.answer)
	FROM answers() AS a JOIN expected AS e USING (name, arguments, source, relation, directed)
$$;
SET tnfr.layout = 'partition';
SET tnfr.backend = 'serial';
SELECT * FROM compared();
SET tnfr.backend = 'openmp';
SET tnfr.max_threads = 2;
SELECT * FROM compared();
RESET tnfr.backend;
RESET tnfr.max_threads;
SET tnfr.layout = 'auto';
SELECT * FROM compared();

-- Networks with nothing in them.
SET tnfr.layout = 'partition';
SELECT * FROM tnfr_dnfr('none', 'nobody');
SELECT nodes, edges FROM tnfr_network_metrics('none', 'nobody');
SELECT * FROM tnfr_dnfr('none', 'somebody');
SELECT * FROM tnfr_dnfr('loop', 'somebody', 'epi_vf');
SELECT count(*), sum(dnfr) FROM tnfr_dnfr('none', 'nodes');

-- Errors name the same node.
CREATE VIEW huge AS SELECT id, CASE WHEN id % 3 = 0 THEN 1.7e308 ELSE epi END AS epi, vf, phase FROM nodes;
\set VERBOSITY terse
SET tnfr.layout = 'id';
SELECT count(*) FROM tnfr_dnfr('edges', 'huge');
\echo :SQLSTATE
SET tnfr.layout = 'partition';
SELECT count(*) FROM tnfr_dnfr('edges', 'huge');
\echo :SQLSTATE

-- What a layout takes counts against the limit.  auto takes nothing: these calls read the entries once.
CREATE FUNCTION least_limit(layout text, call text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	low int := 64;
	high int := 65536;
	middle int;
BEGIN
	PERFORM set_config('tnfr.layout', layout, true);
	WHILE low < high LOOP
		middle := (low + high) / 2;
		BEGIN
			PERFORM set_config('tnfr.memory_limit', middle || 'kB', true);
			EXECUTE 'SELECT count(*) FROM ' || call;
			high := middle;
		EXCEPTION WHEN out_of_memory THEN
			low := middle + 1;
		END;
	END LOOP;
	RETURN low;
END $$;
CREATE TABLE many AS SELECT i AS id, 0 AS epi, 1 AS vf, 0 AS phase FROM generate_series(1, 100000) AS i;
CREATE TABLE lone AS SELECT tnfr_graph_agg(src, dst) AS graph FROM loop;
SELECT call, least_limit('auto', call) = least_limit('id', call) AS auto_as_id, least_limit('partition', call) > least_limit('id', call) AS partition_more
FROM (VALUES ($$tnfr_dnfr('none', 'many')$$), ($$tnfr_graph_dnfr((SELECT graph FROM lone), 'many')$$)) AS v (call);
SET tnfr.layout = 'partition';
SET tnfr.memory_limit = '1200kB';
SELECT count(*) FROM tnfr_graph_dnfr((SELECT graph FROM graphs WHERE relation = 'edges' AND NOT directed), 'nodes');
\echo :SQLSTATE
RESET tnfr.memory_limit;

-- Values.
SET tnfr.layout = 'rabbit';
\echo :SQLSTATE
SET tnfr.layout = '';
\echo :SQLSTATE
SET tnfr.layout = PARTITION;
SHOW tnfr.layout;
RESET tnfr.layout;
SHOW tnfr.layout;

DROP SCHEMA test_layout CASCADE;
