# Whatever goes wrong with a device, at any of its calls: a clean error with
# the reason, or the processor's answer; nobody else notices, the next job
# works, and nothing is left behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Device;
use IPC::Run;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

plan skip_all => 'needs /proc' unless -r '/proc/self/status';

my $node = start_device_node('gpu_faults', 'shared_preload_libraries = tnfr_pg', 'tnfr.gpu_min_entries = 0', 'tnfr.max_threads = 1');
create_network($node, 2000, 500_000);
$node->safe_psql('postgres', 'CREATE TABLE graphs AS SELECT tnfr_graph_agg(src, dst) AS graph FROM edges');
my $call = digest_of(q{tnfr_graph_dnfr((SELECT graph FROM graphs), 'nodes')});
my $answer = $node->safe_psql('postgres', "SET tnfr.backend = serial; $call");
my $available = q{SELECT available, reason FROM tnfr_backends() WHERE backend = 'cuda'};

# A session that computes with the device: what it returns, and says.
my $session;
sub by_cuda
{
	my $out = $session->query("SET tnfr.backend = cuda; $call;\n\\echo :SQLSTATE");
	my $said = $session->{stderr};
	$session->{stderr} = '';
	return ($out, $said);
}

# The same under auto, once the device has started if it can, and what is counted.
sub by_auto
{
	return $node->safe_psql('postgres', "$available; SELECT tnfr_gpu_stat_reset() IS NULL; SET tnfr.backend = auto; $call; SELECT fallbacks, done FROM tnfr_stat_gpu");
}
my ($good, $fine) = ("$answer\n00000", "t|\nf\n$answer\n{}|1");

# With a server that has measured nothing yet the plan is always for the
# device. One session only watches; it and what else there is must be the same
# at the end.
my ($witness, $watched, %begin);
my $watch = 'SELECT pg_backend_pid(), pg_postmaster_start_time()';
sub begin
{
	set_device($node);
	$node->restart;
	$witness = $node->background_psql('postgres', timeout => 600);
	$session = $node->background_psql('postgres', on_error_stop => 0, timeout => 600);
	$begin{session} = $session->query_safe('SELECT pg_backend_pid()');
	$watched = $witness->query_safe($watch);
	my ($out, $said) = by_cuda();
	is($out, $good, 'the device computes');
	is(by_auto(), $fine, 'auto takes the device');
	$begin{broker} = broker_of($node);
	$begin{files} = join ' ', map { scalar links_of($begin{$_}) } 'broker', 'session';
	return;
}

sub finish
{
	my ($name) = @_;
	set_device($node);
	is((by_cuda())[0], $good, "$name: then the device computes again");
	is(by_auto(), $fine, "$name: and auto takes it");
	is($witness->query_safe($watch), $watched, "$name: nobody else has noticed");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM tnfr_gpu_activity'), 0, "$name: no job is left");
	is(broker_of($node), $begin{broker}, "$name: the broker is the same");
	my @device = children_of($begin{broker});
	is(scalar(@device), 1, "$name: it has one program, and no zombie");
	is(join(' ', map { scalar links_of($begin{$_}) } 'broker', 'session'), $begin{files}, "$name: no file is left open");
	is(scalar(grep { /memfd:tnfr_pg/ } map { links_of($_) } @device, $begin{broker}, $begin{session}), 0, "$name: no segment is left");
	$_->quit for $witness, $session;
	$node->stop;
	ok(!-d "/proc/$device[0]", "$name: the program goes with the server");
	$node->start;
	return;
}

sub fails_as
{
	my ($name, $text) = @_;
	my ($out, $said) = by_cuda();
	is($out, '58000', "$name: cuda fails");
	like($said, qr/ERROR:  the CUDA backend could not compute\nDETAIL:  Device 0: $text\.\nHINT:  \w/, "$name: and says why");
	return;
}

# What a fault is counted as, and told as.
my %text = (
	fail => [ 'error', 'injected fault' ], memory => [ 'no memory', 'injected fault' ], absent => [ 'no device', 'injected fault' ],
	sticky => [ 'lost', 'injected fault' ], lost => [ 'lost', 'injected fault' ], hang => [ 'no answer', 'the device did not answer for 500 ms' ],
	segv => [ 'lost', 'the device program was terminated by signal 11: \w[\w ]*' ], kill => [ 'lost', 'the device program was terminated by signal 9: \w[\w ]*' ],
	exit => [ 'lost', 'the device program exited with code 0' ]);
