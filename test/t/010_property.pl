# Random networks against the references of test/property. Their test points
# become ours. TNFR_SEED repeats a run, TNFR_NETWORKS lengthens it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Network;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = -x '/usr/bin/python3' ? '/usr/bin/python3' : 'python3';
plan skip_all => 'needs python3 with numpy' if system("$python -c 'import numpy' 2>/dev/null") != 0;

my $node = start_node('property');
my @options = ('--networks', $ENV{TNFR_NETWORKS} // 20);
push @options, '--seed', $ENV{TNFR_SEED} if defined $ENV{TNFR_SEED};

foreach my $script ('dnfr_property.py', 'measures_property.py', 'partition_property.py')
{
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGDATABASE} = 'postgres';
	open(my $points, '-|', $python, "$FindBin::RealBin/../property/$script", @options) or die "could not run $python: $!";
	while (my $line = <$points>)
	{
		chomp $line;
		if ($line =~ /^(not )?ok \d+ - (.*)/)
		{
			ok(!$1, $2);
		}
		elsif ($line =~ /^# (.*)/)
		{
			diag($1);
		}
	}
	close $points;
	is($?, 0, "$script ends well");
}

$node->stop;
done_testing();
