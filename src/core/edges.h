/*
 * edges.h
 *	  Edges as they are read: entries that already lie in blocks of one group.
 *
 * A group is 2^shift consecutive rows.  Every edge that comes in is turned
 * into its one or two entries, and each entry is put at the end of the open
 * block of its row's group.  So the first and costly half of a radix sort,
 * the distribution over groups, is done while the edge is in cache, and what
 * is left after reading is to bring the blocks of each group together
 * (group.c) and to sort every group (order.c), both in place: an entry takes
 * 14 bytes with a weight, 6 without, all the time.
 */
#ifndef TNFR_EDGES_H
#define TNFR_EDGES_H

#include "core/base.h"
#include "core/idmap.h"

#define TNFR_BLOCK	128			/* entries a block; a power of two */

/* Entries column by column. */
typedef struct TnfrEntries
{
	uint32_t   *neighbour;
	double	   *weight;			/* NULL: unweighted */
	uint16_t   *row;			/* within the group */
} TnfrEntries;

typedef struct TnfrEdges
{
	uint64_t	n;				/* nodes of the network */
	bool		directed;
	bool		weighted;
	uint64_t	edges;			/* added so far */
	uint64_t	entries;		/* which they gave */

	int			shift;			/* group of a row: row >> shift */
	uint32_t	groups;
	uint64_t   *cursor;			/* [groups] where the next entry goes; at a
								 * block's begin: a new block is needed */
	TnfrEntries to;				/* [room * TNFR_BLOCK] */
	uint32_t   *tag;			/* [room] group of each block */
	uint64_t	blocks;			/* in use */
	uint64_t	room;			/* blocks there is memory for */
	struct TnfrPool *pool;		/* whose blocks these are (pool.h); NULL: own */

	uint64_t	unknown;		/* edges that name a node that is not there */
	int64_t		unknown_src;	/* the smallest (src, dst) of them */
	int64_t		unknown_dst;
} TnfrEdges;

/*
 * Begins a list of edges between n nodes.  expected: about how many entries
 * will come; it decides on the number of groups, so only speed depends on it.
 */
extern TnfrStatus tnfr_edges_begin(TnfrEnv *env, TnfrEdges *edges, uint64_t n,
								   uint64_t expected, bool directed,
								   bool weighted);

/*
 * Adds count edges; weight is NULL when edges are not weighted, else finite and
 * not negative (-0.0 is taken as 0).  An edge to
 * an unknown node is counted and left out; tnfr_edges_check tells.
 */
extern TnfrStatus tnfr_edges_add(TnfrEnv *env, TnfrEdges *edges,
								 const TnfrIdMap *map, const int64_t *src,
								 const int64_t *dst, const double *weight,
								 uint32_t count);

/* The same for edges whose ends are indexes already. */
extern TnfrStatus tnfr_edges_add_mapped(TnfrEnv *env, TnfrEdges *edges,
										const uint32_t *src,
										const uint32_t *dst,
										const double *weight, uint32_t count);

/*
 * Adds count entries of a group, which lie at begin of other columns: a whole
 * block, or part of one.  The number of edges stays as it is.
 */
extern TnfrStatus tnfr_edges_take(TnfrEnv *env, TnfrEdges *edges,
								  const TnfrEntries *from, uint64_t begin,
								  uint32_t count, uint32_t group);

/* What was counted of the edges that entries were taken of. */
typedef struct TnfrEdgeCounts
{
	uint64_t	edges;
	uint64_t	unknown;
	int64_t		unknown_src;
	int64_t		unknown_dst;
} TnfrEdgeCounts;

extern TnfrEdgeCounts tnfr_edges_counts(const TnfrEdges *edges);
extern void tnfr_edges_add_counts(TnfrEdges *edges,
								  const TnfrEdgeCounts *counts);

/* TNFR_UNKNOWN_NODE, with the smallest edge and the count, or TNFR_OK. */
extern TnfrStatus tnfr_edges_check(TnfrEnv *env, const TnfrEdges *edges);

/* Changes the memory to that of so many blocks, at least those in use. */
extern TnfrStatus tnfr_edges_resize(TnfrEnv *env, TnfrEdges *edges,
									uint64_t room);

extern void tnfr_edges_release(TnfrEnv *env, TnfrEdges *edges);

#endif							/* TNFR_EDGES_H */
