/*
 * cloud.h
 *	  Nodes spread over the plane of (vf, phase) in ways that are easy, and in
 *	  ways that are not.
 */
#ifndef TNFR_UNIT_CLOUD_H
#define TNFR_UNIT_CLOUD_H

#include "core/dnfr.h"
#include "core/kdtree.h"
#include "unit.h"

typedef enum Cloud
{
	SPREAD,						/* uniform */
	CROWDS,						/* a few tight clusters */
	EQUAL,						/* all at one place */
	LINE_OF_PHASES,				/* one frequency */
	LINE_OF_VF,					/* one phase */
	GRID,						/* many at the same places: ties */
	SEAM,						/* around phase pi, given in several turns */
	HUGE_VF,						/* frequencies whose squares overflow */
	OUTLIER,					/* one frequency far from all others */
	LONE_OUTLIER				/* the same, and all at one phase */
} Cloud;

static inline void
fill_cloud(TnfrNodes *nodes, Cloud cloud, uint64_t seed)
{
	UnitRandom	r = {seed * 2 + 1};

	for (uint64_t i = 0; i < nodes->n; i++)
	{
		double		f = unit_uniform(&r) * 4;
		double		phase = (unit_uniform(&r) * 2 - 1) * M_PI;
		double		crowd = floor(unit_uniform(&r) * 5);

		if (cloud == CROWDS)
			f = crowd + f * 1e-6, phase = crowd * 1.2 + phase * 1e-6;
		if (cloud == EQUAL)
			f = 0.7, phase = 2.5;
		if (cloud == LINE_OF_PHASES)
			f = 3.0;
		if (cloud == LINE_OF_VF)
			phase = -M_PI;
		if (cloud == GRID)
			f = floor(f), phase = floor(phase) * M_PI / 4;
		if (cloud == SEAM)
			phase = M_PI + phase * 0.05 + 2 * M_PI * (crowd - 2);
		if (cloud == HUGE_VF)
			f *= 4e307;
		if (cloud == OUTLIER && i == nodes->n / 2)
			f = 1e300;
		if (cloud == LONE_OUTLIER)
			f = i == nodes->n / 2 ? 1e200 : f, phase = 0.0;
		nodes->id[i] = (int64_t) i;
		nodes->phase[i] = phase;
		nodes->state[i] = (TnfrNodeState)
		{
			0.0, f, sin(phase), cos(phase)
		};
	}
}

static inline TnfrNodes
make_nodes(TnfrEnv *env, uint64_t n, Cloud cloud, uint64_t seed)
{
	TnfrNodes	nodes;

	memset(&nodes, 0, sizeof(nodes));
	while (nodes.room < n || nodes.room == 0)
	{
		nodes.n = nodes.room;
		if (tnfr_nodes_grow(env, &nodes) != TNFR_OK)
			abort();
	}
	nodes.n = n;
	fill_cloud(&nodes, cloud, seed);
	return nodes;
}

/* Squared distance in the plane: the definition in core/kdtree.h. */
static inline double
plane_distance(const TnfrKdTree *units, double f, double phase,
			   double other_f, double other_phase)
{
	double		dx = (ldexp(f, units->exponent) -
					  ldexp(other_f, units->exponent)) * units->scale;
	double		t = fabs(tnfr_wrap(phase) - tnfr_wrap(other_phase));
	double		back = 6.283185307179586476925286766559 - t;

	t = t < back ? t : back;
	return dx * dx + t * t;
}

/* By distance, then index. */
static inline int
compare_found(const void *a, const void *b)
{
	const TnfrKdFound *x = a;
	const TnfrKdFound *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

#endif							/* TNFR_UNIT_CLOUD_H */
