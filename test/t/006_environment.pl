# Variables of OpenMP in the server's environment change neither the bits nor
# the number of threads, and a preloaded library starts none.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('environment', 'max_parallel_workers_per_gather = 3');
create_network($node, 65536, 1_000_000);
my $openmp = 'SET tnfr.backend = openmp; ';
my $expected = $node->safe_psql('postgres', $openmp . answer_of());

for my $environment (
	{ OMP_NUM_THREADS => 1 },
	{ OMP_NUM_THREADS => 7, OMP_DYNAMIC => 'true' },
	{ OMP_THREAD_LIMIT => 1 },
	{ OMP_THREAD_LIMIT => 2, OMP_NUM_THREADS => '3,2', OMP_NESTED => 'true', OMP_MAX_ACTIVE_LEVELS => 3 },
	{ OMP_MAX_ACTIVE_LEVELS => 0 },
	{ OMP_SCHEDULE => 'static,1', OMP_WAIT_POLICY => 'passive', OMP_PROC_BIND => 'true', OMP_PLACES => 'threads' },
	{ OMP_CANCELLATION => 'true', GOMP_SPINCOUNT => 0, OMP_DISPLAY_AFFINITY => 'true' },
	{ OMP_NUM_THREADS => 'many', OMP_SCHEDULE => 'nonsense' },
	{ OMP_STACKSIZE => '32K' })
{
	my $name = join(' ', map { "$_=$environment->{$_}" } sort keys %$environment);
	local %ENV = (%ENV, %$environment);
	$node->restart;
	my $stdout;
	$node->psql('postgres', "$openmp SET tnfr.max_threads = 2; " . answer_of(), stdout => \$stdout);
	is($stdout, $expected, "$name: the same bits");

	# The session is not tied to a core by what a call did.
	my $cores = "substring(pg_read_file('/proc/self/status') FROM 'Cpus_allowed_list:\\s+(\\S+)')";
	SKIP:
	{
		skip 'needs /proc', 1 unless -d '/proc/self/task';
		$node->psql('postgres', "SELECT $cores AS cores \\gset\n$openmp SET tnfr.max_threads = 2; SELECT count(*) FROM tnfr_dnfr('edges', 'nodes') \\gset\nSELECT $cores = :'cores'", stdout => \$stdout);
		is($stdout, 't', "$name: the backend may still run on every core");
	}
}
unlike(slurp_file($node->logfile), qr/terminated by signal/, 'no crash');

# Preloaded: the postmaster stays single-threaded and its children answer.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'tnfr_pg'");
$node->restart;
is($node->safe_psql('postgres', $openmp . answer_of()), $expected, 'preloaded');
SKIP:
{
	skip 'needs /proc', 1 unless -d '/proc/self/task';
	my ($postmaster) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
	is(scalar(tasks_of($postmaster)), 1, 'the postmaster has one thread');
}

# A locale with a decimal comma changes nothing.
SKIP:
{
	my ($locale) = grep { /^(de_DE|fr_FR|es_ES)\.utf-?8$/i } split /\n/, `locale -a`;
	skip 'no locale with a decimal comma', 1 unless $locale;
	is($node->safe_psql('postgres', "SET lc_numeric = '$locale'; SET lc_messages = 'C'; " . answer_of()), $expected, "lc_numeric = $locale");
}

$node->stop;
done_testing();
