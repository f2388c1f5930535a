-- Every way to fail, with its SQLSTATE and what the message names.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_errors;
SET search_path = test_errors, public;

\set include `echo "${PG_ABS_SRCDIR:-test}/sql/include"`
\i :include/failure.sql

\pset format unaligned
\pset tuples_only on

CREATE TABLE edges (src int, dst int, weight float8);
INSERT INTO edges VALUES (1, 2, 1), (2, 3, 2);
CREATE TABLE nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO nodes VALUES (1, 0, 1, 0), (2, 1, 1, 1), (3, 2, 1, 2);
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'')');

-- A relation that does not exist, by name and by a number no relation has.
SELECT failure('SELECT * FROM tnfr_dnfr(''nowhere'', ''nodes'')');
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', ''public.nowhere'')');
SELECT failure('SELECT * FROM tnfr_dnfr(1::oid::regclass, ''nodes'')');
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', 1::oid::regclass)');

-- A relation that cannot stand in FROM.
CREATE INDEX edges_src ON edges (src);
CREATE TYPE composite AS (id int, epi float8, vf float8, phase float8);
SELECT failure('SELECT * FROM tnfr_dnfr(''edges_src'', ''nodes'')');
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', ''composite'')');

-- NULL arguments.
SELECT failure('SELECT * FROM tnfr_dnfr(NULL, ''nodes'')');
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', NULL)');
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'', NULL)');
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'', directed => NULL)');
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'', weights => NULL)');

-- An unknown form lists the known ones.
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'', ''harmonic'')');

-- Missing columns.
CREATE VIEW no_src AS SELECT dst FROM edges;
CREATE VIEW no_dst AS SELECT src FROM edges;
CREATE VIEW no_id AS SELECT epi, vf, phase FROM nodes;
CREATE VIEW no_epi AS SELECT id, vf, phase FROM nodes;
CREATE VIEW no_vf AS SELECT id, epi, phase FROM nodes;
CREATE VIEW no_phase AS SELECT id, epi, vf FROM nodes;
CREATE TABLE "No Columns" ();
SELECT failure(format('SELECT * FROM tnfr_dnfr(%L, ''nodes'')', e)) FROM unnest(ARRAY['no_src', 'no_dst', '"No Columns"']) AS e;
SELECT failure(format('SELECT * FROM tnfr_dnfr(''edges'', %L)', n)) FROM unnest(ARRAY['no_id', 'no_epi', 'no_vf', 'no_phase', '"No Columns"']) AS n;
-- Upper case is another name.
CREATE VIEW upper_src AS SELECT src AS "SRC", dst FROM edges;
SELECT failure('SELECT * FROM tnfr_dnfr(''upper_src'', ''nodes'')');

-- Columns of a type that is no key or no number.
CREATE VIEW text_src AS SELECT src::text, dst FROM edges;
CREATE VIEW float_dst AS SELECT src, dst::float8 FROM edges;
CREATE VIEW numeric_dst AS SELECT src, dst::numeric FROM edges;
CREATE VIEW text_weight AS SELECT src, dst, weight::text FROM edges;
CREATE VIEW bool_id AS SELECT id = 1 AS id, epi, vf, phase FROM nodes;
CREATE VIEW oid_id AS SELECT id::oid, epi, vf, phase FROM nodes;
CREATE VIEW array_epi AS SELECT id, ARRAY[epi] AS epi, vf, phase FROM nodes;
CREATE VIEW interval_vf AS SELECT id, epi, make_interval(secs => vf) AS vf, phase FROM nodes;
CREATE VIEW unknown_phase AS SELECT id, epi, vf, '0'::text AS phase FROM nodes;
SELECT failure(format('SELECT * FROM tnfr_dnfr(%L, ''nodes'')', e)) FROM unnest(ARRAY['text_src', 'float_dst', 'numeric_dst', 'text_weight']) AS e;
SELECT failure(format('SELECT * FROM tnfr_dnfr(''edges'', %L)', n)) FROM unnest(ARRAY['bool_id', 'oid_id', 'array_epi', 'interval_vf', 'unknown_phase']) AS n;

DROP VIEW no_src, no_dst, no_id, no_epi, no_vf, no_phase, upper_src, text_src, float_dst, numeric_dst, text_weight,
	bool_id, oid_id, array_epi, interval_vf, unknown_phase;

-- Values that are no finite number, negative weight and negative vf: which node or edge.
CREATE FUNCTION failure_after(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	BEGIN
		EXECUTE change;
		said := failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'')');
		RAISE EXCEPTION USING MESSAGE = 'undo';
	EXCEPTION WHEN raise_exception THEN
		RETURN change || E'\n' || said;
	END;
