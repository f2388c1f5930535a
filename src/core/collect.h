/*
 * collect.h
 *	  Graphs of the nodes that edges name.
 *
 * Where no relation tells the nodes, they are the ends of the edges.  Edges
 * come as lists, or as parts: directed graphs as bytes (codec.h), which take
 * an eighth of a list's memory.
 */
#ifndef TNFR_COLLECT_H
#define TNFR_COLLECT_H

#include "core/codec.h"
#include "core/edges.h"
#include "core/graph.h"

/* Edges as they come. */
typedef struct TnfrEdgeList
{
	const int64_t *src;
	const int64_t *dst;
	const double *weight;		/* NULL: all are 1 */
	uint64_t	count;
} TnfrEdgeList;

/* A graph while its edges are collected. */
typedef struct TnfrCollection
{
	int64_t    *id;				/* of all nodes */
	TnfrIdMap	map;			/* where there are lists */
	TnfrEdges	edges;
} TnfrCollection;

/*
 * Begins a graph of the edges in all these lists and parts: its nodes are
 * known afterwards.  directed: else every edge, and every entry of a part, is
 * an edge of an undirected graph.
 */
extern TnfrStatus tnfr_collect_begin(TnfrEnv *env, TnfrCollection *c,
									 const TnfrEdgeList *list, int lists,
									 const TnfrGraphBytes *part, int parts,
									 bool directed, bool weighted);

/*
 * Adds the edges of a list, or of a part; each of those that it was begun with
 * once.  What has been added can be released.
 */
extern TnfrStatus tnfr_collect_list(TnfrEnv *env, TnfrCollection *c,
									const TnfrEdgeList *list);
extern TnfrStatus tnfr_collect_part(TnfrEnv *env, TnfrCollection *c,
									const TnfrGraphBytes *part);

/*
 * The graph, and the ids of its nodes, graph->n of them; the caller releases
 * both.  Of the collection nothing is left, after a failure either.
 */
extern TnfrStatus tnfr_collect_end(TnfrEnv *env, TnfrCollection *c,
								   TnfrGraph *graph, int64_t **id);

/* Gives up a collection that has been begun. */
extern void tnfr_collect_release(TnfrEnv *env, TnfrCollection *c);

#endif							/* TNFR_COLLECT_H */
