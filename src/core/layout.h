/*
 * layout.h
 *	  The rows of a graph in an order that keeps neighbours' states in cache.
 *
 * The kernel gathers 32 bytes of state an entry.  Once the state of all nodes
 * exceeds the last cache, nearly every entry of a network whose ids say nothing
 * about its structure waits for memory.  In a layout nodes that have many
 * edges with one another lie together, and so do their states.
 *
 * Entries keep their order within a row, so a row's sums have the same bits as
 * in order of the ids; whatever is summed over nodes must be mapped back first.
 * Whoever computes again and again keeps the state in the layout, sums over
 * layout.graph by tnfr_sums, and maps back once.
 */
#ifndef TNFR_LAYOUT_H
#define TNFR_LAYOUT_H

#include "core/graph.h"

typedef enum TnfrLayoutChoice
{
	TNFR_LAYOUT_AUTO,			/* a layout where its cost is repaid */
	TNFR_LAYOUT_ID,				/* never */
	TNFR_LAYOUT_PARTITION		/* always */
} TnfrLayoutChoice;

typedef struct TnfrLayout
{
	uint32_t   *order;			/* [n] the node at each place */
	TnfrGraph	graph;			/* row p: that of node order[p]; neighbours are
								 * places, too */
} TnfrLayout;

/*
 * The order (layout_order.c), [n]: the same on every machine and for any
 * number of threads.  The graph must be in columns.
 */
extern TnfrStatus tnfr_layout_order(TnfrEnv *env, const TnfrGraph *graph,
									uint32_t *order);

/* Orders a graph in columns, and copies it in that order. */
extern TnfrStatus tnfr_layout_build(TnfrEnv *env, const TnfrGraph *graph,
									TnfrLayout *layout);

extern void tnfr_layout_release(TnfrEnv *env, TnfrLayout *layout);

/* About what tnfr_layout_build will take beside the graph. */
extern uint64_t tnfr_layout_build_bytes(const TnfrGraph *graph);

/* What a layout is wanted for. */
typedef struct TnfrLayoutUse
{
	TnfrLayoutChoice choice;
	uint64_t	passes;			/* over the entries, about */
	uint64_t	cache;			/* bytes of the machine's last cache */
} TnfrLayoutUse;

/*
 * Builds a layout, or leaves layout->order NULL: when the choice is
 * TNFR_LAYOUT_ID; or when it is auto and the passes would not repay a layout,
 * or there is no memory for one, or it turns out little better than the order
 * of the ids.
 */
extern TnfrStatus tnfr_layout_choose(TnfrEnv *env, const TnfrGraph *graph,
									 const TnfrLayoutUse *use,
									 TnfrLayout *layout);

/* Bytes of the last cache of a core here, as far as the system tells. */
extern uint64_t tnfr_last_cache(void);

/*
 * The share of entries whose neighbour's state is likely to be in the cache of
 * a core: it lies near the row, or among the first.  Of a sample of rows.
 */
extern double tnfr_locality(const TnfrGraph *graph);

/*
 * Copies one item for each node, of 8 or 32 bytes: from order of the ids into
 * the layout, or back.
 */
extern TnfrStatus tnfr_layout_arrange(TnfrEnv *env, const TnfrLayout *layout,
									  const void *by_id, void *placed,
									  size_t item);
extern TnfrStatus tnfr_layout_restore(TnfrEnv *env, const TnfrLayout *layout,
									  const void *placed, void *by_id,
									  size_t item);

#endif							/* TNFR_LAYOUT_H */
