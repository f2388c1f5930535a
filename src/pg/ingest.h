/*
 * ingest.h
 *	  Reads a network from its relations.
 */
#ifndef TNFR_PG_INGEST_H
#define TNFR_PG_INGEST_H

#include "postgres.h"

#include "core/coded.h"
#include "core/graph.h"
#include "core/layout.h"
#include "core/nodes.h"
#include "pg/call.h"

typedef struct TnfrNetwork
{
	TnfrNodes	nodes;
	TnfrGraph	graph;
	TnfrCodedGraph coded;		/* of a stored graph that is not decoded */
	TnfrLayout	layout;			/* of graph, where it has one */
	uint64		key[2];			/* of a stored graph that a device may keep; else
								 * 0, 0 */
} TnfrNetwork;

/*
 * Reads both relations under one snapshot, with the rights of the caller, and
 * builds the graph.  What lies in network is released with the call.
 */
extern void tnfr_read_network(TnfrCall *call, Oid edges, Oid nodes,
							  bool directed, TnfrNetwork *network);

/*
 * Likewise from a stored graph (graph_value.h) and a relation of nodes.
 * columns: decode its entries; else network->graph is a coded one.
 */
extern void tnfr_read_graph_network(TnfrCall *call, Datum graph, Oid nodes,
									bool columns, TnfrNetwork *network);

/* The nodes alone, with the errors of their relation. */
extern void tnfr_read_nodes(TnfrCall *call, Oid relid, TnfrNodes *nodes);

#endif							/* TNFR_PG_INGEST_H */
