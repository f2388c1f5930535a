/*
 * graph.c
 *	  The graph against a plain sort of all entries, on networks of every
 *	  shape: one group and many, hubs that are split, parallel edges.
 */
#include "network.h"

typedef struct Entry
{
	uint64_t	row;
	uint64_t	neighbour;
	double		weight;
} Entry;

static int
compare(const void *a, const void *b)
{
	const Entry *x = a;
	const Entry *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->neighbour != y->neighbour)
		return x->neighbour < y->neighbour ? -1 : 1;
	return (x->weight > y->weight) - (x->weight < y->weight);
}

static uint64_t
index_of(const Network *w, int64_t id)
{
	uint64_t	low = 0;
	uint64_t	high = w->n;

	while (high - low > 1)
	{
		uint64_t	mid = (low + high) / 2;

		if (w->id[mid] <= id)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static Entry *
reference(const Network *w, uint64_t *count)
{
	Entry	   *e = malloc((2 * w->m + 1) * sizeof(Entry));

	*count = 0;
	for (uint64_t k = 0; k < w->m; k++)
	{
		uint64_t	s = index_of(w, w->src[k]);
		uint64_t	d = index_of(w, w->dst[k]);
		double		x = w->weight != NULL ? w->weight[k] : 1.0;

		e[(*count)++] = (Entry) {s, d, x};
		if (!w->directed && s != d)
			e[(*count)++] = (Entry) {d, s, x};
	}
	qsort(e, *count, sizeof(Entry), compare);
	return e;
}

static bool
same(const TnfrGraph *g, const Entry *e, uint64_t count)
{
	if (g->entries != count || g->offset[0] != 0 || g->offset[g->n] != count)
		return false;
	for (uint64_t i = 0; i < g->n; i++)
		for (uint64_t k = g->offset[i]; k < g->offset[i + 1]; k++)
			if (e[k].row != i || e[k].neighbour != g->neighbour[k] ||
				(g->weight != NULL && e[k].weight != g->weight[k]))
				return false;
	return true;
}

/* All variants of a network, with the number of groups well and badly guessed. */
static void
check(const char *name, uint64_t n, uint64_t m, Shape shape, uint64_t gap)
{
	for (int variant = 0; variant < 12; variant++)
	{
		Network		w = make_network(n, m, shape, variant & 1, variant & 2, gap,
									 n + m + (uint64_t) variant);
		uint64_t	expected = variant / 4 == 0 ? m : variant / 4 == 1 ? 1 : 1000000000;
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, variant / 4 + 1);
		TnfrGraph	graph;
		char		title[200];
		uint64_t	count;
		Entry	   *e = reference(&w, &count);
		bool		good;

		good = build_graph(&env, &w, w.id, 0, expected, &graph) == TNFR_OK;
		good = good && same(&graph, e, count);
		if (good)
			tnfr_graph_release(&env, &graph);
		snprintf(title, sizeof(title), "%s, %s, %s, %d threads", name,
				 variant & 1 ? "directed" : "undirected",
				 variant & 2 ? "weighted" : "unweighted", env.threads);
		ok(good && host.bytes == 0, title);
		free(e);
		free_network(&w);
	}
}

static void
check_unknown(void)
{
	int64_t		id[] = {1, 2, 3};
	int64_t		src[] = {1, 9, 2, 9, 3};
	int64_t		dst[] = {2, 3, 3, 1, 7};
	Network		w = {.n = 3,.m = 5,.id = id,.src = src,.dst = dst};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrGraph	graph;

	ok(build_graph(&env, &w, id, 0, 5, &graph) == TNFR_UNKNOWN_NODE &&
	   env.error.src == 3 && env.error.dst == 7 && env.error.count == 3 &&
	   host.bytes == 0, "unknown nodes: the smallest edge and the count");
}

int
main(void)
{
	check("one node", 1, 100, UNIFORM, 1);
	check("two nodes", 2, 1000, UNIFORM, 1);
	check("no edges", 100, 0, UNIFORM, 1);
	check("one edge", 1000, 1, UNIFORM, 3);
	check("a block", 10, 128, UNIFORM, 1);
	check("small", 500, 3000, UNIFORM, 5);
	check("many rows", 200000, 50000, UNIFORM, 100);
	check("skewed", 3000, 100000, SKEWED, 7);
	check("star", 1000, 300000, STAR, 1);
	check("parallel edges", 1000, 300000, PARALLEL, 1000);
	check("one edge many times", 100, 300000, SAME, 1);
	check_unknown();
	return done_testing();
}
