/*
 * layout.c
 *	  A layout is a permutation that keeps every entry, brings communities
 *	  together, is the same for any number of threads, and changes no bit.
 */
#include "core/layout.h"
#include "core/parallel.h"
#include "core/sums.h"
#include "network.h"

static const TnfrFormWeights all_weights = {0.2, 0.3, 0.3, 0.4, 0.1};

/* Every node once, and row by row the same entries in the same order. */
static bool
same_graph(const TnfrGraph *g, const TnfrLayout *layout)
{
	const TnfrGraph *l = &layout->graph;
	uint32_t   *rank = malloc((g->n + 1) * sizeof(uint32_t));
	bool		good = l->n == g->n && l->entries == g->entries &&
		l->directed == g->directed && l->offset[0] == 0 &&
		(l->weight != NULL) == (g->weight != NULL);

	memset(rank, 0xff, (g->n + 1) * sizeof(uint32_t));
	for (uint64_t p = 0; p < g->n && good; p++)
	{
		uint32_t	node = layout->order[p];

		good = node < g->n && rank[node] == UINT32_MAX;
		if (good)
			rank[node] = (uint32_t) p;
	}
	for (uint64_t p = 0; p < g->n && good; p++)
	{
		uint64_t	from = g->offset[layout->order[p]];
		uint64_t	length = g->offset[layout->order[p] + UINT64_C(1)] - from;
		uint64_t	to = l->offset[p];

		good = l->offset[p + 1] - to == length;
		for (uint64_t k = 0; k < length && good; k++)
			good = l->neighbour[to + k] == rank[g->neighbour[from + k]] &&
				(g->weight == NULL || l->weight[to + k] == g->weight[from + k]);
	}
	free(rank);
	return good;
}

/* All values of all nodes with a layout and without, and what a layout keeps. */
static bool
same_values(TnfrEnv *env, TnfrGraph *graph, const TnfrNodes *nodes,
			const TnfrLayout *layout, TnfrForm form)
{
	const uint64_t n = graph->n;
	double	   *v = malloc((8 * n + 1) * sizeof(double));
	TnfrNodeValues a = {v, v + n, v + 2 * n, v + 3 * n};
	TnfrNodeValues b = {v + 4 * n, v + 5 * n, v + 6 * n, v + 7 * n};
	bool		good;

	good = tnfr_node_values(env, graph, nodes, form, &all_weights, &a, NULL) == TNFR_OK;
	graph->layout = layout;
	good = good &&
		tnfr_node_values(env, graph, nodes, form, &all_weights, &b, NULL) == TNFR_OK &&
		memcmp(v, v + 4 * n, 4 * n * sizeof(double)) == 0;
	graph->layout = NULL;

	/* a column there and back */
	good = good &&
		tnfr_layout_arrange(env, layout, a.dnfr, b.sync, sizeof(double)) == TNFR_OK &&
		tnfr_layout_restore(env, layout, b.sync, b.dispersion, sizeof(double)) == TNFR_OK &&
		memcmp(a.dnfr, b.dispersion, n * sizeof(double)) == 0;
	for (uint64_t p = 0; p < n && good; p++)
		good = memcmp(&b.sync[p], &a.dnfr[layout->order[p]], sizeof(double)) == 0;
	free(v);
	return good;
}

/* 0 unless the row is over four times as long as the mean; else its length's bits. */
static int
hub_bits(const TnfrGraph *g, uint64_t node)
{
	uint64_t	length = g->offset[node + 1] - g->offset[node];

	return length / 4 > g->entries / g->n ? 64 - __builtin_clzll(length) : 0;
}

/* Hubs come first, the longer before the shorter within a factor of two. */
static bool
hubs_first(const TnfrGraph *g, const TnfrLayout *layout)
{
	bool		good = true;

	for (uint64_t p = 1; p < g->n && good; p++)
	{
		uint32_t	before = layout->order[p - 1];
		uint32_t	node = layout->order[p];

		good = hub_bits(g, before) > hub_bits(g, node) ||
			(hub_bits(g, before) == hub_bits(g, node) &&
			 (hub_bits(g, node) == 0 || before < node));
	}
	return good;
}

