/*
 * graph_access.c
 *	  What can be asked of a graph: counts from its header, and its edges.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/graph_value.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(tnfr_graph_nodes);
PG_FUNCTION_INFO_V1(tnfr_graph_entries);
PG_FUNCTION_INFO_V1(tnfr_graph_edge_count);
PG_FUNCTION_INFO_V1(tnfr_graph_density);
PG_FUNCTION_INFO_V1(tnfr_graph_directed);
PG_FUNCTION_INFO_V1(tnfr_graph_weighted);
PG_FUNCTION_INFO_V1(tnfr_graph_bytes);
PG_FUNCTION_INFO_V1(tnfr_graph_edges);

/* The header; of a large graph nothing else is fetched. */
static TnfrGraphHeader
header_of(Datum graph)
{
	struct varlena *head = PG_DETOAST_DATUM_SLICE(graph, 0, TNFR_HEADER_BYTES);
	TnfrGraphHeader h;
	TnfrEnv		env = {0};

	if (tnfr_decode_header(&env, (const uint8_t *) VARDATA_ANY(head),
						   VARSIZE_ANY_EXHDR(head), &h) != TNFR_OK)
		tnfr_damaged_graph(env.error.what);
	return h;
}

Datum
tnfr_graph_nodes(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) header_of(PG_GETARG_DATUM(0)).n);
}

Datum
tnfr_graph_entries(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) header_of(PG_GETARG_DATUM(0)).entries);
}

Datum
tnfr_graph_edge_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) header_of(PG_GETARG_DATUM(0)).edges);
}

/* Edges that are no loops, of the pairs there are. */
Datum
tnfr_graph_density(PG_FUNCTION_ARGS)
{
	TnfrGraphHeader h = header_of(PG_GETARG_DATUM(0));

	if (h.n < 2)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) (h.entries - h.loops) /
					 ((double) h.n * (double) (h.n - 1)));
}

Datum
tnfr_graph_directed(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(header_of(PG_GETARG_DATUM(0)).directed);
}

Datum
tnfr_graph_weighted(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(header_of(PG_GETARG_DATUM(0)).weights != TNFR_WEIGHTS_ONE);
}

Datum
tnfr_graph_bytes(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) toast_raw_datum_size(PG_GETARG_DATUM(0)) - VARHDRSZ);
}

/* A graph that is read block by block. */
typedef struct Reading
{
	TnfrCall   *call;
	TnfrGraphBytes graph;
	int64_t    *id;				/* [n] */
	uint64_t   *offset;			/* [n + 1] */
	uint32_t   *neighbour;		/* [block] */
	double	   *weight;			/* [block] */
	uint64_t	row;			/* of the next entry */
} Reading;

static void
begin_reading(Reading *r, TnfrCall *call, const struct varlena *value)
{
	TnfrEnv    *env = &call->env;
	TnfrGraphBytes *g = &r->graph;

	r->call = call;
	r->row = 0;
	tnfr_call_check(call, tnfr_decode_begin(env, g,
											(const uint8_t *) VARDATA_ANY(value),
											VARSIZE_ANY_EXHDR(value)));
	r->id = tnfr_alloc(env, g->header.n, sizeof(int64_t));
	r->offset = tnfr_alloc(env, g->header.n + 1, sizeof(uint64_t));
	r->neighbour = tnfr_alloc(env, TNFR_CODEC_BLOCK, sizeof(uint32_t));
	r->weight = tnfr_alloc(env, TNFR_CODEC_BLOCK, sizeof(double));
	if (r->id == NULL || r->offset == NULL || r->neighbour == NULL ||
		r->weight == NULL)
		tnfr_call_check(call, TNFR_NO_MEMORY);
	tnfr_call_check(call, tnfr_decode_ids(env, g, r->id));
	tnfr_call_check(call, tnfr_decode_offsets(env, g, r->offset));
}

/* Puts the edges of a block into the result. */
static void
return_block(Reading *r, uint64_t block, ReturnSetInfo *rsinfo)
{
	const TnfrGraphHeader *h = &r->graph.header;
	const uint64_t first = block * TNFR_CODEC_BLOCK;
	const uint64_t count = Min(TNFR_CODEC_BLOCK, h->entries - first);
	const char *damage = tnfr_decode_block(&r->graph, r->offset, block,
										   r->neighbour);
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (damage == NULL)
		damage = tnfr_decode_weights(&r->graph, first, count, r->weight);
	if (damage != NULL)
		tnfr_damaged_graph(damage);
	for (uint64_t k = 0; k < count; k++)
	{
		r->row = tnfr_row_of(r->offset, h->n, r->row, first + k);
		if (!h->directed && r->neighbour[k] < r->row)	/* its other end has it */
			continue;
		values[0] = Int64GetDatum(r->id[r->row]);
		values[1] = Int64GetDatum(r->id[r->neighbour[k]]);
		values[2] = Float8GetDatum(r->weight[k]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

Datum
tnfr_graph_edges(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	TnfrCall   *call;
	Reading		r;

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_call_begin("tnfr_graph_edges");
	tnfr_call_charge(call, VARSIZE_ANY(value));
	begin_reading(&r, call, value);
	for (uint64_t b = 0; b * TNFR_CODEC_BLOCK < r.graph.header.entries; b++)
	{
		CHECK_FOR_INTERRUPTS();
		return_block(&r, b, rsinfo);
	}
	tnfr_call_drop(call);
	return (Datum) 0;
}
