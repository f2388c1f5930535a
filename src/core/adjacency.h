/*
 * adjacency.h
 *	  The simple undirected view of a graph: who is connected with whom.
 *
 * A pair of nodes is there once, in whichever direction and however often the
 * graph has it; weights and self-loops do not count.
 */
#ifndef TNFR_ADJACENCY_H
#define TNFR_ADJACENCY_H

#include "core/graph.h"

typedef struct TnfrAdjacency
{
	uint64_t	n;
	uint64_t	pairs;			/* distinct, of two different nodes */
	const uint64_t *offset;		/* [n + 1] */
	const uint32_t *neighbour;	/* [2 * pairs], ascending in each row */
	TnfrGraph	own;			/* memory; none when the graph's is borrowed */
} TnfrAdjacency;

/*
 * The graph has columns.  It must outlive the adjacency, which borrows its
 * columns when they are those of a simple undirected graph already.
 */
extern TnfrStatus tnfr_adjacency_build(TnfrEnv *env, const TnfrGraph *graph,
									   TnfrAdjacency *adjacency);

extern void tnfr_adjacency_release(TnfrEnv *env, TnfrAdjacency *adjacency);

/* The share of the pairs of n nodes that are connected; 0 below two nodes. */
static inline double
tnfr_density(uint64_t n, uint64_t pairs)
{
	return n < 2 ? 0.0 : 2.0 * (double) pairs / ((double) n * ((double) n - 1.0));
}

static inline uint64_t
tnfr_degree(const TnfrAdjacency *a, uint64_t i)
{
	return a->offset[i + 1] - a->offset[i];
}

#endif							/* TNFR_ADJACENCY_H */
