/*
 * partition.c
 *	  Growth against a plain reading of SPEC 8, packing against its rule, and
 *	  what must hold of every partition.
 */
#include "core/first_fit.h"
#include "core/nearby.h"
#include "core/partition.h"
#include "cloud.h"
#include "network.h"

/*
 * The definition, word by word: after every member all distances, after every
 * step the coherence of all candidates with all members.
 */
typedef struct Judge
{
	const TnfrNodes *nodes;
	const TnfrGraph *graph;		/* NULL: candidates are the k nearest */
	uint32_t	k;
	const TnfrKdTree *units;	/* of the plane */
	uint32_t   *community;
	bool	   *candidate;
	uint32_t   *member;
	uint32_t	members;
} Judge;

static void
offer(Judge *j, uint32_t node)
{
	uint64_t	n = j->nodes->n;
	TnfrKdFound *all = malloc(n * sizeof(TnfrKdFound));
	uint64_t	free_nodes = 0;

	for (uint64_t a = 0; a < n; a++)
		if (j->community[a] == TNFR_NO_NODE)
			all[free_nodes++] = (TnfrKdFound)
		{
			plane_distance(j->units, j->nodes->state[a].f, j->nodes->phase[a],
						   j->nodes->state[node].f, j->nodes->phase[node]),
			(uint32_t) a
		};
	qsort(all, free_nodes, sizeof(TnfrKdFound), compare_found);
	for (uint64_t i = 0; i < free_nodes && i < j->k && j->graph == NULL; i++)
		j->candidate[all[i].node] = true;
	free(all);
	for (uint64_t u = 0; u < n && j->graph != NULL; u++)
		for (uint64_t e = j->graph->offset[u]; e < j->graph->offset[u + 1]; e++)
		{
			uint32_t	v = j->graph->neighbour[e];

			if (u == node && j->community[v] == TNFR_NO_NODE)
				j->candidate[v] = true;
			if (v == node && j->community[u] == TNFR_NO_NODE)
				j->candidate[u] = true;
		}
}

static double
coherence(const Judge *j, uint64_t c)
{
	double		f = 0.0;
	double		x = 0.0;
	double		y = 0.0;

	for (uint32_t m = 0; m < j->members; m++)
	{
		const TnfrNodeState *s = &j->nodes->state[j->member[m]];

		f += 1.0 / (1.0 + fabs(j->nodes->state[c].f - s->f));
		x += s->x;
		y += s->y;
	}
	return 0.6 * f + 0.4 * (j->nodes->state[c].x * x + j->nodes->state[c].y * y);
}

static uint32_t
judge_growth(Judge *j, uint32_t cap, double threshold)
{
	uint64_t	n = j->nodes->n;
	uint32_t	number = 0;

	for (uint64_t i = 0; i < n; i++)
		j->community[i] = TNFR_NO_NODE;
	for (uint64_t seed = 0; seed < n; seed++)
	{
		uint64_t	next = seed;

		if (j->community[seed] != TNFR_NO_NODE)
			continue;
		memset(j->candidate, 0, n);
		for (j->members = 0; next < n;)
		{
			double		best = -HUGE_VAL;

			j->community[next] = number;
			j->candidate[next] = false;
			j->member[j->members++] = (uint32_t) next;
			offer(j, (uint32_t) next);
			next = n;
			for (uint64_t c = 0; c < n && j->members < cap; c++)
				if (j->candidate[c] && coherence(j, c) > best)
				{
					best = coherence(j, c);
					next = c;
				}
			if (!(best / j->members > threshold))
				break;
		}
		number++;
	}
	return number;
}

/* A random graph over the nodes, for the neighbours. */
static TnfrGraph
make_graph(TnfrEnv *env, uint64_t n, uint64_t m, bool directed, uint64_t seed)
{
	UnitRandom	r = {seed * 2 + 1};
	TnfrGraph	graph = {.n = n,.directed = directed};
	uint64_t   *at;

	/* entries in canonical order, by way of a matrix */
	uint32_t   *count = calloc(n * n + 1, sizeof(uint32_t));

	for (uint64_t e = 0; e < m && n > 0; e++)
	{
		uint64_t	u = unit_random(&r) % n;
		uint64_t	v = (uint64_t) (pow(unit_uniform(&r), 3) * (double) n);

		count[u * n + v]++;
		if (!directed && u != v)
			count[v * n + u]++;
	}
	for (uint64_t e = 0; e < n * n; e++)
		graph.entries += count[e];
	graph.room = graph.entries + TNFR_GRAPH_PAD;
	graph.offset = at = tnfr_alloc(env, n + 1, sizeof(uint64_t));
	graph.neighbour = tnfr_alloc(env, graph.room, sizeof(uint32_t));
	memset(graph.neighbour, 0, graph.room * sizeof(uint32_t));
	*at = 0;
	for (uint64_t u = 0; u < n; u++)
	{
		at[u + 1] = at[u];
		for (uint64_t v = 0; v < n; v++)
			for (uint32_t c = 0; c < count[u * n + v]; c++)
				graph.neighbour[at[u + 1]++] = (uint32_t) v;
	}
	free(count);
	return graph;
}

