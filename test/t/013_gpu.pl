# Jobs on a device: the same bits as the processor's, graphs that stay, who
# chooses, and what users are told.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Device;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_device_node('gpu', 'tnfr.gpu_min_entries = 0', 'max_parallel_workers_per_gather = 0');
my $library = $node->safe_psql('postgres', q{LOAD 'tnfr_pg'; SHOW tnfr.gpu_library});

# What the counters of the device have grown by in a script.
sub counted
{
	my ($counters, $script) = @_;
	my ($stdout, $stderr);
	my $sums = join ", ' ', ", map { "coalesce(sum($_), 0)" } @$counters;
	$node->psql('postgres', "DO 'BEGIN PERFORM tnfr_gpu_stat_reset(); END';\n$script;\n\\echo counted\nSELECT concat($sums) FROM tnfr_stat_gpu;",
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 0);
	fail("no error: $1") if $stderr =~ /(ERROR.*)/;
	my ($out, $counted) = $stdout =~ /(.*?)\n?counted\n(.*)/s;
	return ($out, $stderr, split / /, $counted);
}

# A network in a schema of its own, from queries that give edges (src, dst,
# weight) and ids; and its graphs. more: nodes that no edge knows.
sub create_graphs
{
	my ($schema, $edges, $ids) = @_;
	my $nodes = 'SELECT id, sin(id) AS epi, 1 + sin(id * 3) AS vf, (id % 63) / 10.0::float8 AS phase';
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $schema; SET search_path = $schema, public;
		CREATE TABLE edges AS $edges;
		CREATE VIEW plain AS SELECT src, dst FROM edges;
		CREATE TABLE nodes AS $nodes FROM ($ids) AS n (id);
		CREATE VIEW more AS TABLE nodes UNION ALL $nodes FROM generate_series(-7, 1500000, 299999) AS id WHERE id NOT IN (SELECT id FROM nodes);
		CREATE TABLE graphs AS
			SELECT 'edges' AS name, false AS directed, tnfr_graph_agg(src, dst, weight) AS graph FROM edges UNION ALL
			SELECT 'edges', true, tnfr_graph_agg(src, dst, weight, true) FROM edges UNION ALL
			SELECT 'plain', false, tnfr_graph_agg(src, dst) FROM edges UNION ALL
			SELECT 'plain', true, tnfr_graph_agg(src, dst, true) FROM edges});
	return;
}

create_graphs('small', q{SELECT i * 7 % 40 AS src, i * i % 37 AS dst, (i % 5) / 3.0::float8 AS weight FROM generate_series(1, 90) AS i}, 'SELECT generate_series(0, 49)');
create_graphs('hub', q{SELECT i % 2 * (i * 7919 % 8999) AS src, i::bigint * 104729 % 8990 AS dst, (i % 7) / 3.0::float8 AS weight FROM generate_series(1, 140000) AS i}, 'SELECT generate_series(0, 8999)');
create_graphs('loops', 'SELECT i AS src, i AS dst, i / 7.0::float8 AS weight FROM generate_series(1, 12) AS i', 'SELECT generate_series(0, 13)');
create_graphs('none', 'SELECT 1 AS src, 1 AS dst, 1::float8 AS weight WHERE false', 'SELECT generate_series(0, 9)');
create_graphs('empty', 'SELECT 1 AS src, 1 AS dst, 1::float8 AS weight WHERE false', 'SELECT 1 WHERE false');
create_graphs('large', q{SELECT i * 7919::bigint % 30011 AS src, i * 104729::bigint % 29989 AS dst, (i % 7) / 3.0::float8 AS weight FROM generate_series(1, 750000) AS i}, 'SELECT generate_series(0, 30010)');

# All that is computed of one network: of tables, of graphs among their nodes
# and among more.
my $topo = q{'{"topo":0.3}'};
my @forms = ((map { "'$_', NULL" } 'gradient', 'phase', 'epi_vf', 'laplacian', 'canonical'), "'canonical', $topo");
my @measures = ('si', 'node_metrics', 'network_metrics', 'pair_coherence');
my @functions;
for my $relation ('edges', 'plain')
{
	for my $directed ('false', 'true')
	{
		my $graph = "(SELECT graph FROM graphs WHERE name = '$relation' AND directed = $directed)";
		for my $form (@forms)
		{
			my ($name, $weights) = split / /, $form;
			push @functions, "tnfr_dnfr('$relation', 'nodes', $name $directed, $weights)", "tnfr_graph_dnfr($graph, 'nodes', $form)";
		}
		push @functions, map { ("tnfr_$_('$relation', 'nodes', directed => $directed)", "tnfr_graph_$_($graph, 'nodes')") } @measures;
		push @functions, "tnfr_graph_dnfr($graph, 'more', 'canonical', $topo)";
	}
}

