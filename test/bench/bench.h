/*
 * bench.h
 *		What the programs without a server share: the network as they
 *		see it, a clock, medians, and the file of numbers for the report.
 */
#ifndef TNFR_BENCH_H
#define TNFR_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Columns of the dense operand, and of the sums: e, f, sin, cos. */
#define STATE_WIDTH 4

/* One network, as a list of arcs and a row-major n x 4 table of node state. */
typedef struct
{
	uint64_t	nodes;
	uint64_t	arcs;
	uint32_t   *src;
	uint32_t   *dst;
	double	   *weight;
	double	   *state;			/* [nodes * STATE_WIDTH], 32-byte aligned */
} Network;

static inline double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static inline int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static inline double
median(double *values, int count)
{
	qsort(values, (size_t) count, sizeof(double), compare_doubles);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Memory or the end of the program: a benchmark has nothing to save. */
static inline void *
bench_alloc(uint64_t bytes)
{
	/* aligned_alloc wants a multiple of the alignment. */
	void	   *p = aligned_alloc(64, (bytes + 63) / 64 * 64);

	if (p == NULL)
	{
		fprintf(stderr, "no memory for %llu bytes\n",
				(unsigned long long) bytes);
		exit(1);
	}
	return p;
}

/* One number for the report, by name. */
extern void bench_record(const char *name, double value);

/* network.c: the R-MAT network of a seed. */
extern Network bench_network(int scale, uint64_t seed);

/* yardsticks.c: what the memory of this machine can do. */
extern void bench_bandwidth(int threads);
extern double bench_gather(const Network *net, const uint32_t *column,
						   const double *weight, uint64_t entries,
						   int threads, int repetitions);

/* graphblas.c: the same sums by SuiteSparse:GraphBLAS. */
extern void bench_graphblas(const Network *net, const Network *small,
							int repetitions, double *sums);

#endif							/* TNFR_BENCH_H */
