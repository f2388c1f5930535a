/*
 * layout.c
 *	  A graph copied in the order of a layout, and whether that pays.
 *
 * The copy is made by tasks of equally many entries, so hubs need no care.
 */
#include "core/layout.h"
#include "core/kernel.h"
#include "core/nodes.h"
#include "core/parallel.h"
#include "core/reduce.h"

#include <string.h>
#include <unistd.h>

#define TASK_ENTRIES	UINT64_C(131072)
#define AHEAD_OFFSET	32		/* rows ahead that are fetched */
#define AHEAD_ROW		16
#define AHEAD_RANK		8
#define AHEAD_ENTRIES	UINT64_C(16)	/* of a row */

/* Nodes whose state fits half of a usual second-level cache. */
#define NEAR			UINT64_C(8192)
#define SAMPLE			UINT64_C(16384) /* rows looked at */
#define SAMPLE_ROW		UINT64_C(64)	/* entries of a row looked at */

#define DEFAULT_CACHE	((uint64_t) 32 << 20)
#define MOST_CACHE		((uint64_t) 64 << 20)	/* systems may tell the sum of
												 * caches of which a core has one */
#define REPAID_SERIAL	UINT64_C(16)	/* passes of one thread that pay for a
										 * layout, and for each thread, since
										 * the order is found by one */
#define REPAID_THREAD	UINT64_C(12)
#define ENOUGH_ENTRIES	4		/* a row, or there is little to gather */
#define WORTHWHILE		0.2		/* more entries near, as a share of all */

typedef struct Copying
{
	const TnfrGraph *from;
	TnfrGraph  *to;
	uint32_t   *order;
	uint32_t   *rank;			/* [n] the place of each node */
	uint64_t   *before;			/* [blocks + 1] entries before each block */
} Copying;

typedef struct Moving
{
	const uint32_t *order;
	uint64_t	n;
	const char *from;
	char	   *to;
	size_t		item;
	bool		back;
} Moving;

/* Places of the nodes, lengths of the rows, and their sum in each block. */
static void
length_task(void *arg, uint64_t task, int worker)
{
	Copying    *c = arg;
	const uint64_t *offset = c->from->offset;
	uint64_t	end = tnfr_node_block_end(c->from->n, task);
	uint64_t	sum = 0;

	(void) worker;
	for (uint64_t p = task * TNFR_NODE_BLOCK; p < end; p++)
	{
		uint64_t	node = c->order[p];
		uint64_t	length = offset[node + 1] - offset[node];

		c->rank[node] = (uint32_t) p;
		c->to->offset[p + 1] = length;
		sum += length;
	}
	c->before[task + 1] = sum;
}

static void
offset_task(void *arg, uint64_t task, int worker)
{
	Copying    *c = arg;
	uint64_t	end = tnfr_node_block_end(c->from->n, task);
	uint64_t	sum = c->before[task];

	(void) worker;
	for (uint64_t p = task * TNFR_NODE_BLOCK; p < end; p++)
		c->to->offset[p + 1] = sum += c->to->offset[p + 1];
}

static TnfrStatus
copy_offsets(TnfrEnv *env, Copying *c)
{
	const uint64_t blocks = tnfr_node_blocks(c->from->n);
	TnfrStatus	status;

	c->before = tnfr_alloc(env, blocks + 1, sizeof(uint64_t));
	if (c->before == NULL)
		return TNFR_NO_MEMORY;
	c->before[0] = 0;
	c->to->offset[0] = 0;
	status = tnfr_parallel(env, blocks, length_task, c);
	for (uint64_t b = 0; b < blocks && status == TNFR_OK; b++)
		c->before[b + 1] += c->before[b];
	if (status == TNFR_OK)
		status = tnfr_parallel(env, blocks, offset_task, c);
	tnfr_release(env, c->before, blocks + 1, sizeof(uint64_t));
	return status;
}

/*
 * Fetches what the copying of rows that come soon will look at.  Inlined before
 * gcc finds that it has no effect, and leaves out the call.
 */
