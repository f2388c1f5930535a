/*
 * graph_value.c
 *	  Makes values of type tnfr_graph.
 */
#include "postgres.h"

#include "pg/graph_value.h"
#include "utils/memutils.h"

/* A value for so many bytes. */
static struct varlena *
allocate(TnfrCall *call, size_t size)
{
	struct varlena *value;

	if (size > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("graph is too large for a value"),
				 errdetail("%s would give %zu bytes; the limit is %zu bytes.",
						   call->function, size,
						   (size_t) MaxAllocSize - VARHDRSZ),
				 errhint("Split it with GROUP BY, for instance by ranges of src, into one graph a group.")));
	tnfr_call_require(call, size);
	value = palloc(size + VARHDRSZ);
	SET_VARSIZE(value, size + VARHDRSZ);
	return value;
}

struct varlena *
tnfr_graph_value(TnfrCall *call, const TnfrGraph *graph, const int64 *id)
{
	TnfrEncoding e;
	struct varlena *value;

	tnfr_call_check(call, tnfr_encode_begin(&call->env, &e, graph, id));
	value = allocate(call, e.size);
	tnfr_call_check(call, tnfr_encode_write(&call->env, &e,
											(uint8_t *) VARDATA(value)));
	tnfr_encode_end(&call->env, &e);
	return value;
}

struct varlena *
tnfr_graph_value_of_bytes(TnfrCall *call, const uint8_t *bytes, size_t size)
{
	struct varlena *value = allocate(call, size);

	memcpy(VARDATA(value), bytes, size);
	return value;
}

void
tnfr_damaged_graph(const char *damage)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("damaged value of type %s", "tnfr_graph"),
			 errdetail_internal("Damaged graph: %s.", damage)));
}
