/*
 * ingest.c
 *	  From rows to columns, and from columns to the graph.
 *
 * No row is kept.  Nodes come first, so that edges are turned into indexes as
 * they stream in.  Values are checked here, where relation, column and row are
 * known.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "pg/ingest.h"
#include "pg/relation.h"
#include "pg/scan.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define BATCH	1024			/* edges mapped together */

/* Where the rows of nodes, or of edges, go. */
typedef struct Receiver
{
	TnfrCall   *call;
	const TnfrRelation *relation;
	MemoryContext scratch;		/* for conversions of numeric */

	/* nodes */
	TnfrNodeRows *rows;

	/* edges */
	TnfrEdges  *edges;
	const TnfrIdMap *map;
	bool		weighted;
	uint32		count;			/* in the batch */
	int64		src[BATCH];
	int64		dst[BATCH];
	double		weight[BATCH];
} Receiver;

static inline int64
key_value(Datum d, Oid type)
{
	if (type == INT8OID)
		return DatumGetInt64(d);
	if (type == INT4OID)
		return DatumGetInt32(d);
	return DatumGetInt16(d);
}

/* A value of one of the rarer types; out of line. */
static pg_noinline double
convert_number(Receiver *r, Datum d, Oid type)
{
	MemoryContext before;
	double		x;

	if (type == FLOAT4OID)
		return DatumGetFloat4(d);
	if (type != NUMERICOID)
		return (double) key_value(d, type);
	before = MemoryContextSwitchTo(r->scratch);
	x = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, d));
	MemoryContextSwitchTo(before);
	MemoryContextReset(r->scratch);
	return x;
}

static inline double
number_value(Receiver *r, Datum d, Oid type)
{
	return type == FLOAT8OID ? DatumGetFloat8(d) : convert_number(r, d, type);
}

static pg_noinline void
null_value(const TnfrRelation *relation, int column, const char *row)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("null value in column \"%s\" of relation \"%s\"",
					relation->column[column].name, relation->name),
			 errdetail("The row is %s.", row),
			 errhint("A view can leave such rows out or give them a value.")));
}

static pg_noinline void
bad_value(const TnfrRelation *relation, int column, double x, const char *row)
{
	bool		finite = isfinite(x);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s value %g in column \"%s\" of relation \"%s\"",
					finite ? "negative" : "non-finite", x,
					relation->column[column].name, relation->name),
			 errdetail("The row is %s.", row),
			 finite ?
			 errhint("Values of this column must be zero or more.") :
			 errhint("Values of this column must be finite.")));
}

/* A row for a message, with what is known of it. */
static char *
edge_text(const Datum *values, const bool *isnull, const Receiver *r)
{
	const TnfrColumn *c = r->relation->column;

	return psprintf("edge (%s, %s)",
					isnull[TNFR_SRC] ? "null" :
					psprintf(INT64_FORMAT, key_value(values[TNFR_SRC], c[TNFR_SRC].type)),
					isnull[TNFR_DST] ? "null" :
					psprintf(INT64_FORMAT, key_value(values[TNFR_DST], c[TNFR_DST].type)));
}

static char *
node_text(int64 id)
{
	return psprintf("node " INT64_FORMAT, id);
}

/* Maps the batch and adds it to the list of edges. */
static void
flush_edges(Receiver *r)
{
	TnfrPhase	before = tnfr_call_phase(r->call, TNFR_MAPPING);
	bool		bad = false;

	if (r->weighted)
		for (uint32 k = 0; k < r->count; k++)
			bad |= !(r->weight[k] >= 0.0 && r->weight[k] < HUGE_VAL);
	for (uint32 k = 0; bad && k < r->count; k++)
		if (!(r->weight[k] >= 0.0 && r->weight[k] < HUGE_VAL))
			bad_value(r->relation, TNFR_WEIGHT, r->weight[k],
					  psprintf("edge (" INT64_FORMAT ", " INT64_FORMAT ")",
							   r->src[k], r->dst[k]));
	tnfr_call_check(r->call,
					tnfr_edges_add(&r->call->env, r->edges, r->map, r->src,
								   r->dst, r->weighted ? r->weight : NULL,
								   r->count));
	r->count = 0;
	tnfr_call_phase(r->call, before);
}

