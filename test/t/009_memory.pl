# The memory of a call: at its peak 24 bytes an entry (32 when directed and
# weighted) and 128 bytes a node, beside what a scan of the tables takes; and
# tnfr.memory_limit keeps its word before the memory is taken.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs /proc' unless -w '/proc/self/clear_refs';

my ($nodes, $edges) = (50_000, 1_000_000);
my $node = start_node('memory', 'shared_buffers = 8MB', 'max_parallel_workers_per_gather = 0', 'work_mem = 1MB');
create_network($node, $nodes, $edges);
$node->safe_psql('postgres', q{
	CREATE VIEW unweighted AS SELECT src, dst FROM edges;
	CREATE VIEW no_edges AS SELECT * FROM edges WHERE false;
	CREATE TABLE graphs AS SELECT 'unweighted' AS relation, tnfr_graph_agg(src, dst) AS graph FROM edges
		UNION ALL SELECT 'edges', tnfr_graph_agg(src, dst, weight / 7) FROM edges
		UNION ALL SELECT 'directed', tnfr_graph_agg(src, dst, weight / 7, true) FROM edges;
});

my $slack_kb = 6 * 1024;    # executor, tuplestore, buffers touched for the first time

# The highest resident memory of the statement above what the session has.
sub peak
{
	my ($session, $pid, $query) = @_;
	my $before = kb_of($pid, 'VmRSS');
	open(my $fh, '>', "/proc/$pid/clear_refs") or die $!;
	print $fh "5\n";
	close $fh;
	$session->query_safe($query);
	return kb_of($pid, 'VmHWM') - $before;
}

# A new session that has been through all the code once.
sub begin_session
{
	my ($settings, %options) = @_;
	my $session = $node->background_psql('postgres', %options);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_safe($settings);
	$session->query_safe("SELECT count(*), sum(src) FROM edges JOIN nodes ON id = src");
	$session->query_safe("SELECT count(*), tnfr_graph_bytes(tnfr_graph_agg(node, node)) FROM tnfr_dnfr('no_edges', 'nodes')");
	return ($session, $pid);
}

for my $case (
	[ 'undirected, unweighted', 'unweighted', 'false', 2 * $edges, 24 ],
	[ 'undirected, weighted', 'edges', 'false', 2 * $edges, 24 ],
	[ 'directed, unweighted', 'unweighted', 'true', $edges, 24 ],
	[ 'directed, weighted', 'edges', 'true', $edges, 32 ])
{
	my ($name, $relation, $directed, $entries, $bytes) = @$case;
	for my $settings ('SET tnfr.backend = serial', 'SET tnfr.backend = openmp; SET tnfr.max_threads = 2')
	{
		my ($session, $pid) = begin_session($settings);
		my $kb = peak($session, $pid, "SELECT sum(dnfr) FROM tnfr_dnfr('$relation', 'nodes', 'canonical', $directed)");
		my $limit = ($bytes * $entries + 128 * $nodes) / 1024 + $slack_kb;
		cmp_ok($kb, '<=', $limit, sprintf('%s, %s: %.1f bytes an entry at the peak', $name, $settings =~ /(serial|openmp)/, $kb * 1024 / $entries));
		$session->quit;
	}
}

