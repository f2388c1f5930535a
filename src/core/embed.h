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

/* Its parts: map[i], the index in node[n] of id[i]; TNFR_UNKNOWN_NODE as above. */
extern TnfrStatus tnfr_map_nodes(TnfrEnv *env, const int64_t *id, uint64_t ids,
								 const int64_t *node, uint64_t n,
								 uint32_t *map);

/* And the offsets of n rows, of which map[] are those that had entries. */
extern TnfrStatus tnfr_spread_rows(TnfrEnv *env, const uint64_t *from,
								   uint64_t ids, const uint32_t *map,
								   uint64_t n, uint64_t **offset);

#endif							/* TNFR_EMBED_H */
