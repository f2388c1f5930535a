/*
 * scatter.h
 *	  Distributes entries over groups, in parallel, out of place.
 *
 * A radix partition for what reading could not distribute finely enough: the
 * rows of hubs (split.c).  Writing each entry straight to its group would touch
 * a thousand cache lines in turn; so each thread gathers LINE entries a group in a small
 * buffer and copies them together to a place it reserves with one atomic add.
 * The order within a group is left to chance: it is sorted afterwards, by a
 * total order.
 */
#ifndef TNFR_SCATTER_H
#define TNFR_SCATTER_H

#include "core/base.h"
#include "core/edges.h"

#include <stdatomic.h>

#define TNFR_SCATTER_LINE	8	/* entries gathered before they are copied */

/* The gathering buffer of one thread for one group; two cache lines. */
typedef struct TnfrScatterLine
{
	double		weight[TNFR_SCATTER_LINE];
	uint32_t	neighbour[TNFR_SCATTER_LINE];
	uint16_t	row[TNFR_SCATTER_LINE];
	uint32_t	used;
} __attribute__((aligned(64))) TnfrScatterLine;

typedef struct TnfrScatter
{
	TnfrEntries to;
	uint32_t	groups;
	int			workers;
	_Atomic uint64_t *cursor;	/* [groups] where the next entries go */
	TnfrScatterLine *line;		/* [workers][groups] */
} TnfrScatter;

/*
 * start[g]: where group g begins in to; copied.  The counts that lead to it
 * must be exact.
 */
extern TnfrStatus tnfr_scatter_begin(TnfrEnv *env, TnfrScatter *scatter,
									 TnfrEntries to, const uint64_t *start,
									 uint32_t groups);

/* Copies what is left in the buffers, and releases them. */
extern void tnfr_scatter_end(TnfrEnv *env, TnfrScatter *scatter);

/* Copies the gathered entries of a group to their place. */
extern void tnfr_scatter_flush(TnfrScatter *scatter, TnfrScatterLine *line,
							   uint32_t group);

static inline TnfrScatterLine *
tnfr_scatter_lines(TnfrScatter *scatter, int worker)
{
	return scatter->line + (size_t) worker * scatter->groups;
}

/* Adds an entry to a group; line: tnfr_scatter_lines of the worker. */
static inline void
tnfr_scatter_push(TnfrScatter *scatter, TnfrScatterLine *line, bool weighted,
				  uint32_t group, uint32_t row, uint32_t neighbour,
				  double weight)
{
	TnfrScatterLine *l = &line[group];
	uint32_t	k = l->used;

	l->neighbour[k] = neighbour;
	l->row[k] = (uint16_t) row;
	if (weighted)
		l->weight[k] = weight;
	l->used = k + 1;
	if (k + 1 == TNFR_SCATTER_LINE)
		tnfr_scatter_flush(scatter, l, group);
}

#endif							/* TNFR_SCATTER_H */
