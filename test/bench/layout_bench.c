/*
 * layout_bench.c
 *		Neighbour sums in order of the ids and in a layout, without a server.
 *
 *	layout_bench SCALE SEED REPETITIONS JSON
 *
 * Networks of 2^SCALE nodes and four undirected edges a node, with shuffled
 * ids: planted partitions, where an edge stays in its community with the given
 * probability and else leads anywhere, and R-MAT.  Passes in both orders take
 * turns, so that a noisy machine disturbs both alike; the kernel is timed
 * alone.  What the layout costs, finding the order, copying the graph and
 * arranging the states, is given beside, and after how many passes it is
 * repaid.  The sums of both orders are compared bit by bit.
 */
#define _GNU_SOURCE				/* mremap */
#include <omp.h>
#include <string.h>

#include "bench.h"
#include "environment.h"
#include "rmat.h"

#include "core/edges.h"
#include "core/graph.h"
#include "core/idmap.h"
#include "core/layout.h"
#include "core/nodes.h"
#include "core/parallel.h"
#include "core/sums.h"

#define EDGES_PER_NODE	4
#define BATCH			1024
#define THREADS			2

typedef struct Kind
{
	const char *name;
	uint64_t	community;		/* nodes; 0: R-MAT */
	double		share;			/* of the edges that stay inside */
} Kind;

static const Kind kinds[] = {
	{"planted 200, 85 %", 200, 0.85},
	{"planted 2000, 85 %", 2000, 0.85},
	{"planted 20000, 85 %", 20000, 0.85},
	{"planted 2000, 70 %", 2000, 0.70},
	{"planted 2000, 95 %", 2000, 0.95},
	{"R-MAT", 0, 0}
};

/* The graph in one order, the states in it, and the sums. */
typedef struct Order
{
	const TnfrGraph *graph;
	TnfrNodeState *state;
	TnfrNodeState *sums;
	uint64_t	entries[THREADS * 16];	/* summed by each thread, a cache line
										 * apart */
	double	   *seconds;		/* [repetitions] */
} Order;

/* As in a call, they are there before the edges come. */
static TnfrNodes
make_nodes(TnfrEnv *env, const Rmat *g)
{
	TnfrNodes	nodes = {0};

	for (uint64_t i = 0; i < rmat_nodes(g); i++)
	{
		double		epi;
		double		vf;
		double		phase;

		if (nodes.n == nodes.room)
			MUST(tnfr_nodes_grow(env, &nodes));
		rmat_node(g, i, &epi, &vf, &phase);
		tnfr_nodes_add(&nodes, (int64_t) i, epi, vf, phase);
	}
	MUST(tnfr_nodes_order(env, &nodes));
	return nodes;
}

/* Edge k of a planted partition, before the ids are shuffled. */
static void
planted_edge(const Rmat *g, const Kind *kind, uint64_t k, uint64_t *u, uint64_t *v)
{
	const uint64_t n = rmat_nodes(g);
	uint64_t	first;
	uint64_t	size = kind->community;

	*u = rmat_draw(g, 4, k, 0) % n;
	*v = rmat_draw(g, 4, k, 1) % n;
	if (rmat_unit(rmat_draw(g, 4, k, 2)) > kind->share)
		return;
	first = *u - *u % size;
	*v = first + rmat_draw(g, 4, k, 3) % (n - first < size ? n - first : size);
}