# Computes all of them both ways; every one has to come from the device, or,
# where there are no nodes, none.
sub compare
{
	my ($name, $schema, $settings, @functions) = @_;
	my $jobs = $schema eq 'empty' ? 0 : @functions;
	my $script = join(";\n", map { digest_of($_) } @functions);
	my ($out, $err, $done, $failed, @rest) = counted([ 'done', 'failed', 'bytes_in' ],
		"SET search_path = $schema, public; $settings; SET tnfr.backend = serial;\n$script;\n\\echo device\nSET tnfr.backend = cuda; SET tnfr.trace_phases = on;\n$script");
	my ($serial, $cuda) = split /\n?device\n/, $out;
	is($cuda, $serial, "$name: the same bits");
	is(scalar(() = $err =~ /, device 0, peak/g) . " $done $failed", "$jobs $jobs 0", "$name: $jobs times from the device");
	return @rest;
}

compare($_, $_, '', @functions) for 'small', 'hub', 'loops';
compare($_, $_, '', grep { !/graphs/ } @functions) for 'none', 'empty';    # there is no graph of no edges
compare('layout, small', 'small', 'SET tnfr.layout = partition', @functions);
compare('layout, hub', 'hub', 'SET tnfr.layout = partition', @functions[0 .. 11]);
my @some = ("tnfr_dnfr('edges', 'nodes', 'canonical', true, $topo)", "tnfr_dnfr('edges', 'nodes', 'canonical', false, $topo)",
	"tnfr_graph_dnfr((SELECT graph FROM graphs WHERE name = 'plain' AND NOT directed), 'nodes', 'canonical', $topo)");
compare('many pieces', 'large', '', @some);

# A device that has no room for a graph lets it pass by, once a pass.
my ($whole) = compare('whole', 'hub', '', $some[1]);
set_device($node, 'tnfr.gpu_options' => 'stage=4096,memory=3000000');
my ($streamed) = compare('streaming', 'hub', '', $some[1]);
is($streamed - $whole, 12 * $node->safe_psql('postgres', q{SELECT tnfr_graph_entries(graph) FROM hub.graphs WHERE name = 'edges' AND NOT directed}), 'streaming: the entries have come twice');
compare('streaming', 'hub', '', @functions[0 .. 15]);
compare('streaming, many pieces', 'large', '', @some);

# Graphs that stay. Each step: whether it finds its graph there.
sub resident
{
	my ($name, @steps) = @_;
	my ($at, @bytes) = 0;
	for my $step (@steps)
	{
		my ($graph, $nodes, $reused) = @$step;
		my $function = "tnfr_graph_dnfr($graph, '$nodes', 'canonical', $topo)";
		my ($out, $err, $was, $bytes) = counted([ 'reused', 'bytes_in' ],
			"SET search_path = hub, public; SET tnfr.backend = serial;\n" . digest_of($function) . ";\nSET tnfr.backend = cuda;\n" . digest_of($function));
		my ($serial, $cuda) = split /\n/, $out;
		$at++;
		is("$was $cuda", "$reused $serial", "$name: step $at " . ($reused ? 'finds' : 'brings') . ' its graph');
		push @bytes, $bytes;
	}
	return @bytes;
}

my @stage = ('tnfr.gpu_options' => 'stage=65536');
set_device($node, @stage);
my ($a, $b, $c) = map { "(SELECT graph FROM graphs WHERE name = '$_->[0]' AND directed = $_->[1])" } ([ 'edges', 'false' ], [ 'edges', 'true' ], [ 'plain', 'true' ]);
my $changed = q{(SELECT tnfr_graph_agg(src, dst, weight) FROM (TABLE edges UNION ALL SELECT 17, 4711, 1) AS e)};
my @bytes = resident('a graph', [ $a, 'nodes', 0 ], [ $a, 'nodes', 1 ], [ $a, 'more', 0 ], [ $a, 'more', 1 ], [ $changed, 'nodes', 0 ], [ $a, 'nodes', 1 ], [ $changed, 'nodes', 1 ]);
cmp_ok($bytes[1], '<', $bytes[0] / 10, "only the nodes come again: $bytes[1] bytes instead of $bytes[0]");
is(cuda_row($node, 'graphs'), 3, 'tnfr_backends counts them');
resident('enough memory', [ $b, 'nodes', 0 ], [ $c, 'nodes', 0 ], [ $b, 'nodes', 1 ], [ $c, 'nodes', 1 ]);
set_device($node, @stage, 'tnfr.gpu_memory_limit' => '3MB');
resident('a limit for one', [ $c, 'nodes', 1 ], [ $changed, 'nodes', 0 ], [ $b, 'nodes', 0 ], [ $b, 'nodes', 1 ], [ $c, 'nodes', 0 ], [ $b, 'nodes', 0 ]);
cmp_ok(cuda_row($node, 'graph_bytes'), '<=', 3 * 1024 * 1024, 'no more than the limit stays');