static bool
partitions_hold(const TnfrPartitions *p)
{
	uint64_t   *size = calloc(p->partitions + 1, sizeof(uint64_t));
	uint32_t   *home = malloc((p->communities + 1) * sizeof(uint32_t));
	uint64_t	next = 0;
	bool		good = true;

	for (uint64_t i = 0; i < p->n && good; i++)
	{
		uint32_t	c = p->community[i];

		good = c < p->communities && p->partition[i] < p->partitions && c <= next;
		if (good && c == next)
			home[next++] = p->partition[i];
		good = good && home[c] == p->partition[i] && ++size[p->partition[i]] <= p->cap;
	}
	for (uint32_t b = 0; b < p->partitions && good; b++)
		good = size[b] > 0;
	free(size);
	free(home);
	return good && next == p->communities;
}

static void
check_growth(uint64_t n, Cloud cloud, uint64_t m, bool directed,
			 const TnfrPartitionRule *rule, const char *name)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrNodes	nodes = make_nodes(&env, n, cloud, n + m);
	TnfrGraph	graph = make_graph(&env, n, m, directed, n + m);
	Judge		j = {.nodes = &nodes,.k = rule->k,
		.graph = rule->candidates == TNFR_CANDIDATES_NEIGHBOURS ? &graph : NULL,
		.community = malloc((n + 1) * sizeof(uint32_t)),
		.candidate = malloc(n + 1),
	.member = malloc((n + 1) * sizeof(uint32_t))};
	TnfrPartitions p;
	TnfrKdTree	tree;			/* for the units of the plane alone */
	bool		good = tnfr_kdtree_build(&env, &nodes, &tree) == TNFR_OK &&
		tnfr_partition(&env, &graph, &nodes, rule, &p) == TNFR_OK;

	j.units = &tree;
	good = good && p.communities == judge_growth(&j, p.cap, rule->threshold) &&
		memcmp(p.community, j.community, n * sizeof(uint32_t)) == 0 &&
		(rule->max_size == 0 || p.cap == rule->max_size) && partitions_hold(&p);
	tnfr_partitions_release(&env, &p);
	tnfr_kdtree_release(&env, &tree);
	tnfr_graph_release(&env, &graph);
	tnfr_nodes_release(&env, &nodes);
	ok(good && host.bytes == 0, name);
	free(j.community);
	free(j.candidate);
	free(j.member);
}

