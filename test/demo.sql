-- What "make demo" runs: the structural field of a power grid.
\pset footer off

CREATE EXTENSION tnfr_pg;

CREATE TABLE edges (src int, dst int);
\copy edges FROM 'test/data/power_grid_edges.csv' WITH (FORMAT csv, HEADER)

-- The grid comes without a state; this one is made from the ids.
CREATE TABLE nodes AS
SELECT id,
       sin(id) AS epi,
       0.5 + (id % 11) / 10.0 AS vf,
       2 * pi() * (turns - floor(turns)) - pi() AS phase
FROM (SELECT id, id * 0.6180339887498949::float8 AS turns
      FROM (SELECT src FROM edges UNION SELECT dst FROM edges) AS ids (id)) AS n;

ANALYZE edges, nodes;

SELECT (SELECT count(*) FROM nodes) AS nodes,
       (SELECT count(*) FROM edges) AS edges;

\echo 'CREATE TABLE field AS SELECT * FROM tnfr_dnfr(''edges'', ''nodes'');'
\timing on
CREATE TABLE field AS SELECT * FROM tnfr_dnfr('edges', 'nodes');
\timing off
\echo

\echo 'Where the pressure to reorganise is greatest:'
SELECT node, degree, dnfr
FROM field
JOIN (SELECT node, count(*) AS degree
      FROM (SELECT src FROM edges UNION ALL SELECT dst FROM edges) AS ends (node)
      GROUP BY node) AS degrees USING (node)
ORDER BY abs(dnfr) DESC, node
LIMIT 5;

\echo 'The whole grid:'
SELECT round(avg(abs(dnfr))::numeric, 12) AS mean_abs_dnfr,
       round(min(dnfr)::numeric, 12) AS min_dnfr,
       round(max(dnfr)::numeric, 12) AS max_dnfr
FROM field;

\echo 'Partitions of the grid, along its lines, for two workers:'
\timing on
CREATE TABLE parts AS
SELECT * FROM tnfr_partition_summary('edges', 'nodes', candidates => 'neighbours', workers => 2);
\timing off
SELECT worker, count(*) AS partitions, sum(size) AS nodes, sum(entries) AS entries,
       sum(cut_entries) AS cut, round(avg(coherence)::numeric, 3) AS coherence
FROM parts GROUP BY worker ORDER BY worker;
