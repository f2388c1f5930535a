/*
 * embed.c
 *	  New indexes for the nodes of a graph.
 */
#include "core/embed.h"
#include "core/parallel.h"

#include <string.h>

#define SLICE	UINT64_C(65536) /* nodes, or entries, a task */

typedef struct Renumbering
{
	TnfrGraph  *graph;
	const uint32_t *map;
} Renumbering;

/* Both lists ascend: one walk along them finds all new indexes. */
TnfrStatus
tnfr_map_nodes(TnfrEnv *env, const int64_t *id, uint64_t ids,
			   const int64_t *node, uint64_t n, uint32_t *map)
{
	uint64_t	i = 0;
	uint64_t	at = 0;

	env->error.count = 0;
	while (i < ids)
	{
		if (at < n && node[at] < id[i])
			at++;
		else
		{
			map[i] = (uint32_t) at;
			if ((at == n || node[at] != id[i]) && env->error.count++ == 0)
				env->error.id = id[i];
			i++;
		}
		if ((i + at) % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return env->error.count > 0 ? TNFR_UNKNOWN_NODE : TNFR_OK;
}

TnfrStatus
tnfr_spread_rows(TnfrEnv *env, const uint64_t *from, uint64_t ids,
				 const uint32_t *map, uint64_t n, uint64_t **offset)
{
	uint64_t   *to = tnfr_alloc(env, n + 1, sizeof(uint64_t));
	uint64_t	row = 0;		/* the first whose place is not before r */

	if (to == NULL)
		return TNFR_NO_MEMORY;
	for (uint64_t r = 0; r <= n; r++)
	{
		row += row < ids && map[row] < r;
		to[r] = from[row];
		if (r % SLICE == 0 && tnfr_check(env))
		{
			tnfr_release(env, to, n + 1, sizeof(uint64_t));
			return TNFR_STOPPED;
		}
	}
	*offset = to;
	return TNFR_OK;
}

static TnfrStatus
spread_graph(TnfrEnv *env, TnfrGraph *graph, const uint32_t *map, uint64_t n)
{
	uint64_t   *offset;
	TnfrStatus	status = tnfr_spread_rows(env, graph->offset, graph->n, map, n,
										  &offset);

	if (status != TNFR_OK)
		return status;
	tnfr_release(env, graph->offset, graph->n + 1, sizeof(uint64_t));
	graph->offset = offset;
	graph->n = n;
	return TNFR_OK;
}

static void
renumber_task(void *arg, uint64_t task, int worker)
{
	const Renumbering *r = arg;
	uint32_t   *neighbour = r->graph->neighbour;
	uint64_t	begin = task * SLICE;
	uint64_t	end = begin + SLICE;

	(void) worker;
	if (end > r->graph->entries)
		end = r->graph->entries;
	for (uint64_t i = begin; i < end; i++)
		neighbour[i] = r->map[neighbour[i]];
}

TnfrStatus
tnfr_graph_embed(TnfrEnv *env, TnfrGraph *graph, const int64_t *id,
				 const int64_t *node, uint64_t n)
{
	const uint64_t ids = graph->n;
	uint32_t   *map = tnfr_alloc(env, ids, sizeof(uint32_t));
	Renumbering r = {graph, map};
	TnfrStatus	status;

	if (map == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_map_nodes(env, id, ids, node, n, map);
	if (status == TNFR_OK && ids < n)	/* else all indexes stay */
	{
		status = tnfr_parallel(env, (graph->entries + SLICE - 1) / SLICE,
							   renumber_task, &r);
		if (status == TNFR_OK)
			status = spread_graph(env, graph, map, n);
	}
	tnfr_release(env, map, ids, sizeof(uint32_t));
	return status;
}