#define RULE(size, threshold, k, kind) \
	&(TnfrPartitionRule) {size, threshold, k, TNFR_CANDIDATES_##kind}

static void
check_all_growth(void)
{
	check_growth(0, SPREAD, 0, false, RULE(0, 0.3, 50, SPATIAL), "no nodes");
	check_growth(0, SPREAD, 0, false, RULE(7, 0.3, 50, NEIGHBOURS), "no nodes, neighbours");
	check_growth(1, SPREAD, 1, false, RULE(0, 0.3, 50, SPATIAL), "one node");
	check_growth(1, SPREAD, 1, false, RULE(1, 0.3, 50, NEIGHBOURS), "one node, neighbours");
	check_growth(2, EQUAL, 1, false, RULE(5, 0.3, 50, SPATIAL), "two nodes");
	check_growth(300, SPREAD, 900, false, RULE(0, 0.3, 50, SPATIAL), "uniform");
	check_growth(300, SPREAD, 900, false, RULE(0, 0.7, 5, SPATIAL), "high threshold");
	check_growth(300, SPREAD, 900, false, RULE(400, -1, 5, SPATIAL), "every candidate joins");
	check_growth(300, SPREAD, 900, false, RULE(1, 0.3, 50, SPATIAL), "cap 1");
	check_growth(300, SPREAD, 900, false, RULE(2000000000, 1, 50, SPATIAL), "nobody joins");
	check_growth(400, CROWDS, 3000, false, RULE(30, 0.3, 20, SPATIAL), "crowds");
	check_growth(300, EQUAL, 900, false, RULE(0, 0.3, 7, SPATIAL), "all equal");
	check_growth(300, GRID, 900, false, RULE(40, 0.5, 10, SPATIAL), "ties");
	check_growth(300, SEAM, 900, false, RULE(25, 0.95, 10, SPATIAL), "around the seam");
	check_growth(1800, EQUAL, 0, false, RULE(3, 0.3, 10000, SPATIAL), "more candidates than room at first");
	check_growth(200, HUGE_VF, 900, false, RULE(25, 0, 10, SPATIAL), "huge frequencies");
	check_growth(300, SPREAD, 900, false, RULE(0, 0.3, 50, NEIGHBOURS), "neighbours");
	check_growth(300, SPREAD, 5000, true, RULE(50, 0.5, 1, NEIGHBOURS), "directed neighbours");
	check_growth(300, GRID, 200, false, RULE(20, 0.3, 1, NEIGHBOURS), "few neighbours, ties");
	check_growth(300, EQUAL, 900, true, RULE(1000, 0.3, 1, NEIGHBOURS), "equal neighbours");
}

/* First fit, by looking at every partition. */
static void
check_first_fit(uint32_t communities, uint32_t cap, uint64_t seed)
{
	UnitRandom	r = {seed * 2 + 1};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	uint32_t   *size = malloc((communities + 1) * sizeof(uint32_t));
	uint32_t   *bin = malloc((communities + 1) * sizeof(uint32_t));
	uint32_t   *room = malloc((communities + 1) * sizeof(uint32_t));
	uint32_t	bins;
	uint32_t	opened = 0;
	bool		good;

	for (uint32_t i = 0; i < communities; i++)
		size[i] = 1 + (uint32_t) (pow(unit_uniform(&r), 2) * cap);
	good = tnfr_first_fit(&env, size, communities, cap, bin, &bins) == TNFR_OK &&
		host.bytes == 0;
	for (uint32_t s = cap; s > 0 && good; s--)
		for (uint32_t i = 0; i < communities && good; i++)
		{
			uint32_t	b = 0;

			if (size[i] != s)
				continue;
			while (b < opened && room[b] < s)
				b++;
			if (b == opened)
				room[opened++] = cap;
			room[b] -= s;
			good = bin[i] == b;
		}
	ok(good && bins == opened, "first fit, largest first");
	free(size);
	free(bin);
	free(room);
}

/* The same whatever the threads and the seed. */
static void
check_same(TnfrCandidates kind)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	uint64_t	n = 3000;
	TnfrNodes	nodes = make_nodes(&env, n, GRID, 8);
	TnfrGraph	graph = make_graph(&env, n, 12000, false, 4);
	TnfrPartitionRule rule = {0, 0.3, 50, kind};
	TnfrPartitions one;
	TnfrPartitions other;
	bool		good = tnfr_partition(&env, &graph, &nodes, &rule, &one) == TNFR_OK;

	env.threads = 5;
	env.seed = 4711;
	good = good && tnfr_partition(&env, &graph, &nodes, &rule, &other) == TNFR_OK &&
		one.partitions == other.partitions && one.cap == other.cap &&
		memcmp(one.community, other.community, n * sizeof(uint32_t)) == 0 &&
		memcmp(one.partition, other.partition, n * sizeof(uint32_t)) == 0;
	ok(good, "the same for any number of threads and any seed");
	tnfr_partitions_release(&env, &one);
	tnfr_partitions_release(&env, &other);
	tnfr_graph_release(&env, &graph);
	tnfr_nodes_release(&env, &nodes);
}

static void
check_ways_out(TnfrCandidates kind)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrNodes	nodes = make_nodes(&env, 1500, SPREAD, 5);
	TnfrGraph	graph = make_graph(&env, 1500, 60000, true, 4);
	TnfrPartitionRule rule = {0, 0.3, 50, kind};
	uint64_t	before = host.bytes;
	TnfrStatus	status = TNFR_NO_MEMORY;
	TnfrPartitions p;
	bool		good = true;

	for (uint64_t k = 1; status == TNFR_NO_MEMORY && good; k++)
	{
		host.allocations = 0;
		host.refuse_at = k;
		status = tnfr_partition(&env, &graph, &nodes, &rule, &p);
		good = status == TNFR_OK || (status == TNFR_NO_MEMORY && host.bytes == before);
	}
	ok(good && status == TNFR_OK, "memory refused anywhere leaves nothing");
	tnfr_partitions_release(&env, &p);

	host.refuse_at = 0;
	host.stop = true;
	status = TNFR_STOPPED;
	for (uint64_t k = 1; status == TNFR_STOPPED && good; k++)
	{
		host.polls = 0;
		host.interrupt_at = k;
		status = tnfr_partition(&env, &graph, &nodes, &rule, &p);
		good = status == TNFR_OK || (status == TNFR_STOPPED && host.bytes == before);
	}
	ok(good && status == TNFR_OK, "a stop anywhere leaves nothing");
	tnfr_partitions_release(&env, &p);
	tnfr_graph_release(&env, &graph);
	tnfr_nodes_release(&env, &nodes);
}

int
main(void)
{
	check_all_growth();
	check_first_fit(0, 10, 1);
	check_first_fit(1, 1, 1);
	check_first_fit(500, 1, 1);
	check_first_fit(1000, 100, 2);
	check_first_fit(1025, 359, 3);
	check_same(TNFR_CANDIDATES_SPATIAL);
	check_same(TNFR_CANDIDATES_NEIGHBOURS);
	check_ways_out(TNFR_CANDIDATES_SPATIAL);
	check_ways_out(TNFR_CANDIDATES_NEIGHBOURS);
	return done_testing();
}
