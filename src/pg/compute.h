/*
 * compute.h
 *	  The values of all nodes of a network, by whatever computes them.
 */
#ifndef TNFR_PG_COMPUTE_H
#define TNFR_PG_COMPUTE_H

#include "postgres.h"

#include "core/dnfr.h"
#include "pg/ingest.h"

/*
 * tnfr_node_values by a device or by the processor, as tnfr.backend says; the
 * bits are the same.  Errors of a device with tnfr.backend = cuda, and values
 * that are out of range, are raised here.
 */
extern void tnfr_compute(TnfrCall *call, const TnfrNetwork *network,
						 TnfrForm form, const TnfrFormWeights *weights,
						 const TnfrNodeValues *values);

#endif							/* TNFR_PG_COMPUTE_H */