# auto: the plan decides, when the device is ready. What jobs took so far, with
# tiny stages, is forgotten.
set_device($node);
$node->restart;
sub under_auto
{
	my ($name, $schema, $settings, $expected) = @_;
	my $function = "tnfr_graph_dnfr((SELECT graph FROM graphs WHERE name = 'plain' AND NOT directed), 'nodes')";
	my ($out, $err, $done, @rest) = counted([ 'done' ],
		"SET search_path = $schema, public; SET tnfr.backend = serial;\n" . digest_of($function) . ";\nSET tnfr.backend = auto; SET tnfr.max_threads = 1; $settings;\n" . digest_of($function) .
		";\nSELECT done, fallbacks, last_reason IS NULL FROM tnfr_stat_gpu");
	my ($serial, $auto, $counters) = split /\n/, $out;
	is($auto, $serial, "auto, $name: the same bits");
	is($counters, $expected, "auto, $name: counters");
	return;
}
cuda_row($node);
under_auto('small', 'small', '', '0|{"slower": 1}|f');
under_auto('few entries', 'large', 'SET tnfr.gpu_min_entries = 2000000', undef);
under_auto('large', 'large', '', '1|{}|t');
set_device($node, 'tnfr.gpu_options' => 'nothing=1');
under_auto('not started', 'large', '', '0|{"starting": 1}|f');
wait_until(sub { cuda_row($node, 'state') eq 'ready' });
under_auto('started by the call before', 'large', '', '1|{}|t');

# What tnfr_backends tells.
is($node->safe_psql('postgres', 'SELECT * FROM tnfr_backends() WHERE backend <> \'cuda\''), "serial|t||1||||||||||\nopenmp|t||1||||||||||", 'processors');
like(cuda_row($node, '*'), qr/^cuda\|t\|\|\|0\|test device\|0\.0\|4294967296\|\d+\|ready\|1\|\d+\|\d+\|\d+$/, 'the device');
is($node->safe_psql('postgres', 'SET tnfr.gpu_device = 1; SELECT device, available, reason, state FROM tnfr_backends() WHERE device IS NOT NULL'),
	"0|t||ready\n1|f|there is only device 0|down", 'a device that is not there');

