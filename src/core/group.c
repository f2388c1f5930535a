/*
 * group.c
 *	  In-place permutation of the blocks that reading has filled.
 *
 * The idea is that of the in-place sample sorts (Axtmann, Witt, Ferizovic,
 * Sanders: IPS4o, 2017), with the classification done while reading:
 *
 *	 1. The last, partly filled block of each group is copied aside; its slot
 *		is a hole.
 *	 2. Each full block gets a slot: those of a group follow each other from
 *		the first slot that begins within the group's range.
 *	 3. The moves form chains, which end in a hole, and cycles.  Chains are
 *		followed in parallel, a bounded number of moves at a time.
 *	 4. A group's last block may reach beyond its range by less than a block,
 *		where the next group's range begins.  Going up group by group, what
 *		reaches beyond, and then the entries put aside, fill what is free at
 *		the group's own begin and end.
 */
#include "core/group.h"
#include "core/parallel.h"

#include <string.h>

#define NO_BLOCK		UINT32_MAX
#define MOVES_A_TASK	UINT64_C(1024)	/* blocks; about a millisecond */

typedef struct Grouping
{
	TnfrEdges  *edges;
	const uint64_t *start;		/* [groups + 1] */
	TnfrEntries aside;			/* [groups * TNFR_BLOCK] unfinished blocks */
	uint32_t   *source;			/* [blocks] the block to come to each slot;
								 * the slot itself: it has come */
	uint64_t   *chain;			/* [groups] free slot that a chain has got to;
								 * edges->blocks: it is finished */
	uint64_t	unfinished;		/* chains */
} Grouping;

/* Moves count entries. */
static inline void
copy_entries(const TnfrEntries *to, uint64_t at, const TnfrEntries *from,
			 uint64_t begin, uint64_t count)
{
	memmove(to->neighbour + at, from->neighbour + begin,
			count * sizeof(uint32_t));
	memmove(to->row + at, from->row + begin, count * sizeof(uint16_t));
	if (from->weight != NULL)
		memmove(to->weight + at, from->weight + begin, count * sizeof(double));
}

/* The number of entries in the unfinished block of a group. */
static inline uint64_t
unfinished_entries(const TnfrEdges *e, uint32_t group)
{
	return e->cursor[group] % TNFR_BLOCK;
}

/* The slot where a group's full blocks begin. */
static inline uint64_t
first_slot(const Grouping *g, uint32_t group)
{
	return (g->start[group] + TNFR_BLOCK - 1) / TNFR_BLOCK;
}

