/*
 * measures.c
 *	  Network measures: sums over the nodes by the tree, and what follows.
 *
 * Three reductions: the sums, then the mean of the phases' deviations from the
 * mean phase, then their variance.  Counts are sums of ones, exact in a double.
 */
#include "core/measures.h"
#include "core/reduce.h"

#include <math.h>

#define STABLE_DNFR		1e-3
#define STABLE_RATE		1e-3
#define SI_HIGH			0.66
#define SI_LOW			0.33
#define SHORT_ROW		64		/* entries */

enum
{
	SUM_DNFR,
	SUM_RATE,
	SUM_EPI,
	SUM_VF,
	SUM_SI,
	SUM_SYNC,
	SUM_SIN,
	SUM_COS,
	COUNT_STABLE,
	COUNT_SI_HIGH,
	COUNT_SI_LOW,
	COUNT_STATE_STABLE,
	COUNT_STATE_DISSONANT,
	COUNT_ISOLATED,
	COUNT_LOOPS,
	N_SUMS
};

_Static_assert(N_SUMS <= TNFR_REDUCE_WIDTH, "sums do not fit");

typedef struct Run
{
	const TnfrGraph *graph;
	const TnfrNodes *nodes;
	const TnfrMeasured *measured;
	double		dnfr_scale;
} Run;

/* Deviations of the phases from a mean phase, less their own mean. */
typedef struct Deviations
{
	const double *phase;
	double		mean_phase;
	double		mean;
} Deviations;

/* The first of the entries begin .. end whose neighbour is at least j. */
static uint64_t
first_entry(const TnfrGraph *graph, uint64_t begin, uint64_t end, uint64_t j)
{
	while (begin < end)
	{
		uint64_t	mid = begin + (end - begin) / 2;

		if (graph->neighbour[mid] < j)
			begin = mid + 1;
		else
			end = mid;
	}
	return begin;
}

/* Self-loops of a node.  Its row ascends; a short one is faster looked through. */
static uint64_t
loops_of(const TnfrGraph *graph, uint64_t i)
{
	uint64_t	begin = graph->offset[i];
	uint64_t	end = graph->offset[i + 1];
	uint64_t	loops = 0;

	if (end - begin > SHORT_ROW)
	{
		begin = first_entry(graph, begin, end, i);
		return first_entry(graph, begin, end, i + 1) - begin;
	}
	for (; begin < end; begin++)
		loops += graph->neighbour[begin] == i;
	return loops;
}

static void
sum_leaf(const void *arg, uint64_t first, uint32_t count, double *sum)
{
	const Run  *run = arg;
	const TnfrMeasured *m = run->measured;

	for (uint64_t i = first; i < first + count; i++)
	{
		const TnfrNodeState *v = &run->nodes->state[i];
		double		dnfr = fabs(m->values.dnfr[i]);
		double		rate = fabs(tnfr_rate(m->form, v->f, dnfr));
		double		si = m->si[i];
		double		sync = m->values.sync[i];
		TnfrState	state = tnfr_state(sync, dnfr / run->dnfr_scale);

		sum[SUM_DNFR] += dnfr;
		sum[SUM_RATE] += rate;
		sum[SUM_EPI] += v->e;
		sum[SUM_VF] += v->f;
		sum[SUM_SI] += si;
		sum[SUM_SYNC] += sync;
		sum[SUM_SIN] += v->y;
		sum[SUM_COS] += v->x;
		sum[COUNT_STABLE] += dnfr <= STABLE_DNFR && rate <= STABLE_RATE;
		sum[COUNT_SI_HIGH] += si >= SI_HIGH;
		sum[COUNT_SI_LOW] += si <= SI_LOW;
		sum[COUNT_STATE_STABLE] += state == TNFR_STABLE;
		sum[COUNT_STATE_DISSONANT] += state == TNFR_DISSONANT;
		sum[COUNT_ISOLATED] += m->values.strength[i] == 0.0;
		sum[COUNT_LOOPS] += (double) loops_of(run->graph, i);
	}
}

static void
deviation_leaf(const void *arg, uint64_t first, uint32_t count, double *sum)
{
	const Deviations *d = arg;

	for (uint64_t i = first; i < first + count; i++)
		sum[0] += tnfr_wrap(d->phase[i] - d->mean_phase);
}