END $$;

SELECT failure_after(change) FROM (VALUES
	('UPDATE edges SET src = NULL WHERE dst = 3'),
	('UPDATE edges SET dst = NULL WHERE src = 2'),
	('UPDATE edges SET weight = NULL WHERE src = 2'),
	('UPDATE nodes SET id = NULL WHERE id = 2'),
	('UPDATE nodes SET epi = NULL WHERE id = 2'),
	('UPDATE nodes SET vf = NULL WHERE id = 3'),
	('UPDATE nodes SET phase = NULL WHERE id = 1'),
	('UPDATE edges SET weight = ''NaN'' WHERE src = 2'),
	('UPDATE edges SET weight = ''Infinity'' WHERE src = 2'),
	('UPDATE edges SET weight = ''-Infinity'' WHERE src = 2'),
	('UPDATE edges SET weight = -0.5 WHERE src = 2'),
	('UPDATE edges SET weight = -5e-324 WHERE src = 2'),
	('UPDATE edges SET weight = ''-0'' WHERE src = 2'),
	('UPDATE nodes SET epi = ''NaN'' WHERE id = 2'),
	('UPDATE nodes SET epi = ''-Infinity'' WHERE id = 2'),
	('UPDATE nodes SET vf = ''Infinity'' WHERE id = 3'),
	('UPDATE nodes SET vf = ''NaN'' WHERE id = 3'),
	('UPDATE nodes SET vf = -1 WHERE id = 3'),
	('UPDATE nodes SET vf = ''-0'' WHERE id = 3'),
	('UPDATE nodes SET phase = ''NaN'' WHERE id = 1'),
	('UPDATE nodes SET phase = ''Infinity'' WHERE id = 1'),
	('ALTER TABLE nodes ALTER epi TYPE numeric; UPDATE nodes SET epi = ''NaN'' WHERE id = 2'),
	('ALTER TABLE nodes ALTER epi TYPE numeric; UPDATE nodes SET epi = 1e400 WHERE id = 2'),
	('ALTER TABLE nodes ALTER epi TYPE float4; UPDATE nodes SET epi = ''Infinity'' WHERE id = 2'),
	-- The same node twice.
	('INSERT INTO nodes VALUES (2, 0, 1, 0)'),
	('INSERT INTO nodes SELECT * FROM nodes'),
	-- Edges to nodes that are not there: one of them named, all of them counted.
	('DELETE FROM nodes WHERE id = 3'),
	('DELETE FROM nodes WHERE id = 2'),
	('INSERT INTO edges VALUES (7, 1, 1)'),
	('INSERT INTO edges VALUES (1, 9223372, 0)'),
	('INSERT INTO edges SELECT 1, 1000 + i, 1 FROM generate_series(1, 5000) AS i'),
	('DELETE FROM nodes'),
	-- A result that double precision cannot hold.
	('UPDATE nodes SET epi = 1e308; UPDATE edges SET weight = 1e300'),
	('UPDATE nodes SET epi = CASE id WHEN 2 THEN -1.7e308 ELSE 1.7e308 END'),
	('UPDATE nodes SET epi = id * 1e200, vf = 1e200')
) AS t(change);

-- Of several duplicates the smallest is named, whatever the order of the rows.
INSERT INTO nodes SELECT i, 0, 1, 0 FROM generate_series(4, 40) AS i;
SELECT failure_after('INSERT INTO nodes SELECT i, 0, 1, 0 FROM unnest(ARRAY[30, 17, 9]) AS i');

-- Memory. The limit is compared before anything large is allocated.
BEGIN;
SET LOCAL tnfr.memory_limit = '64kB';
INSERT INTO nodes SELECT i, 0, 1, 0 FROM generate_series(41, 5000) AS i;
INSERT INTO edges SELECT 1 + i % 5000, 1 + (i * 7) % 5000, 1 FROM generate_series(1, 20000) AS i;
SELECT regexp_replace(failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'')'), '\d[\d.]* ?(kB|MB|bytes)', 'N \1', 'g');
SET LOCAL tnfr.memory_limit = '1GB';
SELECT failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'')');
ROLLBACK;

-- A device that is not there; why, depends on the machine.
SET tnfr.backend = 'cuda';
SET tnfr.gpu_device = 7;
SELECT split_part(failure('SELECT * FROM tnfr_dnfr(''edges'', ''nodes'')'), ':', 1);
RESET tnfr.backend;

-- After all of this the same session answers.
SELECT count(*), sum(dnfr) IS NOT NULL FROM tnfr_dnfr('edges', 'nodes');

DROP SCHEMA test_errors CASCADE;
