/*
 * kernels.cuh
 *	  The functions of sums.h as kernels: a warp a piece of work.
 *
 * Rows are dealt out by number.  How many chunks and hubs there are only the
 * device knows, so a fixed number of warps goes through them.
 */
#ifndef TNFR_CUDA_KERNELS_H
#define TNFR_CUDA_KERNELS_H

#include "sums.h"

#define WARPS	8				/* a block */
#define THREADS (WARPS * TNFR_WARP)
#define BLOCKS	3				/* at a time: registers for eight states a lane,
								 * and none spilled */

/* In 32 bits, which rows, chunks and hubs have numbers of, too. */
static __device__ __forceinline__ uint32_t
this_warp()
{
	return blockIdx.x * WARPS + threadIdx.x / TNFR_WARP;
}

static __device__ __forceinline__ uint32_t
all_warps()
{
	return gridDim.x * WARPS;
}

static __global__ void
list_chunks(const TnfrDeviceRun run)
{
	const uint64_t row = (uint64_t) blockIdx.x * THREADS + threadIdx.x;

	if (row < run.n)
		tnfr_list_chunks(&run, row);
}

template<TnfrMode MODE, bool WEIGHTED>
static __global__ void
__launch_bounds__(THREADS, BLOCKS)
sum_short_rows(const TnfrDeviceRun run)
{
	__shared__ TnfrEntriesShared shared[WARPS];
	const uint64_t first = (uint64_t) this_warp() * TNFR_WARP;

	if (first < run.n)
		tnfr_short_rows(&run, first, threadIdx.x % TNFR_WARP,
						&shared[threadIdx.x / TNFR_WARP], MODE, WEIGHTED);
}

template<TnfrMode MODE, bool WEIGHTED>
static __global__ void
__launch_bounds__(THREADS, BLOCKS)
sum_chunks(const TnfrDeviceRun run)
{
	__shared__ TnfrEntriesShared shared[WARPS];
	const uint32_t chunks = run.counts->chunks;

	for (uint32_t k = this_warp(); k < chunks; k += all_warps())
		tnfr_long_chunk(&run, run.chunk[k], threadIdx.x % TNFR_WARP,
						&shared[threadIdx.x / TNFR_WARP], MODE, WEIGHTED);
}

template<TnfrMode MODE, bool WEIGHTED>
static __global__ void
__launch_bounds__(THREADS, BLOCKS)
sum_hubs(const TnfrDeviceRun run)
{
	const uint32_t hubs = run.counts->hubs;

	for (uint32_t k = this_warp(); k < hubs; k += all_warps())
		tnfr_hub_row(&run, run.hub[k], threadIdx.x % TNFR_WARP, MODE, WEIGHTED);
}

#endif							/* TNFR_CUDA_KERNELS_H */
