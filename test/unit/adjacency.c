/*
 * adjacency.c
 *	  The simple undirected view against a plain sort of all pairs, and the
 *	  clustering coefficient against a look at every pair of neighbours; the
 *	  same from any number of threads; estimates near the exact value; the cap
 *	  at every bound.
 */
#include "core/adjacency.h"
#include "core/clustering.h"
#include "core/parallel.h"
#include "network.h"

static const int thread_counts[] = {1, 2, 5};

static int
compare(const void *a, const void *b)
{
	uint64_t	x = *(const uint64_t *) a;
	uint64_t	y = *(const uint64_t *) b;

	return (x > y) - (x < y);
}

/* Both directions of every distinct pair, as row << 32 | neighbour. */
static uint64_t *
reference(const TnfrGraph *g, uint64_t *count)
{
	uint64_t   *pair = malloc((2 * g->entries + 1) * sizeof(uint64_t));
	uint64_t	all = 0;

	for (uint64_t i = 0; i < g->n; i++)
		for (uint64_t k = g->offset[i]; k < g->offset[i + 1]; k++)
		{
			uint64_t	j = g->neighbour[k];

			if (i == j)
				continue;
			pair[all++] = i << 32 | j;
			pair[all++] = j << 32 | i;
		}
	qsort(pair, all, sizeof(uint64_t), compare);
	*count = 0;
	for (uint64_t k = 0; k < all; k++)
		if (k == 0 || pair[k] != pair[k - 1])
			pair[(*count)++] = pair[k];
	return pair;
}

static bool
same(const TnfrAdjacency *a, const uint64_t *pair, uint64_t count)
{
	if (2 * a->pairs != count || a->offset[0] != 0 || a->offset[a->n] != count)
		return false;
	for (uint64_t i = 0; i < a->n; i++)
		for (uint64_t k = a->offset[i]; k < a->offset[i + 1]; k++)
			if (pair[k] != (i << 32 | a->neighbour[k]))
				return false;
	return true;
}

static bool
has(const TnfrAdjacency *a, uint64_t i, uint64_t j)
{
	uint64_t	low = a->offset[i];
	uint64_t	high = a->offset[i + 1];

	while (high > low + 1)
	{
		uint64_t	mid = (low + high) / 2;

		if (a->neighbour[mid] <= j)
			low = mid;
		else
			high = mid;
	}
	return low < a->offset[i + 1] && a->neighbour[low] == j;
}

/* The definition. */
static double
average_clustering(const TnfrAdjacency *a)
{
	long double sum = 0;

	for (uint64_t i = 0; i < a->n; i++)
	{
		const uint32_t *row = a->neighbour + a->offset[i];
		uint64_t	degree = tnfr_degree(a, i);
		uint64_t	connected = 0;

		for (uint64_t x = 0; x < degree; x++)
			for (uint64_t y = 0; y < x; y++)
				connected += has(a, row[x], row[y]);
		if (degree >= 2)
			sum += 2.0L * connected / ((long double) degree * (degree - 1));
	}
	return a->n > 0 ? (double) (sum / a->n) : 0.0;
}

static void
check_clustering(TnfrEnv *env, const TnfrAdjacency *a, const char *name)
{
	TnfrClustering first;
	TnfrClustering estimate;
	double		expected = average_clustering(a);
	char		title[200];
	bool		good = true;

	for (int t = 0; t < 3; t++)
	{
		TnfrClustering c;
		TnfrClustering e;

		env->threads = thread_counts[t];
		good = good && tnfr_clustering(env, a, TNFR_CLUSTERING_WORK, &c) == TNFR_OK &&
			tnfr_clustering(env, a, 0, &e) == TNFR_OK;
		if (t == 0)
			first = c, estimate = e;
		good = good && memcmp(&c, &first, sizeof(c)) == 0 &&
			memcmp(&e, &estimate, sizeof(e)) == 0;
	}
	env->threads = 1;
	snprintf(title, sizeof(title), "%.100s: clustering %.6f", name, expected);
	ok(good && first.samples == 0 && first.standard_error == 0.0 &&
	   fabs(first.coefficient - expected) <= 1e-12, title);
	snprintf(title, sizeof(title), "%.100s: estimate %.6f", name,
			 estimate.coefficient);
	ok(good && (estimate.samples == 0 ? estimate.coefficient == expected :
				fabs(estimate.coefficient - expected) <=
				4.5 * 0.5 / sqrt((double) estimate.samples)), title);
}