# Partitions, and graphs made by the aggregate and computed with.
for my $case (
	[ 'partitions', q{SELECT count(*) FROM tnfr_partition('unweighted', 'nodes')}, 2 * $edges, 24 ],
	[ 'partitions of neighbours, weighted', q{SELECT count(*) FROM tnfr_partition('edges', 'nodes', candidates => 'neighbours')}, 2 * $edges, 24 ],
	[ 'partitions with many candidates', q{SELECT count(*) FROM tnfr_partition('no_edges', 'nodes', max_size => 500, k => 5000)}, 0, 0 ],
	[ 'summary of partitions', q{SELECT sum(halo) FROM tnfr_partition_summary('unweighted', 'nodes')}, 2 * $edges, 24 ],
	[ 'partitions of a directed graph', q{SELECT count(*) FROM tnfr_graph_partition((SELECT graph FROM graphs WHERE relation = 'directed'), 'nodes')}, $edges, 32 ],
	[ 'aggregate, undirected, unweighted', 'SELECT tnfr_graph_bytes(tnfr_graph_agg(src, dst)) FROM edges', 2 * $edges, 24 ],
	[ 'aggregate, undirected, weighted', 'SELECT tnfr_graph_bytes(tnfr_graph_agg(src, dst, weight / 7)) FROM edges', 2 * $edges, 24 ],
	[ 'aggregate, directed, unweighted', 'SELECT tnfr_graph_bytes(tnfr_graph_agg(src, dst, true)) FROM edges', $edges, 24 ],
	[ 'aggregate, directed, weighted', 'SELECT tnfr_graph_bytes(tnfr_graph_agg(src, dst, weight / 7, true)) FROM edges', $edges, 32 ],
	[ 'stored, unweighted', q{SELECT sum(dnfr) FROM tnfr_graph_dnfr((SELECT graph FROM graphs WHERE relation = 'unweighted'), 'nodes')}, 2 * $edges, 24 ],
	[ 'stored, weighted', q{SELECT sum(dnfr) FROM tnfr_graph_dnfr((SELECT graph FROM graphs WHERE relation = 'edges'), 'nodes')}, 2 * $edges, 24 ])
{
	my ($name, $query, $entries, $bytes) = @$case;
	my ($session, $pid) = begin_session('SET tnfr.max_threads = 2');
	my $before = kb_of($pid, 'RssAnon');
	my $kb = peak($session, $pid, $query);
	my $limit = ($bytes * $entries + 128 * $nodes) / 1024 + $slack_kb;
	cmp_ok($kb, '<=', $limit, sprintf('%s: %.1f MB at the peak', $name, $kb / 1024));
	# Libraries, caches and the allocator's rest after code that is new to the session.
	my $kept = kb_of($pid, 'RssAnon') - $before;
	cmp_ok($kept, '<', 4096, "and it is given back ($kept kB kept)");
	$session->quit;
}

# Under a limit that is too small the call fails before it has taken much.
my ($session, $pid) = begin_session("SET tnfr.memory_limit = '8MB'", on_error_stop => 0);
my $kb = do
{
	my $before = kb_of($pid, 'VmRSS');
	open(my $fh, '>', "/proc/$pid/clear_refs") or die $!;
	print $fh "5\n";
	close $fh;
	my $said = $session->query("SELECT count(*) FROM tnfr_dnfr('edges', 'nodes');\n\\echo state :LAST_ERROR_SQLSTATE");
	like($said, qr/state 53200/, 'a limit of 8 MB: 53200');
	kb_of($pid, 'VmHWM') - $before;
};
cmp_ok($kb, '<', 8 * 1024 + $slack_kb, "and no more was taken ($kb kB)");
$session->query("SET tnfr.memory_limit = '1GB'");
like($session->query(answer_of()), qr/^$nodes /m, 'a limit of 1 GB is enough');
$session->quit;

# Calls that fail half-way, caught in one transaction, leave nothing behind.
my $kept = $node->safe_psql('postgres', q{
	CREATE TEMP VIEW dangling AS SELECT * FROM edges UNION ALL SELECT -1, 1, 1;
	CREATE TEMP VIEW negative AS SELECT src, dst, CASE WHEN ctid = '(3000,1)' THEN -1 ELSE weight END AS weight FROM edges;
	CREATE FUNCTION pg_temp.kept() RETURNS int LANGUAGE plpgsql AS $$
	DECLARE
		first int;
		last int;
	BEGIN
		FOR i IN 1 .. 6 LOOP
			BEGIN
				PERFORM FROM tnfr_dnfr('dangling', 'nodes');
			EXCEPTION WHEN foreign_key_violation THEN
				NULL;
			END;
			BEGIN
				PERFORM FROM tnfr_dnfr('negative', 'nodes');
			EXCEPTION WHEN invalid_parameter_value THEN
				last := substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s+(\d+)');
				first := coalesce(first, last);
			END;
		END LOOP;
		RETURN last - first;
	END $$;
	SELECT pg_temp.kept();
});
cmp_ok($kept, '<', 2048, "five more pairs of failed calls keep $kept kB");

$node->stop;
done_testing();
