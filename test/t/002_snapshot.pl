# One call sees one snapshot. Writers move nodes together with their edges, so
# that edges from one moment and nodes from another would not fit: 23503.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = 4;
my $node = start_node('snapshot', 'max_parallel_workers_per_gather = 2', 'parallel_setup_cost = 0',
	'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0');
$node->safe_psql('postgres', q{
	CREATE TABLE nodes (id bigint PRIMARY KEY, epi float8, vf float8, phase float8) WITH (fillfactor = 50);
	CREATE TABLE edges (src bigint, dst bigint) WITH (fillfactor = 50);
	INSERT INTO nodes SELECT i, 1, 1, 1 FROM generate_series(0, 1999) AS i;
	INSERT INTO edges SELECT i, (i + 1) % 2000 FROM generate_series(0, 1999) AS i;
	INSERT INTO edges SELECT i, (i * 7 + 3) % 2000 FROM generate_series(0, 1999) AS i;
	CREATE INDEX ON edges (src);
	CREATE INDEX ON edges (dst);
	CREATE SEQUENCE fresh START 1000000;

	-- Renames random nodes among those of one writer, each in a transaction.
	CREATE PROCEDURE move(writer int, seconds float8) LANGUAGE plpgsql AS $$
	DECLARE
		until timestamptz := clock_timestamp() + make_interval(secs => seconds);
		moves int := 0;
		victim bigint;
		successor bigint;
	BEGIN
		WHILE clock_timestamp() < until LOOP
			SELECT id INTO victim FROM nodes WHERE id % 2 = writer OFFSET floor(random() * 900) LIMIT 1;
			successor := nextval('fresh') * 2 + writer;
			IF moves % 2 = 0 THEN
				INSERT INTO nodes SELECT successor, epi, vf, phase FROM nodes WHERE id = victim;
				UPDATE edges SET src = successor WHERE src = victim;
				UPDATE edges SET dst = successor WHERE dst = victim;
				DELETE FROM nodes WHERE id = victim;
			ELSE
				UPDATE edges SET dst = successor WHERE dst = victim;
				UPDATE nodes SET id = successor WHERE id = victim;
				UPDATE edges SET src = successor WHERE src = victim;
			END IF;
			COMMIT;
			moves := moves + 1;
		END LOOP;
		RAISE NOTICE 'moved %', moves;
	END $$;
});

sub start_writers
{
	my ($time) = @_;
	return map {
		my ($out, $err) = ('', '');
		my $h = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "CALL move($_, $time)" ],
			'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(120));
		[ $h, \$err ];
	} 0 .. 1;
}

sub finish_writers
{
	my $moves = 0;
	for my $writer (@_)
	{
		$writer->[0]->finish;
		$moves += $1 if ${ $writer->[1] } =~ /moved (\d+)/;
	}
	return $moves;
}

# Calls until the time is over; gives how many, and what was not as it should.
sub read_all
{
	my ($prologue, $query, $time) = @_;
	my ($stdout, $stderr);
	$node->psql('postgres', "$prologue
		CREATE FUNCTION pg_temp.watch(query text, seconds float8) RETURNS text LANGUAGE plpgsql AS \$\$
		DECLARE
			until timestamptz := clock_timestamp() + make_interval(secs => seconds);
			calls int := 0;
			rows bigint;
		BEGIN
			WHILE clock_timestamp() < until LOOP
				EXECUTE query INTO rows;
				IF rows <> 2000 THEN
					RETURN format('%s rows in call %s', rows, calls);
				END IF;
				calls := calls + 1;
			END LOOP;
			RETURN calls;
		END \$\$;
		SELECT pg_temp.watch(\$q\$$query\$q\$, $time)",
		stdout => \$stdout, stderr => \$stderr);
	return $stderr ne '' ? $stderr : $stdout;
}

my $query = "SELECT count(*) FROM tnfr_dnfr('edges', 'nodes')";

my @writers = start_writers($seconds);
my $calls = read_all('', $query, $seconds);
my $moves = finish_writers(@writers);
note "$calls calls, $moves moves";
like($calls, qr/^\d\d+$/, 'read committed: no call sees a mixture');
cmp_ok($moves, '>', 100, 'and the writers were busy');

@writers = start_writers($seconds);
$calls = read_all("SET max_parallel_workers_per_gather = 0; SET tnfr.backend = serial;", $query, $seconds);
$moves = finish_writers(@writers);
note "$calls calls, $moves moves";
like($calls, qr/^\d\d+$/, 'serial: no call sees a mixture');

# In REPEATABLE READ the answer stays that of the first statement.
@writers = start_writers(3);
my $ids = "SELECT md5(string_agg(node::text, ',' ORDER BY node)) FROM tnfr_dnfr('edges', 'nodes')";
my $output = $node->safe_psql('postgres',
	"BEGIN ISOLATION LEVEL REPEATABLE READ;\n" . "$ids; SELECT '' FROM pg_sleep(0.2);\n" x 8 . "COMMIT;");
my %answers = map { $_ => 1 } grep { $_ ne '' } split /\n/, $output;
is(scalar(keys %answers), 1, 'repeatable read: the same network all along');
$output = $node->safe_psql('postgres', "$ids; SELECT '' FROM pg_sleep(0.2);\n" x 4);
%answers = map { $_ => 1 } grep { $_ ne '' } split /\n/, $output;
cmp_ok(scalar(keys %answers), '>', 1, 'read committed: a new one each time');
finish_writers(@writers);

# Two calls of one statement see one snapshot as well.
@writers = start_writers(2);
$calls = read_all('', "SELECT count(*) FROM tnfr_dnfr('edges', 'nodes') AS a JOIN tnfr_dnfr('edges', 'nodes', 'phase') AS b USING (node)", 2);
finish_writers(@writers);
like($calls, qr/^\d+$/, 'two calls in one statement see the same nodes');

# A table that is being changed by DDL is waited for, and a timeout ends the wait.
my $ddl = $node->background_psql('postgres');
$ddl->query_safe("BEGIN; ALTER TABLE nodes ADD COLUMN note text");
my ($stdout, $stderr);
$node->psql('postgres', "SET statement_timeout = '200ms'; $query", stdout => \$stdout, stderr => \$stderr);
like($stderr, qr/canceling statement due to statement timeout/, 'ALTER TABLE in progress is waited for');
$node->psql('postgres', "SET lock_timeout = '200ms'; $query", stdout => \$stdout, stderr => \$stderr);
like($stderr, qr/canceling statement due to lock timeout/, 'with lock_timeout, too');
$ddl->query_safe("COMMIT");
$ddl->quit;
is($node->safe_psql('postgres', $query), 2000, 'and then read');

$node->stop;
done_testing();
