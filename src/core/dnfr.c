/*
 * dnfr.c
 *	  Delta-NFR of every node from its neighbour sums.
 */
#include "core/dnfr.h"
#include "core/sums.h"

#include <math.h>
#include <stdatomic.h>

#define PI			3.14159265358979323846
#define RESULTANT_MIN	1e-12	/* shorter: the mean direction means nothing */

typedef struct Finish
{
	const TnfrNodes *nodes;
	TnfrForm	form;
	TnfrFormWeights weights;
	double	   *dnfr;
	_Atomic uint64_t first_bad; /* smallest index of a non-finite value */
} Finish;

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

static double
g_phase(const TnfrSums *s, double phase)
{
	if (hypot(s->x, s->y) / s->strength <= RESULTANT_MIN)
		return 0.0;
	return -tnfr_wrap(phase - atan2(s->y, s->x)) / PI;
}

static double
canonical(const TnfrFormWeights *w, const TnfrSums *s, const TnfrNodeState *v,
		  double phase)
{
	double		d = w->phase * g_phase(s, phase) + w->epi * g_epi(s, v) +
		w->vf * g_vf(s, v);

	return w->topo != 0.0 ? d + w->topo * g_topo(s) : d;
}

static double
value_of(const Finish *f, const TnfrSums *s, uint64_t i)
{
	const TnfrFormWeights *w = &f->weights;
	const TnfrNodeState *v = &f->nodes->state[i];

	if (s->strength == 0.0)		/* isolated */
		return 0.0;
	if (!isfinite(s->strength))	/* a quotient by it would look harmless */
		return NAN;
	switch (f->form)
	{
		case TNFR_FORM_GRADIENT:
			return v->f * (w->epi * g_epi(s, v) + w->sin * g_sin(s, v));
		case TNFR_FORM_CANONICAL:
			return canonical(w, s, v, f->nodes->phase[i]);
		case TNFR_FORM_PHASE:
			return w->phase * g_phase(s, f->nodes->phase[i]);
		case TNFR_FORM_EPI_VF:
		case TNFR_FORM_LAPLACIAN:
			return w->epi * g_epi(s, v) + w->vf * g_vf(s, v);
	}
	return 0.0;
}

static void
finish_rows(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	Finish	   *f = arg;

	for (uint32_t k = 0; k < count; k++)
	{
		double		d = value_of(f, &sums[k], first + k);
		uint64_t	bad = atomic_load_explicit(&f->first_bad,
											   memory_order_relaxed);

		f->dnfr[first + k] = d + 0.0;	/* -0.0 becomes +0.0 */
		if (!isfinite(d))
			while (first + k < bad &&
				   !atomic_compare_exchange_weak(&f->first_bad, &bad,
												 first + k))
				;
	}
}

static void
keep_strength(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	double	   *strength = arg;

	for (uint32_t k = 0; k < count; k++)
		strength[first + k] = sums[k].strength;
}

TnfrStatus
tnfr_dnfr(TnfrEnv *env, const TnfrGraph *graph, const TnfrNodes *nodes,
		  TnfrForm form, const TnfrFormWeights *weights, double *dnfr)
{
	Finish		f = {.nodes = nodes,.form = form,.weights = *weights,.dnfr = dnfr};
	double	   *strength = NULL;
	TnfrStatus	status = TNFR_OK;

	atomic_init(&f.first_bad, UINT64_MAX);
	if (form == TNFR_FORM_CANONICAL && weights->topo != 0.0)
	{
		strength = tnfr_alloc_gathered(env, graph->n, sizeof(double));
		if (strength == NULL)
			return TNFR_NO_MEMORY;
		status = tnfr_sums(env, graph, NULL, NULL, keep_strength, strength);
	}
	if (status == TNFR_OK)
		status = tnfr_sums(env, graph, nodes->state, strength, finish_rows, &f);
	tnfr_release(env, strength, graph->n, sizeof(double));
	if (status == TNFR_OK && f.first_bad != UINT64_MAX)
	{
		env->error.id = nodes->id[f.first_bad];
		status = TNFR_OUT_OF_RANGE;
	}
	return status;
}
