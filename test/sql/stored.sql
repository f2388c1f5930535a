-- Every function of a stored graph gives, to the last bit, what its twin gives of the tables.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_stored;
SET search_path = test_stored, public;

-- 30000 weighted edges with hubs, duplicates, loops and zero weights on 4000 nodes, some of them isolated.
CREATE TABLE edges AS
SELECT (power(('x' || substr(h, 1, 7))::bit(28)::int / 268435456.0, 3) * 3900)::int * 3 AS src,
       (('x' || substr(h, 8, 7))::bit(28)::int % 3900) * 3 AS dst,
       ('x' || substr(h, 15, 7))::bit(28)::int % 100 / 7.0::float8 AS weight
FROM (SELECT md5(i::text) AS h FROM generate_series(1, 30000) AS i) AS t;
INSERT INTO edges SELECT i, i, 0.5 FROM generate_series(3, 3000, 90) AS i;
CREATE TABLE nodes AS
SELECT i AS id,
       ('x' || substr(h, 1, 7))::bit(28)::int / 134217728.0::float8 - 1 AS epi,
       ('x' || substr(h, 8, 7))::bit(28)::int / 134217728.0::float8 AS vf,
       ('x' || substr(h, 15, 7))::bit(28)::int / 26843545.6::float8 AS phase
FROM (SELECT i, md5('n' || i) AS h FROM generate_series(0, 11999) AS i) AS t;
CREATE VIEW plain AS SELECT src, dst FROM edges;
CREATE MATERIALIZED VIEW graphs AS
SELECT 'edges' AS relation, false AS directed, tnfr_graph_agg(src, dst, weight) AS graph FROM edges UNION ALL
SELECT 'edges', true, tnfr_graph_agg(src, dst, weight, true) FROM edges UNION ALL
SELECT 'plain', false, tnfr_graph_agg(src, dst) FROM edges UNION ALL
SELECT 'plain', true, tnfr_graph_agg(src, dst, true) FROM edges;

-- Rows as text lose no bit: extra_float_digits is 1.
CREATE FUNCTION digest(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	EXECUTE format('SELECT count(*) || '' '' || md5(string_agg(t::text, '','')) FROM %s AS t', call) INTO answer;
	RETURN answer;
END $$;
CREATE TABLE calls (name text, arguments text);
INSERT INTO calls VALUES ('dnfr', ''), ('dnfr', ', form => ''canonical'', weights => ''{"topo": 0.3}'''),
	('si', ''), ('si', ', form => ''gradient'', weights => ''{"alpha": 1, "sin": 2}'', vf_max => 3, dnfr_max => 0.7'),
	('node_metrics', ''), ('node_metrics', ', form => ''phase'''), ('network_metrics', ''),
	('network_metrics', ', form => ''epi_vf'', weights => ''{"vf": 0.1}'''), ('pair_coherence', ''),
	('pair_coherence', ', form => ''laplacian''');
SELECT name, arguments, count(*) FILTER (WHERE tables = stored) AS same, count(DISTINCT tables) AS "different answers"
FROM (SELECT name, arguments,
             digest(format('tnfr_%s(%L, ''nodes'', directed => %L%s)', name, relation, directed, arguments)) AS tables,
             digest(format('tnfr_graph_%s((SELECT graph FROM graphs WHERE relation = %L AND directed = %L), ''nodes''%s)', name, relation, directed, arguments)) AS stored
      FROM calls, graphs) AS t
GROUP BY name, arguments ORDER BY name, arguments;

-- The signatures are the same but for edges and directed.
SELECT replace(replace(pg_get_function_arguments(t.oid), 'edges regclass', 'graph tnfr_graph'), ' directed boolean DEFAULT false,', '')
       = pg_get_function_arguments(s.oid) AS arguments,
       pg_get_function_result(t.oid) = pg_get_function_result(s.oid) AS result,
       s.provolatile AS volatility, s.proparallel AS parallel, obj_description(s.oid) IS NOT NULL AS comment
FROM pg_proc AS t JOIN pg_proc AS s ON s.proname = replace(t.proname, 'tnfr_', 'tnfr_graph_')
WHERE t.proname IN (SELECT 'tnfr_' || name FROM calls) ORDER BY t.proname;

-- Rows are estimated by the relation of nodes; the graph may be a constant.
ANALYZE nodes;
CREATE FUNCTION estimate(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	EXECUTE 'EXPLAIN ' || query INTO line;
	RETURN substring(line FROM 'rows=\d+');
END $$;
SELECT estimate('SELECT * FROM tnfr_graph_si((SELECT graph FROM graphs LIMIT 1), ''nodes'')');
SELECT estimate(format('SELECT * FROM tnfr_graph_dnfr(%L, ''nodes'')', (SELECT tnfr_graph_agg(1, 2))));

SET client_min_messages = error;
DROP SCHEMA test_stored CASCADE;