for my $fault (sort keys %text)
{
	my ($reason, $text) = @{ $text{$fault} };
	my @timeout = ('tnfr.gpu_timeout' => $fault eq 'hang' ? '500ms' : '30s');
	begin();

	# When the device starts: it is down before there is a job.
	for my $at ("$fault\@open", "$fault\@info")
	{
		my ($told, $wrong) = (0, 0);
		set_device($node, @timeout, 'tnfr.gpu_options' => $at);
		for (my $end = time + 20; !$told && time < $end;)
		{
			my $said = by_auto();
			$wrong++ unless $said =~ /^f\|$text\nf\n\Q$answer\E\n\{"($reason|starting)": 1\}\|0$/;
			$told = $said =~ /"$reason"/;
		}
		ok($told, "$at: counted by auto");
		is($wrong, 0, "$at: and the processor computes");
		fails_as($at, $text);
	}

	# In a job. What does not end the program happens once: it is told anew.
	for my $at (map { "$fault\@$_" } 'info:2', 'create', 'stage', 'load', 'run', 'poll', 'fetch')
	{
		set_device($node, @timeout, 'tnfr.gpu_options' => $at);
		if ($at eq 'memory@create')
		{
			is(by_auto(), $fine, "$at: with less memory it goes, too");
			next;
		}
		is(by_auto(), "t|\nf\n$answer\n{\"$reason\": 1}|0", "$at: counted by auto, and the processor computes");
		set_device($node, @timeout, 'tnfr.gpu_options' => "$at,again=1") if $reason =~ /error|no memory|no device/;
		fails_as($at, $text);
	}
	finish($fault);
}

# The program of the device ends in the middle of a job, or before.
begin();
my $running = q{SELECT count(*) FROM tnfr_gpu_activity WHERE state = 'running' AND commands > commands_done};
for my $signal ('KILL', 'SEGV', 'STOP')
{
	set_device($node, 'tnfr.gpu_timeout' => '2s', 'tnfr.gpu_options' => 'slow=1500');
	for my $backend ('cuda', 'auto')
	{
		wait_until(sub { cuda_row($node) eq 't|' });	# one that hung is not started at once
		my ($stdout, $stderr);
		my $job = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "SET tnfr.backend = $backend", '-c', $call ], '>', \$stdout, '2>', \$stderr);
		ok(wait_until(sub { $node->safe_psql('postgres', $running) }), "$signal, $backend: a job runs");
		kill $signal, device_of($node);
		$job->finish;
		like($stderr, qr/DETAIL:  Device 0: the device (program was terminated by signal|did not answer)/, "$signal, cuda: the job fails") if $backend eq 'cuda';
		is($stdout, "$answer\n", "$signal, auto: the processor computes") if $backend eq 'auto';
	}
	set_device($node);
	is((by_cuda())[0], $good, "$signal: the next job works");
	my $gone = device_of($node);
	kill $signal, $gone;
	ok(wait_until(sub { !-d "/proc/$gone" }), "$signal while idle: it is no zombie") if $signal ne 'STOP';
	set_device($node, 'tnfr.gpu_timeout' => '500ms') if $signal eq 'STOP';
	fails_as('STOP while idle', 'the device did not answer for 500 ms') if $signal eq 'STOP';
	ok(wait_until(sub { (by_cuda())[0] eq $good }), "$signal while idle: the next job works");
}
finish('signals');

# Again and again: it is started ever more seldom, and comes back by itself.
begin();
set_device($node, 'tnfr.gpu_options' => 'exit@create');
my $starts = cuda_row($node, 'starts');
my $calls = 0;
for (my $end = time + 4; time < $end; $calls++)
{
	by_cuda();
	usleep(20_000);
}
$starts = cuda_row($node, 'starts') - $starts;
cmp_ok($starts, '>=', 2, "it is tried again: $starts starts");
cmp_ok($starts, '<=', 5, "but ever more seldom, for $calls calls");
set_device($node);
for (1 .. 2)
{
	is(cuda_row($node), 't|', 'it is there');
	my $gone = device_of($node);
	kill 'KILL', $gone;
	wait_until(sub { !-d "/proc/$gone" });
}
like(by_auto(), qr/^f\|.*signal 9.*\n\Q$answer\E\n\{"lost": 1\}\|0$/s, 'after two failures auto does not wait');
ok(wait_until(sub { (by_cuda())[0] eq $good }), 'and it comes back by itself');
finish('back-off');

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminating connection because of crash|(?<!program) was terminated by signal/, 'no crash');
done_testing();
