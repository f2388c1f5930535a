/*
 * dnfr_agg.c
 *	  Aggregate tnfr_dnfr_agg: Delta-NFR of form "gradient" of each group.
 *
 * A group is a node, a row one of its neighbours: what the join of edges and
 * nodes gives, for keys of any type.  All sums are exact_sum.h's, so the
 * result has the same bits for any order of the rows, plan or split of them.
 *
 * The node's own values must agree in all rows.  The state keeps the least and
 * the greatest of each, and the final function compares: so the error is the
 * same whatever the order, too.
 */
#include "postgres.h"

#include "core/exact_sum.h"
#include "pg/agg_state.h"
#include "pg/params.h"
#include "utils/float.h"

enum
{
	VF, EPI, PHASE,				/* the node's own values */
	OWN
};

typedef struct DnfrState
{
	TnfrAggState header;
	double		least[OWN];
	double		greatest[OWN];
	TnfrExactSum e;				/* w epi */
	TnfrExactSum y;				/* w sin(phase) */
	TnfrExactSum x;				/* w cos(phase) */
	TnfrExactSum strength;		/* w */
} DnfrState;

/* A larger one would take 512 bytes of the aggregate's memory. */
StaticAssertDecl(sizeof(DnfrState) == 256, "size of the state, also in SQL");

static const char *const own_name[OWN] = {"vf", "epi", "phase"};

PG_FUNCTION_INFO_V1(tnfr_dnfr_accum);
PG_FUNCTION_INFO_V1(tnfr_dnfr_combine);
PG_FUNCTION_INFO_V1(tnfr_dnfr_final);

static bool
valid(const TnfrAggState *state)
{
	const DnfrState *s = (const DnfrState *) state;

	for (int i = 0; i < OWN; i++)
		if (!isfinite(s->least[i]) || !isfinite(s->greatest[i]) ||
			s->least[i] > s->greatest[i])
			return false;
	return state->rows > 0 && s->least[VF] >= 0.0 &&
		tnfr_exact_valid(&s->e, state->rows) &&
		tnfr_exact_valid(&s->y, state->rows) &&
		tnfr_exact_valid(&s->x, state->rows) &&
		tnfr_exact_valid(&s->strength, state->rows) &&
		tnfr_exact_value(&s->strength) >= 0.0;
}

static void
merge(TnfrAggState *state, const TnfrAggState *other)
{
	DnfrState  *s = (DnfrState *) state;
	const DnfrState *o = (const DnfrState *) other;

	for (int i = 0; i < OWN; i++)
	{
		s->least[i] = Min(s->least[i], o->least[i]);
		s->greatest[i] = Max(s->greatest[i], o->greatest[i]);
	}
	tnfr_exact_merge(&s->e, &o->e);
	tnfr_exact_merge(&s->y, &o->y);
	tnfr_exact_merge(&s->x, &o->x);
	tnfr_exact_merge(&s->strength, &o->strength);
}

static const TnfrAggKind dnfr_kind = {
	.aggregate = "tnfr_dnfr_agg",
	.tag = TNFR_AGG_TAG(1),
	.size = sizeof(DnfrState),
	.valid = valid,
	.merge = merge
};

/* The node's values that are not, or not yet, what the state has as least. */
static void
note_own(DnfrState *s, const double *own)
{
	tnfr_agg_require_nonnegative(own_name[VF], own[VF]);
	tnfr_agg_require_finite(own_name[EPI], own[EPI]);
	tnfr_agg_require_finite(own_name[PHASE], own[PHASE]);
	for (int i = 0; i < OWN; i++)
	{
		double		v = own[i] + 0.0;	/* -0.0 becomes +0.0 */

		if (s->header.rows == 0)
			s->least[i] = s->greatest[i] = v;
		s->least[i] = Min(s->least[i], v);
		s->greatest[i] = Max(s->greatest[i], v);
	}
}

static inline void
add_neighbour(DnfrState *s, double epi, double phase)
{
	tnfr_agg_require_finite("nbr_epi", epi);
	tnfr_agg_require_finite("nbr_phase", phase);
	tnfr_exact_add(&s->e, epi);
	tnfr_exact_add(&s->y, sin(phase));
	tnfr_exact_add(&s->x, cos(phase));
	tnfr_exact_add(&s->strength, 1.0);
}

