/*
 * pool.h
 *	  Blocks of entries that pass from one process to another.
 *
 * A process that only reads (a parallel worker) has no columns of its own: its
 * TnfrEdges fills the blocks of a pool, which lies in memory that it shares
 * with the process that builds the graph.  A block that is full is handed
 * over; the other process copies it behind its own blocks and gives the slot
 * back.  So memory is bounded, however many edges there are, and an entry
 * crosses as the 14 or 6 bytes it takes anyway, at its place in its group.
 *
 * One pool has one filler and one taker.  Two rings of slot numbers link them,
 * each written by one side only; a counter beside each says how far.
 */
#ifndef TNFR_POOL_H
#define TNFR_POOL_H

#include "core/edges.h"

#include <stdatomic.h>

/* What both sides count; each counter in a cache line of its own. */
typedef struct TnfrPoolShared
{
	_Atomic uint64_t filled __attribute__((aligned(64)));	/* by the filler */
	_Atomic uint64_t freed __attribute__((aligned(64)));	/* by the taker */
} TnfrPoolShared;

typedef struct TnfrPool
{
	TnfrPoolShared *shared;
	uint32_t	slots;
	TnfrEntries to;				/* [slots * TNFR_BLOCK] */
	uint32_t   *tag;			/* [slots] group of a block */
	uint32_t   *used;			/* [slots] entries in a block handed over */
	uint32_t   *filled;			/* [slots] ring: blocks handed over */
	uint32_t   *free;			/* [slots] ring: slots to be filled */
} TnfrPool;

/* Bytes that a pool for these edges takes; aligned to a cache line. */
extern size_t tnfr_pool_bytes(const TnfrEdges *edges);

/* Finds the parts of a pool in memory.  fresh: makes it first. */
extern void tnfr_pool_attach(TnfrPool *pool, const TnfrEdges *edges,
							 void *memory, bool fresh);

/* The filler: edges (just begun) put their entries into the pool from now on. */
extern void tnfr_pool_fill(TnfrPool *pool, TnfrEdges *edges);

/* The most edges that may be added after tnfr_pool_ready. */
#define TNFR_POOL_BATCH	256

/* The filler: is there room for another batch?  If not, wait and ask again. */
extern bool tnfr_pool_ready(TnfrEdges *edges);

/*
 * The filler, for edges.c alone: hands over the block that ends at the cursor,
 * if there is one, and gives the slot for the next.
 */
extern uint64_t tnfr_pool_next_block(TnfrEdges *edges, uint64_t cursor);

/* The filler: hands over what is left.  Nothing can be added afterwards. */
extern void tnfr_pool_finish(TnfrEdges *edges);

/* Blocks handed over and not yet taken. */
static inline uint64_t
tnfr_pool_blocks(const TnfrPool *pool)
{
	return atomic_load_explicit(&pool->shared->filled, memory_order_acquire) -
		atomic_load_explicit(&pool->shared->freed, memory_order_relaxed);
}

/* The taker: adds all blocks handed over so far to its own edges. */
extern TnfrStatus tnfr_pool_take(TnfrEnv *env, TnfrPool *pool,
								 TnfrEdges *edges);

#endif							/* TNFR_POOL_H */
