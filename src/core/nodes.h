/*
 * nodes.h
 *	  The nodes of a network: ids in ascending order, and the state of each.
 *
 * A node's index is its place in ascending order of ids.  Everything in the
 * core speaks of indexes; ids come back when rows are returned.
 */
#ifndef TNFR_NODES_H
#define TNFR_NODES_H

#include "core/base.h"

/*
 * What a neighbour contributes to a row's sums, in one aligned half of a
 * cache line: a gather costs one miss, not four.
 */
typedef struct TnfrNodeState
{
	double		e;				/* epi */
	double		f;				/* vf */
	double		y;				/* sin(phase) */
	double		x;				/* cos(phase) */
} __attribute__((aligned(32))) TnfrNodeState;

typedef struct TnfrNodes
{
	uint64_t	n;
	uint64_t	room;			/* nodes the columns have memory for */
	int64_t    *id;				/* [n], strictly ascending when ordered */
	double	   *phase;			/* [n] */
	TnfrNodeState *state;		/* [n]; y and x are set when ordered */
} TnfrNodes;

/* Makes room for at least one more node; nodes begin as all zero. */
extern TnfrStatus tnfr_nodes_grow(TnfrEnv *env, TnfrNodes *nodes);

/* Adds a node, in any order; there must be room. */
static inline void
tnfr_nodes_add(TnfrNodes *nodes, int64_t id, double epi, double vf,
			   double phase)
{
	uint64_t	i = nodes->n++;

	nodes->id[i] = id;
	nodes->phase[i] = phase;
	nodes->state[i].e = epi;
	nodes->state[i].f = vf;
}

/*
 * Orders the nodes by id and takes sine and cosine of each phase, once.
 * TNFR_DUPLICATE_NODE names the smallest id that comes twice.  48 bytes a node
 * when they came in order, at the peak 112 when not; released on failure.
 */
extern TnfrStatus tnfr_nodes_order(TnfrEnv *env, TnfrNodes *nodes);

extern void tnfr_nodes_release(TnfrEnv *env, TnfrNodes *nodes);

#endif							/* TNFR_NODES_H */
