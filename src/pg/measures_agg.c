/*
 * measures_agg.c
 *	  Aggregates tnfr_order_parameter and tnfr_coherence_agg: means over nodes.
 *
 * Both keep up to two sums of exact_sum.h, from which a row can be taken away
 * again: a moving window frame costs as much a row as it moves, and has the
 * bits of a frame aggregated anew.
 */
#include "postgres.h"

#include "core/exact_sum.h"
#include "pg/agg_state.h"

typedef struct MeanState
{
	TnfrAggState header;
	TnfrMovingSum sum[2];
} MeanState;

StaticAssertDecl(sizeof(MeanState) == 128, "size of the state, also in SQL");

PG_FUNCTION_INFO_V1(tnfr_order_parameter_accum);
PG_FUNCTION_INFO_V1(tnfr_order_parameter_remove);
PG_FUNCTION_INFO_V1(tnfr_order_parameter_combine);
PG_FUNCTION_INFO_V1(tnfr_order_parameter_final);
PG_FUNCTION_INFO_V1(tnfr_coherence_accum);
PG_FUNCTION_INFO_V1(tnfr_coherence_remove);
PG_FUNCTION_INFO_V1(tnfr_coherence_combine);
PG_FUNCTION_INFO_V1(tnfr_coherence_final);

static bool
valid_order_parameter(const TnfrAggState *state)
{
	const MeanState *s = (const MeanState *) state;

	return tnfr_moving_valid(&s->sum[0], state->rows) &&
		tnfr_moving_valid(&s->sum[1], state->rows);
}

static bool
valid_coherence(const TnfrAggState *state)
{
	const MeanState *s = (const MeanState *) state;

	return valid_order_parameter(state) &&
		tnfr_exact_value(&s->sum[0].sum) >= 0.0 &&
		tnfr_exact_value(&s->sum[1].sum) >= 0.0;
}

static void
merge(TnfrAggState *state, const TnfrAggState *other)
{
	for (int i = 0; i < 2; i++)
		tnfr_moving_merge(&((MeanState *) state)->sum[i],
						  &((const MeanState *) other)->sum[i]);
}

static const TnfrAggKind order_parameter_kind = {
	.aggregate = "tnfr_order_parameter",
	.tag = TNFR_AGG_TAG(2),
	.size = sizeof(MeanState),
	.valid = valid_order_parameter,
	.merge = merge
};

static const TnfrAggKind coherence_kind = {
	.aggregate = "tnfr_coherence_agg",
	.tag = TNFR_AGG_TAG(3),
	.size = sizeof(MeanState),
	.valid = valid_coherence,
	.merge = merge
};

/* The running state; even before a row counts a moving frame wants one. */
static MeanState *
running(FunctionCallInfo fcinfo, const TnfrAggKind *kind)
{
	return (MeanState *) (PG_ARGISNULL(0) ? tnfr_agg_new(fcinfo, kind) :
						  tnfr_agg_running(fcinfo, kind));
}

static Datum
accumulate(FunctionCallInfo fcinfo, const TnfrAggKind *kind, double first,
		   double second)
{
	MeanState  *s = running(fcinfo, kind);

	tnfr_agg_count(&s->header, kind, 1);
	tnfr_moving_add(&s->sum[0], first);
	tnfr_moving_add(&s->sum[1], second);
	PG_RETURN_POINTER(s);
}

/* NULL: it cannot be done, and the frame has to be aggregated anew. */
static Datum
take_away(FunctionCallInfo fcinfo, const TnfrAggKind *kind, double first,
		  double second)
{
	MeanState  *s = running(fcinfo, kind);

	if (s->header.rows <= 0 ||
		!tnfr_moving_remove(&s->sum[0], first) ||
		!tnfr_moving_remove(&s->sum[1], second))
		PG_RETURN_NULL();
	s->header.rows--;
	PG_RETURN_POINTER(s);
}

