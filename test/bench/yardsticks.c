/*
 * yardsticks.c
 *		What the memory of this machine can do, for comparison with the kernel.
 *
 * Two bounds.  The loops of STREAM (McCalpin) over arrays far larger than any
 * cache give the bandwidth of sequential access.  The kernel also fetches 32
 * bytes of node state from a place that the column index names, so a second
 * loop does just that: all columns and weights in order, a fetch and a
 * multiply-add for each, and no rows at all.  A kernel that adds up row by row
 * cannot be faster than that loop, and can be judged by how near it comes.
 */
#include "bench.h"

/* 512 MiB an array: sixteen times a 32 MiB last-level cache. */
#define STREAM_ITEMS	(UINT64_C(1) << 26)
#define STREAM_RUNS		5

/* How far ahead of its use a node's state is asked for. */
#define PREFETCH_AHEAD	32

typedef double Vector __attribute__((vector_size(32)));

/* Keeps the compiler from seeing that a sum is not used. */
static volatile double sink;

static double
stream_copy(double *a, const double *b, int threads)
{
	double		start = now();

#pragma omp parallel for num_threads(threads)
	for (uint64_t i = 0; i < STREAM_ITEMS; i++)
		a[i] = b[i];
	return 16.0 * STREAM_ITEMS / (now() - start);
}

static double
stream_triad(double *a, const double *b, const double *c, int threads)
{
	double		start = now();

#pragma omp parallel for num_threads(threads)
	for (uint64_t i = 0; i < STREAM_ITEMS; i++)
		a[i] = b[i] + 3.0 * c[i];
	return 24.0 * STREAM_ITEMS / (now() - start);
}

/* Reading alone, which is most of what the kernel does. */
static double
stream_read(const double *a, int threads)
{
	const Vector *v = (const Vector *) a;
	double		start = now();
	double		total = 0;

#pragma omp parallel num_threads(threads) reduction(+:total)
	{
		/* Four sums, so that additions do not wait for one another. */
		Vector		sum[4] = {{0}};

#pragma omp for schedule(static)
		for (uint64_t i = 0; i < STREAM_ITEMS / 16; i++)
			for (int k = 0; k < 4; k++)
				sum[k] += v[4 * i + k];
		sum[0] += sum[1] + sum[2] + sum[3];
		total += sum[0][0] + sum[0][1] + sum[0][2] + sum[0][3];
	}
	sink = total;
	return 8.0 * STREAM_ITEMS / (now() - start);
}

/* Best of several runs, as STREAM reports it, in GB/s of its own counting. */
void
bench_bandwidth(int threads)
{
	double	   *a = bench_alloc(8 * STREAM_ITEMS);
	double	   *b = bench_alloc(8 * STREAM_ITEMS);
	double	   *c = bench_alloc(8 * STREAM_ITEMS);
	double		best[3] = {0, 0, 0};
	char		name[64];
	static const char *const loop[] = {"copy", "triad", "read"};

	/* First touch by the thread that will use the page. */
#pragma omp parallel for num_threads(threads)
	for (uint64_t i = 0; i < STREAM_ITEMS; i++)
	{
		a[i] = 0;
		b[i] = 1;
		c[i] = 2;
	}
	for (int run = 0; run < STREAM_RUNS; run++)
	{
		double		rate[3] = {stream_copy(a, b, threads),
			stream_triad(a, b, c, threads), stream_read(a, threads)};

		for (int k = 0; k < 3; k++)
			if (rate[k] > best[k])
				best[k] = rate[k];
	}
	for (int k = 0; k < 3; k++)
	{
		printf("  stream %-6s %d thread%s %25.1f GB/s\n", loop[k], threads,
			   threads == 1 ? " " : "s", best[k] / 1e9);
		snprintf(name, sizeof name, "stream_%s_%d", loop[k], threads);
		bench_record(name, best[k]);
	}
	free(a);
	free(b);
	free(c);
}

/*
 * Median seconds of the loop that gathers without rows.  column has at least
 * PREFETCH_AHEAD readable entries behind the last.
 */
double
bench_gather(const Network *net, const uint32_t *column, const double *weight,
			 uint64_t entries, int threads, int repetitions)
{
	const Vector *state = (const Vector *) net->state;
	double	   *seconds = bench_alloc(sizeof(double) * (size_t) repetitions);
	double		result;

	for (int run = -1; run < repetitions; run++)
	{
		double		start = now();
		double		total = 0;

#pragma omp parallel num_threads(threads) reduction(+:total)
		{
			/* Two sums, so that additions do not wait for one another. */
			Vector		even = {0};
			Vector		odd = {0};

#pragma omp for schedule(static)
			for (uint64_t k = 0; k < entries / 2; k++)
			{
				__builtin_prefetch(&state[column[2 * k + PREFETCH_AHEAD]]);
				__builtin_prefetch(&state[column[2 * k + 1 + PREFETCH_AHEAD]]);
				even += weight[2 * k] * state[column[2 * k]];
				odd += weight[2 * k + 1] * state[column[2 * k + 1]];
			}
			even += odd;
			total += even[0] + even[1] + even[2] + even[3];
		}
		sink = total;
		if (run >= 0)
			seconds[run] = now() - start;
	}
	result = median(seconds, repetitions);
	free(seconds);
	return result;
}
