/*
 * networks.c
 *	  Large networks for the benchmark, built by the core, and its sums of them.
 */
#include "networks.h"
#include "../bench/rmat.h"

#include "core/graph.h"
#include "core/idmap.h"
#include "core/parallel.h"
#include "core/sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BATCH	1024

static void *
lend(void *arg, size_t size, bool gathered)
{
	void	   *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
						 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void) arg;
	if (p != MAP_FAILED && gathered)
		madvise(p, size, MADV_HUGEPAGE);
	return p == MAP_FAILED ? NULL : p;
}

static void *
lend_more(void *arg, void *p, size_t from, size_t to, bool gathered)
{
	(void) arg;
	(void) gathered;
	p = mremap(p, from, to, MREMAP_MAYMOVE);
	return p == MAP_FAILED ? NULL : p;
}

static void
take_back(void *arg, void *p, size_t size)
{
	(void) arg;
	munmap(p, size);
}

static bool
never(void *arg)
{
	(void) arg;
	return false;
}

static TnfrEnv env = {
	.alloc = lend,.resize = lend_more,.release = take_back,.poll = never,
	.serve = never
};
static TnfrGraph graph;			/* one network at a time */

static void
must(TnfrStatus status)
{
	if (status != TNFR_OK)
	{
		fprintf(stderr, "the core failed with status %d\n", (int) status);
		exit(1);
	}
}

static void
build(const Rmat *r, bool rmat, uint64_t degree)
{
	const uint64_t n = rmat_nodes(r);
	const uint64_t arcs = n * degree;
	TnfrEdges	edges;

	must(tnfr_edges_begin(&env, &edges, n, arcs, true, true));
	for (uint64_t k = 0; k < arcs; k += BATCH)
	{
		uint32_t	src[BATCH];
		uint32_t	dst[BATCH];
		double		weight[BATCH];
		const uint32_t count = arcs - k < BATCH ? (uint32_t) (arcs - k) : BATCH;

		for (uint32_t i = 0; i < count; i++)
		{
			rmat_arc(r, k + i, &src[i], &dst[i], &weight[i]);
			if (!rmat)
			{
				src[i] = (uint32_t) (rmat_draw(r, 4, k + i, 0) % n);
				dst[i] = (uint32_t) (rmat_draw(r, 4, k + i, 1) % n);
			}
		}
		must(tnfr_edges_add_mapped(&env, &edges, src, dst, weight, count));
	}
	must(tnfr_graph_build(&env, &edges, &graph));
}

static void
keep_sums(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	for (uint32_t i = 0; i < count; i++)
		memcpy((double *) arg + 4 * (first + i), &sums[i], 4 * sizeof(double));
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

GpuNetwork
gpu_network(bool rmat, int scale, int degree, uint64_t seed)
{
	GpuNetwork	w = {0};
	Rmat		r;

	env.threads = tnfr_parallel_threads((int) sysconf(_SC_NPROCESSORS_ONLN));
	if (!rmat_init(&r, scale, seed))
		exit(1);
	build(&r, rmat, (uint64_t) degree);
	w.n = graph.n;
	w.entries = graph.entries;
	w.offset = graph.offset;
	w.neighbour = graph.neighbour;
	w.weight = graph.weight;
	w.state = tnfr_alloc_gathered(&env, w.n, 4 * sizeof(double));
	w.sums = tnfr_alloc(&env, w.n, 4 * sizeof(double));
	for (uint64_t i = 0; i < 4 * w.n; i++)
		w.state[i] = 2.0 * rmat_unit(rmat_draw(&r, 2, i, 0)) - 1.0;
	for (int run = 0; run < 2; run++)	/* the first one warms up */
	{
		w.seconds = now();
		must(tnfr_sums(&env, &graph, (const TnfrNodeState *) w.state, NULL,
					   keep_sums, w.sums));
		w.seconds = now() - w.seconds;
	}
	free(r.relabel);
	return w;
}

void
gpu_network_free(GpuNetwork *network)
{
	tnfr_release(&env, network->state, network->n, 4 * sizeof(double));
	tnfr_release(&env, network->sums, network->n, 4 * sizeof(double));
	tnfr_graph_release(&env, &graph);
}