/* (state, phase) */
Datum
tnfr_order_parameter_accum(PG_FUNCTION_ARGS)
{
	double		phase;

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(running(fcinfo, &order_parameter_kind));
	phase = PG_GETARG_FLOAT8(1);
	tnfr_agg_require_finite("phase", phase);
	return accumulate(fcinfo, &order_parameter_kind, cos(phase), sin(phase));
}

Datum
tnfr_order_parameter_remove(PG_FUNCTION_ARGS)
{
	double		phase;

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(running(fcinfo, &order_parameter_kind));
	phase = PG_GETARG_FLOAT8(1);
	tnfr_agg_require_finite("phase", phase);
	return take_away(fcinfo, &order_parameter_kind, cos(phase), sin(phase));
}

Datum
tnfr_order_parameter_combine(PG_FUNCTION_ARGS)
{
	return tnfr_agg_combine(fcinfo, &order_parameter_kind);
}

/* R = hypot(sum cos, sum sin) / n, which rounding must not put above 1 */
Datum
tnfr_order_parameter_final(PG_FUNCTION_ARGS)
{
	const MeanState *s = (const MeanState *)
		tnfr_agg_argument(fcinfo, 0, &order_parameter_kind);
	double		r;

	if (s->header.rows == 0)
		PG_RETURN_NULL();
	r = hypot(tnfr_exact_value(&s->sum[0].sum),
			  tnfr_exact_value(&s->sum[1].sum)) / (double) s->header.rows;
	PG_RETURN_FLOAT8(Min(r, 1.0));
}

/* Is there a row: (state, dnfr [, depi]) without NULLs?  And its addends. */
static bool
coherence_row(FunctionCallInfo fcinfo, double *dnfr, double *depi)
{
	bool		rate = PG_NARGS() == 3;

	if (PG_ARGISNULL(1) || (rate && PG_ARGISNULL(2)))
		return false;
	*dnfr = PG_GETARG_FLOAT8(1);
	*depi = rate ? PG_GETARG_FLOAT8(2) : 0.0;
	tnfr_agg_require_finite("dnfr", *dnfr);
	tnfr_agg_require_finite("depi", *depi);
	*dnfr = fabs(*dnfr);
	*depi = fabs(*depi);
	return true;
}

Datum
tnfr_coherence_accum(PG_FUNCTION_ARGS)
{
	double		dnfr;
	double		depi;

	if (!coherence_row(fcinfo, &dnfr, &depi))
		PG_RETURN_POINTER(running(fcinfo, &coherence_kind));
	return accumulate(fcinfo, &coherence_kind, dnfr, depi);
}

Datum
tnfr_coherence_remove(PG_FUNCTION_ARGS)
{
	double		dnfr;
	double		depi;

	if (!coherence_row(fcinfo, &dnfr, &depi))
		PG_RETURN_POINTER(running(fcinfo, &coherence_kind));
	return take_away(fcinfo, &coherence_kind, dnfr, depi);
}

Datum
tnfr_coherence_combine(PG_FUNCTION_ARGS)
{
	return tnfr_agg_combine(fcinfo, &coherence_kind);
}

/* C = 1 / (1 + mean |dnfr| + mean |depi|) */
Datum
tnfr_coherence_final(PG_FUNCTION_ARGS)
{
	const MeanState *s = (const MeanState *)
		tnfr_agg_argument(fcinfo, 0, &coherence_kind);
	double		dnfr = tnfr_exact_value(&s->sum[0].sum);
	double		depi = tnfr_exact_value(&s->sum[1].sum);
	double		n = (double) s->header.rows;

	if (s->header.rows == 0)
		PG_RETURN_NULL();
	if (isinf(dnfr) || isinf(depi))
		tnfr_agg_out_of_range("sum of absolute values");
	PG_RETURN_FLOAT8(1.0 / (1.0 + dnfr / n + depi / n));
}
