/*
 * adjacency.c
 *	  Rows without self-loops and duplicates, of both directions.
 *
 * A directed graph is first built again as an undirected one, by the same
 * code that builds graphs (graph.c): each entry is an edge.  Then duplicates,
 * which lie side by side, and self-loops are left out.
 */
#include "core/adjacency.h"
#include "core/rows.h"

#include <string.h>

#define BATCH	1024			/* edges added together */

/* Edges on their way. */
typedef struct Batch
{
	uint32_t	src[BATCH];
	uint32_t	dst[BATCH];
	uint32_t	count;
} Batch;

static inline bool
is_kept(const TnfrRows *rows, uint64_t row, uint64_t k)
{
	return rows->neighbour[k] != row &&
		(k == rows->offset[row] ||
		 rows->neighbour[k] != rows->neighbour[k - 1]);
}

static uint64_t
keep_distinct(const TnfrRows *rows, uint64_t row, uint64_t begin, uint64_t end,
			  uint32_t *kept)
{
	uint64_t	count = 0;

	for (uint64_t k = begin; k < end; k++)
		if (is_kept(rows, row, k))
		{
			if (kept != NULL)
				kept[count] = rows->neighbour[k];
			count++;
		}
	return count;
}

static TnfrStatus
add_batch(TnfrEnv *env, TnfrEdges *edges, Batch *batch)
{
	const uint32_t count = batch->count;

	batch->count = 0;
	return tnfr_edges_add_mapped(env, edges, batch->src, batch->dst, NULL,
								 count);
}

/* Adds the entries of a part of a row, each as an edge. */
static TnfrStatus
add_part(TnfrEnv *env, TnfrEdges *edges, const TnfrRows *rows,
		 const TnfrWalk *w, Batch *batch)
{
	TnfrStatus	status = TNFR_OK;

	for (uint64_t k = w->begin; k < w->end && status == TNFR_OK; k++)
	{
		if (!is_kept(rows, w->row, k))
			continue;
		batch->src[batch->count] = (uint32_t) w->row;
		batch->dst[batch->count++] = rows->neighbour[k];
		if (batch->count == BATCH)
			status = add_batch(env, edges, batch);
	}
	return status;
}

static TnfrStatus
add_entries(TnfrEnv *env, TnfrEdges *edges, const TnfrRows *rows)
{
	const uint64_t tasks = tnfr_rows_tasks(rows->offset, rows->n);
	TnfrStatus	status = TNFR_OK;
	Batch		batch = {.count = 0};

	for (uint64_t t = 0; t < tasks && status == TNFR_OK; t++)
	{
		TnfrWalk	w = tnfr_walk_task(rows->offset, rows->n, t);

		while (status == TNFR_OK && tnfr_walk_next(&w))
			status = add_part(env, edges, rows, &w, &batch);
		if (status == TNFR_OK && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	return status == TNFR_OK ? add_batch(env, edges, &batch) : status;
}

/* The undirected graph of the entries of a directed one. */
static TnfrStatus
build_undirected(TnfrEnv *env, const TnfrGraph *graph, const TnfrRows *rows,
				 TnfrGraph *undirected)
{
	TnfrEdges	edges;
	uint64_t	room;
	TnfrStatus	status = tnfr_edges_begin(env, &edges, graph->n,
										  2 * graph->entries, false, false);

	if (status != TNFR_OK)
		return status;

	/*
	 * Room for all at once, with a block of each group that is not full; not
	 * for more blocks than edges can number.
	 */
	room = 2 * (graph->entries + BATCH) / TNFR_BLOCK +
		2 * (uint64_t) edges.groups + 2;
	status = tnfr_edges_resize(env, &edges, room < UINT32_MAX ? room :
							   UINT32_MAX - 1);
	if (status == TNFR_OK)
		status = add_entries(env, &edges, rows);
	if (status == TNFR_OK)
		return tnfr_graph_build(env, &edges, undirected);
	tnfr_edges_release(env, &edges);
	return status;
}

/* The entries that are kept: those of the rows, if they are all; or a copy. */
static TnfrStatus
keep_entries(TnfrEnv *env, const TnfrRows *rows, TnfrAdjacency *a)
{
	TnfrFilter	filter;
	TnfrStatus	status = tnfr_filter_begin(env, &filter, rows, keep_distinct);

	if (status != TNFR_OK)
		return status;
	a->pairs = filter.kept.entries / 2;
	a->offset = rows->offset;
	a->neighbour = rows->neighbour;
	if (filter.kept.entries < rows->offset[rows->n])
	{
		status = tnfr_filter_copy(env, &filter);
		if (status == TNFR_OK)
		{
			tnfr_graph_release(env, &a->own);
			a->own = filter.kept;
			memset(&filter.kept, 0, sizeof(filter.kept));
			a->offset = a->own.offset;
			a->neighbour = a->own.neighbour;
		}
	}
	tnfr_filter_end(env, &filter);
	return status;
}

TnfrStatus
tnfr_adjacency_build(TnfrEnv *env, const TnfrGraph *graph,
					 TnfrAdjacency *adjacency)
{
	TnfrRows	rows = {graph->n, graph->offset, graph->neighbour};
	TnfrStatus	status = TNFR_OK;

	memset(adjacency, 0, sizeof(*adjacency));
	adjacency->n = graph->n;
	if (graph->directed)
	{
		status = build_undirected(env, graph, &rows, &adjacency->own);
		rows = (TnfrRows) {graph->n, adjacency->own.offset,
						   adjacency->own.neighbour};
	}
	if (status == TNFR_OK)
		status = keep_entries(env, &rows, adjacency);
	if (status != TNFR_OK)
		tnfr_adjacency_release(env, adjacency);
	return status;
}

void
tnfr_adjacency_release(TnfrEnv *env, TnfrAdjacency *adjacency)
{
	tnfr_graph_release(env, &adjacency->own);
	memset(adjacency, 0, sizeof(*adjacency));
}