static void
check(const char *name, uint64_t n, uint64_t m, Shape shape, bool clustering)
{
	for (int variant = 0; variant < 4; variant++)
	{
		Network		w = make_network(n, m, shape, variant & 1, variant & 2, 3,
									 n + m + (uint64_t) variant);
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		TnfrGraph	graph;
		uint64_t	count;
		uint64_t   *pair;
		char		title[200];
		bool		good = build_graph(&env, &w, w.id, 0, m, &graph) == TNFR_OK;
		uint64_t	held = host.bytes;

		pair = reference(&graph, &count);
		snprintf(title, sizeof(title), "%s, %s, %s", name,
				 variant & 1 ? "directed" : "undirected",
				 variant & 2 ? "weighted" : "unweighted");
		for (int t = 0; t < 3; t++)
		{
			TnfrAdjacency a;

			env.threads = thread_counts[t];
			good = good && tnfr_adjacency_build(&env, &graph, &a) == TNFR_OK &&
				same(&a, pair, count);
			env.threads = 1;
			if (t == 0 && clustering)
				check_clustering(&env, &a, title);
			tnfr_adjacency_release(&env, &a);
			good = good && host.bytes == held;
		}
		ok(good, title);
		free(pair);
		tnfr_graph_release(&env, &graph);
		free_network(&w);
	}
}

/* A network of given edges. */
static void
check_edges(const char *name, uint64_t n, uint64_t m, const int (*edge)[2],
			double expected)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	Network		w = make_network(n, 0, UNIFORM, false, false, 1, 1);
	TnfrGraph	graph;
	TnfrAdjacency a;
	TnfrClustering c;
	bool		good;

	w.m = m;
	w.src = realloc(w.src, (m + 1) * sizeof(int64_t));
	w.dst = realloc(w.dst, (m + 1) * sizeof(int64_t));
	for (uint64_t k = 0; k < m; k++)
	{
		w.src[k] = w.id[edge[k][0]];
		w.dst[k] = w.id[edge[k][1]];
	}
	good = build_graph(&env, &w, w.id, 0, m, &graph) == TNFR_OK &&
		tnfr_adjacency_build(&env, &graph, &a) == TNFR_OK;
	ok(good && a.neighbour == graph.neighbour && a.pairs == m &&
	   tnfr_clustering(&env, &a, TNFR_CLUSTERING_WORK, &c) == TNFR_OK &&
	   c.samples == 0 && fabs(c.coefficient - expected) <= 1e-15, name);
	tnfr_adjacency_release(&env, &a);
	tnfr_graph_release(&env, &graph);
	free_network(&w);
}

