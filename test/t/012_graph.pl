# Graphs in tables: dump and restore, COPY in both formats, logical
# replication, the memory of the aggregate, and damaged pages.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('graph', 'wal_level = logical', 'max_wal_senders = 4', 'max_replication_slots = 4');
my $dir = PostgreSQL::Test::Utils::tempdir;
create_network($node, 20000, 300_000);
$node->safe_psql(
	'postgres', q{
	CREATE TABLE graphs (id int PRIMARY KEY, graph tnfr_graph);
	INSERT INTO graphs
		SELECT 0, tnfr_graph_agg(src, dst, weight) FROM edges UNION ALL
		SELECT 1, tnfr_graph_agg(src, dst, true) FROM edges UNION ALL
		SELECT 2, NULL UNION ALL
		SELECT 10 + src % 300, tnfr_graph_agg(src, dst::bigint * 1000000007, weight / 3) FROM edges WHERE src < 3000 GROUP BY src % 300;
	CREATE MATERIALIZED VIEW grid AS SELECT tnfr_graph_agg(src, dst, weight) AS graph FROM edges;
});

# A digest of all graphs, and what is computed from one of them.
my $digest = q{SELECT count(*), count(graph), md5(string_agg(md5(tnfr_graph_send(graph)), '' ORDER BY id)) FROM graphs};
my $expected = $node->safe_psql('postgres', $digest);
my $dnfr = q{SELECT md5(string_agg(encode(float8send(dnfr), 'hex'), '' ORDER BY node)) FROM tnfr_graph_dnfr((SELECT graph FROM grid), 'nodes')};
my $answer = $node->safe_psql('postgres', $dnfr);
like($expected, qr/^289\|288\|/, 'a table of graphs');

