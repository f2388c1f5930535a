/*
 * kdtree.c
 *	  Nearest points by the k-d tree against a look at every point, while
 *	  points are taken out: random, crowded, degenerate and wrapped data.
 */
#include "cloud.h"

/* An own look at the definition in kdtree.h, by every point. */
typedef struct Judge
{
	const TnfrNodes *nodes;
	bool	   *taken;
} Judge;

static bool
agrees(const Judge *j, const TnfrKdTree *tree, TnfrKdSearch *search,
	   double f, double phase)
{
	TnfrKdFound *all = malloc((j->nodes->n + 1) * sizeof(TnfrKdFound));
	uint64_t	n = 0;
	bool		good;

	for (uint64_t a = 0; a < j->nodes->n; a++)
		if (!j->taken[a])
			all[n++] = (TnfrKdFound)
		{
			plane_distance(tree, j->nodes->state[a].f, j->nodes->phase[a], f, phase),
			(uint32_t) a
		};
	qsort(all, n, sizeof(TnfrKdFound), compare_found);
	tnfr_kdtree_nearest(tree, f, phase, search);
	tnfr_kdsearch_sort(search);
	good = search->count == (n < search->k ? n : search->k);
	for (uint64_t i = 0; i < search->count && good; i++)
		good = search->found[i].node == all[i].node &&
			search->found[i].distance == all[i].distance;
	free(all);
	return good;
}

static double
deviation(const TnfrNodes *nodes)
{
	long double mean = 0;
	long double sum = 0;

	for (uint64_t i = 0; i < nodes->n; i++)
		mean += (long double) nodes->state[i].f / nodes->n;
	for (uint64_t i = 0; i < nodes->n; i++)
		sum += (nodes->state[i].f - mean) * (nodes->state[i].f - mean) / nodes->n;
	return (double) sqrtl(sum);
}

/* Searches between removals, until every point has been taken. */
static void
check_cloud(uint64_t n, Cloud cloud, uint32_t k, const char *name)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrNodes	nodes = make_nodes(&env, n, cloud, n + k);
	UnitRandom	r = {n * 2 + 77};
	TnfrKdTree	tree;
	TnfrKdSearch search;
	Judge		judge = {.nodes = &nodes,.taken = calloc(n + 1, 1)};
	double		std = deviation(&nodes);
	bool		good = tnfr_kdtree_build(&env, &nodes, &tree) == TNFR_OK &&
		tnfr_kdsearch_init(&env, &search, k) == TNFR_OK;

	good = good && (std < 1e-12 || fabs(ldexp(std, tree.exponent) * tree.scale - 1) < 1e-9);
	for (uint64_t left = n; good; left--)
	{
		uint64_t	a = n > 0 ? unit_random(&r) % n : 0;

		/* near some node, taken or not, and far from all */
		if (n < 200 || left % (n / 40 + 1) == 0)
			good = (n == 0 ||
					agrees(&judge, &tree, &search, nodes.state[a].f, nodes.phase[a])) &&
				agrees(&judge, &tree, &search, unit_uniform(&r) * 5, unit_uniform(&r) * 20 - 10);
		if (left == 0)
			break;
		while (judge.taken[a])
			a = (a + 1) % n;
		judge.taken[a] = true;
		tnfr_kdtree_remove(&tree, (uint32_t) a);
	}
	tnfr_kdsearch_release(&env, &search);
	tnfr_kdtree_release(&env, &tree);
	tnfr_nodes_release(&env, &nodes);
	free(judge.taken);
	ok(good && host.bytes == 0, name);
}

/* Whatever the threads and the seed, the same is found. */
static void
check_same(void)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrNodes	nodes = make_nodes(&env, 70000, GRID, 3);
	TnfrKdTree	one;
	TnfrKdTree	other;
	TnfrKdSearch a;
	TnfrKdSearch b;
	bool		good = tnfr_kdtree_build(&env, &nodes, &one) == TNFR_OK;

	env.threads = 5;
	env.seed = 99;
	good = good && tnfr_kdtree_build(&env, &nodes, &other) == TNFR_OK &&
		tnfr_kdsearch_init(&env, &a, 50) == TNFR_OK &&
		tnfr_kdsearch_init(&env, &b, 50) == TNFR_OK;
	for (uint32_t i = 0; i < 60000 && good; i += 7)
	{
		tnfr_kdtree_nearest(&one, nodes.state[i].f, nodes.phase[i], &a);
		tnfr_kdtree_nearest(&other, nodes.state[i].f, nodes.phase[i], &b);
		tnfr_kdsearch_sort(&a);
		tnfr_kdsearch_sort(&b);
		good = a.count == 50 && b.count == 50;
		for (int j = 0; j < 50 && good; j++)
			good = a.found[j].node == b.found[j].node;
		tnfr_kdtree_remove(&one, i);
		tnfr_kdtree_remove(&other, i);
	}
	ok(good, "the same for any number of threads and any seed");
	tnfr_kdsearch_release(&env, &a);
	tnfr_kdsearch_release(&env, &b);
	tnfr_kdtree_release(&env, &one);
	tnfr_kdtree_release(&env, &other);
	tnfr_nodes_release(&env, &nodes);
}