/* By networkx 3.6.1, of test/golden/karate_club.json. */
static void
check_karate(void)
{
	static const int edge[][2] = {
		{0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {0, 7}, {0, 8},
		{0, 10}, {0, 11}, {0, 12}, {0, 13}, {0, 17}, {0, 19}, {0, 21}, {0, 31},
		{1, 2}, {1, 3}, {1, 7}, {1, 13}, {1, 17}, {1, 19}, {1, 21}, {1, 30},
		{2, 3}, {2, 7}, {2, 8}, {2, 9}, {2, 13}, {2, 27}, {2, 28}, {2, 32},
		{3, 7}, {3, 12}, {3, 13}, {4, 6}, {4, 10}, {5, 6}, {5, 10}, {5, 16},
		{6, 16}, {8, 30}, {8, 32}, {8, 33}, {9, 33}, {13, 33}, {14, 32},
		{14, 33}, {15, 32}, {15, 33}, {18, 32}, {18, 33}, {19, 33}, {20, 32},
		{20, 33}, {22, 32}, {22, 33}, {23, 25}, {23, 27}, {23, 29}, {23, 32},
		{23, 33}, {24, 25}, {24, 27}, {24, 31}, {25, 31}, {26, 29}, {26, 33},
		{27, 33}, {28, 31}, {28, 33}, {29, 32}, {29, 33}, {30, 32}, {30, 33},
		{31, 32}, {31, 33}, {32, 33}
	};
	static const int triangle[][2] = {{0, 1}, {1, 2}, {0, 2}};
	static const int tail[][2] = {{0, 1}, {1, 2}, {0, 2}, {2, 3}};

	check_edges("the karate club", 34, 78, edge, 0.5706384782076823);
	check_edges("a triangle", 3, 3, triangle, 1.0);
	check_edges("a triangle with a tail", 4, 4, tail, 7.0 / 12.0);
}

/* Complete networks: many tasks a row; a sample of ones. */
static void
check_complete(uint64_t n)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	uint64_t   *offset = malloc((n + 1) * sizeof(uint64_t));
	uint32_t   *neighbour = malloc(n * n * sizeof(uint32_t));
	TnfrGraph	graph = {.n = n,.entries = n * n,.offset = offset,
		.neighbour = neighbour};
	TnfrAdjacency a;
	TnfrClustering c;
	TnfrClustering e;
	char		title[100];
	bool		good;

	/* every row has all nodes, the node itself too */
	for (uint64_t i = 0; i <= n; i++)
		offset[i] = i * n;
	for (uint64_t k = 0; k < n * n; k++)
		neighbour[k] = (uint32_t) (k % n);
	good = tnfr_adjacency_build(&env, &graph, &a) == TNFR_OK;
	for (int t = 0; t < 3 && good; t++)
	{
		env.threads = thread_counts[t];
		good = tnfr_clustering(&env, &a, TNFR_CLUSTERING_WORK, &c) == TNFR_OK &&
			tnfr_clustering(&env, &a, 0, &e) == TNFR_OK &&
			c.coefficient == 1.0 && c.samples == 0 &&
			e.coefficient == 1.0 && e.samples == TNFR_CLUSTERING_SAMPLES &&
			e.standard_error == 0.0;
	}
	snprintf(title, sizeof(title), "complete network of %d", (int) n);
	ok(good && a.pairs == n * (n - 1) / 2, title);
	tnfr_adjacency_release(&env, &a);
	free(offset);
	free(neighbour);
}

/* A ring, everyone connected with four: a half, whatever the tasks begin at. */
static void
check_ring(uint32_t n)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	uint64_t   *offset = malloc((n + 1) * sizeof(uint64_t));
	uint32_t   *neighbour = malloc(4 * (size_t) n * sizeof(uint32_t));
	TnfrGraph	graph = {.n = n,.entries = 4 * (uint64_t) n,.offset = offset,
		.neighbour = neighbour};
	TnfrAdjacency a;
	TnfrClustering c;
	bool		good;

	for (uint32_t i = 0; i <= n; i++)
		offset[i] = 4 * (uint64_t) i;
	for (uint32_t i = 0; i < n; i++)
	{
		/* ascending: those behind the end come first, those before 0 last */
		const uint32_t first = i < 2 ? 2 - i : i + 2 < n ? 0 : n + 1 - i;

		for (uint32_t k = 0; k < 4; k++)
		{
			uint32_t	step = (k + first) % 4; /* -2, -1, 1, 2 */

			neighbour[offset[i] + k] = (i + n - 2 + step + (step >= 2)) % n;
		}
	}
	good = tnfr_adjacency_build(&env, &graph, &a) == TNFR_OK;
	ok(good && a.pairs == 2 * (uint64_t) n &&
	   tnfr_clustering(&env, &a, TNFR_CLUSTERING_WORK, &c) == TNFR_OK &&
	   c.samples == 0 && c.coefficient == 0.5, "a ring");
	tnfr_adjacency_release(&env, &a);
	free(offset);
	free(neighbour);
}

/* Refused memory and a stop at every place: all that was taken comes back. */
static void
check_failures(const char *name, bool directed, uint32_t limit)
{
	Network		w = make_network(3000, 30000, SKEWED, directed, false, 3, 5);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrGraph	graph;
	TnfrAdjacency a;
	TnfrClustering c;
	uint64_t	refused = 0;
	uint64_t	stopped = 0;
	uint64_t	held;
	char		title[100];
	bool		good = build_graph(&env, &w, w.id, 0, 1, &graph) == TNFR_OK;

	held = host.bytes;
	for (int stop = 0; stop < 2; stop++)
		for (uint64_t at = 1;; at++)
		{
			TnfrStatus	status;

			host.allocations = host.polls = 0;
			host.refuse_at = stop ? 0 : at;
			host.interrupt_at = stop ? at : 0;
			host.stop = stop;
			status = tnfr_adjacency_build(&env, &graph, &a);
			if (status == TNFR_OK)
			{
				status = tnfr_clustering(&env, &a, limit, &c);
				tnfr_adjacency_release(&env, &a);
			}
			good = good && host.bytes == held;
			if (status == TNFR_OK)
				break;
			good = good && status == (stop ? TNFR_STOPPED : TNFR_NO_MEMORY);
			refused += !stop;
			stopped += stop;
		}
	host.interrupt_at = 0;
	snprintf(title, sizeof(title), "%s: %d refusals, stops", name,
			 (int) refused);
	ok(good && refused >= 4 && stopped >= 4, title);
	tnfr_graph_release(&env, &graph);
	free_network(&w);
}