# COPY, text and binary.
for my $format ('text', 'binary', 'csv')
{
	my $file = "$dir/graphs.$format";
	$node->safe_psql('postgres', "COPY graphs TO '$file' (FORMAT $format); CREATE TEMP TABLE g (LIKE graphs); COPY g FROM '$file' (FORMAT $format)");
	is( $node->safe_psql('postgres', "CREATE TEMP TABLE g (LIKE graphs); COPY g FROM '$file' (FORMAT $format); " . ($digest =~ s/FROM graphs/FROM g/r)),
		$expected, "COPY, $format");
}
# A binary file with one wrong byte: an error, and nothing is loaded.
my $bytes = slurp_file("$dir/graphs.binary");
my $at = index($bytes, 'TNFG') + 2000;
substr($bytes, $at, 1) = chr(ord(substr($bytes, $at, 1)) ^ 0x55);
append_to_file("$dir/bad.binary", $bytes);
my ($ret, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nCREATE TABLE bad (LIKE graphs); COPY bad FROM '$dir/bad.binary' (FORMAT binary)");
like($err, qr/ERROR:  22P03: invalid input for type tnfr_graph\nDETAIL:  Damaged graph: /, 'COPY of damaged bytes is refused');
is($node->safe_psql('postgres', 'SELECT count(*) FROM bad'), '0', 'and nothing was loaded');

# Dump and restore.
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/dump", $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), "$dir/dump" ], 'pg_restore');
is($node->safe_psql('restored', $digest), $expected, 'the same graphs');
is($node->safe_psql('restored', $dnfr), $answer, 'and the same answer from the restored view');

# Logical replication, text and binary.
for my $binary ('false', 'true')
{
	$node->safe_psql('postgres', "CREATE PUBLICATION p_$binary FOR TABLE graphs; SELECT pg_create_logical_replication_slot('s_$binary', 'pgoutput')");
	$node->safe_psql('postgres', "CREATE DATABASE replica_$binary TEMPLATE template0");
	$node->safe_psql("replica_$binary", 'CREATE EXTENSION tnfr_pg; CREATE TABLE graphs (id int PRIMARY KEY, graph tnfr_graph)');
	$node->safe_psql("replica_$binary",
		    "CREATE SUBSCRIPTION s_$binary CONNECTION \$\$"
		  . $node->connstr('postgres')
		  . "\$\$ PUBLICATION p_$binary WITH (create_slot = false, slot_name = 's_$binary', binary = $binary, copy_data = false)");
}
$node->safe_psql('postgres', 'UPDATE graphs SET id = id + 1000');
my $changed = $node->safe_psql('postgres', $digest);
$node->safe_psql('postgres', 'DELETE FROM graphs; INSERT INTO graphs SELECT 0, graph FROM grid');
$changed = $node->safe_psql('postgres', $digest);
for my $binary ('false', 'true')
{
	ok($node->poll_query_until("replica_$binary", $digest, $changed), "logical replication, binary = $binary");
	$node->safe_psql("replica_$binary", "DROP SUBSCRIPTION s_$binary");
}

# The memory of all states together is limited, and given back.
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe('SET max_parallel_workers_per_gather = 0; SELECT tnfr_graph_agg(src, dst) FROM edges LIMIT 0');
$session->query_safe(q{SELECT count(graph) FROM (SELECT src % 5000, tnfr_graph_agg(src, dst) AS graph FROM edges GROUP BY 1) AS g});
my $before = kb_of($pid, 'RssAnon');
for (1 .. 5)
{
	$session->query(q{SET tnfr.memory_limit = '8MB'; SELECT count(graph) FROM (SELECT src % 5000, tnfr_graph_agg(src, dst, weight) AS graph FROM edges GROUP BY 1) AS g});
}
like($session->{stderr}, qr/tnfr_graph_agg would need more memory than tnfr\.memory_limit allows/, 'many small states count together');
is($session->query(q{SET tnfr.memory_limit = '64MB'; SELECT count(graph) FROM (SELECT src % 5000, tnfr_graph_agg(src, dst, weight) AS graph FROM edges GROUP BY 1) AS g}),
	'4751', 'with a higher limit they pass: what the failed ones had is forgotten');
cmp_ok(kb_of($pid, 'RssAnon') - $before, '<', 20_000, 'and memory was given back');
$session->quit;

# Cancel while the graph is made.
($ret, $out, $err) = $node->psql('postgres', q{SET statement_timeout = 50; SELECT tnfr_graph_agg(a.src, b.dst) FROM edges AS a, edges AS b WHERE b.src < 100});
like($err, qr/canceling statement due to statement timeout/, 'statement_timeout');

# Damaged pages: an error or an answer, never a crash.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE damaged (id int, graph tnfr_graph);
	INSERT INTO damaged SELECT id, graph FROM (
		SELECT src % 300 AS id, tnfr_graph_agg(src, dst::bigint * (1 + src % 3) * 1000007, (src % 4) / 7.0::float8) AS graph
		FROM edges WHERE src BETWEEN 1 AND 600 GROUP BY src % 300) AS g;
	CHECKPOINT;
});
my $file = $node->data_dir . '/' . $node->safe_psql('postgres', q{SELECT pg_relation_filepath('damaged')});
$node->stop;
my $page = slurp_file($file);
my ($seed, $touched) = (20251, 0);
for (my $p = index($page, 'TNFG'); $p >= 0; $p = index($page, 'TNFG', $p + 4))
{
	# a byte of the header, or of what follows
	$seed = ($seed * 1103515245 + 12345) % 2147483648;
	my $where = $p + 4 + int($seed / 65536) % 90;
	last if $where >= length $page;
	$seed = ($seed * 1103515245 + 12345) % 2147483648;
	substr($page, $where, 1) = chr(int($seed / 65536) % 256);
	$touched++;
}
open(my $fh, '+<:raw', $file) or die $!;
print $fh $page;
close $fh;
$node->start;
cmp_ok($touched, '>', 100, "$touched graphs are damaged");
my $report = $node->safe_psql(
	'postgres', q{
	SET ignore_checksum_failure = on;	-- 18 has checksums unless told not to
	CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE statement;
		RETURN 'an answer';
	EXCEPTION WHEN data_corrupted THEN
		RETURN 'damaged';
	WHEN foreign_key_violation THEN
		RETURN 'unknown nodes';
	END $$;
	SELECT string_agg(DISTINCT answer, ', ' ORDER BY answer), count(*) FROM (
		SELECT try(format('SELECT count(*), sum(weight) FROM damaged, tnfr_graph_edges(graph) WHERE id = %s', id)) AS answer FROM generate_series(0, 299) AS id UNION ALL
		SELECT try(format('SELECT tnfr_graph_nodes(graph), tnfr_graph_density(graph), graph::text FROM damaged WHERE id = %s', id)) FROM generate_series(0, 299) AS id UNION ALL
		SELECT try(format('SELECT sum(dnfr) FROM damaged, tnfr_graph_dnfr(graph, ''nodes'') WHERE id = %s', id)) FROM generate_series(0, 299) AS id) AS t});
like($report, qr/^an answer, damaged(, unknown nodes)?\|900$/, "damaged pages: $report");
$node->stop;
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP/, 'no crash');
done_testing();
