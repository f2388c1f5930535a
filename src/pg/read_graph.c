/*
 * read_graph.c
 *	  A network of a stored graph and a relation of nodes.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "core/embed.h"
#include "pg/graph_value.h"
#include "pg/ingest.h"
#include "utils/lsyscache.h"

static void
embed(TnfrCall *call, TnfrNetwork *network, const int64_t *id, Oid nodes_relid)
{
	TnfrStatus	status = tnfr_graph_embed(&call->env, &network->graph, id,
										  network->nodes.id, network->nodes.n);

	if (status == TNFR_UNKNOWN_NODE)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("node " INT64_FORMAT " of the graph is not in relation \"%s\"",
						call->env.error.id, get_rel_name(nodes_relid)),
				 errdetail_plural("There is " UINT64_FORMAT " such node in all.",
								  "There are " UINT64_FORMAT " such nodes in all.",
								  call->env.error.count, call->env.error.count),
				 errhint("Add the missing nodes, or make the graph of edges between those there are.")));
	tnfr_call_check(call, status);
}

void
tnfr_read_graph_network(TnfrCall *call, Datum graph, Oid nodes_relid,
						TnfrNetwork *network)
{
	struct varlena *value;
	Size		size;
	uint64_t	n;
	int64_t    *id;

	tnfr_call_phase(call, TNFR_READING);
	size = toast_raw_datum_size(graph);
	tnfr_call_charge(call, size);
	value = PG_DETOAST_DATUM_PACKED(graph);
	tnfr_read_nodes(call, nodes_relid, &network->nodes);

	tnfr_call_phase(call, TNFR_MAPPING);
	tnfr_call_threads(call, VARSIZE_ANY_EXHDR(value) / 2);
	tnfr_call_check(call, tnfr_decode(&call->env,
									  (const uint8_t *) VARDATA_ANY(value),
									  VARSIZE_ANY_EXHDR(value),
									  &network->graph, &id));
	n = network->graph.n;
	embed(call, network, id, nodes_relid);
	tnfr_release(&call->env, id, n, sizeof(int64_t));
	call->used -= size;
	if (value != (struct varlena *) DatumGetPointer(graph))
		pfree(value);
}