TNFR_INLINE void
look_ahead(const Copying *c, uint64_t place)
{
	const TnfrGraph *from = c->from;
	const uint32_t *next = c->order + place;
	const uint32_t *row;
	uint64_t	k;
	uint64_t	end;

	if (place + AHEAD_OFFSET >= from->n)
		return;
	__builtin_prefetch(&from->offset[next[AHEAD_OFFSET]]);
	row = from->neighbour + from->offset[next[AHEAD_ROW]];
	__builtin_prefetch(row);
	__builtin_prefetch(row + AHEAD_ENTRIES / 2);	/* often a line further */
	k = from->offset[next[AHEAD_RANK]];
	end = from->offset[next[AHEAD_RANK] + UINT64_C(1)];
	for (end = end - k < AHEAD_ENTRIES ? end : k + AHEAD_ENTRIES; k < end; k++)
		__builtin_prefetch(&c->rank[from->neighbour[k]]);
}

/* Entries begin .. begin + TASK_ENTRIES of the copy. */
static void
entries_task(void *arg, uint64_t task, int worker)
{
	Copying    *c = arg;
	TnfrGraph  *to = c->to;
	uint64_t	k = task * TASK_ENTRIES;
	uint64_t	end = to->entries - k < TASK_ENTRIES ? to->entries : k + TASK_ENTRIES;
	uint64_t	row = tnfr_row_of(to->offset, to->n, 0, k);

	(void) worker;
	for (; k < end; row++)
	{
		uint64_t	last = to->offset[row + 1] < end ? to->offset[row + 1] : end;
		uint64_t	source = c->from->offset[c->order[row]] + k - to->offset[row];
		uint64_t	first = k;

		look_ahead(c, row);
		for (; k < last; k++)
			to->neighbour[k] = c->rank[c->from->neighbour[source + k - first]];
		if (to->weight != NULL)
			memcpy(to->weight + first, c->from->weight + source,
				   (last - first) * sizeof(double));
	}
}

static TnfrStatus
copy_graph(TnfrEnv *env, Copying *c)
{
	TnfrStatus	status = copy_offsets(env, c);

	if (status == TNFR_OK)
		status = tnfr_parallel(env, (c->to->entries + TASK_ENTRIES - 1) / TASK_ENTRIES,
							   entries_task, c);
	memset(c->to->neighbour + c->to->entries, 0,
		   TNFR_GRAPH_PAD * sizeof(uint32_t));
	return status;
}

/* Memory for the copy; false: there is not enough. */
static bool
alloc_layout(TnfrEnv *env, const TnfrGraph *graph, TnfrLayout *layout)
{
	TnfrGraph  *to = &layout->graph;

	to->n = graph->n;
	to->entries = graph->entries;
	to->directed = graph->directed;
	to->room = graph->entries + TNFR_GRAPH_PAD;
	layout->order = tnfr_alloc(env, graph->n, sizeof(uint32_t));
	to->offset = tnfr_alloc(env, graph->n + 1, sizeof(uint64_t));
	to->neighbour = tnfr_alloc(env, to->room, sizeof(uint32_t));
	if (graph->weight != NULL)
		to->weight = tnfr_alloc(env, to->room, sizeof(double));
	return layout->order != NULL && to->offset != NULL &&
		to->neighbour != NULL && (graph->weight == NULL || to->weight != NULL);
}

TnfrStatus
tnfr_layout_build(TnfrEnv *env, const TnfrGraph *graph, TnfrLayout *layout)
{
	Copying		c = {.from = graph,.to = &layout->graph};
	TnfrStatus	status = TNFR_NO_MEMORY;

	memset(layout, 0, sizeof(*layout));
	if (alloc_layout(env, graph, layout))
		status = tnfr_layout_order(env, graph, layout->order);
	if (status == TNFR_OK)
	{
		c.order = layout->order;
		c.rank = tnfr_alloc_gathered(env, graph->n, sizeof(uint32_t));
		status = c.rank == NULL ? TNFR_NO_MEMORY : copy_graph(env, &c);
		tnfr_release(env, c.rank, graph->n, sizeof(uint32_t));
	}
	if (status != TNFR_OK)
		tnfr_layout_release(env, layout);
	return status;
}

void
tnfr_layout_release(TnfrEnv *env, TnfrLayout *layout)
{
	tnfr_release(env, layout->order, layout->graph.n, sizeof(uint32_t));
	tnfr_graph_release(env, &layout->graph);
	layout->order = NULL;
}

uint64_t
tnfr_layout_build_bytes(const TnfrGraph *graph)
{
	uint64_t	entry = sizeof(uint32_t) +
		(graph->weight != NULL ? sizeof(double) : 0);

	return (graph->entries + TNFR_GRAPH_PAD) * entry +
		(graph->n + 1) * (2 * sizeof(uint32_t) + sizeof(uint64_t));
}

