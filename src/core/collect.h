/*
 * collect.h
 *	  Graphs of the nodes that edges name: from edges, and from parts.
 *
 * Where no relation tells the nodes, they are the ends of the edges.  A large
 * number of edges is collected in parts: each part becomes the directed graph
 * of its edges, as bytes (codec.h), which take about a fifth of the edges'
 * memory; in the end the parts are united.
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

/*
 * The graph of the edges, and the ids of its nodes, graph->n of them; the
 * caller releases both.
 */
extern TnfrStatus tnfr_collect_edges(TnfrEnv *env, const TnfrEdgeList *list,
									 bool directed, TnfrGraph *graph,
									 int64_t **id);

/* The union of parts, while it is made. */
typedef struct TnfrUnion
{
	int64_t    *id;
	TnfrEdges	edges;
} TnfrUnion;

/*
 * Begins the union of parts, which are directed; the result is a directed
 * graph, or the undirected one in which each entry of a part is an edge.
 */
extern TnfrStatus tnfr_union_begin(TnfrEnv *env, TnfrUnion *u,
								   const TnfrGraphBytes *part, int parts,
								   bool directed, bool weighted);

/* Adds a part, one of those it was begun with; its bytes may go afterwards. */
extern TnfrStatus tnfr_union_add(TnfrEnv *env, TnfrUnion *u,
								 const TnfrGraphBytes *part);

/* The graph and its ids, as of tnfr_collect_edges; the union is released. */
extern TnfrStatus tnfr_union_end(TnfrEnv *env, TnfrUnion *u, TnfrGraph *graph,
								 int64_t **id);

/* Gives up a union that has been begun. */
extern void tnfr_union_release(TnfrEnv *env, TnfrUnion *u);

#endif							/* TNFR_COLLECT_H */
