/*
 * reduce.h
 *	  Sums and maxima over all nodes.
 *
 * Sums follow the pairwise tree of kernel.h in order of the nodes.  Its
 * subtrees of TNFR_NODE_BLOCK nodes are the tasks, so the bits do not depend on the
 * number of threads.
 */
#ifndef TNFR_REDUCE_H
#define TNFR_REDUCE_H

#include "core/base.h"

#define TNFR_NODE_BLOCK			UINT64_C(8192)	/* TNFR_LEAF * 2^10: a whole subtree */
#define TNFR_REDUCE_WIDTH	16	/* sums, or maxima, taken together */

/* Adds nodes first .. first + count to sum[], or raises max[] to them. */
typedef void (*TnfrReduceLeaf) (const void *arg, uint64_t first,
								uint32_t count, double *value);

/* value[TNFR_REDUCE_WIDTH]; n = 0 gives sums of 0, and maxima of -infinity. */
extern TnfrStatus tnfr_reduce_sum(TnfrEnv *env, uint64_t n,
								  TnfrReduceLeaf leaf, const void *arg,
								  double *value);
extern TnfrStatus tnfr_reduce_max(TnfrEnv *env, uint64_t n,
								  TnfrReduceLeaf leaf, const void *arg,
								  double *value);

/* Blocks of n nodes, for tasks of one's own. */
static inline uint64_t
tnfr_node_blocks(uint64_t n)
{
	return n / TNFR_NODE_BLOCK + (n % TNFR_NODE_BLOCK != 0);
}

static inline uint64_t
tnfr_node_block_end(uint64_t n, uint64_t block)
{
	return n - block * TNFR_NODE_BLOCK < TNFR_NODE_BLOCK ? n : (block + 1) * TNFR_NODE_BLOCK;
}

#endif							/* TNFR_REDUCE_H */
