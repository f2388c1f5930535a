/*
 * kdtree_bench.c
 *		The k-d tree without a server: its build, and the k nearest of every
 *		node, on one thread.
 *
 *	kdtree_bench POINTS NODES K REPETITIONS
 *
 * POINTS holds NODES pairs (vf, phase) of doubles.  Prints a line a
 * repetition: seconds to build, seconds to search, and the sum of all
 * distances to the k-th, by which an answer is compared.
 */
#define _GNU_SOURCE				/* mremap */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "core/kdtree.h"
#include "environment.h"

static TnfrNodes
read_points(const char *path, uint64_t n)
{
	TnfrNodes	nodes = {.n = n,.room = n};
	FILE	   *file = fopen(path, "rb");

	nodes.phase = bench_alloc(n * sizeof(double));
	nodes.state = bench_alloc(n * sizeof(TnfrNodeState));
	for (uint64_t i = 0; i < n; i++)
	{
		double		pair[2];

		if (file == NULL || fread(pair, sizeof(pair), 1, file) != 1)
		{
			fprintf(stderr, "kdtree_bench: %s is too short\n", path);
			exit(1);
		}
		nodes.state[i] = (TnfrNodeState)
		{
			.f = pair[0]
		};
		nodes.phase[i] = pair[1];
	}
	fclose(file);
	return nodes;
}

static void
run(const TnfrNodes *nodes, uint32_t k)
{
	size_t		used;
	TnfrEnv		env = bench_environment(&used);
	TnfrKdTree	tree;
	TnfrKdSearch search;
	double		start = now();
	double		built;
	double		sum = 0.0;

	MUST(tnfr_kdtree_build(&env, nodes, &tree));
	MUST(tnfr_kdsearch_init(&env, &search, k));
	built = now();
	for (uint64_t i = 0; i < nodes->n; i++)
	{
		tnfr_kdtree_nearest(&tree, nodes->state[i].f, nodes->phase[i], &search);
		tnfr_kdsearch_sort(&search);
		sum += sqrt(search.found[k - 1].distance);
	}
	printf("%.6f %.6f %.17g\n", built - start, now() - built, sum);
	tnfr_kdsearch_release(&env, &search);
	tnfr_kdtree_release(&env, &tree);
}

int
main(int argc, char **argv)
{
	TnfrNodes	nodes;

	if (argc != 5)
	{
		fprintf(stderr, "usage: kdtree_bench POINTS NODES K REPETITIONS\n");
		return 1;
	}
	nodes = read_points(argv[1], strtoull(argv[2], NULL, 10));
	for (int i = atoi(argv[4]); i > 0; i--)
		run(&nodes, (uint32_t) atoi(argv[3]));
	return 0;
}
