/*
 * graph.h
 *	  The network as compressed sparse rows (CSR) in canonical order.
 *
 * Row i holds the entries of node i: in an undirected network every edge
 * (u, v) gives v to row u and u to row v, a self-loop one entry; in a directed
 * one, row src gets dst.  Duplicates are separate entries.  Within a row the
 * entries ascend by (neighbour's index, weight), so that the graph is the same
 * to the last bit whatever order the edges came in.
 */
#ifndef TNFR_GRAPH_H
#define TNFR_GRAPH_H

#include "core/base.h"
#include "core/edges.h"

/* Entries that can be read, not used, behind the last: room for prefetches. */
#define TNFR_GRAPH_PAD	64

typedef struct TnfrGraph
{
	uint64_t	n;				/* nodes: rows */
	uint64_t	entries;
	bool		directed;
	uint64_t   *offset;			/* [n + 1]: row i is offset[i] .. offset[i + 1] */
	uint32_t   *neighbour;		/* [entries + TNFR_GRAPH_PAD] */
	double	   *weight;			/* [entries]; NULL: all are 1 */
	uint64_t	room;			/* entries that both have memory for */

	/* The entries stay bytes, and there are no columns; NULL: there are. */
	const struct TnfrCodedGraph *coded;

	/* The same rows in an order that is summed faster (layout.h), or NULL. */
	const struct TnfrLayout *layout;
} TnfrGraph;

/*
 * Builds the graph of the edges, in the memory that they lie in; the edges are
 * released, on failure too.
 */
extern TnfrStatus tnfr_graph_build(TnfrEnv *env, TnfrEdges *edges,
								   TnfrGraph *graph);

/* About what tnfr_graph_build will take beside the edges. */
extern uint64_t tnfr_graph_build_bytes(const TnfrEdges *edges);

extern void tnfr_graph_release(TnfrEnv *env, TnfrGraph *graph);

/*
 * The row that has the entry, which is not in a row before the given one.
 * Mostly it is the next; but millions of rows without entries may lie between.
 */
static inline uint64_t
tnfr_row_of(const uint64_t *offset, uint64_t n, uint64_t row, uint64_t entry)
{
	uint64_t	step = 1;

	while (step < n - row && offset[row + step] <= entry)
	{
		row += step;
		step *= 2;
	}
	for (; step > 0; step /= 2)
		if (step < n - row && offset[row + step] <= entry)
			row += step;
	return row;
}

#endif							/* TNFR_GRAPH_H */
