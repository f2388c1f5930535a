-- The settings: their values, their ranges, and who may change them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tnfr_pg;
CREATE SCHEMA test_settings;
SET search_path = test_settings, public;

-- The library is loaded at the first call; the settings are known from then on.
CREATE TABLE edges (src int, dst int);
INSERT INTO edges VALUES (1, 2);
CREATE TABLE nodes (id int, epi float8, vf float8, phase float8);
INSERT INTO nodes VALUES (1, 0, 1, 0), (2, 1, 1, 0);
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');

SELECT name, context, vartype, unit, enumvals, boot_val = reset_val AS at_default
FROM pg_settings WHERE name LIKE 'tnfr.%' ORDER BY name COLLATE "C";
SHOW tnfr.backend;
SHOW tnfr.max_threads;
SELECT current_setting('tnfr.memory_limit') <> '' AS has_memory_limit;

\set VERBOSITY terse
SET tnfr.backend = 'serial';
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
SET tnfr.backend = 'openmp';
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
SET tnfr.backend = 'quantum';
\echo :SQLSTATE
SET tnfr.backend = 'auto';
SET tnfr.max_threads = -1;
\echo :SQLSTATE
SET tnfr.max_threads = 3;
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
SET tnfr.max_threads = 0;
SET tnfr.memory_limit = '3 furlongs';
\echo :SQLSTATE
SET tnfr.memory_limit = '1GB';
SHOW tnfr.memory_limit;
SET tnfr.memory_limit = '1TB';
SHOW tnfr.memory_limit;
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
RESET tnfr.memory_limit;

-- The prefix is reserved: a misspelt setting is noticed.
SET tnfr.max_thread = 1;
\echo :SQLSTATE

-- With SET LOCAL and with a function's own settings.
BEGIN;
SET LOCAL tnfr.backend = 'serial';
SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf');
COMMIT;
SHOW tnfr.backend;
CREATE FUNCTION serially() RETURNS TABLE (node bigint, dnfr float8) LANGUAGE sql STABLE
	SET tnfr.backend = 'serial' AS $$ SELECT * FROM tnfr_dnfr('edges', 'nodes', 'epi_vf') $$;
SELECT * FROM serially();

-- An ordinary role may set them.
CREATE ROLE regress_tnfr_settings;
SET ROLE regress_tnfr_settings;
SET tnfr.max_threads = 1;
SET tnfr.backend = 'serial';
SET tnfr.memory_limit = '2GB';
RESET ROLE;
RESET tnfr.max_threads;
RESET tnfr.backend;
RESET tnfr.memory_limit;
DROP ROLE regress_tnfr_settings;

DROP SCHEMA test_settings CASCADE;