static void
receive_edge(void *arg, const Datum *values, const bool *isnull)
{
	Receiver   *r = arg;
	const TnfrColumn *column = r->relation->column;
	const int	ncolumns = r->weighted ? 3 : 2;
	uint32		k = r->count;

	for (int c = 0; isnull != NULL && c < ncolumns; c++)
		if (isnull[c])
			null_value(r->relation, c, edge_text(values, isnull, r));

	r->src[k] = key_value(values[TNFR_SRC], column[TNFR_SRC].type);
	r->dst[k] = key_value(values[TNFR_DST], column[TNFR_DST].type);
	if (r->weighted)
		r->weight[k] = number_value(r, values[TNFR_WEIGHT],
									column[TNFR_WEIGHT].type);
	r->count = k + 1;
	if (r->count == BATCH)
		flush_edges(r);
}

static void
receive_node(void *arg, const Datum *values, const bool *isnull)
{
	Receiver   *r = arg;
	const TnfrColumn *column = r->relation->column;
	TnfrNodeRow *row;
	double		value[4];

	if (r->rows->count == r->rows->room)
		tnfr_call_check(r->call, tnfr_node_rows_grow(&r->call->env, r->rows));
	row = &r->rows->row[r->rows->count];
	if (isnull != NULL && isnull[TNFR_ID])
		null_value(r->relation, TNFR_ID, "a node without id");
	row->id = key_value(values[TNFR_ID], column[TNFR_ID].type);
	for (int c = TNFR_EPI; c <= TNFR_PHASE; c++)
	{
		if (isnull != NULL && isnull[c])
			null_value(r->relation, c, node_text(row->id));
		value[c] = number_value(r, values[c], column[c].type);
		if (unlikely(!isfinite(value[c])))
			bad_value(r->relation, c, value[c], node_text(row->id));
	}
	if (unlikely(value[TNFR_VF] < 0.0))
		bad_value(r->relation, TNFR_VF, value[TNFR_VF], node_text(row->id));
	row->epi = value[TNFR_EPI];
	row->vf = value[TNFR_VF];
	row->phase = value[TNFR_PHASE];
	r->rows->count++;
}

/* Sends the rows of a relation through a receiver. */
static void
receive_rows(Receiver *r, TnfrCall *call, const TnfrRelation *relation,
			 TnfrRowSink sink)
{
	r->call = call;
	r->relation = relation;
	r->scratch = AllocSetContextCreate(call->context, "tnfr numeric",
									   ALLOCSET_SMALL_SIZES);
	tnfr_scan(call, relation, sink, r);
	MemoryContextDelete(r->scratch);
}

static void
read_nodes(TnfrCall *call, Oid relid, TnfrNodes *nodes)
{
	TnfrRelation *relation = tnfr_nodes_relation(relid);
	TnfrNodeRows rows = {0};
	Receiver	r = {.rows = &rows};
	TnfrStatus	status;

	receive_rows(&r, call, relation, receive_node);
	tnfr_call_threads(call, rows.count);
	status = tnfr_nodes_build(&call->env, &rows, nodes);
	if (status == TNFR_DUPLICATE_NODE)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("duplicate node id " INT64_FORMAT " in relation \"%s\"",
						call->env.error.id, relation->name),
				 errdetail("Each node must have one row."),
				 errhint("A unique index on column \"%s\" keeps duplicates out.",
						 relation->column[TNFR_ID].name)));
	if (status == TNFR_TOO_MANY_NODES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("relation \"%s\" has too many nodes", relation->name),
				 errdetail("It has " UINT64_FORMAT " rows; the limit is " UINT64_FORMAT ".",
						   call->env.error.count, (uint64) TNFR_MAX_NODES)));
	tnfr_call_check(call, status);
}

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
	Receiver   *r = MemoryContextAllocZero(call->context, sizeof(Receiver));
	TnfrStatus	status;

	r->weighted = OidIsValid(relation->column[TNFR_WEIGHT].type);
	r->edges = edges;
	r->map = map;
	tnfr_call_check(call, tnfr_edges_begin(&call->env, edges, map->n,
										   expected_entries(relation, map->n, directed),
										   directed, r->weighted));
	receive_rows(r, call, relation, receive_edge);
	flush_edges(r);
	pfree(r);
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

	tnfr_call_phase(call, TNFR_READING);
	read_nodes(call, nodes_relid, &network->nodes);

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
