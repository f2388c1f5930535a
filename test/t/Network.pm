# What the TAP tests share: a cluster with the extension, networks of a given
# size, and what the operating system says of a backend.
package Network;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_node create_network answer_of status_of kb_of tasks_of wait_for_backend_exit);

# A running cluster with the extension in database postgres.
sub start_node
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', join("\n", 'autovacuum = off', 'jit = off', @settings, ''));
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION tnfr_pg');
	return $node;
}

# Tables edges and nodes: many duplicates of nothing, a hub at node 0.
sub create_network
{
	my ($node, $nodes, $edges, $database) = @_;
	$node->safe_psql($database // 'postgres', qq{
		CREATE UNLOGGED TABLE edges AS
		SELECT CASE WHEN i % 20 = 0 THEN 0 ELSE i * 7919 % $nodes END::int AS src,
		       ((i * 104729 + i / $nodes) % $nodes)::int AS dst, (i % 7)::float8 AS weight
		FROM generate_series(1::bigint, $edges) AS i;
		CREATE UNLOGGED TABLE nodes AS
		SELECT i AS id, sin(i) AS epi, 1 + sin(i * 3) AS vf, (i % 63) / 10.0::float8 AS phase
		FROM generate_series(0, $nodes - 1) AS i;
		ANALYZE edges, nodes;
	});
	return;
}

# One line that changes when any bit of the result does.
sub answer_of
{
	my ($form) = @_;
	$form //= 'canonical';
	return qq{SELECT count(*) || ' ' || md5(string_agg(encode(float8send(dnfr), 'hex'), '' ORDER BY node)) FROM tnfr_dnfr('edges', 'nodes', '$form')};
}

# A field of /proc/PID/status.
sub status_of
{
	my ($pid, $field, $task) = @_;
	my $file = defined $task ? "/proc/$pid/task/$task/status" : "/proc/$pid/status";
	open(my $fh, '<', $file) or return;
	while (my $line = <$fh>)
	{
		return $1 if $line =~ /^$field:\s*(\S+)/;
	}
	return;
}

# The same, in kB.
sub kb_of { return status_of(@_) + 0 }

# The thread ids of a process.
sub tasks_of
{
	my ($pid) = @_;
	opendir(my $dir, "/proc/$pid/task") or return ();
	return grep { /^\d+$/ } readdir($dir);
}

# Waits until no such process is left; returns the milliseconds it took.
sub wait_for_backend_exit
{
	my ($pid, $limit_ms) = @_;
	for (my $ms = 0; $ms < $limit_ms; $ms += 5)
	{
		return $ms unless -d "/proc/$pid";
		select(undef, undef, undef, 0.005);
	}
	return $limit_ms;
}

1;
