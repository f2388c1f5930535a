/*
 * first_fit.h
 *	  Packing communities into partitions: first fit, largest first.
 */
#ifndef TNFR_FIRST_FIT_H
#define TNFR_FIRST_FIT_H

#include "core/base.h"

/*
 * size[communities], each 1 .. cap.  bin[communities] becomes the partition of
 * each, and *bins how many there are.  The largest community comes first, the
 * smaller number of equal ones; each goes into the first partition that has
 * room for it, of which none gets more than cap.  O(communities log).
 */
extern TnfrStatus tnfr_first_fit(TnfrEnv *env, const uint32_t *size,
								 uint32_t communities, uint32_t cap,
								 uint32_t *bin, uint32_t *bins);

#endif							/* TNFR_FIRST_FIT_H */