static TnfrGraph
build_network(TnfrEnv *env, const Rmat *g, const TnfrNodes *nodes,
			  const Kind *kind)
{
	const uint64_t n = rmat_nodes(g);
	const uint64_t m = n * EDGES_PER_NODE;
	TnfrIdMap	map;
	TnfrEdges	edges;
	TnfrGraph	graph;

	MUST(tnfr_idmap_build(env, nodes->id, n, &map));
	MUST(tnfr_edges_begin(env, &edges, n, m, false, false));
	for (uint64_t k = 0; k < m; k += BATCH)
	{
		int64_t		src[BATCH];
		int64_t		dst[BATCH];
		uint32_t	count = m - k < BATCH ? (uint32_t) (m - k) : BATCH;

		for (uint32_t i = 0; i < count; i++)
		{
			uint64_t	u;
			uint64_t	v;
			uint32_t	arc[2];
			double		weight;

			if (kind->community > 0)
			{
				planted_edge(g, kind, k + i, &u, &v);
				src[i] = g->relabel[u];
				dst[i] = g->relabel[v];
			}
			else
			{
				rmat_arc(g, k + i, &arc[0], &arc[1], &weight);
				src[i] = arc[0];
				dst[i] = arc[1];
			}
		}
		MUST(tnfr_edges_add(env, &edges, &map, src, dst, NULL, count));
	}
	MUST(tnfr_edges_check(env, &edges));
	MUST(tnfr_graph_build(env, &edges, &graph));
	tnfr_idmap_release(env, &map);
	return graph;
}

static void
keep_sums(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	Order	   *o = arg;

	for (uint32_t i = 0; i < count; i++)
		memcpy(&o->sums[first + i], &sums[i], sizeof(TnfrNodeState));
	o->entries[16 * omp_get_thread_num()] +=
		o->graph->offset[first + count] - o->graph->offset[first];
}

static double
pass(TnfrEnv *env, Order *o)
{
	double		start = now();

	MUST(tnfr_sums(env, o->graph, o->state, NULL, keep_sums, o));
	return now() - start;
}

/* The most entries that a thread summed, in terms of the mean. */
static double
balance(const Order *o, int threads)
{
	uint64_t	most = 0;
	uint64_t	all = 0;

	for (int t = 0; t < threads; t++)
	{
		most = o->entries[16 * t] > most ? o->entries[16 * t] : most;
		all += o->entries[16 * t];
	}
	return all > 0 ? (double) most * threads / (double) all : 1;
}

static Order
make_order(TnfrEnv *env, const TnfrGraph *graph, int repetitions)
{
	Order		o = {.graph = graph};

	o.state = tnfr_alloc_gathered(env, graph->n, sizeof(TnfrNodeState));
	o.sums = tnfr_alloc_gathered(env, graph->n, sizeof(TnfrNodeState));
	o.seconds = bench_alloc(sizeof(double) * (size_t) repetitions);
	if (o.state == NULL || o.sums == NULL)
		bench_must(TNFR_NO_MEMORY, "states");
	memset(o.sums, 0, graph->n * sizeof(TnfrNodeState));
	return o;
}

static void
free_order(TnfrEnv *env, Order *o)
{
	tnfr_release(env, o->state, o->graph->n, sizeof(TnfrNodeState));
	tnfr_release(env, o->sums, o->graph->n, sizeof(TnfrNodeState));
	free(o->seconds);
}

static bool
same_bits(TnfrEnv *env, const TnfrLayout *layout, const Order *by_id,
		  const Order *placed)
{
	const uint64_t n = by_id->graph->n;
	TnfrNodeState *back = tnfr_alloc(env, n, sizeof(TnfrNodeState));
	bool		same;

	if (back == NULL)
		bench_must(TNFR_NO_MEMORY, "comparison");
	MUST(tnfr_layout_restore(env, layout, placed->sums, back, sizeof(TnfrNodeState)));
	same = memcmp(back, by_id->sums, n * sizeof(TnfrNodeState)) == 0;
	tnfr_release(env, back, n, sizeof(TnfrNodeState));
	return same;
}

static void
record(FILE *json, const char *name, int threads, double value)
{
	if (threads > 0)
		fprintf(json, ", \"%s_%d\": %.6g", name, threads, value);
	else
		fprintf(json, ", \"%s\": %.6g", name, value);
}