static void
check(const char *name, uint64_t n, uint64_t m, Shape shape)
{
	for (int variant = 0; variant < 4; variant++)
	{
		Network		w = make_network(n, m, shape, variant & 1, variant & 2, 3, n + m);
		uint32_t   *order = malloc((n + 1) * sizeof(uint32_t));
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		TnfrNodes	nodes;
		TnfrGraph	graph;
		TnfrLayout	layout;
		uint64_t	bytes;
		char		title[200];
		bool		good = build_nodes(&env, &w, &nodes) == TNFR_OK &&
			build_graph(&env, &w, nodes.id, 0, w.m, &graph) == TNFR_OK;

		bytes = host.bytes;
		for (int threads = 1; threads <= 5 && good; threads += threads < 2 ? 1 : 3)
		{
			env.threads = threads;
			good = tnfr_layout_build(&env, &graph, &layout) == TNFR_OK &&
				host.bytes - bytes <= tnfr_layout_build_bytes(&graph) &&
				same_graph(&graph, &layout) && hubs_first(&graph, &layout);
			if (good && threads == 1)
				memcpy(order, layout.order, n * sizeof(uint32_t));
			good = good && memcmp(order, layout.order, n * sizeof(uint32_t)) == 0;
			for (TnfrForm form = TNFR_FORM_GRADIENT; form <= TNFR_FORM_LAPLACIAN; form++)
				good = good && same_values(&env, &graph, &nodes, &layout, form);
			tnfr_layout_release(&env, &layout);
			good = good && host.bytes == bytes;
		}
		tnfr_graph_release(&env, &graph);
		tnfr_nodes_release(&env, &nodes);
		snprintf(title, sizeof(title), "%s, %s, %s", name,
				 variant & 1 ? "directed" : "undirected",
				 variant & 2 ? "weighted" : "unweighted");
		ok(good && host.bytes == 0, title);
		free(order);
		free_network(&w);
	}
}

/* Communities of 100 nodes, whose numbers tell nothing, in rows of some 8. */
static Network
make_communities(uint64_t communities, double share)
{
	const uint64_t n = communities * 100;
	Network		w = make_network(n, 4 * n, UNIFORM, false, false, 1, 5);
	UnitRandom	r = {99};

	for (uint64_t k = 0; k < w.m; k++)
	{
		uint64_t	u = unit_random(&r) % n;
		uint64_t	v = unit_random(&r) % n;

		/* node i belongs to community i modulo their number */
		if (unit_uniform(&r) < share)
			v = u % communities + communities * (v / communities);
		w.src[k] = w.id[u];
		w.dst[k] = w.id[v];
	}
	return w;
}

/* 1: a layout, 0: none, -1: failure. */
static int
chosen(TnfrEnv *env, const TnfrGraph *graph, TnfrLayoutChoice choice,
	   uint64_t passes)
{
	TnfrLayoutUse use = {choice, passes, 1};
	TnfrLayout	layout;
	int			answer = -1;

	if (tnfr_layout_choose(env, graph, &use, &layout) == TNFR_OK)
		answer = layout.order != NULL;
	tnfr_layout_release(env, &layout);
	return answer;
}

static void
check_communities(void)
{
	Network		w = make_communities(2000, 0.85);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrGraph	graph;
	TnfrLayout	layout;
	double		before;
	double		after;
	uint64_t	together = 0;
	bool		good = build_graph(&env, &w, w.id, 0, w.m, &graph) == TNFR_OK &&
		tnfr_layout_build(&env, &graph, &layout) == TNFR_OK;

	before = tnfr_locality(&graph);
	after = tnfr_locality(&layout.graph);
	ok(good && before < 0.2 && after > 0.75, "communities come together");
	for (uint64_t p = 1; p < w.n; p++)
		together += layout.order[p] % 2000 == layout.order[p - 1] % 2000;
	ok(together > w.n * 9 / 10, "nearly each node lies beside one of its own");
	tnfr_layout_release(&env, &layout);

	ok(chosen(&env, &graph, TNFR_LAYOUT_AUTO, 1) == 0, "auto: one pass pays for nothing");
	ok(chosen(&env, &graph, TNFR_LAYOUT_ID, UINT64_MAX) == 0, "id: never");
	ok(chosen(&env, &graph, TNFR_LAYOUT_PARTITION, 1) == 1, "partition: always");
	tnfr_graph_release(&env, &graph);
	ok(host.bytes == 0, "all memory comes back");
	free_network(&w);
}

/* Rows of 8: rings, of which the ids may tell nothing, or without structure. */
static TnfrGraph
make_rows(TnfrEnv *env, uint64_t n, bool hidden, bool rings)
{
	static const int step[] = {-4, -3, -2, -1, 1, 2, 3, 4};
	TnfrGraph	graph = {.n = n,.entries = 8 * n,.room = 8 * n + TNFR_GRAPH_PAD};
	UnitRandom	r = {7};

	graph.offset = tnfr_alloc(env, n + 1, sizeof(uint64_t));
	graph.neighbour = tnfr_alloc(env, graph.room, sizeof(uint32_t));
	for (uint64_t k = 0; k < graph.room; k++)
	{
		uint64_t	far = hidden ? UINT64_C(1000003) : 1;

		graph.neighbour[k] = (uint32_t) (!rings ? unit_random(&r) % n :
										 (k / 8 + n * 4000012 + far * (uint64_t) step[k % 8]) % n);
		if (k % 8 == 0 && k / 8 <= n)
			graph.offset[k / 8] = k;
	}
	return graph;
}

