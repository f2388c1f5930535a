/*
 * entries.h
 *	  The entries of a graph in the caller's columns, coded or not.
 */
#ifndef TNFR_ENTRIES_H
#define TNFR_ENTRIES_H

#include "core/codec.h"
#include "core/graph.h"

/* What the first entry of a copy is a multiple of. */
#define TNFR_COPY_BLOCK		TNFR_CODEC_BLOCK

/* Have the entries weights? */
extern bool tnfr_has_weights(const TnfrGraph *graph);

/*
 * Copies entries first .. first + count, which end within the graph, to
 * neighbour[count] and weight[count], in parallel; weight is NULL if the graph
 * has none.  first is a multiple of TNFR_COPY_BLOCK.  Nothing is read back
 * from the columns, so others may have them in their hands already.
 * TNFR_DAMAGED as of tnfr_sums.
 */
extern TnfrStatus tnfr_copy_entries(TnfrEnv *env, const TnfrGraph *graph,
									uint64_t first, uint64_t count,
									uint32_t *neighbour, double *weight);

#endif							/* TNFR_ENTRIES_H */
