/*
 * si.c
 *	  The sense index of every node from its Delta-NFR and phase dispersion.
 */
#include "core/si.h"
#include "core/parallel.h"
#include "core/reduce.h"

#include <math.h>

/* Places of the maxima; a minimum is the maximum of the negatives. */
enum
{
	DNFR,
	RATE,
	VF,
	MINUS_VF,
	EPI,
	MINUS_EPI
};

typedef struct Extent
{
	const TnfrNodes *nodes;
	TnfrForm	form;
	const double *dnfr;
} Extent;

typedef struct Run
{
	const TnfrNodes *nodes;
	const double *dnfr;
	const double *dispersion;
	TnfrSiWeights weights;
	TnfrSiScale scale;
	double	   *si;
	_Atomic uint64_t first_bad;
} Run;

static inline void
raise(double *max, double x)
{
	if (x > *max)
		*max = x;
}

static void
extent_leaf(const void *arg, uint64_t first, uint32_t count, double *max)
{
	const Extent *x = arg;

	for (uint64_t i = first; i < first + count; i++)
	{
		const TnfrNodeState *v = &x->nodes->state[i];
		double		f = fabs(v->f);

		raise(&max[DNFR], fabs(x->dnfr[i]));
		raise(&max[RATE], fabs(tnfr_rate(x->form, f, x->dnfr[i])));
		raise(&max[VF], f);
		raise(&max[MINUS_VF], -f);
		raise(&max[EPI], v->e);
		raise(&max[MINUS_EPI], -v->e);
	}
}

TnfrStatus
tnfr_extent(TnfrEnv *env, const TnfrNodes *nodes, TnfrForm form,
			const double *dnfr, TnfrExtent *extent)
{
	Extent		x = {nodes, form, dnfr};
	double		max[TNFR_REDUCE_WIDTH];
	TnfrStatus	status = tnfr_reduce_max(env, nodes->n, extent_leaf, &x, max);

	*extent = (TnfrExtent) {0};
	if (status == TNFR_OK && nodes->n > 0)
		*extent = (TnfrExtent)
		{
			.dnfr_max = max[DNFR],.rate_max = max[RATE],
				.vf_max = max[VF],.vf_min = -max[MINUS_VF],
				.epi_max = max[EPI],.epi_min = -max[MINUS_EPI]
		};
	return status;
}

static void
si_task(void *arg, uint64_t task, int worker)
{
	Run		   *run = arg;
	const TnfrSiWeights *w = &run->weights;
	uint64_t	end = tnfr_node_block_end(run->nodes->n, task);

	(void) worker;
	for (uint64_t i = task * TNFR_NODE_BLOCK; i < end; i++)
	{
		double		si =
			w->alpha * (fabs(run->nodes->state[i].f) / run->scale.vf_max) +
			w->beta * (1.0 - run->dispersion[i]) +
			w->gamma * (1.0 - fabs(run->dnfr[i]) / run->scale.dnfr_max);

		if (!isfinite(si))
			tnfr_keep_least(&run->first_bad, i);
		run->si[i] = tnfr_clamp01(si);
	}
}

TnfrStatus
tnfr_si(TnfrEnv *env, const TnfrNodes *nodes, const double *dnfr,
		const double *dispersion, const TnfrSiWeights *weights,
		const TnfrSiScale *scale, double *si)
{
	Run			run = {nodes, dnfr, dispersion, *weights, *scale, si, UINT64_MAX};
	TnfrStatus	status = tnfr_parallel(env, tnfr_node_blocks(nodes->n), si_task, &run);

	if (status == TNFR_OK && run.first_bad != UINT64_MAX)
	{
		env->error.id = nodes->id[run.first_bad];
		status = TNFR_OUT_OF_RANGE;
	}
	return status;
}
