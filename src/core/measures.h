/*
 * measures.h
 *	  The measures of SPEC 5: of a node, of a pair of nodes, of the network.
 */
#ifndef TNFR_MEASURES_H
#define TNFR_MEASURES_H

#include "core/dnfr.h"
#include "core/graph.h"
#include "core/nodes.h"
#include "core/si.h"

typedef enum TnfrState
{
	TNFR_STABLE,
	TNFR_DISSONANT,
	TNFR_TRANSITION,
	TNFR_STATES
} TnfrState;

/* All that is known of the nodes when the network is measured. */
typedef struct TnfrMeasured
{
	TnfrForm	form;
	TnfrNodeValues values;
	double	   *si;				/* [n] */
	TnfrExtent	extent;
} TnfrMeasured;

/* Of a network with at least one node. */
typedef struct TnfrNetworkMeasures
{
	uint64_t	loops;			/* entries that are self-loops */
	uint64_t	isolated;		/* nodes of strength 0 */
	double		coherence;		/* C */
	double		order_parameter;	/* R */
	double		mean_phase;		/* psi */
	double		phase_sync;
	double		mean_dnfr;		/* of |Delta-NFR| */
	double		mean_rate;		/* of |dEPI/dt| */
	double		mean_epi;
	double		mean_vf;
	double		mean_si;
	double		mean_sync;		/* of the local synchronies */
	double		stable_share;
	double		si_high_share;
	double		si_low_share;
	double		state_share[TNFR_STATES];
} TnfrNetworkMeasures;

/* What the coherence of a pair is computed from. */
typedef struct TnfrPairs
{
	const TnfrNodeState *state;
	const double *si;
	double		epi_range;		/* infinite when the values are too far apart */
	double		vf_range;
} TnfrPairs;

/* The state of a node with this local synchrony and |Delta-NFR| / D_max. */
static inline TnfrState
tnfr_state(double sync, double dnfr_share)
{
	if (sync >= 0.8 && dnfr_share <= 0.2)
		return TNFR_STABLE;
	if (sync <= 0.4 && dnfr_share >= 0.5)
		return TNFR_DISSONANT;
	return TNFR_TRANSITION;
}

/* values: dnfr, sync and strength are needed. */
extern TnfrStatus tnfr_network_measures(TnfrEnv *env, const TnfrGraph *graph,
										const TnfrNodes *nodes,
										const TnfrMeasured *measured,
										TnfrNetworkMeasures *out);

extern TnfrPairs tnfr_pairs(const TnfrNodes *nodes,
							const TnfrMeasured *measured);

/* Coherence of nodes i and j, in [0, 1]. */
extern double tnfr_pair_coherence(const TnfrPairs *pairs, uint64_t i,
								  uint64_t j);

#endif							/* TNFR_MEASURES_H */
