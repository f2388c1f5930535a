# Edges read with parallel workers: how many, the same bits, errors of workers,
# and what happens when there are no workers or no shared memory to be had.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('parallel_ingest', 'max_worker_processes = 6', 'min_parallel_table_scan_size = 64kB');
create_network($node, 50000, 600_000);

# Settings that ask for so many workers.
sub workers { return "SET parallel_setup_cost = 0; SET max_parallel_workers_per_gather = $_[0];" }

# The answer, and the number of workers that took part.
sub run
{
	my ($settings, $call) = @_;
	my ($out, $err);
	$node->psql('postgres', "SET tnfr.trace_phases = on; $settings " . ($call // answer_of()), stdout => \$out, stderr => \$err);
	return ($out, $err =~ /(\d+) workers?,/ ? $1 : -1, $err);
}

my ($alone, $count) = run(workers(0));
is($count, 0, 'no workers: the leader reads alone');
like($alone, qr/^50000 /, 'and every node has its row');

for my $wanted (1, 2, 4)
{
	my ($answer, $used) = run(workers($wanted));
	is($used, $wanted, "$wanted workers take part");
	is($answer, $alone, "$wanted workers: the same bits");
}
my ($answer, $used) = run(workers(2) . 'SET parallel_leader_participation = off;');
is("$answer, $used", "$alone, 2", 'the leader only collects: the same bits');

# Who decides: the planner's settings, the table's, and ours.
(undef, $used) = run('SET parallel_setup_cost = 1e9;');
is($used, 0, 'parallel_setup_cost: none when they would not pay');
(undef, $used) = run(workers(4) . "SET min_parallel_table_scan_size = '1GB';");
is($used, 0, 'min_parallel_table_scan_size: none for a table smaller than that');
$node->safe_psql('postgres', 'ALTER TABLE edges SET (parallel_workers = 3)');
(undef, $used) = run(workers(4) . "SET min_parallel_table_scan_size = '1GB';");
is($used, 3, 'parallel_workers of the table');
$node->safe_psql('postgres', 'ALTER TABLE edges RESET (parallel_workers)');
(undef, $used) = run(workers(4) . 'SET tnfr.max_threads = 2;');
is($used, 1, 'tnfr.max_threads counts the leader and its workers');
(undef, $used) = run(workers(4) . 'SET tnfr.backend = serial;');
is($used, 0, 'tnfr.backend = serial: none');
(undef, $used) = run(workers(4) . 'SET tnfr.direct_scan = off;');
is($used, 0, 'tnfr.direct_scan = off: none of ours');
($answer, $used) = run(workers(4) . 'SET max_parallel_workers = 1;');
is("$answer, $used", "$alone, 1", 'fewer slots than wanted: with those there are');
($answer, $used) = run(workers(4) . 'SET max_parallel_workers = 0;');
is("$answer, $used", "$alone, 0", 'no slot at all: alone');

# Maps of ids of every kind, weights or none, directed or not.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE gaps_nodes AS SELECT id * 3 - 70000 AS id, epi, vf, phase FROM nodes;
	CREATE TABLE gaps AS SELECT src * 3 - 70000 AS src, dst * 3 - 70000 AS dst, weight FROM edges;
	CREATE TABLE sparse_nodes AS SELECT id * 100000000003 - 4611686018427387904 AS id, epi, vf, phase FROM nodes;
	CREATE TABLE sparse AS SELECT src * 100000000003 - 4611686018427387904 AS src, dst * 100000000003 - 4611686018427387904 AS dst FROM edges;
	ANALYZE;
});
for my $name ('gaps', 'sparse')
{
	for my $directed ('true', 'false')
	{
		my $call =
		    "SELECT md5(string_agg(encode(float8send(dnfr), 'hex'), '' ORDER BY node)) "
		  . "FROM tnfr_dnfr('$name', '${name}_nodes', directed => $directed)";
		my ($one) = run(workers(0), $call);
		my ($three, $n) = run(workers(2), $call);
		is($three, $one, "ids with gaps ($name), directed $directed: the same bits");
		is($n, 2, 'with workers');
	}
}

# What a transaction has done and not committed counts, in workers too.
my $change = q{BEGIN; DELETE FROM edges WHERE src = 1; INSERT INTO edges VALUES (1, 2, 3); SAVEPOINT a;
	INSERT INTO edges VALUES (1, 3, 4); ROLLBACK TO a; UPDATE edges SET weight = 5 WHERE src = 2;};
my ($one) = run(workers(0), $change . answer_of());
($answer, $used) = run(workers(2), $change . answer_of());
is("$answer, $used", "$one, 2", 'uncommitted changes');
isnt($answer, $alone, 'and they make a difference');

