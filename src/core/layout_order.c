/*
 * layout_order.c
 *	  An order of the nodes with neighbours close together: regions are grown.
 *
 * A region begins with one node and takes in whoever it touches by a few
 * entries.  By chance alone that happens to very few: a region has some ten
 * thousand edges to the outside, which lead all over a large network.  But
 * within a community two nodes share neighbours, and once some tens of its
 * nodes are in, the rest follows like an avalanche (bootstrap percolation:
 * Janson, Luczak, Turova, Vallier 2012).  Until then nodes that are touched
 * once are taken, first come, first served.  So a single walk over the entries
 * finds communities of any size up to a region's, where label propagation
 * needs a dozen passes and stays in small pieces when rows are short.
 *
 * The nodes with by far the longest rows come first, longest first: they are
 * neighbours of everybody, and together they stay in cache.
 *
 * The walk is serial: every step depends on those before.  Nothing in it is
 * random, so the order depends on the graph alone.
 */
#include "core/layout.h"
#include "core/kernel.h"

#include <string.h>

#define REGION		UINT64_C(65536) /* nodes: their state is 2 MB */
#define WAITING		4096		/* touched once, remembered for a region */
#define HUB_FACTOR	4			/* rows so many times longer than the mean */
#define LONGEST		UINT64_C(1024)	/* rows that a region spreads along */
#define CLASSES		65			/* of row lengths, by powers of two */
#define PER_CHECK	UINT64_C(65536) /* entries between two looks at interrupts */

/* Places ahead of the walk at which things are fetched. */
#define AHEAD_OFFSET	16
#define AHEAD_ROW		8
#define AHEAD_MARK		3
#define AHEAD_ENTRIES	UINT64_C(16)

/*
 * What is known of a node, in two bytes, since it is looked up for every
 * entry: how many entries must touch it, which region touched it last, how
 * often.  Regions are numbered modulo 256: that an older one is mistaken for
 * this is rare, and does no harm.
 */
#define TOUCHES			UINT16_C(0x000f)
#define LAST_REGION		UINT16_C(0x0ff0)
#define REGION_SHIFT	4
#define NEED_SHIFT		12
#define NEED_MAX		14
#define PLACED			UINT16_C(0xffff)	/* it has its place */

typedef struct Regions
{
	TnfrEnv    *env;
	const TnfrGraph *graph;
	uint32_t   *order;
	uint16_t   *mark;			/* [n] */
	uint64_t	end;			/* nodes that have a place */
	uint64_t	walked;			/* of them, those whose rows were walked */
	uint64_t	begin;			/* where the region begins */
	uint64_t	seed;			/* all nodes before it have a place */
	uint64_t	entries;		/* walked since the last look at interrupts */
	uint16_t	tag;			/* of the region */
	uint32_t   *waiting;		/* [WAITING] */
	uint32_t	waiting_end;
	uint32_t	waiting_next;
} Regions;

static uint64_t
length_of(const TnfrGraph *graph, uint64_t row)
{
	return graph->offset[row + 1] - graph->offset[row];
}

static void
place(Regions *r, uint32_t node)
{
	r->mark[node] = PLACED;
	r->order[r->end++] = node;
}

