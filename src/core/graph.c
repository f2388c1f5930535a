/*
 * graph.c
 *	  From a list of edges to CSR: count, scatter, sort.
 *
 * Three parallel passes, each over data in the order it lies in memory:
 *	 1. count the entries of every group of rows,
 *	 2. scatter the entries to their groups (scatter.c),
 *	 3. sort every group in cache (order.c).
 * Two stable counting passes over whole columns, the textbook way, are
 * bound by cache and TLB misses: every entry goes to a random place twice.
 */
#include "core/graph.h"
#include "core/order.h"
#include "core/parallel.h"
#include "core/scatter.h"

#include <string.h>

#define GROUP_ENTRIES	UINT64_C(4096)	/* aim: a group sorts in the L2 cache */
#define MAX_GROUPS		UINT64_C(4096)	/* more, and the buffers leave it */
#define MAX_ROW_BITS	16		/* a row's number in its group is uint16 */

typedef struct Build
{
	const TnfrEdges *edges;
	bool		directed;
	int			shift;			/* group of a row: row >> shift */
	uint32_t	groups;
	uint64_t   *count;			/* [workers][groups + 1] */
	TnfrScatter scatter;
} Build;

/* Rows a group (as a power of two) for groups of about GROUP_ENTRIES. */
static int
choose_shift(uint64_t n, uint64_t entries)
{
	uint64_t	want = entries / GROUP_ENTRIES + 1;
	int			shift = 0;

	if (want > MAX_GROUPS)
		want = MAX_GROUPS;
	while (shift < MAX_ROW_BITS && ((n - 1) >> shift) + 1 > want)
		shift++;
	return shift;
}

static void
count_task(void *arg, uint64_t task, int worker)
{
	const Build *b = arg;
	const TnfrBlock *block = &b->edges->blocks.block[task];
	const uint32_t *src = tnfr_block_src(block);
	const uint32_t *dst = tnfr_block_dst(block);
	uint64_t   *count = b->count + (size_t) worker * (b->groups + 1);

	for (uint32_t k = 0; k < block->used; k++)
		count[src[k] >> b->shift]++;
	if (!b->directed)
		for (uint32_t k = 0; k < block->used; k++)
			if (src[k] != dst[k])
				count[dst[k] >> b->shift]++;
}

/* Inlined with constants, so that the loop has no test of them. */
static inline __attribute__((always_inline)) void
scatter_block(Build *b, uint64_t task, int worker, bool directed,
			  bool weighted)
{
	const TnfrBlock *block = &b->edges->blocks.block[task];
	const uint32_t *src = tnfr_block_src(block);
	const uint32_t *dst = tnfr_block_dst(block);
	const double *weight = tnfr_block_weight(block);
	TnfrScatterLine *line = tnfr_scatter_lines(&b->scatter, worker);
	const int	shift = b->shift;
	const uint32_t mask = (UINT32_C(1) << shift) - 1;

	for (uint32_t k = 0; k < block->used; k++)
	{
		uint32_t	s = src[k];
		uint32_t	d = dst[k];
		double		w = weighted ? weight[k] : 1.0;

		tnfr_scatter_push(&b->scatter, line, weighted, s >> shift, s & mask,
						  d, w);
		if (!directed && s != d)
			tnfr_scatter_push(&b->scatter, line, weighted, d >> shift,
							  d & mask, s, w);
	}
}

static void
scatter_task(void *arg, uint64_t task, int worker)
{
	Build	   *b = arg;

	if (b->directed && b->edges->weighted)
		scatter_block(b, task, worker, true, true);
	else if (b->directed)
		scatter_block(b, task, worker, true, false);
	else if (b->edges->weighted)
		scatter_block(b, task, worker, false, true);
	else
		scatter_block(b, task, worker, false, false);
}

/* Where each group begins, into b->count[0 .. groups]. */
static TnfrStatus
count_groups(TnfrEnv *env, Build *b)
{
	uint64_t	sum = 0;
	TnfrStatus	status;

	memset(b->count, 0,
		   (size_t) env->threads * (b->groups + 1) * sizeof(uint64_t));
	status = tnfr_parallel(env, b->edges->blocks.nblocks, count_task, b);
	for (uint32_t g = 0; g <= b->groups; g++)
	{
		uint64_t	count = 0;

		for (int w = 0; w < env->threads; w++)
			count += b->count[(size_t) w * (b->groups + 1) + g];
		b->count[g] = sum;
		sum += count;
	}
	return status;
}

