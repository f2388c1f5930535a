# What the TAP tests of devices share: a cluster with the library of a device
# that computes on the processor and fails on demand (test/device/cpu_device.c),
# its settings, and the processes.
package Device;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use Network;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(start_device_node set_device wait_until digest_of broker_of children_of device_of cuda_row links_of);

# A running cluster that has the test device.
sub start_device_node
{
	my ($name, @settings) = @_;
	my $library = abs_path('build/test/cpu_device.so') or die 'make build/test/cpu_device.so';
	my $node = start_node($name, @settings, "tnfr.gpu_library = '$library'", "include_if_exists = 'device.conf'");
	return $node;
}

# Settings of the device, and of nothing else, for the whole cluster. The
# session that is told last was begun after the broker had been.
my $generation = 0;
sub set_device
{
	my ($node, %value) = @_;
	my $file = $node->data_dir . '/device.conf';
	$generation++;
	open(my $fh, '>', $file) or die "$file: $!";
	print $fh "$_ = '$value{$_}'\n" for sort keys %value;
	print $fh "test.generation = $generation\n";
	close $fh;
	kill 'HUP', (slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/)[0];
	wait_until(sub { $node->safe_psql('postgres', q{SELECT current_setting('test.generation', true)}) eq $generation }) or die 'not reloaded';
	return;
}

# Waits until it is true; its last value.
sub wait_until
{
	my ($true, $seconds) = @_;
	my $end = time + ($seconds // 30);
	my $value;
	usleep(10_000) until $value = $true->() or time > $end;
	return $value;
}

# One line that changes when any bit of any row does.
sub digest_of { return "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '') FROM $_[0] AS t" }

# The broker's process; '' if there is none.
sub broker_of { return $_[0]->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'tnfr_pg GPU broker'}) }

# Processes that were started by this one, zombies among them.
sub children_of
{
	my ($parent) = @_;
	opendir(my $dir, '/proc') or die $!;
	return grep { /^\d+$/ && (status_of($_, 'PPid') // 0) == $parent } readdir($dir);
}

# The program of the device, without asking it anything.
sub device_of
{
	my ($node) = @_;
	my $broker = broker_of($node) or return;
	my ($child) = children_of($broker);
	return $child;
}

# What tnfr_backends tells of the device; starts it.
sub cuda_row
{
	my ($node, $columns) = @_;
	return $node->safe_psql('postgres', 'SELECT ' . ($columns // 'available, reason') . q{ FROM tnfr_backends() WHERE backend = 'cuda'});
}

# The files that a process has open.
sub links_of
{
	my ($pid) = @_;
	opendir(my $dir, "/proc/$pid/fd") or return ();
	return map { readlink("/proc/$pid/fd/$_") // () } grep { /^\d+$/ } readdir($dir);
}

1;
