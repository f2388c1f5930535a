/*
 * growth.h
 *	  Communities by fractal growth: SPEC 8, deterministic.
 *
 * The coherence of a node c with a community K is the mean over its members m
 * of
 *
 *		0.6 / (1 + |f_c - f_m|) + 0.4 cos(phase_c - phase_m)
 *
 * Seeds are the nodes without a community, in ascending order.  When a node
 * joins a community, the nodes near it that have none become candidates.  The
 * candidate of highest coherence joins next, the smaller index of equal ones,
 * while its coherence is above the threshold and there is room.
 */
#ifndef TNFR_GROWTH_H
#define TNFR_GROWTH_H

#include "core/nodes.h"

typedef struct TnfrGrowthRule
{
	uint32_t	cap;			/* members of a community, at least 1 */
	double		threshold;
} TnfrGrowthRule;

/* Where candidates come from. */
typedef struct TnfrNearby
{
	/* The node joined a community. */
	void		(*take) (void *arg, uint32_t node);

	/* Nodes near this one, no two the same; some may have a community. */
	const uint32_t *(*list) (void *arg, uint32_t node, uint64_t *count);
	void	   *arg;
	uint64_t	cost;			/* of a list, in nanoseconds, about */
} TnfrNearby;

/* community[n] becomes 0 .. *communities - 1, by ascending seed. */
extern TnfrStatus tnfr_grow(TnfrEnv *env, const TnfrNodes *nodes,
							const TnfrGrowthRule *rule,
							const TnfrNearby *nearby,
							uint32_t *community, uint32_t *communities);

#endif							/* TNFR_GROWTH_H */
