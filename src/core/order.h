/*
 * order.h
 *	  Sorts the entries of a graph into canonical order.
 *
 * The entries lie group by group (a group is 2^shift consecutive rows), in no
 * order within a group.  A group of ordinary size is
 * sorted by one thread in cache, by a radix sort of (row, neighbour).  A
 * group that is too large for that, a hub's, is first split by all threads
 * into pieces of narrower key ranges, as often as it takes.
 */
#ifndef TNFR_ORDER_H
#define TNFR_ORDER_H

#include "core/graph.h"
#include "core/scatter.h"

/* Groups of at most so many entries are sorted by one thread. */
#define TNFR_PIECE_MAX	UINT64_C(65536)

/*
 * start[g]: where group g begins; start[groups] is the number of entries.
 * Sorts graph->neighbour and ->weight and sets graph->offset.  row is used up.
 */
extern TnfrStatus tnfr_order(TnfrEnv *env, TnfrGraph *graph, uint16_t *row,
							 const uint64_t *start, uint32_t groups,
							 int shift);

#endif							/* TNFR_ORDER_H */
