/*
 * agg_state.c
 *	  Making, checking, counting and combining states of aggregates.
 */
#include "postgres.h"

#include "core/exact_sum.h"
#include "pg/agg_state.h"
#include "utils/float.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Memory that lives as long as the aggregate, or the call outside of one. */
static MemoryContext
context_of(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	return AggCheckCallContext(fcinfo, &context) ? context :
		CurrentMemoryContext;
}

TnfrAggState *
tnfr_agg_new(FunctionCallInfo fcinfo, const TnfrAggKind *kind)
{
	TnfrAggState *state = MemoryContextAllocZero(context_of(fcinfo),
												 kind->size);

	SET_VARSIZE(state, kind->size);
	state->tag = kind->tag;
	return state;
}

static void
refuse(const TnfrAggKind *kind, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of aggregate %s", kind->aggregate),
			 errdetail_internal("%s", detail),
			 errhint("States come from this aggregate's own functions, on a machine of the same byte order.")));
}

static inline bool
rows_in_range(const TnfrAggState *state)
{
	return state->rows >= 0 && state->rows <= TNFR_EXACT_MAX_ADDENDS;
}

/* A checked copy, of aligned and plain form. */
static TnfrAggState *
copy_of(Datum value, const TnfrAggKind *kind, MemoryContext context)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
	Size		length = VARSIZE_ANY_EXHDR(bytes);
	TnfrAggState *state;

	if (length != kind->size - VARHDRSZ)
		refuse(kind, psprintf("It has %zu bytes, not %zu.", length,
							  kind->size - VARHDRSZ));
	state = MemoryContextAlloc(context, kind->size);
	SET_VARSIZE(state, kind->size);
	memcpy(VARDATA(state), VARDATA_ANY(bytes), length);
	if (state->tag != kind->tag)
		refuse(kind, "It is of another kind or version.");
	if (!rows_in_range(state) || !kind->valid(state))
		refuse(kind, "Its bytes contradict each other.");
	return state;
}

TnfrAggState *
tnfr_agg_running(FunctionCallInfo fcinfo, const TnfrAggKind *kind)
{
	TnfrAggState *state = (TnfrAggState *) PG_GETARG_POINTER(0);
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		return copy_of(PG_GETARG_DATUM(0), kind, CurrentMemoryContext);
	if (likely(!VARATT_IS_EXTENDED(state) && VARSIZE(state) == kind->size &&
			   state->tag == kind->tag && rows_in_range(state) &&
			   (uintptr_t) state % MAXIMUM_ALIGNOF == 0))
		return state;

	/* the first state, when it is a constant or a row's */
	return copy_of(PG_GETARG_DATUM(0), kind, context);
}

const TnfrAggState *
tnfr_agg_argument(FunctionCallInfo fcinfo, int n, const TnfrAggKind *kind)
{
	return copy_of(PG_GETARG_DATUM(n), kind, CurrentMemoryContext);
}

void
tnfr_agg_count(TnfrAggState *state, const TnfrAggKind *kind, int64 rows)
{
	if (unlikely(rows > TNFR_EXACT_MAX_ADDENDS - state->rows))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in a group of aggregate %s",
						kind->aggregate),
				 errdetail("The limit is " INT64_FORMAT ".",
						   (int64) TNFR_EXACT_MAX_ADDENDS)));
	state->rows += rows;
}

Datum
tnfr_agg_combine(FunctionCallInfo fcinfo, const TnfrAggKind *kind)
{
	const TnfrAggState *other;
	TnfrAggState *state;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(copy_of(PG_GETARG_DATUM(1), kind,
								  context_of(fcinfo)));
	state = tnfr_agg_running(fcinfo, kind);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	other = tnfr_agg_argument(fcinfo, 1, kind);
	tnfr_agg_count(state, kind, other->rows);
	kind->merge(state, other);
	PG_RETURN_POINTER(state);
}

void
tnfr_agg_bad_value(const char *argument, double value)
{
	bool		negative = isfinite(value);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s value %s of argument \"%s\"",
					negative ? "negative" : "non-finite",
					float8out_internal(value), argument),
			 negative ?
			 errhint("Values of this argument must be zero or more.") :
			 errhint("Values of this argument must be finite.")));
}

void
tnfr_agg_out_of_range(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range", what),
			 errdetail("The value is beyond the range of double precision.")));
}
