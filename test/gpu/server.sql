-- serial and cuda side by side, in SQL: every function that uses a device, on
-- networks of several kinds, to the last bit.  Run by server.sh; prints TAP.

\set ON_ERROR_STOP on
\pset tuples_only on
\pset format unaligned
SET client_min_messages = warning;

CREATE SCHEMA gpu;
SET search_path = gpu, public;

-- networks

-- One of the integers below n, always the same for the same k and s.
CREATE FUNCTION draw(k bigint, s bigint, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT (hashint8extended(k, s) & 9007199254740991) % n
$$;

CREATE TABLE networks (no serial, name text, nodes bigint, ids bigint);

-- "arcs" yields src and dst; ids are spread by a factor.
CREATE PROCEDURE make_network(name text, nodes bigint, arcs text, weight text DEFAULT NULL, ids bigint DEFAULT 1)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE SCHEMA %I', name);
	EXECUTE format('CREATE UNLOGGED TABLE %I.nodes AS
		SELECT i * %s AS id, draw(i, 11, 2000001) / 1e6 - 1 AS epi, draw(i, 12, 1000001) / 1e6 AS vf,
			draw(i, 13, 6283186) / 1e6 AS phase
		FROM generate_series(0::bigint, %s - 1) AS i', name, ids, nodes);
	EXECUTE format('CREATE UNLOGGED TABLE %I.edges AS SELECT src * %2$s AS src, dst * %2$s AS dst %3$s FROM (%4$s) AS a(src, dst)',
		name, ids, ', (' || weight || ')::float8 AS weight', arcs);
	EXECUTE format('CREATE UNLOGGED TABLE %I.stored AS SELECT directed, tnfr_graph_agg(src, dst %s, directed) AS graph
		FROM %1$I.edges, unnest(''{f,t}''::bool[]) AS directed GROUP BY directed',
		name, CASE WHEN weight IS NULL THEN '' ELSE ', weight' END);
	EXECUTE format('ANALYZE %I.nodes, %1$I.edges, %1$I.stored', name);
	INSERT INTO networks (name, nodes, ids) VALUES (name, nodes, ids);
END $$;

CALL make_network('bare', 5, 'SELECT 0 AS src, 0 AS dst WHERE false');
CALL make_network('loop', 3, 'VALUES (1, 1)', '0.5');
CALL make_network('grid', 22500,
	'SELECT i AS src, i + d AS dst FROM generate_series(0, 22499) AS i, unnest(''{1,150}''::int[]) AS d
	WHERE i + d < 22500 AND (d > 1 OR i % 150 < 149)');
CALL make_network('random', 20000,
	'SELECT draw(k, 1, 20000) AS src, draw(k, 2, 20000) AS dst FROM generate_series(1, 100000) AS k');
CALL make_network('weighted', 20000,
	'SELECT draw(k, 1, 20000) AS src, draw(k, 2, 20000) AS dst FROM generate_series(1, 100000) AS k',
	'draw(src, dst, 1000001) / 1e6', 1000003);
CALL make_network('hub', 60000,
	'SELECT 7 AS src, i AS dst FROM generate_series(0, 59999) AS i
	UNION ALL SELECT i, (i + 1) % 60000 FROM generate_series(0, 59999) AS i',
	'1 + draw(src, dst, 4)');
CALL make_network('skewed', 20000,
	'SELECT (19999 * (draw(k, 1, 1000000) / 1e6) ^ 6)::bigint AS src, draw(k, 2, 20000) AS dst
	FROM generate_series(1, 150000) AS k',
	'exp(draw(src, dst, 1000) / 10 - 50)');
CALL make_network('parallel', 50,
	'SELECT draw(k, 1, 50) AS src, draw(k, 2, 50) AS dst FROM generate_series(1, 80000) AS k',
	'draw(src, dst, 3)');

-- comparisons

CREATE FUNCTION bits(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT count(*) || '' rows '' || coalesce(md5(string_agg(record_send(r), '''')), '''') FROM (%s) r', query)
		INTO answer;
	RETURN answer;
END $$;

CREATE FUNCTION counters(OUT done bigint, OUT reused bigint) LANGUAGE sql AS $$
	SELECT coalesce(sum(done), 0)::bigint, coalesce(sum(reused), 0)::bigint FROM tnfr_stat_gpu
$$;

-- A line of TAP.  "reuses": must the graph have been there already, or not?
CREATE FUNCTION compare(label text, query text, reuses boolean DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	serial text;
	cuda text;
	before record;
	now record;
	detail text;
BEGIN
	PERFORM set_config('tnfr.backend', 'serial', false);
	serial := bits(query);
	before := counters();
	PERFORM set_config('tnfr.backend', 'cuda', false);
	cuda := bits(query);

	-- the broker counts a job when the session has left already
	FOR i IN 1 .. 200 LOOP
		now := counters();
		EXIT WHEN now.done > before.done;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN CASE
		WHEN serial IS DISTINCT FROM cuda THEN format('not ok - %s: serial %s, cuda %s', label, serial, cuda)
		WHEN now.done <> before.done + 1 THEN format('not ok - %s: the device did %s jobs', label, now.done - before.done)
		WHEN reuses AND now.reused = before.reused THEN format('not ok - %s: the graph had to be loaded', label)
		WHEN NOT reuses AND now.reused > before.reused THEN format('not ok - %s: the graph was there', label)
		ELSE 'ok - ' || label
	END;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN format('not ok - %s: %s %s', label, SQLERRM, detail);
END $$;

CREATE TABLE measures (no serial, measure text, args text DEFAULT '');
INSERT INTO measures (measure, args) SELECT 'dnfr', format(', form => %L', form)
FROM unnest('{gradient,canonical,phase,epi_vf,laplacian}'::text[]) AS form;
INSERT INTO measures (measure, args) VALUES
	('dnfr', ', form => ''canonical'', weights => ''{"topo": 0.2}''');
INSERT INTO measures (measure) VALUES ('si'), ('node_metrics'), ('network_metrics'), ('pair_coherence');

CREATE FUNCTION of_tables(name text, measure text, args text, directed boolean) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT * FROM tnfr_%s(%L, %L, directed => %L%s)', measure, name || '.edges', name || '.nodes', directed, args)
$$;

CREATE FUNCTION of_stored(name text, measure text, args text, directed boolean) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT * FROM tnfr_graph_%s((SELECT graph FROM %I.stored WHERE directed = %L), %L%s)',
		measure, name, directed, name || '.nodes', args)
$$;

CREATE FUNCTION direction(directed boolean) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN directed THEN 'directed' ELSE 'undirected' END
$$;

\echo # networks in tables
SELECT compare(format('%s, %s: %s%s', name, direction(directed), measure, args), of_tables(name, measure, args, directed))
FROM (SELECT * FROM networks n, unnest('{f,t}'::bool[]) AS directed, measures m ORDER BY n.no, directed, m.no OFFSET 0) c;

\echo # stored graphs: loaded once, then found
SELECT compare(format('%s, %s, stored: %s%s', name, direction(directed), measure, args),
	of_stored(name, measure, args, directed), first <> no)
FROM (SELECT name, directed, measure, args, m.no, min(m.no) OVER () AS first
	FROM networks n, unnest('{f,t}'::bool[]) AS directed, measures m
	WHERE name <> 'bare' ORDER BY n.no, directed, m.no OFFSET 0) c;

\echo # the state of the nodes changes, the graph stays
UPDATE weighted.nodes SET epi = -epi, phase = phase + 1;
SELECT compare('weighted, stored, another state: ' || measure, of_stored('weighted', measure, args, false), true)
FROM (SELECT * FROM measures ORDER BY no OFFSET 0) m;

\echo # a layout
SET tnfr.layout = partition;
SELECT compare(format('%s, layout: %s%s', name, measure, args), of_tables(name, measure, args, false))
FROM (SELECT * FROM networks n, measures m WHERE name <> 'bare' ORDER BY n.no, m.no OFFSET 0) c;
SELECT compare(format('%s, stored, layout: %s', name, measure), of_stored(name, measure, args, false))
FROM (SELECT n.*, measure, args FROM networks n, measures m WHERE name <> 'bare' AND measure LIKE '%metrics' ORDER BY n.no, m.no OFFSET 0) c;
RESET tnfr.layout;

\echo # several threads beside the device
SET max_parallel_workers_per_gather = 4;
SELECT compare(format('%s, several threads: node_metrics', name), of_tables(name, 'node_metrics', '', false))
FROM (SELECT * FROM networks ORDER BY no OFFSET 0) n;
RESET max_parallel_workers_per_gather;

\echo # streamed: a graph larger than device memory
CALL make_network('large', 20000,
	'SELECT draw(k, 1, 20000) AS src, draw(k, 2, 20000) AS dst FROM generate_series(1, 1500000) AS k',
	'draw(src, dst, 1000001) / 1e6');
CALL make_network('plain', 20000,
	'SELECT draw(k, 3, 20000) AS src, draw(k, 4, 20000) AS dst FROM generate_series(1, 1500000) AS k');
CREATE VIEW streamed AS
	SELECT m.no, measure, args FROM measures m
	WHERE measure IN ('node_metrics', 'pair_coherence') OR args ~ 'gradient|topo';

ALTER SYSTEM SET tnfr.gpu_memory_limit = '20MB';
SELECT pg_reload_conf(), pg_sleep(1) \g /dev/null
SELECT compare(format('streamed: %s%s', measure, args), of_tables('large', measure, args, false))
FROM (SELECT * FROM streamed ORDER BY no OFFSET 0) m;
SELECT compare(format('streamed, stored: %s%s', measure, args), of_stored('large', measure, args, false), false)
FROM (SELECT * FROM streamed ORDER BY no OFFSET 0) m;
ALTER SYSTEM SET tnfr.gpu_memory_limit = '8MB';
SELECT pg_reload_conf(), pg_sleep(1) \g /dev/null
SELECT compare(format('streamed, stored, unweighted: %s%s', measure, args), of_stored('plain', measure, args, false), false)
FROM (SELECT * FROM streamed ORDER BY no OFFSET 0) m;
ALTER SYSTEM RESET tnfr.gpu_memory_limit;
SELECT pg_reload_conf(), pg_sleep(1) \g /dev/null
SELECT compare(format('large, stored: %s%s', measure, args), of_stored('large', measure, args, false), first <> no)
FROM (SELECT *, min(no) OVER () AS first FROM streamed ORDER BY no OFFSET 0) m;

\echo # counters
SELECT CASE WHEN sum(failed) = 0 AND sum(cancelled) = 0 AND bool_and(fallbacks = '{}') THEN 'ok' ELSE 'not ok' END
	|| format(' - %s jobs, %s of them found their graph; failed %s, fallbacks %s', sum(done), sum(reused), sum(failed), min(fallbacks::text))
FROM tnfr_stat_gpu;
SELECT CASE WHEN starts = 1 THEN 'ok' ELSE 'not ok' END || format(' - the program was started once: %s', starts)
FROM tnfr_backends() WHERE backend = 'cuda';
