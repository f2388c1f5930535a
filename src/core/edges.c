/*
 * edges.c
 *	  Takes in edges: ids to indexes, entries to the blocks of their groups.
 */
#include "core/edges.h"
#include "core/pool.h"

#include <string.h>

#define BATCH			256		/* edges mapped together */
#define MIN_GROUPS		256		/* unless there are few rows */
#define MIN_GROUP_ROWS	16
#define MAX_GROUPS		1024	/* open blocks whose ends stay in cache */
#define GROUP_ENTRIES	2048	/* smaller groups are not worth a block */
#define MAX_ENTRIES		32768	/* larger groups would have to be split */
#define MAX_ROW_BITS	16		/* a row's number in its group is uint16 */

static uint64_t
at_most(uint64_t x, uint64_t limit)
{
	return x < limit ? x : limit;
}

/*
 * How many groups.  What is expected may be far too little: then the lower
 * bound leaves groups that can be split one by one in little memory.
 */
static uint64_t
choose_groups(uint64_t n, uint64_t expected)
{
	uint64_t	groups = at_most(expected / GROUP_ENTRIES, MAX_GROUPS);
	uint64_t	least = at_most(n / MIN_GROUP_ROWS, MIN_GROUPS);

	if (groups < expected / MAX_ENTRIES)
		groups = at_most(expected / MAX_ENTRIES, 16 * MAX_GROUPS);
	return (groups > least ? groups : least) + 1;
}

/* Rows a group, as a power of two. */
static int
choose_shift(uint64_t n, uint64_t expected)
{
	uint64_t	groups = choose_groups(n, expected);
	int			shift = 0;

	while (shift < MAX_ROW_BITS && (n - 1) >> shift >= groups)
		shift++;
	return shift;
}

TnfrStatus
tnfr_edges_begin(TnfrEnv *env, TnfrEdges *edges, uint64_t n,
				 uint64_t expected, bool directed, bool weighted)
{
	memset(edges, 0, sizeof(*edges));
	edges->n = n;
	edges->directed = directed;
	edges->weighted = weighted;
	edges->shift = n > 0 ? choose_shift(n, expected) : 0;
	edges->groups = n > 0 ? (uint32_t) ((n - 1) >> edges->shift) + 1 : 1;
	edges->cursor = tnfr_alloc(env, edges->groups, sizeof(uint64_t));
	if (edges->cursor == NULL)
		return TNFR_NO_MEMORY;
	memset(edges->cursor, 0, edges->groups * sizeof(uint64_t));
	return TNFR_OK;
}

TnfrStatus
tnfr_edges_resize(TnfrEnv *env, TnfrEdges *edges, uint64_t room)
{
	const TnfrArray column[] = {
		{(void **) &edges->to.neighbour, TNFR_BLOCK * sizeof(uint32_t), false},
		{(void **) &edges->to.row, TNFR_BLOCK * sizeof(uint16_t), false},
		{(void **) &edges->tag, sizeof(uint32_t), false},
		{(void **) &edges->to.weight, TNFR_BLOCK * sizeof(double), false}
	};

	if (!tnfr_resize_arrays(env, column, edges->weighted ? 4 : 3, edges->room,
							room))
		return TNFR_NO_MEMORY;
	edges->room = room;
	return TNFR_OK;
}

/* Memory for the blocks that count more entries may open. */
static TnfrStatus
reserve(TnfrEnv *env, TnfrEdges *e, uint32_t count)
{
	uint64_t	blocks = e->blocks + count / TNFR_BLOCK + 1 +
		(count < e->groups ? count : e->groups);

	if (blocks <= e->room || e->pool != NULL)	/* see tnfr_pool_ready */
		return TNFR_OK;
	blocks += e->room / 8;
	if (blocks >= UINT32_MAX)	/* blocks are numbered by uint32 */
	{
		env->error.bytes = SIZE_MAX;
		return TNFR_NO_MEMORY;
	}
	return tnfr_edges_resize(env, e, blocks);
}

