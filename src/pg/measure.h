/*
 * measure.h
 *	  Measures the nodes of a network: what Si, metrics and pairs begin with.
 */
#ifndef TNFR_PG_MEASURE_H
#define TNFR_PG_MEASURE_H

#include "postgres.h"

#include "core/measures.h"
#include "fmgr.h"
#include "pg/srf.h"

typedef struct TnfrMeasureParams
{
	TnfrForm	form;
	TnfrFormWeights form_weights;
	TnfrSiWeights si_weights;
	double		vf_max;			/* what Si divides by; 0: the network's own */
	double		dnfr_max;
} TnfrMeasureParams;

/* Form and weights from the arguments; the scales stay the network's own. */
extern TnfrMeasureParams tnfr_measure_params(FunctionCallInfo fcinfo,
											 TnfrSource source);

/*
 * Computes Delta-NFR, Si and their extent, and of the other values those that
 * the caller has set a column for in measured->values.
 */
extern void tnfr_measure(TnfrCall *call, const TnfrNetwork *network,
						 const TnfrMeasureParams *params,
						 TnfrMeasured *measured);

#endif							/* TNFR_PG_MEASURE_H */