# Errors that a worker finds end the call, and leave nothing behind.
for my $case (
	[ 'a null key', 'INSERT INTO bad SELECT null, 1, 1 FROM generate_series(1, 100000)', qr/null value in column "src" of relation "bad"/ ],
	[ 'a bad weight', 'UPDATE bad SET weight = -1', qr/negative value -1 in column "weight" of relation "bad"/ ],
	[ 'unknown nodes', 'UPDATE bad SET dst = 77777 WHERE dst = 7', qr/edge \(\d+, 77777\) of relation "bad" refers to a node that is not in relation "nodes"\nDETAIL:  There are \d+ such edges in all\./ ])
{
	my ($what, $break, $message) = @$case;
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS bad; CREATE TABLE bad AS SELECT * FROM edges; $break; ANALYZE bad");
	my (undef, undef, $alone_error) = run(workers(0), "SELECT count(*) FROM tnfr_dnfr('bad', 'nodes')");
	my (undef, undef, $error) = run(workers(3), "SELECT count(*) FROM tnfr_dnfr('bad', 'nodes')");
	like($error, $message, "$what: the error of a worker");
	is($error, $alone_error, 'names the same edge and counts the same') if $what eq 'unknown nodes';
}
# An error that is caught, and the next call in the same transaction.
is( $node->safe_psql(
		'postgres', workers(2) . q{
	DO $$ BEGIN
		BEGIN PERFORM count(*) FROM tnfr_dnfr('bad', 'nodes'); EXCEPTION WHEN foreign_key_violation THEN NULL; END;
		PERFORM count(*) FROM tnfr_dnfr('edges', 'nodes');
	END $$; } . answer_of()),
	$alone,
	'after a caught error: the right answer');

# Inside a parallel query of somebody else.
is( $node->safe_psql(
		'postgres', workers(2) . q{SET parallel_tuple_cost = 0;
	SELECT count(*) FROM tnfr_dnfr('edges', 'nodes') AS d JOIN edges AS e ON e.src = d.node}),
	'600000',
	'joined with a table that is scanned in parallel');

# Cancelled: workers go at once.
my ($out, $err);
$node->psql('postgres', workers(2) . "SET statement_timeout = 30; SELECT count(*) FROM tnfr_dnfr('edges', 'nodes')", stdout => \$out, stderr => \$err);
like($err, qr/canceling statement due to statement timeout/, 'statement_timeout');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'}), '0', 'no worker is left');

# A worker that is terminated ends the query, not the server.
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query(workers(2));
$session->query_until(qr/go/, "\\echo go\n" . (answer_of() . ";\n") x 30 . "\\echo over\n");
my $killed = 0;
for (1 .. 500)
{
	$killed = $node->safe_psql('postgres', q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'parallel worker'});
	last if $killed > 0;
}
$session->query_until(qr/over/, '');
cmp_ok($killed, '>', 0, 'a worker was terminated');
is(scalar($session->query(answer_of())), $alone, 'the session gives the right answer afterwards');
$session->quit;

# A leader that is held up again and again, as by a busy machine, misses no
# wake-up: with full pools on one side and a sleeper on the other nothing moves.
my $held = $node->background_psql('postgres', on_error_stop => 0);
my $leader = $held->query_safe('SELECT pg_backend_pid()');
$held->query_safe(workers(1) . "SET parallel_leader_participation = off; SET statement_timeout = '60s'");
$held->query_until(qr/go/, "\\echo go\n" . (answer_of() . ";\n") x 10 . "\\echo over\n");
while ($held->{stdout} !~ /over/)
{
	kill 'STOP', $leader;
	select(undef, undef, undef, 0.02);
	kill 'CONT', $leader;
	select(undef, undef, undef, 0.003);
	$held->{run}->pump_nb;
}
unlike($held->{stderr}, qr/statement timeout/, 'a leader that is held up does not sleep for ever');
is(scalar(() = $held->{stdout} =~ /\Q$alone\E/g), 10, 'and gives the right answers');
$held->{stdout} = '';
$held->quit;

# Buffers that workers read are counted.
my $buffers = $node->safe_psql('postgres', workers(2) . q{EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM tnfr_dnfr('edges', 'nodes')});
my ($hit) = $buffers =~ /"Shared Hit Blocks": (\d+)/;
my ($read) = $buffers =~ /"Shared Read Blocks": (\d+)/;
my $pages = $node->safe_psql('postgres', q{SELECT (pg_relation_size('edges') + pg_relation_size('nodes')) / 8192});
cmp_ok($hit + $read, '>=', $pages, 'EXPLAIN BUFFERS counts the pages of all');

$node->stop;
done_testing();
