/*
 * network.c
 *		An R-MAT network in memory, the same that rmat loads into a table.
 */
#include <math.h>

#include "bench.h"
#include "rmat.h"

Network
bench_network(int scale, uint64_t seed)
{
	Rmat		g;
	Network		net;

	if (!rmat_init(&g, scale, seed))
	{
		fprintf(stderr, "kernel_bench: no R-MAT network of scale %d\n", scale);
		exit(1);
	}
	net.nodes = rmat_nodes(&g);
	net.arcs = rmat_arcs(&g);
	net.src = bench_alloc(net.arcs * sizeof(uint32_t));
	net.dst = bench_alloc(net.arcs * sizeof(uint32_t));
	net.weight = bench_alloc(net.arcs * sizeof(double));
	net.state = bench_alloc(net.nodes * sizeof(double) * STATE_WIDTH);
	for (uint64_t k = 0; k < net.arcs; k++)
		rmat_arc(&g, k, &net.src[k], &net.dst[k], &net.weight[k]);
	for (uint64_t i = 0; i < net.nodes; i++)
	{
		double	   *s = net.state + STATE_WIDTH * i;
		double		phase;

		rmat_node(&g, i, &s[0], &s[1], &phase);
		s[2] = sin(phase);
		s[3] = cos(phase);
	}
	free(g.relabel);
	return net;
}
