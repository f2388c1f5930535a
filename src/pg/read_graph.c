/*
 * read_graph.c
 *	  A network of a stored graph and a relation of nodes.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "core/embed.h"
#include "pg/gpu/choose.h"
#include "pg/graph_value.h"
#include "pg/ingest.h"
#include "utils/lsyscache.h"

/* Error 23503 for nodes that are not there, and any other failure. */
static void
check_nodes(TnfrCall *call, TnfrStatus status, Oid nodes_relid)
{
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

/* The whole graph in columns; the value is not needed any more. */
static void
decode_columns(TnfrCall *call, const uint8_t *bytes, Size size,
			   Oid nodes_relid, TnfrNetwork *network)
{
	uint64_t	n;
	int64_t    *id;

	tnfr_call_check(call, tnfr_decode(&call->env, bytes, size, &network->graph,
									  &id));
	n = network->graph.n;
	check_nodes(call, tnfr_graph_embed(&call->env, &network->graph, id,
									   network->nodes.id, network->nodes.n),
				nodes_relid);
	tnfr_release(&call->env, id, n, sizeof(int64_t));
}

/*
 * What the entries among these nodes are known by, where a device may keep
 * them.  A graph that has all the nodes has their ids in it.
 */
static void
make_key(TnfrCall *call, const uint8_t *bytes, Size size, TnfrNetwork *network)
{
	const TnfrNodes *nodes = &network->nodes;
	TnfrGraphHeader h;

	network->key[0] = network->key[1] = 0;
	if (!tnfr_gpu_considered(network->graph.entries))
		return;
	tnfr_call_check(call, tnfr_decode_header(&call->env, bytes, size, &h));
	tnfr_gpu_key(call, bytes, size, nodes->id, h.n == nodes->n ? 0 : nodes->n,
				 network->key);
}

void
tnfr_read_graph_network(TnfrCall *call, Datum graph, Oid nodes_relid,
						bool columns, TnfrNetwork *network)
{
	struct varlena *value;
	Size		raw_size = toast_raw_datum_size(graph);
	const uint8_t *bytes;
	Size		size;

	tnfr_call_phase(call, TNFR_READING);
	tnfr_call_charge(call, raw_size);
	value = PG_DETOAST_DATUM_PACKED(graph);
	bytes = (const uint8_t *) VARDATA_ANY(value);
	size = VARSIZE_ANY_EXHDR(value);
	tnfr_read_nodes(call, nodes_relid, &network->nodes);

	tnfr_call_phase(call, TNFR_MAPPING);
	tnfr_call_threads(call, size / 2);
	if (!columns)
	{
		check_nodes(call, tnfr_coded_open(&call->env, &network->coded, bytes,
										  size, network->nodes.id,
										  network->nodes.n, &network->graph),
					nodes_relid);
		make_key(call, bytes, size, network);
		return;
	}
	decode_columns(call, bytes, size, nodes_relid, network);
	make_key(call, bytes, size, network);
	if (value != (struct varlena *) DatumGetPointer(graph))
	{
		pfree(value);
		call->used -= raw_size;
	}
}
