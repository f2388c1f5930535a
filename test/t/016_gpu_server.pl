# The broker as a part of the server: it can be stopped at any time, and so can
# the server; it blocks nobody, works on a standby, needs no /dev/shm, and what
# becomes of its programs never is a crash.

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

my $library = device_library();
my $node = PostgreSQL::Test::Cluster->new('gpu_primary');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', join("\n",
	'autovacuum = off', 'jit = off', 'max_parallel_workers_per_gather = 0',
	"tnfr.backend = cuda", "tnfr.gpu_library = '$library'", 'tnfr.gpu_min_entries = 0', 'tnfr.max_threads = 1',
	"include_if_exists = 'device.conf'", ''));
append_to_file($node->data_dir . '/device.conf', '');
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION tnfr_pg;
	CREATE TABLE edges AS SELECT i * 7919 % 4096 AS src, i * 104729 % 4093 AS dst, (i % 7)::float8 AS weight FROM generate_series(1::bigint, 750000) AS i;
	CREATE VIEW plain AS SELECT src, dst FROM edges;
	CREATE TABLE nodes AS SELECT i AS id, sin(i) AS epi, 1 + sin(i * 3) AS vf, (i % 63) / 10.0::float8 AS phase FROM generate_series(0, 4095) AS i;
	CREATE MATERIALIZED VIEW grid AS SELECT tnfr_graph_agg(src, dst, weight) AS graph FROM edges;
	CHECKPOINT;
});
my $query = answer_of('gradient');
my $plain = answer_of('canonical') =~ s/'edges'/'plain'/r =~ s/\)$/, weights => '{"topo": 0.2}')/r;    # by plan, the device wins
my $stored = $query =~ s/tnfr_dnfr\('edges'/tnfr_graph_dnfr((SELECT graph FROM grid)/r;
my $answer = $node->safe_psql('postgres', "SET tnfr.backend = serial; $query");
my $plain_answer = $node->safe_psql('postgres', "SET tnfr.backend = serial; $plain");

sub sql { return $node->safe_psql('postgres', $_[0]) }
sub broker { return broker_of($_[0] // $node) }
sub name_of { open(my $file, '<', "/proc/$_[0]/cmdline") or return ''; return <$file> // '' }
sub wait_for_states { return wait_for_jobs($node, $_[0]) }
sub session { return job_session($node) }
sub begin { my ($s, $job) = @_; return begin_job($s, $job // $query) }

# Settings of the device, and nothing else; a broker of before has left.
sub configure
{
	my ($with, $options, @more) = @_;
	my $file = $with->data_dir . '/device.conf';
	unlink $file;
	append_to_file($file, join("\n", "tnfr.gpu_options = '$options'", @more, ''));
	$with->reload;
	wait_for('reload', sub { $with->safe_psql('postgres', 'SHOW tnfr.gpu_options') eq $options });
	return;
}
sub set_options { configure($node, @_); stop_broker($node); wait_for('no broker', sub { broker() eq '' }); return }

# The broker is stopped: idle, with a job in hand, and with one in the queue.
set_options('slow=1000');
is(sql($query), $answer, 'the bits of the CPU');
my ($one, $two) = (session(), session());
my $broker = broker();
my ($program) = children_of($broker);
sql("SELECT pg_cancel_backend($broker)");
begin($one);
wait_for_states('running');
sql("SELECT pg_cancel_backend($broker)");
is((end_of_job($one))[1], $answer, 'pg_cancel_backend of the broker means nothing');
is(broker(), $broker, '... to it, either');

stop_broker($node);
wait_for('an idle broker is stopped', sub { !-d "/proc/$broker" }, 2);
ok(!-d "/proc/$program", '... and the program with it');

begin($one);
wait_for_states('running');
begin($two);
wait_for_states('running queued');
$broker = broker();
($program) = children_of($broker);
stop_broker($node);
for my $case ([ 'a job in hand', $one ], [ 'a job in the queue', $two ])
{
	my ($name, $session) = @$case;
	my ($state, undef, $error) = end_of_job($session);
	is($state, '58000', "a broker that is stopped: $name");
	like($error, qr/the CUDA backend could not compute\nDETAIL:  Device 0: the GPU broker was stopped\.\nHINT/, '... with the reason');
}
wait_for('the broker has gone', sub { !-d "/proc/$broker" }, 2);
ok(!-d "/proc/$program", '... and the program with it');
is(job_states($node), '', '... and no slot is left');
begin($one);
is((end_of_job($one))[1], $answer, '... and the next call has another one');
isnt(broker(), $broker, '... by another process');

# What jobs took so far would make a plan for the CPU.
$_->quit for $one, $two;
$node->restart;
($one, $two) = (session(), session());
is(sql("SELECT available FROM tnfr_backends() WHERE backend = 'cuda'"), 't', 'a device that is ready');
begin($one, "SET tnfr.backend = auto; $plain");
wait_for_states('running');
stop_broker($node);
is((end_of_job($one))[1], $plain_answer, 'with auto, the CPU gives the right answer');
is(sql('SELECT fallbacks FROM tnfr_stat_gpu'), '{"broker ended": 1}', '... for a reason that is counted');
$one->query('RESET tnfr.backend');

# Barriers, by which others wait for all processes.
sub barriers
{
	my ($when, $n) = @_;
	for my $command ("CREATE DATABASE victim_$n TEMPLATE template0", "ALTER DATABASE victim_$n SET TABLESPACE other", "DROP DATABASE victim_$n")
	{
		my $begin = time();
		sql($command);
		cmp_ok(time() - $begin, '<', 2, "$command, $when");
	}
	return;
}
my $space = PostgreSQL::Test::Utils::tempdir;
sql("CREATE TABLESPACE other LOCATION '$space'");
set_options('slow=6000');
is(sql("SELECT available FROM tnfr_backends() WHERE backend = 'cuda'"), 't', 'the broker is idle');
barriers('beside an idle broker', 1);
begin($one);
wait_for_states('running');
barriers('beside a job', 2);
is(job_states($node), 'running', 'which was there all the time');
is((end_of_job($one))[1], $answer, '... and ends well');
$_->quit for $one, $two;
sql('DROP TABLESPACE other');

# The server is restarted with a job in hand.
sub restart_under_way
{
	my ($mode, $name) = @_;
	configure($node, 'slow=5000');
	my $s = session();
	begin($s);
	wait_for_states('running');
	my $pid = broker();
	my ($child) = children_of($pid);
	$node->stop($mode);
	ok(!-d "/proc/$pid", "$name, $mode: the broker has gone");
	wait_for("$name, $mode: the program goes, too", sub { !-d "/proc/$child" }, 2);
	$s->{run}->kill_kill;
	configure_offline('');
	$node->start;
	is(sql($query), $answer, "$name, $mode: all is well afterwards");
	return;
}
sub configure_offline { unlink $node->data_dir . '/device.conf'; append_to_file($node->data_dir . '/device.conf', join("\n", "tnfr.gpu_options = ''", @_, '')); return }
restart_under_way('fast', 'on demand');
restart_under_way('immediate', 'on demand');

# A standby, and its promotion with a broker at work.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('gpu_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'a standby');
is(broker($standby), '', '... without a broker');
is($standby->safe_psql('postgres', $_), $answer, '... gives the bits of the primary') for $query, $stored;
my $standby_broker = broker($standby);
like($standby_broker, qr/^\d+$/, '... and has one now');
$standby->promote;
is($standby->safe_psql('postgres', $query), $answer, '... as it does when it is promoted');
is(broker($standby), $standby_broker, '... with the same broker');
$standby->stop;

# No worker is to be had.
configure_offline('max_worker_processes = 0');
$node->restart;
my ($ret, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$query");
like($err, qr/ERROR:  58000: the CUDA backend.*no background worker could be started.*HINT:  Raise max_worker_processes/s, 'no worker for a broker');
is(sql("SET tnfr.backend = auto; $plain"), $plain_answer, 'with auto, the CPU gives the right answer');
is(sql('SELECT fallbacks FROM tnfr_stat_gpu'), '{"no worker": 1}', '... for a reason that is counted');
is(sql("SELECT available, reason FROM tnfr_backends() WHERE backend = 'cuda'"), 'f|no background worker could be started', '... and shown');

# The permanent broker.
configure_offline("shared_preload_libraries = 'tnfr_pg'", 'tnfr.gpu_idle_timeout = 1s');
$node->restart;
wait_for('a permanent broker is there from the start', sub { broker() ne '' }, 5);
$broker = broker();
is(sql($stored), $answer, '... and serves');
($program) = children_of($broker);
usleep(2_500_000);
is(broker(), $broker, '... and does not leave when it is idle');
is(sql($stored), $answer, '... and serves another session');
is(sql('SELECT sum(reused) FROM tnfr_stat_gpu'), '1', '... with the graph of the first');
is((children_of($broker))[0], $program, '... by the same program');
stop_broker($node);
wait_for('... and comes again when it is stopped', sub { !-d "/proc/$broker" && broker() ne '' }, 5);
is(sql($query), $answer, '... and serves');
restart_under_way($_, 'permanent') for 'fast', 'immediate';

configure_offline("shared_preload_libraries = 'tnfr_pg'", "tnfr.gpu_library = ''");
my $log_from = -s $node->logfile;
$node->restart;
usleep(2_500_000);
is(broker(), '', 'where there is no library there is no broker');
unlike(substr(slurp_file($node->logfile), $log_from), qr/background worker "tnfr_pg/, '... nor one that comes again and again');

# Next to no /dev/shm. The server is to be no process of root's, in its own eyes.
SKIP:
{
	configure_offline('dynamic_shared_memory_type = posix', 'min_dynamic_shared_memory = 0');
	$node->stop;
	my $inside = 'mount -t tmpfs -o size=3m none /dev/shm && exec unshare --map-user=1000 --map-group=1000 "$@"';
	skip 'unshare is refused', 3 if system("unshare -rm sh -c '$inside' sh true 2>/dev/null") != 0;
	system_or_bail('unshare', '-rm', 'sh', '-c', $inside, 'sh', 'pg_ctl', '-w', '-s', '-D', $node->data_dir, '-l', $node->logfile, 'start');
	$node->_update_pid(1);
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	like(slurp_file("/proc/$postmaster/mountinfo"), qr{ /dev/shm .*size=3072k}, '/dev/shm of 3 MB, 1 or 2 of which the server takes');
	is(sql($query), $answer, '... is enough for 16 MB of entries');
	is(sql('SELECT sum(bytes_in) > 16000000, sum(done) FROM tnfr_stat_gpu'), 't|1', '... that went to the device');
	$node->stop;
}

# In a container the postmaster is process 1, and the parent of all orphans.
my $postmaster;
END { kill 'INT', $postmaster if defined $postmaster }
SKIP:
{
	configure_offline('tnfr.gpu_idle_timeout = 1s', 'restart_after_crash = on');
	$node->stop if $node->{_pid};
	my @first = ('unshare', '-rpf', '--mount-proc', 'unshare', '--map-user=1000', '--map-group=1000');
	skip 'unshare is refused', 4 if system(join(' ', @first, 'true 2>/dev/null')) != 0;
	$log_from = -s $node->logfile;
	my $server = IPC::Run::start([ @first, 'postgres', '-D', $node->data_dir ], '>>', $node->logfile, '2>&1');
	my $crashes = sub { scalar(() = substr(slurp_file($node->logfile), $log_from) =~ /reinitializing/g) };
	my $ready = sub { system('pg_isready', '-q', '-h', $node->host, '-p', $node->port) == 0 };
	wait_for('a server that is process 1', $ready);
	($postmaster) = children_of((map { $_->{PID} } @{ $server->{KIDS} })[0]);
	is(sql("SELECT pg_read_file('postmaster.pid') LIKE E'1\\n%'"), 't', 'a server that is process 1');
	is(sql($query), $answer, '... has a broker');
	wait_for('... that leaves', sub { broker() eq '' }, 5);
	is(sql($query), $answer, '... and comes again');
	stop_broker($node);
	wait_for('... is stopped', sub { broker() eq '' }, 5);
	usleep(200_000);
	is($crashes->(), 0, '... and none of its programs is taken for a crash');
	sql($query);
	kill 'KILL', grep { name_of($_) =~ /GPU broker/ } children_of($postmaster);
	wait_for('... but the broker is one', sub { $crashes->() > 0 }, 5);
	wait_for('... and the server comes again', $ready);
	usleep(500_000);
	is($crashes->() . ' ' . sql($query), "1 $answer", '... once');
	kill 'INT', $postmaster;
	$server->finish;
	undef $postmaster;
}

unlike(slurp_file($_->logfile), qr/PANIC|TRAP/, 'no crash') for $node, $standby;
done_testing();
