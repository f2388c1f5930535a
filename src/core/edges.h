/*
 * edges.h
 *	  Edges as they are read: a growing list of (src, dst, weight) by index.
 *
 * Ids are turned into indexes while the rows stream in, so that an edge takes
 * 8 bytes, or 16 with a weight.
 */
#ifndef TNFR_EDGES_H
#define TNFR_EDGES_H

#include "core/base.h"
#include "core/idmap.h"

typedef struct TnfrEdges
{
	TnfrBlocks	blocks;			/* in each: all src, all dst, all weights */
	bool		weighted;
	uint64_t	loops;			/* edges from a node to itself */
	uint64_t	unknown;		/* edges that name a node that is not there */
	int64_t		unknown_src;	/* the smallest (src, dst) of them */
	int64_t		unknown_dst;
} TnfrEdges;

extern void tnfr_edges_init(TnfrEdges *edges, bool weighted);

/*
 * Adds count edges; weight is NULL when edges are not weighted.  An edge to
 * an unknown node is counted and left out; tnfr_edges_check tells.
 */
extern TnfrStatus tnfr_edges_add(TnfrEnv *env, TnfrEdges *edges,
								 const TnfrIdMap *map, const int64_t *src,
								 const int64_t *dst, const double *weight,
								 uint32_t count);

/* TNFR_UNKNOWN_NODE, with the smallest edge and the count, or TNFR_OK. */
extern TnfrStatus tnfr_edges_check(TnfrEnv *env, const TnfrEdges *edges);

extern void tnfr_edges_release(TnfrEnv *env, TnfrEdges *edges);

/* The columns of a block. */
static inline uint32_t *
tnfr_block_src(const TnfrBlock *block)
{
	return (uint32_t *) block->data;
}

static inline uint32_t *
tnfr_block_dst(const TnfrBlock *block)
{
	return (uint32_t *) block->data + block->capacity;
}

static inline double *
tnfr_block_weight(const TnfrBlock *block)
{
	return (double *) (block->data + 8 * (size_t) block->capacity);
}

#endif							/* TNFR_EDGES_H */
