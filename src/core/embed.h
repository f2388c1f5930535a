/*
 * embed.h
 *	  A graph with nodes of its own among the nodes of a relation.
 */
#ifndef TNFR_EMBED_H
#define TNFR_EMBED_H

#include "core/graph.h"

/*
 * Makes the graph, whose nodes have the given ids, one of n nodes with the ids
 * node[]; both ascend.  Nodes that the graph does not have get empty rows.
 * The order of indexes stays, so the graph stays in canonical order, and is
 * the one that the same edges would have given.  TNFR_UNKNOWN_NODE: error.id,
 * the smallest that is not there, and error.count of them.
 */
extern TnfrStatus tnfr_graph_embed(TnfrEnv *env, TnfrGraph *graph,
								   const int64_t *id, const int64_t *node,
								   uint64_t n);

#endif							/* TNFR_EMBED_H */
