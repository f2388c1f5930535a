# The threads of a call: as many as allowed while it computes, all with every
# signal blocked, and none left behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

plan skip_all => 'needs /proc' unless -d '/proc/self/task';

my $cores = () = slurp_file('/proc/cpuinfo') =~ /^processor/mg;
my $node = start_node('threads', 'max_parallel_workers_per_gather = 1');
create_network($node, 65536, 2_000_000);
my $session = $node->background_psql('postgres');
my $pid = $session->query_safe('SELECT pg_backend_pid()');
is(scalar(tasks_of($pid)), 1, 'a backend begins with one thread');

# The signals PostgreSQL has handlers for.
my %signal = (HUP => 1, INT => 2, QUIT => 3, USR1 => 10, USR2 => 12, PIPE => 13, ALRM => 14, TERM => 15, CHLD => 17, URG => 23, IO => 29);

# Watches the backend while it computes: the most threads seen, and of the
# threads that were not the first, the signals one of them had open.
sub watch
{
	my ($settings) = @_;
	my ($most, $seen, %open) = (0, 0);
	$session->query_safe($settings);
	$session->query_until(qr/ready/, "\\echo ready\n" . (answer_of() . ";\n") x 2 . "\\echo over\n");
	while (1)
	{
		my @tasks = tasks_of($pid);
		$most = @tasks if @tasks > $most;
		for my $task (grep { $_ != $pid } @tasks)
		{
			my $mask = status_of($pid, 'SigBlk', $task) // next;
			$seen++;
			for my $name (keys %signal)
			{
				$open{$name} = 1 unless hex(substr($mask, -8)) & (1 << ($signal{$name} - 1));
			}
		}
		$session->{run}->pump_nb;
		last if $session->{stdout} =~ /over/;
		usleep(1000);
	}
	$session->{stdout} = '';
	return ($most, $seen, join(' ', sort keys %open));
}

my ($most, $seen, $open) = watch('SET tnfr.backend = serial');
is($most, 1, 'serial: no second thread');

($most, $seen, $open) = watch('SET tnfr.backend = openmp; SET tnfr.max_threads = 1');
is($most, 1, 'max_threads = 1: no second thread');

SKIP:
{
	skip 'one core', 2 if $cores < 2;
	($most, $seen, $open) = watch('SET tnfr.max_threads = 2');
	is($most, 2, 'max_threads = 2: one more thread');
	is($open, '', "with every signal blocked ($seen looks)");
}
is(scalar(tasks_of($pid)), 1, 'no thread is left after a call');

($most, $seen, $open) = watch('SET tnfr.max_threads = 0');
cmp_ok($most, '<=', 2, 'max_threads = 0: the budget of max_parallel_workers_per_gather');
($most, $seen, $open) = watch('SET max_parallel_workers_per_gather = 0');
is($most, 1, 'a budget of none: no second thread');
($most, $seen, $open) = watch('SET tnfr.max_threads = 1000');
cmp_ok($most, '<=', $cores, 'never more than there are cores');

# Nor after a call that was cancelled or failed.
my $before = status_of($pid, 'SigBlk');
$session->query_until(qr/over/, "SET tnfr.max_threads = 2; SET statement_timeout = 150;\n" . answer_of() . ";\nSET statement_timeout = 0;\n\\echo over\n");
is(scalar(tasks_of($pid)), 1, 'no thread is left after a cancelled call');
is(status_of($pid, 'SigBlk'), $before, 'and the backend blocks no other signals than before');
$session->quit;

# Where the system gives no more threads, the call does without.
SKIP:
{
	skip 'needs prlimit and an ordinary user', 2 if $> == 0 || system('prlimit --version >/dev/null 2>&1') != 0;
	my ($stdout, $stderr);
	$node->psql('postgres', "SELECT pg_backend_pid() AS pid \\gset\n\\setenv BACKEND :pid\n\\! prlimit --pid \$BACKEND --nproc=1:1\n"
		  . "SET tnfr.backend = openmp; SET tnfr.max_threads = 2;\n" . answer_of() . ";\n\\echo on it goes\n",
		stdout => \$stdout, stderr => \$stderr);
	like($stdout, qr/on it goes/, 'no threads to be had: the session lives');
	is((split /\n/, $stdout)[0], $node->safe_psql('postgres', answer_of()), 'and gives the right answer');
}

$node->stop;
done_testing();