# No device: why, for all who ask; and the processor.
append_to_file($node->data_dir . '/text.so', "no library\n");
sub unavailable
{
	my ($name, $reason, $hint, $fallback) = @_;
	like(cuda_row($node, 'available, reason, name, pid'), qr/^f\|$reason\|\|(\nf\|the device is off until a call uses it\|\|)?$/, "$name: not available");
	my ($ret, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET tnfr.backend = cuda; SELECT * FROM tnfr_dnfr('small.edges', 'small.nodes')");
	like($err, qr/ERROR:  58000: the CUDA backend could not compute\nDETAIL:  Device 0: $reason\.\nHINT:  $hint/, "$name: cuda");
	under_auto($name, 'large', '', $fallback);
	return;
}
my $down = 'tnfr_backends\(\) tells the state of the device';
for my $case (
	[ 'no library', '', 'tnfr\.gpu_library is empty', 'Build and install tnfr_pg where nvcc is found' ],
	[ 'library missing', '/no/such/file.so', 'could not access "/no/such/file\.so": No such file or directory', 'Build and install tnfr_pg where nvcc is found' ],
	[ 'text for a library', $node->data_dir . '/text.so', '\S+text\.so: file too short', $down, '0|{"no device": 1}|f' ],
	[ 'library of something else', '$libdir/plpgsql', '\S+plpgsql\.so: undefined symbol: \w+', $down, '0|{"no device": 1}|f' ])
{
	my ($name, $path, @told) = @$case;
	set_device($node, 'tnfr.gpu_library' => $path);
	unavailable($name, @told);
}
set_device($node, 'tnfr.gpu_options' => 'absent@open');
unavailable('no device', 'injected fault', $down, '0|{"no device": 1}|f');
$node->stop;
{
	local $ENV{TNFR_TEST_DEVICE} = 'version';
	$node->start;
}
set_device($node);
unavailable('another version', 'library "\S+" is of another version', $down, '0|{"no device": 1}|f');
$node->restart;
compare('at last', 'small', '', $some[0]);

# Counters are for all to see, reasons are not.
$node->safe_psql('postgres', q{
	CREATE ROLE alice; CREATE ROLE bob; CREATE ROLE auditor; GRANT pg_read_all_stats TO auditor;
	GRANT USAGE ON SCHEMA small TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA small TO PUBLIC;
	SELECT tnfr_gpu_stat_reset()});
my $slower = "SET tnfr.backend = auto; SELECT count(*) FROM tnfr_dnfr('small.edges', 'small.nodes')";
$node->safe_psql('postgres', "SET ROLE alice; $slower");
for my $case ([ 'alice', '.* by plan' ], [ 'bob', '<insufficient privilege>' ], [ 'auditor', '.* by plan' ], [ 'postgres', '.* by plan' ])
{
	my ($role, $reason) = @$case;
	like($node->safe_psql('postgres', "SET ROLE $role; SELECT role, fallbacks, last_reason FROM tnfr_stat_gpu"), qr/^alice\|\{"slower": 1\}\|$reason$/, "$role sees what is $role\'s");
}
my ($ret, $out, $err) = $node->psql('postgres', 'SET ROLE bob; SELECT tnfr_gpu_stat_reset()');
like($err, qr/permission denied for function tnfr_gpu_stat_reset/, 'counters are reset by superusers');

# A call that did not get the device is counted; who looks on starts nothing.
set_device($node, 'tnfr.gpu_library' => '/no/such/file.so');
$node->safe_psql('postgres', 'SELECT tnfr_gpu_stat_reset()');
$node->psql('postgres', "SET tnfr.backend = cuda; SELECT * FROM tnfr_dnfr('small.edges', 'small.nodes')");
is($node->safe_psql('postgres', 'SELECT jobs, failed, refused FROM tnfr_stat_gpu'), '0|0|1', 'a refusal');
set_device($node);
cuda_row($node);
my $devices = 'SELECT device, state, pid IS NULL, starts, reason FROM tnfr_gpu_devices WHERE device = 0';
like($node->safe_psql('postgres', $devices), qr/^0\|ready\|f\|\d+\|$/, 'a device that is ready');
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE backend_type LIKE \'tnfr_pg%\'');
like($node->safe_psql('postgres', $devices), qr/^0\|off\|t\|\d+\|the device is off until a call uses it$/, 'one that is off, and stays so');
is(broker_of($node), '', 'nobody was woken');

# So are jobs, but not what they compute.
set_device($node, 'tnfr.gpu_options' => 'slow=1500');
my $job = $node->background_psql('postgres');
$job->query_until(qr/begun/, "SET ROLE alice; SET tnfr.backend = cuda;\n\\echo begun\nSELECT count(*) FROM tnfr_dnfr('small.edges', 'small.nodes');\n");
my $jobs = q{SELECT role, device, nodes, entries > 0, resident, pid > 0, started_at >= queued_at FROM tnfr_gpu_activity WHERE state = 'running'};
wait_until(sub { $node->safe_psql('postgres', $jobs) });
for my $case ([ 'bob', 'alice|0||||t|t' ], [ 'auditor', 'alice|0|50|t|f|t|t' ], [ 'alice', 'alice|0|50|t|f|t|t' ])
{
	my ($role, $seen) = @$case;
	is($node->safe_psql('postgres', "SET ROLE $role; $jobs"), $seen, "what $role sees of a job");
}
$job->quit;
is($node->safe_psql('postgres', 'SELECT count(*) FROM tnfr_gpu_activity'), 0, 'and it has ended');
set_device($node);

# Sixteen roles have counters of their own.
$node->safe_psql('postgres', join(";\n", 'SELECT tnfr_gpu_stat_reset()', map { "CREATE ROLE r$_; SET ROLE r$_; $slower; $slower; RESET ROLE" } 1 .. 20));
is($node->safe_psql('postgres', q{SELECT count(*), count(role), sum((fallbacks->>'slower')::int), max((fallbacks->>'slower')::int) FROM tnfr_stat_gpu}), '17|16|40|8', 'more roles than places');
is($node->safe_psql('postgres', 'SET ROLE r20; SELECT last_reason FROM tnfr_stat_gpu WHERE role IS NULL'), '<insufficient privilege>', 'the reason of nobody in particular is masked');

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|terminating connection because of crash/, 'no crash');
done_testing();
