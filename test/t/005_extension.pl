# Creating, updating, moving and dropping the extension; who may; and several
# databases side by side.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('extension');
my $tables = q{
	CREATE TABLE edges AS SELECT 1 AS src, 2 AS dst;
	CREATE TABLE nodes AS SELECT i AS id, i::float8 AS epi, 1::float8 AS vf, 0::float8 AS phase FROM generate_series(1, 3) AS i;
};
$node->safe_psql('postgres', $tables);
my $answer = '1|0.5
2|-0.5
3|0';
my $call = "tnfr_dnfr('edges', 'nodes', 'epi_vf')";

# Updating to the version that is there changes nothing.
my $version = $node->safe_psql('postgres', "SELECT default_version FROM pg_available_extensions WHERE name = 'tnfr_pg'");
is($node->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'tnfr_pg'"), $version, "version $version");
$node->safe_psql('postgres', 'ALTER EXTENSION tnfr_pg UPDATE');
$node->safe_psql('postgres', "ALTER EXTENSION tnfr_pg UPDATE TO '$version'");
is($node->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'tnfr_pg'"), $version, 'ALTER EXTENSION UPDATE to itself');
is($node->safe_psql('postgres', "SELECT * FROM $call"), $answer, 'and the function works');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension_update_paths('tnfr_pg') WHERE target = '$version' AND path IS NULL"), 0,
	'every version that is shipped leads to this one');

# The scripts are not for psql.
my $sharedir = `pg_config --sharedir`;
chomp $sharedir;
SKIP:
{
	my $script = "$sharedir/extension/tnfr_pg--$version.sql";
	skip 'the script is elsewhere', 1 unless -r $script;
	$node->command_like([ 'psql', '-X', '-d', $node->connstr('postgres'), '-f', $script ],
		qr/Use "CREATE EXTENSION tnfr_pg" to load this file/, 'the script refuses to be run by hand');
}

# In a schema of its own, moved to another, dropped and created again.
$node->safe_psql('postgres', 'DROP EXTENSION tnfr_pg');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_proc WHERE proname LIKE 'tnfr%'"), 0, 'dropped without a trace');
$node->safe_psql('postgres', 'CREATE SCHEMA "Odd One"; CREATE EXTENSION tnfr_pg SCHEMA "Odd One"');
is($node->safe_psql('postgres', "SELECT * FROM \"Odd One\".$call"), $answer, 'in a schema of its own');
is($node->safe_psql('postgres', "SET search_path = ''; SELECT * FROM \"Odd One\".tnfr_dnfr('public.edges', 'public.nodes', 'epi_vf')"), $answer, 'with an empty search_path');
my $view = "CREATE VIEW result AS SELECT * FROM \"Odd One\".$call";
$node->safe_psql('postgres', "$view; CREATE SCHEMA other; ALTER EXTENSION tnfr_pg SET SCHEMA other");
is($node->safe_psql('postgres', 'SELECT * FROM result'), $answer, 'moved to another, and a view follows');
is($node->psql('postgres', 'DROP EXTENSION tnfr_pg', stderr => \my $stderr), 3, 'what depends on it holds it');
$node->safe_psql('postgres', 'DROP EXTENSION tnfr_pg CASCADE; CREATE EXTENSION tnfr_pg');
is($node->safe_psql('postgres', "SELECT * FROM $call"), $answer, 'created again');

# CREATE EXTENSION while hostile objects are first in the search_path.
$node->safe_psql('postgres', 'CREATE DATABASE wary');
$node->safe_psql('wary', $tables . q{
	CREATE SCHEMA trap;
	CREATE FUNCTION trap.tnfr_dnfr(text, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
	SET search_path = trap, public;
	CREATE EXTENSION tnfr_pg SCHEMA public;
});
is($node->safe_psql('wary', "SELECT * FROM public.$call"), $answer, 'created beside a namesake');

# Trusted: the owner of a database needs no superuser.
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE DATABASE owned OWNER owner');
is($node->psql('owned', "CREATE EXTENSION tnfr_pg; $tables", extra_params => [ '-U', 'owner' ], stderr => \$stderr), 0, 'the owner of a database creates it');
my $stdout;
$node->psql('owned', "SELECT * FROM $call", extra_params => [ '-U', 'owner' ], stdout => \$stdout);
is($stdout, $answer, 'and uses it');
is($node->psql('owned', 'DROP EXTENSION tnfr_pg', extra_params => [ '-U', 'owner' ], stderr => \$stderr), 0, 'and drops it');

# Two databases, two networks, two sessions at a time.
$node->safe_psql('postgres', 'CREATE DATABASE second');
$node->safe_psql('second', "CREATE EXTENSION tnfr_pg; $tables UPDATE nodes SET epi = epi * 2");
my $one = $node->background_psql('postgres');
my $two = $node->background_psql('second');
for (1 .. 3)
{
	is($one->query_safe("SELECT * FROM $call"), $answer, 'the first database');
	is($two->query_safe("SELECT * FROM $call"), "1|1\n2|-1\n3|0", 'the second database');
}
$one->quit;
$two->quit;

$node->stop;
done_testing();