/* More entries must touch a longer row; one is enough for the ends of paths. */
static TnfrStatus
mark_needs(Regions *r)
{
	const TnfrGraph *graph = r->graph;

	for (uint64_t i = 0; i < graph->n; i++)
	{
		uint64_t	length = length_of(graph, i);
		uint64_t	need = length <= 2 ? 1 : 2 + length / 16;

		r->mark[i] = (uint16_t) ((need < NEED_MAX ? need : NEED_MAX) << NEED_SHIFT);
		if (i % (PER_CHECK * 16) == 0 && tnfr_check(r->env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* 0: no hub; else the longer, the smaller. */
static int
hub_class(const TnfrGraph *graph, uint64_t row)
{
	uint64_t	length = length_of(graph, row);

	return length / HUB_FACTOR > graph->entries / graph->n ?
		1 + __builtin_clzll(length) : 0;
}

/* A counting sort of the hubs. */
static TnfrStatus
place_hubs(Regions *r)
{
	const uint64_t n = r->graph->n;
	uint64_t	at[CLASSES + 1] = {0};

	for (uint64_t i = 0; i < n; i++)
	{
		at[hub_class(r->graph, i) + 1]++;
		if (i % (PER_CHECK * 16) == 0 && tnfr_check(r->env))
			return TNFR_STOPPED;
	}
	at[1] = 0;					/* those that are none get no place */
	for (int c = 1; c < CLASSES; c++)
		at[c + 1] += at[c];
	for (uint64_t i = 0; i < n; i++)
	{
		int			c = hub_class(r->graph, i);

		if (c > 0)
		{
			r->order[at[c]++] = (uint32_t) i;
			r->mark[i] = PLACED;
			r->end++;
		}
		if (i % (PER_CHECK * 16) == 0 && tnfr_check(r->env))
			return TNFR_STOPPED;
	}
	r->walked = r->end;
	return TNFR_OK;
}

/*
 * Fetches what the walk will look at soon.  Inlined before gcc finds that it
 * has no effect, and leaves out the call.
 */
TNFR_INLINE void
look_ahead(const Regions *r)
{
	const TnfrGraph *graph = r->graph;
	const uint32_t *next = r->order + r->walked;
	uint64_t	left = r->end - r->walked;

	if (left > AHEAD_OFFSET)
		__builtin_prefetch(&graph->offset[next[AHEAD_OFFSET]]);
	if (left > AHEAD_ROW)
	{
		const uint32_t *row = graph->neighbour + graph->offset[next[AHEAD_ROW]];

		__builtin_prefetch(row);
		__builtin_prefetch(row + AHEAD_ENTRIES / 2);	/* often a line further */
	}
	if (left > AHEAD_MARK)
	{
		uint64_t	k = graph->offset[next[AHEAD_MARK]];
		uint64_t	end = graph->offset[next[AHEAD_MARK] + UINT64_C(1)];

		for (end = end - k < AHEAD_ENTRIES ? end : k + AHEAD_ENTRIES; k < end; k++)
			__builtin_prefetch(&r->mark[graph->neighbour[k]], 1);
	}
}

/* Touches the neighbours of a node in the region. */
static void
walk_row(Regions *r, uint32_t node)
{
	const TnfrGraph *graph = r->graph;
	const uint64_t end = graph->offset[node + UINT64_C(1)];
	const bool	open = r->end - r->begin < REGION;

	if (length_of(graph, node) > LONGEST)
		return;
	for (uint64_t k = graph->offset[node]; k < end; k++)
	{
		uint32_t	j = graph->neighbour[k];
		uint16_t	mark = r->mark[j];
		uint16_t	need = mark >> NEED_SHIFT;
		uint16_t	touches = 1;

		if (mark == PLACED)
			continue;
		if ((mark & LAST_REGION) == r->tag)
			touches += mark & TOUCHES;
		if (touches >= need && open)
		{
			place(r, j);
			continue;
		}
		if (touches == 1 && r->waiting_end < WAITING)
			r->waiting[r->waiting_end++] = j;
		if (touches > TOUCHES)
			touches = TOUCHES;
		r->mark[j] = (uint16_t) (need << NEED_SHIFT | r->tag | touches);
	}
	r->entries += length_of(graph, node);
}

/* Takes in a node that was touched, but not enough; false: there is none. */
static bool
place_waiting(Regions *r)
{
	while (r->waiting_next < r->waiting_end)
	{
		uint32_t	node = r->waiting[r->waiting_next++];

		if (r->mark[node] != PLACED)
		{
			place(r, node);
			return true;
		}
	}
	return false;
}

/*
 * A region ends when nobody is touched enough any more, after an avalanche;
 * before one, waiting nodes are taken in, up to as many as are remembered.
 */
static TnfrStatus
grow_region(Regions *r)
{
	uint64_t	taken = 0;		/* that waited */

	r->begin = r->end;
	r->tag = (uint16_t) ((r->tag + (1 << REGION_SHIFT)) & LAST_REGION);
	r->waiting_end = 0;
	r->waiting_next = 0;
	place(r, (uint32_t) r->seed);
	for (;;)
	{
		if (r->walked == r->end)
		{
			uint64_t	size = r->end - r->begin;

			if (size > 2 * taken + 16 || size >= REGION || !place_waiting(r))
				return TNFR_OK;
			taken++;
		}
		look_ahead(r);
		walk_row(r, r->order[r->walked++]);
		if (r->entries >= PER_CHECK)
		{
			r->entries = 0;
			if (tnfr_check(r->env))
				return TNFR_STOPPED;
		}
	}
}

static TnfrStatus
place_all(Regions *r)
{
	const uint64_t n = r->graph->n;
	TnfrStatus	status = mark_needs(r);

	if (status == TNFR_OK)
		status = place_hubs(r);
	for (; r->seed < n && status == TNFR_OK; r->seed++)
	{
		if (r->mark[r->seed] != PLACED)
			status = grow_region(r);
		if (r->seed % (PER_CHECK * 16) == 0 && tnfr_check(r->env))
			status = TNFR_STOPPED;
	}
	return status;
}

TnfrStatus
tnfr_layout_order(TnfrEnv *env, const TnfrGraph *graph, uint32_t *order)
{
	Regions		r = {.env = env,.graph = graph,.order = order};
	TnfrStatus	status = TNFR_NO_MEMORY;

	r.mark = tnfr_alloc_gathered(env, graph->n, sizeof(uint16_t));
	r.waiting = tnfr_alloc(env, WAITING, sizeof(uint32_t));
	if (r.mark != NULL && r.waiting != NULL)
		status = place_all(&r);
	tnfr_release(env, r.waiting, WAITING, sizeof(uint32_t));
	tnfr_release(env, r.mark, graph->n, sizeof(uint16_t));
	return status;
}
