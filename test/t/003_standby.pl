# On a hot standby the function gives the primary's bits, in a read-only world.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', 'autovacuum = off');
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', q{
	CREATE EXTENSION tnfr_pg;
	CREATE TABLE edges AS SELECT i % 997 AS src, i * 7 % 991 AS dst, (i % 5)::float8 AS weight FROM generate_series(1, 20000) AS i;
	CREATE TABLE nodes AS SELECT i AS id, sin(i) AS epi, 1::float8 AS vf, cos(i) AS phase FROM generate_series(0, 999) AS i;
	CREATE VIEW result AS SELECT * FROM tnfr_dnfr('edges', 'nodes');
});
$primary->wait_for_catchup($standby);

is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is in recovery');
for my $form (qw(gradient canonical))
{
	is($standby->safe_psql('postgres', answer_of($form)), $primary->safe_psql('postgres', answer_of($form)), "the same bits: $form");
}
is($standby->safe_psql('postgres', "SET tnfr.backend = serial; " . answer_of()),
	$standby->safe_psql('postgres', "SET tnfr.backend = openmp; SET tnfr.max_threads = 3; " . answer_of()),
	'whatever the backend');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM result'), 1000, 'through a view');
is($standby->safe_psql('postgres', "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM result; COMMIT"), 1000, 'in a transaction');

# An unlogged table has no rows here; the error is that of any query.
$primary->safe_psql('postgres', 'CREATE UNLOGGED TABLE edges_unlogged AS SELECT * FROM edges');
$primary->wait_for_catchup($standby);
my ($result, $stdout, $stderr) = $standby->psql('postgres', "SELECT count(*) FROM tnfr_dnfr('edges_unlogged', 'nodes')");
like($stderr, qr/cannot access temporary or unlogged relations during recovery/, 'an unlogged table');

# New rows arrive and are seen.
$primary->safe_psql('postgres', 'INSERT INTO nodes VALUES (5000, 0, 1, 0); INSERT INTO edges VALUES (5000, 1, 1)');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', answer_of()), $primary->safe_psql('postgres', answer_of()), 'and after new rows');

# The standby answers on as the new primary.
my $before = $standby->safe_psql('postgres', answer_of());
$standby->promote;
is($standby->safe_psql('postgres', answer_of()), $before, 'and after promotion');

# The settings may stand in postgresql.conf, and the library may be preloaded.
$standby->append_conf('postgresql.conf', "shared_preload_libraries = 'tnfr_pg'\ntnfr.backend = serial\ntnfr.max_threads = 2");
$standby->restart;
is($standby->safe_psql('postgres', 'SHOW tnfr.backend'), 'serial', 'settings from the configuration file');
is($standby->safe_psql('postgres', answer_of()), $before, 'and with the library preloaded');
is($standby->safe_psql('postgres', 'SET tnfr.backend = openmp; ' . answer_of()), $before, 'with threads, too');

$standby->stop;
$primary->stop;
done_testing();