static TnfrStatus
scatter_edges(TnfrEnv *env, Build *b, TnfrEntries to)
{
	TnfrStatus	status = tnfr_scatter_begin(env, &b->scatter, to, b->count,
											b->groups);

	if (status != TNFR_OK)
		return status;
	status = tnfr_parallel(env, b->edges->blocks.nblocks, scatter_task, b);
	tnfr_scatter_end(env, &b->scatter);
	return status;
}

static TnfrStatus
alloc_graph(TnfrEnv *env, TnfrGraph *graph, bool weighted)
{
	graph->offset = tnfr_alloc(env, graph->n + 1, sizeof(uint64_t));
	graph->neighbour = tnfr_alloc(env, graph->entries + TNFR_GRAPH_PAD,
								  sizeof(uint32_t));
	if (graph->offset == NULL || graph->neighbour == NULL)
		return TNFR_NO_MEMORY;
	memset(graph->neighbour + graph->entries, 0,
		   TNFR_GRAPH_PAD * sizeof(uint32_t));
	if (weighted)
	{
		graph->weight = tnfr_alloc(env, graph->entries, sizeof(double));
		if (graph->weight == NULL)
			return TNFR_NO_MEMORY;
	}
	return TNFR_OK;
}

/* Fills the allocated graph. */
static TnfrStatus
fill_graph(TnfrEnv *env, TnfrEdges *edges, TnfrGraph *graph, uint16_t *row)
{
	TnfrEntries to = {graph->neighbour, graph->weight, row};
	Build		b = {.edges = edges,.directed = graph->directed};
	uint64_t	counters;
	TnfrStatus	status = TNFR_NO_MEMORY;

	b.shift = choose_shift(graph->n, graph->entries);
	b.groups = (uint32_t) ((graph->n - 1) >> b.shift) + 1;
	counters = (uint64_t) env->threads * (b.groups + 1);
	b.count = tnfr_alloc(env, counters, sizeof(uint64_t));
	if (b.count != NULL)
		status = count_groups(env, &b);
	if (status == TNFR_OK)
		status = scatter_edges(env, &b, to);
	tnfr_edges_release(env, edges);
	if (status == TNFR_OK)
		status = tnfr_order(env, graph, row, b.count, b.groups, b.shift);
	tnfr_release(env, b.count, counters, sizeof(uint64_t));
	return status;
}

TnfrStatus
tnfr_graph_build(TnfrEnv *env, TnfrEdges *edges, uint64_t n, bool directed,
				 TnfrGraph *graph)
{
	uint16_t   *row = NULL;
	TnfrStatus	status;

	memset(graph, 0, sizeof(*graph));
	graph->n = n;
	graph->directed = directed;
	graph->entries = edges->blocks.count;
	if (!directed)
		graph->entries += edges->blocks.count - edges->loops;

	status = alloc_graph(env, graph, edges->weighted);
	if (status == TNFR_OK && graph->entries == 0)
		memset(graph->offset, 0, (n + 1) * sizeof(uint64_t));
	else if (status == TNFR_OK)
	{
		row = tnfr_alloc(env, graph->entries, sizeof(uint16_t));
		status = row == NULL ? TNFR_NO_MEMORY
			: fill_graph(env, edges, graph, row);
		tnfr_release(env, row, graph->entries, sizeof(uint16_t));
	}
	tnfr_edges_release(env, edges);
	if (status != TNFR_OK)
		tnfr_graph_release(env, graph);
	return status;
}

uint64_t
tnfr_graph_build_bytes(uint64_t n, uint64_t entries, bool weighted)
{
	return (n + 1) * sizeof(uint64_t) +
		entries * (sizeof(uint32_t) + sizeof(uint16_t)) +
		(weighted ? entries * sizeof(double) : 0);
}

void
tnfr_graph_release(TnfrEnv *env, TnfrGraph *graph)
{
	if (graph->offset != NULL)
		tnfr_release(env, graph->offset, graph->n + 1, sizeof(uint64_t));
	tnfr_release(env, graph->neighbour, graph->entries + TNFR_GRAPH_PAD,
				 sizeof(uint32_t));
	tnfr_release(env, graph->weight, graph->entries, sizeof(double));
	memset(graph, 0, sizeof(*graph));
}
