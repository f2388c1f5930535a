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

our @EXPORT = qw(start_device_node set_device wait_until wait_for digest_of broker_of stop_broker children_of device_of cuda_row links_of
  device_library job_states wait_for_jobs job_session begin_job end_of_job);

sub device_library { return abs_path('build/test/cpu_device.so') // die 'make build/test/cpu_device.so' }

# A running cluster that has the test device.
sub start_device_node
{
	my ($name, @settings) = @_;
	my $library = device_library();
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

# The same as a test that fails, under that name, when the time is over.
sub wait_for
{
	my ($name, $true, $seconds) = @_;
	return wait_until($true, $seconds // 20) ? 1 : fail("$name: not in time");
}

# One line that changes when any bit of any row does.
sub digest_of { return "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '') FROM $_[0] AS t" }

# The broker's process; '' if there is none.
sub broker_of { return $_[0]->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'tnfr_pg GPU broker'}) }

sub stop_broker { return $_[0]->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'tnfr_pg GPU broker'}) }

# The jobs there are, in the order in which they queued.
sub job_states { return $_[0]->safe_psql('postgres', q{SELECT string_agg(state, ' ' ORDER BY queued_at) FROM tnfr_gpu_activity}) }

sub wait_for_jobs
{
	my ($node, $states) = @_;
	return wait_for("jobs: $states", sub { job_states($node) eq $states });
}

# A session, and a job in it that is begun here.
sub job_session
{
	my ($node) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query(q{LOAD 'tnfr_pg'});
	return $session;
}

sub begin_job
{
	my ($session, $query) = @_;
	$session->{stdout} = $session->{stderr} = '';
	$session->{stdin} .= "SELECT 'begin ' || extract(epoch FROM clock_timestamp());\n$query;\n\\echo state :SQLSTATE\n" .
	  "SELECT 'end ' || extract(epoch FROM clock_timestamp());\n\\warn over\n\\echo over\n";
	pump_until($session->{run}, $session->{timeout}, \$session->{stdout}, qr/begin \S+\n/);
	return;
}

# Its end: SQLSTATE, value, what was said, and the seconds when it began and ended.
sub end_of_job
{
	my ($session) = @_;
	pump_until($session->{run}, $session->{timeout}, \$session->{$_}, qr/over\n/) for 'stdout', 'stderr';
	my ($begin, $value, $state, $end) = $session->{stdout} =~ /begin (\S+)\n(.*?)\n?state (\S+)\nend (\S+)/s;
	my $error = $session->{stderr};
	$session->{stdout} = $session->{stderr} = '';
	return ($state, $value, $error, $begin, $end);
}

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
