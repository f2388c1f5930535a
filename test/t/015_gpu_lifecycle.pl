# Sessions that share a device: one that is cancelled, times out, disappears or
# stands still leaves it to the others; roles take turns; what starts by itself
# ends by itself.

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

my $late_ms = 150;    # 100 are promised; scheduling, and the way back to the client
my $gpu_timeout = 1500;

my $library = device_library();
my $node = start_node(
	'gpu_lifecycle',
	'tnfr.backend = cuda',
	"tnfr.gpu_library = '$library'",
	"tnfr.gpu_timeout = $gpu_timeout",
	'max_parallel_workers_per_gather = 0',
	'max_connections = 60');
create_network($node, 4096, 40_000);
$node->safe_psql('postgres', q{
	CREATE TABLE grid AS SELECT tnfr_graph_agg(src, dst, weight) AS graph FROM edges;
	CREATE TABLE log (slots int);
	CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN;
	GRANT SELECT ON edges, nodes, grid TO PUBLIC;
});
my $query = answer_of('gradient');
my $answer = $node->safe_psql('postgres', "SET tnfr.backend = serial; $query");

# The files of shared memory that the processes of the server have mapped.
sub shared_files
{
	my ($server) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my %file;
	for my $pid ($server, grep { (status_of($_, 'PPid') // 0) == $server } map { m{(\d+)$} } glob('/proc/[0-9]*'))
	{
		open(my $maps, '<', "/proc/$pid/maps") or next;
		while (<$maps>) { $file{$1}++ if m{(/dev/shm/\S+)} }
	}
	return join ' ', sort keys %file;
}
my $files = shared_files();

sub sql { return $node->safe_psql('postgres', $_[0]) }
sub broker { return broker_of($node) }
sub program { return (children_of($_[0]))[0] }
sub states { return job_states($node) }
sub wait_for_states { return wait_for_jobs($node, $_[0]) }
sub session { return job_session($node) }
sub begin { my ($s, $job) = @_; return begin_job($s, $job // $query) }

# A setting of the cluster, that new sessions have.
sub set
{
	my ($name, $value) = @_;
	sql("LOAD 'tnfr_pg'; ALTER SYSTEM SET tnfr.$name = '$value'");
	$node->reload;
	wait_for("tnfr.$name", sub { sql("SHOW tnfr.$name") eq $value });
	return;
}

# Other options, and a broker that starts with them.
sub set_options
{
	my ($options) = @_;
	set('gpu_options', $options);
	stop_broker($node);
	wait_for('no broker', sub { broker() eq '' });
	return;
}

sub pid_of { return $_[0]->query('SELECT pg_backend_pid()') }

# Runs a job to its end, and says how many milliseconds it took.
sub run_job
{
	my ($s, $name) = @_;
	begin($s);
	my ($state, $value, undef, $begin, $end) = end_of_job($s);
	is("$state $value", "00000 $answer", $name);
	return 1000 * ($end - $begin);
}

my $one = session();
my $two = session();
my $one_pid = pid_of($one);
run_job($one, 'the bits of the CPU');
is(shared_files(), $files, 'without a file of shared memory');

# Cancels and timeouts wherever a job can be. On a busy machine anything may be
# late once.
for my $case (
	[ 'while a pass runs', 'slow=1000', 'running' ],
	[ 'while entries are loaded', 'hang@load:2', 'running' ],
	[ 'in the queue', 'slow=1000', 'running queued' ],
	[ 'while the device starts', 'hang@open', 'queued' ])
{
	my ($name, $options, $states) = @$case;
	my $holder = $states =~ /running queued/;
	for my $way ('cancel', 'timeout')
	{
		my ($late, $state, $child);
		for my $try (1 .. 4)
		{
			set_options($options);
			if ($holder) { begin($two); wait_for_states('running') }
			$one->query('SET statement_timeout = 400') if $way eq 'timeout';
			begin($one);
			wait_for_states($states);
			$child = program(broker());
			usleep(100_000);
			my $at = $way eq 'cancel' && sql("SELECT extract(epoch FROM clock_timestamp()) FROM pg_cancel_backend($one_pid)");
			($state, undef, undef, my $begin, my $end) = end_of_job($one);
			$late = 1000 * ($end - ($at || $begin + 0.4));
			$one->query('SET statement_timeout = 0');
			last if $late < $late_ms;
			note "$way $name: $late ms late";
			end_of_job($two) if $holder;
		}
		is($state, '57014', "$way $name");
		cmp_ok($late, '<', $late_ms, '... ends the call in time');
		wait_for_states($holder ? 'running' : '');
		is($one->query("SET tnfr.backend = serial; $query; RESET tnfr.backend"), $answer, '... and the session goes on');

		# the device is free when the pass is over, or its program was ended
		if ($options =~ /hang/)
		{
			wait_for('... and the program that hangs is ended', sub { !-d "/proc/$child" }, $gpu_timeout / 1000 + 1);
			set_options('');
		}
		elsif ($holder) { is((end_of_job($two))[1], $answer, '... and so does the job before') }
		cmp_ok(run_job($two, '... and another gets the device'), '<', 2400, '... soon');
	}
}

# No slot outlives the statement, even if the transaction does.
set_options('slow=1000');
like($one->query("BEGIN; SET LOCAL statement_timeout = 300; $query;\n\\echo :SQLSTATE"), qr/57014/, 'a timeout in a transaction');
wait_for('... that goes on, without a slot', sub { states() eq '' }, 0.5) and pass('... that goes on, without a slot');
$one->query('ROLLBACK');
begin($one, q{DO $$ BEGIN PERFORM count(*) FROM tnfr_dnfr('edges', 'nodes');
	EXCEPTION WHEN query_canceled THEN INSERT INTO log SELECT count(*) FROM tnfr_gpu_activity WHERE state <> 'ending'; END $$});
wait_for_states('running');
sql("SELECT pg_cancel_backend($one_pid)");
is((end_of_job($one))[0], '00000', 'a cancel that is caught');
is(sql('SELECT * FROM log'), '0', '... without a slot');

# A client that is killed; a session that is terminated, with one in the queue.
for my $case ([ 'a client that is killed', sub { $_[1]->signal('KILL') } ],
	[ 'pg_terminate_backend', sub { sql("SELECT pg_terminate_backend($_[0])") } ])
{
	my ($name, $act) = @$case;
	my ($in, $out) = ("SET client_connection_check_interval = '50ms';\nSELECT pg_backend_pid();\n$query;\n", '');
	my $client = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
		'<', \$in, '>', \$out, '2>', '/dev/null', IPC::Run::timeout(60));
	$client->pump until $out =~ /(\d+)\n/;
	my $backend = $1;
	wait_for_states('running');
	begin($two);
	wait_for_states('running queued');
	$act->($backend, $client);
	cmp_ok(wait_for_backend_exit($backend, 2000), '<', $late_ms + 100, "$name ends the backend");
	is((end_of_job($two))[1], $answer, '... and the next one gets the device');
	is(states(), '', '... and no slot is left');
	eval { $client->kill_kill };
}

# Nor does one outlive a session that is terminated while its call is planned,
# in memory that nobody gives back at its end.
sql(q{CREATE FUNCTION coherence() RETURNS float8 STABLE LANGUAGE sql AS $$ SELECT coherence FROM tnfr_network_metrics('edges', 'nodes') $$});
my $planner = session();
my $planner_pid = pid_of($planner);
begin($planner, 'SELECT count(*) FROM nodes WHERE epi > coherence()');
wait_for_states('running');
sql("SELECT pg_terminate_backend($planner_pid)");
wait_for('a session that is terminated while it plans', sub { states() eq '' }, 5) and pass('a session that is terminated while it plans leaves no slot');
eval { $planner->{run}->kill_kill };

# Who asks how the device is does not wait for a job, and who waits for it does
# not pay for the one that had it when its program ended.
begin($one);
wait_for_states('running');
my $asked = time();
is(sql(q{SELECT state FROM tnfr_backends() WHERE backend = 'cuda'}), 'ready', 'a device at work');
cmp_ok(time() - $asked, '<', 0.5, '... is seen at once');
begin($two);
wait_for_states('running queued');
kill 'KILL', program(broker());
is((end_of_job($one))[0], '58000', 'a program that is killed costs the job it had');
is((end_of_job($two))[1], $answer, '... and not the next one in the queue');

# A session that stands still in the middle of a job keeps others waiting for
# tnfr.gpu_timeout at most, and the broker not at all.
set_options('slow=700');
begin($one);
wait_for_states('running');
is(shared_files(), $files, 'a job in hand has no file of shared memory');
kill 'STOP', $one_pid;
cmp_ok(run_job($two, 'beside a session that is stopped another gets the device'), '<', 700 + 2 * $gpu_timeout + 700 + 500, '... in time');
is(states(), 'failed', '... and the stopped one has lost it');
set('gpu_idle_timeout', '1s');
wait_for('... whose slot does not keep the broker', sub { broker() eq '' }, 5);
kill 'CONT', $one_pid;
my ($state, undef, $error) = end_of_job($one);
is($state, '58000', '... as it is told');
like($error, qr/left the device idle while others waited/, '... with the reason');
is(states(), '', '... and no slot is left');

# Broker and program leave when nobody uses them; not while somebody does.
set_options('slow=1200');
begin($one);
wait_for_states('running');
my $broker = broker();
my $program = program($broker);
begin($two);
is(join(' ', (end_of_job($one))[1], (end_of_job($two))[1]), "$answer $answer", 'jobs that take longer than tnfr.gpu_idle_timeout');
is(broker(), $broker, '... do not lose the broker');
wait_for('an idle broker leaves', sub { !-d "/proc/$broker" }, 4);
ok(!-d "/proc/$program", '... and the program with it');
run_job($one, '... and the next call starts them again');
set('gpu_idle_timeout', '5min');

# Other settings in the middle of a job.
for my $change ([ 'gpu_options', 'slow=1001' ], [ 'gpu_library', '' ])
{
	my ($name, $value) = @$change;
	set_options('slow=1000');
	begin($one);
	wait_for_states('running');
	set($name, $value);
	($state, undef, $error) = end_of_job($one);
	is($state, '58000', "another $name in the middle of a job ends it");
	like($error, qr/the settings of the device were changed/, '... with the reason');
}
my ($ret, undef, $stderr) = $node->psql('postgres', $query);
like($stderr, qr/tnfr\.gpu_library is empty|could not access/, 'and without a library there is none');
set('gpu_library', $library);

# Roles take turns, however many jobs one has in the queue.
set_options('slow=200');
run_job($one, 'with the right settings again');
my $script = $node->basedir . '/job.sql';
append_to_file($script, "SELECT 1 / (($query) = '$answer')::int;\n"
	  . "SELECT 1 / ((" . (answer_of('gradient') =~ s/tnfr_dnfr\('edges'/tnfr_graph_dnfr((SELECT graph FROM grid)/r) . ") = '$answer')::int;\n");
sub bench
{
	my ($role, $clients, $transactions) = @_;
	my $log = $node->basedir . "/$role.log";
	return IPC::Run::start([ 'pgbench', '-n', '-c', $clients, '-j', 2, '-t', $transactions, '-f', $script, '-U', $role, '-h', $node->host, '-p', $node->port, 'postgres' ],
		'>', $log, '2>&1', IPC::Run::timeout(100));
}
sub finish_bench { my ($run, $name) = @_; ok($run->finish, $name) or diag(join "\n", map { slurp_file($_) } glob($node->basedir . '/*.log')); return }

my $alice = bench('alice', 10, 2);
wait_for('jobs queue', sub { sql(q{SELECT count(*) FROM tnfr_gpu_activity WHERE state = 'queued' AND role = 'alice'::regrole}) >= 8 });
my $bob = bench('bob', 1, 1);
wait_for('another role comes', sub { sql(q{SELECT count(*) FROM tnfr_gpu_activity WHERE role = 'bob'::regrole}) > 0 });
my $done = q{SELECT coalesce(sum(done), 0) FROM tnfr_stat_gpu WHERE role = 'alice'::regrole};
my $before = sql($done);
finish_bench($bob, 'and is served');
# it has two jobs; each waits for one that runs and at most one more
cmp_ok(sql($done) - $before, '<=', 5, 'before most jobs of the first role');
finish_bench($alice, 'which are served, too');

# Twenty sessions at once under two roles, and more than there are slots. None
# fails, not even when all of them have to start a broker.
for my $clients (10, 15)
{
	set_options('');
	sql('SELECT tnfr_gpu_stat_reset()');
	my @runs = map { bench($_, $clients, 5) } qw(alice bob);
	finish_bench($_, "$clients sessions of a role") for @runs;
	is(sql('SELECT sum(jobs), sum(done), sum(failed + cancelled) FROM tnfr_stat_gpu'), join('|', $clients * 20, $clients * 20, 0), '... all by the device');
	is(states(), '', '... and all slots are free');
}

# Nothing is left behind.
$broker = broker();
my @kinds = map { readlink($_) // () } glob("/proc/$broker/fd/*");
is(scalar(grep { /memfd/ } @kinds), 0, 'the broker has no segment open');
run_job($_, 'all work') for $one, $two;
is(scalar(map { readlink($_) // () } glob("/proc/$broker/fd/*")), scalar @kinds, '... and has as many descriptors as before');
is(scalar(grep { /memfd/ } map { readlink($_) // () } glob("/proc/$one_pid/fd/*"), glob('/proc/' . program($broker) . '/fd/*')), 0, 'nor has a session, or the program');
my @children = grep { (status_of($_, 'PPid') // 0) == $broker } map { m{(\d+)$} } glob('/proc/[0-9]*');
is(scalar @children, 1, 'and there is no zombie');
is(shared_files(), $files, 'nor a file of shared memory');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|(?<!program) was terminated by signal|exited with exit code [^01]/, 'no crash');

$_->quit for $one, $two;
$node->stop;
done_testing();
