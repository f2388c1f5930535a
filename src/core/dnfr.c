/*
 * dnfr.c
 *	  Delta-NFR of every node from its neighbour sums.
 */
#include "core/dnfr.h"
#include "core/layout.h"
#include "core/parallel.h"
#include "core/sums.h"

#include <math.h>

#define PI			3.14159265358979323846
#define RESULTANT_MIN	1e-12	/* shorter: the mean direction means nothing */

typedef struct Finish
{
	const TnfrNodes *nodes;
	TnfrForm	form;
	TnfrFormWeights weights;
	bool		directions;		/* of the neighbours' phases are needed */
	TnfrNodeValues out;
	const TnfrSummer *summer;	/* NULL: our threads */
	const uint32_t *order;		/* node of each row; NULL: they are the same */
	_Atomic uint64_t first_bad; /* smallest index of a non-finite value */
} Finish;

/* The mean of the neighbours' phases, as a vector seen from the node. */
typedef struct Direction
{
	double		length;			/* in [0, 1] */
	double		g_phase;
} Direction;

double
tnfr_wrap(double x)
{
	double		r = fmod(x + PI, 2.0 * PI);

	if (r < 0.0)
		r += 2.0 * PI;
	if (r >= 2.0 * PI)			/* a tiny negative r, rounded */
		r = 0.0;
	return r - PI;
}

static double
g_epi(const TnfrSums *s, const TnfrNodeState *v)
{
	return s->e / s->strength - v->e;
}

static double
g_vf(const TnfrSums *s, const TnfrNodeState *v)
{
	return s->f / s->strength - v->f;
}

static double
g_sin(const TnfrSums *s, const TnfrNodeState *v)
{
	return (s->y * v->x - s->x * v->y) / s->strength;
}

static double
g_topo(const TnfrSums *s)
{
	return s->topo / s->strength - s->strength;
}

static Direction
direction_of(const TnfrSums *s, double phase)
{
	double		length = hypot(s->x, s->y) / s->strength;
	Direction	d = {length < 1.0 ? length : 1.0, 0.0};

	if (length > RESULTANT_MIN)
		d.g_phase = -tnfr_wrap(phase - atan2(s->y, s->x)) / PI;
	return d;
}

static double
canonical(const TnfrFormWeights *w, const TnfrSums *s, const TnfrNodeState *v,
		  double g_phase)
{
	double		d = w->phase * g_phase + w->epi * g_epi(s, v) +
		w->vf * g_vf(s, v);

	return w->topo != 0.0 ? d + w->topo * g_topo(s) : d;
}

static double
dnfr_of(const Finish *f, const TnfrSums *s, const TnfrNodeState *v,
		double g_phase)
{
	const TnfrFormWeights *w = &f->weights;

	switch (f->form)
	{
		case TNFR_FORM_GRADIENT:
			return v->f * (w->epi * g_epi(s, v) + w->sin * g_sin(s, v));
		case TNFR_FORM_CANONICAL:
			return canonical(w, s, v, g_phase);
		case TNFR_FORM_PHASE:
			return w->phase * g_phase;
		case TNFR_FORM_EPI_VF:
		case TNFR_FORM_LAPLACIAN:
			return w->epi * g_epi(s, v) + w->vf * g_vf(s, v);
	}
	return 0.0;
}

static void
finish_row(Finish *f, uint64_t i, const TnfrSums *s)
{
	Direction	d = {0.0, 0.0};
	double		dnfr = 0.0;		/* isolated */

	if (!isfinite(s->strength)) /* a quotient by it would look harmless */
		dnfr = NAN;
	else if (s->strength != 0.0)
	{
		if (f->directions)
			d = direction_of(s, f->nodes->phase[i]);
		dnfr = dnfr_of(f, s, &f->nodes->state[i], d.g_phase);
	}
	if (!isfinite(dnfr))
		tnfr_keep_least(&f->first_bad, i);
	f->out.dnfr[i] = dnfr + 0.0;	/* -0.0 becomes +0.0 */
	if (f->out.dispersion != NULL)
		f->out.dispersion[i] = fabs(d.g_phase);
	if (f->out.sync != NULL)
		f->out.sync[i] = d.length;
	if (f->out.strength != NULL)
		f->out.strength[i] = s->strength;
}

static void
finish_rows(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	Finish	   *f = arg;

	for (uint32_t k = 0; k < count; k++)
		finish_row(f, f->order != NULL ? f->order[first + k] : first + k,
				   &sums[k]);
}

static void
keep_strength(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	double	   *strength = arg;

	for (uint32_t k = 0; k < count; k++)
		strength[first + k] = sums[k].strength;
}

/* Both passes over the rows; topo takes one for the strengths. */
static TnfrStatus
sum_rows(TnfrEnv *env, const TnfrGraph *rows, const TnfrNodeState *state,
		 bool topo, Finish *f)
{
	const TnfrSummer *summer = f->summer;
	double	   *strength = NULL;
	TnfrStatus	status = TNFR_OK;

	if (summer != NULL && rows->n > 0)
		return summer->sum(summer->arg, env, rows, state, topo, finish_rows, f);
	if (topo)
	{
		strength = tnfr_alloc_gathered(env, rows->n, sizeof(double));
		if (strength == NULL)
			return TNFR_NO_MEMORY;
		status = tnfr_sums(env, rows, NULL, NULL, keep_strength, strength);
	}
	if (status == TNFR_OK)
		status = tnfr_sums(env, rows, state, strength, finish_rows, f);
	tnfr_release(env, strength, rows->n, sizeof(double));
	return status;
}

/* The same in the order of a layout. */
static TnfrStatus
sum_layout(TnfrEnv *env, const TnfrLayout *layout, const TnfrNodeState *state,
		   bool topo, Finish *f)
{
	const uint64_t n = layout->graph.n;
	TnfrNodeState *placed = tnfr_alloc_gathered(env, n, sizeof(TnfrNodeState));
	TnfrStatus	status;

	if (placed == NULL)
		return TNFR_NO_MEMORY;
	f->order = layout->order;
	status = tnfr_layout_arrange(env, layout, state, placed,
								 sizeof(TnfrNodeState));
	if (status == TNFR_OK)
		status = sum_rows(env, &layout->graph, placed, topo, f);
	tnfr_release(env, placed, n, sizeof(TnfrNodeState));
	return status;
}

TnfrStatus
tnfr_node_values(TnfrEnv *env, const TnfrGraph *graph, const TnfrNodes *nodes,
				 TnfrForm form, const TnfrFormWeights *weights,
				 const TnfrNodeValues *values, const TnfrSummer *summer)
{
	Finish		f = {
		.nodes = nodes,.form = form,.weights = *weights,.out = *values,
		.summer = summer
	};
	const bool	topo = tnfr_needs_topo(form, weights);
	TnfrStatus	status;

	f.directions = form == TNFR_FORM_CANONICAL || form == TNFR_FORM_PHASE ||
		values->dispersion != NULL || values->sync != NULL;
	atomic_init(&f.first_bad, UINT64_MAX);
	if (graph->layout != NULL)
		status = sum_layout(env, graph->layout, nodes->state, topo, &f);
	else
		status = sum_rows(env, graph, nodes->state, topo, &f);
	if (status == TNFR_OK && f.first_bad != UINT64_MAX)
	{
		env->error.id = nodes->id[f.first_bad];
		status = TNFR_OUT_OF_RANGE;
	}
	return status;
}
