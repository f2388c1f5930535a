/*
 * si.h
 *	  The sense index of SPEC 4, and the extent of the values it is scaled by.
 */
#ifndef TNFR_SI_H
#define TNFR_SI_H

#include "core/dnfr.h"

/* Shares: none negative, the sum 1. */
typedef struct TnfrSiWeights
{
	double		alpha;			/* of |f| / f_max */
	double		beta;			/* of 1 - dispersion */
	double		gamma;			/* of 1 - |Delta-NFR| / D_max */
} TnfrSiWeights;

/* Over all nodes; 0 where there are none. */
typedef struct TnfrExtent
{
	double		dnfr_max;		/* of |Delta-NFR| */
	double		rate_max;		/* of |dEPI/dt| */
	double		vf_max;			/* of |f| */
	double		vf_min;
	double		epi_max;
	double		epi_min;
} TnfrExtent;

/* What Si divides by: the maxima of the network, or those the caller gives. */
typedef struct TnfrSiScale
{
	double		vf_max;
	double		dnfr_max;
} TnfrSiScale;

extern TnfrStatus tnfr_extent(TnfrEnv *env, const TnfrNodes *nodes,
							  TnfrForm form, const double *dnfr,
							  TnfrExtent *extent);

/*
 * si[i] of every node, in [0, 1] and never -0.0; it may be the array of the
 * dispersions.  TNFR_OUT_OF_RANGE names the first node for which a quotient by
 * a scale is more than a double holds.
 */
extern TnfrStatus tnfr_si(TnfrEnv *env, const TnfrNodes *nodes,
						  const double *dnfr, const double *dispersion,
						  const TnfrSiWeights *weights,
						  const TnfrSiScale *scale, double *si);

/* SPEC scales by 1 where there is nothing to scale by. */
static inline double
tnfr_one_if_zero(double x)
{
	return x != 0.0 ? x : 1.0;
}

/* Into [0, 1]; also turns -0.0 into +0.0. */
static inline double
tnfr_clamp01(double x)
{
	return x > 0.0 ? (x < 1.0 ? x : 1.0) : 0.0;
}

#endif							/* TNFR_SI_H */