static uint64_t
near_in_row(const TnfrGraph *graph, uint64_t row, uint64_t *seen)
{
	uint64_t	begin = graph->offset[row];
	uint64_t	length = graph->offset[row + 1] - begin;
	uint64_t	step = length / SAMPLE_ROW + 1;
	uint64_t	near = 0;

	for (uint64_t k = begin; k < begin + length; k += step)
	{
		uint64_t	j = graph->neighbour[k];

		near += (j < row ? row - j : j - row) < NEAR || j < NEAR;
		++*seen;
	}
	return near;
}

double
tnfr_locality(const TnfrGraph *graph)
{
	uint64_t	step = graph->n / SAMPLE + 1;
	uint64_t	seen = 0;
	uint64_t	near = 0;

	for (uint64_t row = 0; row < graph->n; row += step)
		near += near_in_row(graph, row, &seen);
	return seen > 0 ? (double) near / (double) seen : 1.0;
}

uint64_t
tnfr_last_cache(void)
{
	long		size = 0;

#ifdef _SC_LEVEL3_CACHE_SIZE
	size = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
	if (size <= 0)
		return DEFAULT_CACHE;
	return (uint64_t) size < MOST_CACHE ? (uint64_t) size : MOST_CACHE;
}

/* Can a layout be worth its cost?  Nothing is tried; entries are sampled. */
static bool
may_pay(const TnfrEnv *env, const TnfrGraph *graph, const TnfrLayoutUse *use)
{
	uint64_t	repaid = REPAID_SERIAL + REPAID_THREAD * (uint64_t) env->threads;

	return use->passes >= repaid && graph->coded == NULL &&
		graph->n * sizeof(TnfrNodeState) > use->cache &&
		graph->entries / ENOUGH_ENTRIES >= graph->n &&
		tnfr_locality(graph) + WORTHWHILE <= 1.0;
}

TnfrStatus
tnfr_layout_choose(TnfrEnv *env, const TnfrGraph *graph,
				   const TnfrLayoutUse *use, TnfrLayout *layout)
{
	const bool	forced = use->choice == TNFR_LAYOUT_PARTITION;
	TnfrStatus	status;

	memset(layout, 0, sizeof(*layout));
	if (use->choice == TNFR_LAYOUT_ID || (!forced && !may_pay(env, graph, use)))
		return TNFR_OK;
	status = tnfr_layout_build(env, graph, layout);
	if (!forced && status == TNFR_NO_MEMORY)
		return TNFR_OK;
	if (!forced && status == TNFR_OK &&
		tnfr_locality(&layout->graph) < tnfr_locality(graph) + WORTHWHILE)
		tnfr_layout_release(env, layout);
	return status;
}

static void
move_item(const Moving *m, uint64_t to, uint64_t from, size_t item)
{
	memcpy(m->to + to * item, m->from + from * item, item);
}

static void
move_task(void *arg, uint64_t task, int worker)
{
	const Moving *m = arg;
	uint64_t	end = tnfr_node_block_end(m->n, task);

	(void) worker;
	for (uint64_t p = task * TNFR_NODE_BLOCK; p < end; p++)
	{
		uint64_t	to = m->back ? m->order[p] : p;
		uint64_t	from = m->back ? p : m->order[p];

		if (m->item == sizeof(double))	/* a size that the compiler knows */
			move_item(m, to, from, sizeof(double));
		else
			move_item(m, to, from, sizeof(TnfrNodeState));
	}
}

static TnfrStatus
move_all(TnfrEnv *env, const TnfrLayout *layout, const void *from, void *to,
		 size_t item, bool back)
{
	Moving		m = {layout->order, layout->graph.n, from, to, item, back};

	return tnfr_parallel(env, tnfr_node_blocks(m.n), move_task, &m);
}

TnfrStatus
tnfr_layout_arrange(TnfrEnv *env, const TnfrLayout *layout, const void *by_id,
					void *placed, size_t item)
{
	return move_all(env, layout, by_id, placed, item, false);
}

TnfrStatus
tnfr_layout_restore(TnfrEnv *env, const TnfrLayout *layout, const void *placed,
					void *by_id, size_t item)
{
	return move_all(env, layout, placed, by_id, item, true);
}
