/*
 * choose.h
 *	  When a device computes, and what happens when it cannot.
 */
#ifndef TNFR_PG_GPU_CHOOSE_H
#define TNFR_PG_GPU_CHOOSE_H

#include "postgres.h"

#include "core/dnfr.h"
#include "pg/ingest.h"

/* May a graph of so many entries go to a device, as far as settings say? */
extern bool tnfr_gpu_considered(uint64 entries);

/*
 * The values of all nodes by a device.  With tnfr.backend = cuda it has to, or
 * it is error 58000.  With auto it does where that is planned to be faster;
 * else, and when it fails, TNFR_NOT_SUMMED: the processor has to compute.
 */
extern TnfrStatus tnfr_gpu_values(TnfrCall *call, const TnfrNetwork *network,
								  TnfrForm form, const TnfrFormWeights *weights,
								  const TnfrNodeValues *values);

/* What tells a graph's entries among the nodes with these ids from others. */
extern void tnfr_gpu_key(TnfrCall *call, const void *bytes, size_t size,
						 const int64 *id, uint64 ids, uint64 key[2]);

#endif							/* TNFR_PG_GPU_CHOOSE_H */
