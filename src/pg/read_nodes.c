/*
 * read_nodes.c
 *	  The relation of nodes, into columns in order of the ids.
 */
#include "postgres.h"

#include <math.h>

#include "pg/ingest.h"
#include "pg/relation.h"
#include "pg/scan.h"
#include "pg/values.h"
#include "utils/memutils.h"

typedef struct NodeReader
{
	TnfrCall   *call;
	const TnfrRelation *relation;
	MemoryContext scratch;		/* for conversions */
	TnfrNodes  *nodes;
} NodeReader;

static char *
node_text(int64 id)
{
	return psprintf("node " INT64_FORMAT, id);
}

static void
receive_node(void *arg, const Datum *values, const bool *isnull)
{
	NodeReader *r = arg;
	const TnfrColumn *column = r->relation->column;
	int64		id;
	double		value[4];

	if (r->nodes->n == r->nodes->room)
		tnfr_call_check(r->call, tnfr_nodes_grow(&r->call->env, r->nodes));
	if (isnull != NULL && isnull[TNFR_ID])
		tnfr_null_value(r->relation, TNFR_ID, "a node without id");
	id = tnfr_key_value(values[TNFR_ID], column[TNFR_ID].type);
	for (int c = TNFR_EPI; c <= TNFR_PHASE; c++)
	{
		if (isnull != NULL && isnull[c])
			tnfr_null_value(r->relation, c, node_text(id));
		value[c] = tnfr_number_value(values[c], column[c].type, r->scratch);
		if (unlikely(!isfinite(value[c])))
			tnfr_bad_value(r->relation, c, value[c], node_text(id));
	}
	if (unlikely(value[TNFR_VF] < 0.0))
		tnfr_bad_value(r->relation, TNFR_VF, value[TNFR_VF],
					   node_text(id));
	tnfr_nodes_add(r->nodes, id, value[TNFR_EPI], value[TNFR_VF],
				   value[TNFR_PHASE]);
}

void
tnfr_read_nodes(TnfrCall *call, Oid relid, TnfrNodes *nodes)
{
	NodeReader	r = {
		.call = call,.relation = tnfr_nodes_relation(relid),.nodes = nodes
	};
	TnfrStatus	status;

	memset(nodes, 0, sizeof(*nodes));
	r.scratch = AllocSetContextCreate(call->context, "tnfr conversion",
									  ALLOCSET_SMALL_SIZES);
	tnfr_scan(call, r.relation, receive_node, &r);
	MemoryContextDelete(r.scratch);

	tnfr_call_threads(call, nodes->n);
	status = tnfr_nodes_order(&call->env, nodes);
	if (status == TNFR_DUPLICATE_NODE)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("duplicate node id " INT64_FORMAT " in relation \"%s\"",
						call->env.error.id, r.relation->name),
				 errdetail("Each node must have one row."),
				 errhint("A unique index on column \"%s\" keeps duplicates out.",
						 r.relation->column[TNFR_ID].name)));
	if (status == TNFR_TOO_MANY_NODES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("relation \"%s\" has too many nodes", r.relation->name),
				 errdetail("It has " UINT64_FORMAT " rows; the limit is " UINT64_FORMAT ".",
						   call->env.error.count, (uint64) TNFR_MAX_NODES)));
	tnfr_call_check(call, status);
}