typedef struct Cap
{
	const char *name;
	uint64_t	n;
	uint64_t	pairs;
	double		clustering;
	uint32_t	cap;
} Cap;

static void
check_caps(void)
{
	/* the first six by networkx 3.6.1, of test/golden */
	static const Cap known[] = {
		{"karate_club", 34, 78, 0.5706384782076823, 34},
		{"les_miserables", 77, 254, 0.5731367499320134, 115},
		{"grid_10x10", 100, 180, 0.0, 179},
		{"star_50", 51, 50, 0.0, 91},
		{"complete_30", 30, 435, 1.0, 12},
		{"isolated_two_components", 30, 32, 0.11460317460317461, 53},
		{"no nodes", 0, 0, 0.0, 10},
		{"one node", 1, 0, 0.0, 10},
		{"two nodes", 2, 1, 0.0, 10},
		{"5 nodes", 5, 0, 0.0, 10},
		{"6 nodes: 10.8", 6, 0, 0.0, 10},
		{"7 nodes: 12.6", 7, 0, 0.0, 12},
		{"99 nodes", 99, 0, 0.5, 148},
		{"100 nodes", 100, 0, 0.5, 150},
		{"999 nodes", 999, 0, 0.5, 150},
		{"1000 nodes", 1000, 0, 0.5, 300},
		{"the largest", UINT32_MAX - UINT64_C(1), 0, 0.0, 359},
		{"density 0.5", 4, 3, 0.5, 10},
		{"density 0.5 of 96", 96, 2280, 0.5, 96},
		{"density above 0.5 of 96", 96, 2281, 0.5, 48},
		{"density 0.1 of 96", 96, 456, 0.5, 144},
		{"density above 0.1 of 96", 96, 457, 0.5, 96},
		{"density 0.1 of 100", 100, 495, 0.5, 150},
		{"density above 0.1 of 100", 100, 496, 0.5, 100},
		{"clustering 0.6", 2000, 0, 0.6, 300},
		{"clustering above 0.6", 2000, 0, 0.6000000000000001, 240},
		{"clustering 0.2", 2000, 0, 0.2, 300},
		{"clustering below 0.2", 2000, 0, 0.19999999999999998, 359},
		{"dense and clustered", 2000, 1999000, 1.0, 80}
	};

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
	{
		uint32_t	cap = tnfr_adaptive_cap(known[k].n, known[k].pairs,
											known[k].clustering);
		char		title[100];

		snprintf(title, sizeof(title), "cap: %s, %u", known[k].name, cap);
		ok(cap == known[k].cap, title);
	}
}

int
main(void)
{
	check("no nodes", 0, 0, UNIFORM, true);
	check("one node", 1, 0, UNIFORM, true);
	check("one node with loops", 1, 10, UNIFORM, true);
	check("two nodes", 2, 1, UNIFORM, true);
	check("two nodes, often", 2, 100, UNIFORM, true);
	check("no edges", 200000, 0, UNIFORM, true);
	check("sparse", 1000, 800, UNIFORM, true);
	check("small", 300, 3000, UNIFORM, true);
	check("dense", 120, 9000, UNIFORM, true);
	check("skewed", 800, 20000, SKEWED, true);
	check("many rows", 300000, 50000, UNIFORM, false);
	check("star", 150000, 400000, STAR, false);
	check("parallel edges", 1000, 300000, PARALLEL, true);
	check("one edge many times", 100, 300000, SAME, true);
	check_karate();
	check_complete(3);
	check_complete(700);
	check_ring(600000);
	check_failures("undirected", false, TNFR_CLUSTERING_WORK);
	check_failures("directed", true, TNFR_CLUSTERING_WORK);
	check_failures("sampled", false, 0);
	check_caps();
	tnfr_parallel_end();
	return done_testing();
}
