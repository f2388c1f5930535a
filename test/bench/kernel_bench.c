/*
 * kernel_bench.c
 *		The core without a server: ordering the edges and summing neighbours,
 *		beside SuiteSparse:GraphBLAS and the memory bandwidth.
 *
 *	kernel_bench SCALE SEED REPETITIONS JSON
 *
 * The kernel and GraphBLAS get the same arcs and the same n x 4 table of node
 * state, and both write an n x 4 table of sums; the kernel adds the strength,
 * the sum of the weights, to that.  The tables are compared before any time is
 * believed.  Bytes are those that have to move if every cache were perfect:
 * column and weight of each entry, the row offsets, the node table once, and
 * the results.
 */
#define _GNU_SOURCE				/* mremap */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "environment.h"

#include "core/edges.h"
#include "core/graph.h"
#include "core/idmap.h"
#include "core/nodes.h"
#include "core/parallel.h"
#include "core/sums.h"

#define ENTRY_BYTES		(sizeof(uint32_t) + sizeof(double))
#define ROW_BYTES		(sizeof(uint64_t) + 2 * STATE_WIDTH * sizeof(double))
#define BATCH			1024
#define AGREEMENT		1e-9

static FILE *json;

void
bench_record(const char *name, double value)
{
	fprintf(json, "%s\n \"%s\": %.9g", ftell(json) == 0 ? "{" : ",", name, value);
}

/* The arcs as the server hands them over: ids, batch by batch. */
static TnfrEdges
read_edges(TnfrEnv *env, const Network *net, const TnfrIdMap *map)
{
	TnfrEdges	edges;

	MUST(tnfr_edges_begin(env, &edges, net->nodes, net->arcs, true, true));
	for (uint64_t k = 0; k < net->arcs; k += BATCH)
	{
		int64_t		src[BATCH];
		int64_t		dst[BATCH];
		uint32_t	count = net->arcs - k < BATCH ? (uint32_t) (net->arcs - k) : BATCH;

		for (uint32_t i = 0; i < count; i++)
		{
			src[i] = net->src[k + i];
			dst[i] = net->dst[k + i];
		}
		MUST(tnfr_edges_add(env, &edges, map, src, dst, net->weight + k, count));
	}
	MUST(tnfr_edges_check(env, &edges));
	return edges;
}

/* One line of the table, and a number for the report. */
static void
report(const char *name, const char *what, int threads, double seconds,
	   double bytes)
{
	char		key[64];

	printf("  %-24s %d thread%s %10.1f ms", what, threads,
		   threads == 1 ? " " : "s", 1e3 * seconds);
	if (bytes > 0)
		printf(" %12.1f GB/s", bytes / seconds / 1e9);
	printf("\n");
	fflush(stdout);
	snprintf(key, sizeof key, "%s_%d", name, threads);
	bench_record(key, seconds);
}

/*
 * Builds the graph several times and leaves the last one.  Distributing the
 * arcs over groups of rows happens while they are read, by one thread;
 * ordering what was distributed is timed apart from it.
 */
static TnfrGraph
bench_ordering(TnfrEnv *env, const Network *net, int repetitions)
{
	int64_t    *id = bench_alloc(net->nodes * sizeof(int64_t));
	double	   *reading = bench_alloc(sizeof(double) * (size_t) repetitions);
	double	   *ordering = bench_alloc(sizeof(double) * (size_t) repetitions);
	TnfrIdMap	map;
	TnfrGraph	graph;

	for (uint64_t i = 0; i < net->nodes; i++)
		id[i] = (int64_t) i;
	MUST(tnfr_idmap_build(env, id, net->nodes, &map));
	for (int threads = 1; threads <= 2; threads++)
	{
		env->threads = threads;
		for (int run = -1; run < repetitions; run++)
		{
			double		start = now();
			TnfrEdges	edges = read_edges(env, net, &map);
			double		read = now();

			MUST(tnfr_graph_build(env, &edges, &graph));
			if (run >= 0)
			{
				reading[run] = read - start;
				ordering[run] = now() - read;
			}
			if (threads == 1 || run < repetitions - 1)
				tnfr_graph_release(env, &graph);
		}
		report("distributing", "distributing (serial)", threads,
			   median(reading, repetitions), 0);
		report("ordering", "ordering", threads, median(ordering, repetitions), 0);
	}
	tnfr_idmap_release(env, &map);
	free(reading);
	free(ordering);
	free(id);
	return graph;
}

