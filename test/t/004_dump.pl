# What depends on the function survives dump and restore.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('dump');
my $dir = PostgreSQL::Test::Utils::tempdir;
$node->safe_psql('postgres', q{
	CREATE SCHEMA "Net Work";
	CREATE TABLE "Net Work".edges AS SELECT i % 97 AS src, i * 7 % 91 AS dst, (i % 5)::float8 AS weight FROM generate_series(1, 2000) AS i;
	CREATE TABLE "Net Work"."the nodes" AS SELECT i AS id, sin(i) AS epi, 1::float8 AS vf, cos(i) AS phase FROM generate_series(0, 99) AS i;
	CREATE VIEW a_view AS SELECT * FROM tnfr_dnfr('"Net Work".edges', '"Net Work"."the nodes"');
	CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM tnfr_dnfr('"Net Work".edges', '"Net Work"."the nodes"', 'canonical', true, '{"preset": "pi"}');
	CREATE INDEX ON a_matview (node);
	CREATE VIEW on_top AS SELECT v.node, v.dnfr + m.dnfr AS both FROM a_view AS v JOIN a_matview AS m USING (node);
	CREATE FUNCTION wrapped() RETURNS float8 LANGUAGE sql STABLE AS $$ SELECT sum(dnfr) FROM public.tnfr_dnfr('"Net Work".edges', '"Net Work"."the nodes"') $$;
});

my $query = q{SELECT (SELECT md5(string_agg(v::text, ' ')) FROM a_view AS v), (SELECT md5(string_agg(m::text, ' ' ORDER BY node)) FROM a_matview AS m),
	(SELECT md5(string_agg(t::text, ' ' ORDER BY node)) FROM on_top AS t), wrapped()};
my $expected = $node->safe_psql('postgres', $query);

$node->command_ok([ 'pg_dump', '-f', "$dir/plain.sql", $node->connstr('postgres') ], 'pg_dump');
unlike(slurp_file("$dir/plain.sql"), qr/CREATE FUNCTION public\.tnfr_/, 'the dump names the extension, not its functions');
$node->safe_psql('postgres', 'CREATE DATABASE plain TEMPLATE template0');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('plain'), '-f', "$dir/plain.sql" ], 'restored by psql');
is($node->safe_psql('plain', $query), $expected, 'the same answers');

$node->command_ok([ 'pg_dump', '-Fd', '-j', '2', '-f', "$dir/parallel", $node->connstr('postgres') ], 'pg_dump, parallel');
$node->safe_psql('postgres', 'CREATE DATABASE parallel TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-j', '2', '-d', $node->connstr('parallel'), "$dir/parallel" ], 'pg_restore, parallel');
is($node->safe_psql('parallel', $query), $expected, 'the same answers');

# The view still follows its tables in the restored database.
is($node->safe_psql('parallel', 'ALTER TABLE "Net Work".edges RENAME TO arcs; SELECT count(*) FROM a_view'), 100, 'the restored view follows a RENAME');
isnt($node->psql('parallel', 'DROP TABLE "Net Work".arcs', stderr => \my $stderr), 0, 'and holds on to its table');

# A second dump equals the first.
$node->command_ok([ 'pg_dump', '-f', "$dir/again.sql", $node->connstr('plain') ], 'dumped again');
my $strip = sub { join "\n", grep { !/^\\(un)?restrict|^-- Dump/ } split /\n/, slurp_file($_[0]) };
is($strip->("$dir/again.sql"), $strip->("$dir/plain.sql"), 'nothing was lost on the way');

$node->stop;
done_testing();