/* Counts so many edges with unknown nodes, of which this is the smallest. */
static void
note_unknown(TnfrEdges *edges, uint64_t count, int64_t src, int64_t dst)
{
	if (edges->unknown == 0 || src < edges->unknown_src ||
		(src == edges->unknown_src && dst < edges->unknown_dst))
	{
		edges->unknown_src = src;
		edges->unknown_dst = dst;
	}
	edges->unknown += count;
}

/* Opens a block for a group whose cursor stands at a block's end. */
static __attribute__((noinline)) uint64_t
open_block(TnfrEdges *e, uint32_t group, uint64_t cursor)
{
	uint64_t	block = e->pool == NULL ? e->blocks :
		tnfr_pool_next_block(e, cursor);

	e->tag[block] = group;
	e->blocks++;
	return block * TNFR_BLOCK;
}

/* Puts an entry at the end of its group's open block. */
static inline __attribute__((always_inline)) void
push(TnfrEdges *e, bool weighted, uint32_t row, uint32_t neighbour,
	 double weight)
{
	uint32_t	group = row >> e->shift;
	uint64_t	at = e->cursor[group];

	if (at % TNFR_BLOCK == 0)
		at = open_block(e, group, at);
	e->to.neighbour[at] = neighbour;
	e->to.row[at] = (uint16_t) (row & ((UINT32_C(1) << e->shift) - 1));
	if (weighted)
		e->to.weight[at] = weight;
	e->cursor[group] = at + 1;
}

/* Inlined with constants, so that the loop has no test of them. */
static inline __attribute__((always_inline)) void
push_batch(TnfrEdges *e, bool directed, bool weighted, const uint32_t *s,
		   const uint32_t *d, const double *weight, uint32_t count)
{
	uint64_t	loops = 0;

	for (uint32_t k = 0; k < count; k++)
	{
		double		w = weighted ? weight[k] + 0.0 : 1.0;	/* never -0.0 */

		push(e, weighted, s[k], d[k], w);
		if (directed)
			continue;
		if (s[k] != d[k])
			push(e, weighted, d[k], s[k], w);
		else
			loops++;
	}
	e->edges += count;
	e->entries += directed ? count : 2 * (uint64_t) count - loops;
}

/*
 * Takes the edges with unknown nodes out of a batch and returns how many are
 * left.  Rare: a network with one of them ends in an error.
 */
static uint32_t
leave_out_unknown(TnfrEdges *edges, uint32_t *s, uint32_t *d,
				  const int64_t *src, const int64_t *dst, uint32_t count)
{
	uint32_t	kept = 0;

	for (uint32_t k = 0; k < count; k++)
	{
		if (s[k] == TNFR_NO_NODE || d[k] == TNFR_NO_NODE)
		{
			note_unknown(edges, 1, src[k], dst[k]);
			continue;
		}
		s[kept] = s[k];
		d[kept++] = d[k];
	}
	return kept;
}

/* Picks the loop for these edges. */
static void
push_edges(TnfrEdges *e, const uint32_t *s, const uint32_t *d,
		   const double *weight, uint32_t count)
{
	if (e->directed && e->weighted)
		push_batch(e, true, true, s, d, weight, count);
	else if (e->directed)
		push_batch(e, true, false, s, d, weight, count);
	else if (e->weighted)
		push_batch(e, false, true, s, d, weight, count);
	else
		push_batch(e, false, false, s, d, weight, count);
}

static void
add_batch(TnfrEdges *e, const TnfrIdMap *map, const int64_t *src,
		  const int64_t *dst, const double *weight, uint32_t count)
{
	uint32_t	s[BATCH];
	uint32_t	d[BATCH];
	uint32_t	unknown = 0;

	tnfr_idmap_lookup(map, src, s, count);
	tnfr_idmap_lookup(map, dst, d, count);
	for (uint32_t k = 0; k < count; k++)
		unknown += (s[k] == TNFR_NO_NODE) | (d[k] == TNFR_NO_NODE);
	if (unknown > 0)			/* the weights no longer matter */
		count = leave_out_unknown(e, s, d, src, dst, count);
	push_edges(e, s, d, weight, count);
}