/* auto, with states that the cache does not hold. */
static void
check_auto(void)
{
	static const struct
	{
		const char *name;
		bool		hidden;
		bool		rings;
		uint64_t	passes;
		uint64_t	cache;
		bool		refuse;
		bool		expected;
	}			kind[] = {
		{"auto: the ids hide structure", true, true, 1000, 1 << 20, false, true},
		{"auto: the ids are as good", false, true, 1000, 1 << 20, false, false},
		{"auto: no structure", true, false, 1000, 1 << 20, false, false},
		{"auto: not for few passes", true, true, 5, 1 << 20, false, false},
		{"auto: the states fit", true, true, 1000, 1 << 30, false, false},
		{"auto: no memory for it", true, true, 1000, 1 << 20, true, false},
	};

	for (size_t k = 0; k < sizeof(kind) / sizeof(kind[0]); k++)
	{
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 2);
		TnfrGraph	graph = make_rows(&env, 1 << 18, kind[k].hidden, kind[k].rings);
		TnfrLayoutUse use = {TNFR_LAYOUT_AUTO, kind[k].passes, kind[k].cache};
		TnfrLayout	layout;
		bool		good;

		host.refuse_at = kind[k].refuse ? host.allocations + 2 : 0;
		good = tnfr_layout_choose(&env, &graph, &use, &layout) == TNFR_OK &&
			(layout.order != NULL) == kind[k].expected;
		tnfr_layout_release(&env, &layout);
		tnfr_graph_release(&env, &graph);
		ok(good && host.bytes == 0, kind[k].name);
	}
}

static TnfrStatus
build_and_sum(TnfrEnv *env, const TnfrNodes *nodes, TnfrGraph *graph,
			  double *dnfr)
{
	TnfrLayout	layout;
	TnfrStatus	status = tnfr_layout_build(env, graph, &layout);

	if (status != TNFR_OK)
		return status;
	graph->layout = &layout;
	status = dnfr_of_graph(env, graph, nodes, TNFR_FORM_CANONICAL, &all_weights, dnfr);
	graph->layout = NULL;
	tnfr_layout_release(env, &layout);
	return status;
}

/* Every refused allocation and every interrupt gives back all memory. */
static void
check_exits(int threads)
{
	Network		w = make_network(3000, 300000, SKEWED, false, true, 9, 3);
	double	   *dnfr = malloc(w.n * sizeof(double));
	UnitHost	lender;
	TnfrEnv		lending = unit_env(&lender, 1);
	TnfrNodes	nodes;
	TnfrGraph	graph;
	UnitHost	host;
	TnfrEnv		env;
	TnfrStatus	status = TNFR_NO_MEMORY;
	bool		clean = build_nodes(&lending, &w, &nodes) == TNFR_OK &&
		build_graph(&lending, &w, nodes.id, 0, w.m, &graph) == TNFR_OK;
	uint64_t	k;

	for (k = 0; status == TNFR_NO_MEMORY && clean;)
	{
		env = unit_env(&host, threads);
		host.refuse_at = ++k;
		status = build_and_sum(&env, &nodes, &graph, dnfr);
		clean = host.bytes == 0 && (status == TNFR_OK || env.error.bytes > 0);
	}
	ok(clean && status == TNFR_OK && k > 10, "refused allocations");
	for (k = 0, status = TNFR_STOPPED; status == TNFR_STOPPED && clean;)
	{
		env = unit_env(&host, threads);
		host.interrupt_at = ++k;
		host.stop = true;
		status = build_and_sum(&env, &nodes, &graph, dnfr);
		clean = host.bytes == 0;
	}
	ok(clean && status == TNFR_OK && k > 8, "interrupts");
	tnfr_graph_release(&lending, &graph);
	tnfr_nodes_release(&lending, &nodes);
	free(dnfr);
	free_network(&w);
}

int
main(void)
{
	check("no nodes", 0, 0, UNIFORM);
	check("one node", 1, 10, UNIFORM);
	check("two nodes", 2, 100, UNIFORM);
	check("no edges", 1000, 0, UNIFORM);
	check("one edge", 1000, 1, UNIFORM);
	check("most nodes isolated", 20000, 3000, UNIFORM);
	check("small", 500, 3000, UNIFORM);
	check("blocks of nodes", 20000, 80000, UNIFORM);
	check("skewed", 3000, 150000, SKEWED);
	check("a row of several parts", 1000, 300000, STAR);
	check("parallel edges", 1000, 200000, PARALLEL);
	check("one edge many times", 100, 150000, SAME);
	check_communities();
	check_auto();
	for (int threads = 1; threads <= 3; threads += 2)
		check_exits(threads);
	tnfr_parallel_end();
	return done_testing();
}