static inline void
add_weighted_neighbour(DnfrState *s, double epi, double phase, double weight)
{
	double		product = weight * epi;

	tnfr_agg_require_nonnegative("weight", weight);
	tnfr_agg_require_finite("nbr_epi", epi);
	tnfr_agg_require_finite("nbr_phase", phase);
	if (unlikely(isinf(product)))
		tnfr_agg_out_of_range("weight * nbr_epi");
	tnfr_exact_add(&s->e, product);
	tnfr_exact_add(&s->y, weight * sin(phase));
	tnfr_exact_add(&s->x, weight * cos(phase));
	tnfr_exact_add(&s->strength, weight);
}

/* (state, vf, epi, phase, nbr_epi, nbr_phase [, weight]) */
Datum
tnfr_dnfr_accum(PG_FUNCTION_ARGS)
{
	bool		weighted = PG_NARGS() == 7;
	DnfrState  *s;
	double		own[OWN];

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(tnfr_agg_running(fcinfo, &dnfr_kind));
	}
	own[VF] = PG_GETARG_FLOAT8(1);
	own[EPI] = PG_GETARG_FLOAT8(2);
	own[PHASE] = PG_GETARG_FLOAT8(3);

	s = (DnfrState *) (PG_ARGISNULL(0) ? tnfr_agg_new(fcinfo, &dnfr_kind) :
					   tnfr_agg_running(fcinfo, &dnfr_kind));
	if (own[VF] != s->least[VF] || own[EPI] != s->least[EPI] ||
		own[PHASE] != s->least[PHASE] || s->header.rows == 0)
		note_own(s, own);
	tnfr_agg_count(&s->header, &dnfr_kind, 1);

	if (PG_ARGISNULL(4) || PG_ARGISNULL(5) || (weighted && PG_ARGISNULL(6)))
		PG_RETURN_POINTER(s);	/* a node without a neighbour, so far */
	if (weighted)
		add_weighted_neighbour(s, PG_GETARG_FLOAT8(4), PG_GETARG_FLOAT8(5),
							   PG_GETARG_FLOAT8(6));
	else
		add_neighbour(s, PG_GETARG_FLOAT8(4), PG_GETARG_FLOAT8(5));
	PG_RETURN_POINTER(s);
}

Datum
tnfr_dnfr_combine(PG_FUNCTION_ARGS)
{
	return tnfr_agg_combine(fcinfo, &dnfr_kind);
}

static void
require_one_node(const DnfrState *s)
{
	for (int i = 0; i < OWN; i++)
		if (s->least[i] != s->greatest[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"%s\" has more than one value in a group",
							own_name[i]),
					 errdetail("The least is %s, the greatest %s.",
							   float8out_internal(s->least[i]),
							   float8out_internal(s->greatest[i])),
					 errhint("A group is one node with its own vf, epi and phase: group by its key.")));
}

Datum
tnfr_dnfr_final(PG_FUNCTION_ARGS)
{
	const DnfrState *s = (const DnfrState *)
		tnfr_agg_argument(fcinfo, 0, &dnfr_kind);
	TnfrFormWeights w = tnfr_form_weights(TNFR_FORM_GRADIENT, NULL);
	double		strength = tnfr_exact_value(&s->strength);
	double		phase = s->least[PHASE];
	double		g_epi;
	double		g_sin;
	double		dnfr;

	require_one_node(s);
	if (strength == 0.0)		/* isolated */
		PG_RETURN_FLOAT8(0.0);
	g_epi = tnfr_exact_value(&s->e) / strength - s->least[EPI];
	g_sin = (tnfr_exact_value(&s->y) * cos(phase) -
			 tnfr_exact_value(&s->x) * sin(phase)) / strength;
	dnfr = s->least[VF] * (w.epi * g_epi + w.sin * g_sin);
	if (!isfinite(dnfr) || !isfinite(strength))
		tnfr_agg_out_of_range("Delta-NFR");
	PG_RETURN_FLOAT8(dnfr + 0.0);	/* -0.0 becomes +0.0 */
}