/* Where each group begins. */
static TnfrStatus
count_groups(TnfrEnv *env, const TnfrEdges *e, uint64_t *start)
{
	uint64_t	sum = 0;

	memset(start, 0, (e->groups + 1) * sizeof(uint64_t));
	for (uint64_t b = 0; b < e->blocks; b++)
	{
		start[e->tag[b]] += TNFR_BLOCK;
		if (b % 65536 == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	for (uint32_t g = 0; g <= e->groups; g++)
	{
		uint64_t	count = start[g];

		if (g < e->groups && unfinished_entries(e, g) > 0)
			count -= TNFR_BLOCK - unfinished_entries(e, g);
		start[g] = sum;
		sum += count;
	}
	return TNFR_OK;
}

static bool
alloc_grouping(TnfrEnv *env, Grouping *g)
{
	const TnfrEdges *e = g->edges;
	uint64_t	aside = (uint64_t) e->groups * TNFR_BLOCK;

	g->aside.neighbour = tnfr_alloc(env, aside, sizeof(uint32_t));
	g->aside.row = tnfr_alloc(env, aside, sizeof(uint16_t));
	if (e->weighted)
		g->aside.weight = tnfr_alloc(env, aside, sizeof(double));
	g->source = tnfr_alloc(env, e->blocks, sizeof(uint32_t));
	g->chain = tnfr_alloc(env, e->groups, sizeof(uint64_t));
	return g->aside.neighbour != NULL && g->aside.row != NULL &&
		(!e->weighted || g->aside.weight != NULL) && g->source != NULL &&
		g->chain != NULL;
}

static void
release_grouping(TnfrEnv *env, Grouping *g)
{
	const TnfrEdges *e = g->edges;
	uint64_t	aside = (uint64_t) e->groups * TNFR_BLOCK;

	tnfr_release(env, g->aside.neighbour, aside, sizeof(uint32_t));
	tnfr_release(env, g->aside.row, aside, sizeof(uint16_t));
	tnfr_release(env, g->aside.weight, aside, sizeof(double));
	tnfr_release(env, g->source, e->blocks, sizeof(uint32_t));
	tnfr_release(env, g->chain, e->groups, sizeof(uint64_t));
}

/* Step 1: the unfinished blocks; a chain begins in each of their slots. */
static void
put_aside(Grouping *g)
{
	const TnfrEdges *e = g->edges;

	for (uint32_t group = 0; group < e->groups; group++)
	{
		uint64_t	count = unfinished_entries(e, group);

		g->chain[group] = e->blocks;
		if (count == 0)
			continue;
		g->chain[group] = e->cursor[group] / TNFR_BLOCK;
		copy_entries(&g->aside, (uint64_t) group * TNFR_BLOCK, &e->to,
					 e->cursor[group] - count, count);
	}
}

/* Step 2: which block comes to which slot. */
static TnfrStatus
assign_slots(TnfrEnv *env, Grouping *g)
{
	const TnfrEdges *e = g->edges;
	uint64_t   *next = tnfr_alloc(env, e->groups, sizeof(uint64_t));
	TnfrStatus	status;

	if (next == NULL)
		return TNFR_NO_MEMORY;
	for (uint32_t group = 0; group < e->groups; group++)
		next[group] = first_slot(g, group);
	status = tnfr_fill(env, g->source, 0xff, e->blocks * sizeof(uint32_t));
	for (uint64_t b = 0; b < e->blocks && status == TNFR_OK; b++)
	{
		uint32_t	group = e->tag[b];

		if (g->chain[group] != b)
			g->source[next[group]++] = (uint32_t) b;
		if (b % 65536 == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	tnfr_release(env, next, e->groups, sizeof(uint64_t));
	return status;
}

static inline void
move_block(const Grouping *g, uint64_t slot, uint64_t from)
{
	const TnfrEntries *e = &g->edges->to;

	copy_entries(e, slot * TNFR_BLOCK, e, from * TNFR_BLOCK, TNFR_BLOCK);
}

/* Step 3: follows a chain for a while. */
static void
chain_task(void *arg, uint64_t task, int worker)
{
	const Grouping *g = arg;
	uint64_t	slot = g->chain[task];

	(void) worker;
	for (uint64_t moves = 0; slot < g->edges->blocks && moves < MOVES_A_TASK;
		 moves++)
	{
		uint32_t	from = g->source[slot];

		if (from == NO_BLOCK)
		{
			slot = g->edges->blocks;
			break;
		}
		move_block(g, slot, from);
		g->source[slot] = (uint32_t) slot;
		slot = from;
	}
	g->chain[task] = slot;
}

static TnfrStatus
move_chains(TnfrEnv *env, Grouping *g)
{
	bool		more = true;

	while (more)
	{
		TnfrStatus	status = tnfr_parallel(env, g->edges->groups, chain_task,
										   g);

		if (status != TNFR_OK)
			return status;
		more = false;
		for (uint32_t group = 0; group < g->edges->groups && !more; group++)
			more = g->chain[group] < g->edges->blocks;
	}
	return TNFR_OK;
}

/* What the chains have left are cycles; each needs a free block to begin. */
static TnfrStatus
move_cycles(TnfrEnv *env, Grouping *g)
{
	const TnfrEdges *e = g->edges;
	uint32_t	neighbour[TNFR_BLOCK];
	uint16_t	row[TNFR_BLOCK];
	double		weight[TNFR_BLOCK];
	const TnfrEntries spare = {neighbour, e->weighted ? weight : NULL, row};
	uint64_t	steps = 0;

	for (uint64_t begin = 0; begin < e->blocks; begin++)
	{
		uint64_t	slot = begin;

		if (++steps % MOVES_A_TASK == 0 && tnfr_check(env))
			return TNFR_STOPPED;
		if (g->source[begin] == begin || g->source[begin] == NO_BLOCK)
			continue;
		copy_entries(&spare, 0, &e->to, begin * TNFR_BLOCK, TNFR_BLOCK);
		while (g->source[slot] != begin)
		{
			uint32_t	from = g->source[slot];

			move_block(g, slot, from);
			g->source[slot] = (uint32_t) slot;
			slot = from;
			if (++steps % MOVES_A_TASK == 0 && tnfr_check(env))
				return TNFR_STOPPED;
		}
		copy_entries(&e->to, slot * TNFR_BLOCK, &spare, 0, TNFR_BLOCK);
		g->source[slot] = (uint32_t) slot;
	}
	return TNFR_OK;
}

/* Step 4 for one group. */
static void
fill_ends(const Grouping *g, uint32_t group)
{
	const TnfrEntries *e = &g->edges->to;
	const uint64_t end = g->start[group + 1];
	const uint64_t aside = unfinished_entries(g->edges, group);
	const uint64_t blocks = (end - g->start[group] - aside) / TNFR_BLOCK;
	uint64_t	free_begin = g->start[group];
	uint64_t	free_end = first_slot(g, group) * TNFR_BLOCK;
	uint64_t	blocks_end = free_end + blocks * TNFR_BLOCK;
	uint64_t	used = 0;		/* of the entries put aside */

	if (blocks == 0)			/* all there is was put aside */
		free_end = blocks_end = free_begin;
	if (blocks_end > end)
	{
		copy_entries(e, free_begin, e, end, blocks_end - end);
		free_begin += blocks_end - end;
		blocks_end = end;
	}
	if (free_end > free_begin)
		used = free_end - free_begin;
	copy_entries(e, free_begin, &g->aside, (uint64_t) group * TNFR_BLOCK, used);
	copy_entries(e, blocks_end, &g->aside,
				 (uint64_t) group * TNFR_BLOCK + used, aside - used);
}

TnfrStatus
tnfr_group(TnfrEnv *env, TnfrEdges *edges, uint64_t *start)
{
	Grouping	g = {.edges = edges,.start = start};
	TnfrStatus	status = count_groups(env, edges, start);

	if (status != TNFR_OK)
		return status;
	if (!alloc_grouping(env, &g))
		status = TNFR_NO_MEMORY;
	if (status == TNFR_OK)
	{
		put_aside(&g);
		status = assign_slots(env, &g);
	}
	if (status == TNFR_OK)
		status = move_chains(env, &g);
	if (status == TNFR_OK)
		status = move_cycles(env, &g);
	for (uint32_t group = 0; group < edges->groups && status == TNFR_OK; group++)
		fill_ends(&g, group);
	release_grouping(env, &g);
	return status;
}
