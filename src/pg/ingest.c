/*
 * ingest.c
 *	  From rows to columns, and from columns to the graph.
 *
 * No row is kept.  Nodes come first, so that edges are turned into indexes as
 * they stream in.  Values are checked where relation, column and row are
 * known.
 */
#include "postgres.h"

#include "pg/edge_reader.h"
#include "pg/ingest.h"
#include "pg/scan.h"
#include "utils/lsyscache.h"

/* How many entries to expect; only the speed depends on it. */
static uint64
expected_entries(const TnfrRelation *relation, uint64 n, bool directed)
{
	double		rows = relation->rows >= 0 ? relation->rows : 8.0 * n;

	return (uint64) Min(rows, 1e15) * (directed ? 1 : 2);
}

static void
read_edges(TnfrCall *call, Oid relid, Oid nodes_relid, bool directed,
		   const TnfrIdMap *map, TnfrEdges *edges)
{
	TnfrRelation *relation = tnfr_edges_relation(relid);
	TnfrEdgeReader *r = tnfr_edge_reader(call, relation, map, edges);
	uint64		expected = expected_entries(relation, map->n, directed);
	TnfrStatus	status;

	tnfr_call_check(call, tnfr_edges_begin(&call->env, edges, map->n, expected,
										   directed, r->weighted));
	if (!tnfr_read_edges_parallel(r, expected))
	{
		tnfr_scan(call, relation, tnfr_edge_row, r);
		tnfr_edge_flush(r);
	}
	status = tnfr_edges_check(&call->env, edges);
	if (status == TNFR_UNKNOWN_NODE)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("edge (" INT64_FORMAT ", " INT64_FORMAT ") of relation \"%s\" refers to a node that is not in relation \"%s\"",
						call->env.error.src, call->env.error.dst,
						relation->name, get_rel_name(nodes_relid)),
				 errdetail_plural("There is " UINT64_FORMAT " such edge in all.",
								  "There are " UINT64_FORMAT " such edges in all.",
								  call->env.error.count, call->env.error.count),
				 errhint("Add the missing nodes, or leave such edges out with a view.")));
	tnfr_call_check(call, status);
}

void
tnfr_read_network(TnfrCall *call, Oid edges_relid, Oid nodes_relid,
				  bool directed, TnfrNetwork *network)
{
	TnfrIdMap	map;
	TnfrEdges	edges;

	network->key[0] = network->key[1] = 0;
	tnfr_call_phase(call, TNFR_READING);
	tnfr_read_nodes(call, nodes_relid, &network->nodes);

	tnfr_call_phase(call, TNFR_MAPPING);
	tnfr_call_check(call, tnfr_idmap_build(&call->env, network->nodes.id,
										   network->nodes.n, &map));
	tnfr_call_phase(call, TNFR_READING);
	read_edges(call, edges_relid, nodes_relid, directed, &map, &edges);
	tnfr_idmap_release(&call->env, &map);

	tnfr_call_phase(call, TNFR_ORDERING);
	tnfr_call_threads(call, edges.entries);
	tnfr_call_require(call, tnfr_graph_build_bytes(&edges));
	tnfr_call_check(call, tnfr_graph_build(&call->env, &edges,
										   &network->graph));
}
