# A call serves the barriers by which other sessions wait for all processes:
# DROP DATABASE of another database and ALTER SYSTEM's reload do not hang.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = start_node('barrier', 'max_parallel_workers_per_gather = 1', 'work_mem = 64MB');

# Nine million edges that are stored nowhere: a long call, little to set up.
$node->safe_psql('postgres', q{
	CREATE VIEW edges AS SELECT ((a * 7919 + b * 31) % 65536)::int AS src, ((b * 104729 + a) % 65536)::int AS dst
	FROM generate_series(1, 3000) AS a, generate_series(1, 3000) AS b;
	CREATE TABLE nodes AS SELECT i AS id, sin(i) AS epi, 1::float8 AS vf, cos(i) AS phase FROM generate_series(0, 65535) AS i;
});
my @databases = map { "victim_$_" } 1 .. 16;
$node->safe_psql('postgres', "CREATE DATABASE $_") for @databases;

sub drop_next
{
	my $start = time();
	$node->safe_psql('postgres', 'DROP DATABASE ' . shift @databases);
	return 1000 * (time() - $start);
}

my $idle = 0;
for (1 .. 3)
{
	my $ms = drop_next();
	$idle = $ms if $ms > $idle;
}

my $session = $node->background_psql('postgres');
$session->query_safe('SET tnfr.max_threads = 2');
my $begin = time();
my $answer = $session->query_safe(answer_of());
my $call_ms = 1000 * (time() - $begin);

$session->query_until(qr/ready/, "\\echo ready\n" . answer_of() . ";\n\\echo over\n");
my ($worst, $drops) = (0, 0);
while (@databases)
{
	my $ms = drop_next();
	$session->{run}->pump_nb;
	last if $session->{stdout} =~ /over/;
	$drops++;
	$worst = $ms if $ms > $worst;
	usleep(1000 * $call_ms / 16);
}
$session->{run}->pump until $session->{stdout} =~ /over/;

note sprintf('a call takes %.0f ms; DROP DATABASE %.0f ms beside an idle server, at most %.0f ms in %d tries beside the call',
	$call_ms, $idle, $worst, $drops);
cmp_ok($drops, '>=', 3, 'several databases are dropped during one call');
cmp_ok($worst, '<', $idle + 300, 'none of them waits for the call');
like($session->{stdout}, qr/^\Q$answer\E$/m, 'and the call gives the right answer');
$session->{stdout} = '';
$session->quit;

$node->stop;
done_testing();