TnfrStatus
tnfr_edges_add(TnfrEnv *env, TnfrEdges *edges, const TnfrIdMap *map,
			   const int64_t *src, const int64_t *dst, const double *weight,
			   uint32_t count)
{
	for (uint32_t k = 0; k < count; k += BATCH)
	{
		uint32_t	n = count - k < BATCH ? count - k : BATCH;
		TnfrStatus	status = reserve(env, edges, 2 * n);

		if (status != TNFR_OK)
			return status;
		add_batch(edges, map, src + k, dst + k,
				  weight != NULL ? weight + k : NULL, n);
	}
	return TNFR_OK;
}

TnfrStatus
tnfr_edges_add_mapped(TnfrEnv *env, TnfrEdges *edges, const uint32_t *src,
					  const uint32_t *dst, const double *weight, uint32_t count)
{
	TnfrStatus	status = reserve(env, edges, 2 * count);

	if (status == TNFR_OK)
		push_edges(edges, src, dst, weight, count);
	return status;
}

/* A block that is not full: entry by entry, to the open block. */
static void
push_entries(TnfrEdges *e, const TnfrEntries *from, uint64_t begin,
			 uint32_t count, uint32_t group)
{
	for (uint64_t i = begin; i < begin + count; i++)
		push(e, e->weighted, (group << e->shift) + from->row[i],
			 from->neighbour[i], e->weighted ? from->weight[i] : 1.0);
}

TnfrStatus
tnfr_edges_take(TnfrEnv *env, TnfrEdges *edges, const TnfrEntries *from,
				uint64_t begin, uint32_t count, uint32_t group)
{
	TnfrStatus	status = reserve(env, edges, count);
	uint64_t	at = edges->blocks * TNFR_BLOCK;

	if (status != TNFR_OK)
		return status;
	edges->entries += count;
	if (count < TNFR_BLOCK)
	{
		push_entries(edges, from, begin, count, group);
		return TNFR_OK;
	}
	memcpy(edges->to.neighbour + at, from->neighbour + begin,
		   TNFR_BLOCK * sizeof(uint32_t));
	memcpy(edges->to.row + at, from->row + begin,
		   TNFR_BLOCK * sizeof(uint16_t));
	if (edges->weighted)
		memcpy(edges->to.weight + at, from->weight + begin,
			   TNFR_BLOCK * sizeof(double));
	edges->tag[edges->blocks++] = group;
	return TNFR_OK;
}

TnfrEdgeCounts
tnfr_edges_counts(const TnfrEdges *edges)
{
	return (TnfrEdgeCounts)
	{
		edges->edges, edges->unknown, edges->unknown_src, edges->unknown_dst
	};
}

void
tnfr_edges_add_counts(TnfrEdges *edges, const TnfrEdgeCounts *counts)
{
	edges->edges += counts->edges;
	if (counts->unknown > 0)
		note_unknown(edges, counts->unknown, counts->unknown_src,
					 counts->unknown_dst);
}

TnfrStatus
tnfr_edges_check(TnfrEnv *env, const TnfrEdges *edges)
{
	if (edges->unknown == 0)
		return TNFR_OK;
	env->error.src = edges->unknown_src;
	env->error.dst = edges->unknown_dst;
	env->error.count = edges->unknown;
	return TNFR_UNKNOWN_NODE;
}

void
tnfr_edges_release(TnfrEnv *env, TnfrEdges *e)
{
	uint64_t	room = e->room * TNFR_BLOCK;

	tnfr_release(env, e->cursor, e->groups, sizeof(uint64_t));
	if (e->pool != NULL)
	{
		memset(e, 0, sizeof(*e));
		return;
	}
	tnfr_release(env, e->to.neighbour, room, sizeof(uint32_t));
	tnfr_release(env, e->to.row, room, sizeof(uint16_t));
	tnfr_release(env, e->to.weight, room, sizeof(double));
	tnfr_release(env, e->tag, e->room, sizeof(uint32_t));
	memset(e, 0, sizeof(*e));
}
