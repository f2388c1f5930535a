/*
 * sums.h
 *	  Executes the kernel over all rows and hands the sums on.
 *
 * Rows are dealt out in blocks of about equal work; a row longer than
 * TNFR_HUB entries is cut at subtrees of the pairwise tree, so that several
 * threads share a hub and no task is long.
 */
#ifndef TNFR_SUMS_H
#define TNFR_SUMS_H

#include "core/graph.h"
#include "core/kernel.h"
#include "core/nodes.h"

#define TNFR_HUB	UINT64_C(65536) /* TNFR_LEAF * 2^13: a whole subtree */

/*
 * Takes the sums of rows first .. first + count.  Runs on any thread, for
 * different rows at the same time.
 */
typedef void (*TnfrSumsSink) (void *arg, uint64_t first, uint32_t count,
							  const TnfrSums *sums);

/*
 * state: NULL for the strengths alone.  strength: S of every row, or NULL
 * when T is not needed.
 */
extern TnfrStatus tnfr_sums(TnfrEnv *env, const TnfrGraph *graph,
							const TnfrNodeState *state, const double *strength,
							TnfrSumsSink sink, void *arg);

/* The kernel for this processor (kernel.c): sums of rows begin .. end. */
extern void tnfr_kernel_rows(const TnfrKernelInput *in, uint64_t begin,
							 uint64_t end, TnfrSums *out);

/* Likewise of entries begin .. begin + length, a whole subtree of a row. */
extern void tnfr_kernel_entries(const TnfrKernelInput *in, uint64_t begin,
								uint64_t length, TnfrSums *out);

#endif							/* TNFR_SUMS_H */
