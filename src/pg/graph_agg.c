/*
 * graph_agg.c
 *	  Aggregate tnfr_graph_agg(src, dst [, weight] [, directed]): a graph of rows.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "nodes/execnodes.h"
#include "pg/compat.h"
#include "pg/graph_state.h"

PG_FUNCTION_INFO_V1(tnfr_graph_agg_add);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_add_weighted);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_add_directed);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_add_weighted_directed);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_combine);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_serialize);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_deserialize);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_final);

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "tnfr_graph_agg called in non-aggregate context");
	return context;
}

static pg_noinline void
bad_weight(double weight, int64 src, int64 dst)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s weight %g of edge (" INT64_FORMAT ", " INT64_FORMAT ")",
					isfinite(weight) ? "negative" : "non-finite", weight,
					src, dst),
			 errhint("Weights must be finite, and zero or more.")));
}

static void
mixed_directions(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"directed\" of tnfr_graph_agg must be the same for all rows of a graph")));
}

/* The four transition functions; -1: there is no such argument. */
static inline Datum
transition(FunctionCallInfo fcinfo, int weight_arg, int directed_arg)
{
	MemoryContext context = aggregate_context(fcinfo);
	TnfrGraphState	   *state = PG_ARGISNULL(0) ? NULL : (TnfrGraphState *) PG_GETARG_POINTER(0);
	bool		directed = false;
	double		weight = 1.0;

	if (directed_arg >= 0)
	{
		if (PG_ARGISNULL(directed_arg))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"directed\" must not be null")));
		directed = PG_GETARG_BOOL(directed_arg);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		(weight_arg >= 0 && PG_ARGISNULL(weight_arg)))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (weight_arg >= 0)
	{
		weight = PG_GETARG_FLOAT8(weight_arg);
		if (!(weight >= 0.0 && weight < HUGE_VAL))
			bad_weight(weight, PG_GETARG_INT64(1), PG_GETARG_INT64(2));
	}
	if (state == NULL)
		state = tnfr_graph_state(context, directed, weight_arg >= 0);
	else if (state->directed != directed)
		mixed_directions();
	tnfr_graph_state_add(state, PG_GETARG_INT64(1), PG_GETARG_INT64(2), weight);
	PG_RETURN_POINTER(state);
}

Datum
tnfr_graph_agg_add(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, -1, -1);
}

Datum
tnfr_graph_agg_add_weighted(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, 3, -1);
}

Datum
tnfr_graph_agg_add_directed(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, -1, 3);
}

Datum
tnfr_graph_agg_add_weighted_directed(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, 3, 4);
}

Datum
tnfr_graph_agg_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	TnfrGraphState	   *state = PG_ARGISNULL(0) ? NULL : (TnfrGraphState *) PG_GETARG_POINTER(0);
	TnfrGraphState	   *other = PG_ARGISNULL(1) ? NULL : (TnfrGraphState *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = tnfr_graph_state(context, other->directed, other->weighted);
		else if (state->directed != other->directed)
			mixed_directions();
		tnfr_graph_state_merge(state, other);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
tnfr_graph_agg_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(tnfr_graph_state_serialize((TnfrGraphState *) PG_GETARG_POINTER(0)));
}

/*
 * The parts stay where they are: combine copies them while the row that they
 * came with is still there.
 */
Datum
tnfr_graph_agg_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *serialized = PG_GETARG_BYTEA_PP(0);

	(void) aggregate_context(fcinfo);
	PG_RETURN_POINTER(tnfr_graph_state_deserialize(VARDATA_ANY(serialized)));
}

/* A hash table is kept when its plan is run again; other states are not. */
static bool
is_hashed(FunctionCallInfo fcinfo)
{
	return fcinfo->context != NULL && IsA(fcinfo->context, AggState) &&
		castNode(AggState, fcinfo->context)->aggstrategy == AGG_HASHED;
}

static struct varlena *
copy_value(struct varlena *to, const struct varlena *value)
{
	memcpy(to, value, VARSIZE(value));
	return to;
}

/*
 * The state is used up (FINALFUNC_MODIFY = READ_WRITE), but for the result of
 * a group that can be asked for again.
 */
Datum
tnfr_graph_agg_final(PG_FUNCTION_ARGS)
{
	TnfrGraphState	   *s = PG_ARGISNULL(0) ? NULL : (TnfrGraphState *) PG_GETARG_POINTER(0);
	struct varlena *value;

	(void) aggregate_context(fcinfo);
	if (s == NULL)
		PG_RETURN_NULL();
	if (s->value != NULL)
		PG_RETURN_POINTER(copy_value(palloc(VARSIZE(s->value)), s->value));
	value = tnfr_graph_state_value(s);
	if (is_hashed(fcinfo))
		s->value = copy_value(tnfr_graph_state_take(s, VARSIZE(value)), value);
	PG_RETURN_POINTER(value);
}
