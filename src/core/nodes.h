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

/* A node as it is read, in any order. */
typedef struct TnfrNodeRow
{
	int64_t		id;
	double		epi;			/* form e */
	double		vf;				/* structural frequency f, Hz_str */
	double		phase;			/* theta, radians, any turn */
} TnfrNodeRow;

/* All that have been read. */
typedef struct TnfrNodeRows
{
	TnfrNodeRow *row;
	uint64_t	count;
	uint64_t	room;
} TnfrNodeRows;

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
	int64_t    *id;				/* [n], strictly ascending */
	double	   *phase;			/* [n] */
	TnfrNodeState *state;		/* [n] */
} TnfrNodes;

/* Makes room for at least one more row. */
extern TnfrStatus tnfr_node_rows_grow(TnfrEnv *env, TnfrNodeRows *rows);

/*
 * Orders the rows by id and takes sine and cosine of
 * each phase, once.  Releases the rows.  TNFR_DUPLICATE_NODE names the
 * smallest id that comes twice.  About 100 bytes a node at the peak, 48 kept.
 */
extern TnfrStatus tnfr_nodes_build(TnfrEnv *env, TnfrNodeRows *rows,
								   TnfrNodes *nodes);

extern void tnfr_nodes_release(TnfrEnv *env, TnfrNodes *nodes);

#endif							/* TNFR_NODES_H */
