/*
 * graph.c
 *	  From edges to compressed sparse rows, in place.
 *
 * Two stable counting passes over whole columns, the textbook way, are bound
 * by cache and TLB misses, since every entry goes to a random place twice, and
 * by the page faults of the memory they go to.  Here entries are distributed
 * over groups of rows while they are read (edges.c), blocks of a group are
 * brought together by copying whole blocks (group.c), and each group is sorted
 * in cache (order.c).
 */
#include "core/graph.h"
#include "core/group.h"
#include "core/order.h"

#include <string.h>

/* The columns of the edges become those of the graph. */
static void
take_columns(TnfrGraph *graph, TnfrEdges *edges)
{
	graph->neighbour = edges->to.neighbour;
	graph->weight = edges->to.weight;
	graph->room = edges->room * TNFR_BLOCK;
	edges->to.neighbour = NULL;
	edges->to.weight = NULL;
}

static TnfrStatus
order_entries(TnfrEnv *env, TnfrEdges *edges, TnfrGraph *graph)
{
	const uint64_t room = (edges->entries + TNFR_GRAPH_PAD) / TNFR_BLOCK + 1;
	uint64_t   *start = tnfr_alloc(env, edges->groups + 1, sizeof(uint64_t));
	TnfrStatus	status;

	if (start == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_group(env, edges, start);
	if (status == TNFR_OK)
		status = tnfr_edges_resize(env, edges, room);
	if (status == TNFR_OK)
	{
		take_columns(graph, edges);
		memset(graph->neighbour + graph->entries, 0,
			   TNFR_GRAPH_PAD * sizeof(uint32_t));
		status = tnfr_order(env, graph, edges->to.row, start, edges->groups,
							edges->shift);
	}
	tnfr_release(env, start, edges->groups + 1, sizeof(uint64_t));
	return status;
}

TnfrStatus
tnfr_graph_build(TnfrEnv *env, TnfrEdges *edges, TnfrGraph *graph)
{
	TnfrStatus	status;

	memset(graph, 0, sizeof(*graph));
	graph->n = edges->n;
	graph->directed = edges->directed;
	graph->entries = edges->entries;
	graph->offset = tnfr_alloc(env, graph->n + 1, sizeof(uint64_t));
	if (graph->offset == NULL)
		status = TNFR_NO_MEMORY;
	else if (graph->entries == 0)
		status = tnfr_fill(env, graph->offset, 0,
						   (graph->n + 1) * sizeof(uint64_t));
	else
		status = order_entries(env, edges, graph);
	tnfr_edges_release(env, edges);
	if (status != TNFR_OK)
		tnfr_graph_release(env, graph);
	return status;
}

uint64_t
tnfr_graph_build_bytes(const TnfrEdges *edges)
{
	return (edges->n + 1) * sizeof(uint64_t) +
		edges->blocks * sizeof(uint32_t);
}

void
tnfr_graph_release(TnfrEnv *env, TnfrGraph *graph)
{
	tnfr_release(env, graph->offset, graph->n + 1, sizeof(uint64_t));
	tnfr_release(env, graph->neighbour, graph->room, sizeof(uint32_t));
	tnfr_release(env, graph->weight, graph->room, sizeof(double));
	memset(graph, 0, sizeof(*graph));
}
