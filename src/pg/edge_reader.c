/*
 * edge_reader.c
 *	  Checks rows of edges and gathers them in batches.
 */
#include "postgres.h"

#include <math.h>

#include "pg/edge_reader.h"
#include "pg/values.h"
#include "utils/memutils.h"

TnfrEdgeReader *
tnfr_edge_reader(TnfrCall *call, const TnfrRelation *relation,
				 const TnfrIdMap *map, TnfrEdges *edges)
{
	TnfrEdgeReader *r = MemoryContextAllocZero(call->context,
											   sizeof(TnfrEdgeReader));

	r->call = call;
	r->relation = relation;
	r->scratch = AllocSetContextCreate(call->context, "tnfr conversion",
									   ALLOCSET_SMALL_SIZES);
	r->edges = edges;
	r->map = map;
	r->weighted = OidIsValid(relation->column[TNFR_WEIGHT].type);
	return r;
}

/* A row for a message, with what is known of it. */
static char *
edge_text(const Datum *values, const bool *isnull, const TnfrEdgeReader *r)
{
	const TnfrColumn *c = r->relation->column;

	return psprintf("edge (%s, %s)",
					isnull[TNFR_SRC] ? "null" :
					psprintf(INT64_FORMAT, tnfr_key_value(values[TNFR_SRC], c[TNFR_SRC].type)),
					isnull[TNFR_DST] ? "null" :
					psprintf(INT64_FORMAT, tnfr_key_value(values[TNFR_DST], c[TNFR_DST].type)));
}

static inline bool
is_weight(double x)
{
	return x >= 0.0 && x < HUGE_VAL;
}

static void
check_weights(const TnfrEdgeReader *r)
{
	bool		bad = false;

	for (uint32 k = 0; k < r->count; k++)
		bad |= !is_weight(r->weight[k]);
	for (uint32 k = 0; bad && k < r->count; k++)
		if (!is_weight(r->weight[k]))
			tnfr_bad_value(r->relation, TNFR_WEIGHT, r->weight[k],
						   psprintf("edge (" INT64_FORMAT ", " INT64_FORMAT ")",
									r->src[k], r->dst[k]));
}

void
tnfr_edge_flush(TnfrEdgeReader *r)
{
	TnfrPhase	before = tnfr_call_phase(r->call, TNFR_MAPPING);

	if (r->weighted)
		check_weights(r);
	if (r->wait != NULL)
		r->wait(r->arg);
	tnfr_call_check(r->call,
					tnfr_edges_add(&r->call->env, r->edges, r->map, r->src,
								   r->dst, r->weighted ? r->weight : NULL,
								   r->count));
	r->count = 0;
	tnfr_call_phase(r->call, before);
}

void
tnfr_edge_row(void *reader, const Datum *values, const bool *isnull)
{
	TnfrEdgeReader *r = reader;
	const TnfrColumn *column = r->relation->column;
	const int	ncolumns = r->weighted ? 3 : 2;
	uint32		k = r->count;

	for (int c = 0; isnull != NULL && c < ncolumns; c++)
		if (isnull[c])
			tnfr_null_value(r->relation, c, edge_text(values, isnull, r));

	r->src[k] = tnfr_key_value(values[TNFR_SRC], column[TNFR_SRC].type);
	r->dst[k] = tnfr_key_value(values[TNFR_DST], column[TNFR_DST].type);
	if (r->weighted)
		r->weight[k] = tnfr_number_value(values[TNFR_WEIGHT],
										 column[TNFR_WEIGHT].type, r->scratch);
	r->count = k + 1;
	if (r->count == TNFR_POOL_BATCH)
		tnfr_edge_flush(r);
}