/*
 * Crowds must not make a search look at all of them: that would be 5e9 points
 * under sanitizers, minutes.  All are equal but perhaps the one in the middle.
 */
static void
check_cheap(Cloud cloud, const char *name)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	uint32_t	n = 100000;
	TnfrNodes	nodes = make_nodes(&env, n, cloud, 1);
	TnfrKdTree	tree;
	TnfrKdSearch search;
	bool		good = tnfr_kdtree_build(&env, &nodes, &tree) == TNFR_OK &&
		tnfr_kdsearch_init(&env, &search, 50) == TNFR_OK;

	for (uint32_t i = 0; i < n / 2 && good; i++)
	{
		tnfr_kdtree_remove(&tree, i);
		tnfr_kdtree_nearest(&tree, nodes.state[0].f, nodes.phase[0], &search);
		tnfr_kdsearch_sort(&search);
		good = search.count == 50;
		for (uint32_t j = 0; j < 50 && good && i + 1 + j < n / 2; j++)
			good = search.found[j].node == i + 1 + j;
	}
	ok(good, name);
	tnfr_kdsearch_release(&env, &search);
	tnfr_kdtree_release(&env, &tree);
	tnfr_nodes_release(&env, &nodes);
}

static void
check_ways_out(void)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrNodes	nodes = make_nodes(&env, 40000, SPREAD, 5);
	uint64_t	before = host.bytes;
	TnfrStatus	status = TNFR_NO_MEMORY;
	TnfrKdTree	tree;
	bool		good = true;

	for (uint64_t k = 1; status == TNFR_NO_MEMORY && good; k++)
	{
		host.allocations = 0;
		host.refuse_at = k;
		status = tnfr_kdtree_build(&env, &nodes, &tree);
		good = status == TNFR_OK || (status == TNFR_NO_MEMORY && host.bytes == before);
	}
	ok(good && status == TNFR_OK, "memory refused anywhere leaves nothing");
	tnfr_kdtree_release(&env, &tree);

	host.refuse_at = 0;
	host.stop = true;
	status = TNFR_STOPPED;
	for (uint64_t k = 1; status == TNFR_STOPPED && good; k++)
	{
		host.polls = 0;
		host.interrupt_at = k;
		status = tnfr_kdtree_build(&env, &nodes, &tree);
		good = status == TNFR_OK || (status == TNFR_STOPPED && host.bytes == before);
	}
	ok(good && status == TNFR_OK, "a stop anywhere leaves nothing");
	tnfr_kdtree_release(&env, &tree);
	tnfr_nodes_release(&env, &nodes);
}

int
main(void)
{
	check_cloud(0, SPREAD, 3, "no nodes");
	check_cloud(1, SPREAD, 1, "one node");
	check_cloud(2, EQUAL, 50, "fewer nodes than are wanted");
	check_cloud(100, SPREAD, 1, "the nearest of 100");
	check_cloud(3000, SPREAD, 50, "uniform");
	check_cloud(40000, SPREAD, 20, "uniform, several cells");
	check_cloud(5000, CROWDS, 50, "crowds");
	check_cloud(40000, CROWDS, 50, "crowds, several cells");
	check_cloud(3000, EQUAL, 50, "all at one place");
	check_cloud(3000, LINE_OF_PHASES, 7, "on a line of phases");
	check_cloud(3000, LINE_OF_VF, 7, "on a line of frequencies");
	check_cloud(5000, GRID, 50, "ties");
	check_cloud(40000, GRID, 1000, "ties, several cells, many wanted");
	check_cloud(3000, SEAM, 50, "around the seam of the phases");
	check_cloud(3000, HUGE_VF, 50, "frequencies near the largest number");
	check_cloud(3000, OUTLIER, 50, "one frequency far away");
	check_cloud(3000, LONE_OUTLIER, 50, "and all at one phase");
	check_same();
	check_cheap(EQUAL, "100,000 nodes at one place, taken one by one");
	check_cheap(LONE_OUTLIER, "100,000 nodes that one outlier leaves equal");
	check_ways_out();
	return done_testing();
}
