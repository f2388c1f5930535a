/*
 * dnfr.h
 *	  The gradients of SPEC 2 and the forms of Delta-NFR of SPEC 3.
 */
#ifndef TNFR_DNFR_H
#define TNFR_DNFR_H

#include "core/graph.h"
#include "core/kernel.h"
#include "core/nodes.h"
#include "core/summer.h"

typedef enum TnfrForm
{
	TNFR_FORM_GRADIENT,			/* f (epi g_epi + sin g_sin) */
	TNFR_FORM_CANONICAL,		/* phase g_phase + epi g_epi + vf g_vf + topo g_topo */
	TNFR_FORM_PHASE,			/* g_phase */
	TNFR_FORM_EPI_VF,			/* epi g_epi + vf g_vf */
	TNFR_FORM_LAPLACIAN			/* the same with other weights */
} TnfrForm;

/* The weight of each gradient; what a form does not have is 0. */
typedef struct TnfrFormWeights
{
	double		epi;
	double		vf;
	double		sin;
	double		phase;
	double		topo;
} TnfrFormWeights;

/* What the pass over the entries leaves of every node; NULL: not wanted. */
typedef struct TnfrNodeValues
{
	double	   *dnfr;			/* [n], always wanted */
	double	   *dispersion;		/* [n] |wrap(theta - mean of neighbours)| / pi */
	double	   *sync;			/* [n] local synchrony R */
	double	   *strength;		/* [n] S */
} TnfrNodeValues;

/* SPEC 2: floor-mod, so in [-pi, pi). */
extern double tnfr_wrap(double x);

/*
 * The values of every node in one pass, in the order of the graph's layout if
 * it has one: the bits are the same.  None is -0.0.  TNFR_OUT_OF_RANGE
 * names the first node whose Delta-NFR is not finite (the sums of finite
 * numbers can overflow).
 *
 * summer: who sums; NULL: our threads.  After its TNFR_NOT_SUMMED the values
 * mean nothing, and the same call without it starts afresh.
 */
extern TnfrStatus tnfr_node_values(TnfrEnv *env, const TnfrGraph *graph,
								   const TnfrNodes *nodes, TnfrForm form,
								   const TnfrFormWeights *weights,
								   const TnfrNodeValues *values,
								   const TnfrSummer *summer);

/* Do Delta-NFR's weights ask for a pass over the strengths? */
static inline bool
tnfr_needs_topo(TnfrForm form, const TnfrFormWeights *weights)
{
	return form == TNFR_FORM_CANONICAL && weights->topo != 0.0;
}

/* dEPI/dt of a node with this f and Delta-NFR: gradient has f in it already. */
static inline double
tnfr_rate(TnfrForm form, double f, double dnfr)
{
	return form == TNFR_FORM_GRADIENT ? dnfr : f * dnfr;
}

#endif							/* TNFR_DNFR_H */