static void
variance_leaf(const void *arg, uint64_t first, uint32_t count, double *sum)
{
	const Deviations *d = arg;

	for (uint64_t i = first; i < first + count; i++)
	{
		double		x = tnfr_wrap(d->phase[i] - d->mean_phase) - d->mean;

		sum[0] += x * x;
	}
}

static TnfrStatus
phase_sync(TnfrEnv *env, const TnfrNodes *nodes, double mean_phase,
		   double *result)
{
	Deviations	d = {.phase = nodes->phase,.mean_phase = mean_phase};
	double		n = (double) nodes->n;
	double		sum[TNFR_REDUCE_WIDTH];
	TnfrStatus	status = tnfr_reduce_sum(env, nodes->n, deviation_leaf, &d, sum);

	d.mean = sum[0] / n;
	if (status == TNFR_OK)
		status = tnfr_reduce_sum(env, nodes->n, variance_leaf, &d, sum);
	*result = 1.0 / (1.0 + sum[0] / n);
	return status;
}

/* A quotient of a denormal sum can be -0.0: it becomes +0.0. */
static void
from_sums(const double *sum, double n, TnfrNetworkMeasures *out)
{
	double		r = hypot(sum[SUM_COS], sum[SUM_SIN]) / n;

	out->loops = (uint64_t) sum[COUNT_LOOPS];
	out->isolated = (uint64_t) sum[COUNT_ISOLATED];
	out->mean_dnfr = sum[SUM_DNFR] / n;
	out->mean_rate = sum[SUM_RATE] / n;
	out->mean_epi = sum[SUM_EPI] / n + 0.0;
	out->mean_vf = sum[SUM_VF] / n;
	out->mean_si = sum[SUM_SI] / n;
	out->mean_sync = sum[SUM_SYNC] / n;
	out->coherence = 1.0 / (1.0 + out->mean_dnfr + out->mean_rate);
	out->order_parameter = r < 1.0 ? r : 1.0;
	out->mean_phase = atan2(sum[SUM_SIN], sum[SUM_COS]) + 0.0;
	out->stable_share = sum[COUNT_STABLE] / n;
	out->si_high_share = sum[COUNT_SI_HIGH] / n;
	out->si_low_share = sum[COUNT_SI_LOW] / n;
	out->state_share[TNFR_STABLE] = sum[COUNT_STATE_STABLE] / n;
	out->state_share[TNFR_DISSONANT] = sum[COUNT_STATE_DISSONANT] / n;
	out->state_share[TNFR_TRANSITION] =
		(n - sum[COUNT_STATE_STABLE] - sum[COUNT_STATE_DISSONANT]) / n;
}

TnfrStatus
tnfr_network_measures(TnfrEnv *env, const TnfrGraph *graph,
					  const TnfrNodes *nodes, const TnfrMeasured *measured,
					  TnfrNetworkMeasures *out)
{
	Run			run = {graph, nodes, measured,
		tnfr_one_if_zero(measured->extent.dnfr_max)};
	double		sum[TNFR_REDUCE_WIDTH];
	TnfrStatus	status = tnfr_reduce_sum(env, nodes->n, sum_leaf, &run, sum);

	if (status != TNFR_OK)
		return status;
	from_sums(sum, (double) nodes->n, out);
	return phase_sync(env, nodes, out->mean_phase, &out->phase_sync);
}

TnfrPairs
tnfr_pairs(const TnfrNodes *nodes, const TnfrMeasured *measured)
{
	const TnfrExtent *x = &measured->extent;

	return (TnfrPairs)
	{
		.state = nodes->state,.si = measured->si,
			.epi_range = tnfr_one_if_zero(x->epi_max - x->epi_min),
			.vf_range = tnfr_one_if_zero(x->vf_max - x->vf_min)
	};
}

double
tnfr_pair_coherence(const TnfrPairs *pairs, uint64_t i, uint64_t j)
{
	const TnfrNodeState *a = &pairs->state[i];
	const TnfrNodeState *b = &pairs->state[j];
	double		cosine = a->x * b->x + a->y * b->y;

	return tnfr_clamp01(0.34 * (0.5 * (1.0 + cosine)) +
						0.33 * (1.0 - fabs(a->e - b->e) / pairs->epi_range) +
						0.20 * (1.0 - fabs(a->f - b->f) / pairs->vf_range) +
						0.13 * (1.0 - fabs(pairs->si[i] - pairs->si[j])));
}