/* Writes what GraphBLAS writes, so that both have the same to do. */
static void
keep_sums(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	double	   *out = (double *) arg + STATE_WIDTH * first;

	for (uint32_t i = 0; i < count; i++)
		memcpy(out + (size_t) STATE_WIDTH * i, &sums[i], STATE_WIDTH * sizeof(double));
}

static void
bench_sums(TnfrEnv *env, const Network *net, const TnfrGraph *graph,
		   int repetitions, double *sums)
{
	double	   *seconds = bench_alloc(sizeof(double) * (size_t) repetitions);
	const TnfrNodeState *state = (const TnfrNodeState *) net->state;
	double		bytes = (double) (graph->entries * ENTRY_BYTES + graph->n * ROW_BYTES);

	for (int threads = 1; threads <= 2; threads++)
	{
		env->threads = threads;
		for (int run = -1; run < repetitions; run++)
		{
			double		start = now();

			MUST(tnfr_sums(env, graph, state, NULL, keep_sums, sums));
			if (run >= 0)
				seconds[run] = now() - start;
		}
		report("kernel", "kernel", threads, median(seconds, repetitions), bytes);
	}
	for (int threads = 1; threads <= 2; threads++)
		report("gather", "the same without rows", threads,
			   bench_gather(net, graph->neighbour, graph->weight,
							graph->entries, threads, repetitions), bytes);
	bench_record("kernel_bytes", bytes);
	bench_record("gather_bytes",
				 bytes + 32.0 * (double) graph->entries - 32.0 * (double) graph->n);
	free(seconds);
}

/* Largest difference of the sums, relative to the strength of the row. */
static double
disagreement(const Network *net, const double *ours, const double *theirs)
{
	double	   *strength = bench_alloc(net->nodes * sizeof(double));
	double		worst = 0;

	memset(strength, 0, net->nodes * sizeof(double));
	for (uint64_t k = 0; k < net->arcs; k++)
		strength[net->src[k]] += net->weight[k];
	for (uint64_t i = 0; i < net->nodes * STATE_WIDTH; i++)
	{
		double		scale = strength[i / STATE_WIDTH];
		double		difference = fabs(ours[i] - theirs[i]) / (scale > 0 ? scale : 1);

		if (!(difference <= worst))	/* a NaN counts */
			worst = difference;
	}
	free(strength);
	return worst;
}

int
main(int argc, char **argv)
{
	size_t		used;
	TnfrEnv		env = bench_environment(&used);
	int			scale = argc > 1 ? atoi(argv[1]) : 0;
	uint64_t	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	int			repetitions = argc > 3 ? atoi(argv[3]) : 0;
	Network		net;
	Network		small;
	TnfrGraph	graph;
	double	   *ours;
	double	   *theirs;
	double		worst;

	if (argc != 5 || repetitions < 1 || (json = fopen(argv[4], "w")) == NULL)
	{
		fprintf(stderr, "usage: kernel_bench SCALE SEED REPETITIONS JSON\n");
		return 2;
	}
	net = bench_network(scale, seed);
	small = bench_network(scale > 4 ? scale - 2 : scale, seed);
	ours = bench_alloc(net.nodes * sizeof(double) * STATE_WIDTH);
	theirs = bench_alloc(net.nodes * sizeof(double) * STATE_WIDTH);

	printf("\nKernel alone: 2^%d nodes, %llu arcs, directed, weighted\n", scale,
		   (unsigned long long) net.arcs);
	bench_record("nodes", (double) net.nodes);
	bench_record("arcs", (double) net.arcs);
	bench_bandwidth(1);
	bench_bandwidth(2);
	graph = bench_ordering(&env, &net, repetitions);
	bench_sums(&env, &net, &graph, repetitions, ours);
	tnfr_graph_release(&env, &graph);
	tnfr_parallel_end();
	bench_graphblas(&net, &small, repetitions, theirs);

	worst = disagreement(&net, ours, theirs);
	printf("  largest relative difference of the sums: %.1e\n", worst);
	bench_record("disagreement", worst);
	fprintf(json, "\n}\n");
	fclose(json);
	if (!(worst <= AGREEMENT))
	{
		fprintf(stderr, "kernel_bench: kernel and GraphBLAS disagree\n");
		return 1;
	}
	return 0;
}
