/*
 * networks.h
 *	  Large networks for the benchmark, built by the core, and its sums of them.
 */
#ifndef TNFR_GPU_NETWORKS_H
#define TNFR_GPU_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C"
{
#endif

typedef struct GpuNetwork
{
	uint64_t	n;
	uint64_t	entries;
	const uint64_t *offset;
	const uint32_t *neighbour;
	const double *weight;
	double	   *state;			/* [4 n] */
	double	   *sums;			/* [4 n] by the core */
	double		seconds;		/* which that took */
} GpuNetwork;

/* 2^scale nodes with so many directed edges each, R-MAT or uniform. */
extern GpuNetwork gpu_network(bool rmat, int scale, int degree, uint64_t seed);
extern void gpu_network_free(GpuNetwork *network);

#ifdef __cplusplus
}
#endif

#endif							/* TNFR_GPU_NETWORKS_H */