/* Both orders with this many threads; false: the bits differ. */
static bool
compare_orders(TnfrEnv *env, const TnfrGraph *graph, const TnfrNodeState *state,
			   int threads, int repetitions, FILE *json)
{
	Order		by_id = make_order(env, graph, repetitions);
	Order		placed;
	TnfrLayout	layout;
	double		start;
	double		cost;
	double		id_seconds;
	double		layout_seconds;
	char		repaid[32] = "never repaid";
	bool		same;

	env->threads = threads;
	start = now();
	MUST(tnfr_layout_build(env, graph, &layout));
	cost = now() - start;
	placed = make_order(env, &layout.graph, repetitions);
	memcpy(by_id.state, state, graph->n * sizeof(TnfrNodeState));
	start = now();
	MUST(tnfr_layout_arrange(env, &layout, by_id.state, placed.state, sizeof(TnfrNodeState)));
	cost += now() - start;
	for (int run = 0; run < repetitions; run++)
	{
		by_id.seconds[run] = pass(env, &by_id);
		placed.seconds[run] = pass(env, &placed);
	}
	id_seconds = median(by_id.seconds, repetitions);
	layout_seconds = median(placed.seconds, repetitions);
	if (layout_seconds < id_seconds)
		snprintf(repaid, sizeof repaid, "repaid after %.1f passes", cost / (id_seconds - layout_seconds));
	same = same_bits(env, &layout, &by_id, &placed);
	printf("  %d thread%s  id %6.0f ms  layout %6.0f ms  ratio %4.2f  cost %6.0f ms  %s"
		   "  bits %s  balance %.3f and %.3f\n", threads, threads == 1 ? " " : "s",
		   1e3 * id_seconds, 1e3 * layout_seconds, id_seconds / layout_seconds, 1e3 * cost,
		   repaid, same ? "equal" : "DIFFER",
		   balance(&by_id, threads), balance(&placed, threads));
	fflush(stdout);
	record(json, "id", threads, id_seconds);
	record(json, "layout", threads, layout_seconds);
	record(json, "cost", threads, cost);
	record(json, "balance_id", threads, balance(&by_id, threads));
	record(json, "balance_layout", threads, balance(&placed, threads));
	record(json, "local", 0, tnfr_locality(&layout.graph));
	free_order(env, &placed);
	free_order(env, &by_id);
	tnfr_layout_release(env, &layout);
	return same;
}

int
main(int argc, char **argv)
{
	size_t		used;
	TnfrEnv		env = bench_environment(&used);
	int			scale = argc > 1 ? atoi(argv[1]) : 0;
	int			repetitions = argc > 3 ? atoi(argv[3]) : 0;
	FILE	   *json;
	Rmat		g;
	TnfrNodes	nodes;
	bool		good = true;

	if (argc != 5 || repetitions < 1 || (json = fopen(argv[4], "w")) == NULL ||
		!rmat_init(&g, scale, strtoull(argv[2], NULL, 10)))
	{
		fprintf(stderr, "usage: layout_bench SCALE SEED REPETITIONS JSON\n");
		return 2;
	}
	nodes = make_nodes(&env, &g);
	printf("\nLayout: 2^%d nodes, %llu edges, last cache %.0f MB\n", scale,
		   (unsigned long long) rmat_nodes(&g) * EDGES_PER_NODE, (double) tnfr_last_cache() / (1 << 20));
	fprintf(json, "{\"nodes\": %llu", (unsigned long long) rmat_nodes(&g));
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
	{
		TnfrGraph	graph;

		env.threads = THREADS;
		graph = build_network(&env, &g, &nodes, &kinds[k]);
		printf("%s: %llu entries\n", kinds[k].name, (unsigned long long) graph.entries);
		fprintf(json, ",\n \"%s\": {\"entries\": %llu, \"local_id\": %.6g", kinds[k].name,
				(unsigned long long) graph.entries, tnfr_locality(&graph));
		for (int threads = 1; threads <= THREADS; threads++)
			good = compare_orders(&env, &graph, nodes.state, threads, repetitions, json) && good;
		fprintf(json, "}");
		tnfr_graph_release(&env, &graph);
	}
	fprintf(json, "\n}\n");
	fclose(json);
	if (!good)
		fprintf(stderr, "layout_bench: the orders differ\n");
	return good ? 0 : 1;
}
