/*
 * pool.c
 *	  The two ends of a pool.
 *
 * Counters only grow.  The filler publishes a block by a release store of
 * `filled`, the taker returns its slot by one of `freed`; each side looks at
 * the other's counter with acquire.  `freed` counts from 0, and all slots are
 * free at first, so the filler may open freed + slots blocks.
 */
#include "core/pool.h"

#include <string.h>

#define SPARE_SLOTS	UINT32_C(1536)	/* beside one open block a group */

/* Blocks that a batch may open: those that fill up, and one more a group. */
#define BATCH_BLOCKS	(2 * TNFR_POOL_BATCH / TNFR_BLOCK + 2 * TNFR_POOL_BATCH)

static size_t
cache_lines(size_t bytes)
{
	return (bytes + 63) & ~(size_t) 63;
}

static uint32_t
slots_for(const TnfrEdges *edges)
{
	return edges->groups + SPARE_SLOTS;
}

/* Lays the parts out; memory may be NULL to know the size only. */
static size_t
lay_out(TnfrPool *pool, const TnfrEdges *edges, char *memory)
{
	const size_t slots = slots_for(edges);
	size_t		at = 0;

#define PART(field, type, count) \
	(pool->field = (type *) (memory + at), \
	 at += cache_lines((count) * sizeof(type)))

	pool->slots = (uint32_t) slots;
	PART(shared, TnfrPoolShared, 1);
	PART(tag, uint32_t, slots);
	PART(used, uint32_t, slots);
	PART(filled, uint32_t, slots);
	PART(free, uint32_t, slots);
	PART(to.neighbour, uint32_t, slots * TNFR_BLOCK);
	PART(to.row, uint16_t, slots * TNFR_BLOCK);
	if (edges->weighted)
		PART(to.weight, double, slots * TNFR_BLOCK);
	else
		pool->to.weight = NULL;
#undef PART
	return at;
}

size_t
tnfr_pool_bytes(const TnfrEdges *edges)
{
	TnfrPool	pool;

	return lay_out(&pool, edges, NULL);
}

void
tnfr_pool_attach(TnfrPool *pool, const TnfrEdges *edges, void *memory,
				 bool fresh)
{
	lay_out(pool, edges, memory);
	if (!fresh)
		return;
	atomic_init(&pool->shared->filled, 0);
	atomic_init(&pool->shared->freed, 0);
	for (uint32_t i = 0; i < pool->slots; i++)
		pool->free[i] = i;
}

void
tnfr_pool_fill(TnfrPool *pool, TnfrEdges *edges)
{
	edges->pool = pool;
	edges->to = pool->to;
	edges->tag = pool->tag;
	edges->room = pool->slots;
}

bool
tnfr_pool_ready(TnfrEdges *edges)
{
	const TnfrPool *pool = edges->pool;

	if (edges->blocks + BATCH_BLOCKS <= edges->room)
		return true;
	edges->room = pool->slots +
		atomic_load_explicit(&pool->shared->freed, memory_order_acquire);
	return edges->blocks + BATCH_BLOCKS <= edges->room;
}

/* Hands over a block with so many entries. */
static void
hand_over(TnfrPool *pool, uint64_t slot, uint32_t used)
{
	uint64_t	filled = atomic_load_explicit(&pool->shared->filled,
											  memory_order_relaxed);

	pool->used[slot] = used;
	pool->filled[filled % pool->slots] = (uint32_t) slot;
	atomic_store_explicit(&pool->shared->filled, filled + 1,
						  memory_order_release);
}

uint64_t
tnfr_pool_next_block(TnfrEdges *edges, uint64_t cursor)
{
	TnfrPool   *pool = edges->pool;

	if (cursor > 0)
		hand_over(pool, cursor / TNFR_BLOCK - 1, TNFR_BLOCK);
	return pool->free[edges->blocks % pool->slots];
}

void
tnfr_pool_finish(TnfrEdges *edges)
{
	for (uint32_t g = 0; g < edges->groups; g++)
		if (edges->cursor[g] > 0)
		{
			uint64_t	last = edges->cursor[g] - 1;

			hand_over(edges->pool, last / TNFR_BLOCK,
					  (uint32_t) (last % TNFR_BLOCK) + 1);
			edges->cursor[g] = 0;
		}
}

TnfrStatus
tnfr_pool_take(TnfrEnv *env, TnfrPool *pool, TnfrEdges *edges)
{
	uint64_t	freed = atomic_load_explicit(&pool->shared->freed,
											 memory_order_relaxed);
	uint64_t	filled = atomic_load_explicit(&pool->shared->filled,
											  memory_order_acquire);

	for (; freed < filled; freed++)
	{
		uint32_t	slot = pool->filled[freed % pool->slots];
		TnfrStatus	status = tnfr_edges_take(env, edges, &pool->to,
											 (uint64_t) slot * TNFR_BLOCK,
											 pool->used[slot], pool->tag[slot]);

		if (status != TNFR_OK)
			return status;
		/* the slot that was n-th to be handed over is the n-th to come back */
		pool->free[freed % pool->slots] = slot;
		atomic_store_explicit(&pool->shared->freed, freed + 1,
							  memory_order_release);
	}
	return TNFR_OK;
}
